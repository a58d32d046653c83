"""Transactions: what is written in one block is committed together, and published once, when its caller has returned."""

from __future__ import annotations

import pytest

from meshnode.replica.changes import Change, Changes
from meshnode.replica.replica import Replica
from meshnode.store import Row
from tests.support.mesh import EPOCH, Mesh
from tests.support.people import Person
from tests.support.random_mesh import RandomMesh

BOB, CAROL = Person("Bob"), Person("Carol")


def alice() -> tuple[Replica, list[Change]]:
    replica = Mesh(63).add("Alice").replica
    heard: list[Change] = []
    replica.changes.subscribe(heard.append)
    return replica, heard


class MidwayError(Exception):
    """Raised by tests in the middle of a transaction."""


def test_blocks_inside_a_block_are_committed_and_published_with_it() -> None:
    replica, heard = alice()
    with replica.transaction():
        replica.ingest.receive([BOB.certificate(EPOCH)], BOB.id)
        with replica.transaction():
            replica.ingest.receive([BOB.policy({replica.me: 900}, now=EPOCH)], BOB.id)
            replica.store.meta.set("beside", "it")
        assert heard == []
    [change] = heard
    assert {row.id for row in change.stored} == {
        BOB.certificate(EPOCH).id,
        BOB.policy({replica.me: 900}, now=EPOCH).id,
    }
    assert (change.people, change.trust) == (frozenset({BOB.id}), True)
    assert replica.store.meta.get("beside") == "it"


def test_an_exception_undoes_all_blocks_and_publishes_nothing() -> None:
    replica, heard = alice()
    before = replica.trust_state.people()

    def fail() -> None:
        with replica.transaction():
            replica.ingest.receive([BOB.certificate(EPOCH)], BOB.id)
            with replica.transaction():
                replica.store.meta.set("beside", "it")
                raise MidwayError

    with pytest.raises(MidwayError):
        fail()
    assert (replica.trust_state.people(), heard) == (before, [])
    assert replica.store.meta.get("beside") is None
    replica.ingest.receive([BOB.certificate(EPOCH)], BOB.id)
    assert BOB.id in replica.trust_state.people()


def test_a_block_that_failed_cannot_be_left_out() -> None:
    replica, heard = alice()

    def fail() -> None:
        with replica.transaction():
            replica.store.meta.set("beside", "it")
            raise MidwayError

    def swallow() -> None:
        with replica.transaction():
            replica.ingest.receive([BOB.certificate(EPOCH)], BOB.id)
            with pytest.raises(MidwayError):
                fail()

    with pytest.raises(RuntimeError, match="undone"):
        swallow()
    assert replica.store.records.count(BOB.id) == 0
    assert heard == []
    replica.store.meta.set("port", "7000")  # the next one is not affected
    with replica.transaction():
        replica.store.meta.set("beside", "it")
    assert replica.store.meta.get("beside") == "it"


def test_after_a_rollback_the_trust_state_is_as_before_however_many_people_were_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("meshnode.replica.trust_state.READ_REMEMBERED", 1)
    replica, _ = alice()
    first = BOB.policy({replica.me: 900}, now=EPOCH)
    replica.ingest.receive([BOB.certificate(EPOCH), first], BOB.id)
    before = replica.trust_state.people()

    def fail() -> None:
        with replica.transaction():
            later = BOB.policy({replica.me: 100}, version=2, stamp=2, now=EPOCH)
            replica.ingest.receive([CAROL.certificate(EPOCH), later], BOB.id)
            raise MidwayError

    with pytest.raises(MidwayError):
        fail()
    assert replica.trust_state.people() == before
    assert replica.trust_state.graph.weight(BOB.id, replica.me) == 900


def test_a_record_that_came_and_was_replaced_in_one_transaction_is_not_published_as_stored() -> None:
    replica, heard = alice()
    replica.ingest.receive([BOB.certificate(EPOCH), BOB.policy({replica.me: 900}, now=EPOCH)], BOB.id)
    heard.clear()
    old, new = BOB.listing("Bread", now=EPOCH), BOB.listing("Bread", now=EPOCH, version=2)
    with replica.transaction():
        replica.ingest.receive([old], BOB.id)
        replica.ingest.receive([new], BOB.id)
    [change] = heard
    assert [row.id for row in change.stored] == [new.id]
    assert [row.id for row in change.ended] == [old.id]


# --- changes -----------------------------------------------------------------------------------------------------------


def test_changes_that_are_held_are_delivered_in_order_when_the_block_ends() -> None:
    changes, notes, heard_later = Changes(), list[Change](), list[Change]()
    changes.subscribe(notes.append, at_commit=True)
    changes.subscribe(heard_later.append)
    first, second = Change(people=frozenset({BOB.id}), trust=True), Change(trust=True)
    with changes.held():
        changes.publish(first)
        with changes.held():
            changes.publish(second)
        assert (notes, heard_later) == ([first, second], [])
    assert heard_later == [first, second]


def test_a_commit_is_told_though_its_caller_failed_afterwards() -> None:
    changes, heard_later = Changes(), list[Change]()
    changes.subscribe(heard_later.append)

    def fail() -> None:
        with changes.held():
            changes.publish(Change(trust=True))
            raise MidwayError

    with pytest.raises(MidwayError):
        fail()
    assert heard_later == [Change(trust=True)]


def test_a_change_that_a_listener_makes_comes_after_its_own_for_every_listener() -> None:
    changes, heard_later = Changes(), list[Change]()
    first, second = Change(people=frozenset({BOB.id}), trust=True), Change(trust=True)

    def answer(change: Change) -> None:
        if change is first:
            changes.publish(second)

    changes.subscribe(answer)
    changes.subscribe(heard_later.append)
    changes.publish(first)
    assert heard_later == [first, second]


def test_an_empty_change_is_not_told() -> None:
    changes, heard_later = Changes(), list[Change]()
    changes.subscribe(heard_later.append)
    changes.publish(Change())
    assert heard_later == []


@pytest.mark.parametrize("seed", range(3))
def test_published_rows_are_the_rows_that_were_committed(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of new records are not read from the store; in random lives they are the same as if they were."""
    differences: list[Row] = []
    publish = Changes.publish

    def compared(changes: Changes, change: Change) -> None:
        replica = next(node.replica for node in life.mesh.nodes.values() if node.replica.changes is changes)
        committed = replica.store.records.rows_of([row.id for row in change.stored])
        differences.extend(set(change.stored) ^ set(committed))
        publish(changes, change)

    life = RandomMesh(seed, 8)
    monkeypatch.setattr(Changes, "publish", compared)
    life.live(40)
    assert differences == []
