"""The exact place never leaves its node: the test looks for it in every byte sent, and in everything stored elsewhere.

It is looked for as cells finer than the published one (as text, as numbers of either byte order, as the codec writes
them), as floats of both sizes in degrees and radians, as whole numbers of small parts of a degree, and as decimals.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator

import h3
import pytest

from meshnode.app.exchanges import exchanges
from meshnode.app.exchanges.exchanges import MoveOrder, Request
from meshnode.app.explain import audience, what_if
from meshnode.app.groups import groups
from meshnode.app.listings import lifecycle
from meshnode.app.listings.listings import ListingDraft, ListingEdit, edit
from meshnode.app.owner import places
from meshnode.app.owner import preference as sharing
from meshnode.app.owner.places import Coordinates
from meshnode.app.owner.preference import SharingChange
from meshnode.app.owner.profile import set_profile
from meshnode.slices import complete
from protocol import Precision, encode
from tests.app.neighbors import Neighbor, story
from tests.support.mesh import Mesh
from tests.support.tap import Tap, set_tap

HOME = Coordinates(52.519874, 13.406213)
SHED = Coordinates(52.604319, 13.507148)
FINEST = 15
PARTS = (10**5, 10**6, 10**7)
"""Fractions of a degree that maps use."""


def signs_of(position: Coordinates, finest_told: Precision) -> Iterator[bytes]:
    """All forms in which the position could be found, if only cells up to `finest_told` are."""
    for resolution in range(finest_told + 1, FINEST + 1):
        cell = h3.latlng_to_cell(position.lat, position.lon, resolution)
        number = int(cell, 16)
        yield from (cell.encode(), cell.upper().encode(), str(number).encode())
        yield from (number.to_bytes(8, "big"), number.to_bytes(8, "little"))
    for degrees in (position.lat, position.lon):
        for value in (degrees, math.radians(degrees)):
            yield from (struct.pack(form, value) for form in (">d", "<d", ">f", "<f"))
        for parts in PARTS:
            number = round(degrees * parts)
            yield from (number.to_bytes(4, "big"), number.to_bytes(4, "little"), encode(number), str(number).encode())
        yield from (f"{degrees:.{digits}f}".encode() for digits in (3, 4, 5, 6))
        yield f"{math.floor(degrees * 1000) / 1000:.3f}".encode()


def found_in(haystacks: list[bytes], position: Coordinates, finest_told: Precision) -> list[bytes]:
    return [sign for sign in signs_of(position, finest_told) for haystack in haystacks if sign in haystack]


def stored_at(neighbor: Neighbor) -> bytes:
    """The whole database of a node, letters it has opened and all."""
    connection = neighbor.replica.store._database._connection
    return bytes(connection.serialize("main"))


def all_that_left(mesh: Mesh, tap: Tap, wire: list[bytes], alice: Neighbor, others: list[Neighbor]) -> list[bytes]:
    """Every frame before encryption, every byte on a wire, all that others store, and every record of Alice's own."""
    own = alice.replica.store.records
    records = own.get_many([row.id for row in own.rows(author=alice.person)])
    assert len(tap.said) > 50
    return [*(said.data for said in tap.said), *wire, *(record.wire for record in records), *map(stored_at, others)]


def live(mesh: Mesh, people: tuple[Neighbor, Neighbor, Neighbor], precisions: list[Precision]) -> None:
    """All that Alice can do with places, at each of these precisions."""
    alice, bob, _ = people
    ask, catalog = alice.replica, alice.catalog
    for precision in precisions:
        sharing.change(ask, SharingChange(place=HOME, precision=precision.word))
        mesh.settle()
        alice.post("Drill", place=SHED, audience="network_wide", quantity=9)
        alice.post("Bread", audience="anyone_local")
        edit(ask, catalog, "Bread", ListingEdit(place=SHED))
        edit(ask, catalog, "Bread", ListingEdit(clear=("place",)))
        mesh.settle()
        alice.titles(within=10)
        complete(audience.preview(ask, ListingDraft("offer", "Saw", audience="anyone_local", place=HOME)))
        complete(what_if.share(ask, catalog, SharingChange(place=SHED, precision="exact")))
        asked = exchanges.respond(bob.replica, bob.catalog, "Drill", Request("May I?", 1))
        mesh.settle()
        exchanges.move(ask, asked.exchange, MoveOrder("accept", "Come any time."))
        mesh.settle()
        for title in ("Drill", "Bread"):
            lifecycle.close(ask, catalog, title)
        mesh.settle()
    groups.new(ask, groups.GroupOrder("cell", "Elm Street"))
    mesh.restart("Alice")
    mesh.advance(60)


@pytest.mark.parametrize(
    "precisions",
    [
        [Precision.REGION],
        [Precision.REGION, Precision.CITY, Precision.NEIGHBORHOOD, Precision.REGION],
        [Precision.EXACT, Precision.REGION, Precision.EXACT],
    ],
)
def test_no_byte_that_leaves_and_no_record_elsewhere_tells_more_than_was_published(
    monkeypatch: pytest.MonkeyPatch, precisions: list[Precision]
) -> None:
    mesh = Mesh(31)
    tap, wire = set_tap(monkeypatch), []
    mesh.tap = lambda _sender, _receiver, data: wire.append(data)
    people = story(mesh)
    live(mesh, people, precisions)
    left = all_that_left(mesh, tap, wire, people[0], list(people[1:]))
    for position in (HOME, SHED):
        assert found_in(left, position, max(precisions)) == []
        for precision in set(precisions):
            published = places.cell_of(position, precision).encode()
            assert any(published in haystack for haystack in left), "what is published is found by the same search"
    assert found_in([stored_at(people[0])], HOME, Precision.EXACT), "it is known at home"


def test_the_search_finds_a_place_that_was_told_too_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    mesh = Mesh(31)
    tap = set_tap(monkeypatch)
    people = story(mesh)
    live(mesh, people, [Precision.CITY])
    set_profile(people[0].replica, place=places.cell_of(HOME, Precision.EXACT), about=f"I am at {HOME.lat:.4f}")
    mesh.settle()
    left = all_that_left(mesh, tap, [], people[0], list(people[1:]))
    cell, text = places.cell_of(HOME, Precision.EXACT).encode(), b"52.5199"
    assert {cell, text} <= set(found_in(left, HOME, Precision.CITY))
