"""What a node cannot take now, for whatever reason, comes in the same session when the reason has gone."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from meshnode.app.owner import policy
from meshnode.replica import parts
from meshnode.replica.quota import Shortage
from meshnode.replica.refused_record import EXPIRED, lost
from meshnode.slices import advance
from meshnode.store import RecordState
from protocol import Audience, Kind, Record, limits
from protocol.session import Phase, RecordsReceived
from tests.support.mesh import Mesh, Node
from tests.support.mesh_people import befriend, block, post, unblock, withdraw
from tests.support.people import Person

MEGABYTE = 1024 * 1024
CAROL = Person("Carol")

Kept = Callable[[], object]
"""Ends what keeps a node from taking records."""


def pair() -> Mesh:
    """Return Alice and Bob, in a session."""
    mesh = Mesh(81)
    for name in ("Alice", "Bob"):
        mesh.add(name)
    befriend(mesh, "Alice", "Bob", 900, 900)
    mesh.settle()
    return mesh


def of_carol(mesh: Mesh) -> list[Record]:
    """Return Carol's records: she and Bob vouch for each other."""
    now, bob = mesh.nodes["Bob"].replica.clock.now(), mesh.nodes["Bob"].person
    return [
        CAROL.certificate(now),
        CAROL.policy({bob: 900}, now=now),
        CAROL.profile(now),
        CAROL.listing(now=now, life=2 * limits.DAY),
    ]


def apart() -> tuple[Mesh, list[Record]]:
    """Return Alice and Bob, who are not connected now, and what Bob has got of Carol's meanwhile."""
    mesh = pair()
    mesh.cut("Alice", "Bob")
    policy.vouch(mesh.nodes["Bob"].replica, CAROL.id, 900)
    records = of_carol(mesh)
    mesh.nodes["Bob"].replica.ingest.receive(records, CAROL.id)
    return mesh, records


def served(node: Node, other: Node) -> set[bytes]:
    """Return what `node` holds that `other` may have."""
    serving = node.conversations[0]._serving
    assert serving is not None
    return {id_ for phase in Phase for _, id_ in serving.served.items(phase)}


def ends(mesh: Mesh) -> list[object]:
    return [conversation.end for node in mesh.nodes.values() for conversation in node.conversations]


