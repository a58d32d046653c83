"""The one rule, compared with the model in worlds of all kinds, and condition by condition."""

from __future__ import annotations

import math
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol import UNSET_PREFERENCE, Audience, PersonId, Precision, Preference, coarse, distance_km
from protocol.limits import FOREVER
from protocol.trust import (
    Distances,
    ListingFacts,
    Memberships,
    Standing,
    TrustGraph,
    Verdict,
    Wish,
    cost,
    effective_audience,
    limit,
    listing_facts,
    may_have_device,
    may_have_join,
    may_have_letter,
    may_have_policy,
    may_have_profile,
    standing_between,
    visible,
)
from tests.support.model import BruteListing, BruteWish, World, brute_consent, brute_visible, brute_web
from tests.support.webs import chain, graph_of, someone, together, worlds

ALICE, BOB, CAROL, MALLORY = (someone(number) for number in range(1, 5))
AUDIENCES = [audience for audience in Audience if audience is not Audience.FOLLOWS]
HOME = coarse(52.52, 13.405, Precision.NEIGHBORHOOD)
NEARBY = coarse(52.62, 13.405, Precision.NEIGHBORHOOD)  # 11 km north
NEXT_TOWN = coarse(52.88, 13.405, Precision.NEIGHBORHOOD)  # 40 km
FAR = coarse(54.0, 13.405, Precision.NEIGHBORHOOD)  # 165 km
PLACES = [HOME, NEARBY, NEXT_TOWN, FAR, coarse(52.52, 13.405, Precision.CITY), coarse(52.52, 13.405, Precision.EXACT)]
KM = {(a, b): distance_km(a, b) for a in PLACES for b in PLACES}


class WorldGroups:
    """Gives the package the groups of the model."""

    def __init__(self, world: World) -> None:
        self._world = world

    def shares_cell(self, a: PersonId, b: PersonId) -> bool:
        return self._world.share_cell(a, b)

    def shares_community(self, a: PersonId, b: PersonId) -> bool:
        return self._world.share_community(a, b)


def standing(world: World, author: PersonId, viewer: PersonId, graph: TrustGraph | None = None) -> Standing:
    """Return how the two are connected in that world."""
    graph = graph if graph is not None else graph_of(world)
    reach, regard = graph.reach_to(viewer).get(author), graph.regard_from(viewer).get(author)
    return standing_between(author, viewer, graph, WorldGroups(world), reach=reach, regard=regard)


def trusted(per_mille: int, **more: bool) -> Standing:
    """Return the standing of two people with this reach and regard."""
    return Standing(False, cost(per_mille), cost(per_mille), **more)


STRANGERS = Standing(blocked=False, reach=None, regard=None)


@st.composite
def settled_worlds(draw: st.DrawFn) -> World:
    """Generate small worlds with groups and places."""
    world = draw(worlds(most=5))
    people = sorted(world.people) or [ALICE, BOB]
    some = st.sets(st.sampled_from(people), max_size=3)
    world.cells = draw(st.lists(some, max_size=2))
    world.communities = draw(st.lists(some, max_size=2))
    world.places = draw(st.dictionaries(st.sampled_from(people), st.sampled_from(PLACES)))
    world.km = KM
    return world


# --- Against the model -----------------------------------------------------------------------------------------------


@settings(max_examples=120)
@given(
    settled_worlds(),
    st.none() | st.sampled_from(PLACES),
    st.sampled_from([5, 25, 60]),
    st.integers(8, 12),
    st.none() | st.builds(BruteWish, st.sampled_from([100, 300, 700]), st.sampled_from([None, 0, 20, 60])),
)
def test_the_rule_agrees_with_the_model(
    world: World, place: str | None, radius_km: int, expires: int, wish: BruteWish | None
) -> None:
    graph, now = graph_of(world), 10
    asked = None if wish is None else Wish(wish.min_regard, wish.within_km)
    for author, viewer, audience in product(world.people, world.people, AUDIENCES):
        verdict = visible(
            ListingFacts(audience, place, radius_km, expires),
            standing(world, author, viewer, graph),
            viewer_place=world.places.get(viewer),
            now=now,
            wish=asked,
        )
        listing = BruteListing(author, audience.word, place, radius_km, expires)
        assert (verdict is Verdict.VISIBLE) == brute_visible(world, listing, viewer, now=now, wish=wish)


