"""Exchanges between whole nodes: asking, answering, confirming, cancelling, several who ask, blocks, and lost
letters."""

from __future__ import annotations

from decimal import Decimal

import pytest

from meshnode.app import waiting
from meshnode.app.exchanges import exchanges as cases
from meshnode.app.exchanges import stats as stats_cases
from meshnode.app.exchanges import stock
from meshnode.app.listings import lifecycle, listings
from meshnode.app.people import blocks
from meshnode.errors import Ambiguous, NotFound, Refused, Usage
from protocol import limits
from tests.app.exchanging import all_of, completed, inbox, make, offer, respond, states
from tests.app.neighbors import Neighbor
from tests.support.mesh import Mesh

People = tuple[Neighbor, Neighbor, Neighbor]


# --- the course of an exchange ---------------------------------------------------------------------------------------


def test_both_sides_confirm_and_it_is_completed(mesh: Mesh, people: People) -> None:
    alice, _, carol = people
    offer(mesh, carol)
    exchange = respond(mesh, alice, message="May I?")
    (asked,) = inbox(mesh, carol)
    assert (asked.state, asked.with_.name, asked.gives, asked.asked) == ("requested", "Alice", True, False)
    assert [message.text for message in asked.messages] == ["May I?"]
    assert make(mesh, carol, exchange, "accept", "Gladly.").state == "agreed"
    (agreed,) = inbox(mesh, alice)
    assert [message.text for message in agreed.messages] == ["May I?", "Gladly."]
    assert make(mesh, alice, exchange, "done").state == "agreed"
    (half,) = inbox(mesh, carol)
    assert (half.done, half.other_done) == (False, True)
    assert make(mesh, carol, exchange, "done").state == "completed"
    assert states(mesh, alice) == states(mesh, carol) == ["completed"]
    assert inbox(mesh, carol) == []


@pytest.mark.parametrize("who", ["alice", "carol"])
def test_either_may_call_it_off_before_it_is_completed(mesh: Mesh, people: People, who: str) -> None:
    alice, _, carol = people
    offer(mesh, carol)
    exchange = respond(mesh, alice)
    make(mesh, carol, exchange, "accept")
    make(mesh, alice, exchange, "done")
    make(mesh, {"alice": alice, "carol": carol}[who], exchange, "cancel", "I am ill.")
    assert states(mesh, alice) == states(mesh, carol) == ["cancelled"]
    with pytest.raises(Refused, match="canceled"):
        make(mesh, carol, exchange, "done")


def test_a_yes_that_crosses_a_cancellation_comes_to_the_same_at_both_ends(mesh: Mesh, people: People) -> None:
    alice, _, carol = people
    offer(mesh, carol, quantity=1)
    exchange = respond(mesh, alice)
    waiting.inbox(carol.replica)
    mesh.cut("Bob", "Carol")
    make(mesh, alice, exchange, "cancel")
    assert make(mesh, carol, exchange, "accept").state == "agreed"
    assert alice.titles() == ["Drill"]
    mesh.heal()
    mesh.settle()
    assert states(mesh, alice) == states(mesh, carol) == ["cancelled"]
    mesh.advance(1)
    assert [found.quantity for found in alice.discover().results] == [1]


def test_the_person_who_answers_a_need_is_the_giver(mesh: Mesh, people: People) -> None:
    alice, _, carol = people
    offer(mesh, carol, "Ride to town", type="need", category="transportation")
    exchange = respond(mesh, alice, "Ride", "Tomorrow at nine?")
    completed(mesh, carol, alice, exchange)
    assert [seen.gives for seen in all_of(mesh, alice)] == [True]
    assert [seen.gives for seen in all_of(mesh, carol)] == [False]
    assert stats_cases.stats(alice.replica).given == stats_cases.stats(carol.replica).received == 1


def test_what_is_lent_is_there_again_when_it_is_back(mesh: Mesh, people: People) -> None:
    alice, _, carol = people
    offer(mesh, carol, quantity=1, lend=True)
    exchange = respond(mesh, alice)
    completed(mesh, carol, alice, exchange)
    assert alice.titles() == []
    assert [seen.lend for seen in inbox(mesh, alice)] == [True]
    assert make(mesh, alice, exchange, "returned").state == "completed"
    (exchange_view,) = inbox(mesh, carol)
    assert exchange_view.other_back
    assert make(mesh, carol, exchange, "returned").state == "returned"
    assert states(mesh, alice) == ["returned"]
    assert alice.titles() == ["Drill"]


def test_a_need_to_borrow_is_met_once_and_does_not_come_back_with_the_thing(mesh: Mesh, people: People) -> None:
    alice, _, carol = people
    offer(mesh, carol, "A tent", type="need", quantity=1, lend=True)
    exchange = respond(mesh, alice, "A tent")
    make(mesh, carol, exchange, "accept")
    for neighbor in (alice, carol):
        make(mesh, neighbor, exchange, "done")
    cases.catch_up(alice.replica)
    assert make(mesh, alice, exchange, "returned").state == "returned"
    assert states(mesh, carol) == ["returned"]
    assert alice.titles() == []


