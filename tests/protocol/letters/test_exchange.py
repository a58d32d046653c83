"""The stage of an exchange follows from a table, and the same moves make the same stage in any order, at both ends."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from protocol.letters import (
    Action,
    AuthoredMove,
    Stage,
    Terms,
    community_tags,
    is_cross_community,
    stage_after,
    stage_of,
)
from protocol.letters.exchange import MESSAGING_OPEN, TRANSITIONS
from tests.support.exchange_picture import picture, rows
from tests.support.exchanges import made, move, terms

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "exchanges.md"
SPECIFICATION = ROOT / "protocol" / "README.md"

kinds = st.builds(terms, st.sampled_from(["offer", "need"]), lend=st.booleans())
whos = st.booleans()
acts = st.sampled_from([act for act in Action if act is not Action.ASK])


@st.composite
def histories(draw: st.DrawFn) -> tuple[Terms, list[AuthoredMove]]:
    """Generate an ask and any moves of either side."""
    asked = draw(kinds)
    rest = draw(st.lists(st.tuples(whos, acts), max_size=10))
    return asked, [
        AuthoredMove(True, move(Action.ASK, asked)),
        *(AuthoredMove(who, move(act, asked)) for who, act in rest),
    ]


@given(histories(), st.data())
def test_moves_make_the_same_stage_in_any_order_and_number(
    history: tuple[Terms, list[AuthoredMove]], data: st.DataObject
) -> None:
    _, moves = history
    again = data.draw(st.lists(st.sampled_from(moves), max_size=8))
    shuffled = data.draw(st.permutations([*moves, *again]))
    assert stage_of(shuffled) is stage_of(moves)
    assert is_cross_community(shuffled) == is_cross_community(moves)


@given(kinds, st.lists(st.tuples(whos, acts), max_size=12))
def test_moves_that_do_not_cross_follow_the_table(asked: Terms, tried: list[tuple[bool, Action]]) -> None:
    stage, moves = Stage.REQUESTED, [AuthoredMove(True, move(Action.ASK, asked))]
    for asker, act in tried:
        following = stage_after(stage, act, asked, asker=asker)
        if following is not None:
            stage = following
            moves.append(AuthoredMove(asker, move(act, asked)))
    assert stage_of(moves) is stage


@given(kinds, st.lists(st.tuples(whos, acts, st.booleans()), max_size=14))
def test_moves_that_cross_make_one_stage_once_both_sides_know_them(
    asked: Terms, tried: list[tuple[bool, Action, bool]]
) -> None:
    begun = AuthoredMove(True, move(Action.ASK, asked))
    knows: dict[bool, list[AuthoredMove]] = {True: [begun], False: [begun]}
    for asker, act, heard in tried:
        if stage_after(stage_of(knows[asker]), act, asked, asker=asker) is not None:
            knows[asker].append(AuthoredMove(asker, move(act, asked)))
        if heard:
            knows[not asker] = [*knows[not asker], *(one for one in knows[asker] if one not in knows[not asker])]
    everything = [*knows[True], *knows[False]]
    assert stage_of(everything) is stage_of(reversed(everything))
    if stage_of(everything) in (Stage.COMPLETED, Stage.GIVEN_BACK, Stage.RETURNED):
        assert {one.by_asker for one in everything if one.move.action is Action.DONE} == {True, False}


@given(kinds, st.lists(st.tuples(whos, acts), max_size=12), whos, st.data())
def test_one_who_has_the_last_move_of_the_other_reads_the_same_stage_if_all_others_were_lost(
    asked: Terms, tried: list[tuple[bool, Action]], reader: bool, data: st.DataObject
) -> None:
    """The other moves of the other person may be lost, all but the ask; one's own are always there."""
    moves = [AuthoredMove(True, move(Action.ASK, asked))]
    for asker, act in tried:
        after = stage_after(stage_of(moves), act, asked, asker=asker)
        if after not in (None, stage_of(moves)):
            moves.append(AuthoredMove(asker, move(act, asked)))
    theirs = [one for one in moves[1:] if one.by_asker is not reader]
    lost = data.draw(st.sets(st.sampled_from(theirs[:-1]))) if theirs[:-1] else set()
    assert stage_of([one for one in moves if one not in lost]) is stage_of(moves)


