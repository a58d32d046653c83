"""Moves of others: none counts of a person who may not see the listing or makes the other's moves, and there is a
limit."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from meshnode.app.exchanges import exchanges as cases
from meshnode.app.exchanges import moves
from meshnode.app.letters import letters, receipts
from meshnode.app.listings import listings, view
from meshnode.replica.authoring import withdraw
from protocol import Kind, limits
from protocol.letters import Action, Move, Terms, exchange_id
from tests.app.exchanging import all_of, inbox, make, offer, respond, states
from tests.app.neighbors import Neighbor
from tests.support.mesh import Mesh

People = tuple[Neighbor, Neighbor, Neighbor]


def terms_for(neighbor: Neighbor, title: str) -> Terms:
    """Terms as a person would invent them who knows the slot of the listing."""
    records = neighbor.replica.store.records.bodies(Kind.LISTING, author=neighbor.person)
    slots = {view.body_of(record).title: record.header.slot for record in records}
    return Terms(bytes(16), slots[title], "offer", title, "tools")


def send(mesh: Mesh, neighbor: Neighbor, to: Neighbor, act: Action, terms: Terms, **fields: Any) -> bytes:
    """A letter with any move at all."""
    exchange = fields.pop("exchange", exchange_id(neighbor.person, to.person, terms))
    asked = terms if act is Action.ASK else None
    letters.send(neighbor.replica, to.person, Move(exchange, act, 1, terms=asked, **fields))
    mesh.settle()
    mesh.advance(1)
    return bytes(exchange)


def test_a_request_for_an_invisible_listing_is_not_shown_and_gets_no_answer(mesh: Mesh, people: People) -> None:
    """Alice knows the slot of a listing for Carol's trusted people, and asks for it."""
    alice, _, carol = people
    offer(mesh, carol, "Secret", audience="my_cell")
    offer(mesh, carol, "Drill")
    hidden = terms_for(carol, "Secret")
    nothing = replace(hidden, slot=bytes(16))
    sent = carol.replica.store.records.count(carol.person)
    for asked in (hidden, nothing):
        send(mesh, alice, carol, Action.ASK, asked)
    assert all_of(mesh, carol) == []
    assert all_of(mesh, alice) == []
    assert carol.replica.store.exchanges.count_unheard(alice.person) == 2
    assert carol.replica.store.records.count(carol.person) == sent  # not even a receipt
    mesh.advance(limits.LETTER_LIFE + 1)
    mesh.advance(1)
    assert carol.replica.store.exchanges.count_unheard() == 0


def test_a_request_is_shown_as_soon_as_its_author_may_see_the_listing(mesh: Mesh, people: People) -> None:
    alice, _, carol = people
    offer(mesh, carol, audience="my_cell")
    send(mesh, alice, carol, Action.ASK, terms_for(carol, "Drill"))
    assert inbox(mesh, carol) == []
    listings.edit(carol.replica, carol.catalog, "Drill", listings.ListingEdit(audience="network_wide"))
    assert [seen.with_.name for seen in inbox(mesh, carol)] == ["Alice"]


@pytest.mark.parametrize("opened_before", [False, True])
def test_a_request_that_is_shown_later_gets_its_receipt_then(
    mesh: Mesh, people: People, monkeypatch: pytest.MonkeyPatch, *, opened_before: bool
) -> None:
    """Fault: letters whose effect the owner sees only later are never named, and are carried until they expire."""
    alice, _, carol = people
    offer(mesh, carol, audience="my_cell")
    terms = terms_for(carol, "Drill")
    exchange = send(mesh, alice, carol, Action.ASK, terms)
    send(mesh, alice, carol, Action.SAY, terms, text="It would be for Sunday", exchange=exchange)
    assert receipts.seconds_until_due(carol.replica) is None
    if opened_before:
        mesh.advance(limits.DAY)
    listings.edit(carol.replica, carol.catalog, "Drill", listings.ListingEdit(audience="network_wide"))
    assert len(inbox(mesh, carol)) == 1
    assert len(carol.replica.store.receipts.opened(alice.person)) == 2
    assert receipts.seconds_until_due(carol.replica) is not None
    for _ in range(3):
        mesh.advance(limits.RECEIPT_DELAY_MAX)
        mesh.settle()
    assert alice.replica.store.letters.in_transit() == []


def test_a_request_that_is_shown_after_its_letter_is_gone_needs_no_receipt(mesh: Mesh, people: People) -> None:
    alice, _, carol = people
    offer(mesh, carol, audience="my_cell")
    send(mesh, alice, carol, Action.ASK, terms_for(carol, "Drill"))
    for row in carol.replica.store.records.rows(author=alice.person):
        if row.kind == Kind.LETTER:
            withdraw(alice.replica, Kind.LETTER, row.slot)
    mesh.settle()
    listings.edit(carol.replica, carol.catalog, "Drill", listings.ListingEdit(audience="network_wide"))
    assert len(inbox(mesh, carol)) == 1
    assert receipts.seconds_until_due(carol.replica) is None


