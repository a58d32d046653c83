"""The body of a policy: the vouches, blocks and sharing preference of its author that one device has written.

Each device of a person has a policy register of its own. Its entries have stamps, which are Lamport clocks (Lamport 1978):
of all entries about one subject, on whichever device, the one with the highest stamp holds. So devices that were edited
while apart merge entry by entry (protocol/trust/policies.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from msgspec import Struct
from msgspec.structs import force_setattr

from protocol.codec import encode
from protocol.errors import Code, InvalidField, RemoteError
from protocol.fields import check_bytes, check_canonical, check_flag, check_number, check_salt, parses, read_fields
from protocol.keys import KEY_BYTES, PersonId
from protocol.limits import (
    BLOCK_TAG_BYTES,
    BLOCKS_MAX,
    POLICY_MAX_BYTES,
    RADIUS_KM_MAX,
    STAMP_MAX,
    TIME_MAX,
    VOUCHES_MAX,
    WEIGHT_MAX,
)
from protocol.numbers import Stamp
from protocol.place import Precision
from protocol.records.record import Audience

_FIELDS = 5
_PREFERENCE_FIELDS = 4  # of one that is not paused


class Vouch(NamedTuple):
    """Trust in `subject`, in per mille; 0 takes back the vouch of an earlier stamp."""

    subject: PersonId
    weight: int
    stamp: int


class Block(NamedTuple):
    """A block, or the end of one. Only those who know the key of the blocked person can tell from the tag who it is."""

    tag: bytes
    blocked: bool
    stamp: int


class Preference(NamedTuple):
    """The audience of listings that name none, how exactly places are published, and how far "local" reaches.

    `stamp` 0 means that nothing was chosen yet. While its person is away, `paused` is since when (UNIX seconds), and all
    their listings are hidden from others; else it is 0.
    """

    audience: int = Audience.MY_COMMUNITY
    precision: int = Precision.NEIGHBORHOOD
    radius_km: int = 25
    stamp: int = 0
    paused: int = 0

    def to_value(self) -> tuple[int, ...]:
        """Return the fields as they are on the wire: four, and a fifth while the person is away."""
        fields = tuple(map(int, self))  # enumerations are not on the wire
        return fields if self.paused else fields[:_PREFERENCE_FIELDS]


UNSET_PREFERENCE = Preference()


class PolicyFull(InvalidField):
    """A register would have more entries, or more bytes, than a policy may have."""


class Policy(Struct, frozen=True):
    """One device's register of a person's policy. Entries are kept in ascending order; a subject or tag occurs once."""

    salt: bytes
    clock: Stamp
    """The highest stamp this device has seen; no entry has a higher one."""
    vouches: tuple[Vouch, ...] = ()
    blocks: tuple[Block, ...] = ()
    preference: Preference = UNSET_PREFERENCE

    def __post_init__(self) -> None:
        check_salt(self.salt)
        check_number("clock", self.clock, 0, STAMP_MAX)
        vouches = _in_order("vouches", self.vouches, VOUCHES_MAX)
        blocks = _in_order("blocks", self.blocks, BLOCKS_MAX)
        for subject, weight, stamp in vouches:
            if type(subject) is not bytes or len(subject) != KEY_BYTES:
                raise InvalidField("vouch", "must name a person's key")
            check_number("trust", weight, 0, WEIGHT_MAX)
            check_number("stamp", stamp, 1, self.clock)
        for tag, blocked, stamp in blocks:
            check_bytes("block", tag, BLOCK_TAG_BYTES)
            check_flag("block", blocked)
            check_number("stamp", stamp, 1, self.clock)
        force_setattr(self, "vouches", tuple(vouches))
        force_setattr(self, "blocks", tuple(blocks))
        force_setattr(self, "preference", _checked(self.preference, self.clock))

    def to_body(self) -> bytes:
        """Return the bytes that `parse` reads."""
        return encode((self.salt, self.clock, self.vouches, self.blocks, self.preference.to_value()))

    @classmethod
    @parses
    def parse(cls, body: bytes) -> Policy:
        """Return the policy in `body`. RemoteError MALFORMED, also if its entries are not in order, or OVERSIZED."""
        salt, clock, vouches, blocks, preference = read_fields(
            body, _FIELDS, POLICY_MAX_BYTES, max(VOUCHES_MAX, BLOCKS_MAX)
        )
        try:
            policy = cls(
                salt,
                clock,
                tuple(map(Vouch._make, vouches)),
                tuple(map(Block._make, blocks)),
                Preference(*preference),
            )
        except TypeError as error:  # an entry that is no array, or has another number of fields
            raise RemoteError(Code.MALFORMED, "an entry of a policy is not of its form") from error
        check_canonical(policy, body, policy.to_body())
        return policy


def _in_order(field_name: str, entries: Sequence[Any], most: int) -> list[Any]:
    """Return `entries` sorted by their first field, which names the subject. InvalidField if a subject occurs twice."""
    if len(entries) > most:
        raise PolicyFull(field_name, f"must not be more than {most}")
    ordered = sorted(entries)
    if len({entry[0] for entry in ordered}) != len(ordered):
        raise InvalidField(field_name, "must not name anybody twice")
    return ordered


def _checked(preference: Preference, clock: int) -> Preference:
    audience, precision, radius_km, stamp, paused = preference
    if audience not in _AUDIENCES:
        raise InvalidField(
            "audience", "must be one of {words}", words=", ".join(each.word for each in _AUDIENCES.values())
        )
    if precision not in _PRECISIONS:
        raise InvalidField(
            "precision", "must be one of {words}", words=", ".join(each.word for each in _PRECISIONS.values())
        )
    check_number("local radius", radius_km, 1, RADIUS_KM_MAX)
    check_number("stamp", stamp, 0, clock)
    check_number("pause", paused, 0, TIME_MAX)
    return Preference(_AUDIENCES[audience], _PRECISIONS[precision], radius_km, stamp, paused)


_AUDIENCES: dict[int, Audience] = {int(audience): audience for audience in Audience if audience != Audience.FOLLOWS}
_PRECISIONS: dict[int, Precision] = {int(precision): precision for precision in Precision}
