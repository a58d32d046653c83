"""The `meshnode` command: a thin client of the daemon's local API, one file per group of commands.

A call is over in a blink only if it imports little: click, sockets and JSON. Whatever weighs more (drawing tables,
QR codes, the node itself) is imported by the one command that needs it, when it needs it.
"""
