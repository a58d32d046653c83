"""Policies over several devices: merging, changes that narrow, edits, and absorbing another device's entries."""

from __future__ import annotations

from itertools import pairwise, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from protocol import (
    UNSET_PREFERENCE,
    Audience,
    Block,
    InvalidField,
    LocalError,
    Policy,
    PolicyFull,
    Precision,
    Preference,
    Vouch,
)
from protocol.limits import POLICY_BODY_MAX_BYTES
from protocol.numbers import Stamp
from protocol.trust import (
    EffectivePolicy,
    absorb,
    block_tag,
    caught_up,
    covers,
    empty_policy,
    ended_everywhere,
    joined,
    may_reduce_access,
    merge,
    merge_entries,
    only,
    overridden,
    reconciled,
    with_block,
    with_preference,
    with_vouch,
    without_one_ended,
)
from protocol.trust.policies import Entries
from tests.support.long_policies import STAMP, policy_of_length
from tests.support.model import BruteListing, World, brute_consent
from tests.support.webs import someone

ALICE, BOB, CAROL, DAVE = (someone(number) for number in range(1, 5))
SALT = bytes(16)
CLOCK = 9
AUDIENCES = [audience for audience in Audience if audience is not Audience.FOLLOWS]

STAMPS = st.integers(1, 3)
PREFERENCES = st.builds(
    Preference,
    st.sampled_from(AUDIENCES),
    st.sampled_from(Precision),
    st.sampled_from([5, 25]),
    st.integers(0, 3),
    st.sampled_from([0, 0, 7, 9]),
)


@st.composite
def registers(draw: st.DrawFn) -> Policy:
    """Generate registers with few subjects and stamps, so that devices often disagree at one stamp."""
    subjects = draw(st.lists(st.sampled_from([BOB, CAROL, DAVE]), unique=True))
    blocked = draw(st.lists(st.sampled_from([BOB, CAROL]), unique=True))
    return Policy(
        SALT,
        Stamp(CLOCK),
        tuple(Vouch(subject, draw(st.sampled_from([0, 300, 800])), draw(STAMPS)) for subject in subjects),
        tuple(Block(block_tag(ALICE, subject), draw(st.booleans()), draw(STAMPS)) for subject in blocked),
        draw(PREFERENCES),
    )


def register(*vouches: Vouch, blocks: tuple[Block, ...] = (), preference: Preference = UNSET_PREFERENCE) -> Policy:
    return Policy(SALT, Stamp(CLOCK), vouches, blocks, preference)


# --- Branches of one register ----------------------------------------------------------------------------------------


@st.composite
def histories(draw: st.DrawFn, start: Policy) -> list[Policy]:
    """Generate what one device writes from `start` on, the oldest version first."""
    versions = [start]
    for _ in range(draw(st.integers(0, 5))):
        last = versions[-1]
        stamp, subject = last.clock + draw(st.integers(1, 2)), draw(st.sampled_from([BOB, CAROL, DAVE]))
        match draw(st.sampled_from(["vouch", "block", "prefer", "renew", "make room"])):
            case "vouch":
                last = with_vouch(last, subject, draw(st.sampled_from([0, 300, 800])), Stamp(stamp), SALT)
            case "block":
                last = with_block(last, ALICE, subject, draw(st.booleans()), Stamp(stamp), SALT)
            case "prefer":
                last = with_preference(last, draw(PREFERENCES), Stamp(stamp), SALT)
            case "make room":
                last = without_one_ended(last, [])
        versions.append(last)
    return versions


def floors(versions: list[Policy]) -> list[int]:
    """Return the minimum valid version of each version of a history, numbered from 0, as its writer must set it."""
    found = [0]
    for number, (before, after) in enumerate(pairwise(versions), start=1):
        found.append(number if may_reduce_access(before, after) else found[-1])
    return found


def dropped(later: Policy, earlier: Policy) -> bool:
    """Whether something that held in `earlier` was ended since, and then left out to make room."""
    held = {vouch.subject for vouch in earlier.vouches if vouch.weight} - {vouch.subject for vouch in later.vouches}
    blocked = {block.tag for block in earlier.blocks if block.blocked} - {block.tag for block in later.blocks}
    return bool(held or blocked)


