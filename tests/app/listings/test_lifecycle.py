"""Listings are renewed, closed, taken, or expire; what their owner's node keeps of them, and what is refused."""

from __future__ import annotations

import pytest

from meshnode.app import upkeep
from meshnode.app.explain import status
from meshnode.app.explain.status import NetworkState
from meshnode.app.listings import lifecycle, listings
from meshnode.app.listings.archive import REMEMBERED
from meshnode.app.listings.lifecycle import Renewal
from meshnode.app.listings.listings import ListingEdit
from meshnode.app.listings.view import ListingView
from meshnode.errors import Ambiguous, NotFound, Refused, Usage
from protocol import Kind, Record
from tests.app.neighbors import Neighbor
from tests.support.mesh import EPOCH, Mesh

People = tuple[Neighbor, Neighbor, Neighbor]
HOUR, DAY = 3_600, 86_400


def renew(neighbor: Neighbor, which: str, **order: int) -> ListingView:
    return lifecycle.renew(neighbor.replica, neighbor.catalog, which, Renewal(**order))


def close(neighbor: Neighbor, which: str) -> None:
    lifecycle.close(neighbor.replica, neighbor.catalog, which)


def mine(neighbor: Neighbor) -> listings.ListingsView:
    return listings.mine(neighbor.replica, neighbor.catalog)


def own_titles(neighbor: Neighbor) -> list[str]:
    return [listing.title for listing in mine(neighbor).listings]


def ended(neighbor: Neighbor) -> list[tuple[str, str]]:
    return [(each.title, each.how) for each in mine(neighbor).ended]


def head(neighbor: Neighbor, slot: bytes) -> Record:
    found = neighbor.replica.store.records.newest((neighbor.person, Kind.LISTING, slot))
    assert found is not None
    return found


def slot_of(neighbor: Neighbor, which: str) -> bytes:
    return listings.find(neighbor.replica, neighbor.catalog, which, own_only=True).header.slot


def pass_time(mesh: Mesh, neighbor: Neighbor, seconds: int) -> None:
    """Let time pass for one node, and run its upkeep."""
    mesh.time += seconds
    upkeep.upkeep(neighbor.replica)


# --- renewing ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "order", "days"),
    [
        ({"category": "food"}, {}, 2),
        ({"type": "need"}, {}, 7),
        ({"category": "tools"}, {}, 90),
        ({"category": "tools"}, {"expires_in": 30 * DAY}, 30),
        ({"category": "food", "available_until": EPOCH + 5 * DAY}, {}, 4),
        ({"category": "food", "available_until": EPOCH + 5 * DAY}, {"available_until": EPOCH + 9 * DAY}, 8),
    ],
)
def test_a_renewed_listing_lives_as_long_as_a_new_one_would(
    mesh: Mesh, people: People, fields: dict[str, object], order: dict[str, int], days: int
) -> None:
    alice = people[0]
    posted = alice.post("Something", **fields)
    pass_time(mesh, alice, DAY)
    renewed = renew(alice, "Something", **order)
    assert (renewed.id, renewed.expires) == (posted.id, alice.replica.clock.now() + days * DAY)


def test_a_listing_available_until_a_past_date_is_renewed_only_with_a_new_date(mesh: Mesh, people: People) -> None:
    alice = people[0]
    alice.post("Soup", available_until=EPOCH + DAY, expires_in=3 * DAY)
    pass_time(mesh, alice, 2 * DAY)
    with pytest.raises(Refused, match="past") as caught:
        renew(alice, "Soup")
    assert "--until" in caught.value.hint
    with pytest.raises(Usage, match="in the future"):
        renew(alice, "Soup", available_until=EPOCH + DAY)
    assert renew(alice, "Soup", available_until=EPOCH + 4 * DAY).available_until == EPOCH + 4 * DAY


def test_an_expired_listing_is_remembered_and_renewed_under_its_old_id_for_everybody(
    mesh: Mesh, people: People
) -> None:
    alice, _, carol = people
    posted = carol.post("Soup", category="food", audience="network_wide", tags=("hot",))
    mesh.settle()
    mesh.advance(2 * DAY + 1)
    assert (own_titles(carol), ended(carol), alice.titles()) == ([], [("Soup", "expired")], [])
    renewed = renew(carol, "soup")
    mesh.settle()
    assert (renewed.id, renewed.audience, renewed.tags) == (posted.id, "network_wide", ("hot",))
    assert (own_titles(carol), ended(carol), alice.titles()) == (["Soup"], [], ["Soup"])


