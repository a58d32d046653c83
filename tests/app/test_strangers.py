"""People whom the owner does not know ask without number: they are folded, share a fixed room, and go when nobody answers."""

from __future__ import annotations

import pytest

from meshnode import notify
from meshnode.app import waiting
from meshnode.app.exchanges import exchanges, strangers
from meshnode.app.exchanges.exchanges import ExchangesQuery
from meshnode.app.owner import policy
from meshnode.app.people import blocks
from meshnode.app.people.introductions import IntroductionOrder, introduce
from meshnode.app.waiting import STRANGERS_SHOWN, InboxQuery, InboxView
from meshnode.errors import NotFound
from meshnode.slices import complete
from meshnode.store import Exchange, StoredIntroduction
from meshnode.text import waiting as text
from protocol import PersonId, limits, person_text
from protocol.letters import Stage
from tests.app.exchanging import make, offer, respond
from tests.app.neighbors import Neighbor, settle_in
from tests.support.mesh import Mesh
from tests.support.mesh_people import vouch
from tests.support.people import Person, grown

People = tuple[Neighbor, Neighbor, Neighbor]
CROWD = STRANGERS_SHOWN + 3


def crowd(mesh: Mesh, bob: Neighbor, number: int = CROWD) -> list[Neighbor]:
    """Return so many people who do not exist, for whom Bob vouches."""
    found = []
    for each in range(number):
        sybil = settle_in(mesh, f"Sybil {each}")
        bob.add(sybil.card(), 0.9)
        mesh.wire("Bob", sybil.node.name)
        found.append(sybil)
    mesh.settle()
    return found


def ask_all(mesh: Mesh, askers: list[Neighbor]) -> None:
    for each in askers:
        respond(mesh, each, "Ladder", "Give me that")
        mesh.advance(60)


def inbox(neighbor: Neighbor, query: InboxQuery | None = None) -> InboxView:
    return waiting.inbox(neighbor.replica, query)


def askers(found: InboxView) -> list[str]:
    """Return the names of the people who have a line of their own."""
    return [each.person.name for each in found.waiting if each.kind == "request" and each.person]


def folded(found: InboxView) -> list[tuple[str, int]]:
    return [
        (each.person.name if each.person else "", each.people) for each in found.waiting if each.kind == "strangers"
    ]


def test_strangers_behind_one_introducer_are_one_line_and_hide_nobody_who_came_before(
    mesh: Mesh, people: People
) -> None:
    alice, bob, carol = people
    offer(mesh, alice, "Ladder")
    respond(mesh, carol, "Ladder")
    mesh.advance(60)
    ask_all(mesh, crowd(mesh, bob))
    respond(mesh, bob, "Ladder")
    found = inbox(alice)
    assert "Carol" in askers(found)
    assert "Bob" in askers(found)
    assert len(askers(found)) == STRANGERS_SHOWN + 1
    hidden = CROWD + 1 - STRANGERS_SHOWN
    assert folded(found) == [("Bob", hidden)]
    assert [each.with_.name for each in found.exchanges if each.state == "requested"] != []
    assert len(found.exchanges) == STRANGERS_SHOWN + 1
    assert (found.count.people, found.count.strangers) == (STRANGERS_SHOWN + 1, hidden)
    (line,) = [each for each in found.waiting if each.kind == "strangers"]
    shown = text.line({**_fields(line)})
    assert shown == f"{hidden} more people whom you do not know, through Bob, ask something of you."
    assert text.step(_fields(line)) == f"  -> meshnode inbox --through {person_text(bob.person)[:11]}"
    assert waiting.untold(alice.replica)
    assert waiting.untold(alice.replica) == ()


def _fields(line: waiting.WaitingView) -> dict[str, object]:
    (told,) = notify._messages((line,))
    return {key: value for key, value in told.items() if key != "text"}


def test_a_few_strangers_have_a_line_each(mesh: Mesh, people: People) -> None:
    alice, bob, _ = people
    offer(mesh, alice, "Ladder")
    ask_all(mesh, crowd(mesh, bob, STRANGERS_SHOWN))
    found = inbox(alice)
    assert (len(askers(found)), folded(found), found.count.strangers) == (STRANGERS_SHOWN, [], 0)


def test_the_folded_are_listed_by_the_person_through_whom_they_come_or_all(mesh: Mesh, people: People) -> None:
    alice, bob, _ = people
    offer(mesh, alice, "Ladder")
    ask_all(mesh, crowd(mesh, bob))
    respond(mesh, bob, "Ladder")
    through = inbox(alice, InboxQuery(through="Bob"))
    assert sorted(askers(through)) == sorted(f"Sybil {number}" for number in range(CROWD))
    assert len(through.exchanges) == CROWD
    everybody = inbox(alice, InboxQuery(everybody=True))
    assert (len(askers(everybody)), folded(everybody), len(everybody.exchanges)) == (CROWD + 1, [], CROWD + 1)
    with pytest.raises(NotFound):
        inbox(alice, InboxQuery(through="Nobody"))


@pytest.mark.parametrize("how", ["block", "unvouch"])
def test_they_go_when_the_person_who_answers_for_them_is_blocked_or_no_longer_trusted(
    mesh: Mesh, people: People, how: str
) -> None:
    alice, bob, _ = people
    offer(mesh, alice, "Ladder")
    ask_all(mesh, crowd(mesh, bob))
    assert inbox(alice).count.strangers
    if how == "block":
        blocks.block(alice.replica, "Bob")
    else:
        vouch(mesh, "Alice", "Bob", 0)
    found = inbox(alice)
    assert (found.waiting, found.exchanges, found.count.people, found.count.strangers) == ((), (), 0, 0)
    assert complete(exchanges.exchanges(alice.replica, ExchangesQuery())).total == 0


