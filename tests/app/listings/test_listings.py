"""Offers and needs: their defaults, how they change, and what is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import fields

from meshnode.app.listings import lifecycle, listings
from meshnode.app.listings.listings import ListingDraft, ListingEdit
from meshnode.app.owner.places import Coordinates
from meshnode.errors import Ambiguous, MeshnodeError, NotFound, Usage
from tests.app.neighbors import Neighbor
from tests.support.mesh import EPOCH, Mesh
from tests.support.scripts import DIFFER

People = tuple[Neighbor, Neighbor, Neighbor]
DAY = 86_400


def titles(neighbor: Neighbor) -> list[str]:
    """The titles of one's own listings in use, by title."""
    return sorted(own.title for own in listings.mine(neighbor.replica, neighbor.catalog).listings)


@pytest.mark.parametrize(
    ("given", "days"),
    [
        ({"category": "food"}, 2),
        ({"type": "need", "category": "food"}, 7),
        ({"type": "need"}, 7),
        ({"category": "tools"}, 90),
        ({"category": "food", "available_until": EPOCH + 5 * DAY}, 5),
        ({"category": "food", "expires_in": 3 * DAY}, 3),
    ],
)
def test_a_listing_expires_by_its_type_and_category_unless_told_otherwise(
    people: People, given: dict[str, object], days: int
) -> None:
    posted = people[0].post("Something", **given)
    assert posted.expires - posted.created == days * DAY


def test_a_listing_follows_the_sharing_preference_unless_it_names_an_audience(people: People) -> None:
    alice = people[0]
    assert (alice.post("A").audience, alice.post("A").follows) == ("trusted_network", True)
    assert (alice.post("B", audience="my_cell").audience, alice.post("B", audience="my_cell").follows) == (
        "my_cell",
        False,
    )


def test_typed_text_is_normalized(people: People) -> None:
    posted = people[0].post("  Cafe\u0301 chairs ", text="one\r\ntwo\n", tags=("red", " red "))
    assert (posted.title, posted.text, posted.tags) == ("Café chairs", "one\ntwo", ("red",))


def test_a_listing_keeps_its_id_through_changes(people: People) -> None:
    alice = people[0]
    posted = alice.post("Chairs", quantity=4, unit="pieces")
    changed = listings.edit(alice.replica, alice.catalog, "Chairs", ListingEdit(quantity=2, clear=("unit",)))
    assert (changed.id, changed.title, changed.quantity, changed.unit) == (posted.id, "Chairs", 2, "")
    assert changed.expires == posted.expires
    assert listings.show(alice.replica, alice.catalog, posted.id) == changed


def test_an_edit_knows_every_field_that_a_draft_has() -> None:
    assert {each.name for each in fields(ListingEdit)} - {"clear"} == {each.name for each in fields(ListingDraft)}


def test_null_sets_a_field_back_to_what_a_new_listing_has(people: People) -> None:
    alice = people[0]
    alice.post("Chairs", category="tools", quantity=4, lend=True, return_by=EPOCH + DAY, audience="my_cell")
    null = ListingEdit(category=None, quantity=None, lend=None, audience=None)
    changed = listings.edit(alice.replica, alice.catalog, "Chairs", null)
    assert (changed.title, changed.category, changed.quantity) == ("Chairs", "other", None)
    assert (changed.lend, changed.return_by, changed.follows) == (False, None, True)


def test_an_edit_that_changes_nothing_signs_nothing(people: People) -> None:
    alice = people[0]
    alice.post("Chairs", quantity=4)
    before = listings.find(alice.replica, alice.catalog, "Chairs").header.version
    listings.edit(alice.replica, alice.catalog, "Chairs", ListingEdit(quantity=4))
    assert listings.find(alice.replica, alice.catalog, "Chairs").header.version == before


@pytest.mark.parametrize(
    ("before", "change", "may_reduce_access"),
    [
        ("trusted_network", ListingEdit(title="Table"), False),
        ("trusted_network", ListingEdit(audience="network_wide"), False),
        ("my_cell", ListingEdit(audience="my_community"), False),
        ("trusted_network", ListingEdit(audience="follows"), False),
        ("network_wide", ListingEdit(audience="trusted_network"), True),
        ("my_community", ListingEdit(audience="trusted_network"), True),
        ("network_wide", ListingEdit(audience="follows"), True),
        ("network_wide", ListingEdit(expires_in=3600), True),
        ("network_wide", ListingEdit(expires_in=100 * DAY), False),
        ("anyone_local", ListingEdit(place=Coordinates(1, 1)), True),
        ("network_wide", ListingEdit(place=Coordinates(1, 1)), False),
    ],
)
def test_older_versions_become_invalid_only_when_a_change_takes_access_away(
    people: People, before: str, change: ListingEdit, may_reduce_access: bool
) -> None:
    alice = people[0]
    posted = alice.post("Chairs", audience=before, place=Coordinates(52.5, 13.4))
    first = listings.find(alice.replica, alice.catalog, posted.id).header
    view = listings.edit(alice.replica, alice.catalog, "Chairs", change)
    header = listings.find(alice.replica, alice.catalog, view.id).header
    assert header.version == first.version + 1
    assert header.min_valid_version == (header.version if may_reduce_access else first.min_valid_version)