@given(
    settled_worlds(),
    st.none() | st.sampled_from(PLACES),
    st.none() | st.sampled_from(PLACES),
    st.sampled_from([0, 20, 60, None, math.inf]),
)
def test_distances_decide_as_the_places_do(
    world: World, place: str | None, here: str | None, within: float | None
) -> None:
    wish = Wish(100, within, here)
    for author, viewer, audience in product(world.people, world.people, AUDIENCES):
        published, between = world.places.get(viewer), standing(world, author, viewer)
        there = [
            None if place is None or one is None else distance_km(place, one) for one in (published, here or published)
        ]
        by_place, by_distance = ListingFacts(audience, place), ListingFacts(audience, distances=Distances(*there))
        for wanted in (None, wish):
            assert visible(by_place, between, viewer_place=published, wish=wanted) is visible(
                by_distance, between, wish=wanted
            )


@given(settled_worlds(), st.sampled_from(PLACES), st.sampled_from(AUDIENCES))
def test_a_wish_never_shows_what_consent_does_not(world: World, place: str, audience: Audience) -> None:
    for author, viewer in product(world.people, repeat=2):
        facts, between = ListingFacts(audience, place), standing(world, author, viewer)
        here = world.places.get(viewer)
        greedy = Wish(min_regard=1, within_km=math.inf, here=place)
        shown = visible(facts, between, viewer_place=here, now=0, wish=greedy) is Verdict.VISIBLE
        allowed = visible(facts, between, viewer_place=here) is Verdict.VISIBLE
        assert shown <= allowed
        assert allowed <= brute_consent(world, BruteListing(author, audience.word, place), viewer)


@given(settled_worlds())
def test_the_web_agrees_with_the_model(world: World) -> None:
    for author, viewer in product(world.people, repeat=2):
        assert standing(world, author, viewer).in_web == brute_web(world, author, viewer)
        assert may_have_profile(standing(world, author, viewer)) == brute_web(world, author, viewer)


# --- The author's consent --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("audience", "between", "verdict"),
    [
        (Audience.MY_CELL, Standing(False, None, None, shares_cell=True), Verdict.VISIBLE),
        (Audience.MY_CELL, Standing(False, 0, 0, shares_community=True), Verdict.NO_CONSENT),
        (Audience.MY_COMMUNITY, Standing(False, None, None, shares_community=True), Verdict.VISIBLE),
        (Audience.MY_COMMUNITY, Standing(False, None, None, shares_cell=True), Verdict.VISIBLE),
        (Audience.MY_COMMUNITY, Standing(False, 0, 0), Verdict.NO_CONSENT),
        (Audience.TRUSTED_NETWORK, Standing(False, cost(500), None), Verdict.VISIBLE),
        (Audience.TRUSTED_NETWORK, Standing(False, cost(499), 0), Verdict.NO_CONSENT),
        (Audience.TRUSTED_NETWORK, Standing(False, None, 0, shares_cell=True), Verdict.NO_CONSENT),
        (Audience.NETWORK_WIDE, Standing(False, cost(100), None), Verdict.VISIBLE),
        (Audience.NETWORK_WIDE, Standing(False, cost(99), 0), Verdict.NO_CONSENT),
        (Audience.NETWORK_WIDE, Standing(False, None, None, shares_community=True), Verdict.VISIBLE),
        (Audience.FOLLOWS, Standing(False, 0, 0, True, True), Verdict.NO_CONSENT),
        (99, Standing(False, 0, 0, True, True), Verdict.NO_CONSENT),
    ],
)
def test_each_audience_asks_for_its_own(audience: int, between: Standing, verdict: Verdict) -> None:
    assert visible(ListingFacts(audience, HOME), between, viewer_place=HOME) is verdict