def test_a_person_who_is_vouched_for_since_is_shown_even_if_the_introducer_is_blocked(
    mesh: Mesh, people: People
) -> None:
    alice, _, carol = people
    offer(mesh, alice, "Ladder")
    respond(mesh, carol, "Ladder")
    inbox(alice)
    vouch(mesh, "Alice", "Carol", 600)
    blocks.block(alice.replica, "Bob")
    assert askers(inbox(alice)) == ["Carol"]


def test_what_was_agreed_with_a_stranger_stays_when_nobody_answers_for_them_any_longer(
    mesh: Mesh, people: People
) -> None:
    alice, _, carol = people
    offer(mesh, alice, "Ladder")
    exchange = respond(mesh, carol, "Ladder")
    make(mesh, alice, exchange, "accept")
    vouch(mesh, "Alice", "Bob", 0)
    assert [each.state for each in inbox(alice).exchanges] == ["agreed"]


def test_introductions_by_strangers_are_folded_too(mesh: Mesh, people: People) -> None:
    alice, bob, _ = people
    for sybil in crowd(mesh, bob):
        other = settle_in(mesh, f"Friend of {sybil.node.name}")
        sybil.add(alice.card(), 0.9)
        sybil.add(other.card(), 0.9)
        mesh.wire(sybil.node.name, other.node.name)
        mesh.settle()
        introduce(sybil.replica, IntroductionOrder("Alice", f"Friend of {sybil.node.name}"))
        mesh.settle()
    found = inbox(alice)
    introduced = [each for each in found.waiting if each.kind == "introduction"]
    assert (len(introduced), folded(found)) == (STRANGERS_SHOWN, [("Bob", CROWD - STRANGERS_SHOWN)])


def test_a_stranger_who_copies_the_introduction_of_a_friend_does_not_hide_it(mesh: Mesh, people: People) -> None:
    alice, bob, _ = people
    zoe = Person("Zoe").id
    now = alice.replica.clock.now()
    sybils = sybils_of(alice, "Mallory", CROWD)
    policy.vouch(alice.replica, Person("Mallory").id, 800)
    for by in (*sybils, bob.person):
        alice.replica.store.introductions.add(StoredIntroduction(zoe, by, "Zoe", "Meet", (), now))
    found = inbox(alice)
    assert [each.by.name for each in found.waiting if each.by].count("Bob") == 1
    assert [number for _, number in folded(found)] == [CROWD - STRANGERS_SHOWN]


# --- room --------------------------------------------------------------------------------------------------------------


def asks(alice: Neighbor, asker: PersonId) -> bool:
    """Let somebody ask for something of Alice's, if there is room for it; return whether there was."""
    if not strangers.make_room(alice.replica, asker):
        return False
    kept = alice.replica.store.exchanges
    begun = kept.begin(asker, grown(asker, kept.count(), size=16), "Somebody", alice.replica.clock.now())
    kept.keep(begun._replace(asked=False, shown=True, stage=Stage.REQUESTED, slot=bytes(16)))
    return True


def requests(alice: Neighbor) -> list[Exchange]:
    return alice.replica.store.exchanges.with_stage(Stage.REQUESTED, asked=False)


def sybils_of(alice: Neighbor, introducer: str, number: int) -> list[PersonId]:
    """Return people for whom somebody vouches for whom Alice vouches."""
    friend, made = Person(introducer), [Person(f"{introducer} knows {each}") for each in range(number)]
    records = [friend.certificate(), friend.policy({alice.person: 900, **{one.id: 900 for one in made}})]
    alice.replica.ingest.receive(records)
    for one in made:
        alice.replica.ingest.receive([one.certificate(), one.policy({friend.id: 900})])
    return [one.id for one in made]


@pytest.fixture
def crowded(mesh: Mesh, monkeypatch: pytest.MonkeyPatch) -> Neighbor:
    """Return Alice, who vouches for Mallory and Dave and has room for 8 requests of strangers."""
    monkeypatch.setattr(limits, "STRANGERS_ASKS_MAX", 8)
    alice = settle_in(mesh, "Alice")

    for name in ("Mallory", "Dave"):
        policy.vouch(alice.replica, Person(name).id, 800)
    return alice


def test_the_people_of_one_introducer_leave_room_for_those_of_another(crowded: Neighbor) -> None:
    many, few = sybils_of(crowded, "Mallory", 20), sybils_of(crowded, "Dave", 3)
    assert sum(asks(crowded, one) for one in many) == 8
    assert all(asks(crowded, one) for one in few)
    assert sum(one.other in few for one in requests(crowded)) == 3
    assert [one.other for one in requests(crowded) if one.other in many] == many[:5]  # the latest made way
    assert not asks(crowded, many[9])


def test_people_whom_the_owner_trusts_always_find_room_and_take_none_of_the_strangers(crowded: Neighbor) -> None:
    many = sybils_of(crowded, "Mallory", 8)
    assert all(asks(crowded, one) for one in many)
    assert asks(crowded, Person("Dave").id)
    assert len(requests(crowded)) == 9


def test_requests_for_which_nobody_answers_make_way_first(crowded: Neighbor) -> None:

    many, few = sybils_of(crowded, "Mallory", 8), sybils_of(crowded, "Dave", 8)
    assert all(asks(crowded, one) for one in many)
    policy.block(crowded.replica, Person("Mallory").id)
    assert all(asks(crowded, one) for one in few)
    assert {one.other for one in requests(crowded)} == set(few)
