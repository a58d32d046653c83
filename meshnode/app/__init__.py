"""What a node does with what it holds: use-cases, all of them synchronous, none of them knowing the network.

Everything here runs on the node's one desk (a single thread), so nothing needs a lock: a function that writes is one
transaction, and whoever must know of it hears of it through `replica.changes`.
"""