def test_the_owner_sees_their_own_title_and_not_what_the_asker_calls_it(mesh: Mesh, people: People) -> None:
    alice, _, carol = people
    offer(mesh, carol)
    send(mesh, alice, carol, Action.ASK, replace(terms_for(carol, "Drill"), title="Your car keys", category="other"))
    assert [(seen.listing.title, seen.listing.category) for seen in inbox(mesh, carol)] == [("Drill", "tools")]


def test_an_ask_whose_terms_are_not_its_own_is_put_aside(mesh: Mesh, people: People) -> None:
    alice, bob, carol = people
    offer(mesh, carol)
    terms = terms_for(carol, "Drill")
    for stolen in (exchange_id(bob.person, carol.person, terms), bytes(16)):
        send(mesh, alice, carol, Action.ASK, terms, exchange=stolen)
    assert all_of(mesh, carol) == []
    assert carol.replica.store.exchanges.count_unheard() == 0


def test_nobody_makes_the_others_moves_or_those_in_an_exchange_of_two_others(mesh: Mesh, people: People) -> None:
    alice, bob, carol = people
    offer(mesh, carol)
    exchange = bytes.fromhex(respond(mesh, alice))
    inbox(mesh, carol)
    terms = terms_for(carol, "Drill")
    for neighbor in (alice, bob):
        for act in (Action.ACCEPT, Action.DONE, Action.CANCEL if neighbor is bob else Action.DECLINE):
            send(mesh, neighbor, carol, act, terms, exchange=exchange)
    assert states(mesh, carol) == ["requested"]
    assert carol.replica.store.exchanges.count_unheard(bob.person) == 1


def test_who_asks_without_end_is_not_heard_any_more_and_others_are(
    mesh: Mesh, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "EXCHANGES_ASKED_MAX", 3)
    monkeypatch.setattr(limits, "EXCHANGES_UNHEARD_ONE_MAX", 2)
    alice, bob, carol = people
    offer(mesh, carol)
    terms = terms_for(carol, "Drill")
    for number in range(6):
        mine = replace(terms, nonce=bytes([number]) * 16)
        begun = exchange_id(alice.person, carol.person, mine)
        send(
            mesh, alice, carol, Action.SAY, mine, text="first", exchange=begun
        )  # not even by sending a message before the request
        send(mesh, alice, carol, Action.ASK, mine)
    assert len(all_of(mesh, carol)) == 3
    assert carol.replica.store.exchanges.count_unheard() <= 2
    respond(mesh, bob)
    assert len(all_of(mesh, carol)) == 4


def test_made_up_people_cannot_crowd_out_what_was_agreed_on(
    mesh: Mesh, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob, carol = people
    offer(mesh, carol)
    agreed = respond(mesh, bob)
    make(mesh, carol, agreed, "accept")
    monkeypatch.setattr(limits, "EXCHANGES_WITH_ONE_MAX", 2)
    terms = terms_for(carol, "Drill")
    for number in range(4):
        mine = replace(terms, nonce=bytes([number]) * 16)
        send(mesh, alice, carol, Action.ASK, mine)
        send(mesh, alice, carol, Action.CANCEL, mine)
    assert sorted(states(mesh, carol)) == ["agreed", "cancelled", "cancelled"]
    monkeypatch.setattr(limits, "EXCHANGES_MAX", 1)
    for nonce in (b"x", b"y"):  # the first takes the place of those two; then nothing can be forgotten any more
        send(mesh, alice, carol, Action.ASK, replace(terms, nonce=nonce * 16))
    assert sorted(states(mesh, carol)) == ["agreed", "requested"]
    make(mesh, carol, agreed, "cancel")
    respond(mesh, bob)  # Carol vouches for Bob, so Bob's request always counts
    assert {seen.with_.name for seen in inbox(mesh, carol)} == {"Alice", "Bob"}


def test_what_one_side_says_in_one_exchange_is_bounded(
    mesh: Mesh, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, _, carol = people
    offer(mesh, carol)
    exchange = bytes.fromhex(respond(mesh, alice))
    terms = terms_for(carol, "Drill")
    monkeypatch.setitem(moves._KEPT_MAX, Action.SAY, 3)
    for number in range(5):
        send(mesh, alice, carol, Action.SAY, terms, text=f"{number}", exchange=exchange)
    said = cases.one(carol.replica, exchange.hex()).messages
    assert [message.text for message in said] == ["", "0", "1", "2"]
    send(mesh, alice, carol, Action.CANCEL, terms, exchange=exchange)
    assert states(mesh, carol) == ["cancelled"]
