"""Branches of one register, case by case: what a version covers, and what two that were written apart say together."""

from __future__ import annotations

from typing import Any

import pytest

from protocol import UNSET_PREFERENCE, Audience, Block, Policy, PolicyFull, Precision, Preference, Vouch
from protocol.limits import BLOCKS_MAX, POLICY_BODY_MAX_BYTES, STAMP_MAX, VOUCHES_MAX
from protocol.numbers import Stamp
from protocol.trust import block_tag, covers, joined, may_reduce_access, reconciled
from tests.support.long_policies import policy_of_length
from tests.support.webs import someone

ALICE, BOB, CAROL, DAVE = (someone(number) for number in range(1, 5))
CLOCK = 9
ENDED, HELD = block_tag(ALICE, BOB), block_tag(ALICE, CAROL)
CELL = Preference(Audience.MY_CELL, stamp=2)
VOUCHES = (Vouch(BOB, 300, 2), Vouch(CAROL, 0, 2))
BLOCKS = (Block(ENDED, False, 2), Block(HELD, True, 2))


def version(
    vouches: tuple[Vouch, ...] = VOUCHES,
    blocks: tuple[Block, ...] = BLOCKS,
    preference: Preference = CELL,
    *,
    clock: int = CLOCK,
) -> Policy:
    return Policy(bytes(16), Stamp(clock), vouches, blocks, preference)


@pytest.mark.parametrize(
    ("changes", "known"),
    [
        pytest.param({}, True, id="nothing"),
        pytest.param({"vouches": VOUCHES[1:]}, False, id="a vouch is left out"),
        pytest.param({"vouches": VOUCHES[:1]}, True, id="a vouch that was taken back is left out"),
        pytest.param({"vouches": (Vouch(BOB, 0, CLOCK), VOUCHES[1])}, False, id="a vouch of before changes"),
        pytest.param({"vouches": (Vouch(BOB, 0, CLOCK + 1), VOUCHES[1])}, True, id="a vouch changes later"),
        pytest.param({"vouches": (*VOUCHES, Vouch(DAVE, 1, CLOCK))}, False, id="a vouch of before comes"),
        pytest.param({"vouches": (*VOUCHES, Vouch(DAVE, 1, CLOCK + 1))}, True, id="a vouch comes later"),
        pytest.param({"blocks": BLOCKS[:1]}, False, id="a block is left out"),
        pytest.param({"blocks": BLOCKS[1:]}, True, id="a block that has ended is left out"),
        pytest.param({"blocks": (BLOCKS[0], Block(HELD, False, CLOCK))}, False, id="a block of before ends"),
        pytest.param({"blocks": (BLOCKS[0], Block(HELD, False, CLOCK + 1))}, True, id="a block ends later"),
        pytest.param({"preference": CELL._replace(radius_km=5)}, False, id="a preference of before changes"),
        pytest.param({"preference": CELL._replace(stamp=CLOCK)}, False, id="a preference has the clock of before"),
        pytest.param({"preference": CELL._replace(stamp=CLOCK + 1)}, True, id="a preference is chosen later"),
    ],
)
def test_a_version_covers_what_its_writer_can_have_changed(changes: dict[str, Any], *, known: bool) -> None:
    assert covers(version(clock=CLOCK + 1, **changes), version()) == known


def test_of_two_branches_the_stricter_word_holds_with_the_higher_stamp() -> None:
    """Else an entry of another device could come between the two and win over the stricter one."""
    strict = version((Vouch(BOB, 300, 2),), (Block(HELD, True, 2),))
    late = version((Vouch(BOB, 800, 5),), (Block(HELD, False, 5),))
    for branches in ([strict, late], [late, strict]):
        found = reconciled(branches)
        assert found.vouches == {BOB: Vouch(BOB, 300, 5)}
        assert found.blocks == {HELD: Block(HELD, True, 5)}


def test_of_an_outdated_branch_only_what_takes_something_back_counts() -> None:
    outdated = version((Vouch(BOB, 0, 2), Vouch(CAROL, 1, 2)), (Block(ENDED, False, 2), Block(HELD, True, 2)))
    found = reconciled([version((), (), UNSET_PREFERENCE)], [outdated])
    assert found.vouches == {BOB: Vouch(BOB, 0, 2)}
    assert found.blocks[HELD].blocked


def test_branches_are_joined_even_when_a_thief_has_used_up_all_stamps() -> None:
    assert joined([version(clock=STAMP_MAX), version()], bytes(16)).clock == STAMP_MAX
    assert joined([version(clock=STAMP_MAX - 1), version()], bytes(16)).clock == STAMP_MAX
    assert joined([version(), version(clock=CLOCK + 1)], bytes(16)).clock == CLOCK + 2


