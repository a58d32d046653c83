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

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from nacl import bindings

from protocol import Record
from protocol.records import bodies
from protocol.wire import noise

REMEMBERED_MAX = 200_000  # results of one function: a world of a thousand people has some 30,000 records

Function = Callable[..., Any]


@contextmanager
def cheaper() -> Iterator[None]:
    """Simulate cheaply inside the block."""
    with ExitStack() as stack:
        stack.enter_context(patch.object(Record, "parse", _once(Record.parse)))
        stack.enter_context(patch.object(bodies, "parse_body", _once(bodies.parse_body)))
        stack.enter_context(patch.object(noise, "X25519PrivateKey", SimulatedPrivateKey))
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


class SimulatedPrivateKey:
    """Has a true X25519 public key, and agrees with others on a secret that only looks like one."""

    def __init__(self, public: bytes) -> None:
        self._public = public

    @classmethod
    def from_private_bytes(cls, private: bytes) -> SimulatedPrivateKey:
        """Return the key made of these 32 bytes."""
        return cls(_public_bytes(private))

    def public_key(self) -> SimulatedPrivateKey:
        """Return what has the bytes of the public key."""
        return self

    def public_bytes_raw(self) -> bytes:
        """Return the 32 bytes of the public key."""
        return self._public

    def exchange(self, public: X25519PublicKey) -> bytes:
        """Return the secret (32 bytes) that both ends compute."""
        return blake2b(b"".join(sorted((self._public, public.public_bytes_raw()))), digest_size=32).digest()


@lru_cache(REMEMBERED_MAX)
def _public_bytes(private: bytes) -> bytes:
    return bindings.crypto_scalarmult_base(private)
