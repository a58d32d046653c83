"""Makes and recognizes announcements on the local network, from which strangers learn nothing.

An announcement is a DNS-SD service (RFC 6763) under random names. Its TXT record holds a nonce, the addresses it is made
for, and tags: one keyed hash for the presence key, one for each live card, the rest random; always equally many. A holder
of one of the keys can tell whose announcement it is, and that its owner has named these addresses and this port.
Spec: protocol/README.md, "Presence on the LAN".
"""

from __future__ import annotations

import base64
from hashlib import blake2b
from itertools import islice
from typing import TYPE_CHECKING, Generic, TypeVar

from msgspec import Struct

from protocol.errors import Code, LocalError, RemoteError
from protocol.limits import ANNOUNCED_ADDRESSES_MAX, ANNOUNCED_TAGS, RECOGNITION_CANDIDATES_MAX

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SERVICE_TYPE = "_meshnode._tcp.local."
NONCE_BYTES = 16
NAMES_BYTES = 16
PADDING_SEED_BYTES = 32
TAG_BYTES = 12
KEY_BYTES = 32

_VERSION = b"1"
_TAG_DOMAIN = b"meshnode presence tag v1\0"
_PADDING_DOMAIN = b"meshnode presence padding v1\0"
_PORT_MAX = 65_535
_IPV4_BYTES = 4
_IPV6_BYTES = 16
_IPV4_MAPPED = bytes(10) + b"\xff\xff"  # RFC 4291, section 2.5.5.2

Name = TypeVar("Name")


class ServiceNames(Struct, frozen=True):
    """The random names of one announcement: a DNS-SD instance and the host that it points to, both absolute."""

    instance: str
    host: str


def service_names(random: bytes) -> ServiceNames:
    """Return names made from 16 fresh random bytes. Every nonce needs new names."""
    if len(random) != NAMES_BYTES:
        raise LocalError(f"names are made from {NAMES_BYTES} random bytes")
    instance, host = (base64.b32encode(half).decode().rstrip("=").lower() for half in (random[:8], random[8:]))
    return ServiceNames(f"{instance}.{SERVICE_TYPE}", f"{host}.local.")


class Announcement(Struct, frozen=True):
    """One announcement. `addresses` are packed (4 or 16 bytes, network order), in the order of `canonical_addresses`.

    The SRV record has the port, so it is not among the TXT fields.
    """

    nonce: bytes
    addresses: tuple[bytes, ...]
    tags: frozenset[bytes]

    def txt(self) -> dict[bytes, bytes]:
        """Return the TXT record (RFC 6763, section 6); every string stays within its 255 bytes."""
        fields = {b"v": _VERSION, b"n": self.nonce, b"t": b"".join(sorted(self.tags))}
        for key, size in ((b"4", _IPV4_BYTES), (b"6", _IPV6_BYTES)):
            if packed := b"".join(address for address in self.addresses if len(address) == size):
                fields[key] = packed
        return fields

    @classmethod
    def from_txt(cls, fields: Mapping[bytes, bytes | None]) -> Announcement:
        """Return the announcement in a TXT record; unknown keys are passed over. RemoteError MALFORMED, OVERSIZED, VERSION."""
        if fields.get(b"v") != _VERSION:
            raise RemoteError(Code.VERSION, "an announcement of another version")
        nonce = fields.get(b"n") or b""
        if len(nonce) != NONCE_BYTES:
            raise RemoteError(Code.MALFORMED, f"an announcement's nonce of {len(nonce)} bytes")
        tags = _cut(fields.get(b"t") or b"", TAG_BYTES, ANNOUNCED_TAGS)
        addresses = _cut(fields.get(b"4") or b"", _IPV4_BYTES, ANNOUNCED_ADDRESSES_MAX)
        addresses += _cut(fields.get(b"6") or b"", _IPV6_BYTES, ANNOUNCED_ADDRESSES_MAX)
        if not tags or not addresses:
            raise RemoteError(Code.MALFORMED, "an announcement without tags or addresses")
        return cls(nonce, canonical_addresses(addresses), frozenset(tags))


class Sighting(Struct, Generic[Name], frozen=True):
    """A recognized announcement: the name of its key, and those of the addresses asked about that its tag is made for."""

    name: Name
    addresses: tuple[bytes, ...]