def test_words_go_to_and_fro_until_a_no(mesh: Mesh, people: People) -> None:
    alice, _, carol = people
    offer(mesh, carol)
    exchange = respond(mesh, alice)
    make(mesh, carol, exchange, "say", "  What for?  ")
    make(mesh, alice, exchange, "say", "A shelf.")
    seen = cases.one(carol.replica, exchange)
    assert [(message.yours, message.text) for message in seen.messages][1:] == [
        (True, "What for?"),
        (False, "A shelf."),
    ]
    make(mesh, carol, exchange, "decline")
    for neighbor in (alice, carol):
        with pytest.raises(Refused, match="declined"):
            make(mesh, neighbor, exchange, "say", "But why?")


def test_history_stays_when_listing_and_letters_are_gone(mesh: Mesh, people: People) -> None:
    alice, _, carol = people
    offer(mesh, carol, expires_in=limits.DAY)
    exchange = respond(mesh, alice, message="May I?")
    completed(mesh, carol, alice, exchange)
    for _ in range(3):
        mesh.advance(30 * limits.DAY)
    for neighbor in (alice, carol):
        (seen,) = all_of(mesh, neighbor)
        assert (seen.state, seen.listing.title, seen.messages[0].text) == ("completed", "Drill", "May I?")
        assert stats_cases.stats(neighbor.replica).completed == 1


# --- several who ask ---------------------------------------------------------------------------------------------------


def test_the_giver_chooses_and_the_others_are_told_kindly(mesh: Mesh, people: People) -> None:
    alice, bob, carol = people
    offer(mesh, carol, quantity=1)
    chosen, other = respond(mesh, alice), respond(mesh, bob)
    assert {seen.with_.name for seen in inbox(mesh, carol)} == {"Alice", "Bob"}
    make(mesh, carol, chosen, "accept")
    mesh.settle()
    assert states(mesh, alice) == ["agreed"]
    (exchange_view,) = inbox(mesh, bob)
    assert (exchange_view.exchange, exchange_view.state, exchange_view.reason) == (other, "declined", "gone")
    assert bob.titles() == []  # nothing is left, so the listing is closed
    assert [found.how for found in listings.mine(carol.replica, carol.catalog).ended] == ["taken"]


def test_a_quantity_goes_down_with_each_yes_and_up_again_when_one_is_called_off(mesh: Mesh, people: People) -> None:
    alice, bob, carol = people
    offer(mesh, carol, "Beans", quantity=5, unit="kg")
    first, second = respond(mesh, alice, "Beans", quantity=2), respond(mesh, bob, "Beans", quantity=4)
    make(mesh, carol, first, "accept")
    assert [found.quantity for found in bob.discover().results] == [3]
    with pytest.raises(Refused, match=r"only 3 left of \"Beans\""):
        make(mesh, carol, second, "accept")
    make(mesh, alice, first, "cancel")
    with pytest.raises(Refused, match="only 3 left"):
        respond(mesh, alice, "Beans", quantity=4)
    waiting.inbox(carol.replica)
    mesh.settle()
    assert [found.quantity for found in bob.discover().results] == [5]
    assert make(mesh, carol, second, "accept").state == "agreed"
    assert [found.quantity for found in alice.discover().results] == [1]


def test_halves_and_tenths_add_up_exactly(mesh: Mesh, people: People) -> None:
    alice, bob, carol = people
    offer(mesh, carol, "Flour", quantity=Decimal("0.3"), unit="kg")
    make(mesh, carol, respond(mesh, alice, "Flour", quantity=Decimal("0.2")), "accept")
    assert [found.quantity for found in bob.discover().results] == [Decimal("0.1")]
    make(mesh, carol, respond(mesh, bob, "Flour"), "accept")  # where less than one is left, the rest is asked for
    assert bob.titles() == []
    assert [found.how for found in listings.mine(carol.replica, carol.catalog).ended] == ["taken"]


def test_what_is_not_limited_is_never_used_up(mesh: Mesh, people: People) -> None:
    alice, bob, carol = people
    offer(mesh, carol, "Advice", category="knowledge")
    for neighbor in (alice, bob):
        make(mesh, carol, respond(mesh, neighbor, "Advice", quantity=3), "accept")
    assert alice.titles() == bob.titles() == ["Advice"]
    assert sorted(states(mesh, carol)) == ["agreed", "agreed"]


@pytest.mark.parametrize("end", ["close", "withdraw"])
def test_a_request_for_a_closed_listing_is_declined_with_the_reason(mesh: Mesh, people: People, end: str) -> None:
    alice, _, carol = people
    offer(mesh, carol)
    respond(mesh, alice)
    getattr(lifecycle, end)(carol.replica, carol.catalog, "Drill")
    cases.catch_up(carol.replica)
    mesh.settle()
    (exchange_view,) = inbox(mesh, alice)
    assert (exchange_view.state, exchange_view.reason) == ("declined", "gone")


