"""Builds a node from its parts: creates it, joins it to a person, and runs it as a daemon."""

from __future__ import annotations

from meshnode.node.apart import answer_apart
from meshnode.node.creation import create_node, identity_seed, recover_node
from meshnode.node.daemon import Ready, run
from meshnode.node.joining import ask_for_code, join
from meshnode.node.opening import is_locked

__all__ = [
    "Ready",
    "answer_apart",
    "ask_for_code",
    "create_node",
    "identity_seed",
    "is_locked",
    "join",
    "recover_node",
    "run",
]
