"""Until when a listing can be had and when it ends agree, whatever its owner does to either."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from msgspec import structs

from meshnode.app.listings import lifecycle, listings
from meshnode.app.listings.expiry import FOOD_LIFE, NEED_LIFE, OTHER_LIFE
from meshnode.app.listings.lifecycle import Renewal
from meshnode.app.listings.listings import ListingEdit
from meshnode.app.listings.view import ListingView, body_of
from meshnode.errors import NotFound, Refused, Usage
from meshnode.replica import authoring
from protocol import Kind, limits
from tests.app.neighbors import Neighbor, settle_in
from tests.support.mesh import Mesh

People = tuple[Neighbor, Neighbor, Neighbor]
DAY = 86_400
DAYS = st.integers(1, 380)
Step = tuple[str, dict[str, Any]]

EDITS: st.SearchStrategy[Step] = st.fixed_dictionaries(
    {},
    optional={
        "available_until": DAYS | st.none(),
        "expires_in": st.integers(1, 365) | st.none(),
        "text": st.sampled_from(["ripe", "green"]),
        "category": st.sampled_from(["food", "tools"]),
    },
).map(lambda fields: ("edit", fields))
RENEWALS: st.SearchStrategy[Step] = st.fixed_dictionaries(
    {}, optional={"available_until": DAYS, "expires_in": st.integers(1, 365)}
).map(lambda fields: ("renew", fields))
WAITS: st.SearchStrategy[Step] = st.integers(1, 60).map(lambda days: ("wait", {"days": days}))
CLOSES: st.SearchStrategy[Step] = st.just(("close", {}))


def now(neighbor: Neighbor) -> int:
    return neighbor.replica.clock.now()


def edit(neighbor: Neighbor, which: str, **changes: Any) -> ListingView:
    return listings.edit(neighbor.replica, neighbor.catalog, which, ListingEdit(**changes))


def renew(neighbor: Neighbor, which: str, **order: int) -> ListingView:
    return lifecycle.renew(neighbor.replica, neighbor.catalog, which, Renewal(**order))


def in_seconds(neighbor: Neighbor, fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a step, whose days are counted from now on, as the API takes them."""
    values = dict(fields)
    if values.get("available_until") is not None:
        values["available_until"] = now(neighbor) + values["available_until"] * DAY
    if values.get("expires_in") is not None:
        values["expires_in"] *= DAY
    return values


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.one_of(st.none(), DAYS), st.lists(st.one_of(EDITS, RENEWALS, WAITS, CLOSES), max_size=8))
@example(3, [("edit", {"available_until": None})])
@example(3, [("edit", {"expires_in": 60})])
@example(30, [("edit", {"expires_in": 2}), ("edit", {"available_until": 1})])
@example(380, [("renew", {}), ("edit", {"available_until": None})])
@example(3, [("wait", {"days": 4}), ("renew", {"available_until": 9}), ("close", {}), ("renew", {"expires_in": 60})])
def test_nothing_is_shown_after_the_last_day_on_which_it_can_be_had(until: int | None, steps: list[Step]) -> None:
    alice = settle_in(mesh := Mesh(7), "Alice")
    day = {} if until is None else {"available_until": now(alice) + until * DAY}
    seen = [alice.post("Plums", **day)]
    for what, fields in steps:
        try:
            if what == "edit":
                seen.append(edit(alice, "Plums", **in_seconds(alice, fields)))
            elif what == "renew":
                seen.append(renew(alice, "Plums", **in_seconds(alice, fields)))
            elif what == "close":
                lifecycle.close(alice.replica, alice.catalog, "Plums")
            else:
                mesh.time += fields["days"] * DAY
        except (Usage, Refused, NotFound):
            continue  # it has ended, or the step asks for what cannot be
        for listing in seen[-1:]:
            assert listing.available_until is None or listing.expires <= listing.available_until
            assert listing.expires - listing.created <= limits.LISTING_LIFE


@pytest.mark.parametrize(
    ("fields", "life"),
    [({}, OTHER_LIFE), ({"category": "food"}, FOOD_LIFE), ({"type": "need"}, NEED_LIFE)],
)
def test_without_its_last_day_it_lives_as_long_as_if_it_had_never_had_one(
    people: People, fields: dict[str, Any], life: int
) -> None:
    alice, *_ = people
    alice.post("Sledge", available_until=now(alice) + 3 * DAY, **fields)
    assert edit(alice, "Sledge", clear=("available_until",)).expires == now(alice) + life


def test_an_end_that_the_owner_chose_stays_when_the_last_day_goes(people: People) -> None:
    alice, *_ = people
    posted = alice.post("Sledge", available_until=now(alice) + 30 * DAY, expires_in=5 * DAY)
    assert posted.expires == now(alice) + 5 * DAY
    assert edit(alice, "Sledge", clear=("available_until",)).expires == posted.expires


def test_an_end_after_the_last_day_is_brought_forward_to_it(people: People) -> None:
    alice, *_ = people
    last = now(alice) + 3 * DAY
    assert alice.post("Tent", available_until=last, expires_in=60 * DAY).expires == last
    assert edit(alice, "Tent", expires_in=90 * DAY).expires == last
    assert renew(alice, "Tent", expires_in=60 * DAY).expires == last
    later = now(alice) + 9 * DAY
    assert edit(alice, "Tent", available_until=later).expires == later
    assert edit(alice, "Tent", expires_in=None).expires == later


def test_what_others_sign_to_be_visible_longer_is_not_shown_after_its_last_day(mesh: Mesh, people: People) -> None:
    alice, bob, _ = people
    bob.post("Tent", available_until=now(bob) + 3 * DAY)
    record = listings.find(bob.replica, bob.catalog, "Tent", own_only=True)
    body = structs.replace(body_of(record), salt=bytes(16))
    authoring.write(bob.replica, Kind.LISTING, record.header.slot, body, life=60 * DAY, expires=now(bob) + 60 * DAY)
    mesh.settle()
    assert alice.titles() == ["Tent"]
    mesh.time += 4 * DAY
    assert alice.titles() == []


@pytest.mark.parametrize("date", ["available_until", "return_by"])
def test_a_date_in_the_past_is_refused_and_named_in_words(people: People, date: str) -> None:
    alice, *_ = people
    named = {"available_until": "until which it is available", "return_by": "by which it is given back"}[date]
    with pytest.raises(Usage, match=f"the day {named} must be in the future"):
        alice.post("Mower", lend=True, **{date: now(alice) - DAY})
    alice.post("Mower", lend=True)
    with pytest.raises(Usage, match=f"the day {named} must be in the future"):
        edit(alice, "Mower", **{date: now(alice) - DAY})
    assert getattr(edit(alice, "Mower", **{date: now(alice) + 60}), date) == now(alice) + 60


def test_a_renewal_asks_for_each_date_that_is_past(mesh: Mesh, people: People) -> None:
    alice, *_ = people
    alice.post("Mower", lend=True, return_by=now(alice) + DAY)
    mesh.time += 2 * DAY
    with pytest.raises(Refused) as refused:
        renew(alice, "Mower")
    assert "--return-by DATE" in refused.value.hint
    assert renew(alice, "Mower", return_by=now(alice) + DAY).return_by == now(alice) + DAY
