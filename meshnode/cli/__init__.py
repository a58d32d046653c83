"""The `meshnode` command: a thin client of the daemon's local API, one file for each group of commands.

A call must start quickly, so it imports little: sockets, JSON and the texts, and click unless it is a plain `daily` one.
Heavier libraries (tables, QR codes, the node itself) are imported only by the commands that need them, when they need them.
"""