def test_no_version_is_signed_twice_however_long_ago_a_listing_ended(mesh: Mesh, people: People) -> None:
    alice = people[0]
    alice.post("Soup", category="food")
    slot = slot_of(alice, "Soup")
    pass_time(mesh, alice, 3 * DAY)
    assert alice.replica.store.records.newest((alice.person, Kind.LISTING, slot)) is None
    renew(alice, "Soup")
    assert head(alice, slot).header.version > 1


def test_ended_listings_are_forgotten_after_some_weeks(mesh: Mesh, people: People) -> None:
    alice = people[0]
    alice.post("Soup", category="food")
    pass_time(mesh, alice, 2 * DAY + REMEMBERED - HOUR)
    pass_time(mesh, alice, 0)
    assert ended(alice) == [("Soup", "expired")]
    pass_time(mesh, alice, 2 * HOUR)
    assert ended(alice) == []
    with pytest.raises(NotFound):
        renew(alice, "Soup")


def test_open_listings_are_meant_before_ended_ones_and_a_whole_title_before_a_beginning(people: People) -> None:
    alice = people[0]
    alice.post("Drill")
    close(alice, "Drill")
    alice.post("Drill bits")
    assert renew(alice, "Drill").title == "Drill"
    close(alice, "Drill")
    again = alice.post("Drill")
    assert renew(alice, "drill").id == again.id
    assert ended(alice) == [("Drill", "closed")]


def test_several_ended_listings_that_begin_alike_are_listed(people: People) -> None:
    alice = people[0]
    for title in ("Red chair", "Red table"):
        alice.post(title)
        close(alice, title)
    with pytest.raises(Ambiguous) as caught:
        renew(alice, "red")
    assert [candidate.partition(" (")[0] for candidate in caught.value.candidates] == ['"Red chair"', '"Red table"']
    assert renew(alice, "red t").title == "Red table"


@pytest.mark.parametrize("which", ["", "  ", "Nothing", "???"])
def test_a_name_that_fits_nothing_renews_nothing(people: People, which: str) -> None:
    alice = people[0]
    alice.post("Drill")
    close(alice, "Drill")
    with pytest.raises((NotFound, Usage)):
        renew(alice, which)


def test_a_renewal_that_ends_earlier_invalidates_the_version_that_ends_later(people: People) -> None:
    alice = people[0]
    alice.post("Drill")
    first = head(alice, slot_of(alice, "Drill")).header.version
    renew(alice, "Drill", expires_in=DAY)
    header = head(alice, slot_of(alice, "Drill")).header
    assert header.min_valid_version == header.version > first


# --- closing and withdrawing -------------------------------------------------------------------------------------------


def test_a_closed_listing_is_gone_everywhere_and_its_owner_remembers_it(mesh: Mesh, people: People) -> None:
    alice, _, carol = people
    carol.post("Drill", audience="network_wide")
    mesh.settle()
    close(carol, "Drill")
    mesh.settle()
    assert (alice.titles(), own_titles(carol), ended(carol)) == ([], [], [("Drill", "closed")])
    with pytest.raises(NotFound):
        close(carol, "Drill")
    renew(carol, "Drill")
    mesh.settle()
    assert (alice.titles(), ended(carol)) == (["Drill"], [])


def test_a_withdrawn_listing_is_forgotten(people: People) -> None:
    alice = people[0]
    alice.post("Drill")
    lifecycle.withdraw(alice.replica, alice.catalog, "Drill")
    assert (own_titles(alice), ended(alice)) == ([], [])
    with pytest.raises(NotFound):
        renew(alice, "Drill")


# --- promised piece by piece ------------------------------------------------------------------------------------------------------


def test_a_quantity_goes_down_until_the_listing_ends_and_up_again(mesh: Mesh, people: People) -> None:
    alice, bob, _ = people
    alice.post("Chairs", quantity=4)
    slot = slot_of(alice, "Chairs")
    lifecycle.settle(alice.replica, slot, 3)
    mesh.settle()
    assert bob.discover().results[0].quantity == 1
    for held in (4, 4, 6):  # too much was promised on another device
        lifecycle.settle(alice.replica, slot, held)
        mesh.settle()
        assert (bob.titles(), ended(alice)) == ([], [("Chairs", "taken")])
    lifecycle.settle(alice.replica, slot, 3)
    mesh.settle()
    assert bob.discover().results[0].quantity == 1
    lifecycle.settle(alice.replica, slot, 0)
    mesh.settle()
    assert bob.discover().results[0].quantity == 4
    assert ended(alice) == []