@pytest.mark.parametrize(
    ("place", "viewer_place", "radius_km", "verdict"),
    [
        (HOME, HOME, 0, Verdict.VISIBLE),
        (HOME, NEARBY, 25, Verdict.VISIBLE),
        (HOME, NEARBY, 10, Verdict.NO_CONSENT),
        (HOME, NEXT_TOWN, 25, Verdict.NO_CONSENT),
        (HOME, NEXT_TOWN, 50, Verdict.VISIBLE),
        (None, HOME, 25, Verdict.NO_CONSENT),
        (HOME, None, 25, Verdict.NO_CONSENT),
        (None, None, 25, Verdict.NO_CONSENT),
    ],
)
def test_local_is_a_matter_of_published_places(
    place: str | None, viewer_place: str | None, radius_km: int, verdict: Verdict
) -> None:
    facts = ListingFacts(Audience.ANYONE_LOCAL, place, radius_km)
    assert visible(facts, trusted(100), viewer_place=viewer_place) is verdict
    assert visible(facts, Standing(False, None, None, shares_cell=True), viewer_place=viewer_place) is verdict


def test_nearness_alone_is_no_connection() -> None:
    assert visible(ListingFacts(Audience.ANYONE_LOCAL, HOME), STRANGERS, viewer_place=HOME) is Verdict.NO_CONSENT


def test_where_a_viewer_measures_from_does_not_count_for_consent() -> None:
    wish = Wish(here=HOME)
    verdict = visible(ListingFacts(Audience.ANYONE_LOCAL, HOME), trusted(900), viewer_place=FAR, wish=wish)
    assert verdict is Verdict.NO_CONSENT


def test_people_see_their_own_listings() -> None:
    own = Standing(False, None, None, yourself=True)
    assert all(visible(ListingFacts(audience), own, wish=Wish()) is Verdict.VISIBLE for audience in Audience)
    assert visible(ListingFacts(Audience.MY_CELL, expires=5), own, now=5) is Verdict.EXPIRED


@pytest.mark.parametrize("audience", AUDIENCES)
def test_while_an_author_is_away_nobody_else_sees_any_listing(audience: Audience) -> None:
    closest = Standing(False, 0, 0, shares_cell=True, shares_community=True)
    for own, preferred in ((audience, Audience.MY_CELL), (Audience.FOLLOWS, audience)):
        for paused, verdict in ((0, Verdict.VISIBLE), (7, Verdict.NO_CONSENT)):
            preference = Preference(preferred, paused=paused)
            facts = listing_facts(own, HOME, preference=preference, author_place=None)
            assert visible(facts, closest, viewer_place=HOME) is verdict
            assert visible(facts, closest, viewer_place=HOME, wish=Wish()) is verdict
            assert visible(facts, Standing(False, None, None, yourself=True), wish=Wish()) is Verdict.VISIBLE


def test_a_listing_without_an_audience_follows_the_preference() -> None:
    assert effective_audience(Audience.FOLLOWS, UNSET_PREFERENCE) == Audience.MY_COMMUNITY
    assert effective_audience(Audience.FOLLOWS, Preference(Audience.NETWORK_WIDE)) == Audience.NETWORK_WIDE
    assert effective_audience(Audience.MY_CELL, Preference(Audience.NETWORK_WIDE)) == Audience.MY_CELL


# --- Expiry and the viewer's wish ------------------------------------------------------------------------------------


def test_a_listing_ends_with_the_second_it_names() -> None:
    facts = ListingFacts(Audience.NETWORK_WIDE, expires=100)
    assert visible(facts, trusted(900), now=99) is Verdict.VISIBLE
    assert visible(facts, trusted(900), now=100) is Verdict.EXPIRED
    assert visible(facts, trusted(900)) is Verdict.VISIBLE
    assert visible(ListingFacts(Audience.NETWORK_WIDE), trusted(900), now=FOREVER - 1) is Verdict.VISIBLE


@pytest.mark.parametrize(
    ("regard", "least", "verdict"),
    [
        (300, None, Verdict.VISIBLE),
        (299, None, Verdict.TOO_LITTLE_REGARD),
        (100, 100, Verdict.VISIBLE),
        (99, 100, Verdict.TOO_LITTLE_REGARD),
        (799, 800, Verdict.TOO_LITTLE_REGARD),
    ],
)
def test_the_viewer_chooses_the_least_regard(regard: int, least: int | None, verdict: Verdict) -> None:
    facts, wish = ListingFacts(Audience.NETWORK_WIDE), Wish() if least is None else Wish(min_regard=least)
    assert visible(facts, Standing(False, 0, cost(regard)), wish=wish) is verdict
    assert visible(facts, Standing(False, 0, cost(regard)), wish=None) is Verdict.VISIBLE


