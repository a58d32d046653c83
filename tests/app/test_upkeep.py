"""Upkeep renews own registers at half of their life, purges what is due, and does nothing by a doubtful clock."""

from __future__ import annotations

import pytest

from meshnode.app import upkeep
from meshnode.app.listings.listings import ListingDraft, post
from meshnode.app.owner import policy
from meshnode.app.people import cards
from meshnode.replica.changes import Change
from protocol import PROFILE_SLOT, Kind, device_slot, limits
from tests.support.mesh import EPOCH, Mesh, Node
from tests.support.people import Person

BOB = Person("Bob")


def alone() -> tuple[Mesh, Node]:
    mesh = Mesh(66)
    return mesh, mesh.add("Alice")


def version(node: Node, kind: Kind) -> int:
    slot = PROFILE_SLOT if kind == Kind.PROFILE else device_slot(node.replica.device)
    head = node.replica.store.records.newest((node.person, kind, slot))
    assert head is not None
    return head.header.version


def test_own_policy_and_profile_are_renewed_at_half_their_life_and_not_before() -> None:
    mesh, node = alone()
    policy_version, profile_version = version(node, Kind.POLICY), version(node, Kind.PROFILE)
    mesh.advance(limits.POLICY_LIFE // 2 - limits.HOUR)
    assert (version(node, Kind.POLICY), version(node, Kind.PROFILE)) == (policy_version, profile_version)
    mesh.advance(2 * limits.HOUR)
    renewed = version(node, Kind.POLICY)
    assert renewed > policy_version
    assert version(node, Kind.PROFILE) > profile_version
    mesh.advance(limits.HOUR)
    assert version(node, Kind.POLICY) == renewed


def test_a_doubtful_clock_renews_and_deletes_nothing() -> None:
    mesh, node = alone()
    post(node.replica, ListingDraft(type="offer", title="Bread"))
    node.clock.error = 40 * 365 * limits.DAY
    before = {row.id for row in node.replica.store.records.rows()}
    mesh.advance(80 * limits.DAY)
    assert {row.id for row in node.replica.store.records.rows()} == before


def test_expired_records_are_published_as_gone_and_deleted() -> None:
    mesh, node = alone()
    listing = BOB.listing(now=EPOCH, life=limits.DAY)
    known = [BOB.certificate(EPOCH), BOB.policy({node.person: 900}, now=EPOCH), listing]
    node.replica.ingest.receive(known, BOB.id)
    heard: list[Change] = []
    node.replica.changes.subscribe(heard.append)
    mesh.advance(limits.DAY + 1)
    assert [[row.id for row in change.ended] for change in heard] == [[listing.id]]
    assert node.replica.store.records.get(listing.id) is None


def test_very_much_that_has_ended_goes_a_part_at_a_time_and_the_rest_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "PURGED_AT_ONCE", 4)
    mesh, node = alone()
    listings = [BOB.listing(f"Ladder {number}", now=EPOCH, life=limits.DAY + number) for number in range(10)]
    known = [BOB.certificate(EPOCH), BOB.policy({node.person: 900}, now=EPOCH), *listings]
    node.replica.ingest.receive(known, BOB.id)
    mesh.time += 2 * limits.DAY
    gone, pauses = [], []
    for _ in range(4):
        pauses.append(upkeep.upkeep(node.replica))
        gone.append(sum(node.replica.store.records.get(one.id) is None for one in listings))
    assert gone == [4, 8, 10, 10]
    assert pauses[0] == pauses[1] == upkeep.SLICE_SOONEST_SECONDS
    assert min(pauses[2:]) >= 1
    assert [one for one in listings if node.replica.store.records.get(one.id)] == []


def test_a_part_of_what_has_ended_has_few_policies(monkeypatch: pytest.MonkeyPatch) -> None:
    """They take longer: the trust of many depends on them."""
    monkeypatch.setattr("meshnode.replica.parts.PART_EFFORT", 40)
    mesh, node = alone()
    people = [Person(f"neighbor {number}") for number in range(5)]
    for person in people:
        known = [person.certificate(EPOCH), person.policy({node.person: 900}, now=EPOCH, life=limits.DAY)]
        node.replica.ingest.receive(known, person.id)
    mesh.time += 2 * limits.DAY
    left = []
    for _ in range(3):
        upkeep.upkeep(node.replica)
        left.append(sum(node.replica.trust_state.has_policy(person.id) for person in people))
    assert left == [3, 1, 0]


def test_an_expired_policy_hides_its_authors_records_without_deleting_them() -> None:
    mesh, node = alone()
    listing = BOB.listing(now=EPOCH, life=200 * limits.DAY)
    known = [BOB.certificate(EPOCH), BOB.policy({node.person: 900}, now=EPOCH), listing]
    node.replica.ingest.receive(known, BOB.id)
    for _ in range(7):
        mesh.advance(15 * limits.DAY)
    assert not node.replica.trust_state.has_policy(BOB.id)
    assert node.replica.store.records.get(listing.id) is not None
    later = BOB.policy({node.person: 900}, version=2, now=EPOCH + 104 * limits.DAY)
    node.replica.ingest.receive([later], BOB.id)
    assert node.replica.trust_state.graph.weight(BOB.id, node.person) == 900


def test_spent_and_expired_cards_are_purged() -> None:
    mesh, node = alone()
    cards.make(node.replica, cards.CardOrder(expires_in=limits.HOUR), [])
    assert node.replica.store.cards.issued_live(0)
    mesh.advance(limits.HOUR + 1)
    assert node.replica.store.cards.issued_live(0) == []


def test_upkeep_returns_the_seconds_until_the_next_expiry_within_bounds() -> None:
    mesh, node = alone()
    assert 1 <= upkeep.upkeep(node.replica) <= limits.HOUR
    policy.vouch(node.replica, BOB.id, 500)
    brief = BOB.listing(now=EPOCH, life=30)
    known = [BOB.certificate(EPOCH), BOB.policy({node.person: 900}, now=EPOCH), brief]
    node.replica.ingest.receive(known, BOB.id)
    assert upkeep.upkeep(node.replica) <= 30
    mesh.advance(31)
    assert node.replica.store.records.get(brief.id) is None


def test_the_owner_is_warned_well_before_the_certificate_ends() -> None:
    mesh, node = alone()
    assert upkeep.certificate_ends(node.replica) is None
    node.replica.store.records.delete(
        [row.id for row in node.replica.store.records.rows(kinds=(Kind.DEVICE,), author=node.person)]
    )
    assert node.replica.identity is not None
    mesh.advance(0)
    assert upkeep.certificate_ends(node.replica) is None
