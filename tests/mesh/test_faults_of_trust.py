"""Faults of trust against whole nodes: endless rings, and thresholds that are met to the last digit."""

from __future__ import annotations

from itertools import permutations

import pytest

from protocol import Audience, Kind, Listing, PersonId, Record, body_of, limits
from tests.support.mesh import EPOCH, Mesh
from tests.support.mesh_people import acquaint, befriend, holds, post, sees, vouch
from tests.support.people import Person
from tests.support.village import Village

RING = 2 * limits.HOPS_MAX + 20


def test_fault_19_a_ring_of_people_who_vouch_wholly_for_each_other_ends_and_reaches_no_further_than_paths_go() -> None:
    """Fault 19: everybody in Mallory's ring is trusted as much as Mallory, however far around; a path's length is bounded."""
    village = Village()
    mallory, alice = village.mallory.person, village.alice
    ring = [mallory, *(Person(f"Nobody {number}") for number in range(1, RING))]
    said: list[Record] = [mallory.policy({alice.person: 900, ring[1]: 1000, ring[-1]: 1000}, now=EPOCH)]
    for number, nobody in enumerate(ring[1:], start=1):
        beside: dict[Person | PersonId, int] = {ring[number - 1]: 1000, ring[(number + 1) % RING]: 1000}
        said += [nobody.certificate(EPOCH), nobody.policy(beside, now=EPOCH), nobody.listing(nobody.name, now=EPOCH)]
    village.mallory.records = {record.id: record for record in said}
    for _ in range(3):
        village.mallory.talk()
    trusted = alice.replica.trust_state.regard_from(alice.person)
    steps = {number: min(number, RING - number) + 1 for number in range(RING)}
    near = {ring[number].id for number, far in steps.items() if far <= limits.HOPS_MAX}
    assert trusted.keys() & {nobody.id for nobody in ring} == near
    shown = {
        body.title
        for record in alice.replica.store.records.bodies(Kind.LISTING)
        if isinstance(body := body_of(record), Listing)
    }
    assert not shown & {nobody.name for nobody in ring if nobody.id not in near}
    assert village.is_unharmed()


@pytest.mark.parametrize("order", list(permutations(range(4))), ids=lambda order: "".join(map(str, order)))
def test_fault_21_a_threshold_met_exactly_is_met_in_whatever_order_the_vouches_were_made(
    order: tuple[int, ...],
) -> None:
    """Fault 21: 0.625 times 0.8 is one half, and one half is enough."""
    mesh = Mesh(21)
    for name in ("Ann", "Ben", "Cleo"):
        mesh.add(name)
    for one, other in (("Ann", "Ben"), ("Ben", "Cleo")):
        acquaint(mesh, one, other)
        mesh.wire(one, other)
    post(mesh, "Ann", "Ladder", Audience.TRUSTED_NETWORK)
    vouches = [("Ann", "Ben", 625), ("Ben", "Ann", 625), ("Ben", "Cleo", 800), ("Cleo", "Ben", 800)]
    for step in order:
        vouch(mesh, *vouches[step])
        mesh.settle()
    mesh.advance(60)
    assert sees(mesh, "Cleo") == {"Ladder"}
    vouch(mesh, "Ben", "Cleo", 799)
    mesh.settle()
    assert sees(mesh, "Cleo") == set()


def test_fault_22_who_is_trusted_less_is_still_in_touch_and_gets_nothing_more_that_asks_for_more() -> None:
    """Fault 22, in part: the bridge stays and trusts less. What it carried before is dropped too."""
    mesh = Mesh(22)
    for name in ("Ann", "Ben", "Cleo"):
        mesh.add(name)
    befriend(mesh, "Ann", "Ben", 900, 900)
    befriend(mesh, "Ben", "Cleo", 900, 900)
    before = post(mesh, "Ann", "Ladder", Audience.TRUSTED_NETWORK)
    mesh.settle()
    assert sees(mesh, "Cleo") == {"Ladder"}
    vouch(mesh, "Ben", "Cleo", 300)
    mesh.settle()
    post(mesh, "Ann", "Drill", Audience.TRUSTED_NETWORK)
    post(mesh, "Ann", "Bench", Audience.NETWORK_WIDE)
    mesh.settle()
    assert ("Ben", "Cleo") in mesh.connections()
    assert sees(mesh, "Cleo") == {"Bench"}
    assert not holds(mesh, "Cleo", before)
