"""Records: signed versions of registers that one person writes and everybody replicates (protocol/README.md, "Records").

A record is a signed header and a body; the header without the body (a tombstone) already proves that older versions are
superseded. This file has the form of a record and the rules of its header; protocol/records/bodies.py reads the body.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from hashlib import blake2b
from typing import NamedTuple, TypeAlias

from protocol.codec import decode, decode_array, encode
from protocol.errors import Code, LocalError, RemoteError
from protocol.keys import KEY_BYTES, SIGNATURE_BYTES, DeviceId, PersonId, device_slot, verify
from protocol.limits import (
    DEVICE_LIFE,
    FOREVER,
    HEADER_MAX_BYTES,
    INT_MAX,
    JOIN_LIFE,
    LETTER_LIFE,
    LISTING_LIFE,
    POLICY_LIFE,
    POLICY_MAX_BYTES,
    PROFILE_LIFE,
    RECORD_MAX_BYTES,
    SLOT_BYTES,
    TIME_MAX,
    VERSION_MAX,
)
from protocol.numbers import UnixTime, Version

RecordId: TypeAlias = bytes
"""BLAKE2b-256 of a record's header under its domain, 32 bytes."""
Register: TypeAlias = tuple[PersonId, int, bytes]
"""(author, kind, slot): the versions that share them are versions of one register, of which the newest counts."""

REVOCATION_VERSION = Version(INT_MAX)
"""The version of a revocation, the highest that there is: no later version can undo it."""
NO_POLICY = Version(0)
"""The policy version of a record made before its device had a policy, and of device and policy records."""
PROFILE_SLOT = bytes(SLOT_BYTES)

_HASH_BYTES = 32
_NUMBER_MAX = 255  # of a kind or an audience, those of newer versions included
_ID_DOMAIN = b"meshnode record id v1\0"
_SIGNATURE_DOMAIN = b"meshnode record signature v1\0"


class Kind(IntEnum):
    """The kind of a record; the number is on the wire."""

    DEVICE = 1
    POLICY = 2
    PROFILE = 3
    JOIN = 4
    LISTING = 5
    LETTER = 6


_LAST_KIND = max(Kind)


class Audience(IntEnum):
    """The audience of a listing; the number is on the wire. FOLLOWS: the one that its author's preference names."""

    FOLLOWS = 0
    MY_CELL = 1
    MY_COMMUNITY = 2
    TRUSTED_NETWORK = 3
    ANYONE_LOCAL = 4
    NETWORK_WIDE = 5

    @property
    def word(self) -> str:
        """The word that people read and write, such as `my_cell`."""
        return self.name.lower()

    @classmethod
    def from_word(cls, word: str) -> Audience:
        """Return the audience of that word. ValueError, which names all five words, for any other (also for `follows`)."""
        for audience in cls:
            if audience.word == word and audience is not cls.FOLLOWS:
                return audience
        raise ValueError(f"an audience is one of {', '.join(a.word for a in cls if a is not cls.FOLLOWS)}")


class Header(NamedTuple):
    """The signed part of a record, in the order of the wire. Times are UNIX seconds."""

    kind: int
    author: PersonId
    device: DeviceId
    slot: bytes
    version: Version
    audience: int
    policy_version: Version
    created: UnixTime
    expires: UnixTime
    min_valid_version: Version
    latest_expiry: UnixTime
    body_hash: bytes


class NewerHeader(Header):
    """A header with further fields, which a newer version of the protocol defines; they are not read."""

    __slots__ = ()


class _Rule(NamedTuple):
    """The rules of one kind of record: its longest life in seconds, the cap of its bytes, and its slot."""

    life: int
    max_bytes: int
    slot: Callable[[Header], bytes | None]  # returns the only slot allowed; None: any


_RULES: dict[int, _Rule] = {
    Kind.DEVICE: _Rule(DEVICE_LIFE, RECORD_MAX_BYTES, lambda header: device_slot(header.device)),
    Kind.POLICY: _Rule(POLICY_LIFE, POLICY_MAX_BYTES, lambda header: device_slot(header.device)),
    Kind.PROFILE: _Rule(PROFILE_LIFE, RECORD_MAX_BYTES, lambda _header: PROFILE_SLOT),
    # A join's slot is the beginning of its group's id, which only the body tells: `body_of` checks it.
    Kind.JOIN: _Rule(JOIN_LIFE, RECORD_MAX_BYTES, lambda _header: None),
    Kind.LISTING: _Rule(LISTING_LIFE, RECORD_MAX_BYTES, lambda _header: None),
    # A letter's slot is random, and repeated inside the sealed content.
    Kind.LETTER: _Rule(LETTER_LIFE, RECORD_MAX_BYTES, lambda _header: None),
}


