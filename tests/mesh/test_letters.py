"""Letters travel with whoever may carry them, are read by those they are for, and are gone once they were read."""

from __future__ import annotations

from meshnode.app import introductions, letters
from meshnode.app.introductions import IntroductionOrder
from meshnode.app.letters import Delivery
from meshnode.store import State
from protocol import Introducing, Kind, Record
from tests.support.mesh import Mesh
from tests.support.mesh_people import befriend, person

SECRET = "under the third stone"


def village(seed: int) -> Mesh:
    """Alice and Carol know Bob, who knows them; Alice and Carol have no line to each other."""
    mesh = Mesh(seed)
    for name in ("Alice", "Bob", "Carol", "Dora"):
        mesh.add(name)
    befriend(mesh, "Alice", "Bob", 800, 800)
    befriend(mesh, "Bob", "Carol", 800, 800)
    befriend(mesh, "Bob", "Dora", 800, 800)
    mesh.settle()
    return mesh


def something(mesh: Mesh, about: str = "Dora", message: str = SECRET) -> Introducing:
    """What a letter may say."""
    node = mesh.nodes[about]
    certificates = tuple(node.replica.store.records.bodies(Kind.DEVICE, author=node.person))
    return Introducing(node.person, about, message, certificates)


def lying(mesh: Mesh, name: str) -> list[Record]:
    """The letters whose bodies `name`'s node holds."""
    records = mesh.nodes[name].replica.store.records
    rows = records.rows(kinds=(Kind.LETTER,), states=(State.LIVE, State.SUSPENDED, State.HELD))
    found = records.get_many([row.id for row in rows])
    return [record for record in found if record.body]


def test_a_letter_reaches_somebody_who_is_never_online_with_its_author_and_frees_the_carrier() -> None:
    mesh = village(1)
    mesh.cut("Bob", "Carol")
    slot = letters.send(mesh.nodes["Alice"].replica, person(mesh, "Carol"), something(mesh))
    mesh.settle()
    assert letters.delivery(mesh.nodes["Alice"].replica, slot) is Delivery.UNDER_WAY
    assert len(lying(mesh, "Bob")) == 1

    mesh.cut("Alice", "Bob")
    mesh.heal_between(["Bob", "Carol"])
    mesh.settle()
    assert len(lying(mesh, "Carol")) == 1
    mesh.advance(1)  # Carol's node opens it, and its receipt goes to Bob

    mesh.cut("Bob", "Carol")
    mesh.heal_between(["Alice", "Bob"])
    mesh.advance(1)
    assert letters.delivery(mesh.nodes["Alice"].replica, slot) is Delivery.DELIVERED
    mesh.advance(1)
    assert [record.header.author for record in lying(mesh, "Bob")] == [person(mesh, "Carol")]  # the receipt

    mesh.heal()
    mesh.advance(1)
    mesh.advance(1)
    assert [lying(mesh, name) for name in ("Alice", "Bob", "Carol", "Dora")] == [[], [], [], []]


def test_people_are_introduced_by_letter() -> None:
    mesh = village(2)
    introductions.introduce(mesh.nodes["Bob"].replica, IntroductionOrder("Alice", "Carol", "You both keep bees."))
    mesh.advance(1)
    for name, other in (("Alice", "Carol"), ("Carol", "Alice")):
        (met,) = introductions.introductions(mesh.nodes[name].replica).introductions
        assert (met.person.name, met.by.name, met.message) == (other, "Bob", "You both keep bees.")
