"""Pre-shared keys (psks) of the handshake, the hints that select them, and the hints that were answered before.

A stranger has no psk, and without one gets no byte from a responder. Spec: protocol/README.md, "Handshake".
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice
from typing import TYPE_CHECKING, Generic, TypeVar

from protocol.errors import LocalError
from protocol.keys import public_key
from protocol.limits import PSK_CANDIDATES_MAX, SEEN_EPHEMERALS_MAX, SEEN_EPHEMERALS_PER_PSK_MAX
from protocol.wire.noise import KEY_BYTES, diffie_hellman

if TYPE_CHECKING:
    from collections.abc import Iterable

HINT_BYTES = 16

_HINT_DOMAIN = b"meshnode handshake tag v1\0"
_PRESENCE_DOMAIN = b"meshnode presence psk v1\0"
_CARD_DOMAIN = b"meshnode card psk v1\0"
_DEVICE_DOMAIN = b"meshnode device psk v1\0"
_MEETING_DOMAIN = b"meshnode meeting psk v1\0"
_CONTACT_DOMAIN = b"meshnode contact psk v1\0"

Name = TypeVar("Name")


@dataclass(frozen=True, slots=True)
class Psk:
    """A pre-shared key of the handshake (32 bytes), and the key of its identity hints (32 bytes)."""

    key: bytes = field(repr=False)
    hint_key: bytes = field(repr=False)

    def identity_hint(self, ephemeral_public: bytes) -> bytes:
        """Return the 16 bytes that precede a first message with this ephemeral key: random to all who lack the psk."""
        return blake2b(_HINT_DOMAIN + ephemeral_public, key=self.hint_key, digest_size=HINT_BYTES).digest()


def presence_psk(presence_key: bytes) -> Psk:
    """Return the psk for dialing a person whose presence key (32 bytes) is known: all of that person's web know it."""
    return _psk(presence_key, _PRESENCE_DOMAIN)


def card_psk(card_secret: bytes) -> Psk:
    """Return the psk for the first meeting with the giver of a card (secret of 32 bytes)."""
    return _psk(card_secret, _CARD_DOMAIN)


def device_psk(code_secret: bytes) -> Psk:
    """Return the psk for a machine that becomes a device of the person who shows a device code (secret of 32 bytes)."""
    return _psk(code_secret, _DEVICE_DOMAIN)


def meeting_psk(meeting_secret: bytes) -> Psk:
    """Return the psk of a channel that everybody can open who knows the number of a word code (32 bytes made from it)."""
    return _psk(meeting_secret, _MEETING_DOMAIN)


def contact_psk(static_private: bytes, remote_static: bytes) -> Psk:
    """Return the psk of two devices whose people vouch for each other: nobody else can compute it, and it never changes.

    Both sides get the same from their own X25519 private key and the other's public key, in either direction.
    RemoteError MALFORMED for a low-order public key.
    """
    shared = diffie_hellman(static_private, remote_static)
    return _psk(shared, _CONTACT_DOMAIN + b"".join(sorted((public_key(static_private), remote_static))))


def _psk(secret: bytes, domain: bytes) -> Psk:
    if len(secret) != KEY_BYTES:
        raise LocalError(f"a psk is made from {KEY_BYTES} secret bytes")
    derived = blake2b(domain, key=secret, digest_size=2 * KEY_BYTES).digest()
    return Psk(derived[:KEY_BYTES], derived[KEY_BYTES:])


@dataclass(frozen=True, slots=True)
class PskCandidate(Generic[Name]):
    """A psk that a responder accepts; `name` is the caller's name for it.

    `static_private` (32 bytes) is the X25519 key to answer with, where it is not that of the device.
    """

    name: Name
    psk: Psk
    static_private: bytes | None = field(default=None, repr=False)


def select_psk(
    hint: bytes, ephemeral_public: bytes, candidates: Iterable[PskCandidate[Name]]
) -> PskCandidate[Name] | None:
    """Return the candidate that a hint was made with, if any. All (up to 4,096) are tried, so that time tells nothing."""
    chosen: PskCandidate[Name] | None = None
    for candidate in islice(candidates, PSK_CANDIDATES_MAX):
        if hmac.compare_digest(candidate.psk.identity_hint(ephemeral_public), hint):
            chosen = chosen or candidate
    return chosen


class SeenEphemerals:
    """The hints of first messages that a node has answered, so that a recording played back gets zero bytes.

    One object serves all responders of a node. Only hints of messages whose MAC held are remembered, so only holders of a
    psk can fill it. Each psk has a share of its own, and where room runs out the largest share loses its oldest.
    """

    def __init__(self) -> None:
        self._hints: dict[bytes, dict[bytes, None]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def first_time(self, psk: Psk, hint: bytes) -> bool:
        """Remember a hint, and return whether it is new; if not, its first message was answered before."""
        hints = self._hints.setdefault(psk.hint_key, {})
        if hint in hints:
            return False
        hints[hint] = None
        self._count += 1
        if len(hints) > SEEN_EPHEMERALS_PER_PSK_MAX:
            self._drop_oldest(hints)
        elif self._count > SEEN_EPHEMERALS_MAX:
            self._drop_oldest(max(self._hints.values(), key=len))
        return True

    def forget(self, psk: Psk) -> None:
        """Forget the hints of a psk that is no longer accepted."""
        self._count -= len(self._hints.pop(psk.hint_key, {}))

    def _drop_oldest(self, hints: dict[bytes, None]) -> None:
        del hints[next(iter(hints))]
        self._count -= 1
