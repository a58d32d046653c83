"""Everything that waits for the owner is counted and listed in one place, whatever it is, and for as long as it waits."""

from __future__ import annotations

from collections.abc import Callable
from unittest.mock import patch

import pytest

from meshnode.app import waiting
from meshnode.app.discover import news
from meshnode.app.explain import status
from meshnode.app.explain.status import NetworkState
from meshnode.app.groups import groups
from meshnode.app.groups.groups import GroupOrder
from meshnode.app.listings import lifecycle
from meshnode.app.listings.lifecycle import Renewal
from meshnode.app.people import blocks, cards, introductions
from meshnode.app.people.cards import CardToAdd
from meshnode.app.people.introductions import IntroductionOrder
from meshnode.app.waiting import AWAITED, KINDS, STRANGERS, WaitingCount, WaitingView
from meshnode.slices import complete
from meshnode.text import waiting as text
from protocol import Code, limits, person_text
from tests.app.exchanging import make, offer, respond
from tests.app.neighbors import Neighbor, settle_in
from tests.support.mesh import Mesh
from tests.support.people import Person

People = tuple[Neighbor, Neighbor, Neighbor]
DAY = limits.DAY
Scene = Callable[[Mesh, Neighbor, Neighbor, Neighbor], tuple[Neighbor, Callable[[], object]]]
"""Lets something wait for one of three people; returns that person, and the act that ends the waiting."""


def request(mesh: Mesh, alice: Neighbor, bob: Neighbor, _: Neighbor) -> tuple[Neighbor, Callable[[], object]]:
    offer(mesh, alice, "Ladder")
    exchange = respond(mesh, bob, "Ladder", "May I?")
    return alice, lambda: make(mesh, alice, exchange, "decline")


def confirmation(mesh: Mesh, alice: Neighbor, bob: Neighbor, _: Neighbor) -> tuple[Neighbor, Callable[[], object]]:
    offer(mesh, alice, "Ladder")
    exchange = respond(mesh, bob, "Ladder")
    make(mesh, alice, exchange, "accept")
    waiting.inbox(bob.replica)
    make(mesh, bob, exchange, "done")
    return alice, lambda: make(mesh, alice, exchange, "done")


def overdue(mesh: Mesh, alice: Neighbor, bob: Neighbor, _: Neighbor) -> tuple[Neighbor, Callable[[], object]]:
    offer(mesh, alice, "Ladder", lend=True, return_by=alice.replica.clock.now() + 2 * DAY)
    exchange = respond(mesh, bob, "Ladder")
    for neighbor, act in ((alice, "accept"), (alice, "done"), (bob, "done")):
        make(mesh, neighbor, exchange, act)
        for each in (alice, bob):
            waiting.inbox(each.replica)
        mesh.settle()
    assert kinds(alice) == kinds(bob) == [] or kinds(alice) == ["answer"]
    mesh.advance(10 * DAY)
    assert kinds(bob) == ["overdue"]

    def give_back() -> None:
        make(mesh, bob, exchange, "returned")
        waiting.inbox(alice.replica)
        make(mesh, alice, exchange, "returned")

    return alice, give_back


def invitation(mesh: Mesh, alice: Neighbor, bob: Neighbor, _: Neighbor) -> tuple[Neighbor, Callable[[], object]]:
    groups.new(alice.replica, GroupOrder("cell", "Elm"))
    groups.invite(alice.replica, "Elm", None, "Bob")
    mesh.settle()
    return bob, lambda: groups.join(bob.replica, "Elm", None)


def introduction(mesh: Mesh, alice: Neighbor, bob: Neighbor, carol: Neighbor) -> tuple[Neighbor, Callable[[], object]]:
    introductions.introduce(bob.replica, IntroductionOrder("Alice", "Carol", "You both garden."))
    mesh.settle()
    return alice, lambda: introductions.add(alice.replica, CardToAdd("Carol"), ())


def answer(mesh: Mesh, alice: Neighbor, bob: Neighbor, _: Neighbor) -> tuple[Neighbor, Callable[[], object]]:
    offer(mesh, alice, "Ladder")
    exchange = respond(mesh, bob, "Ladder")
    make(mesh, alice, exchange, "accept", "Come at five.")
    return bob, lambda: make(mesh, bob, exchange, "say", "Thank you!")


