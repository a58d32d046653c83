"""The use-cases of a node. All of them are synchronous, and none of them knows the network.

Everything here runs on the store thread, one call at a time, so nothing needs a lock. A function that writes is one
transaction, and `replica.changes` tells everybody who subscribed what it changed. Which package may import which is a
table in `tests/house/test_imports.py`.
"""
