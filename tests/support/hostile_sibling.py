"""A second device in the hands of a thief: records that it can sign in its owner's name, with all that is odd in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from random import Random

from meshnode.clock import Clock
from meshnode.replica.replica import Replica
from meshnode.store import RecordState
from protocol import (
    PROFILE_SLOT,
    Audience,
    Block,
    DeviceId,
    DeviceKeys,
    Kind,
    Listing,
    LocalError,
    PersonId,
    Policy,
    Preference,
    Profile,
    Record,
    RemoteError,
    Vouch,
    device_slot,
    limits,
    signed,
)
from protocol.numbers import Stamp, UnixTime, Version
from protocol.trust import block_tag

TOP = limits.VERSION_MAX  # and the cap of stamps and times: beyond it nothing passes for a record
VERSIONS = (1, limits.VERSION_DATE_MAX, TOP - 1, TOP)
BRIEF = limits.HOUR  # ends within the day of upkeep that follows, and is near its end for every kind
KINDS = (Kind.POLICY, Kind.PROFILE, Kind.JOIN, Kind.LISTING, Kind.LETTER)
LIVES = {
    Kind.POLICY: limits.POLICY_LIFE,
    Kind.PROFILE: limits.PROFILE_LIFE,
    Kind.JOIN: limits.JOIN_LIFE,
    Kind.LISTING: limits.LISTING_LIFE,
    Kind.LETTER: limits.LETTER_LIFE,
}
GARBAGE = (b"\xc1", b"\x90", b"\x80", bytes(64), b"\xff" * 1000, b"\x91" * 60)


@dataclass(frozen=True)
class Thief:
    """A person whose device is in the hands of a thief, its keys, and the time: all that a `Replica` has too."""

    me: PersonId
    keys: DeviceKeys
    clock: Clock

    @property
    def device(self) -> DeviceId:
        return self.keys.device_id


def bodies(kind: Kind, thief: Thief | Replica, victims: tuple[bytes, ...]) -> Iterator[bytes]:
    """Yield what the thief writes in a record of `kind`: nothing, what nobody can read, and what is extreme."""
    yield b""
    yield from GARBAGE
    salt = bytes(16)
    match kind:
        case Kind.POLICY:
            for stamp in (1, limits.HEADROOM, TOP - 1, TOP):
                preference = Preference(Audience.NETWORK_WIDE, 4, 25, stamp)
                everybody = tuple(Vouch(one, 0, stamp) for one in victims)
                tags = tuple(block_tag(thief.me, one) for one in victims)
                yield Policy(salt, Stamp(stamp), (), (), preference).to_body()
                yield Policy(
                    salt, Stamp(stamp), everybody, tuple(Block(tag, True, stamp) for tag in tags), preference
                ).to_body()
        case Kind.PROFILE:
            yield Profile(salt, "Alice", "", None, presence_key=bytes(32)).to_body()
            yield Profile(salt, "A" * 64, "b" * 500, "862a1072fffffff", presence_key=bytes(32)).to_body()
        case Kind.LISTING:
            yield Listing("offer", "Trap", place="862a1072fffffff", salt=salt).to_body()
            yield Listing("need", "T" * 200, "x" * 2000, available_from=TOP, available_until=TOP, salt=salt).to_body()
        case _:
            yield Random(kind).randbytes(3000)


def records(
    thief: Thief | Replica, kind: Kind, slots: tuple[bytes, ...], victims: tuple[bytes, ...]
) -> Iterator[Record]:
    """Yield the records of one kind that the thief's device can sign, as far as they can be signed at all."""
    now = thief.clock.now()
    times = ((now, now + BRIEF), (now, now + LIVES[kind]), (now + limits.DAY // 2, now + LIVES[kind]), (TOP - 10, TOP))
    for version, (created, expires), body in product(VERSIONS, times, bodies(kind, thief, victims)):
        for slot in slots_of(thief, kind, slots):
            try:
                yield signed(
                    kind=kind,
                    author=thief.me,
                    device=thief.device,
                    slot=slot,
                    version=Version(version),
                    audience=Audience.NETWORK_WIDE if kind == Kind.LISTING else Audience.FOLLOWS,
                    policy_version=Version(0 if kind == Kind.POLICY else TOP),
                    created=UnixTime(created),
                    expires=UnixTime(expires),
                    min_valid_version=Version(version),
                    latest_expiry=UnixTime(expires),
                    body=body,
                    sign=thief.keys.sign,
                )
            except LocalError:
                continue


def slots_of(thief: Thief | Replica, kind: Kind, slots: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Return the registers of `kind` that the thief writes: its own, those of the owner in `slots`, and new ones."""
    if kind == Kind.POLICY:
        return (device_slot(thief.device),)
    if kind == Kind.PROFILE:
        return (PROFILE_SLOT,)
    return (*slots, bytes(16))


NOT_READ = Profile(bytes(16), "not read", presence_key=bytes(32))
"""Stands for a body: the store reads none itself where it is given one."""


def slip_in(victim: Replica, record: Record) -> None:
    """Put a record into the victim's store past every check, as if the door had let it in."""
    try:
        with victim.transaction() as unit:
            victim.store.records.put(
                record, state=RecordState.LIVE, received_from=victim.me, arrived=victim.clock.now(), body=NOT_READ
            )
            victim.trust_state.refresh(victim.store, {victim.me})
            unit.note(stored=[record.id], people={victim.me}, trust=True)
    except RemoteError:
        pass
