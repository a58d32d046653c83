"""Own records that were dated wrongly are signed again once the date is known, with the life that they had."""

from __future__ import annotations

import pytest

from meshnode.app import upkeep
from meshnode.app.devices import device_list as devices
from meshnode.app.people import cards
from meshnode.store import ClaimResult
from protocol import Audience, Kind, limits
from protocol.tokens import Card
from tests.support.mesh import EPOCH, Mesh, Node
from tests.support.mesh_people import befriend, post, sees

MONTH = 30 * limits.DAY
YEAR = 365 * limits.DAY


def own(node: Node) -> dict[int, list[tuple[int, int]]]:
    """When the node's own records with bodies were created and expire, by their kind."""
    found: dict[int, list[tuple[int, int]]] = {}
    for kind in Kind:
        for record in node.replica.store.records.bodies(kind, author=node.person):
            found.setdefault(kind, []).append((record.header.created, record.header.expires))
    return found


def starts_with(error: float) -> tuple[Mesh, Node]:
    """A node whose machine's clock is off by so much when it is created, before anything was known of the date."""
    mesh = Mesh(71)
    node = mesh.add("Alice", error=error)
    return mesh, node


@pytest.mark.parametrize("error", [-float(EPOCH), -2 * YEAR, 40.0 * YEAR, 10 * YEAR, -3 * limits.DAY, 3 * limits.DAY])
def test_a_fresh_computer_that_learns_the_date_later_dates_all_again(error: float) -> None:
    mesh, node = starts_with(error)
    post(mesh, "Alice", "Bread", Audience.NETWORK_WIDE)
    before = own(node)
    node.clock.machine.error, node.clock.machine.is_synchronized = 0.0, True
    mesh.advance(limits.HOUR)
    now = EPOCH + mesh.time
    after = own(node)
    assert set(after) == set(before) >= {Kind.DEVICE, Kind.POLICY, Kind.PROFILE, Kind.LISTING}
    for kind, spans in after.items():
        for created, expires in spans:
            assert abs(created - now) < 2 * limits.DAY, Kind(kind)
            assert expires > now
    ((_, was), (_, ends)) = before[Kind.LISTING][0], after[Kind.LISTING][0]
    assert abs((ends - now) - (was - before[Kind.LISTING][0][0])) <= limits.HOUR
    mesh.advance(limits.HOUR)
    assert own(node) == after


def test_a_wrong_month_typed_once_changes_no_life() -> None:
    mesh, node = starts_with(0.0)
    mesh.advance(limits.HOUR)
    before = own(node)
    node.clock.machine.error = float(MONTH)
    mesh.restart("Alice")
    node.clock.set_date(int(EPOCH + mesh.time + MONTH))
    post(mesh, "Alice", "Bread", Audience.NETWORK_WIDE)
    mesh.advance(limits.HOUR)
    node.clock.machine.error = 0.0
    node.clock.confirm()
    mesh.advance(limits.HOUR)
    after = own(node)
    now = EPOCH + mesh.time
    assert all(created <= now for spans in after.values() for created, _ in spans)
    assert set(before) <= set(after)
    assert len(after[Kind.LISTING]) == 1


def test_what_is_signed_while_nothing_speaks_against_the_date_stays_as_it_is() -> None:
    mesh = Mesh(72)
    for name in ("Alice", "Bob"):
        mesh.add(name)
    befriend(mesh, "Alice", "Bob", 900, 900)
    post(mesh, "Alice", "Bread", Audience.NETWORK_WIDE)
    mesh.settle()
    before = own(mesh.nodes["Alice"])
    for _ in range(3):
        mesh.advance(limits.DAY)
        mesh.nodes["Alice"].clock.machine.start_again()
        mesh.restart("Alice")
    assert own(mesh.nodes["Alice"]) == before


def test_a_card_made_in_doubt_lives_on_when_the_date_is_known() -> None:
    mesh, node = starts_with(-float(EPOCH))
    card = Card.parse(cards.make(node.replica, cards.CardOrder(), ()).text)
    node.clock.machine.error, node.clock.machine.is_synchronized = 0.0, True
    mesh.advance(limits.HOUR)
    now = node.clock.now()
    assert (
        node.replica.store.cards.claim(card.id, bytes(32), now + limits.CARD_LIFE - 2 * limits.HOUR)
        is ClaimResult.FIRST
    )


def test_a_post_from_before_the_date_was_known_reaches_a_neighbor() -> None:
    mesh, node = starts_with(-float(EPOCH))
    bob = mesh.add("Bob")
    bob.clock.machine.is_synchronized = True
    post(mesh, "Alice", "Spare bicycle", Audience.NETWORK_WIDE)
    cards.add(node.replica, cards.CardToAdd(cards.make(bob.replica, cards.CardOrder(), ()).text), ())
    mesh.wire("Alice", "Bob")
    mesh.settle()
    mesh.advance(limits.MINUTE)
    mesh.advance(limits.MINUTE)
    assert node.clock.trusted
    assert sees(mesh, "Bob") == {"Spare bicycle"}


def test_another_device_of_the_owner_dates_nothing_of_this_one() -> None:
    mesh = Mesh(73)
    node = mesh.add("Alice")
    mesh.join_device("Alice's Pi", "Alice")
    node.clock.machine.error = 3.0 * limits.DAY
    upkeep.upkeep(node.replica)
    assert len(devices.devices(node.replica, ()).devices) == 2
