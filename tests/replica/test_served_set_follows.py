"""What a session is told of a served set when something comes, ends, or is no longer for its peer."""

from __future__ import annotations

import pytest

from meshnode.replica import served_set
from meshnode.replica.changes import Change
from meshnode.replica.served_set import Delta, ServedSet
from meshnode.store import Row
from protocol import Audience, Kind, Record
from protocol.session import Phase
from protocol.wire import Item
from tests.support.mesh import Mesh
from tests.support.mesh_people import befriend, found, post, rewrite, vouch, withdraw


class Served:
    """Alice's records that Bob may have, and what the session with Bob was told."""

    def __init__(self) -> None:
        self.mesh = Mesh(9)
        for name in ("Alice", "Bob"):
            self.mesh.add(name)
        befriend(self.mesh, "Alice", "Bob", 900, 900)
        self.ladder = post(self.mesh, "Alice", "Ladder", Audience.TRUSTED_NETWORK)
        self.mesh.settle()
        self.alice = self.mesh.nodes["Alice"].replica
        self.told: list[Delta] = []
        self.view = self.new()
        for phase in Phase:
            self.view.items(phase)
        self.alice.changes.subscribe(lambda change: self.told.append(self.view.apply(change)))

    def new(self) -> ServedSet:
        """Return a set that is made now."""
        bob = self.mesh.nodes["Bob"].person
        return ServedSet(self.alice.store, self.alice.access, self.alice.clock, self.alice.me, bob)

    def row(self, record: Record) -> Row:
        """Return how Alice's node stores it."""
        [row] = self.alice.store.records.rows_of([record.id])
        return row

    @property
    def last(self) -> Delta:
        """What was told last."""
        return self.told[-1]


@pytest.fixture
def served() -> Served:
    return Served()


def item(record: Record) -> Item:
    return (record.header.created, record.id)


def test_what_has_ended_is_neither_in_the_set_nor_given(served: Served) -> None:
    short = post(served.mesh, "Alice", "Cake", Audience.TRUSTED_NETWORK, life=3600)
    assert item(short) in served.new().items(Phase.CONTENT)
    assert [record.id for record in served.new().supply([short.id])[0]] == [short.id]
    served.mesh.run_for(3601)
    assert served.alice.store.records.rows_of([short.id])
    assert item(short) not in served.new().items(Phase.CONTENT)
    assert served.new().supply([short.id])[0] == []


def test_what_is_withdrawn_leaves_and_its_withdrawal_comes(served: Served) -> None:
    gone = withdraw(served.mesh, "Alice", served.ladder)
    assert served.last.removed[Phase.CONTENT] == [item(served.ladder)]
    assert served.last.added[Phase.CONTENT] == [item(gone)]
    assert served.last.newer == []  # the whole of it comes


def test_a_new_version_for_others_leaves_a_header_that_takes_the_old_one_back(served: Served) -> None:
    found(served.mesh, "Alice", "Garden")
    narrow = rewrite(served.mesh, "Alice", served.ladder, "Ladder", Audience.MY_CELL, may_reduce_access=True)
    assert served.last.removed[Phase.CONTENT] == [item(served.ladder)]
    assert served.last.added[Phase.CONTENT] == []
    assert [(newer.newest.id, newer.older_device) for newer in served.last.newer] == [(narrow.id, served.alice.device)]
    given, newer = served.view.supply([served.ladder.id, narrow.id])
    assert given == []
    assert [one.newest.id for one in newer] == []  # the narrow one is the newest there is
    rewrite(served.mesh, "Alice", narrow, "Long ladder", may_reduce_access=True)
    assert (served.last.added[Phase.CONTENT], served.last.newer) == ([], [])  # Bob never had the narrow one


def test_trust_that_falls_and_rises_moves_what_is_already_there(served: Served) -> None:
    vouch(served.mesh, "Alice", "Bob", 300)
    assert item(served.ladder) in served.last.removed[Phase.CONTENT]
    assert item(served.ladder) not in served.view.items(Phase.CONTENT)
    vouch(served.mesh, "Alice", "Bob", 900)
    assert item(served.ladder) in served.last.added[Phase.CONTENT]
    assert item(served.ladder) in served.view.items(Phase.CONTENT)


def test_who_lost_a_record_is_told_of_what_follows_on_it(served: Served) -> None:
    vouch(served.mesh, "Alice", "Bob", 300)
    gone = withdraw(served.mesh, "Alice", served.ladder)
    assert [newer.newest.id for newer in served.last.newer] == [gone.id]
    post(served.mesh, "Alice", "Rake", Audience.TRUSTED_NETWORK)
    assert served.last == Delta()


@pytest.mark.parametrize(("most", "told"), [(500, True), (0, False)])
def test_who_may_hold_what_this_node_has_dropped_is_told_what_supersedes_it_when_that_comes(
    served: Served, monkeypatch: pytest.MonkeyPatch, most: int, *, told: bool
) -> None:
    monkeypatch.setattr(served_set, "GONE_MAX", most)
    view, dropped = served.new(), served.row(served.ladder)
    for phase in Phase:
        view.items(phase)
    assert view.apply(Change(ended=(dropped,))).newer == []
    assert view.apply(Change()).newer == []
    vouch(served.mesh, "Alice", "Bob", 300)
    gone = withdraw(served.mesh, "Alice", served.ladder)
    came = Change(stored=(served.row(gone),), trust=True)
    assert [newer.newest.id for newer in view.apply(came).newer if newer.newest.id == gone.id] == [gone.id] * told
    assert gone.id not in [newer.newest.id for newer in view.apply(came).newer]


def test_a_closed_set_is_empty_until_it_is_opened(served: Served) -> None:
    closed = served.view.apply(Change(), closed=True)
    assert item(served.ladder) in closed.removed[Phase.CONTENT]
    assert closed.removed[Phase.GRAPH]
    assert {newer.newest.header.kind for newer in closed.newer} <= {Kind.POLICY}
    assert [served.view.items(phase) for phase in Phase] == [[], []]
    assert served.view.apply(Change(), closed=True) == Delta()
    opened = served.view.apply(Change())
    assert opened.added == closed.removed
    assert served.view.apply(Change()) == Delta()


def test_what_made_room_for_others_stays_to_be_asked_for_again(served: Served) -> None:
    row = served.row(served.ladder)
    delta = served.view.apply(Change(ended=(row,), evicted={row.id: 300}))
    assert delta.evicted == [(row, 300)]
    assert delta.removed[Phase.CONTENT] == []
    assert delta.for_nothing_shown().removed[Phase.CONTENT] == [item(served.ladder)]


def test_a_peer_that_has_shown_the_header_alone_may_have_the_record_itself(served: Served) -> None:
    """The session tells nobody what they have shown; what a peer has shown as a header only, it may lack."""
    row = served.row(served.ladder)
    with served.view.receiving([served.ladder.without_body()]):
        assert served.view.apply(Change(stored=(row,))).added[Phase.CONTENT] == [item(served.ladder)]