def ending(mesh: Mesh, alice: Neighbor, bob: Neighbor, _: Neighbor) -> tuple[Neighbor, Callable[[], object]]:
    alice.post("Soup", expires_in=3 * DAY)
    mesh.advance(2 * DAY + DAY // 2)
    return alice, lambda: lifecycle.renew(alice.replica, alice.catalog, "Soup", Renewal(expires_in=30 * DAY))


def due(mesh: Mesh, alice: Neighbor, bob: Neighbor, _: Neighbor) -> tuple[Neighbor, Callable[[], object]]:
    offer(mesh, alice, "Saw", lend=True, return_by=alice.replica.clock.now() + 5 * DAY)
    exchange = respond(mesh, bob, "Saw")
    for neighbor, act in ((alice, "accept"), (alice, "done"), (bob, "done")):
        make(mesh, neighbor, exchange, act)
        for each in (alice, bob):
            waiting.inbox(each.replica)
        mesh.settle()
    mesh.advance(4 * DAY + DAY // 2)
    assert "due" in kinds(bob)

    def give_back() -> None:
        make(mesh, bob, exchange, "returned")
        waiting.inbox(alice.replica)
        make(mesh, alice, exchange, "returned")

    return alice, give_back


def unanswered(mesh: Mesh, alice: Neighbor, bob: Neighbor, _: Neighbor) -> tuple[Neighbor, Callable[[], object]]:
    offer(mesh, alice, "Soup", expires_in=DAY)
    exchange = respond(mesh, bob, "Soup")
    assert kinds(alice) == ["request"]
    mesh.advance(DAY + 1)
    return bob, lambda: make(mesh, bob, exchange, "cancel")


def guest(mesh: Mesh, alice: Neighbor, _: Neighbor, __: Neighbor) -> tuple[Neighbor, Callable[[], object]]:
    dan = settle_in(mesh, "Dan")
    alice.card(uses=100)
    now, store = alice.replica.clock.now(), alice.replica.store.cards
    card = store.issued_live(now)[-1].id
    for number in range(limits.GUESTS_A_DAY):
        store.claim(card, Person(f"Guest {number}").id, now)
    assert cards.redeem(alice.replica, card, dan.person) is Code.BUSY
    return alice, lambda: introductions.add(alice.replica, CardToAdd(person_text(dan.person)), ())


SCENES: dict[str, Scene] = {
    "request": request,
    "confirmation": confirmation,
    "overdue": overdue,
    "due": due,
    "invitation": invitation,
    "introduction": introduction,
    "guest": guest,
    "answer": answer,
    "unanswered": unanswered,
    "ending": ending,
}


def waits(neighbor: Neighbor) -> tuple[WaitingView, ...]:
    return waiting.inbox(neighbor.replica).waiting


def kinds(neighbor: Neighbor) -> list[str]:
    return [each.kind for each in waits(neighbor)]


def test_every_kind_has_a_scene_here_and_a_sentence() -> None:
    """Strangers have a file of their own."""
    assert list(SCENES) == [kind for kind in KINDS if kind != STRANGERS]
    assert {kind for kind, _ in text.LINES} == set(KINDS)


@pytest.mark.parametrize("kind", SCENES)
def test_each_kind_is_told_everywhere_until_it_is_answered(mesh: Mesh, people: People, kind: str) -> None:
    waiter, answer_it = SCENES[kind](mesh, *people)
    found = [each for each in waits(waiter) if each.kind == kind]
    (one,) = found
    awaited = int(kind in AWAITED)
    counts: list[WaitingCount] = [
        waiting.inbox(waiter.replica).count,
        waiting.count(waiter.replica),
        status.status(waiter.replica, NetworkState(ready=True)).waiting,
        complete(news.peek(waiter.replica, waiter.catalog, waiter.watcher)).waiting,
    ]
    assert len(set(counts)) == 1
    assert (counts[0].people, [each.kind for each in counts[0].kinds]) == (awaited, [kind])
    assert (one.person is not None) or kind == "ending"
    answer_it()
    assert [each.kind for each in waits(waiter) if each.kind == kind] == []
    assert waiting.count(waiter.replica).people == 0


@pytest.mark.parametrize("kind", SCENES)
def test_each_kind_is_told_once_and_again_only_if_it_waits_once_more(mesh: Mesh, people: People, kind: str) -> None:
    waiter, answer_it = SCENES[kind](mesh, *people)
    waits(waiter)
    assert kind in [each.kind for each in waiting.untold(waiter.replica)]
    assert waiting.untold(waiter.replica) == ()
    answer_it()
    assert kind not in [each.kind for each in waiting.untold(waiter.replica)]


def test_a_person_who_waits_for_several_things_counts_once(mesh: Mesh, people: People) -> None:
    alice, bob, carol = people
    for title in ("Ladder", "Rake"):
        offer(mesh, bob, title)
        respond(mesh, alice, title)
    respond(mesh, carol, "Rake")
    groups.new(alice.replica, GroupOrder("cell", "Elm"))
    groups.invite(alice.replica, "Elm", None, "Bob")
    mesh.settle()
    found = waiting.inbox(bob.replica).count
    assert (found.people, found.things) == (2, 4)
    assert {each.kind: each.count for each in found.kinds} == {"request": 3, "invitation": 1}
    assert text.people({"people": found.people}) == "2 people wait for you: meshnode inbox"


def test_people_who_are_blocked_do_not_wait(mesh: Mesh, people: People) -> None:
    waiter, _ = invitation(mesh, *people)
    assert waiting.count(waiter.replica).people == 1
    blocks.block(waiter.replica, "Alice")
    assert waiting.count(waiter.replica).people == 0


@pytest.mark.parametrize("kind", ["overdue", "ending"])
def test_nothing_is_overdue_or_ends_by_a_clock_that_cannot_be_trusted(mesh: Mesh, people: People, kind: str) -> None:
    waiter, _ = SCENES[kind](mesh, *people)
    assert kind in kinds(waiter)
    with patch.object(type(waiter.replica.clock), "trusted", new=False):
        assert kind not in kinds(waiter)