@given(registers().flatmap(histories))
def test_each_version_of_a_history_covers_all_before_it_whose_ends_it_still_shows(versions: list[Policy]) -> None:
    for number, later in enumerate(versions):
        assert all(covers(later, earlier) or dropped(later, earlier) for earlier in versions[: number + 1])


@given(registers(), st.lists(registers(), max_size=3), st.data())
def test_a_register_that_catches_up_with_the_others_says_together_with_them_what_it_said(
    mine: Policy, others: list[Policy], data: st.DataObject
) -> None:
    take_back = data.draw(st.sets(st.sampled_from(sorted(overridden(mine, others)) or [b""])))
    forget = data.draw(st.sets(st.sampled_from(sorted(ended_everywhere(mine, others)) or [b""])))
    after = caught_up(mine, Stamp(CLOCK + 1), SALT, take_back=take_back, forget=forget)
    assert merge([after, *others]) == merge([mine, *others])
    assert covers(after, mine)
    assert after.clock == CLOCK + 1
    assert not take_back & {vouch.subject for vouch in after.vouches if vouch.weight}
    assert not forget & {vouch.subject for vouch in after.vouches}


@given(registers().flatmap(histories), st.data())
def test_whichever_versions_a_node_has_missed_nothing_that_was_taken_back_holds(
    versions: list[Policy], data: st.DataObject
) -> None:
    """A node that holds some older version beside the last one trusts nobody whom the last one does not."""
    floor, last = floors(versions), versions[-1]
    kept = data.draw(st.integers(0, len(versions) - 1))
    outdated = kept < floor[-1]
    if covers(last, versions[kept]):
        return  # only the last one is in use
    found = reconciled([last], [versions[kept]]) if outdated else reconciled([last, versions[kept]])
    held, said = merge_entries([found]), merge([last])
    assert all(weight <= said.vouches.get(subject, 0) for subject, weight in held.vouches.items())
    assert held.block_tags >= said.block_tags


@given(registers().flatmap(lambda start: st.lists(histories(start), min_size=2, max_size=3)))
def test_joined_branches_are_covered_and_say_the_stricter_of_what_they_say(machines: list[list[Policy]]) -> None:
    start, ends = machines[0][0], [versions[-1] for versions in machines]
    whole = joined(ends, SALT)
    assert all(covers(whole, end) for end in ends)
    told, said = merge([whole]), [merge([end]) for end in ends]
    both = merge_entries([reconciled(ends)])
    assert (told.vouches, told.block_tags, told.preference[:3]) == (both.vouches, both.block_tags, both.preference[:3])
    assert told.block_tags == frozenset[bytes]().union(*(one.block_tags for one in said))
    for subject in (BOB, CAROL, DAVE):
        spoken = [vouch.weight for end in ends for vouch in end.vouches if vouch.subject == subject]
        assert told.vouches.get(subject, 0) == min(spoken, default=0)
    assert covers(whole, start) or any(not covers(end, start) for end in ends)


@given(registers().flatmap(lambda start: st.tuples(histories(start), histories(start))))
def test_of_two_histories_that_part_neither_covers_what_only_the_other_said(
    machines: tuple[list[Policy], list[Policy]],
) -> None:
    """Otherwise the one that is taken for the newer would take back what it never heard of."""
    one, other = machines[0][-1], machines[1][-1]
    if covers(one, other):
        lost = set(merge([other]).block_tags) - set(merge([one]).block_tags)
        stamps = {block.tag: block.stamp for block in one.blocks}
        assert all(stamps[tag] > other.clock for tag in lost)


@given(st.lists(registers(), min_size=1, max_size=3), st.lists(registers(), max_size=3))
def test_reconciling_takes_branches_in_any_order(branches: list[Policy], outdated: list[Policy]) -> None:
    found = reconciled(branches, outdated)
    assert all(reconciled(order, outdated) == found for order in permutations(branches))
    assert all(reconciled(branches, order) == found for order in permutations(outdated))


