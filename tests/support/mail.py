"""A mesh for tests of letters: Alice and Carol both know only Bob, and write to each other through Bob's node."""

from __future__ import annotations

from itertools import permutations

from meshnode.app.letters import letters
from meshnode.app.letters.delivery import Delivery
from meshnode.store import RecordState, Store, StoredLetter
from protocol import Kind, Record, limits
from protocol.letters import Action, Introduction, Stage
from tests.support.exchanges import move, terms
from tests.support.mesh import EPOCH, Mesh
from tests.support.mesh_people import befriend, person
from tests.support.people import Person

SECRET = "under the third stone"
ZOE = Person("Zoe")


def stored_letters(store: Store) -> list[StoredLetter]:
    """Return every letter that this node holds and has not read, in the order of arrival."""
    found, position = store.letters.stored()
    while position is not None:
        more, position = store.letters.stored(position)
        found += more
    return sorted(found)


def have_exchanged(mesh: Mesh, *names: str) -> None:
    """Let each two of these people have an exchange that is over, so that they learn of each other's receipts."""
    for one, other in permutations(names, 2):
        kept = mesh.nodes[one].replica.store.exchanges
        begun = kept.begin(person(mesh, other), bytes(16), other, EPOCH)
        mine = one < other
        kept.add_move(begun, move(Action.ASK, terms()), mine=mine, arrived=EPOCH, letter=None)
        kept.add_move(begun, move(Action.DECLINE, terms()), mine=not mine, arrived=EPOCH, letter=None)
        kept.keep(begun._replace(shown=True, asked=mine, slot=bytes(16), stage=Stage.DECLINED))


def village(seed: int, weight: int = 800) -> Mesh:
    """Return a mesh in which Bob knows Alice, Carol and Dora; nothing connects Alice and Carol but a past exchange."""
    mesh = Mesh(seed)
    for name in ("Alice", "Bob", "Carol", "Dora"):
        mesh.add(name)
    for name in ("Alice", "Carol", "Dora"):
        befriend(mesh, name, "Bob", weight, weight)
    have_exchanged(mesh, "Alice", "Carol", "Dora")
    mesh.settle()
    return mesh


def words(message: str = SECRET) -> Introduction:
    """Return the content of a letter."""
    return Introduction(ZOE.id, "Zoe", message, (ZOE.certificate(EPOCH),))


def write(mesh: Mesh, author: str, addressee: str, message: str = SECRET) -> bytes:
    return letters.send(mesh.nodes[author].replica, person(mesh, addressee), words(message))


def delivery(mesh: Mesh, author: str, slot: bytes) -> Delivery | None:
    return letters.delivery(mesh.nodes[author].replica, slot)


def stored(mesh: Mesh, name: str) -> list[Record]:
    """Return the letters whose bodies `name`'s node holds."""
    records = mesh.nodes[name].replica.store.records
    rows = records.rows(kinds=(Kind.LETTER,), states=(RecordState.LIVE, RecordState.SUSPENDED, RecordState.PENDING))
    return [record for record in records.get_many([row.id for row in rows]) if record.body]


def who_holds(mesh: Mesh) -> set[str]:
    return {name for name in mesh.nodes if stored(mesh, name)}


def settle_down(mesh: Mesh) -> None:
    """Let time pass until letters are opened, receipts have come, and both are taken back."""
    for _ in range(6):
        mesh.advance(limits.RECEIPT_DELAY_MAX + 1)
