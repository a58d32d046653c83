"""What is lent is called to mind in time, and a request does not wait for ever: by virtual clocks, on both sides."""

from __future__ import annotations

import pytest

from meshnode.app.events import Subjects, subjects_of
from meshnode.app.exchanges import exchanges as cases
from meshnode.app.exchanges.exchanges import MoveOrder
from meshnode.app.exchanges.view import ExchangeView
from meshnode.app.explain import status
from meshnode.app.explain.status import NetworkState
from meshnode.app.listings import lifecycle, listings
from meshnode.app.listings.lifecycle import Renewal
from meshnode.errors import Refused
from meshnode.text import exchanges as text
from protocol import limits, person_text
from tests.app.exchanging import all_of, inbox, make, offer, respond, states
from tests.app.neighbors import Neighbor
from tests.support.mesh import Mesh

People = tuple[Neighbor, Neighbor, Neighbor]
DAY, HOUR = limits.DAY, limits.HOUR


def lent(mesh: Mesh, people: People, *said: str, days: int = 3) -> str:
    """Carol lends Alice a ladder for some days, and these have confirmed that it was handed over."""
    alice, _, carol = people
    offer(mesh, carol, "Ladder", lend=True, return_by=carol.replica.clock.now() + days * DAY)
    exchange = respond(mesh, alice, "Ladder")
    make(mesh, carol, exchange, "accept")
    for who in said:
        make(mesh, {"alice": alice, "carol": carol}[who], exchange, "done")
    return exchange


def later(mesh: Mesh, seconds: float) -> None:
    mesh.advance(seconds)
    mesh.settle()


# --- lent ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hours", "state"), [(0, ""), (47, ""), (49, "due"), (71, "due"), (73, "overdue"), (13 * 24, "overdue")]
)
@pytest.mark.parametrize("confirmed", [("carol", "alice"), ("carol",), ("alice",)])
def test_both_are_reminded_the_day_before_and_when_it_is_overdue(
    mesh: Mesh, people: People, hours: int, state: str, confirmed: tuple[str, ...]
) -> None:
    """Also where one of the two forgot to confirm that it was handed over."""
    lent(mesh, people, *confirmed)
    alice, _, carol = people
    later(mesh, hours * HOUR)
    for neighbor in (alice, carol):
        (seen,) = all_of(mesh, neighbor)
        assert seen.return_state == state
        assert (not state) or seen in inbox(mesh, neighbor)


@pytest.mark.parametrize("confirmed", [(), ("carol", "alice")])
def test_what_was_not_handed_over_or_is_back_is_not_overdue(
    mesh: Mesh, people: People, confirmed: tuple[str, ...]
) -> None:
    exchange = lent(mesh, people, *confirmed)
    alice, _, carol = people
    if confirmed:
        make(mesh, alice, exchange, "returned")
    later(mesh, 10 * DAY)
    assert [seen.return_state for each in (alice, carol) for seen in all_of(mesh, each)] == ["", ""]


@pytest.mark.parametrize(("hours", "told"), [(47, 0), (49, 1), (73, 2)])
def test_who_listens_for_events_is_told_once_when_it_is_due_and_once_when_it_is_overdue(
    mesh: Mesh, people: People, hours: int, told: int
) -> None:
    lent(mesh, people, "carol", "alice")
    alice = people[0]
    events: list[Subjects] = []
    alice.replica.changes.subscribe(lambda change: events.append(subjects_of(change)) if change.exchanges else None)
    for _ in range(hours):
        later(mesh, HOUR)
    assert events == [{"exchanges": frozenset({person_text(people[2].person)})}] * told


def test_what_is_lent_without_a_day_is_never_overdue(mesh: Mesh, people: People) -> None:
    alice, _, carol = people
    offer(mesh, carol, "Ladder", lend=True)
    exchange = respond(mesh, alice, "Ladder")
    for neighbor, act in ((carol, "accept"), (carol, "done"), (alice, "done")):
        make(mesh, neighbor, exchange, act)
    later(mesh, 20 * DAY)
    assert [seen.return_state for each in (alice, carol) for seen in all_of(mesh, each)] == ["", ""]


def test_every_state_of_a_lent_thing_has_a_sentence_of_its_own() -> None:
    assert len(set(text.LENT.values())) == len(text.LENT)
    assert {state for _, state in text.LENT} == {"", "by", "due", "overdue"}


# --- asked, and not answered -----------------------------------------------------------------------------------------


