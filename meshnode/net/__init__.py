"""The network side of a node: finds other nodes, connects with them, and keeps the connections open.

Decisions (whom to dial, whom to admit, which of two connections stays) are state machines without a socket or a clock.
The parts that touch the network are small and pass their bytes to `meshnode.app.peers.conversation`.
"""