def test_where_branches_have_too_many_vouches_the_oldest_that_give_are_left_out() -> None:
    taken_back = Vouch(BOB, 0, 1)
    given = tuple(Vouch(someone(10 + number), 500, 2 + number) for number in range(VOUCHES_MAX))
    branches = [version((taken_back, *some), (), clock=VOUCHES_MAX + 2) for some in (given[:-1], given[1:])]
    whole = joined(branches, bytes(16))
    assert taken_back in whole.vouches
    assert len(whole.vouches) == VOUCHES_MAX
    assert {vouch.subject for vouch in whole.vouches} >= {vouch.subject for vouch in given[2:]}


def test_where_branches_have_too_many_blocks_those_that_have_ended_are_left_out() -> None:
    def blocks(first: int, last: int) -> tuple[Block, ...]:
        return tuple(Block(block_tag(ALICE, someone(10 + number)), True, 2) for number in range(first, last))

    ended = Block(ENDED, False, 2)
    fits = joined([version((), (*blocks(0, BLOCKS_MAX - 1), ended)), version((), ())], bytes(16))
    assert ended[0] in {block.tag for block in fits.blocks}
    full = joined([version((), (*blocks(0, BLOCKS_MAX - 1), ended)), version((), blocks(1, BLOCKS_MAX))], bytes(16))
    assert [block.blocked for block in full.blocks] == [True] * BLOCKS_MAX


@pytest.mark.parametrize("ended", [0, 400])
def test_where_branches_are_too_long_for_a_record_only_as_many_vouches_are_left_out_as_must_be(ended: int) -> None:
    """First what has ended is left out, then the oldest vouches: no block is lost, and one vouch more would be too long."""
    stamp = STAMP_MAX - 2 * VOUCHES_MAX
    given = tuple(Vouch(someone(10 + number), 500, stamp + number) for number in range(VOUCHES_MAX))
    held = BLOCKS_MAX - ended
    tags = [block_tag(ALICE, someone(10 + number)) for number in range(BLOCKS_MAX)]
    blocks = tuple(Block(tag, number < held, stamp) for number, tag in enumerate(tags))
    long = version(given, blocks, clock=stamp + VOUCHES_MAX)
    whole = joined([long, long], bytes(16))
    left = len(whole.vouches)
    assert {block.tag for block in whole.blocks} == set(tags[:held])
    assert {vouch.subject for vouch in whole.vouches} == {vouch.subject for vouch in given[VOUCHES_MAX - left :]}
    spare = POLICY_BODY_MAX_BYTES - len(whole.to_body())
    one, two = (len(version(given[:number], (), clock=long.clock).to_body()) for number in (1, 2))
    assert 0 <= spare < two - one


def test_branches_that_are_just_as_long_as_a_record_may_be_lose_nothing() -> None:
    longest = policy_of_length(POLICY_BODY_MAX_BYTES)
    assert len(longest.to_body()) == POLICY_BODY_MAX_BYTES
    whole = joined([longest, longest], bytes(16))
    assert (whole.vouches, whole.blocks) == (longest.vouches, longest.blocks)
    too_long = policy_of_length(POLICY_BODY_MAX_BYTES + 1)
    assert len(joined([too_long, too_long], bytes(16)).vouches) == len(too_long.vouches) - 1


def test_blocks_in_force_that_are_too_many_are_never_left_out() -> None:
    one, other = (
        tuple(Block(block_tag(ALICE, someone(begin + number)), True, 2) for number in range(BLOCKS_MAX))
        for begin in (10, 10 + BLOCKS_MAX)
    )
    with pytest.raises(PolicyFull):
        joined([version((), one), version((), other)], bytes(16))


def test_what_all_branches_say_keeps_its_stamp() -> None:
    whole = joined([version(), version(clock=CLOCK + 1)], bytes(16))
    assert set(whole.vouches) == set(VOUCHES)
    assert set(whole.blocks) == set(BLOCKS)
    assert whole.preference == CELL


def test_of_two_preferences_each_part_is_the_stricter_one() -> None:
    one = Preference(Audience.MY_CELL, Precision.EXACT, 30, 2)
    other = Preference(Audience.NETWORK_WIDE, Precision.CITY, 20, 5)
    for branches in ([one, other], [other, one]):
        found = reconciled([version((), (), preference) for preference in branches])
        assert found.preference == Preference(Audience.MY_CELL, Precision.CITY, 20, 5)


@pytest.mark.parametrize(
    ("before", "after", "takes"),
    [
        pytest.param(1, 0, True, id="the least vouch is taken back"),
        pytest.param(300, 299, True, id="lowered"),
        pytest.param(100, 300, False, id="a weak vouch is raised"),
        pytest.param(0, 499, True, id="a first vouch gives less than paths may have given"),
        pytest.param(0, 500, False, id="a first vouch gives enough"),
    ],
)
def test_a_vouch_takes_access_away_if_it_falls_or_begins_weak(before: int, after: int, *, takes: bool) -> None:
    old, new = (version((Vouch(BOB, weight, stamp),)) for weight, stamp in ((before, 2), (after, 3)))
    assert may_reduce_access(old, new) == takes