def announce(
    *,
    presence_key: bytes,
    card_secrets: Iterable[bytes],
    addresses: Iterable[bytes],
    port: int,
    nonce: bytes,
    padding_seed: bytes,
) -> Announcement:
    """Return an announcement of these packed addresses, preferred ones first; beyond eight of a family they are left out.

    `nonce` (16 bytes) and `padding_seed` (32 bytes) are fresh random bytes. The address records must leave out the same
    addresses. LocalError for no address, no valid port, or more cards than there are tags.
    """
    if len(nonce) != NONCE_BYTES or len(padding_seed) != PADDING_SEED_BYTES:
        raise LocalError(f"an announcement takes {NONCE_BYTES} and {PADDING_SEED_BYTES} random bytes")
    kept = _preferred(addresses)
    if not kept or not 0 < port <= _PORT_MAX:
        raise LocalError("an announcement needs an address and a port")
    claim = _claim(nonce, kept, port)
    tags = {_tag(key, claim) for key in (presence_key, *card_secrets)}
    if len(tags) > ANNOUNCED_TAGS:
        raise LocalError(f"an announcement has room for {ANNOUNCED_TAGS - 1} cards")
    for index in range(ANNOUNCED_TAGS - len(tags)):
        padding = blake2b(_PADDING_DOMAIN + nonce + bytes([index]), key=padding_seed, digest_size=TAG_BYTES)
        tags.add(padding.digest())
    return Announcement(nonce, kept, frozenset(tags))


def recognize(
    announcement: Announcement, addresses: Iterable[bytes], port: int, candidates: Iterable[tuple[Name, bytes]]
) -> Sighting[Name] | None:
    """Return whose announcement it is, if one of the candidates' keys (32 bytes: presence keys, card secrets) made a tag.

    The service was found at `addresses` (packed) and `port`. Only addresses that the tag is made for are returned, in the
    order given, and only they may be dialed: an announcement replayed from elsewhere has none. At most 4,096 candidates
    are tried, so direct contacts come first.
    """
    spoken_for = set(announcement.addresses)
    found = tuple(dict.fromkeys(a for a in map(_unmapped, addresses) if a in spoken_for))
    if not found or not 0 < port <= _PORT_MAX:
        return None
    claim = _claim(announcement.nonce, announcement.addresses, port)
    for name, key in islice(candidates, RECOGNITION_CANDIDATES_MAX):
        if _tag(key, claim) in announcement.tags:
            return Sighting(name, found)
    return None


def canonical_addresses(addresses: Iterable[bytes]) -> tuple[bytes, ...]:
    """Return each packed address once, IPv4 ahead of IPv6, each family in byte order. IPv4-mapped IPv6 counts as IPv4."""
    return tuple(sorted({_unmapped(address) for address in addresses}, key=lambda address: (len(address), address)))


def _preferred(addresses: Iterable[bytes]) -> tuple[bytes, ...]:
    unique = dict.fromkeys(map(_unmapped, addresses))
    kept: list[bytes] = []
    for size in (_IPV4_BYTES, _IPV6_BYTES):
        kept += [address for address in unique if len(address) == size][:ANNOUNCED_ADDRESSES_MAX]
    return canonical_addresses(kept)


def _unmapped(address: bytes) -> bytes:
    return address[len(_IPV4_MAPPED) :] if len(address) == _IPV6_BYTES and address.startswith(_IPV4_MAPPED) else address


def _claim(nonce: bytes, addresses: tuple[bytes, ...], port: int) -> bytes:
    """Return the bytes that every tag of an announcement is a keyed hash of."""
    packed = b"".join(bytes([len(address)]) + address for address in addresses)
    return _TAG_DOMAIN + nonce + port.to_bytes(2, "big") + bytes([len(addresses)]) + packed


def _tag(key: bytes, claim: bytes) -> bytes:
    if len(key) != KEY_BYTES:
        raise LocalError(f"tags are made with keys of {KEY_BYTES} bytes")
    return blake2b(claim, key=key, digest_size=TAG_BYTES).digest()


def _cut(packed: bytes, size: int, most: int) -> list[bytes]:
    if len(packed) > size * most:
        raise RemoteError(Code.OVERSIZED, f"an announcement field of {len(packed)} bytes")
    if len(packed) % size:
        raise RemoteError(Code.MALFORMED, f"an announcement field of {len(packed)} bytes")
    return [packed[at : at + size] for at in range(0, len(packed), size)]
