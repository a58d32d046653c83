"""Merges the policies of a person's devices, judges new versions, and makes edits (protocol/README.md, "Policies").

Per subject, per block tag and for the preference, the entry with the highest stamp (a Lamport clock) holds; among equal
stamps the more restrictive one: the lower weight, the block, the narrower preference. That makes merging commutative,
associative and idempotent, so registers may be received in any order, and more than once.

Two copies of one device, as after an image of its disk was put back, write versions of one register that do not know
each other. `covers` tells such branches from a history, and `reconciled` joins them, the stricter entry holding.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache, reduce
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from protocol.errors import LocalError
from protocol.limits import (
    BLOCK_TAG_BYTES,
    BLOCK_TAGS_REMEMBERED,
    BLOCKS_MAX,
    DEVICES_MAX,
    POLICY_BODY_MAX_BYTES,
    STAMP_MAX,
    VOUCHES_MAX,
)
from protocol.numbers import Stamp, stamp_after
from protocol.records.policy import UNSET_PREFERENCE, Block, Policy, PolicyFull, Preference, Vouch
from protocol.records.record import Audience
from protocol.trust.weights import TRUSTED

if TYPE_CHECKING:
    from protocol.keys import DeviceId, PersonId

Entry = TypeVar("Entry", Vouch, Block)

_VOUCH_BYTES_MAX = 47  # in the encoding of a policy
_TAG_DOMAIN = b"meshnode block tag v1\0"


def compute_block_tag(author: PersonId, subject: PersonId) -> bytes:
    """Return the tag by which `author` blocks `subject`: 16 bytes that only those who know both keys can test."""
    return blake2b(_TAG_DOMAIN + author + subject, digest_size=BLOCK_TAG_BYTES).digest()


@lru_cache(maxsize=BLOCK_TAGS_REMEMBERED)
def block_tag(author: PersonId, subject: PersonId) -> bytes:
    """Return what `compute_block_tag` does, for pairs that are asked about again and again."""
    return compute_block_tag(author, subject)


# --- Merging ---------------------------------------------------------------------------------------------------------


class EffectivePolicy(Struct, frozen=True):
    """A person's policy over all their devices: vouches of 1..1000 per mille, blocks in force, and the preference."""

    vouches: Mapping[PersonId, int]
    block_tags: frozenset[bytes]
    preference: Preference


class Entries(Struct, frozen=True):
    """The entries that hold among some registers, with their stamps and with those that take back, to be merged further."""

    vouches: Mapping[PersonId, Vouch]
    blocks: Mapping[bytes, Block]
    preference: Preference

    @classmethod
    def of(cls, policy: Policy) -> Entries:
        """Return the entries of one register."""
        return cls(
            {vouch.subject: vouch for vouch in policy.vouches},
            {block.tag: block for block in policy.blocks},
            policy.preference,
        )

    def merged(self, other: Entries) -> Entries:
        """Return the entries that hold among both."""
        vouches, blocks = dict(self.vouches), dict(self.blocks)
        for subject, vouch in other.vouches.items():
            vouches[subject] = max(vouches.get(subject, vouch), vouch, key=_vouch_rank)
        for tag, block in other.blocks.items():
            blocks[tag] = max(blocks.get(tag, block), block, key=_block_rank)
        return Entries(vouches, blocks, max(self.preference, other.preference, key=_preference_rank))

    def reconciled(self, other: Entries) -> Entries:
        """Return the entries of two branches of one register: about what both speak of, the stricter holds.

        An entry of which only one branch knows holds as it is. Each entry has the higher stamp of the two.
        """
        vouches, blocks = dict(self.vouches), dict(self.blocks)
        for subject, vouch in other.vouches.items():
            mine = vouches.get(subject, vouch)
            vouches[subject] = Vouch(subject, min(mine.weight, vouch.weight), max(mine.stamp, vouch.stamp))
        for tag, block in other.blocks.items():
            held = blocks.get(tag, block)
            blocks[tag] = Block(tag, held.blocked or block.blocked, max(held.stamp, block.stamp))
        return Entries(vouches, blocks, _stricter(self.preference, other.preference))

    def effective(self) -> EffectivePolicy:
        """Return the policy that these entries make.

        Of more vouches than one person may have, those with the highest stamps count, and of equal stamps those for the
        lower keys. Blocks all count.
        """
        given = [vouch for vouch in self.vouches.values() if vouch.weight > 0]
        if len(given) > VOUCHES_MAX:
            given = sorted(given, key=lambda vouch: (-vouch.stamp, vouch.subject))[:VOUCHES_MAX]
        return EffectivePolicy(
            {vouch.subject: vouch.weight for vouch in given},
            frozenset(tag for tag, block in self.blocks.items() if block.blocked),
            self.preference,
        )