# --- Merging ---------------------------------------------------------------------------------------------------------


@given(st.lists(registers(), max_size=4))
def test_merging_is_commutative(devices: list[Policy]) -> None:
    assert all(merge(order) == merge(devices) for order in permutations(devices))


@given(registers(), registers(), registers())
def test_merging_is_associative(a: Policy, b: Policy, c: Policy) -> None:
    first, second, third = Entries.of(a), Entries.of(b), Entries.of(c)
    assert first.merged(second).merged(third) == first.merged(second.merged(third))
    assert first.merged(second).merged(third).effective() == merge([a, b, c])


@given(registers(), registers())
def test_merging_is_idempotent(a: Policy, b: Policy) -> None:
    both = Entries.of(a).merged(Entries.of(b))
    assert both.merged(both) == both == both.merged(Entries.of(a))
    assert merge([a, b, a]) == merge([a, b])


@given(registers(), registers())
def test_of_entries_about_one_subject_the_last_one_holds(a: Policy, b: Policy) -> None:
    """Compare with a tiny model, which for each subject looks through all entries."""
    merged = merge([a, b])
    for subject in (BOB, CAROL, DAVE):
        said = [vouch for device in (a, b) for vouch in device.vouches if vouch.subject == subject]
        last = max((vouch.stamp for vouch in said), default=0)
        weight = min((vouch.weight for vouch in said if vouch.stamp == last), default=0)
        assert merged.vouches.get(subject, 0) == weight
        tag = block_tag(ALICE, subject)
        signed = [block for device in (a, b) for block in device.blocks if block.tag == tag]
        last = max((block.stamp for block in signed), default=0)
        assert (tag in merged.block_tags) == any(block.blocked for block in signed if block.stamp == last)


def test_of_no_devices_nothing_holds_but_the_unset_preference() -> None:
    assert merge([]) == EffectivePolicy({}, frozenset(), UNSET_PREFERENCE)
    assert Preference(Audience.MY_COMMUNITY, Precision.NEIGHBORHOOD, 25, 0) == UNSET_PREFERENCE


def test_a_vouch_taken_back_does_not_return_from_a_device_that_was_away() -> None:
    away = register(Vouch(BOB, 800, 1))
    assert merge([away, register(Vouch(BOB, 0, 2))]).vouches == {}
    assert merge([register(Vouch(BOB, 0, 2)), away, register(Vouch(CAROL, 500, 3))]).vouches == {CAROL: 500}


def test_the_least_weight_is_a_vouch() -> None:
    assert merge([register(Vouch(BOB, 1, 1), Vouch(CAROL, 0, 1))]).vouches == {BOB: 1}


def test_at_equal_stamps_the_more_restrictive_holds() -> None:
    assert merge([register(Vouch(BOB, 800, 2)), register(Vouch(BOB, 300, 2))]).vouches == {BOB: 300}
    tag = block_tag(ALICE, BOB)
    ended, begun = register(blocks=(Block(tag, False, 2),)), register(blocks=(Block(tag, True, 2),))
    assert merge([ended, begun]).block_tags == {tag}
    wide, narrow = Preference(Audience.NETWORK_WIDE, stamp=2), Preference(Audience.MY_CELL, stamp=2)
    assert merge([register(preference=wide), register(preference=narrow)]).preference == narrow
    fine, coarse = Preference(precision=Precision.EXACT, stamp=2), Preference(precision=Precision.CITY, stamp=2)
    assert merge([register(preference=fine), register(preference=coarse)]).preference == coarse
    far, near = Preference(radius_km=30, stamp=2), Preference(radius_km=20, stamp=2)
    assert merge([register(preference=far), register(preference=near)]).preference == near


@given(registers())
def test_one_register_makes_the_policy_that_it_says(policy: Policy) -> None:
    merged = merge([policy])
    assert merged.preference == policy.preference
    assert merged.vouches == {vouch.subject: vouch.weight for vouch in policy.vouches if vouch.weight}


