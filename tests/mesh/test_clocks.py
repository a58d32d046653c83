"""Clocks that are wrong: nothing is deleted or renewed because of one, and nobody gains by setting their own clock."""

from __future__ import annotations

import pytest

from meshnode.app import date
from meshnode.app.owner import policy
from meshnode.app.peers import contacts
from meshnode.app.people import cards
from meshnode.store import RecordState
from protocol import Audience, Kind, device_slot, limits
from tests.support.mesh import EPOCH, Mesh
from tests.support.mesh_people import befriend, post, rewrite, sees, vouch, withdraw

YEAR = 365.25 * limits.DAY
IN_1970 = -float(EPOCH)
IN_2099 = 72 * YEAR


def contents(mesh: Mesh, name: str) -> set[tuple[bytes, int]]:
    """All that `name`'s node holds, and in which state."""
    return {(row.id, row.state) for row in mesh.nodes[name].replica.store.records.rows()}


def own_policy_version(mesh: Mesh, name: str) -> int:
    replica = mesh.nodes[name].replica
    head = replica.store.records.newest((replica.me, Kind.POLICY, device_slot(replica.device)))
    assert head is not None
    return head.header.version


def is_sure_of_the_time(mesh: Mesh, name: str) -> bool:
    return mesh.nodes[name].clock.trusted


def start_with_error(mesh: Mesh, name: str, error: float) -> None:
    """Start a computer again, with a clock that is wrong from then on."""
    mesh.nodes[name].clock.error = error
    mesh.nodes[name].clock.machine.start_again()
    mesh.restart(name)


def two_friends() -> Mesh:
    mesh = Mesh(11)
    for name in ("Alice", "Bob"):
        mesh.add(name)
    befriend(mesh, "Alice", "Bob", 900, 900)
    for number in range(5):
        post(mesh, "Bob", f"Offer {number}", Audience.NETWORK_WIDE)
    listing = post(mesh, "Bob", "For a while", Audience.NETWORK_WIDE)
    mesh.settle()
    rewrite(mesh, "Bob", listing, "For my cell", Audience.MY_CELL, may_reduce_access=True)
    mesh.settle()
    return mesh


def test_fault_35_a_clock_that_jumps_to_1970_and_2099_and_back_purges_nothing() -> None:
    """Fault 35: 1970 -> 2099 -> now: nothing purged, nothing renewed, nothing hidden."""
    mesh = two_friends()
    before, version, seen = contents(mesh, "Alice"), own_policy_version(mesh, "Alice"), sees(mesh, "Alice")
    alice = mesh.nodes["Alice"]
    for error in (IN_1970, IN_2099, IN_1970, IN_2099):
        start_with_error(mesh, "Alice", error)
        assert not is_sure_of_the_time(mesh, "Alice")
        mesh.advance(limits.HOUR)
        assert contents(mesh, "Alice") == before
        assert own_policy_version(mesh, "Alice") == version
        assert sees(mesh, "Alice") == seen
    alice.clock.error = 0.0
    mesh.advance(limits.HOUR)
    assert is_sure_of_the_time(mesh, "Alice")
    assert contents(mesh, "Alice") == before
    assert sees(mesh, "Alice") == seen


def test_a_node_in_doubt_about_the_time_takes_in_and_passes_on_what_others_write() -> None:
    mesh = Mesh(12)
    for name in ("Alice", "Bob", "Carol"):
        mesh.add(name)
    befriend(mesh, "Alice", "Bob", 900, 900)
    befriend(mesh, "Bob", "Carol", 900, 900)
    mesh.nodes["Bob"].clock.error = IN_1970
    mesh.advance(10 * limits.DAY)
    post(mesh, "Carol", "Spare bicycle", Audience.NETWORK_WIDE)
    mesh.settle()
    assert sees(mesh, "Bob") == sees(mesh, "Alice") == {"Spare bicycle"}


@pytest.mark.parametrize("ahead", [20, 100, 400, 3000])
@pytest.mark.parametrize("life", [30, 300])
@pytest.mark.parametrize("wait", [0, 50])
def test_a_relay_that_is_sure_of_a_wrong_date_passes_on_at_once_what_others_take_back(
    ahead: int, life: int, wait: int
) -> None:
    mesh = Mesh(16)
    for name in ("Alice", "Bob", "Carol"):
        mesh.add(name)
    befriend(mesh, "Alice", "Bob", 900, 900)
    befriend(mesh, "Bob", "Carol", 900, 900)
    mesh.settle()
    posted = post(mesh, "Carol", "Spare bicycle", Audience.NETWORK_WIDE, life=life * limits.DAY)
    mesh.settle()
    assert sees(mesh, "Alice") == {"Spare bicycle"}
    mesh.nodes["Bob"].clock.machine.error = ahead * limits.DAY
    for node in mesh.nodes.values():
        node.clock.confirm()
    mesh.advance(limits.HOUR + wait * limits.DAY)
    carol = mesh.nodes["Carol"]
    newest = carol.replica.store.records.current((carol.person, Kind.LISTING, posted.header.slot))
    if newest is not None:
        withdraw(mesh, "Carol", newest)
    mesh.settle()
    assert sees(mesh, "Alice") == set()