def test_no_regard_is_too_little_unless_a_group_is_shared() -> None:
    facts = ListingFacts(Audience.NETWORK_WIDE)
    assert visible(facts, Standing(False, 0, None), wish=Wish(100)) is Verdict.TOO_LITTLE_REGARD
    assert visible(facts, Standing(False, 0, None, shares_cell=True), wish=Wish(900)) is Verdict.VISIBLE
    assert visible(facts, Standing(False, 0, None, shares_community=True), wish=Wish(900)) is Verdict.VISIBLE


@pytest.mark.parametrize(
    ("place", "within_km", "verdict"),
    [
        (NEXT_TOWN, None, Verdict.VISIBLE),
        (FAR, None, Verdict.TOO_FAR),
        (None, None, Verdict.VISIBLE),
        (None, 500, Verdict.TOO_FAR),
        (NEARBY, 10, Verdict.TOO_FAR),
        (NEARBY, 12, Verdict.VISIBLE),
        (FAR, math.inf, Verdict.VISIBLE),
        (None, math.inf, Verdict.VISIBLE),
        (HOME, 0, Verdict.VISIBLE),
    ],
)
def test_distance_hides_the_unknown_only_when_asked_for(
    place: str | None, within_km: float | None, verdict: Verdict
) -> None:
    facts = ListingFacts(Audience.NETWORK_WIDE, place)
    assert visible(facts, trusted(900), viewer_place=HOME, wish=Wish(within_km=within_km)) is verdict
    assert visible(facts, trusted(900), viewer_place=FAR, wish=Wish(within_km=within_km, here=HOME)) is verdict


def test_a_viewer_without_a_place_is_nowhere_near() -> None:
    facts = ListingFacts(Audience.NETWORK_WIDE, HOME)
    assert visible(facts, trusted(900), wish=Wish()) is Verdict.VISIBLE
    assert visible(facts, trusted(900), wish=Wish(within_km=20_000)) is Verdict.TOO_FAR


# --- Faults ----------------------------------------------------------------------------------------------------------


def test_fault_20_a_stranger_who_vouches_for_everyone_may_have_nothing() -> None:
    world = chain([ALICE, BOB, CAROL], 1000)
    world.vouches |= {(MALLORY, person): 1000 for person in (ALICE, BOB, CAROL)}
    graph = graph_of(world)
    for author in (ALICE, BOB, CAROL):
        between = standing(world, author, MALLORY, graph)
        assert between.regard == 0
        for audience in AUDIENCES:
            assert visible(ListingFacts(audience, HOME), between, viewer_place=HOME) is Verdict.NO_CONSENT
        ties = {"same_mesh": graph.same_mesh(author, MALLORY), "vouched": graph.weight(author, MALLORY) > 0}
        assert not may_have_policy(between, author_blocks=False, **ties)
        assert not may_have_device(between, **ties)
        assert not may_have_profile(between)


@pytest.mark.parametrize("blocks", [{(ALICE, CAROL)}, {(CAROL, ALICE)}])
def test_fault_23_a_block_comes_before_everything(blocks: set[tuple[PersonId, PersonId]]) -> None:
    world = World(together((ALICE, CAROL, 1000, 1000), (ALICE, BOB, 1000, 1000), (BOB, CAROL, 1000, 1000)), blocks)
    world.cells = world.communities = [{ALICE, BOB, CAROL}]
    for author, viewer in ((ALICE, CAROL), (CAROL, ALICE)):
        between = standing(world, author, viewer)
        assert (between.reach, between.regard) == (None, None)
        for audience in AUDIENCES:
            verdict = visible(ListingFacts(audience, HOME), between, viewer_place=HOME, wish=Wish(100))
            assert verdict is Verdict.BLOCKED
        assert not may_have_profile(between)


def test_fault_24_membership_cannot_be_claimed() -> None:
    """A claim in a profile makes no membership: only the groups count, and without groups nobody shares one."""
    graph = graph_of(chain([ALICE, BOB], 1000))
    reach, regard = graph.reach_to(BOB).get(ALICE), graph.regard_from(BOB).get(ALICE)
    between = standing_between(ALICE, BOB, graph, Memberships(), reach=reach, regard=regard)
    assert not between.shares_group
    for audience in (Audience.MY_CELL, Audience.MY_COMMUNITY):
        assert visible(ListingFacts(audience), between) is Verdict.NO_CONSENT