def wait(mesh: Mesh, seconds: int) -> None:
    """Let time pass in steps in which no session runs out."""
    for _ in range(seconds // 10):
        mesh.advance(10)


# --- reasons -----------------------------------------------------------------------------------------------------------


@contextmanager
def a_full_disk(mesh: Mesh, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shortage | str]:
    store = mesh.nodes["Alice"].replica.store
    monkeypatch.setattr(store, "disk", lambda: (40 * MEGABYTE, 10_000 * MEGABYTE), raising=False)
    yield Shortage.DISK
    monkeypatch.setattr(store, "disk", lambda: (70 * MEGABYTE, 10_000 * MEGABYTE), raising=False)


@contextmanager
def a_clock_that_is_ahead(mesh: Mesh, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shortage | str]:
    alice = mesh.nodes["Alice"]
    mesh.nodes["Bob"].clock.confirm()  # else Bob would go by what Alice says
    alice.clock.machine.error = 3 * limits.DAY
    alice.clock.confirm()
    yield EXPIRED
    alice.clock.machine.error = 0.0
    alice.clock.confirm()


@contextmanager
def no_room_for_others(mesh: Mesh, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shortage | str]:
    quota = mesh.nodes["Alice"].replica.quota
    monkeypatch.setattr(quota, "caps", quota.caps._replace(size=quota.others().size))
    yield Shortage.INTRODUCER
    monkeypatch.undo()
    free_something(mesh)


@contextmanager
def no_room_for_the_author(mesh: Mesh, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shortage | str]:
    monkeypatch.setattr(limits, "AUTHOR_RECORDS_MAX", 0)
    yield Shortage.AUTHOR
    monkeypatch.undo()
    free_something(mesh)


def free_something(mesh: Mesh) -> None:
    """Let something be deleted at Alice's, which may have made room."""
    records = mesh.nodes["Alice"].replica.store.records
    own = post(mesh, "Alice", "Ends soon", Audience.MY_CELL, life=limits.MINUTE)
    records.delete([own.id])


REASONS = [
    a_full_disk,
    a_clock_that_is_ahead,
    no_room_for_others,
    no_room_for_the_author,
]


@pytest.mark.parametrize("reason", REASONS, ids=lambda reason: reason.__name__)
def test_what_was_refused_comes_in_the_same_session_when_the_reason_has_gone(
    reason: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    mesh, records = apart()
    alice, bob = mesh.nodes["Alice"], mesh.nodes["Bob"]
    listing = records[-1]
    with reason(mesh, monkeypatch) as why:  # type: ignore[attr-defined]
        mesh.heal()
        mesh.settle()
        conversation = alice.conversations[0]
        wait(mesh, 2 * limits.MINUTE)
        assert listing.id not in held(alice)
        assert why in dict(conversation.missing)
    wait(mesh, 30)
    assert listing.id in held(alice)
    assert {record.id for record in records} <= held(alice)
    assert served(alice, bob) == served(bob, alice)
    assert conversation.missing == ()
    assert ends(mesh) == [None, None]
    assert alice.conversations == [conversation]


def held(node: Node) -> set[bytes]:
    """Return what the node has whole and uses."""
    return {row.id for row in node.replica.store.records.rows(states=(RecordState.LIVE,))}


@pytest.mark.parametrize("reason", REASONS, ids=lambda reason: reason.__name__)
def test_while_the_reason_lasts_nothing_is_sent_again(
    reason: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    mesh, _ = apart()
    with reason(mesh, monkeypatch):  # type: ignore[attr-defined]
        mesh.heal()
        mesh.settle()
        wait(mesh, 2 * limits.MINUTE)
        sent = mesh.bytes_sent
        wait(mesh, 9 * limits.MINUTE)
        assert mesh.bytes_sent - sent < 10_000  # signs of life and one comparison


@pytest.mark.parametrize("reason", REASONS, ids=lambda reason: reason.__name__)
def test_a_withdrawal_is_taken_whatever_keeps_other_records_out(
    reason: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    mesh = pair()
    listing = post(mesh, "Bob", "Ladder", Audience.NETWORK_WIDE)
    mesh.settle()
    assert listing.id in held(mesh.nodes["Alice"])
    with reason(mesh, monkeypatch):  # type: ignore[attr-defined]
        withdraw(mesh, "Bob", listing)
        mesh.settle()
        assert listing.id not in held(mesh.nodes["Alice"])


@pytest.mark.parametrize("reason", REASONS, ids=lambda reason: reason.__name__)
def test_a_block_is_obeyed_whatever_keeps_other_records_out(
    reason: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    mesh = pair()
    mesh.add("Dave")
    befriend(mesh, "Alice", "Dave", 900, 900)
    post(mesh, "Bob", "Ladder", Audience.NETWORK_WIDE)
    mesh.settle()
    dave, bob = mesh.nodes["Dave"], mesh.nodes["Bob"]
    ladders = [row.id for row in dave.replica.store.records.rows(kinds=(Kind.LISTING,))]
    assert len(ladders) == 1
    with reason(mesh, monkeypatch):  # type: ignore[attr-defined]
        block(mesh, "Bob", "Dave")
        mesh.settle()
        view = next(one for one in mesh.nodes["Alice"].conversations if one.peer == dave.person)._serving
        assert view is not None
        given, _ = view.served.supply(ladders)
        assert given == []
    unblock(mesh, "Bob", "Dave")
    mesh.settle()
    assert bob.conversations


def test_what_others_have_brought_meanwhile_is_not_asked_for_but_told() -> None:
    """It stays among what the peer may have: the peer may have lost it since it showed it."""
    mesh = pair()
    drill = post(mesh, "Alice", "Drill", Audience.TRUSTED_NETWORK)
    mesh.settle()
    bob = mesh.nodes["Bob"]
    serving, item = bob.conversations[0]._serving, (drill.header.created, drill.id)
    assert serving is not None
    (row,) = bob.replica.store.records.rows_of([drill.id])
    serving.ask_again([lost(row)])
    assert item in serving._session._admitted.peer_sets[Phase.CONTENT].index


def test_what_is_let_in_while_the_rest_of_its_batch_is_taken_is_asked_for_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The owner comes to trust somebody whose post was refused a moment ago, in an earlier part of the same batch."""
    monkeypatch.setattr(parts, "PART_EFFORT", 1)
    mesh = pair()
    alice, bob = mesh.nodes["Alice"], mesh.nodes["Bob"]
    now = alice.replica.clock.now()
    policy.vouch(alice.replica, CAROL.id, 900)
    trusted = CAROL.policy({alice.person: 900, bob.person: 900}, now=now)
    alice.replica.ingest.receive([CAROL.certificate(now), trusted])
    policy.block(alice.replica, CAROL.id)
    mesh.settle()
    (conversation,) = alice.conversations
    serving = conversation._serving
    assert serving is not None
    batch = [CAROL.listing("Drill", now=now, slot=bytes(16)), CAROL.listing("Saw", now=now, slot=bytes([1] * 16))]
    for record in batch:
        serving._session._admitted.peer_sets[Phase.CONTENT].add([(record.header.created, record.id)], news=False)
    serving._session._handover._incoming._batches.append((0, 0))
    taking = serving.take(batch, bob.person, conversation.follow, more=False)
    next(taking)
    policy.unblock(alice.replica, CAROL.id)
    policy.vouch(alice.replica, CAROL.id, 900)
    outcome = advance(taking, math.inf)
    assert outcome is not None
    serving.taken(RecordsReceived(batch), outcome.result, mesh.time)
    refused = {refusal.id for refusal in outcome.result.later}
    assert len(refused) == 1
    assert {record_id for _, record_id in serving._session._admitted.announcer._to_ask[Phase.CONTENT]} == refused
