"""Pre-shared keys of the handshake: what they are made of, the tags that select them, and the first messages seen.

A psk is what a stranger lacks: without one, a responder's first byte cannot be had.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice
from typing import TYPE_CHECKING, Generic, TypeVar

from protocol.errors import LocalError
from protocol.limits import PSK_CANDIDATES_MAX, SEEN_EPHEMERALS_MAX, SEEN_EPHEMERALS_PER_PSK_MAX
from protocol.wire.noise import KEY_BYTES, diffie_hellman, public_key

if TYPE_CHECKING:
    from collections.abc import Iterable

HINT_BYTES = 16

_TAG_DOMAIN = b"meshnode handshake tag v1\0"
_PRESENCE_DOMAIN = b"meshnode presence psk v1\0"
_CARD_DOMAIN = b"meshnode card psk v1\0"
_DEVICE_DOMAIN = b"meshnode device psk v1\0"
_CONTACT_DOMAIN = b"meshnode contact psk v1\0"

Name = TypeVar("Name")


@dataclass(frozen=True, slots=True)
class Psk:
    """A pre-shared key of the handshake (32 bytes) and the key of the tags that select it (32 bytes)."""

    key: bytes = field(repr=False)
    hint_key: bytes = field(repr=False)

    def tag(self, ephemeral_public: bytes) -> bytes:
        """What goes ahead of a first message made with this psk and ephemeral key: 16 bytes, random to all others."""
        return blake2b(_TAG_DOMAIN + ephemeral_public, key=self.hint_key, digest_size=HINT_BYTES).digest()


def presence_psk(presence_key: bytes) -> Psk:
    """For dialing somebody whose presence key (32 bytes) is known: anyone in his web."""
    return _psk(presence_key, _PRESENCE_DOMAIN)


def card_psk(card_secret: bytes) -> Psk:
    """For the first meeting with the giver of a card (secret of 32 bytes)."""
    return _psk(card_secret, _CARD_DOMAIN)


def device_psk(code_secret: bytes) -> Psk:
    """For a machine that is to become a device of the person who shows a device code (secret of 32 bytes)."""
    return _psk(code_secret, _DEVICE_DOMAIN)


def contact_psk(static_private: bytes, remote_static: bytes) -> Psk:
    """For two devices of people who vouch for each other directly: nobody else can work it out, and it never rotates.

    Both sides get the same from their own X25519 private key and the other's public key, whoever dials.
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
    """A psk that a responder accepts; `name` is the caller's, and says whom or what it stands for."""

    name: Name
    psk: Psk


def select_psk(
    tag: bytes, ephemeral_public: bytes, candidates: Iterable[PskCandidate[Name]]
) -> PskCandidate[Name] | None:
    """The candidate that a tag was made with. All (up to 4,096) are tried in any case, so that time tells nothing."""
    chosen: PskCandidate[Name] | None = None
    for candidate in islice(candidates, PSK_CANDIDATES_MAX):
        if hmac.compare_digest(candidate.psk.tag(ephemeral_public), tag):
            chosen = chosen or candidate
    return chosen


class SeenEphemerals:
    """First messages that a node has answered, so that a recording played back gets zero bytes.

    One object serves all responders of a node. Only messages that held are remembered, so only holders of a psk can
    fill it; each psk has its share, and where memory runs out the largest share forgets its oldest.
    """

    def __init__(self) -> None:
        self._tags: dict[bytes, dict[bytes, None]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def first_time(self, psk: Psk, tag: bytes) -> bool:
        """Remember a first message by its tag, which covers its ephemeral key. False: it was answered before."""
        tags = self._tags.setdefault(psk.hint_key, {})
        if tag in tags:
            return False
        tags[tag] = None
        self._count += 1
        if len(tags) > SEEN_EPHEMERALS_PER_PSK_MAX:
            self._drop_oldest(tags)
        elif self._count > SEEN_EPHEMERALS_MAX:
            self._drop_oldest(max(self._tags.values(), key=len))
        return True

    def forget(self, psk: Psk) -> None:
        """The psk is accepted no more, so its first messages need not be remembered."""
        self._count -= len(self._tags.pop(psk.hint_key, {}))

    def _drop_oldest(self, tags: dict[bytes, None]) -> None:
        del tags[next(iter(tags))]
        self._count -= 1
