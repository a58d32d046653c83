"""What a scan over the records sees: everything the rules ask about a record, and no body."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from protocol import DeviceId, PersonId, RecordId


class RecordState(IntEnum):
    """What a stored record is good for."""

    LIVE = 1
    """Served and shown."""
    PENDING = 2
    """Waits for a certificate or policy: neither served nor shown. It stands aside of its register and supersedes
    nothing, since nobody has proved yet that its author had a hand in it; `set_state` to LIVE lets it compete."""
    SUSPENDED = 3
    """A newer header is known below whose floor it falls: neither served nor shown, and deleted after some days."""
    HEADER = 4
    """The newest of its register, without its body: it proves that older versions are superseded."""


class Row(NamedTuple):
    """A stored record without its body; times are UNIX seconds, `kind`, `audience` and `state` plain integers."""

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
    """Whom a letter is for; None of what is no letter, or does not tell any more."""
    complete: bool
    """Whether the body is here; the empty one of a withdrawn record counts."""


def id_key(record_id: RecordId) -> int:
    """What the index over ids holds of an id: its first 8 bytes, as SQLite's signed integer."""
    return int.from_bytes(record_id[:8], "big", signed=True)
