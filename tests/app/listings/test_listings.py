"""Offers and needs: what they become by default, how they change, and what is refused."""

from __future__ import annotations

import pytest

from meshnode.app.listings import lifecycle, listings
from meshnode.app.listings.listings import Draft, Edit
from meshnode.app.owner.places import Coordinates
from meshnode.errors import Ambiguous, MeshnodeError, NotFound, Usage
from tests.app.neighbors import Neighbor
from tests.support.mesh import EPOCH, Mesh

People = tuple[Neighbor, Neighbor, Neighbor]
DAY = 86_400


@pytest.mark.parametrize(
    ("fields", "days"),
    [
        ({"category": "food"}, 2),
        ({"type": "need", "category": "food"}, 7),
        ({"type": "need"}, 7),
        ({"category": "tools"}, 90),
        ({"category": "food", "available_until": EPOCH + 5 * DAY}, 5),
        ({"category": "food", "expires_in": 3 * DAY}, 3),
    ],
)
def test_every_listing_expires_by_what_it_is(people: People, fields: dict[str, object], days: int) -> None:
    posted = people[0].post("Something", **fields)
    assert posted.expires - posted.created == days * DAY


def test_a_listing_follows_the_sharing_preference_unless_it_names_an_audience(people: People) -> None:
    alice = people[0]
    assert (alice.post("A").audience, alice.post("A").follows) == ("trusted_network", True)
    assert (alice.post("B", audience="my_cell").audience, alice.post("B", audience="my_cell").follows) == (
        "my_cell",
        False,
    )


def test_what_was_typed_is_tidied(people: People) -> None:
    posted = people[0].post("  Cafe\u0301 chairs ", text="one\r\ntwo\n", tags=("red", " red "))
    assert (posted.title, posted.text, posted.tags) == ("Café chairs", "one\ntwo", ("red",))


def test_a_listing_keeps_its_id_through_changes(people: People) -> None:
    alice = people[0]
    posted = alice.post("Chairs", quantity=4, unit="pieces")
    changed = listings.edit(alice.replica, alice.catalog, "Chairs", Edit(quantity=2, clear=("unit",)))
    assert (changed.id, changed.title, changed.quantity, changed.unit) == (posted.id, "Chairs", 2, "")
    assert changed.expires == posted.expires
    assert listings.show(alice.replica, alice.catalog, posted.id) == changed


def test_an_edit_that_changes_nothing_signs_nothing(people: People) -> None:
    alice = people[0]
    alice.post("Chairs", quantity=4)
    before = listings.find(alice.replica, alice.catalog, "Chairs").header.version
    listings.edit(alice.replica, alice.catalog, "Chairs", Edit(quantity=4))
    assert listings.find(alice.replica, alice.catalog, "Chairs").header.version == before


@pytest.mark.parametrize(
    ("before", "change", "may_reduce_access"),
    [
        ("trusted_network", Edit(title="Table"), False),
        ("trusted_network", Edit(audience="network_wide"), False),
        ("my_cell", Edit(audience="my_community"), False),
        ("trusted_network", Edit(audience="follows"), False),
        ("network_wide", Edit(audience="trusted_network"), True),
        ("my_community", Edit(audience="trusted_network"), True),
        ("network_wide", Edit(audience="follows"), True),
        ("network_wide", Edit(expires_in=3600), True),
        ("network_wide", Edit(expires_in=100 * DAY), False),
        ("anyone_local", Edit(place=Coordinates(1, 1)), True),
        ("network_wide", Edit(place=Coordinates(1, 1)), False),
    ],
)
def test_the_floor_rises_only_when_a_change_takes_something_away(
    people: People, before: str, change: Edit, may_reduce_access: bool
) -> None:
    alice = people[0]
    alice.post("Chairs", audience=before, place=Coordinates(52.5, 13.4))
    view = listings.edit(alice.replica, alice.catalog, "Chairs", change)
    header = listings.find(alice.replica, alice.catalog, view.id).header
    assert header.version == 2
    assert (header.min_valid_version == 2) is may_reduce_access


def test_narrowing_takes_the_copy_from_whom_it_leaves_out(mesh: Mesh, people: People) -> None:
    alice, bob, carol = people
    carol.post("Vegetables", audience="network_wide")
    mesh.settle()
    assert alice.titles() == bob.titles() == ["Vegetables"]
    listings.edit(carol.replica, carol.catalog, "Veg", Edit(audience="my_cell"))
    mesh.settle()
    assert alice.titles() == bob.titles() == []


