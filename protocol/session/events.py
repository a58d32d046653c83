"""What a session tells its node, and the names both use."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TypeAlias

from protocol.errors import Code
from protocol.keys import DeviceId, PersonId
from protocol.records.record import Kind, Record, RecordId


class Phase(IntEnum):
    """The two sets that a session settles, in this order: the second depends on what the first brings."""

    GRAPH = 0  # who is who and who vouches for whom
    CONTENT = 1


GRAPH_KINDS = frozenset({Kind.DEVICE, Kind.POLICY, Kind.PROFILE, Kind.JOIN})


def phase_of(kind: int) -> Phase:
    """The phase in which records of this kind are settled."""
    return Phase.GRAPH if kind in GRAPH_KINDS else Phase.CONTENT


@dataclass(frozen=True, slots=True)
class SelfIdentification:
    """Who we are: the certificate is shown to whoever does not know our key, and `more` along with it."""

    person: PersonId
    device: DeviceId
    certificate: Record
    more: tuple[Record, ...] = ()


@dataclass(frozen=True, slots=True)
class PeerIdentified:
    """The other side has proven which device it is; `wall` is its clock. Answer with `admit` or `bye`."""

    person: PersonId
    device: DeviceId
    certificate: Record
    wall: int
    extra: list[Record] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RecordsReceived:
    """Records that came, whole or, unasked, as headers alone. Commit them, then call `committed`, once a RecordsReceived."""

    records: list[Record]


@dataclass(frozen=True, slots=True)
class RecordsRequested:
    """The other side pulls these. Answer with one `supply`, in the order of the Wanteds."""

    ids: list[RecordId]


@dataclass(frozen=True, slots=True)
class LiveStarted:
    """Both sets are settled; from here on news is passed on as it comes."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The session is over: send what is left and close."""

    code: Code
    detail: str = ""


Event: TypeAlias = PeerIdentified | RecordsReceived | RecordsRequested | LiveStarted | Ended
