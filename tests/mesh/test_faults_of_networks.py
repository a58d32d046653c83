"""Faults of networks and of mass: connections that break, knowledge that differs, more records than anybody can use."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from meshnode.app.owner import policy
from meshnode.store import RecordState
from protocol import Audience, Code, Kind, Record, limits, verify_signature
from tests.support.malformed_records import with_signature
from tests.support.mesh import EPOCH, Mesh
from tests.support.mesh_people import acquaint, befriend, post, sees
from tests.support.people import Person, grown
from tests.support.village import Village

NAMES = ("Alice", "Bob", "Carol", "Dan")


def ring(seed: int) -> Mesh:
    mesh = Mesh(seed)
    for name in NAMES:
        mesh.add(name, audience=Audience.NETWORK_WIDE)
    for name, following in zip(NAMES, (*NAMES[1:], NAMES[0]), strict=True):
        befriend(mesh, name, following, 950, 950)
    return mesh


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_fault_31_lines_that_break_all_the_time_bring_the_same_sets_in_the_end(seed: int) -> None:
    """Fault 31: every eighth delivery ends its connection, nodes stop in between; what was committed stays, so all get
    everything within a bounded number of attempts, and are the same once the lines hold."""
    mesh = ring(seed)
    mesh.flaky = 1 / 8
    for name in NAMES:
        for number in range(60):
            post(mesh, name, f"{name} {number}")
    all_titles = {f"{name} {number}" for name in NAMES for number in range(60)}
    for _ in range(60):
        mesh.advance(5)
        if all(len(sees(mesh, name)) == 180 for name in NAMES):
            break
        mesh.restart("Bob")
    else:
        raise AssertionError("not everybody has everything after 60 attempts")
    mesh.flaky = 0.0
    mesh.advance(limits.RECHECK_SECONDS + 60)
    for name in NAMES:
        assert sees(mesh, name) == {title for title in all_titles if not title.startswith(name)}


def test_fault_31_two_halves_that_lived_apart_agree_after_one_healing() -> None:
    """Fault 31: a long partition, a slow heal; one connection between the halves is enough."""
    mesh = ring(4)
    mesh.settle()
    mesh.partition(["Alice", "Bob"], ["Carol", "Dan"])
    for name in NAMES:
        for number in range(50):
            post(mesh, name, f"{name} {number}")
    mesh.settle()
    mesh.heal_between({"Bob", "Carol"})
    mesh.settle()
    assert all(len(sees(mesh, name)) == 150 for name in NAMES)


def test_fault_34_peers_whose_graphs_differ_for_good_come_to_an_end_and_stay_quiet() -> None:
    """Fault 34: Alice blocks Erin and says so to nobody: she vouches for none. Bob, who vouches for Alice, still believes
    that Erin's offers are for her."""
    mesh = Mesh(5)
    for name in ("Alice", "Bob"):
        mesh.add(name)
    alice, bob = mesh.nodes["Alice"].replica, mesh.nodes["Bob"].replica
    erin = Person("Erin")
    erins = [erin.certificate(EPOCH), erin.policy({bob.me: 900, alice.me: 900}, now=EPOCH), erin.profile(EPOCH)]
    bob.ingest.receive([*erins, *(erin.listing(f"Erin's {number}", now=EPOCH) for number in range(200))], erin.id)
    policy.vouch(bob, erin.id, 900)
    policy.block(alice, erin.id)
    acquaint(mesh, "Alice", "Bob")
    policy.vouch(bob, alice.me, 900)
    alice.ingest.receive(list(bob.store.records.bodies(Kind.POLICY, author=bob.me)), bob.me)  # she has heard of it
    own = alice.trust_state.profile(alice.me)
    assert own is not None
    bob.store.people.remember_keys(alice.me, alice.device, alice.keys.dh_public, own.presence_key)  # Bob has met her
    mesh.wire("Bob", "Alice")
    mesh.settle()
    assert mesh.connections()
    assert bob.trust_state.policy(alice.me) is None
    assert sees(mesh, "Alice") == set()
    mesh.advance(80)
    before = mesh.bytes_sent
    for _ in range(10):
        mesh.advance(80)
    assert mesh.connections()
    assert sees(mesh, "Alice") == set()
    assert mesh.bytes_sent - before < 10 * 1_000  # she does not ask for it again and again


class CountingVerifier:
    """Counts the signatures that a node has been made to check."""

    def __init__(self) -> None:
        self.checked = 0

    def __call__(self, records: Sequence[Record]) -> list[bool]:
        self.checked += len(records)
        return [verify_signature(record) for record in records]


def test_fault_40_bad_signatures_by_the_thousand_cost_one_batch() -> None:
    """Fault 40, by counters instead of time: a peer that brings forgeries is gone after the first batch, which whole frames fill."""
    mallory = Person("Mallory")
    good = [mallory.listing(f"Number {number}", now=EPOCH, policy_version=0) for number in range(4_000)]
    village = Village(*(with_signature(record, grown(number, size=64)) for number, record in enumerate(good)))
    counting = CountingVerifier()
    village.alice.replica.ingest._verifier = counting
    conversation = village.mallory.talk()
    assert village.dropped(conversation, Code.FORGED)
    assert 0 < counting.checked <= limits.BATCH_RECORDS + limits.RECORDS_PER_FRAME_MAX
    assert village.came() == []
    assert village.is_unharmed()


def test_fault_40_a_hundred_half_open_calls_keep_nobody_out() -> None:
    """Fault 40: calls that never say Hello hold no record and wake nobody; they end by themselves."""
    village = Village()
    waiting = [village.mallory.call() for _ in range(100)]
    assert village.is_unharmed()
    for conversation in waiting:
        conversation.tick(village.mesh.time + limits.PREAUTH_SECONDS)
        assert conversation.end is not None
        assert conversation.peer is None


def test_fault_40_sybils_leave_nothing_in_use() -> None:
    """Fault 40: certificates, policies and offers of Sybils are neither shown nor served."""
    village = Village()
    crowd = [Person(f"Nobody {number}") for number in range(150)]
    records = [
        record
        for nobody in crowd
        for record in (
            nobody.certificate(EPOCH),
            nobody.policy({other.id: 1000 for other in crowd[:20] if other != nobody}, now=EPOCH),
            nobody.listing(now=EPOCH),
        )
    ]
    village.mallory.records = {record.id: record for record in records}
    village.mallory.talk()
    names = {nobody.id for nobody in crowd}
    shown = [
        row
        for row in village.alice.replica.store.records.rows(kinds=(Kind.LISTING,), states=(RecordState.LIVE,))
        if row.author in names
    ]
    assert shown == []
    assert village.is_unharmed()
    carol = village.mesh.nodes["Carol"].replica.store.records
    assert not [row for row in carol.rows() if row.author in names]