def test_a_withdrawn_listing_is_gone_everywhere(mesh: Mesh, people: People) -> None:
    alice, _, carol = people
    carol.post("Vegetables", audience="network_wide")
    mesh.settle()
    assert lifecycle.withdraw(carol.replica, carol.catalog, "Veg").title == "Vegetables"
    mesh.settle()
    assert alice.titles() == []
    assert listings.mine(carol.replica, carol.catalog).listings == ()
    with pytest.raises(NotFound):
        lifecycle.withdraw(carol.replica, carol.catalog, "Veg")


def test_mine_lists_ones_own_newest_first(mesh: Mesh, people: People) -> None:
    alice = people[0]
    alice.post("First")
    mesh.time += 5
    alice.post("Second")
    assert [own.title for own in listings.mine(alice.replica, alice.catalog).listings] == ["Second", "First"]


def test_a_beginning_that_fits_several_lists_them_with_their_authors(mesh: Mesh, people: People) -> None:
    alice, bob, _ = people
    alice.post("Red chair")
    bob.post("Red table", audience="network_wide")
    mesh.settle()
    with pytest.raises(Ambiguous) as caught:
        listings.show(alice.replica, alice.catalog, "red")
    assert [candidate.split(" (")[0] for candidate in caught.value.candidates] == ["Red chair", "Red table"]
    assert listings.show(alice.replica, alice.catalog, "RED  TABLE").author.name == "Bob"


def test_others_listings_can_be_shown_but_neither_changed_nor_withdrawn(mesh: Mesh, people: People) -> None:
    alice, bob, _ = people
    bob.post("Red table", audience="network_wide")
    mesh.settle()
    assert listings.show(alice.replica, alice.catalog, "Red").relation == "someone_you_trust"
    with pytest.raises(NotFound):
        listings.edit(alice.replica, alice.catalog, "Red", Edit(title="Mine"))
    with pytest.raises(NotFound):
        lifecycle.withdraw(alice.replica, alice.catalog, "Red")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"type": "gift"}, "type"),
        ({"title": ""}, "title"),
        ({"title": "   "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": "a\x1b[31mb"}, "control"),
        ({"title": "a\u202eb"}, "direction"),
        ({"title": "a\nb"}, "one line"),
        ({"text": "x" * 2001}, "text"),
        ({"category": "money"}, "category"),
        ({"tags": ("x" * 41,)}, "tag"),
        ({"tags": tuple(str(number) for number in range(11))}, "tags"),
        ({"quantity": 0}, "quantity"),
        ({"quantity": 10_000_000}, "quantity"),
        ({"urgency": "soon"}, "urgency"),
        ({"return_by": EPOCH + DAY}, "return by"),
        ({"language": "Deutsch!"}, "language"),
        ({"audience": "everybody"}, "audience"),
        ({"audience": "follows"}, "audience"),
        ({"audience": "anyone_local"}, "needs your location"),
        ({"place": Coordinates(91, 0)}, "location is nowhere on earth"),
        ({"place": Coordinates(0, 181)}, "location is nowhere on earth"),
        ({"expires_in": 1}, "can be visible"),
        ({"expires_in": 400 * DAY}, "can be visible"),
        ({"available_until": EPOCH - DAY}, "in the future"),
        ({"available_from": EPOCH + 2 * DAY, "available_until": EPOCH + DAY}, "available"),
    ],
)
def test_a_listing_that_cannot_be_is_refused_in_one_line_and_changes_nothing(
    people: People, fields: dict[str, object], words: str
) -> None:
    alice = people[0]
    before = alice.replica.store.records.count()
    with pytest.raises(Usage, match=words) as caught:
        listings.post(alice.replica, Draft(**{"type": "offer", "title": "Chairs", **fields}))  # type: ignore[arg-type]
    assert "\n" not in caught.value.line
    assert alice.replica.store.records.count() == before


@pytest.mark.parametrize(
    "change",
    [
        Edit(),
        Edit(title=""),
        Edit(title="a\x07"),
        Edit(clear=("title",)),
        Edit(clear=("nonsense",)),
        Edit(audience="everybody"),
        Edit(expires_in=5),
        Edit(quantity=-1),
    ],
)
def test_an_edit_that_cannot_be_changes_nothing(people: People, change: Edit) -> None:
    alice = people[0]
    posted = alice.post("Chairs")
    with pytest.raises(MeshnodeError):
        listings.edit(alice.replica, alice.catalog, "Chairs", change)
    assert listings.show(alice.replica, alice.catalog, "Chairs") == posted
