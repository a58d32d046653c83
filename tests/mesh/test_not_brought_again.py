"""What a node has refused is not brought again: neither by the next comparison nor in the next session.

Only a reason that has gone brings it back, and then at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest

from meshnode.replica.quota import Shortage
from protocol import Audience, Kind, PersonId, Record
from tests.mesh.test_refused_for_now import apart, free_something, held
from tests.support.mesh import Mesh, Node
from tests.support.mesh_people import befriend, block, post, sees, unblock, vouch


class Brought:
    """Counts the records, with their bodies, that one node is given."""

    def __init__(self, node: Node, patch: pytest.MonkeyPatch) -> None:
        self.counts: Counter[bytes] = Counter()
        receive = node.replica.ingest.receive

        def count(records: Sequence[Record], source: PersonId | None = None, *, more: bool = False) -> object:
            if source is not None:
                self.counts.update(record.id for record in records if not record.header_only)
            return receive(records, source, more=more)

        patch.setattr(node.replica.ingest, "receive", count)

    def since_last(self) -> Counter[bytes]:
        """Return how often each was given since the last call."""
        counts, self.counts = self.counts, Counter()
        return counts


def wait(mesh: Mesh, minutes: int) -> None:
    for _ in range(6 * minutes):
        mesh.advance(10)


def reconnect(mesh: Mesh, a: str, b: str) -> None:
    mesh.cut(a, b)
    mesh.heal()
    mesh.settle()


def policy_of(mesh: Mesh, name: str, *, by: str) -> Record:
    """Return the policy of `name`, as the node of `by` holds it."""
    (found,) = mesh.nodes[by].replica.store.records.bodies(Kind.POLICY, author=mesh.nodes[name].person)
    return found


def chain() -> Mesh:
    """Return Nora, Alice, Bob and Xenia, who trust each other in a row. Bob blocks Nora, so she cannot tell who is behind."""
    mesh = Mesh(301)
    for name in ("Nora", "Alice", "Bob", "Xenia"):
        mesh.add(name)
    block(mesh, "Bob", "Nora")
    for a, b in (("Nora", "Alice"), ("Alice", "Bob"), ("Bob", "Xenia")):
        befriend(mesh, a, b, 900, 900)
    return mesh


def test_a_policy_of_somebody_behind_a_block_is_given_once(monkeypatch: pytest.MonkeyPatch) -> None:
    mesh = chain()
    nora = mesh.nodes["Nora"]
    brought = Brought(nora, monkeypatch)
    mesh.settle()
    policy = policy_of(mesh, "Xenia", by="Alice")
    assert brought.since_last()[policy.id] == 1
    assert policy.id not in held(nora)
    wait(mesh, 35)
    assert brought.since_last() == {}
    reconnect(mesh, "Nora", "Alice")
    assert brought.since_last()[policy.id] == 0
    wait(mesh, 35)
    assert brought.since_last() == {}


def test_the_giver_sees_no_difference_between_what_was_kept_and_what_was_refused() -> None:
    """The sets agree after one exchange, and so do the roots at the next: nothing tells that somebody blocks somebody."""
    mesh = chain()
    mesh.settle()
    compared = [one.comparisons for node in ("Nora", "Alice") for one in mesh.nodes[node].conversations]
    sent = mesh.bytes_sent
    wait(mesh, 11)
    assert [one.comparisons for node in ("Nora", "Alice") for one in mesh.nodes[node].conversations] != compared
    assert mesh.bytes_sent - sent < 5_000


@pytest.mark.parametrize("again", [False, True])
def test_a_refused_policy_comes_when_it_is_of_use(again: bool) -> None:
    """Somebody whom Nora knows vouches for Xenia, who vouches back: only her policy, refused before, says that."""
    mesh = chain()
    mesh.add("Mia")
    befriend(mesh, "Nora", "Mia", 900, 900)
    vouch(mesh, "Xenia", "Mia", 900)
    mesh.settle()
    policy = policy_of(mesh, "Xenia", by="Alice")
    nora = mesh.nodes["Nora"]
    assert policy.id not in held(nora)
    if again:
        mesh.cut("Nora", "Alice")
    vouch(mesh, "Mia", "Xenia", 900)
    mesh.heal()
    mesh.settle()
    assert policy.id in held(nora)
    offer = post(mesh, "Xenia", "Ladder", Audience.NETWORK_WIDE)
    mesh.wire("Xenia", "Mia")
    mesh.settle()
    assert offer.id in held(nora)


def test_what_takes_back_is_never_held_up_by_an_earlier_refusal() -> None:
    """A block that Xenia makes while her policy is of no use to Nora is known to Nora as soon as she gets close."""
    mesh = chain()
    mesh.settle()
    mesh.add("Mia")
    befriend(mesh, "Nora", "Mia", 900, 900)
    befriend(mesh, "Mia", "Xenia", 900, 900)
    mesh.settle()
    post(mesh, "Xenia", "Ladder", Audience.NETWORK_WIDE)
    mesh.settle()
    assert sees(mesh, "Nora") == {"Ladder"}
    block(mesh, "Xenia", "Nora")
    mesh.settle()
    assert sees(mesh, "Nora") == set()
    unblock(mesh, "Xenia", "Nora")
    mesh.settle()
    assert sees(mesh, "Nora") == {"Ladder"}


def test_what_there_is_no_room_for_is_not_given_again_in_the_next_session(monkeypatch: pytest.MonkeyPatch) -> None:
    mesh, records = apart()
    alice = mesh.nodes["Alice"]
    brought = Brought(alice, monkeypatch)
    quota = alice.replica.quota
    full = quota.caps._replace(size=quota.others().size)
    with monkeypatch.context() as limited:
        limited.setattr(quota, "caps", full)
        mesh.heal()
        mesh.settle()
        first = brought.since_last()
        assert all(first[record.id] == 1 for record in records)
        for _ in range(3):
            reconnect(mesh, "Alice", "Bob")
        assert {record.id for record in records}.isdisjoint(brought.since_last())
        assert Shortage.INTRODUCER in dict(alice.conversations[0].missing)
    free_something(mesh)
    wait(mesh, 1)
    assert {record.id for record in records} <= held(alice)


def test_what_was_refused_comes_in_the_next_session_if_the_reason_went_between_the_two(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mesh, records = apart()
    alice = mesh.nodes["Alice"]
    quota = alice.replica.quota
    with monkeypatch.context() as limited:
        limited.setattr(quota, "caps", quota.caps._replace(size=quota.others().size))
        mesh.heal()
        mesh.settle()
        mesh.cut("Alice", "Bob")
    mesh.heal()
    mesh.settle()
    assert {record.id for record in records} <= held(alice)
