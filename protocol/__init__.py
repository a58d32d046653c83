"""What nodes say to each other and how they decide: pure functions and state machines.

This facade is the only import path for everybody outside the package. Nothing below it reads a clock, draws a random
number, opens a file or a socket: time and random bytes are passed in.
"""

from __future__ import annotations

from protocol.errors import Code, LocalError, ProtocolError, RemoteError

__all__ = [
    "Code",
    "LocalError",
    "ProtocolError",
    "RemoteError",
]
