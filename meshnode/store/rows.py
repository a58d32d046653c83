"""Defines a stored record without its body, as a scan yields it, and the states of records."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from protocol import Body, DeviceId, Letter, Listing, PersonId, Record, RecordId, Register


class RecordState(IntEnum):
    """The state of a stored record."""

    LIVE = 1
    """Served and shown."""
    PENDING = 2
    """Waits for a certificate or policy: not served and not shown. It is not proved who wrote it, so it is kept beside
    its register and supersedes nothing until `set_state` makes it LIVE."""
    SUSPENDED = 3
    """Below the `min_valid_version` of a newer header: not served and not shown, and deleted after some days."""
    HEADER = 4
    """A tombstone: the newest of its register without a body. It proves that older versions are superseded."""
    PAST = 5
    """Takes something back, or may, and had ended by this node's clock when it came: passed on for some days, in case that
    clock is wrong, and not used."""


class Row(NamedTuple):
    """A stored record without its body. Times are in UNIX seconds, `kind`, `audience` and `state` plain integers."""

    id: RecordId
    kind: int
    author: PersonId
    device: DeviceId
    slot: bytes
    version: int
    audience: int
    policy_version: int
    created: int
    expires: int
    min_valid_version: int
    state: int
    place: str | None
    """A listing's own place (an H3 cell); None: its author's."""
    tag: bytes | None
    """A keyed hash of a letter's addressee; None for other kinds and for letters without a body."""
    complete: bool
    """Whether the body is held; the empty body of a withdrawn record counts."""
    withdrawn: bool
    """Whether its body is empty: it takes back what was in its register."""

    @property
    def register(self) -> Register:
        """The register that the record is a version of."""
        return self.author, self.kind, self.slot

    @classmethod
    def of(cls, record: Record, state: int, body: Body | None) -> Row:
        """Return the row under which `record` is stored in `state`, without reading it; `body` is its parsed body."""
        kind, author, device, slot, version, audience, policy, created, expires, min_valid_version, *_ = record.header
        place, tag = place_and_tag(body)
        return cls(
            record.id,
            kind,
            author,
            device,
            slot,
            version,
            audience,
            policy,
            created,
            expires,
            min_valid_version,
            int(state),
            place,
            tag,
            record.body is not None,
            record.withdrawn,
        )


def place_and_tag(body: Body | None) -> tuple[str | None, bytes | None]:
    """Return what a row has of a body besides its presence: a listing's own place, and the tag of a letter."""
    return (
        body.place if isinstance(body, Listing) else None,
        body.tag if isinstance(body, Letter) else None,
    )


def id_key(record_id: RecordId) -> int:
    """Return what the index over ids holds of an id: its first 8 bytes as a signed integer."""
    return int.from_bytes(record_id[:8], "big", signed=True)