def test_narrowing_takes_the_copies_from_the_people_it_leaves_out(mesh: Mesh, people: People) -> None:
    alice, bob, carol = people
    carol.post("Vegetables", audience="network_wide")
    mesh.settle()
    assert alice.titles() == bob.titles() == ["Vegetables"]
    listings.edit(carol.replica, carol.catalog, "Veg", ListingEdit(audience="my_cell"))
    mesh.settle()
    assert alice.titles() == bob.titles() == []


def test_a_withdrawn_listing_is_gone_everywhere(mesh: Mesh, people: People) -> None:
    alice, _, carol = people
    carol.post("Vegetables", audience="network_wide")
    mesh.settle()
    assert lifecycle.withdraw(carol.replica, carol.catalog, "vegetables").title == "Vegetables"
    mesh.settle()
    assert alice.titles() == []
    assert listings.mine(carol.replica, carol.catalog).listings == ()
    with pytest.raises(NotFound):
        lifecycle.withdraw(carol.replica, carol.catalog, "Veg")


def test_mine_lists_own_listings_newest_first(mesh: Mesh, people: People) -> None:
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
    assert [candidate.split(" (")[0] for candidate in caught.value.candidates] == ['"Red chair"', '"Red table"']
    assert listings.show(alice.replica, alice.catalog, "RED  TABLE").author.name == "Bob"


def test_listings_of_others_can_be_shown_but_not_changed_or_withdrawn(mesh: Mesh, people: People) -> None:
    alice, bob, _ = people
    bob.post("Red table", audience="network_wide")
    mesh.settle()
    assert listings.show(alice.replica, alice.catalog, "Red").relation == "someone_you_trust"
    with pytest.raises(NotFound):
        listings.edit(alice.replica, alice.catalog, "Red", ListingEdit(title="Mine"))
    with pytest.raises(NotFound):
        lifecycle.withdraw(alice.replica, alice.catalog, "Red")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"type": "gift"}, "type"),
        ({"title": ""}, "title"),
        ({"title": "   "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": "a\x1b[31mb"}, "control"),
        ({"title": "a\u202eb"}, "direction"),
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
def test_an_invalid_listing_is_refused_in_one_line_and_changes_nothing(
    people: People, given: dict[str, object], words: str
) -> None:
    alice = people[0]
    before = alice.replica.store.records.count()
    with pytest.raises(Usage, match=words) as caught:
        listings.post(alice.replica, ListingDraft(**{"type": "offer", "title": "Chairs", **given}))  # type: ignore[arg-type]
    assert "\n" not in caught.value.line
    assert alice.replica.store.records.count() == before


@pytest.mark.parametrize("typed", ["Oak\nchairs", " Oak \r\n\r\n chairs\n", "Oak\u2028chairs"])
def test_a_title_that_is_pasted_in_several_lines_is_posted_as_one(people: People, typed: str) -> None:
    alice = people[0]
    assert listings.post(alice.replica, ListingDraft(type="offer", title=typed)).title == "Oak chairs"


@pytest.mark.parametrize(
    "change",
    [
        ListingEdit(),
        ListingEdit(title=""),
        ListingEdit(title="a\x07"),
        ListingEdit(clear=("title",)),
        ListingEdit(clear=("nonsense",)),
        ListingEdit(audience="everybody"),
        ListingEdit(expires_in=5),
        ListingEdit(quantity=-1),
    ],
)
def test_an_invalid_edit_changes_nothing(people: People, change: ListingEdit) -> None:
    alice = people[0]
    posted = alice.post("Chairs")
    with pytest.raises(MeshnodeError):
        listings.edit(alice.replica, alice.catalog, "Chairs", change)
    assert listings.show(alice.replica, alice.catalog, "Chairs") == posted


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Bread", "Bread"),
        ("bread r", "Bread rolls"),
        ("rolls", "Bread rolls"),
        ("rye", "Old rye bread"),
        ("bread old", "Old rye bread"),
        ("CAFE", "Caf\u00e9"),
        ("\U0001f35e", "\U0001f35e"),
    ],
)
def test_a_listing_is_found_by_its_title_its_beginning_and_its_words(
    mesh: Mesh, people: People, text: str, title: str
) -> None:
    alice, bob, _ = people
    for posted in ("Bread", "Bread rolls", "Old rye bread", "Caf\u00e9", "\U0001f35e"):
        bob.post(posted, audience="network_wide")
    mesh.settle()
    assert listings.show(alice.replica, alice.catalog, text).title == title
    assert listings.find(bob.replica, bob.catalog, text, own_only=True) is not None


@pytest.mark.parametrize("end", [lifecycle.close, lifecycle.withdraw])
def test_nothing_is_ended_that_only_looks_like_what_was_written(people: People, end: Callable[..., object]) -> None:
    alice = people[0]
    for title, typed in DIFFER:
        alice.post(title)
        with pytest.raises((Ambiguous, NotFound)):
            end(alice.replica, alice.catalog, typed)
        alice.post(typed)
        end(alice.replica, alice.catalog, typed)
        assert titles(alice) == [title]
        end(alice.replica, alice.catalog, title)


def test_what_is_posted_twice_is_remarked_upon(people: People) -> None:
    alice, bob, _ = people
    first = alice.post("Eggs")
    assert first.twin is None
    assert alice.post("eggs ").twin == first.id
    assert alice.post("Eggs", type="need").twin is None
    assert bob.post("Eggs").twin is None
