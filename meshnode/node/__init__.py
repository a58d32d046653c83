"""Builds a node from its parts: creates it, joins it to a person, and runs it as a daemon."""

from __future__ import annotations

from meshnode.node.apart import answer_apart
from meshnode.node.creation import create_node, identity_seed, recover_node
from meshnode.node.daemon import Ready, run
from meshnode.node.joining import ask_for_code, join
from meshnode.node.opening import Needs, needs_passphrase
from meshnode.node.rekeying import change_passphrase, check_passphrase
from meshnode.node.restoring import Decision, Restored, look_into_backup, restore

__all__ = [
    "Decision",
    "Needs",
    "Ready",
    "Restored",
    "answer_apart",
    "ask_for_code",
    "change_passphrase",
    "check_passphrase",
    "create_node",
    "identity_seed",
    "join",
    "look_into_backup",
    "needs_passphrase",
    "recover_node",
    "restore",
    "run",
]
