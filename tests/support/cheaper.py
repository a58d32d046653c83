"""Makes what costs most in a simulation cheaper, for all its nodes at once: key agreement and parsing.

Nodes of one process parse the same bytes again and again; here each is parsed once. The secret that two keys agree on is a
hash of both public keys: equal at both ends, and safe from nobody, since nobody in a simulation breaks ciphers. None of
this changes which messages travel. Signatures are verified once for all nodes too, see verdicts.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from hashlib import blake2b
from typing import Any
from unittest.mock import patch

from nacl import bindings

from protocol import Record
from protocol.records import bodies

REMEMBERED_MAX = 200_000  # results of one function: a world of a thousand people has some 30,000 records

Function = Callable[..., Any]


@contextmanager
def cheaper() -> Iterator[None]:
    """Simulate cheaply inside the block."""
    with ExitStack() as stack:
        stack.enter_context(patch.object(Record, "parse", _once(Record.parse)))
        stack.enter_context(patch.object(bodies, "parse_body", _once(bodies.parse_body)))
        stack.enter_context(patch.object(bindings, "crypto_scalarmult_base", _true_public))
        stack.enter_context(patch.object(bindings, "crypto_scalarmult", _agreed))
        yield


def _once(function: Function) -> Function:
    """Return a function that gives what `function` has given for the same arguments. Results must not be changed."""
    known: dict[Any, Any] = {}

    def remembered(*arguments: Any) -> Any:
        found = known.get(arguments)
        if found is None:
            if len(known) >= REMEMBERED_MAX:
                known.clear()
            found = known[arguments] = function(*arguments)
        return found

    return remembered


_true_public = lru_cache(REMEMBERED_MAX)(bindings.crypto_scalarmult_base)


def _agreed(private: bytes, public: bytes) -> bytes:
    """Return the secret (32 bytes) that both ends compute."""
    return blake2b(b"".join(sorted((_true_public(private), public))), digest_size=32).digest()