@pytest.fixture
def soup(mesh: Mesh, people: People) -> str:
    """Alice has asked for Carol's soup, which is offered for two days, and Carol has heard it."""
    alice, _, carol = people
    offer(mesh, carol, "Soup", category="food", quantity=2)
    exchange = respond(mesh, alice, "Soup")
    assert states(mesh, carol) == ["requested"]
    return exchange


def test_a_request_that_nobody_answered_ran_out_on_both_sides(mesh: Mesh, people: People, soup: str) -> None:
    alice, _, carol = people
    later(mesh, 2 * DAY - 60)
    assert states(mesh, alice) == states(mesh, carol) == ["requested"]
    later(mesh, 120)
    for _ in range(3):
        assert states(mesh, alice) == states(mesh, carol) == ["unanswered"]
        later(mesh, DAY)
    (seen,) = inbox(mesh, alice)
    assert text.summary({**_reply(seen), "words": ""}) == (
        "Soup of Carol ran out unanswered. You can ask again if it is renewed."
    )
    later(mesh, 60 * DAY)  # and its records are gone
    assert states(mesh, alice) == states(mesh, carol) == ["unanswered"]
    assert inbox(mesh, alice) == inbox(mesh, carol) == []


def _reply(seen: ExchangeView) -> dict[str, object]:
    listing = {"title": seen.listing.title, "type": seen.listing.type}
    return {
        "state": seen.state,
        "asked": seen.asked,
        "with": {"name": seen.with_.name},
        "listing": listing,
        "quantity": seen.quantity,
        "unit": seen.unit,
    }


def test_a_renewal_in_time_keeps_the_request_open(mesh: Mesh, people: People, soup: str) -> None:
    alice, _, carol = people
    later(mesh, 2 * DAY - HOUR)
    lifecycle.renew(carol.replica, carol.catalog, "Soup", Renewal())
    later(mesh, 2 * HOUR)
    assert states(mesh, alice) == states(mesh, carol) == ["requested"]


def test_an_end_that_is_brought_forward_ends_the_request(mesh: Mesh, people: People, soup: str) -> None:
    alice, _, carol = people
    listings.edit(carol.replica, carol.catalog, "Soup", listings.ListingEdit(expires_in=HOUR))
    later(mesh, 60)
    later(mesh, 2 * HOUR)
    assert states(mesh, alice) == states(mesh, carol) == ["unanswered"]


def test_one_command_renews_and_answers(mesh: Mesh, people: People, soup: str) -> None:
    alice, bob, carol = people
    later(mesh, 3 * DAY)
    assert bob.titles() == []
    cases.move(carol.replica, soup, MoveOrder("accept", renew=True))
    mesh.settle()
    later(mesh, 60)
    assert states(mesh, alice) == ["agreed"]
    assert [found.quantity for found in bob.discover().results] == [1]


def test_the_owner_can_answer_late_without_offering_it_again(mesh: Mesh, people: People, soup: str) -> None:
    alice, bob, carol = people
    later(mesh, 3 * DAY)
    make(mesh, carol, soup, "accept")
    later(mesh, 60)
    assert states(mesh, alice) == ["agreed"]
    assert bob.titles() == []
    lifecycle.renew(carol.replica, carol.catalog, "Soup", Renewal())
    mesh.settle()
    with pytest.raises(Refused, match="only 1 left"):  # of the two portions one is promised
        respond(mesh, bob, "Soup", quantity=2)


def test_what_ran_out_can_be_asked_for_again_once_it_is_renewed(mesh: Mesh, people: People, soup: str) -> None:
    alice, _, carol = people
    later(mesh, 3 * DAY)
    lifecycle.renew(carol.replica, carol.catalog, "Soup", Renewal())
    mesh.settle()
    for _ in range(2):
        later(mesh, 60)
    assert states(mesh, alice) == ["requested"]  # the old request counts again: nobody need ask twice
    with pytest.raises(Refused, match="already asked"):
        respond(mesh, alice, "Soup")


def test_the_owner_is_warned_before_it_ends_that_somebody_waits(mesh: Mesh, people: People, soup: str) -> None:
    _, _, carol = people
    offer(mesh, carol, "Stew", category="food")
    later(mesh, DAY + HOUR)
    (problem,) = [one for one in status.problems(carol.replica, NetworkState(ready=True)) if one.code == "ending"]
    assert problem.message.endswith("and somebody waits for your answer")
    assert problem.hint == "to answer and keep it longer: meshnode accept EXCHANGE --renew"
    make(mesh, carol, soup, "decline")
    (problem,) = [one for one in status.problems(carol.replica, NetworkState(ready=True)) if one.code == "ending"]
    assert problem.hint == "to keep one longer: meshnode renew LISTING"
