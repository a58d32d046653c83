"""The seed's three people on a simulated mesh, brought together by the real use-cases; `Desk` is one of their nodes."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from meshnode.app import cards, listings
from meshnode.app.catalogue import Catalogue
from meshnode.app.discover import Discovery, Search, discover
from meshnode.app.replica import Replica
from meshnode.app.shown import ListingView
from meshnode.clock import Clock
from protocol import PersonId
from tests.support.mesh import EPOCH, Mesh, Node


@dataclass
class Desk:
    """One person's node with its catalogue, as the local API holds them."""

    node: Node
    catalogue: Catalogue

    @property
    def replica(self) -> Replica:
        return self.node.replica

    @property
    def person(self) -> PersonId:
        return self.node.person

    def post(self, title: str, **fields: object) -> ListingView:
        return listings.post(self.replica, listings.Draft(**{"type": "offer", "title": title, **fields}))  # type: ignore[arg-type]

    def discover(self, words: str | None = None, **search: object) -> Discovery:
        return discover(self.replica, self.catalogue, Search(words=words, **search))  # type: ignore[arg-type]

    def titles(self, words: str | None = None, **search: object) -> list[str]:
        return [result.title for result in self.discover(words, **search).results]

    def card(self, **order: object) -> str:
        return cards.make(self.replica, cards.CardOrder(**order), [("127.0.0.1", 4747)]).text  # type: ignore[arg-type]

    def add(self, card: str, trust: float | None = None) -> cards.AddedView:
        return cards.add(self.replica, cards.CardToAdd(card, trust), ())


def settle_in(mesh: Mesh, name: str) -> Desk:
    """A new person with a node and a catalogue."""
    node = mesh.add(name)
    clock = Clock(wall=lambda: EPOCH + mesh.time, monotonic=lambda: mesh.time)
    node.replica = dataclasses.replace(node.replica, clock=clock)  # the simulation's own says no more than the time
    return Desk(node, Catalogue(node.replica))


def story(mesh: Mesh) -> tuple[Desk, Desk, Desk]:
    """Alice adds Bob's card with 0.7, Bob adds Carol's with 0.8; each pair is wired."""
    alice, bob, carol = (settle_in(mesh, name) for name in ("Alice", "Bob", "Carol"))
    alice.add(bob.card(), 0.7)
    bob.add(carol.card(), 0.8)
    mesh.wire("Alice", "Bob")
    mesh.wire("Bob", "Carol")
    mesh.settle()
    return alice, bob, carol