def test_an_unset_preference_never_wins_over_a_choice() -> None:
    chosen = Preference(Audience.NETWORK_WIDE, stamp=1)
    assert merge([register(), register(preference=chosen)]).preference == chosen


# --- Changes that narrow ---------------------------------------------------------------------------------------------

TAG = block_tag(ALICE, BOB)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(register(Vouch(BOB, 800, 1)), register(Vouch(BOB, 799, 2)), id="a vouch lowered"),
        pytest.param(register(Vouch(BOB, 800, 1)), register(Vouch(BOB, 0, 2)), id="a vouch taken back"),
        pytest.param(register(Vouch(BOB, 800, 1)), register(), id="a vouch left out"),
        pytest.param(register(), register(Vouch(BOB, 499, 1)), id="a first vouch weaker than a path may be"),
        pytest.param(register(), register(blocks=(Block(TAG, True, 1),)), id="a block"),
        pytest.param(
            register(preference=Preference(radius_km=25)), register(preference=Preference(radius_km=24)), id="a radius"
        ),
    ],
)
def test_a_change_that_takes_access_away_narrows(old: Policy, new: Policy) -> None:
    assert may_reduce_access(old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(register(Vouch(BOB, 800, 1)), register(Vouch(BOB, 800, 1)), id="a renewal"),
        pytest.param(register(Vouch(BOB, 800, 1)), register(Vouch(BOB, 801, 2)), id="a vouch raised"),
        pytest.param(register(), register(Vouch(BOB, 500, 1)), id="a first vouch that holds every audience"),
        pytest.param(
            register(blocks=(Block(TAG, True, 1),)), register(blocks=(Block(TAG, False, 2),)), id="the end of a block"
        ),
        pytest.param(
            register(preference=Preference(precision=Precision.EXACT)),
            register(preference=Preference(precision=Precision.REGION)),
            id="a precision, which is for what comes after it",
        ),
    ],
)
def test_a_change_that_only_gives_access_does_not_narrow(old: Policy, new: Policy) -> None:
    assert not may_reduce_access(old, new)


def test_an_entry_narrows_if_it_overrides_what_another_device_gave() -> None:
    other = register(Vouch(BOB, 900, 1))
    assert not may_reduce_access(register(), register(Vouch(BOB, 600, 2)))
    assert may_reduce_access(register(), register(Vouch(BOB, 600, 2)), [other])
    assert may_reduce_access(register(), register(Vouch(BOB, 0, 2)), [other])
    assert not may_reduce_access(register(), register(Vouch(BOB, 950, 2)), [other])


def test_an_audience_narrows_unless_it_holds_all_of_the_former_one() -> None:
    """Compare with the model, with viewers in all positions of a world, whether the change takes a listing from any."""
    author, corners = (
        ALICE,
        [
            (cell, community, trust, near)
            for cell in (0, 1)
            for community in (0, 1)
            for trust in (0, 300, 800)
            for near in (0, 1)
        ],
    )
    world = World(km={("here", "there"): 900.0})
    for number, (cell, community, trust, near) in enumerate(corners, start=100):
        viewer = someone(number)
        if cell:
            world.cells.append({author, viewer})
        if community:
            world.communities.append({author, viewer})
        if trust:
            world.vouches[author, viewer] = trust
        world.places[viewer] = "here" if near else "there"
    viewers = sorted(world.places)

    def audience(word: Audience) -> set[bytes]:
        listing = BruteListing(author, word.word, place="here")
        return {viewer for viewer in viewers if brute_consent(world, listing, viewer)}

    for old in AUDIENCES:
        for new in AUDIENCES:
            change = register(preference=Preference(old)), register(preference=Preference(new))
            assert may_reduce_access(*change) == (not audience(old) <= audience(new)), (old, new)


@given(registers(), registers(), st.lists(registers(), max_size=2))
def test_a_change_that_does_not_narrow_leaves_everybody_their_access(
    old: Policy, new: Policy, others: list[Policy]
) -> None:
    if not may_reduce_access(old, new, others):
        before, after = merge([old, *others]), merge([new, *others])
        assert all(after.vouches.get(subject, 0) >= weight for subject, weight in before.vouches.items())
        assert after.block_tags <= before.block_tags
        assert after.preference.radius_km >= before.preference.radius_km