@pytest.mark.parametrize(
    ("said", "comes_to"),
    [
        ("", Stage.UNHEARD),
        ("owner accept, asker done", Stage.UNHEARD),
        ("asker ask", Stage.REQUESTED),
        ("asker ask, owner accept", Stage.AGREED),
        ("asker ask, owner decline", Stage.DECLINED),
        ("asker ask, asker cancel", Stage.CANCELLED),
        ("asker ask, owner accept, owner done", Stage.GIVEN),
        ("asker ask, owner accept, asker done", Stage.RECEIVED),
        ("asker ask, owner accept, asker done, owner done", Stage.COMPLETED),
        ("asker ask, owner accept, asker done, asker cancel", Stage.CANCELLED),
        ("asker ask, asker cancel, owner accept", Stage.CANCELLED),  # they cross
        ("asker ask, owner accept, owner decline", Stage.AGREED),  # two devices of the owner
        ("asker ask, owner accept, asker done, owner done, asker cancel", Stage.COMPLETED),  # they cross
        ("asker ask, asker accept", Stage.REQUESTED),  # nobody accepts for the other
        ("asker ask, asker decline", Stage.REQUESTED),
        ("asker ask, owner cancel", Stage.CANCELLED),  # the acceptance was lost
        ("asker ask, owner done", Stage.GIVEN),
        ("asker ask, asker done", Stage.REQUESTED),  # nobody can say that the owner has accepted but the owner
        ("asker ask, owner decline, owner cancel", Stage.CANCELLED),
        ("owner cancel, owner done", Stage.UNHEARD),
        ("owner ask", Stage.UNHEARD),
    ],
)
def test_these_moves_make_this_stage(said: str, comes_to: Stage) -> None:
    moves = made(terms(), *said.split(", ")) if said else []
    assert stage_of(moves) is comes_to


def test_in_answer_to_a_need_the_asker_is_the_giver() -> None:
    asked = terms("need")
    assert stage_of(made(asked, "asker ask", "owner accept", "asker done")) is Stage.GIVEN
    assert stage_of(made(asked, "asker ask", "owner accept", "owner done")) is Stage.RECEIVED


@pytest.mark.parametrize(("type_", "giver", "taker"), [("offer", "owner", "asker"), ("need", "asker", "owner")])
def test_a_loan_is_back_when_its_giver_says_so(type_: str, giver: str, taker: str) -> None:
    both = ("asker ask", "owner accept", "asker done", "owner done")
    lent = terms(type_, lend=True)
    assert stage_of(made(lent, *both, f"{taker} returned")) is Stage.GIVEN_BACK
    assert stage_of(made(lent, *both, f"{taker} returned", f"{giver} returned")) is Stage.RETURNED
    assert stage_of(made(lent, *both, f"{giver} returned")) is Stage.RETURNED
    assert stage_of(made(terms(type_), *both, f"{giver} returned")) is Stage.COMPLETED


def test_every_stage_can_be_reached_and_leads_only_to_stages_of_the_table() -> None:
    led_to = {to for ways in TRANSITIONS.values() for to in ways.values()}
    assert set(TRANSITIONS) == set(Stage) == led_to | {Stage.UNHEARD}
    assert all(act is not Action.SAY for ways in TRANSITIONS.values() for act, _ in ways)


def test_messages_change_no_stage_and_end_with_a_refusal() -> None:
    for stage in Stage:
        following = stage_after(stage, Action.SAY, terms(), asker=True)
        assert following is (stage if stage in MESSAGING_OPEN else None)
    assert MESSAGING_OPEN.isdisjoint({Stage.UNHEARD, Stage.DECLINED, Stage.CANCELLED})


@pytest.mark.promise("No approval workflows anywhere")
def test_no_approval_workflows_anywhere_the_two_who_agree_are_all_who_move() -> None:
    """Nobody but the two who agree can approve or forbid an exchange."""
    assert {by for by, _ in made(terms(), "asker ask", "owner accept", "asker done", "owner done")} == {True, False}
    needed = [stage for stage in TRANSITIONS if stage.word in ("approved", "pending")]
    assert not needed


COMMUNITIES = {name: name.encode() * 4 for name in ("downtown", "eastside")}


@pytest.mark.promise("Cross-community exchanges tracked for metrics")
@pytest.mark.parametrize(
    ("askers", "owners", "is_cross"),
    [
        (("downtown",), ("eastside",), True),
        (("downtown",), ("downtown",), False),
        (("downtown", "eastside"), ("eastside",), False),
        ((), ("eastside",), None),
        (("downtown",), (), None),
        ((), (), None),
    ],
)
def test_cross_community_exchanges_are_told_by_what_the_two_name(
    askers: tuple[str, ...], owners: tuple[str, ...], is_cross: bool | None
) -> None:
    """Exchanges between communities are counted for statistics."""
    asked = terms()
    ask, accept = move(Action.ASK, asked), move(Action.ACCEPT, asked)
    ask, accept = (
        replace(one, communities=community_tags(one.exchange, [COMMUNITIES[name] for name in named]))
        for one, named in ((ask, askers), (accept, owners))
    )
    assert is_cross_community([AuthoredMove(True, ask)]) is None
    assert is_cross_community([AuthoredMove(True, ask), AuthoredMove(False, accept)]) is is_cross
    assert is_cross_community([AuthoredMove(False, accept), AuthoredMove(True, ask)]) is is_cross


def test_the_picture_in_the_docs_is_drawn_from_the_table() -> None:
    drawn = f"```mermaid\n{picture()}```\n"
    assert drawn in PAGE.read_text(), f"put this into {PAGE.name}:\n{drawn}"


def test_the_specification_has_the_table_of_stages_as_the_code_has_it() -> None:
    drawn = "".join(f"{row}\n" for row in rows())
    assert drawn in SPECIFICATION.read_text(), f"put this into {SPECIFICATION.name}:\n{drawn}"