# --- The audiences of the other kinds --------------------------------------------------------------------------------

ALONE = {"same_mesh": False, "vouched": False}


@pytest.mark.parametrize(
    ("between", "ties", "may"),
    [
        pytest.param(STRANGERS, ALONE, False, id="a stranger"),
        pytest.param(STRANGERS, {"same_mesh": True, "vouched": False}, True, id="the author's mesh"),
        pytest.param(STRANGERS, {"same_mesh": False, "vouched": True}, True, id="vouched for by the author"),
        pytest.param(Standing(False, cost(100), None), ALONE, True, id="the author's web"),
        pytest.param(Standing(False, cost(99), cost(900)), ALONE, False, id="regards the author, outside the web"),
        pytest.param(Standing(False, None, None, shares_community=True), ALONE, True, id="who shares a group"),
        pytest.param(Standing(False, None, None, yourself=True), ALONE, True, id="the author"),
    ],
)
def test_who_may_have_a_policy_and_a_certificate(between: Standing, ties: dict[str, bool], may: bool) -> None:
    assert may_have_policy(between, author_blocks=False, **ties) == may
    assert may_have_device(between, **ties) == may
    assert not may_have_policy(between, author_blocks=True, **ties)


def test_a_block_withholds_the_policy_from_the_blocked_and_not_from_the_blocker() -> None:
    quarrel = Standing(blocked=True, reach=None, regard=None)
    assert not may_have_policy(quarrel, same_mesh=True, vouched=True, author_blocks=True)
    assert may_have_policy(quarrel, same_mesh=True, vouched=False, author_blocks=False)
    assert may_have_device(quarrel, same_mesh=True, vouched=False)


@pytest.mark.parametrize(
    ("between", "in_group", "may"),
    [
        pytest.param(STRANGERS, False, False, id="a stranger"),
        pytest.param(STRANGERS, True, True, id="a member of the group"),
        pytest.param(trusted(100), False, True, id="the author's web"),
        pytest.param(Standing(True, None, None), True, False, id="a member with a block between them"),
        pytest.param(Standing(True, cost(900), cost(900)), False, False, id="the web, with a block between them"),
    ],
)
def test_who_may_have_a_join(between: Standing, *, in_group: bool, may: bool) -> None:
    assert may_have_join(between, in_group=in_group) == may


@given(worlds())
def test_people_who_may_see_anything_may_have_policy_and_certificate(world: World) -> None:
    """Otherwise a carrier could hold a listing that it can never judge."""
    graph = graph_of(world)
    for author, viewer in product(world.people, repeat=2):
        between = standing(world, author, viewer, graph)
        if any(visible(ListingFacts(audience), between) is Verdict.VISIBLE for audience in AUDIENCES):
            ties = {"same_mesh": graph.same_mesh(author, viewer), "vouched": graph.weight(author, viewer) > 0}
            assert may_have_device(between, **ties)
            assert may_have_policy(between, author_blocks=graph.blocks(author, viewer), **ties)


@pytest.mark.parametrize(
    ("between", "viewer_blocks", "carries", "reads"),
    [
        (Standing(False, None, None), False, False, True),
        (Standing(False, limit(100), None), False, True, True),
        (Standing(False, limit(100) + 1, 0), False, False, True),
        (Standing(False, None, None, shares_cell=True), False, True, True),
        (Standing(True, None, None, shares_cell=True), True, False, False),
        (Standing(True, None, None, shares_cell=True), False, False, True),  # the author blocks: see below
        (Standing(False, None, None, yourself=True), False, True, True),
    ],
)
def test_a_letter_is_carried_by_the_authors_web_and_read_by_its_addressee_unless_they_block_its_author(
    between: Standing, *, viewer_blocks: bool, carries: bool, reads: bool
) -> None:
    """An author who blocks the addressee withdraws what they shall not have; the last letter is left to them."""
    assert may_have_letter(between, addressed=False, viewer_blocks=viewer_blocks) == carries
    assert may_have_letter(between, addressed=True, viewer_blocks=viewer_blocks) == reads