# --- Edits -----------------------------------------------------------------------------------------------------------


def test_edits_replace_what_was_said_before() -> None:
    policy = with_vouch(empty_policy(SALT), BOB, 700, Stamp(1), b"a" * 16)
    policy = with_vouch(policy, CAROL, 800, Stamp(2), b"b" * 16)
    policy = with_vouch(policy, BOB, 0, Stamp(3), b"c" * 16)
    assert policy == Policy(b"c" * 16, Stamp(3), (Vouch(BOB, 0, 3), Vouch(CAROL, 800, 2)))
    policy = with_block(policy, ALICE, BOB, True, Stamp(4), SALT)
    policy = with_block(policy, ALICE, BOB, False, Stamp(7), SALT)
    policy = with_preference(policy, Preference(Audience.TRUSTED_NETWORK, stamp=99), Stamp(8), SALT)
    assert policy.blocks == (Block(TAG, False, 7),)
    assert policy.preference == Preference(Audience.TRUSTED_NETWORK, stamp=8)
    assert policy.clock == 8
    assert Policy.parse(policy.to_body()) == policy


def test_an_edit_wins_over_every_entry_known_before() -> None:
    other = register(Vouch(BOB, 900, CLOCK))
    edited = with_vouch(empty_policy(SALT), BOB, 200, Stamp(CLOCK + 1), SALT)
    assert merge([edited, other]).vouches == {BOB: 200}


def test_an_edit_with_an_old_stamp_is_a_local_error() -> None:
    with pytest.raises(LocalError, match="stamp"):
        with_vouch(register(), BOB, 500, Stamp(CLOCK), SALT)


@pytest.mark.parametrize("weight", [-1, 1001])
def test_fault_18_an_edit_refuses_a_weight_out_of_range(weight: int) -> None:
    with pytest.raises(InvalidField, match="trust must be from 0 to 1000"):
        with_vouch(empty_policy(SALT), BOB, weight, Stamp(1), SALT)


def test_an_edit_may_make_a_policy_only_as_long_as_a_record_may_be() -> None:
    fits, next_stamp = policy_of_length(POLICY_BODY_MAX_BYTES), Stamp(STAMP + 1)
    last = fits.vouches[-1].subject  # with a weight that takes as many bytes
    assert len(with_vouch(fits, last, 501, next_stamp, SALT).to_body()) == POLICY_BODY_MAX_BYTES
    with pytest.raises(PolicyFull, match=str(POLICY_BODY_MAX_BYTES)):
        with_vouch(policy_of_length(POLICY_BODY_MAX_BYTES + 1), last, 501, next_stamp, SALT)


@given(registers(), st.sampled_from([0, 300, 800]))
def test_an_edit_changes_one_entry_only(policy: Policy, weight: int) -> None:
    before = merge([policy])
    after = merge([with_vouch(policy, BOB, weight, Stamp(CLOCK + 1), SALT)])
    assert {**before.vouches, BOB: weight} == {**after.vouches, BOB: weight}
    assert after.vouches.get(BOB, 0) == weight
    assert (after.block_tags, after.preference) == (before.block_tags, before.preference)


# --- Absorbing -------------------------------------------------------------------------------------------------------


def said(policies: list[Policy]) -> EffectivePolicy:
    """Return the policy that these registers make, without stamps."""
    merged = merge(policies)
    return replace(merged, preference=merged.preference._replace(stamp=0))


@given(registers(), registers(), st.lists(registers(), max_size=2))
def test_absorbed_entries_hold_without_the_device_that_wrote_them(
    mine: Policy, theirs: Policy, others: list[Policy]
) -> None:
    after = absorb(mine, theirs, others, Stamp(CLOCK + 1), SALT)
    assert said([after, *others]) == said([after, theirs, *others]) == said([mine, theirs, *others])
    assert absorb(after, theirs, others, Stamp(CLOCK + 2), SALT) is after