def longest_life(kind: int) -> int:
    """Return how long a record of this kind may live, in seconds; for unknown kinds the longest life of any kind."""
    rule = _RULES.get(kind)
    return DEVICE_LIFE if rule is None else rule.life


def body_hash(body: bytes) -> bytes:
    """Return the BLAKE2b-256 of a body's bytes."""
    return blake2b(body, digest_size=_HASH_BYTES).digest()


WITHDRAWN_HASH = body_hash(b"")
"""The body hash in the header of a withdrawn record."""


@dataclass(frozen=True, slots=True)
class Record:
    """A header with its signature, with or without its body.

    Only the form is checked here; `check_header`, `verify_signature` and `body_of` judge the rest.

    Two records are equal when they have the same id and the same body: the signature is not part of what a record is.
    """

    header: Header = field(compare=False)
    header_bytes: bytes = field(compare=False, repr=False)
    signature: bytes = field(compare=False, repr=False)
    body: bytes | None = field(repr=False)
    """None: a tombstone, the header only. b"": the author has withdrawn the record."""
    id: RecordId = field(init=False)

    def __post_init__(self) -> None:
        identity = blake2b(_ID_DOMAIN + self.header_bytes, digest_size=_HASH_BYTES).digest()
        object.__setattr__(self, "id", identity)

    @classmethod
    def parse(cls, wire: bytes) -> Record:
        """Return the record in `wire`. RemoteError MALFORMED, OVERSIZED, or FORGED if the body has another hash."""
        header_bytes, signature, body = decode_array(wire, length=3, max_bytes=POLICY_MAX_BYTES)
        if not isinstance(header_bytes, bytes) or not isinstance(signature, bytes):
            raise RemoteError(Code.MALFORMED, "a record's header or signature is not bytes")
        if len(signature) != SIGNATURE_BYTES:
            raise RemoteError(Code.MALFORMED, "a signature is 64 bytes")
        header = parse_header(header_bytes)
        if len(wire) > RECORD_MAX_BYTES and header.kind != Kind.POLICY:
            raise RemoteError(Code.OVERSIZED, f"a record of {len(wire)} bytes")
        if isinstance(body, bytes):
            if body_hash(body) != header.body_hash:
                raise RemoteError(Code.FORGED, "the body is not the one the header names")
        elif body is not None:
            raise RemoteError(Code.MALFORMED, "a record's body is not bytes")
        elif header.body_hash == WITHDRAWN_HASH:
            raise RemoteError(Code.MALFORMED, "a withdrawn record travels with its empty body")
        return cls(header, header_bytes, signature, body)

    @property
    def wire(self) -> bytes:
        """The bytes that `parse` reads."""
        return encode((self.header_bytes, self.signature, self.body))

    @property
    def register(self) -> Register:
        """The register that this record is a version of."""
        return (self.header.author, self.header.kind, self.header.slot)

    @property
    def rank(self) -> tuple[int, DeviceId, RecordId]:
        """The order of the versions of one register: the greatest is the newest, on every node."""
        return (self.header.version, self.header.device, self.id)

    @property
    def withdrawn(self) -> bool:
        """Whether the author has taken the record back."""
        return self.header.body_hash == WITHDRAWN_HASH

    @property
    def header_only(self) -> bool:
        """Whether this is a tombstone: a header without its body."""
        return self.body is None

    def without_body(self) -> Record:
        """Return the tombstone of this record. A withdrawn record is returned as it is: its empty body is no secret."""
        if self.body is None or self.withdrawn:
            return self
        return Record(self.header, self.header_bytes, self.signature, None)


def parse_header(data: bytes) -> Header:
    """Return the header in `data`: a NewerHeader if it has further fields. RemoteError MALFORMED or OVERSIZED.

    `created` is checked here, since a session sorts a record by it before anything else of the record is judged.
    """
    fields = decode(data, max_bytes=HEADER_MAX_BYTES)
    known = len(_HEADER_TYPES)
    if not isinstance(fields, tuple) or tuple(map(type, fields[:known])) != _HEADER_TYPES:
        raise RemoteError(Code.MALFORMED, "a header's field is missing or of another type")
    header = (Header if len(fields) == known else NewerHeader)._make(fields[:known])
    if header.created < 0:
        raise RemoteError(Code.MALFORMED, "a record made before all time")
    return header


_HEADER_TYPES = (int, bytes, bytes, bytes, int, int, int, int, int, int, int, bytes)


