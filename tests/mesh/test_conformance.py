"""Plays the table of the one rule with whole nodes: hidden listings are not sent, served ones are, shown ones are shown."""

from __future__ import annotations

from itertools import combinations, permutations

import pytest

from meshnode.app.catalog.catalog import Catalog
from meshnode.app.owner.profile import set_profile
from meshnode.store import RecordState
from protocol import Audience, Kind, Listing, body_of, limits
from tests.app.neighbors import Neighbor
from tests.support.conformance import (
    AUTHOR,
    BLOCKS,
    CONNECTIONS,
    HIDDEN,
    PEOPLE,
    PLACES,
    SERVED,
    SHOWN,
    VIEWER,
    Row,
    judged,
    rows,
    world_of,
)
from tests.support.mesh import EPOCH, Mesh
from tests.support.mesh_people import acquaint, block, found, invite, post, vouch
from tests.support.model import World, brute_web

EXPIRES = {"lasting": EPOCH + 90 * limits.DAY, "expired": EPOCH + limits.DAY}


def title_of(row: Row) -> str:
    """Return the title of a row's listing."""
    return f"{row.audience} {row.expiry} {PLACES[row.place].listing}"


class Scene:
    """The people of one connection and one block, each with a node; and of the author a listing of every kind."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.mesh = Mesh(1)
        for name in PEOPLE:
            self.mesh.add(name)
        for pair in combinations(PEOPLE, 2):
            acquaint(self.mesh, *pair)
            self.mesh.wire(*pair)
        self._make_friends()
        self._found_groups()
        for pair in permutations(PEOPLE, 2):
            vouch(self.mesh, *pair, world.vouches.get(pair, 0))
        for pair in sorted(world.blocks):
            block(self.mesh, *pair)
        self.rest()
        viewer = self.mesh.nodes[VIEWER]
        self.viewer = Neighbor(viewer, Catalog(viewer.replica))

    def _make_friends(self) -> None:
        """Let all who will have to do with each other meet once, with vouches on both sides."""
        groups = [*self.world.cells, *self.world.communities]
        for one, other in permutations(PEOPLE, 2):
            pair = {one, other}
            if any(pair == set(vouched) for vouched in self.world.vouches) or any(pair <= group for group in groups):
                vouch(self.mesh, one, other, 900)
        self.rest()

    def _found_groups(self) -> None:
        groups = [("cell", members) for members in self.world.cells]
        groups += [("community", members) for members in self.world.communities]
        for number, (kind, members) in enumerate(groups):
            founder, *others = sorted(members)
            found(self.mesh, founder, f"{kind} {number}", kind)
            invite(self.mesh, founder, f"{kind} {number}", *others)

    def rest(self) -> None:
        """Let connections be tried again, and let everything settle."""
        for _ in range(2):
            self.mesh.advance(60)

    def post_everything(self) -> None:
        """A listing for every audience, place and expiry."""
        listings = {(row.audience, row.expiry, PLACES[row.place].listing) for row in rows()}
        for audience, expiry, place in sorted(listings, key=str):
            life = EXPIRES[expiry] - self.mesh.nodes[AUTHOR].replica.clock.now()
            post(
                self.mesh, AUTHOR, f"{audience} {expiry} {place}", Audience.from_word(audience), place=place, life=life
            )
        self.mesh.settle()

    def move(self, name: str, place: str | None) -> None:
        """Let `name` publish a place; None is how everybody begins."""
        if place is not None:
            set_profile(self.mesh.nodes[name].replica, place=place)
            self.mesh.settle()

    def outcomes(self) -> dict[str, str]:
        """Return the outcome of each of the author's listings for the viewer, by title."""
        records = self.viewer.replica.store.records
        held = list(records.bodies(Kind.LISTING, author=self.mesh.nodes[AUTHOR].person))
        kept = records.rows_of([record.id for record in held])
        live = {row.id for row in kept if row.state == RecordState.LIVE}
        bodies = [body_of(record) for record in held if record.id in live]
        served = {body.title: SERVED for body in bodies if isinstance(body, Listing)}
        return served | dict.fromkeys(self.viewer.titles(limit=1000), SHOWN)

    def expected(self, row: Row) -> str:
        """Return what the table says. A node serves only by places that it was told, and a place is told to its person's web."""
        untold = row.audience == "anyone_local" and not brute_web(self.world, VIEWER, AUTHOR)
        return HIDDEN if untold else judged(row)


STAGES = [
    (None, None),
    (None, PLACES["nowhere"].viewer),
    (PLACES["where its author is"].author, PLACES["nowhere"].viewer),
]
"""Where author and viewer are: a place, once published, cannot be unpublished, so places are published one by one."""


@pytest.mark.promise("Discovery shows resources based on trust + visibility")
@pytest.mark.parametrize("connection", CONNECTIONS)
@pytest.mark.parametrize("quarrel", BLOCKS)
def test_nodes_do_what_the_table_says(connection: str, quarrel: str) -> None:
    """In the end a day passes, and listings that last a day have expired everywhere."""
    scene = Scene(world_of(connection, quarrel))
    scene.post_everything()
    asked = [row for row in rows() if (row.connection, row.block) == (connection, quarrel)]
    for author, viewer in STAGES:
        scene.move(AUTHOR, author)
        scene.move(VIEWER, viewer)
        outcomes = scene.outcomes()
        for row in asked:
            where = PLACES[row.place]
            if (where.author, where.viewer) == (author, viewer):
                assert outcomes.get(title_of(row), HIDDEN) == scene.expected(row._replace(expiry="lasting")), row
    scene.mesh.advance(EXPIRES["expired"] + 1 - scene.mesh.nodes[AUTHOR].replica.clock.now())  # each rounds by itself
    outcomes = scene.outcomes()
    for row in asked:
        if row.expiry == "expired" or row.place == "where its author is":
            assert outcomes.get(title_of(row), HIDDEN) == scene.expected(row), row