@given(registers(), registers(), registers())
def test_absorbed_entries_do_not_override_an_absent_device(mine: Policy, theirs: Policy, absent: Policy) -> None:
    """A device that was away comes back after the other register is void, and the policy is as if both were there."""
    after = absorb(mine, theirs, [], Stamp(CLOCK + 1), SALT)
    together = merge([mine, theirs])
    spoken = {vouch.subject for vouch in theirs.vouches if vouch not in mine.vouches} & {
        vouch.subject for vouch in after.vouches if vouch.stamp == CLOCK + 1
    }
    for subject in spoken:
        assert merge([after, absent]).vouches.get(subject, 0) == together.vouches.get(subject, 0)


@given(registers(), registers(), st.lists(registers(), max_size=2))
def test_with_blocks_alone_nobody_gains_access(mine: Policy, theirs: Policy, others: list[Policy]) -> None:
    after = merge([absorb(mine, theirs, others, Stamp(CLOCK + 1), SALT, blocks_only=True), *others])
    rest, all_of_them = merge([mine, *others]), merge([mine, theirs, *others])
    assert after.block_tags == rest.block_tags | all_of_them.block_tags
    assert after.vouches == rest.vouches
    before, given = rest.preference, all_of_them.preference
    assert after.preference[:3] == (
        min(before.audience, given.audience),
        min(before.precision, given.precision),
        min(before.radius_km, given.radius_km),
    )
    assert after.preference.paused == max(before.paused, given.paused)


def test_a_pause_absorbed_from_a_stolen_device_does_not_widen_the_preference() -> None:
    mine = register(preference=Preference(Audience.MY_CELL, stamp=2))
    theirs = register(preference=Preference(Audience.NETWORK_WIDE, stamp=3, paused=1))
    after = absorb(mine, theirs, [], Stamp(CLOCK + 1), SALT, blocks_only=True)
    assert (after.preference.audience, after.preference.paused) == (Audience.MY_CELL, 1)


def test_a_preference_that_holds_anyway_is_not_absorbed() -> None:
    """The register says of its own preference what it said: another one of the person's was chosen elsewhere."""
    mine, other = register(), register(preference=Preference(Audience.MY_CELL, stamp=2))
    after = absorb(mine, register(Vouch(BOB, 500, 1)), [other], Stamp(CLOCK + 1), SALT)
    assert after.preference == mine.preference
    after = absorb(mine, register(preference=Preference(Audience.MY_CELL, stamp=3)), [other], Stamp(CLOCK + 1), SALT)
    assert after.preference == Preference(Audience.MY_CELL, stamp=CLOCK + 1)


def test_of_a_policy_only_the_chosen_vouches_and_blocks_are_kept() -> None:
    tags = [block_tag(ALICE, subject) for subject in (BOB, CAROL)]
    policy = register(Vouch(BOB, 500, 1), Vouch(CAROL, 0, 1), blocks=tuple(Block(tag, True, 1) for tag in tags))
    kept = only(policy, {BOB, tags[1]})
    assert (kept.vouches, kept.blocks) == ((Vouch(BOB, 500, 1),), (Block(tags[1], True, 1),))
    assert kept == replace(policy, vouches=kept.vouches, blocks=kept.blocks)


# --- Many devices ----------------------------------------------------------------------------------------------------


def test_of_more_vouches_than_a_person_may_have_those_with_the_highest_stamps_count_in_any_order() -> None:
    people = [number.to_bytes(32, "big") for number in range(1500)]
    blocked = tuple(Block(block_tag(ALICE, subject), True, 1) for subject in people[:700])
    old = Policy(SALT, Stamp(5), tuple(Vouch(one, 500, 1 + at % 5) for at, one in enumerate(people[:900])), blocked)
    new = Policy(SALT, Stamp(9), tuple(Vouch(one, 600, 9) for one in people[900:]))
    effective = merge([old, new])
    assert effective == merge([new, old])
    kept = sorted(people[:900], key=lambda one: (-(1 + people.index(one) % 5), one))[:400]
    assert effective.vouches.keys() == {*people[900:], *kept}
    assert len(effective.block_tags) == 700