def test_what_was_suspended_goes_only_when_the_time_is_certain() -> None:
    mesh = two_friends()
    alice = mesh.nodes["Alice"]
    alice.clock.error = IN_2099
    mesh.advance(2 * limits.SUSPENDED_LIFE)
    suspended = [state for _, state in contents(mesh, "Alice") if state == RecordState.SUSPENDED]
    assert len(suspended) == 1
    alice.clock.error = 0.0
    mesh.advance(60)
    assert RecordState.SUSPENDED not in {state for _, state in contents(mesh, "Alice")}


def test_three_contacts_agree_on_the_time_that_a_node_has_lost() -> None:
    mesh = Mesh(13)
    for name in ("Alice", "Bob", "Carol", "Dan"):
        mesh.add(name)
    start_with_error(mesh, "Alice", IN_1970)
    assert not is_sure_of_the_time(mesh, "Alice")
    for friend in ("Bob", "Carol", "Dan"):
        befriend(mesh, "Alice", friend, 900, 900)
    mesh.settle()
    assert is_sure_of_the_time(mesh, "Alice")
    assert abs(mesh.nodes["Alice"].clock.now() - EPOCH) < limits.MINUTE


def test_policies_and_profiles_are_renewed_at_half_life_and_a_year_passes_without_a_loss() -> None:
    mesh = Mesh(14)
    for name in ("Alice", "Bob", "Carol"):
        mesh.add(name)
    befriend(mesh, "Alice", "Bob", 900, 900)
    befriend(mesh, "Bob", "Carol", 900, 900)
    mesh.settle()
    for _ in range(24):
        mesh.advance(15 * limits.DAY)
    post(mesh, "Carol", "Still here", Audience.NETWORK_WIDE)
    mesh.settle()
    assert sees(mesh, "Alice") == {"Still here"}
    assert own_policy_version(mesh, "Alice") > 2


def test_a_node_that_is_away_for_a_winter_is_found_again_by_those_it_vouches_for() -> None:
    mesh = Mesh(15)
    for name in ("Alice", "Bob"):
        mesh.add(name)
    befriend(mesh, "Alice", "Bob", 900, 900)
    mesh.settle()
    for one, other in (("Alice", "Bob"), ("Bob", "Alice")):
        contacts.keep_keys(mesh.nodes[one].replica, mesh.nodes[other].person)  # as after every session
    mesh.cut("Alice", "Bob")
    for _ in range(10):
        mesh.advance(15 * limits.DAY)
    alice = mesh.nodes["Alice"].replica
    assert policy.weight(alice, mesh.nodes["Bob"].person) == 900
    assert not alice.trust_state.has_policy(mesh.nodes["Bob"].person)  # it ran out long ago
    mesh.heal()
    mesh.settle()
    post(mesh, "Bob", "Back again", Audience.NETWORK_WIDE)
    mesh.settle()
    assert sees(mesh, "Alice") == {"Back again"}


@pytest.mark.parametrize("sure", [True, False], ids=["she is sure of the date", "she goes by Bob's"])
def test_fault_36_records_dated_in_the_year_9999_win_nothing_and_harm_only_their_author(*, sure: bool) -> None:
    """Fault 36: Bob's clock is far ahead. Alice takes what Bob says then and what Bob says once the clock is right.

    Where she goes by that date, she hears of it at once, and the certificate has expired for her until it is right again.
    """
    mesh = Mesh(16)
    for name in ("Alice", "Bob"):
        mesh.add(name)
    befriend(mesh, "Alice", "Bob", 900, 900)
    listing = post(mesh, "Bob", "Spare bicycle", Audience.NETWORK_WIDE)
    mesh.settle()
    bob = mesh.nodes["Bob"]
    bob.clock.error = 7972 * YEAR
    bob.clock.confirm()  # Bob insists
    if sure:
        mesh.nodes["Alice"].clock.confirm()
    rewrite(mesh, "Bob", listing, "From the future", may_reduce_access=True)
    mesh.settle()
    assert sees(mesh, "Alice") == ({"From the future"} if sure else set())
    bob.clock.error = 0.0
    bob.clock.confirm()
    rewrite(mesh, "Bob", listing, "Spare bicycle again", may_reduce_access=True)
    mesh.settle()
    assert sees(mesh, "Alice") == {"Spare bicycle again"}
    vouch(mesh, "Alice", "Bob", 800)
    mesh.settle()
    assert mesh.nodes["Alice"].conversations[0].live


