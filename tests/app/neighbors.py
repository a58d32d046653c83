"""Three people on a simulated mesh, connected by the real use-cases; a `Neighbor` is the node of one of them."""

from __future__ import annotations

from dataclasses import dataclass

from msgspec import structs

from meshnode.app.catalog.catalog import Catalog
from meshnode.app.discover import hiding, news, watches
from meshnode.app.discover.discover import DiscoverQuery, Discovery, discover
from meshnode.app.discover.search import SearchQuery
from meshnode.app.discover.watches import Watcher
from meshnode.app.listings import listings
from meshnode.app.listings.view import ListingView
from meshnode.app.people import cards
from meshnode.clock import Clock
from meshnode.replica.replica import Replica
from meshnode.slices import complete
from protocol import PersonId
from tests.support.mesh import Mesh, Node


@dataclass
class Neighbor:
    """One person's node with its catalog, as the local API holds them."""

    node: Node
    catalog: Catalog

    def __post_init__(self) -> None:
        self.watcher = Watcher(self.replica, self.catalog)

    @property
    def replica(self) -> Replica:
        return self.node.replica

    @property
    def person(self) -> PersonId:
        return self.node.person

    def post(self, title: str, **fields: object) -> ListingView:
        return listings.post(self.replica, listings.ListingDraft(**{"type": "offer", "title": title, **fields}))  # type: ignore[arg-type]

    def discover(self, words: str | None = None, **search: object) -> Discovery:
        return complete(discover(self.replica, self.catalog, DiscoverQuery(words=words, **search)))  # type: ignore[arg-type]

    def titles(self, words: str | None = None, **search: object) -> list[str]:
        return [result.title for result in self.discover(words, **search).results]

    def news(self) -> list[str]:
        """Return the titles of what is new, and note that it was shown."""
        return [
            result.title
            for result in complete(news.look(self.replica, self.catalog, self.watcher, news.NewsLook())).results
        ]

    def peek(self) -> list[str]:
        """Return the titles of what is new, which stays new."""
        return [result.title for result in complete(news.peek(self.replica, self.catalog, self.watcher)).results]

    def watch(self, words: str | None = None, **limits: object) -> int:
        """Save a search; returns its number."""
        return watches.add(self.replica, self.catalog, self.watcher, SearchQuery(words=words, **limits)).id  # type: ignore[arg-type]

    def alerts(self) -> list[tuple[int, str]]:
        """Return the alerts, each with the number of its watch and the title of its listing."""
        saved = watches.watches(self.replica, self.catalog, self.watcher).watches
        return [(alert.watch, alert.title) for watch in saved for alert in watch.alerts]

    def hide(self, which: str) -> str:
        """Hide a listing; returns its title."""
        return hiding.hide(self.replica, self.catalog, which).title

    def unhide(self, which: str) -> str:
        """Show it again; returns its title."""
        return hiding.unhide(self.replica, self.catalog, which).title

    def card(self, **order: object) -> str:
        return cards.make(self.replica, cards.CardOrder(**order), [("127.0.0.1", 4747)]).text  # type: ignore[arg-type]

    def add(self, card: str, trust: float | None = None) -> cards.AddedView:
        return cards.add(self.replica, cards.CardToAdd(card, trust), ())


def neighbor(mesh: Mesh, name: str) -> Neighbor:
    """Return a node with a catalog that has caught up."""
    return Neighbor(mesh.nodes[name], Catalog(mesh.nodes[name].replica))


def settle_in(mesh: Mesh, name: str) -> Neighbor:
    """Return a new person's node with its catalog."""
    node = mesh.add(name)
    node.replica = structs.replace(node.replica, clock=Clock(machine=node.clock.machine))
    return Neighbor(node, Catalog(node.replica))


def story(mesh: Mesh) -> tuple[Neighbor, Neighbor, Neighbor]:
    """Alice adds Bob's card with 0.7, Bob adds Carol's with 0.8; each pair is wired."""
    alice, bob, carol = (settle_in(mesh, name) for name in ("Alice", "Bob", "Carol"))
    alice.add(bob.card(), 0.7)
    bob.add(carol.card(), 0.8)
    mesh.wire("Alice", "Bob")
    mesh.wire("Bob", "Carol")
    mesh.settle()
    return alice, bob, carol
