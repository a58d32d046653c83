"""What was asked for and has changed since is said to both sides, whatever it is."""

from __future__ import annotations

from typing import Any

import pytest

from meshnode.app.listings import listings
from meshnode.app.listings.listings import ListingEdit
from meshnode.text import exchanges as text
from protocol import limits
from protocol.letters import COMPARED
from tests.app.exchanging import all_of, make, offer, respond
from tests.app.neighbors import Neighbor
from tests.support.mesh import EPOCH, Mesh

People = tuple[Neighbor, Neighbor, Neighbor]

EDITS: dict[str, dict[str, Any]] = {
    "title": {"title": "Bike frame for spares"},
    "text": {"text": "No wheels."},
    "category": {"category": "materials"},
    "unit": {"unit": "pieces"},
    "lending": {"return_by": EPOCH + 9 * limits.DAY},
    "dates": {"available_until": EPOCH + 5 * limits.DAY},
    "quantity": {"quantity": 1},
}


def differs(mesh: Mesh, *neighbors: Neighbor) -> list[tuple[str, ...]]:
    return [seen.differs for each in neighbors for seen in all_of(mesh, each)]


def edit(mesh: Mesh, neighbor: Neighbor, **fields: Any) -> None:
    listings.edit(neighbor.replica, neighbor.catalog, "Bike", ListingEdit(**fields))
    mesh.settle()


def test_every_word_has_an_edit_here_and_a_sentence() -> None:
    assert set(EDITS) == {*COMPARED, "quantity"} == set(text.CHANGED)


@pytest.mark.parametrize("word", EDITS)
def test_both_are_told_while_it_is_not_answered(mesh: Mesh, people: People, word: str) -> None:
    alice, _, carol = people
    offer(mesh, carol, "Bike", quantity=3, lend=True)
    respond(mesh, alice, "Bike", quantity=2)
    assert differs(mesh, alice, carol) == [(), ()]
    edit(mesh, carol, **EDITS[word])
    assert differs(mesh, alice, carol) == [(word,), (word,)]


@pytest.mark.parametrize("word", [word for word in EDITS if word != "quantity"])
def test_the_asker_is_told_with_the_yes_though_the_post_is_gone(mesh: Mesh, people: People, word: str) -> None:
    """The asker's node never saw the edited version: the acceptance took the last of it."""
    alice, _, carol = people
    offer(mesh, carol, "Bike", quantity=2, lend=True)
    exchange = respond(mesh, alice, "Bike", quantity=2)
    assert differs(mesh, carol) == [()]
    mesh.cut("Bob", "Carol")
    edit(mesh, carol, **EDITS[word])
    make(mesh, carol, exchange, "accept")
    mesh.heal()
    mesh.advance(60)
    assert alice.titles() == []
    assert differs(mesh, alice, carol) == [(word,), (word,)]
    (seen,) = all_of(mesh, alice)
    assert seen.title_now == (EDITS["title"]["title"] if word == "title" else "Bike")


def test_a_change_that_is_taken_back_is_none(mesh: Mesh, people: People) -> None:
    alice, _, carol = people
    offer(mesh, carol, "Bike", quantity=2)
    respond(mesh, alice, "Bike")
    edit(mesh, carol, text="No wheels.")
    edit(mesh, carol, text="")
    assert differs(mesh, alice, carol) == [(), ()]


def test_what_is_changed_after_the_yes_is_told_as_well(mesh: Mesh, people: People) -> None:
    alice, _, carol = people
    offer(mesh, carol, "Bike", quantity=5)
    make(mesh, carol, respond(mesh, alice, "Bike"), "accept")
    assert differs(mesh, alice, carol) == [(), ()]
    edit(mesh, carol, text="Without a bell.")
    assert differs(mesh, alice, carol) == [("text",), ("text",)]
    listings.edit(carol.replica, carol.catalog, "Bike", ListingEdit(text=None))
    mesh.settle()
    assert differs(mesh, alice, carol) == [(), ()]
