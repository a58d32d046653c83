"""The events of a session, its phases, and the self-identification that a node gives to it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import NamedTuple, TypeAlias

from msgspec import Struct, field

from protocol.errors import Code
from protocol.keys import DeviceId, PersonId
from protocol.records.photo import PhotoHash
from protocol.records.record import Kind, Record, RecordId
from protocol.wire.marks import Marks


class Phase(IntEnum):
    """The two sets that a session reconciles, one after the other: the first decides who may have what of the second."""

    GRAPH = 0  # certificates, policies, profiles and joins: which devices act for whom, and who trusts whom
    CONTENT = 1


GRAPH_KINDS = frozenset({Kind.DEVICE, Kind.POLICY, Kind.PROFILE, Kind.JOIN})


def phase_of(kind: int) -> Phase:
    """Return the phase of records of this kind. All kinds of newer versions belong to CONTENT."""
    return Phase.GRAPH if kind in GRAPH_KINDS else Phase.CONTENT


_TURNS: dict[int, int] = {Kind.DEVICE: 0, Kind.POLICY: 1, Kind.JOIN: 2, Kind.PROFILE: 3}


def turn_of(kind: int) -> int:
    """Return the rank of records of this kind among records that are given or taken together, the smallest first.

    Certificates decide about policies, both about joins, and all of them about the rest: the place in a profile decides
    about listings for people nearby. In this order nothing has to wait for what comes after it.
    """
    return _TURNS.get(kind, len(_TURNS))


class SelfIdentification(Struct, frozen=True):
    """The records by which this side shows its identity: its certificate, and `more` that it wants to show with it.

    `run` was drawn at random when this node started: two machines with the keys of one device differ by it.
    """

    person: PersonId
    device: DeviceId
    certificate: Record
    run: bytes
    more: tuple[Record, ...] = ()


class ToldTime(NamedTuple):
    """The time that a node goes by, as Hello and Ping tell it: UNIX seconds, and the stratum of that time."""

    wall: int
    stratum: int


class PeerIdentified(Struct, frozen=True):
    """The other side has proven which device it is. Answer with `admit` or `bye`."""

    person: PersonId
    device: DeviceId
    certificate: Record
    """Its header and signature are checked; whether it has expired or been revoked is not."""
    told: ToldTime
    """The time that the other side goes by."""
    version: int
    """The version of the protocol that both sides use."""
    run: bytes
    """The number of the run of the other side: two machines with the keys of one device differ by it."""
    extra: list[Record] = field(default_factory=list)
    """The other records that it has shown with its certificate, only parsed."""


class TimeTold(Struct, frozen=True):
    """The other side, which is identified, has told again which time it goes by."""

    told: ToldTime


class RecordsReceived(Struct, frozen=True):
    """Records have come: whole ones that were pulled, or unasked headers. Commit them, then call `committed` once.

    `more` says that others are on their way, which may decide about these. `bases` names those that were pulled and are
    here as tombstones, since they came without the body of an older version which we do not hold, each with that version:
    nothing may be said because of it, since we had refused it. So they are refused too, for the same reason.
    """

    records: list[Record]
    more: bool = False
    bases: Mapping[RecordId, RecordId] = field(default_factory=dict)


class RecordsRequested(Struct, frozen=True):
    """The other side pulls these records. Answer each event with one `supply`, in the order of the events."""

    ids: list[RecordId]


class PhotoRequested(Struct, frozen=True):
    """The other side asks for this photo. Answer with one `photos.give`; whether it may have it is not checked."""

    photo: PhotoHash


class PhotoReceived(Struct, frozen=True):
    """The photo that was asked for is here, and is the one that its hash names; None: the other side cannot give it."""

    photo: PhotoHash
    data: bytes | None


class LiveStarted(Struct, frozen=True):
    """Both sets are settled; from here on each side announces new items as they come.

    `agreed` are the items that both sides have, kept or refused, as equal roots have just shown: one set for each phase.
    """

    agreed: tuple[Marks, ...] = ()


class Ended(Struct, frozen=True):
    """The session is over: send what is left, then close the connection.

    `pause` is the number of seconds after which the other side wants to be called again, 0 if it did not say.
    """

    code: Code
    detail: str = ""
    pause: int = 0


Event: TypeAlias = (
    PeerIdentified
    | TimeTold
    | RecordsReceived
    | RecordsRequested
    | PhotoRequested
    | PhotoReceived
    | LiveStarted
    | Ended
)