def test_a_listing_without_a_quantity_stays_as_it_is(people: People) -> None:
    alice = people[0]
    posted = alice.post("Advice")
    slot = slot_of(alice, "Advice")
    before = head(alice, slot)
    lifecycle.settle(alice.replica, slot, 5)
    lifecycle.settle(alice.replica, slot, 0)
    assert listings.show(alice.replica, alice.catalog, "Advice") == posted
    assert head(alice, slot) == before


def test_putting_back_opens_no_listing_that_was_closed_or_withdrawn_or_would_have_expired(
    mesh: Mesh, people: People
) -> None:
    alice = people[0]
    alice.post("Chairs", quantity=1)
    alice.post("Soup", quantity=1, category="food")
    alice.post("Bed", quantity=1)
    chairs, soup, bed = (slot_of(alice, title) for title in ("Chairs", "Soup", "Bed"))
    close(alice, "Chairs")
    lifecycle.withdraw(alice.replica, alice.catalog, "Bed")
    lifecycle.settle(alice.replica, soup, 1)
    pass_time(mesh, alice, 3 * DAY)
    for slot in (chairs, soup, bed):
        lifecycle.settle(alice.replica, slot, 0)
    assert own_titles(alice) == []


# --- warnings ------------------------------------------------------------------------------------------------------------


def warned(neighbor: Neighbor) -> list[str]:
    found = status.problems(neighbor.replica, NetworkState(ready=True))
    return [problem.message for problem in found if problem.code == "ending"]


def test_the_owner_is_warned_a_day_before_a_listing_ends(mesh: Mesh, people: People) -> None:
    alice = people[0]
    soup = alice.post("Soup", category="food")
    alice.post("Drill")
    assert (warned(alice), mine(alice).ending) == ([], ())
    pass_time(mesh, alice, DAY)
    assert warned(alice) == ['1 of your posts ends within a day: "Soup"']
    assert mine(alice).ending == (soup.id,)
    renew(alice, "Soup")
    assert (warned(alice), mine(alice).ending) == ([], ())


def test_a_short_life_that_the_owner_chose_causes_no_warning_at_once(mesh: Mesh, people: People) -> None:
    alice = people[0]
    alice.post("Soup", expires_in=2 * HOUR)
    assert warned(alice) == []
    pass_time(mesh, alice, HOUR)
    assert len(warned(alice)) == 1


def test_of_many_listings_that_end_soon_a_few_are_named(mesh: Mesh, people: People) -> None:
    alice = people[0]
    for number in range(5):
        alice.post(f"Soup {number}", category="food", expires_in=2 * DAY + number)
    pass_time(mesh, alice, DAY + HOUR)
    assert warned(alice) == ['5 of your posts end within a day: "Soup 0", "Soup 1", "Soup 2" and 2 more']


# --- changing the end ----------------------------------------------------------------------------------------------------


def test_changing_until_when_a_listing_is_available_moves_its_expiry(people: People) -> None:
    alice = people[0]
    alice.post("Soup", available_until=EPOCH + 5 * DAY)
    change = ListingEdit(available_until=EPOCH + 9 * DAY)
    assert listings.edit(alice.replica, alice.catalog, "Soup", change).expires == EPOCH + 9 * DAY
    with pytest.raises(Usage, match="in the future"):
        listings.edit(alice.replica, alice.catalog, "Soup", ListingEdit(available_until=EPOCH - DAY))


@pytest.mark.parametrize("how", ["closed", "expired", "taken"])
def test_what_has_ended_is_shown_as_such_until_it_is_forgotten(mesh: Mesh, people: People, how: str) -> None:
    alice, bob, _ = people
    posted = alice.post("Plums", quantity=1, expires_in=DAY)
    slot = slot_of(alice, "Plums")
    mesh.settle()
    if how == "closed":
        close(alice, "Plums")
    elif how == "taken":
        lifecycle.settle(alice.replica, slot, 1)
    pass_time(mesh, alice, 2 * DAY if how == "expired" else 60)
    mesh.settle()
    for which in ("Plums", "plu", posted.id):
        seen = listings.show(alice.replica, alice.catalog, which)
        assert (seen.title, seen.ended, seen.ended_at is not None) == ("Plums", how, True)
        with pytest.raises(NotFound):
            listings.show(bob.replica, bob.catalog, which)
    alice.post("Plums")
    assert listings.show(alice.replica, alice.catalog, "Plums").ended is None
    assert listings.show(alice.replica, alice.catalog, posted.id).ended == how


def test_what_was_withdrawn_is_shown_no_longer(people: People) -> None:
    alice, *_ = people
    alice.post("Plums")
    lifecycle.withdraw(alice.replica, alice.catalog, "Plums")
    with pytest.raises(NotFound):
        listings.show(alice.replica, alice.catalog, "Plums")
