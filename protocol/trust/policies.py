"""A person's policy over all his devices: merging, what a new version takes away, and edits (README, "Policies").

Per subject, per block tag and for the preference, the entry with the highest stamp holds; among equal stamps the more
restrictive one: the lower weight, the block, the narrower preference. That makes merging commutative, associative and
idempotent, so it does not matter which device's register comes first, or twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, reduce
from hashlib import blake2b
from typing import TYPE_CHECKING, TypeVar

from protocol.errors import LocalError
from protocol.limits import BLOCK_TAG_BYTES, BLOCK_TAGS_REMEMBERED
from protocol.records.policy import UNSET_PREFERENCE, Block, Policy, Preference, Vouch
from protocol.records.record import Audience
from protocol.trust.weights import TRUSTED

if TYPE_CHECKING:
    from protocol.keys import PersonId

Entry = TypeVar("Entry", Vouch, Block)

_TAG_DOMAIN = b"meshnode block tag v1\0"


@lru_cache(maxsize=BLOCK_TAGS_REMEMBERED)
def block_tag(author: PersonId, subject: PersonId) -> bytes:
    """How `author` marks `subject` as blocked: 16 bytes that only those who know both keys can test."""
    return blake2b(_TAG_DOMAIN + author + subject, digest_size=BLOCK_TAG_BYTES).digest()


# --- Merging ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EffectivePolicy:
    """What holds for a person over all his devices: vouches of 1..1000 per mille, blocks in force, the preference."""

    vouches: Mapping[PersonId, int]
    block_tags: frozenset[bytes]
    preference: Preference


@dataclass(frozen=True, slots=True)
class Entries:
    """The entries that hold among some registers, stamps and zeros included, so that more can be merged in."""

    vouches: Mapping[PersonId, Vouch]
    blocks: Mapping[bytes, Block]
    preference: Preference

    @classmethod
    def of(cls, policy: Policy) -> Entries:
        """The entries of one register."""
        return cls(
            {vouch.subject: vouch for vouch in policy.vouches},
            {block.tag: block for block in policy.blocks},
            policy.preference,
        )

    def merged(self, other: Entries) -> Entries:
        """The entries that hold among both."""
        vouches, blocks = dict(self.vouches), dict(self.blocks)
        for subject, vouch in other.vouches.items():
            vouches[subject] = max(vouches.get(subject, vouch), vouch, key=_vouch_rank)
        for tag, block in other.blocks.items():
            blocks[tag] = max(blocks.get(tag, block), block, key=_block_rank)
        return Entries(vouches, blocks, max(self.preference, other.preference, key=_preference_rank))

    def effective(self) -> EffectivePolicy:
        """What the entries say, without stamps."""
        return EffectivePolicy(
            {subject: vouch.weight for subject, vouch in self.vouches.items() if vouch.weight > 0},
            frozenset(tag for tag, block in self.blocks.items() if block.blocked),
            self.preference,
        )


_NO_ENTRIES = Entries({}, {}, UNSET_PREFERENCE)


def merge(policies: Iterable[Policy]) -> EffectivePolicy:
    """What holds, given the registers of all certified devices of one person, in any order."""
    registers = [Entries.of(policy) for policy in policies]
    return (reduce(Entries.merged, registers) if registers else _NO_ENTRIES).effective()


def _vouch_rank(vouch: Vouch) -> tuple[int, int]:
    return vouch.stamp, -vouch.weight


def _block_rank(block: Block) -> tuple[int, bool]:
    return block.stamp, block.blocked


def _preference_rank(preference: Preference) -> tuple[int, int, int, int]:
    return preference.stamp, -preference.audience, -preference.precision, -preference.radius_km


# --- What a new version takes away -----------------------------------------------------------------------------------

# Whoever is in the first audience is in each of these, whatever the author's vouches and place.
_WITHIN: dict[int, frozenset[int]] = {
    Audience.MY_CELL: frozenset({Audience.MY_CELL, Audience.MY_COMMUNITY, Audience.NETWORK_WIDE}),
    Audience.MY_COMMUNITY: frozenset({Audience.MY_COMMUNITY, Audience.NETWORK_WIDE}),
    Audience.TRUSTED_NETWORK: frozenset({Audience.TRUSTED_NETWORK, Audience.NETWORK_WIDE}),
    Audience.ANYONE_LOCAL: frozenset({Audience.ANYONE_LOCAL, Audience.NETWORK_WIDE}),
    Audience.NETWORK_WIDE: frozenset({Audience.NETWORK_WIDE}),
}


def may_reduce_access(old: Policy, new: Policy, others: Iterable[Policy] = ()) -> bool:
    """Whether `new` may take from anybody what `old` gave him, so that `old` must not stay in use.

    `others` are the registers of the person's other devices: an entry here may override one there. The answer errs
    towards yes. It is no for what only gives: a vouch raised, a first vouch of 0.5 or more (whatever a path gave its
    subject before, he stays in every audience), an end of a block, an audience that holds the former one.
    """
    others = tuple(others)
    here = _takes(merge([old]), merge([new]))
    return here or (bool(others) and _takes(merge([old, *others]), merge([new, *others])))


def _takes(old: EffectivePolicy, new: EffectivePolicy) -> bool:
    lowered = any(new.vouches.get(subject, 0) < weight for subject, weight in old.vouches.items())
    # An explicit vouch is the answer for its subject: a weak one can give less than the path that it replaces.
    weak = any(weight < TRUSTED and subject not in old.vouches for subject, weight in new.vouches.items())
    blocked = not new.block_tags <= old.block_tags
    return lowered or weak or blocked or _narrower(old.preference, new.preference)


def _narrower(old: Preference, new: Preference) -> bool:
    if new.audience not in _WITHIN[old.audience]:
        return True
    # The radius also bounds listings that name anyone_local themselves.
    return new.radius_km < old.radius_km


# --- Edits -----------------------------------------------------------------------------------------------------------


def empty_policy(salt: bytes) -> Policy:
    """The register of a device that has said nothing yet."""
    return Policy(salt, clock=0)


def with_vouch(policy: Policy, subject: PersonId, weight: int, stamp: int, salt: bytes) -> Policy:
    """`policy` with a vouch of `weight` per mille (0 takes it back) for `subject`; InvalidField if out of range.

    `stamp` must be above every stamp of every register of the person, here and below.
    """
    rest = tuple(vouch for vouch in policy.vouches if vouch.subject != subject)
    return replace(_stamped(policy, stamp, salt), vouches=(*rest, Vouch(subject, weight, stamp)))


def with_block(policy: Policy, author: PersonId, subject: PersonId, blocked: bool, stamp: int, salt: bytes) -> Policy:
    """`policy`, which is `author`'s, with a block of `subject`, or with the end of it."""
    tag = block_tag(author, subject)
    rest = tuple(block for block in policy.blocks if block.tag != tag)
    return replace(_stamped(policy, stamp, salt), blocks=(*rest, Block(tag, blocked, stamp)))


