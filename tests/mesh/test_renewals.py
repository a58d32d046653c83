"""Of a policy that is renewed or edited only what changes travels, and a node that lacks the version before gets the whole."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from meshnode.app.owner import policy
from protocol import Kind, Record, RecordId
from protocol.session.outbox import Outbox
from protocol.wire.frames import Again, Frame, Records
from protocol.wire.successor import Successor, is_successor
from tests.mesh.test_not_brought_again import chain, policy_of
from tests.support.mesh import Mesh
from tests.support.mesh_people import row, unblock, vouch


class Said:
    """Collects the frames that all nodes send."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.frames: list[Frame] = []
        send = Outbox.send

        def note(outbox: Outbox, frame: Frame) -> None:
            self.frames.append(frame)
            send(outbox, frame)

        patch.setattr(Outbox, "send", note)

    def given(self, record_id: RecordId) -> list[bool]:
        """Return for each time that this record was given whether it was as a successor."""
        return [short for short, record in self._entries() if record.id == record_id]

    def _entries(self) -> Iterator[tuple[bool, Record]]:
        for frame in self.frames:
            for entry in frame.entries if isinstance(frame, Records) else ():
                if entry is not None:
                    short = is_successor(entry)
                    yield short, Successor.parse(entry).tombstone if short else Record.parse(entry)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Said:
    return Said(monkeypatch)


def renew(mesh: Mesh, name: str) -> Record:
    """Let this person's node renew their policy; return the renewed one."""
    policy.renew(mesh.nodes[name].replica)
    return policy_of(mesh, name, by=name)


def body_at(mesh: Mesh, name: str, record: Record) -> bytes | None:
    return mesh.nodes[name].replica.store.records.body_of(record.id)


def test_a_renewal_reaches_everybody_without_its_body(said: Said) -> None:
    mesh = row("Alice", "Bob", "Carol", "Dave")
    before = policy_of(mesh, "Alice", by="Dave")
    renewed = renew(mesh, "Alice")
    assert renewed.header.body_hash == before.header.body_hash
    mesh.settle()
    assert said.given(renewed.id) == [True] * 3
    for name in ("Bob", "Carol", "Dave"):
        assert body_at(mesh, name, renewed) == before.body
        assert [one.id for one in mesh.nodes[name].replica.store.records.in_use(renewed.register)] == [renewed.id]


def test_of_an_edit_of_a_long_policy_what_changed_reaches_everybody(said: Said) -> None:
    mesh = row("Alice", "Bob", "Carol")
    mesh.cut("Alice", "Bob")
    for number in range(30):
        policy.vouch(mesh.nodes["Alice"].replica, bytes([number]) * 32, 900)
    mesh.heal()
    mesh.settle()
    for weight in (800, 0, 500):
        policy.vouch(mesh.nodes["Alice"].replica, bytes([7]) * 32, weight)
        edited = policy_of(mesh, "Alice", by="Alice")
        mesh.settle()
        assert said.given(edited.id) == [True] * 2
        assert body_at(mesh, "Carol", edited) == edited.body


def test_a_short_policy_travels_whole_when_it_is_edited_and_as_a_header_when_it_is_renewed(said: Said) -> None:
    mesh = row("Alice", "Bob", "Carol")
    vouch(mesh, "Alice", "Bob", 700)
    mesh.settle()
    edited = policy_of(mesh, "Alice", by="Alice")
    assert said.given(edited.id) == [False] * 2
    renewed = renew(mesh, "Alice")
    mesh.settle()
    assert said.given(renewed.id) == [True] * 2
    assert body_at(mesh, "Carol", renewed) == edited.body


def test_a_node_that_was_away_gets_the_whole(said: Said) -> None:
    mesh = row("Alice", "Bob", "Carol")
    mesh.cut("Bob", "Carol")
    renewed = renew(mesh, "Alice")
    mesh.settle()
    mesh.heal()
    mesh.settle()
    assert said.given(renewed.id) == [True, False]
    assert body_at(mesh, "Carol", renewed) == renewed.body


def test_a_renewal_of_somebody_apart_tells_the_giver_nothing_and_comes_once_they_are_connected(said: Said) -> None:
    """Nora cannot tell that she is in Xenia's mesh, so she has refused Xenia's policy; Alice must not learn that."""
    mesh = chain()
    mesh.settle()
    nora = mesh.nodes["Nora"].replica.store.records
    renewed = renew(mesh, "Xenia")
    said.frames.clear()
    mesh.settle()
    assert said.given(renewed.id) == [True] * 3
    assert not any(isinstance(frame, Again) for frame in said.frames)
    assert nora.in_use(renewed.register) == []
    unblock(mesh, "Bob", "Nora")
    mesh.settle()
    assert said.given(renewed.id) == [True] * 3 + [False]
    assert body_at(mesh, "Nora", renewed) == renewed.body


def test_a_renewal_to_another_own_device_is_no_copy_of_it(said: Said) -> None:
    mesh = row("Alice", "Bob")
    mesh.join_device("Laptop", "Alice")
    mesh.wire("Alice", "Laptop")
    mesh.settle()
    renewed = renew(mesh, "Alice")
    mesh.settle()
    assert all(said.given(renewed.id))
    assert body_at(mesh, "Laptop", renewed) == renewed.body
    (held,) = mesh.nodes["Laptop"].replica.store.records.bodies(Kind.POLICY, author=mesh.nodes["Alice"].person)
    assert held.id == renewed.id
