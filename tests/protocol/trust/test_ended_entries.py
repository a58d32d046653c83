"""Entries that take something back: which of them make room, which are forgotten, and which follow another device's."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from protocol import Block, Policy, Vouch
from protocol.limits import BLOCKS_MAX
from protocol.numbers import Stamp
from protocol.trust import block_tag, caught_up, ended_everywhere, heard_by, overridden, unheard, without_one_ended
from tests.support.webs import someone

ALICE, BOB, CAROL, DAVE = (someone(number) for number in range(1, 5))
SALT, OTHER_SALT = bytes(16), b"s" * 16
CLOCK = 9
TAGS = [block_tag(ALICE, subject) for subject in (BOB, CAROL, DAVE)]


def register(*vouches: Vouch, blocks: tuple[Block, ...] = ()) -> Policy:
    return Policy(SALT, Stamp(CLOCK), vouches, blocks)


# --- Making room -----------------------------------------------------------------------------------------------------


def test_a_full_register_gives_up_what_was_taken_back_before_the_end_of_a_block() -> None:
    """A node that missed it learns of a vouch that was taken back all the same, and not of the end of a block."""
    full = register(Vouch(BOB, 0, 5), Vouch(CAROL, 0, 6), blocks=(Block(TAGS[0], False, 1),))
    once = without_one_ended(full, [])
    assert (once.vouches, once.blocks) == ((Vouch(CAROL, 0, 6),), full.blocks)
    twice = without_one_ended(once, [])
    assert (twice.vouches, twice.blocks) == ((), full.blocks)
    assert without_one_ended(twice, []).blocks == ()


def test_a_register_gives_up_nothing_that_would_hold_again_without_it() -> None:
    """That is, no vouch or block that ended here and that a register of another device still gives."""
    full = register(
        Vouch(BOB, 0, 2),
        Vouch(CAROL, 0, 3),
        Vouch(DAVE, 500, 1),
        blocks=tuple(Block(tag, tag == TAGS[2], 2) for tag in TAGS),
    )
    other = register(Vouch(BOB, 800, 1), blocks=(Block(TAGS[0], True, 1),))
    once = without_one_ended(full, [other])
    assert once == replace(full, vouches=(full.vouches[0], full.vouches[2]))
    twice = without_one_ended(once, [other])
    assert {block.tag for block in twice.blocks} == {TAGS[0], TAGS[2]}
    assert without_one_ended(twice, [other]) == twice


@pytest.mark.parametrize(("blocks", "goes"), [(BLOCKS_MAX, "the block"), (BLOCKS_MAX - 1, "the vouch")])
def test_only_a_register_with_no_room_for_a_block_gives_up_the_end_of_a_block_first(blocks: int, goes: str) -> None:
    held = tuple(Block(number.to_bytes(16, "big"), number > 0, 2) for number in range(blocks))
    full = register(Vouch(BOB, 0, 1), blocks=held)
    made = without_one_ended(full, [])
    assert made == (replace(full, blocks=full.blocks[1:]) if goes == "the block" else replace(full, vouches=()))


def test_the_oldest_entry_goes_first_and_of_several_that_of_the_lowest_key() -> None:
    by_key = sorted((BOB, CAROL, DAVE))
    same = register(*(Vouch(subject, 0, 2) for subject in by_key))
    assert [vouch.subject for vouch in without_one_ended(same, []).vouches] == by_key[1:]
    older = register(Vouch(by_key[0], 0, 2), Vouch(by_key[1], 0, 1))
    assert [vouch.subject for vouch in without_one_ended(older, []).vouches] == by_key[:1]


# --- Catching up -----------------------------------------------------------------------------------------------------

VOUCHES = (Vouch(BOB, 500, 2), Vouch(CAROL, 0, 3), Vouch(DAVE, 800, 4))
BLOCKS = (Block(TAGS[0], True, 2), Block(TAGS[1], False, 3), Block(TAGS[2], True, 4))
MINE = register(*VOUCHES, blocks=BLOCKS)


def test_what_was_taken_back_elsewhere_is_taken_back_here_too_and_nothing_else() -> None:
    after = caught_up(MINE, Stamp(CLOCK + 3), OTHER_SALT, take_back={BOB, TAGS[2]}, forget=())
    assert set(after.vouches) == {Vouch(BOB, 0, CLOCK + 3), *VOUCHES[1:]}
    assert set(after.blocks) == {Block(TAGS[2], False, CLOCK + 3), *BLOCKS[:2]}
    assert (after.clock, after.salt) == (CLOCK + 3, OTHER_SALT)


def test_only_what_takes_something_back_is_forgotten() -> None:
    everything = {BOB, CAROL, DAVE, *TAGS}
    after = caught_up(MINE, Stamp(CLOCK), OTHER_SALT, take_back=(), forget=everything)
    assert set(after.vouches) == {VOUCHES[0], VOUCHES[2]}
    assert set(after.blocks) == {BLOCKS[0], BLOCKS[2]}
    some = caught_up(MINE, Stamp(CLOCK), OTHER_SALT, take_back=(), forget={BOB, CAROL})
    assert set(some.blocks) == set(BLOCKS)


def test_the_clock_of_a_register_never_goes_back() -> None:
    assert caught_up(MINE, Stamp(CLOCK - 1), OTHER_SALT, take_back=(), forget=()).clock == CLOCK


def test_a_device_has_heard_of_an_end_if_its_clock_is_as_high_and_it_gives_nothing() -> None:
    mine = Policy(SALT, Stamp(9), (Vouch(BOB, 0, 5), Vouch(CAROL, 0, 8), Vouch(DAVE, 0, 2)))
    behind, gives = Policy(SALT, Stamp(5)), Policy(SALT, Stamp(9), (Vouch(DAVE, 300, 1),))
    assert heard_by(mine, []) == {BOB, CAROL, DAVE}
    assert heard_by(mine, [behind]) == {BOB, DAVE}
    assert heard_by(mine, [behind, gives]) == {BOB}
    assert unheard(behind, [mine]) == {CAROL}
    assert overridden(gives, [mine]) == {DAVE}
    assert ended_everywhere(mine, [gives]) == {BOB, CAROL}


@pytest.mark.parametrize(
    ("other", "heard"),
    [
        pytest.param(Policy(SALT, Stamp(3)), {CAROL, TAGS[1]}, id="its clock is as high"),
        pytest.param(Policy(SALT, Stamp(2)), set(), id="its clock is lower"),
        pytest.param(Policy(SALT, Stamp(9), (Vouch(CAROL, 1, 1),)), {TAGS[1]}, id="it gives the vouch"),
        pytest.param(Policy(SALT, Stamp(9), blocks=(Block(TAGS[1], True, 1),)), {CAROL}, id="it has the block"),
        pytest.param(Policy(SALT, Stamp(9), (Vouch(CAROL, 0, 1),)), {CAROL, TAGS[1]}, id="it takes it back too"),
    ],
)
def test_another_device_has_heard_of_an_end(other: Policy, heard: set[bytes]) -> None:
    assert heard_by(MINE, [other]) == heard


def test_a_vouch_or_block_is_overridden_by_a_later_end_of_it() -> None:
    ends = (Vouch(BOB, 0, 3), Vouch(DAVE, 0, 3)), (Block(TAGS[0], False, 3), Block(TAGS[2], False, 3))
    assert overridden(MINE, [register(*ends[0], blocks=ends[1])]) == {BOB, TAGS[0]}
    assert overridden(MINE, []) == frozenset()
