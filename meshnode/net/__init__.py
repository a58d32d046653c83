"""Sockets: how nodes find each other, meet, and stay connected. What is said over a connection is decided elsewhere.

Decisions (whom to dial, whom to let in, which of two connections stays) are plain state machines without a socket or a
clock; the parts that touch the network are small and hand their bytes to `meshnode.app.peers.conversation`.
"""