def test_a_request_for_an_older_version_of_a_listing_may_be_made_again(mesh: Mesh, people: People) -> None:
    alice, _, carol = people
    offer(mesh, carol)
    respond(mesh, alice)
    listings.edit(carol.replica, carol.catalog, "Drill", listings.ListingEdit(title="A drill", lend=True))
    cases.catch_up(carol.replica)
    mesh.settle()
    assert [(exchange_view.state, exchange_view.reason) for exchange_view in inbox(mesh, alice)] == [
        ("declined", "changed")
    ]
    respond(mesh, alice, "A drill")
    assert [(asked.state, asked.lend) for asked in inbox(mesh, carol)] == [("requested", True)]


def test_a_node_that_stopped_halfway_takes_from_the_listing_later(
    mesh: Mesh, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, _, carol = people
    offer(mesh, carol, quantity=1)
    exchange = respond(mesh, alice)
    cases.catch_up(carol.replica)
    with monkeypatch.context() as patch:
        patch.setattr(stock, "follow_up", lambda _: None)
        assert make(mesh, carol, exchange, "accept").state == "agreed"
    assert alice.titles() == ["Drill"]
    mesh.advance(1)
    assert alice.titles() == []
    mesh.advance(1)
    assert [found.how for found in listings.mine(carol.replica, carol.catalog).ended] == ["taken"]


# --- what is refused -----------------------------------------------------------------------------------------------------


def test_what_has_expired_cannot_be_asked_for_and_says_so(mesh: Mesh, people: People) -> None:
    alice, _, carol = people
    offer(mesh, carol, expires_in=600)
    mesh.time += 700  # and nobody has tidied up yet
    with pytest.raises(Refused, match="expired"):
        respond(mesh, alice)
    mesh.advance(1)
    with pytest.raises(NotFound):
        respond(mesh, alice)


def test_a_title_names_the_exchange_in_which_something_can_be_done(mesh: Mesh, people: People) -> None:
    alice, _, carol = people
    offer(mesh, carol)
    first = respond(mesh, alice)
    make(mesh, carol, first, "decline")
    second = respond(mesh, alice)
    assert make(mesh, carol, "dri", "accept").exchange == second
    with pytest.raises(Ambiguous):
        cases.one(carol.replica, "Drill")
    assert cases.one(carol.replica, first[:8]).state == "declined"


def test_nobody_says_more_than_so_much(mesh: Mesh, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MESSAGES_MAX", 2)
    alice, _, carol = people
    offer(mesh, carol)
    exchange = respond(mesh, alice)
    for text in ("one", "two"):
        make(mesh, alice, exchange, "say", text)
    with pytest.raises(Refused, match="you have sent 2 messages"):
        make(mesh, alice, exchange, "say", "three")
    with pytest.raises(Usage, match="message must not be longer than 1000"):
        make(mesh, carol, exchange, "say", "x" * 1001)


# --- blocks --------------------------------------------------------------------------------------------------------------


def test_a_completed_exchange_stays_completed_after_a_block(mesh: Mesh, people: People) -> None:
    alice, _, carol = people
    offer(mesh, carol)
    completed(mesh, carol, alice, respond(mesh, alice))
    assert states(mesh, carol) == ["completed"]
    blocks.block(carol.replica, "Alice")
    mesh.settle()
    assert states(mesh, carol) == ["completed"]
    assert stats_cases.stats(carol.replica).completed == 1


# --- letters that get lost -------------------------------------------------------------------------------------------------


def test_a_move_that_got_lost_is_shown_and_sent_again_by_making_it_again(mesh: Mesh, people: People) -> None:
    alice, _, carol = people
    offer(mesh, carol)
    mesh.cut("Bob", "Carol")
    exchange = respond(mesh, alice)
    with pytest.raises(Refused, match="already asked for that"):
        respond(mesh, alice)
    mesh.advance(limits.LETTER_LIFE + 1)
    mesh.advance(1)
    (lost,) = all_of(mesh, alice)
    assert lost.undelivered == ("ask",)
    assert [message.delivery for message in lost.messages] == ["expired"]
    mesh.heal()
    mesh.advance(60)
    assert respond(mesh, alice) == exchange
    assert [seen.state for seen in inbox(mesh, carol)] == ["requested"]
    make(mesh, carol, exchange, "accept")
    (arrived,) = all_of(mesh, alice)
    assert (arrived.state, arrived.undelivered) == ("agreed", ())


def test_whatever_is_lost_goes_out_again_with_the_next_move(mesh: Mesh, people: People) -> None:
    alice, _, carol = people
    offer(mesh, carol)
    exchange = respond(mesh, alice)
    inbox(mesh, carol)
    mesh.cut("Bob", "Carol")
    make(mesh, carol, exchange, "accept")
    make(mesh, carol, exchange, "say", "Come on Friday.")
    mesh.advance(limits.LETTER_LIFE + 1)
    mesh.advance(1)
    assert set(all_of(mesh, carol)[0].undelivered) == {"accept", "say"}
    mesh.heal()
    mesh.advance(60)
    make(mesh, carol, exchange, "done")
    (seen,) = inbox(mesh, alice)
    assert (seen.state, seen.other_done) == ("agreed", True)
    assert "Come on Friday." in [message.text for message in seen.messages]
    assert all_of(mesh, carol)[0].undelivered == ()
