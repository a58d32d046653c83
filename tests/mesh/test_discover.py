"""What people find while a mesh changes: news by new trust and by arrival, watches, and hidden listings."""

from __future__ import annotations

from meshnode.app.catalog.catalog import Catalog
from meshnode.app.discover import hiding, news, watches
from meshnode.app.discover.discover import DiscoverQuery, discover
from meshnode.app.discover.search import SearchQuery
from meshnode.app.discover.watches import Watcher
from meshnode.slices import complete
from protocol import Audience, limits
from tests.support.mesh import Mesh
from tests.support.mesh_people import befriend, post, rewrite, vouch


class Viewer:
    """The owner of one node, who searches."""

    def __init__(self, mesh: Mesh, name: str) -> None:
        self.replica = mesh.nodes[name].replica
        self.catalog = Catalog(self.replica)
        self.watcher = Watcher(self.replica, self.catalog)

    def found(self) -> set[str]:
        return {result.title for result in complete(discover(self.replica, self.catalog, DiscoverQuery())).results}

    def news(self) -> set[str]:
        seen = complete(news.look(self.replica, self.catalog, self.watcher, news.NewsLook()))
        return {result.title for result in seen.results}

    def watch(self, words: str) -> None:
        watches.add(self.replica, self.catalog, self.watcher, SearchQuery(words=words))

    def alerts(self) -> set[str]:
        saved = watches.watches(self.replica, self.catalog, self.watcher).watches
        return {alert.title for watch in saved for alert in watch.alerts}


def a_row(seed: int = 31) -> Mesh:
    """Return Alice - Bob - Carol - Dora, who vouch for their neighbors; Dora is too far away for Alice to trust."""
    mesh = Mesh(seed)
    names = ("Alice", "Bob", "Carol", "Dora")
    for name in names:
        mesh.add(name)
    befriend(mesh, "Alice", "Bob", 900, 900)
    befriend(mesh, "Bob", "Carol", 900, 900)
    befriend(mesh, "Carol", "Dora", 300, 900)
    mesh.settle()
    return mesh


def test_a_vouch_somewhere_in_the_mesh_brings_news_of_old_listings() -> None:
    mesh = a_row()
    post(mesh, "Dora", "Old bicycle", Audience.NETWORK_WIDE)
    post(mesh, "Carol", "Ladder", Audience.NETWORK_WIDE)
    mesh.settle()
    alice = Viewer(mesh, "Alice")
    assert alice.news() == {"Ladder"}
    mesh.advance(limits.DAY)
    vouch(mesh, "Carol", "Dora", 900)
    mesh.settle()
    assert alice.news() == {"Old bicycle"}
    assert alice.news() == set()


def test_what_arrives_from_a_peer_after_a_partition_raises_the_alert_then() -> None:
    mesh = a_row()
    alice = Viewer(mesh, "Alice")
    alice.watch("drill")
    mesh.partition(["Alice", "Bob"], ["Carol", "Dora"])
    post(mesh, "Carol", "Drill", Audience.NETWORK_WIDE)
    mesh.settle()
    assert alice.alerts() == set()
    mesh.heal()
    mesh.settle()
    assert alice.alerts() == {"Drill"}
    mesh.restart("Alice")
    mesh.settle()
    assert Viewer(mesh, "Alice").alerts() == {"Drill"}
    assert Viewer(mesh, "Alice").news() == {"Drill"}
    assert Viewer(mesh, "Alice").alerts() == set()


def test_what_is_hidden_stays_hidden_after_an_edit_that_narrows_and_widens_it_and_for_nobody_else() -> None:
    mesh = a_row()
    listing = post(mesh, "Carol", "Ladder", Audience.NETWORK_WIDE)
    mesh.settle()
    alice, bob = Viewer(mesh, "Alice"), Viewer(mesh, "Bob")
    hiding.hide(alice.replica, alice.catalog, "Ladder")
    narrow = rewrite(mesh, "Carol", listing, "Ladder for few", Audience.MY_CELL, may_reduce_access=True)
    mesh.settle()
    assert alice.found() == bob.found() == set()
    rewrite(mesh, "Carol", narrow, "Ladder again", Audience.NETWORK_WIDE, may_reduce_access=False)
    mesh.settle()
    assert bob.found() == {"Ladder again"}
    assert alice.found() == alice.news() == set()
    assert complete(discover(alice.replica, alice.catalog, DiscoverQuery())).set_aside == 1


def test_hiding_watching_and_looking_send_nothing_to_anybody() -> None:
    mesh = a_row()
    post(mesh, "Carol", "Ladder", Audience.NETWORK_WIDE)
    mesh.settle()
    sent, counted = mesh.bytes_sent, [mesh.nodes[name].replica.store.records.count() for name in mesh.nodes]
    alice = Viewer(mesh, "Alice")
    alice.watch("drill")
    alice.news()
    hiding.hide(alice.replica, alice.catalog, "Ladder")
    mesh.settle()
    assert mesh.bytes_sent == sent
    assert [mesh.nodes[name].replica.store.records.count() for name in mesh.nodes] == counted