def merge(policies: Iterable[Policy]) -> EffectivePolicy:
    """Return the policy that the registers of all certified devices of one person make, in whatever order they are."""
    return merge_entries(map(Entries.of, policies))


def merge_entries(registers: Iterable[Entries]) -> EffectivePolicy:
    """Return the policy that all registers of one person make, each given as its entries, in whatever order they are."""
    vouches: dict[PersonId, Vouch] = {}
    blocks: dict[bytes, Block] = {}
    preferences: list[Preference] = []
    for one in registers:
        for subject, vouch in one.vouches.items():
            held = vouches.get(subject)
            if held is None or _vouch_rank(vouch) > _vouch_rank(held):
                vouches[subject] = vouch
        for tag, block in one.blocks.items():
            blocks[tag] = max(blocks.get(tag, block), block, key=_block_rank)
        preferences.append(one.preference)
    return Entries(vouches, blocks, max(preferences, key=_preference_rank, default=UNSET_PREFERENCE)).effective()


def devices_that_count(certified: Iterable[DeviceId], past: Iterable[DeviceId] = ()) -> frozenset[DeviceId]:
    """Return those of one person's certified devices that count: at most 16, those with the lowest keys.

    Devices whose certificates are `past` come after all others.
    """
    return frozenset([*sorted(certified), *sorted(past)][:DEVICES_MAX])


def _vouch_rank(vouch: Vouch) -> tuple[int, int]:
    return vouch.stamp, -vouch.weight


def _block_rank(block: Block) -> tuple[int, bool]:
    return block.stamp, block.blocked


def _preference_rank(preference: Preference) -> tuple[int, int, int, int, int]:
    """Return what decides which preference holds: the higher. A pause holds before none."""
    return preference.stamp, preference.paused, -preference.audience, -preference.precision, -preference.radius_km


# --- Branches of one register ----------------------------------------------------------------------------------------


def covers(newer: Policy, older: Policy) -> bool:
    """Whether the writer of `newer` can have known `older`, a lower version of the same register.

    Every edit gives its entry a stamp above the clock of the version before, and leaves out nothing but entries that take
    something back. Versions for which that does not hold are *branches*: copies of the device wrote them apart, as after
    an old image of its disk was put back; or something was taken back and left out later, and the version between is
    missing.
    """
    return (
        _follow(newer.vouches, older.vouches, older.clock, {vouch for vouch in older.vouches if vouch.weight == 0})
        and _follow(newer.blocks, older.blocks, older.clock, {block for block in older.blocks if not block.blocked})
        and (newer.preference == older.preference or newer.preference.stamp > older.clock)
    )


def reconciled(branches: Iterable[Policy], outdated: Iterable[Policy] = ()) -> Entries:
    """Return the entries of a register that has these branches.

    The `outdated` ones are below the minimum valid version of one of the others: what they alone give counts for nothing,
    since it was perhaps taken back. What they take back counts, and so do their blocks.
    """
    valid = reduce(Entries.reconciled, map(Entries.of, branches))
    found = reduce(Entries.reconciled, map(Entries.of, outdated), valid)
    vouches = {who: vouch for who, vouch in found.vouches.items() if who in valid.vouches or vouch.weight == 0}
    return Entries(vouches, found.blocks, found.preference)