def with_preference(policy: Policy, preference: Preference, stamp: int, salt: bytes) -> Policy:
    """`policy` with another sharing preference; the stamp in `preference` is replaced."""
    return replace(_stamped(policy, stamp, salt), preference=preference._replace(stamp=stamp))


def absorb(
    mine: Policy, theirs: Policy, others: Iterable[Policy], stamp: int, salt: bytes, *, blocks_only: bool = False
) -> Policy:
    """`mine` with those entries that `theirs`, of another device of the same person, decides; `mine` where there are none.

    `others` are the person's further registers: what one of them, or `mine`, says later stays as it is. So `theirs` may be
    void afterwards and nobody gains or loses by it. With `blocks_only` only what keeps somebody out is taken over: blocks,
    and of the two preferences the stricter one. InvalidField where a policy has no room for them all.
    """
    known = reduce(Entries.merged, map(Entries.of, (mine, *others)))
    held = known.merged(Entries.of(theirs))
    vouches = {} if blocks_only else _decided_by(held.vouches, known.vouches)
    blocks = {
        tag: block for tag, block in _decided_by(held.blocks, known.blocks).items() if block.blocked or not blocks_only
    }
    preference = held.preference
    if blocks_only:
        preference = min(known.preference, held.preference, key=lambda one: one[:3])
    if not vouches and not blocks and preference == known.preference:
        return mine
    return replace(
        _stamped(mine, stamp, salt),
        vouches=(
            *(vouch for vouch in mine.vouches if vouch.subject not in vouches),
            *(vouch._replace(stamp=stamp) for vouch in vouches.values()),
        ),
        blocks=(
            *(block for block in mine.blocks if block.tag not in blocks),
            *(block._replace(stamp=stamp) for block in blocks.values()),
        ),
        preference=mine.preference if preference == known.preference else preference._replace(stamp=stamp),
    )


def _decided_by(held: Mapping[bytes, Entry], known: Mapping[bytes, Entry]) -> dict[bytes, Entry]:
    """The entries that hold and are not known from elsewhere."""
    return {about: entry for about, entry in held.items() if known.get(about) != entry}


def _stamped(policy: Policy, stamp: int, salt: bytes) -> Policy:
    if stamp <= policy.clock:
        raise LocalError("an edit needs a stamp above all that its author knows of")
    return replace(policy, salt=salt, clock=stamp)