def meet_by_card(mesh: Mesh) -> None:
    """Let the taker use a card of the giver, and an hour pass."""
    card = cards.make(mesh.nodes["Giver"].replica, cards.CardOrder(), ())
    cards.add(mesh.nodes["Taker"].replica, cards.CardToAdd(card.text), ())
    mesh.wire("Giver", "Taker")
    mesh.advance(limits.HOUR)


def firmly_years_ahead(seed: int) -> Mesh:
    """A giver and a taker of cards who are both sure of their dates, of which the giver's is five years ahead."""
    mesh = Mesh(seed)
    for name in ("Giver", "Taker"):
        mesh.add(name).clock.confirm()
    mesh.nodes["Giver"].clock.error = 5 * YEAR
    mesh.nodes["Giver"].clock.confirm()
    return mesh


@pytest.mark.parametrize("firm", [True, False])
@pytest.mark.parametrize("days", [5 * 365, 200, -200, -547])
@pytest.mark.parametrize("wrong", ["Giver", "Taker"])
def test_two_who_meet_over_a_card_get_acquainted_however_far_apart_their_dates_are(
    wrong: str, days: int, firm: bool
) -> None:
    """Both vouch and are told at once; what a date keeps from them comes when the date is mended."""
    mesh = Mesh(35)
    for name in ("Giver", "Taker"):
        node = mesh.add(name, error=days * limits.DAY if name == wrong else None)
        if firm:
            node.clock.confirm()
    giver, taker = mesh.nodes["Giver"], mesh.nodes["Taker"]
    meet_by_card(mesh)
    pairs = ((giver, taker), (taker, giver))
    assert [policy.weight(one.replica, other.person) for one, other in pairs] == [800, 800]
    told = [date.problem(one.replica, one.clock.reading()) is not None for one, _ in pairs]
    assert all(told) if firm else any(told)
    mesh.nodes[wrong].clock.error = 0.0
    mesh.nodes[wrong].clock.confirm()
    mesh.advance(limits.DAY)
    assert mesh.connections() == [("Giver", "Taker")]
    assert all(one.replica.trust_state.policy(other.person) is not None for one, other in pairs)
    assert not any(date.problem(one.replica, one.clock.reading()) for one, _ in pairs)


def test_a_card_gives_nothing_but_trust_to_a_device_whose_certificate_has_ended() -> None:
    """The giver vouches for the person; the device gets nothing else while its certificate has ended here."""
    mesh = Mesh(36)
    for name in ("Giver", "Taker"):
        mesh.add(name).clock.confirm()
    giver, taker = mesh.nodes["Giver"], mesh.nodes["Taker"]
    post(mesh, "Giver", "Ladder", Audience.NETWORK_WIDE)
    giver.clock.error = 5 * YEAR
    giver.clock.confirm()
    meet_by_card(mesh)
    assert policy.weight(giver.replica, taker.person) == 800
    assert mesh.connections() == []
    assert sees(mesh, "Taker") == set()


def test_who_used_a_card_is_known_again_also_where_their_certificate_had_ended_and_the_card_has_since() -> None:
    mesh = firmly_years_ahead(37)
    giver = mesh.nodes["Giver"]
    meet_by_card(mesh)
    assert mesh.connections() == []
    mesh.advance(90 * limits.DAY)
    giver.clock.error = 0.0
    giver.clock.confirm()
    mesh.advance(limits.HOUR)
    assert mesh.connections() == [("Giver", "Taker")]


def test_what_had_ended_by_a_wrong_date_is_offered_as_soon_as_the_date_is_mended() -> None:
    mesh = Mesh(38)
    for name in ("Alice", "Bob"):
        mesh.add(name)
    befriend(mesh, "Alice", "Bob", 900, 900)
    mesh.settle()
    with mesh.switched_off(["Alice"]):
        post(mesh, "Bob", "Soup", Audience.NETWORK_WIDE, life=2 * limits.DAY)
        start_with_error(mesh, "Bob", 4.0 * limits.DAY)
    start_with_error(mesh, "Alice", 300.0 * limits.DAY)
    mesh.advance(limits.MINUTE)
    assert is_sure_of_the_time(mesh, "Bob")
    assert mesh.connections() == [("Alice", "Bob")]
    assert sees(mesh, "Alice") == set()
    mesh.nodes["Bob"].clock.error = 0.0
    mesh.nodes["Bob"].clock.confirm()
    mesh.advance(limits.MINUTE)
    assert sees(mesh, "Alice") == {"Soup"}