def signed(  # noqa: PLR0913 - a header has this many fields, and each must be named
    *,
    kind: int,
    author: PersonId,
    device: DeviceId,
    slot: bytes,
    version: Version,
    audience: int = Audience.FOLLOWS,
    policy_version: Version = NO_POLICY,
    created: UnixTime,
    expires: UnixTime,
    min_valid_version: Version,
    latest_expiry: UnixTime,
    body: bytes,
    sign: Callable[[bytes], bytes],
) -> Record:
    """Return the signed record of these fields. `sign` signs for the device; for DEVICE records, for the identity.

    LocalError if other nodes would refuse the record.
    """
    header = Header(
        kind=int(kind),
        author=author,
        device=device,
        slot=slot,
        version=version,
        audience=int(audience),
        policy_version=policy_version,
        created=created,
        expires=expires,
        min_valid_version=min_valid_version,
        latest_expiry=latest_expiry,
        body_hash=body_hash(body),
    )
    try:
        check_header(header)
    except RemoteError as error:
        raise LocalError(f"will not be signed: {error.detail}") from error
    unsigned = Record(header, encode(header), bytes(SIGNATURE_BYTES), body)
    record = Record(header, unsigned.header_bytes, sign(signature_message(unsigned)), body)
    if len(record.wire) > _RULES[kind].max_bytes:
        raise LocalError(f"will not be signed: {len(record.wire)} bytes are too many for a record")
    return record


def signature_key(record: Record) -> bytes:
    """Return the key that must have signed: the author's for certificates and revocations, else the device's."""
    return record.header.author if record.header.kind == Kind.DEVICE else record.header.device


def signature_message(record: Record) -> bytes:
    """Return the bytes that the signature is over."""
    return _SIGNATURE_DOMAIN + record.id


def verify_signature(record: Record) -> bool:
    """Whether the signature holds. Whether the device acts for the author, its certificate must prove."""
    return verify(signature_key(record), signature_message(record), record.signature)


def is_revocation(header: Header) -> bool:
    """Whether this header revokes its device, for good."""
    return header.kind == Kind.DEVICE and header.version == REVOCATION_VERSION


def is_from_newer_version(header: Header) -> bool:
    """Whether only a newer version of the protocol defines the record's kind, its audience, or a field of its header."""
    if isinstance(header, NewerHeader) or _LAST_KIND < header.kind <= _NUMBER_MAX:
        return True
    return header.kind == Kind.LISTING and Audience.NETWORK_WIDE < header.audience <= _NUMBER_MAX


def check_header(header: Header) -> None:
    """Raise RemoteError unless every field is in its range and the fields agree. No clock: expiry is not looked at.

    UNKNOWN_KIND if the record is from a newer version, which is nobody's fault; EXPIRED for a longer life than the kind
    may have; else MALFORMED.
    """
    rule = _RULES.get(header.kind)
    if rule is None or isinstance(header, NewerHeader):
        if not 1 <= header.kind <= _NUMBER_MAX:
            raise RemoteError(Code.MALFORMED, "a kind is 1 to 255")
        raise RemoteError(Code.UNKNOWN_KIND, f"a record of kind {header.kind} from a newer version")
    fault = _shape_fault(header, rule) or _number_fault(header)
    if fault is not None:
        raise RemoteError(Code.MALFORMED, fault)
    if header.audience > Audience.NETWORK_WIDE:
        raise RemoteError(Code.UNKNOWN_KIND, f"audience {header.audience} from a newer version")
    if not is_revocation(header) and header.expires - header.created > rule.life:
        raise RemoteError(Code.EXPIRED, f"a life of {header.expires - header.created} s is beyond this kind's")


def _shape_fault(header: Header, rule: _Rule) -> str | None:
    if not len(header.author) == len(header.device) == KEY_BYTES:
        return "a key is 32 bytes"
    if len(header.slot) != SLOT_BYTES:
        return "a slot is 16 bytes"
    if rule.slot(header) not in {None, header.slot}:
        return "not this kind's slot"
    if len(header.body_hash) != _HASH_BYTES:
        return "a body's hash is 32 bytes"
    if not 0 <= header.audience <= (_NUMBER_MAX if header.kind == Kind.LISTING else Audience.FOLLOWS):
        return "no such audience for this kind"
    if not 0 <= header.policy_version <= VERSION_MAX or (
        header.policy_version > 0 and header.kind in {Kind.DEVICE, Kind.POLICY}
    ):
        return "no policy version for this kind"
    if header.kind == Kind.DEVICE and header.body_hash == WITHDRAWN_HASH:
        return "a certificate is revoked, it cannot be withdrawn"
    return None


def _number_fault(header: Header) -> str | None:
    endless = is_revocation(header)
    if not (1 <= header.version <= VERSION_MAX or endless):
        return f"versions are 1 to {VERSION_MAX}"
    if not 0 <= header.min_valid_version <= header.version:
        return "the minimum valid version is above the version"
    if not 0 <= header.created < header.expires <= header.latest_expiry:
        return "created, expires and latest expiry are not in this order"
    if header.latest_expiry > TIME_MAX and not endless:
        return f"a time is at most {TIME_MAX}"
    if endless and header.expires != FOREVER:
        return "a revocation never expires"
    return None
