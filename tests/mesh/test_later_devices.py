"""A device that is added later: it is handed what was sealed to its person before, by devices that may never be online with it."""

from __future__ import annotations

import pytest

from meshnode.app.exchanges import exchanges as cases
from meshnode.app.exchanges import handover
from meshnode.app.letters import letters
from meshnode.app.people import introductions, yourself
from meshnode.replica.replica import Replica
from meshnode.slices import complete
from protocol import Audience, limits
from tests.app.exchanging import make, offer, respond
from tests.app.neighbors import neighbor
from tests.support.mail import SECRET, stored, words
from tests.support.mesh import Mesh
from tests.support.mesh_people import befriend, person


def pair(seed: int) -> Mesh:
    mesh = Mesh(seed)
    for name in ("Laptop", "Bob"):
        mesh.add(name, audience=Audience.NETWORK_WIDE)
    befriend(mesh, "Laptop", "Bob", 900, 900)
    mesh.settle()
    return mesh


def told(mesh: Mesh, name: str) -> list[tuple[object, ...]]:
    """Return what the owner of a node reads of all exchanges: with whom, the state, and who said what."""
    replica = mesh.nodes[name].replica
    listed = complete(cases.exchanges(replica, cases.ExchangesQuery())).exchanges
    whole = [cases.one(replica, one.exchange) for one in listed]
    return sorted(
        (one.exchange, one.with_.name, one.state, tuple((said.yours, said.act, said.text) for said in one.messages))
        for one in whole
    )


def run(mesh: Mesh, times: int = 6) -> None:
    for _ in range(times):
        mesh.advance(limits.RECEIPT_DELAY_MAX + 1)


def test_a_new_device_knows_the_running_exchanges_and_what_was_said() -> None:
    mesh = pair(501)
    offer(mesh, neighbor(mesh, "Bob"), quantity=2)
    exchange = respond(mesh, neighbor(mesh, "Laptop"), message="May I?")
    mesh.advance(1)
    make(mesh, neighbor(mesh, "Bob"), exchange, "accept", "Gladly.")
    run(mesh)
    assert told(mesh, "Laptop")
    mesh.join_device("Pi", "Laptop")
    mesh.wire("Laptop", "Pi")
    run(mesh, 3)
    assert told(mesh, "Pi") == told(mesh, "Laptop")
    make(mesh, neighbor(mesh, "Pi"), exchange, "done")
    run(mesh, 3)
    assert told(mesh, "Pi") == told(mesh, "Laptop")
    assert [one[2] for one in told(mesh, "Bob")] == ["agreed"]
    assert not mesh.nodes["Laptop"].replica.store.letters.in_transit(to=person(mesh, "Laptop"))


def test_a_look_when_nothing_is_due_writes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    mesh = pair(508)
    mesh.join_device("Pi", "Laptop")
    mesh.wire("Laptop", "Pi")
    run(mesh, 3)
    monkeypatch.setattr(Replica, "transaction", lambda _: pytest.fail("there is nothing to write"))
    handover.follow(mesh.nodes["Laptop"].replica)


def test_a_new_device_knows_introductions_and_the_names_that_its_owner_gave() -> None:
    mesh = pair(502)
    letters.send(mesh.nodes["Bob"].replica, person(mesh, "Laptop"), words("You both keep bees."))
    run(mesh)
    yourself.call(mesh.nodes["Laptop"].replica, "Bob", yourself.OwnName("Bobby"), ())
    mesh.join_device("Pi", "Laptop")
    mesh.wire("Laptop", "Pi")
    run(mesh, 3)
    for name in ("Laptop", "Pi"):
        (met,) = introductions.introductions(mesh.nodes[name].replica).introductions
        assert (met.person.name, met.by.name, met.message) == ("Zoe", "Bobby", "You both keep bees.")


def test_devices_that_are_never_online_together_hand_over_through_a_carrier_who_reads_nothing() -> None:
    mesh = pair(503)
    mesh.add("Carol", audience=Audience.NETWORK_WIDE)
    befriend(mesh, "Laptop", "Carol", 900, 900)
    mesh.settle()
    offer(mesh, neighbor(mesh, "Bob"), quantity=2)
    exchange = respond(mesh, neighbor(mesh, "Laptop"), message=SECRET)
    mesh.advance(1)
    make(mesh, neighbor(mesh, "Bob"), exchange, "accept", "Gladly.")
    run(mesh)
    mesh.join_device("Pi", "Laptop")
    mesh.wire("Laptop", "Pi")
    mesh.settle()
    mesh.cut("Laptop", "Pi")
    mesh.cut("Laptop", "Bob")
    mesh.wire("Pi", "Carol")
    run(mesh, 2)
    assert told(mesh, "Pi") == told(mesh, "Laptop") != []
    assert not any(SECRET.encode() in record.wire for record in stored(mesh, "Carol"))


def test_a_device_asks_for_a_letter_whose_author_did_not_know_it_yet() -> None:
    mesh = pair(504)
    offer(mesh, neighbor(mesh, "Laptop"), quantity=2)
    mesh.advance(1)
    mesh.cut("Laptop", "Bob")
    mesh.join_device("Pi", "Laptop")
    mesh.wire("Laptop", "Pi")
    run(mesh, 2)
    respond(mesh, neighbor(mesh, "Bob"), message="May I?")
    mesh.heal()
    run(mesh, 3)
    assert told(mesh, "Pi") == told(mesh, "Laptop") != []


def test_somebody_who_has_lost_all_devices_gets_the_running_exchanges_back_from_the_other_side() -> None:
    mesh = pair(505)
    mesh.add("Carol", audience=Audience.NETWORK_WIDE)
    befriend(mesh, "Laptop", "Carol", 900, 900)
    mesh.settle()
    offer(mesh, neighbor(mesh, "Bob"), quantity=2)
    offer(mesh, neighbor(mesh, "Laptop"), "Ladder", quantity=1)
    mesh.advance(1)
    asked = respond(mesh, neighbor(mesh, "Laptop"), message="May I?")
    got = respond(mesh, neighbor(mesh, "Bob"), "Ladder", message="Me too?")
    mesh.advance(1)
    make(mesh, neighbor(mesh, "Bob"), asked, "accept", "Gladly.")
    run(mesh, 2)
    make(mesh, neighbor(mesh, "Laptop"), got, "accept", "Yes.")
    run(mesh)
    before = told(mesh, "Laptop")
    mesh.cut("Laptop", "Bob")
    mesh.cut("Laptop", "Carol")
    mesh.add_device("New", "Laptop")
    befriend(mesh, "New", "Bob", 900, 900)
    run(mesh, 3)
    assert told(mesh, "New") == before