def joined(versions: Sequence[Policy], salt: bytes, outdated: Sequence[Policy] = ()) -> Policy:
    """Return a version that covers these branches of one register and says what they say together.

    `outdated` are further branches, as for `reconciled`; the result has to raise the minimum valid version to cover them.
    Where the entries are too many, those that give something are left out, oldest first. PolicyFull if even the blocks
    alone are too many.
    """
    last = max(version.clock for version in (*versions, *outdated))
    clock = stamp_after(last) if last < STAMP_MAX else last  # a thief of the device can use up all stamps
    entries = _restamped(reconciled(versions, outdated), [*versions, *outdated], clock)
    vouches = sorted(entries.vouches.values(), key=lambda vouch: (vouch.weight == 0, vouch.stamp), reverse=True)
    blocks = sorted(entries.blocks.values(), key=lambda block: (block.blocked, block.stamp), reverse=True)
    kept = min(len(vouches), VOUCHES_MAX)
    in_force = [block for block in blocks if block.blocked]
    blocks = blocks if len(blocks) <= BLOCKS_MAX else in_force
    while True:
        policy = Policy(salt, clock, tuple(vouches[:kept]), tuple(blocks), entries.preference)
        excess = len(policy.to_body()) - POLICY_BODY_MAX_BYTES
        if excess <= 0:
            return policy
        if len(blocks) > len(in_force):
            blocks = in_force
        else:  # there are vouches enough: as many blocks as there may be take less than half of a policy
            kept -= max(1, excess // _VOUCH_BYTES_MAX)


def _restamped(entries: Entries, versions: Sequence[Policy], stamp: Stamp) -> Entries:
    """Return `entries` with this stamp on all that are not in every version as they are: so the result covers them all."""
    vouches = set.intersection(*(set(version.vouches) for version in versions))
    blocks = set.intersection(*(set(version.blocks) for version in versions))
    preferences = {version.preference for version in versions}
    preference = entries.preference
    return Entries(
        {who: one if one in vouches else one._replace(stamp=stamp) for who, one in entries.vouches.items()},
        {tag: one if one in blocks else one._replace(stamp=stamp) for tag, one in entries.blocks.items()},
        preference if preferences == {preference} else preference._replace(stamp=stamp),
    )


def _follow(later: Iterable[Entry], earlier: Iterable[Entry], clock: int, ended: set[Entry]) -> bool:
    """Whether `later` can come from `earlier` by edits stamped above `clock`; those in `ended` may be left out."""
    now, before = {one[0]: one for one in later}, {one[0]: one for one in earlier}
    return all(one == before.get(subject) for subject, one in now.items() if one.stamp <= clock) and all(
        one in ended or subject in now for subject, one in before.items()
    )


def _stricter(one: Preference, other: Preference) -> Preference:
    return Preference(
        min(one.audience, other.audience),
        min(one.precision, other.precision),
        min(one.radius_km, other.radius_km),
        max(one.stamp, other.stamp),
        max(one.paused, other.paused),
    )


# --- Whether a new version takes something away ----------------------------------------------------------------------

# For each audience, those that contain it, for any vouches and any place of the author.
_WITHIN: dict[int, frozenset[int]] = {
    Audience.MY_CELL: frozenset({Audience.MY_CELL, Audience.MY_COMMUNITY, Audience.NETWORK_WIDE}),
    Audience.MY_COMMUNITY: frozenset({Audience.MY_COMMUNITY, Audience.NETWORK_WIDE}),
    Audience.TRUSTED_NETWORK: frozenset({Audience.TRUSTED_NETWORK, Audience.NETWORK_WIDE}),
    Audience.ANYONE_LOCAL: frozenset({Audience.ANYONE_LOCAL, Audience.NETWORK_WIDE}),
    Audience.NETWORK_WIDE: frozenset({Audience.NETWORK_WIDE}),
}


def may_reduce_access(old: Policy, new: Policy, others: Iterable[Policy] = ()) -> bool:
    """Whether `new` may take access from anybody to whom `old` gave it, so that `old` must no longer be used anywhere.

    `others` are the registers of the person's other devices: an entry of this one may override one of theirs. The answer
    may be yes without need. It is no for changes that only give: a raised vouch, a first vouch of 0.5 or more (its subject
    remains in every audience that a path gave access to before), the end of a block, an audience that contains the former
    one.
    """
    others = tuple(others)
    by_itself = _takes(merge([old]), merge([new]))
    return by_itself or (bool(others) and _takes(merge([old, *others]), merge([new, *others])))


def _takes(old: EffectivePolicy, new: EffectivePolicy) -> bool:
    lowered = any(new.vouches.get(subject, 0) < weight for subject, weight in old.vouches.items())
    # An explicit vouch replaces the paths to its subject, and a weak one can give less trust than they did.
    weak = any(weight < TRUSTED and subject not in old.vouches for subject, weight in new.vouches.items())
    blocked = not new.block_tags <= old.block_tags
    return lowered or weak or blocked or _narrower(old.preference, new.preference)


def _narrower(old: Preference, new: Preference) -> bool:
    if new.audience not in _WITHIN[old.audience] or (new.paused and not old.paused):
        return True
    # The radius also limits listings whose own audience is anyone_local.
    return new.radius_km < old.radius_km


# --- Edits -----------------------------------------------------------------------------------------------------------


def empty_policy(salt: bytes) -> Policy:
    """Return the register of a device that has no entries yet."""
    return Policy(salt, clock=Stamp(0))


def with_vouch(policy: Policy, subject: PersonId, weight: int, stamp: Stamp, salt: bytes) -> Policy:
    """Return `policy` with a vouch of `weight` per mille (0 takes it back) for `subject`.

    In all edits `stamp` must be above every stamp of every register of the person. InvalidField if a value is out of range,
    PolicyFull if the register has no room for the entry.
    """
    rest = tuple(vouch for vouch in policy.vouches if vouch.subject != subject)
    return _edited(policy, stamp, salt, vouches=(*rest, Vouch(subject, weight, stamp)))


def with_block(policy: Policy, author: PersonId, subject: PersonId, blocked: bool, stamp: Stamp, salt: bytes) -> Policy:
    """Return `policy`, a register of `author`, with a block of `subject`, or with the end of the block."""
    tag = block_tag(author, subject)
    rest = tuple(block for block in policy.blocks if block.tag != tag)
    return _edited(policy, stamp, salt, blocks=(*rest, Block(tag, blocked, stamp)))


def with_preference(policy: Policy, preference: Preference, stamp: Stamp, salt: bytes) -> Policy:
    """Return `policy` with another sharing preference; the stamp in `preference` is replaced."""
    return _edited(policy, stamp, salt, preference=preference._replace(stamp=stamp))


def without_one_ended(policy: Policy, others: Iterable[Policy]) -> Policy:
    """Return `policy` without the oldest entry that takes back a vouch or ends a block; `policy` if it has none to spare.

    It makes room in a full register. An entry is kept if a register among `others`, of the person's other devices, has a
    vouch or a block that would hold again without it. The end of a block goes last: a node that missed it keeps the block
    until the version that made it has expired.
    """
    spare = ended_everywhere(policy, others)
    taken_back = [vouch for vouch in policy.vouches if vouch.subject in spare]
    unblocked = [block for block in policy.blocks if block.tag in spare]
    many_blocks = len(policy.blocks) >= BLOCKS_MAX
    ended: Sequence[Vouch | Block] = (unblocked if many_blocks else []) or taken_back or unblocked
    oldest = min(ended, key=lambda entry: entry.stamp, default=None)  # of several, that with the lowest key
    return replace(
        policy,
        vouches=tuple(vouch for vouch in policy.vouches if vouch is not oldest),
        blocks=tuple(block for block in policy.blocks if block is not oldest),
    )


def ended_everywhere(mine: Policy, others: Iterable[Policy]) -> frozenset[bytes]:
    """Return the subjects and tags about which `mine` takes something back that none of the registers `others` gives."""
    return frozenset(_ended(mine)).difference(*map(_given, others))


def overridden(mine: Policy, others: Iterable[Policy]) -> frozenset[bytes]:
    """Return the subjects and tags of the vouches and blocks in `mine` that a later entry among `others` takes back."""
    held = reduce(Entries.merged, map(Entries.of, others), Entries.of(mine))
    ended = {subject for subject, vouch in held.vouches.items() if vouch.weight == 0}
    ended |= {tag for tag, block in held.blocks.items() if not block.blocked}
    return frozenset(_given(mine) & ended)


def heard_by(mine: Policy, others: Iterable[Policy]) -> frozenset[bytes]:
    """Return the subjects and tags about which no device of the registers `others` can ever give what `mine` takes back.

    Such a device has stamped its register with as high a clock, and gives nothing: what it gives from now on has a higher
    stamp, and is said after the taking back.
    """
    others = tuple(others)
    heard = min((other.clock for other in others), default=mine.clock)
    given = frozenset[bytes]().union(*map(_given, others))
    return frozenset(subject for subject, stamp in _ended(mine).items() if stamp <= heard and subject not in given)


def unheard(mine: Policy, others: Iterable[Policy]) -> frozenset[bytes]:
    """Return the subjects and tags about which `others` take something back above the clock of `mine`."""
    return frozenset(key for other in others for key, stamp in _ended(other).items() if stamp > mine.clock)


def caught_up(
    mine: Policy, known: Stamp, salt: bytes, *, take_back: Collection[bytes], forget: Collection[bytes]
) -> Policy:
    """Return `mine` with the clock `known`, at least, without its entries about `forget`, which take something back.

    Its vouches and blocks about `take_back` have ended in it too. `known` is a stamp of the person's registers or, if
    there is something to take back, one above all of them.
    """
    clock = max(mine.clock, known)
    kept = tuple(vouch for vouch in mine.vouches if vouch.weight or vouch.subject not in forget)
    blocks = tuple(block for block in mine.blocks if block.blocked or block.tag not in forget)
    return replace(
        mine,
        salt=salt,
        clock=clock,
        vouches=tuple(Vouch(one.subject, 0, clock) if one.subject in take_back else one for one in kept),
        blocks=tuple(one._replace(blocked=False, stamp=clock) if one.tag in take_back else one for one in blocks),
    )


def _ended(policy: Policy) -> dict[bytes, int]:
    """Return the stamps of the entries that take something back, by subject or tag."""
    ended = {vouch.subject: vouch.stamp for vouch in policy.vouches if vouch.weight == 0}
    return ended | {block.tag: block.stamp for block in policy.blocks if not block.blocked}


def _given(policy: Policy) -> set[bytes]:
    """Return the subjects of the vouches and the tags of the blocks in `policy`."""
    return {
        *(vouch.subject for vouch in policy.vouches if vouch.weight),
        *(block.tag for block in policy.blocks if block.blocked),
    }


def absorb(
    mine: Policy, theirs: Policy, others: Iterable[Policy], stamp: Stamp, salt: bytes, *, blocks_only: bool = False
) -> Policy:
    """Return `mine` with the entries that hold because of `theirs`, a register of another device; `mine` if there are none.

    `others` are the person's further registers: an entry of theirs, or of `mine`, with a higher stamp is not replaced. So
    `theirs` may become void afterwards without any change of access. With `blocks_only` only the entries that keep people
    out are absorbed: blocks, and of the two preferences what is stricter in either. PolicyFull if `mine` has no room for
    them all.
    """
    known = reduce(Entries.merged, map(Entries.of, (mine, *others)))
    held = known.merged(Entries.of(theirs))
    vouches = {} if blocks_only else _decided_by(held.vouches, known.vouches)
    blocks = {
        tag: block for tag, block in _decided_by(held.blocks, known.blocks).items() if block.blocked or not blocks_only
    }
    preference = held.preference
    if blocks_only:
        preference = _stricter(known.preference, held.preference)._replace(stamp=known.preference.stamp)
    if not vouches and not blocks and preference == known.preference:
        return mine
    return _edited(
        mine,
        stamp,
        salt,
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


def decided_by(theirs: Policy, others: Iterable[Policy]) -> tuple[tuple[Vouch, ...], tuple[Block, ...]]:
    """Return the vouches and blocks that hold because of `theirs`; `others` are the person's other registers."""
    known = reduce(Entries.merged, map(Entries.of, others), Entries.of(empty_policy(theirs.salt)))
    held = known.merged(Entries.of(theirs))
    vouches = _decided_by(held.vouches, known.vouches).values()
    return tuple(vouches), tuple(_decided_by(held.blocks, known.blocks).values())


def only(policy: Policy, kept: Collection[bytes]) -> Policy:
    """Return `policy` with those vouches and blocks whose subjects and tags are among `kept`, and no others."""
    return replace(
        policy,
        vouches=tuple(vouch for vouch in policy.vouches if vouch.subject in kept),
        blocks=tuple(block for block in policy.blocks if block.tag in kept),
    )


def _decided_by(held: Mapping[bytes, Entry], known: Mapping[bytes, Entry]) -> dict[bytes, Entry]:
    """Return the entries of `held` that are not in `known` as they are."""
    return {subject: entry for subject, entry in held.items() if known.get(subject) != entry}


def _edited(policy: Policy, stamp: Stamp, salt: bytes, **changes: Any) -> Policy:
    if stamp <= policy.clock:
        raise LocalError("an edit needs a stamp above all that its author knows of")
    edited = replace(policy, salt=salt, clock=stamp, **changes)
    if len(edited.to_body()) > POLICY_BODY_MAX_BYTES:
        raise PolicyFull("policy", f"must not be longer than {POLICY_BODY_MAX_BYTES} bytes")
    return edited
