"""A conversation between two nodes, step by step: what is acknowledged is committed, what fails costs one
connection."""

from __future__ import annotations

from typing import Any

import pytest

from meshnode.app.owner import policy
from meshnode.app.peers import contacts
from meshnode.app.peers.accounts import NOBODY, account_of
from meshnode.app.peers.conversation import Conversation
from meshnode.errors import StorageFull
from meshnode.replica.changes import Change
from meshnode.replica.parts import PART_EFFORT
from meshnode.replica.served_set import ServedSet
from protocol import Audience, Code, Kind, Listing, PersonId, Record, body_of, limits
from tests.support.mesh import EPOCH, Mesh, Node
from tests.support.mesh_people import acquaint, block, post, vouch
from tests.support.people import Person
from tests.support.tap import set_tap

PIECE = 16 * 1024  # as a socket gives it


def two(posts: int = 5) -> tuple[Mesh, Node, Node]:
    mesh = Mesh(67)
    for name in ("Alice", "Bob"):
        mesh.add(name, audience=Audience.NETWORK_WIDE)
    acquaint(mesh, "Alice", "Bob")
    vouch(mesh, "Alice", "Bob", 900)
    vouch(mesh, "Bob", "Alice", 900)
    for number in range(posts):
        post(mesh, "Bob", f"Offer {number}")
    return mesh, mesh.nodes["Alice"], mesh.nodes["Bob"]


def call(mesh: Mesh, caller: Node, callee: Node) -> tuple[Conversation, Conversation]:
    way = contacts.dial_keys(caller.replica, callee.person)[0]
    return (
        Conversation.dialing(caller.replica, way, mesh.time),
        Conversation.answering(callee.replica, callee.seen, mesh.time),
    )


def carry(mesh: Mesh, calling: Conversation, answering: Conversation, turns: int = 60) -> None:
    for turn in range(turns):
        sender, receiver = (calling, answering) if turn % 2 == 0 else (answering, calling)
        data = sender.data_to_send()
        for start in range(0, len(data), PIECE):
            receiver.receive(data[start : start + PIECE], mesh.time)
        due = receiver.next_timer()
        if due is not None and due <= mesh.time:
            receiver.tick(mesh.time)


def listings(node: Node) -> int:
    return len([row for row in node.replica.store.records.rows(kinds=(Kind.LISTING,)) if row.author != node.person])


def test_both_are_live_after_one_round_trip_where_there_is_nothing_new() -> None:
    mesh, alice, bob = two()
    carry(mesh, *call(mesh, alice, bob))
    calling, answering = call(mesh, alice, bob)
    carry(mesh, calling, answering, turns=5)  # three of them shake hands
    assert calling.live
    assert answering.live


def test_a_pull_that_acknowledges_is_said_after_the_commit_and_never_when_it_failed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The disk is full just when Bob's offers come: Alice breaks off without having asked for more, and gets them
    later."""
    mesh, alice, bob = two(posts=1900)
    tap = set_tap(monkeypatch)
    calling, answering = call(mesh, alice, bob)
    receive = alice.replica.ingest.receive
    asked_for: list[tuple[int, int]] = []

    def full(*arguments: object, **options: object) -> object:
        asked = tap.asked_for(alice.replica.device, bob.replica.keys.dh_public)
        asked_for.append((asked, listings(alice)))
        if listings(alice):
            raise StorageFull("the disk is full", "make room")
        return receive(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(type(alice.replica.ingest), "receive", lambda _self, *a, **o: full(*a, **o))
    with pytest.raises(StorageFull):
        carry(mesh, calling, answering, turns=400)
    monkeypatch.undo()
    (_, none), *_, (asked, committed) = asked_for
    assert (none, committed) == (0, listings(alice))
    assert 0 < committed < 1900
    assert asked - committed <= limits.WINDOW_RECORDS + 20  # what is neither committed nor asked for twice is bounded
    carry(mesh, *call(mesh, alice, bob), turns=400)
    assert listings(alice) == 1900


def test_a_conversation_that_has_ended_takes_nothing_and_says_nothing() -> None:
    mesh, alice, bob = two()
    calling, answering = call(mesh, alice, bob)
    carry(mesh, calling, answering)
    answering.close(Code.CLOSING)
    last = answering.data_to_send()
    assert last
    post(mesh, "Bob", "After the end")
    assert answering.data_to_send() == b""
    answering.tick(mesh.time + 10_000)
    assert answering.next_timer() is None
    calling.receive(last, mesh.time)
    assert calling.end is not None
    assert (calling.end.code, calling.end.fault) == (Code.CLOSING, False)


def test_a_peer_that_is_idle_for_long_gets_a_ping_and_is_then_disconnected() -> None:
    mesh, alice, bob = two()
    calling, answering = call(mesh, alice, bob)
    carry(mesh, calling, answering)
    due = calling.next_timer()
    assert due is not None
    calling.tick(due)
    assert calling.data_to_send()  # still here, it says
    for _ in range(20):
        due = calling.next_timer()
        if due is None:
            break
        calling.tick(due)
    assert calling.end is not None
    assert calling.end.code is Code.TIMEOUT


def test_a_caller_at_the_door_has_cost_nothing_until_let_in_and_is_told_when_to_come_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mesh, alice, bob = two()
    made: list[ServedSet] = []
    init = ServedSet.__init__

    def noting(self: ServedSet, *arguments: Any, **more: Any) -> None:
        if arguments[3] == bob.person:
            made.append(self)
        init(self, *arguments, **more)

    monkeypatch.setattr(ServedSet, "__init__", noting)
    for welcome in (False, True):
        calling = Conversation.dialing(alice.replica, contacts.dial_keys(alice.replica, bob.person)[0], mesh.time)
        answering = Conversation.answering(bob.replica, bob.seen, mesh.time, asks_first=True)
        carry(mesh, calling, answering)
        assert (answering.peer, answering.account, answering.at_door) == (alice.person, alice.person, True)
        assert not made
        if welcome:
            answering.let_in()
        else:
            answering.close(Code.BUSY, 60)
        assert not answering.at_door
        carry(mesh, answering, calling)
        assert (answering.live, calling.live) == (welcome, welcome)
        if not welcome:
            assert calling.end is not None
            assert (calling.end.code, calling.end.pause) == (Code.BUSY, 60)
        made.clear()


def test_a_caller_who_is_blocked_while_at_the_door_is_not_let_in() -> None:
    mesh, alice, bob = two()
    calling = Conversation.dialing(alice.replica, contacts.dial_keys(alice.replica, bob.person)[0], mesh.time)
    answering = Conversation.answering(bob.replica, bob.seen, mesh.time, asks_first=True)
    carry(mesh, calling, answering)
    block(mesh, "Bob", "Alice")
    answering.let_in()
    assert answering.end is not None
    assert answering.end.code is Code.REFUSED


def test_work_is_counted_for_the_person_who_answers_for_the_other_end() -> None:
    """Alice vouches for Bob, and Bob for Carol and Dan. Eve vouches for Alice, and nobody answers for Eve."""
    mesh = Mesh(68)
    for name in ("Alice", "Bob", "Carol", "Dan", "Eve"):
        mesh.add(name)
    people = ("Alice", "Bob", "Carol", "Dan", "Eve")
    for one in people:
        for other in people:
            if one != other:
                acquaint(mesh, one, other)
    for one, other in (("Alice", "Bob"), ("Bob", "Alice"), ("Bob", "Carol"), ("Carol", "Bob"), ("Bob", "Dan")):
        vouch(mesh, one, other, 900)
    vouch(mesh, "Eve", "Alice", 900)
    mesh.wire("Alice", "Bob")
    mesh.wire("Bob", "Carol")
    mesh.settle()
    alice, bob = mesh.nodes["Alice"].replica, mesh.nodes["Bob"].person
    found = {name: account_of(alice, mesh.nodes[name].person) for name in people}
    assert found == {"Alice": alice.me, "Bob": bob, "Carol": bob, "Dan": bob, "Eve": NOBODY}


def test_a_fault_counts_against_a_person_only_if_nobody_on_the_way_can_have_made_it() -> None:
    for what, authentic in (("a bit flipped on the way", False), ("an odd frame, well encrypted", True)):
        mesh, alice, bob = two()
        calling, answering = call(mesh, alice, bob)
        carry(mesh, calling, answering)
        frame = calling._channel.send(b"\x92\x05\xc1")
        answering.receive(frame if authentic else bytes([*frame[:-1], frame[-1] ^ 1]), mesh.time)
        assert answering.end is not None, what
        assert (answering.end.fault, answering.end.authentic) == (True, authentic), what


# --- in slices -------------------------------------------------------------------------------------------------------


def star(voucher: Node, people: int = 250) -> list[Record]:
    """Return certificates, policies and profiles of people in a star, the middle of which vouches for `voucher`."""
    middle, *others = [Person(f"Neighbor {number}") for number in range(people)]
    found = []
    for one in (middle, *others):
        around: list[Person | PersonId] = [voucher.person, *others] if one is middle else [middle]
        policy = one.policy(dict.fromkeys(around, 990), now=EPOCH)
        found += [one.certificate(EPOCH), policy, one.profile(EPOCH)]
    return found


def with_a_star() -> tuple[Mesh, Node, Node, Conversation, Conversation]:
    """Let Bob have a web of many people of whom Alice has heard nothing, and let Alice call and give way."""
    mesh, alice, bob = two()
    people = star(bob)
    middle = people[0].header.author
    policy.vouch(bob.replica, middle, 990)
    bob.replica.ingest.receive(people, middle)
    calling, answering = call(mesh, alice, bob)
    calling.gives_way = True
    return mesh, alice, bob, calling, answering


def test_a_caller_is_greeted_while_it_is_found_out_what_they_may_have_and_does_not_give_up() -> None:
    mesh, _, _, calling, answering = with_a_star()
    answering.gives_way = True
    for _ in range(200):
        if calling.busy:
            calling.go_on(0.0)
        elif not answering.opening:
            answering.receive(calling.data_to_send(), mesh.time)
            calling.receive(answering.data_to_send(), mesh.time)
    assert (answering.opening, answering.data_to_send()) == (True, b"")
    answering.greet()
    calling.receive(answering.data_to_send(), mesh.time)
    mesh.time += 4 * limits.PREAUTH_SECONDS
    calling.tick(mesh.time)
    while answering.busy:
        answering.go_on(0.0)
    answering.greet()
    assert (calling.end, answering.data_to_send()) == (None, b"")
    calling.gives_way = answering.gives_way = False
    carry(mesh, calling, answering)
    assert calling.live
    assert answering.live


def test_what_the_peer_holds_is_noted_in_turn_since_that_takes_memory_for_each_record() -> None:
    mesh, alice, bob = two()
    calling, answering = call(mesh, alice, bob)
    calling.gives_way = True
    turns = 0
    for _ in range(60):
        if calling.works_on_all:
            turns += calling.live
            calling.go_on(0.0)
        elif calling.busy:
            calling.go_on(0.0)
        else:
            carry(mesh, calling, answering, turns=2)
    assert turns > 0
    assert alice.replica.store.parcels.held_by_sessions(bob.person)


def until_it_takes_in(mesh: Mesh, alice: Node, calling: Conversation, answering: Conversation) -> None:
    """Carry bytes until Alice has taken in a part of a batch and is to go on with it."""
    for _ in range(200):
        before = graph_records(alice)
        if calling.busy:
            calling.go_on(0.0)
            if graph_records(alice) > before and is_busy(calling):
                return
        else:
            answering.receive(calling.data_to_send(), mesh.time)
            calling.receive(answering.data_to_send(), mesh.time)
            for end in (calling, answering):
                due = end.next_timer()
                if due is not None and due <= mesh.time:
                    end.tick(mesh.time)
    raise AssertionError("no batch was taken in by parts")


def is_busy(conversation: Conversation) -> bool:
    return conversation.busy


def graph_records(node: Node) -> int:
    return len(list(node.replica.store.records.rows(kinds=(Kind.DEVICE, Kind.POLICY, Kind.PROFILE))))


def finish(mesh: Mesh, calling: Conversation, answering: Conversation) -> None:
    for _ in range(200):
        while calling.busy:
            calling.go_on(0.0)
        carry(mesh, calling, answering, turns=2)


def test_a_large_batch_is_committed_in_parts_and_acknowledged_when_all_of_it_is_committed() -> None:
    mesh, alice, bob, calling, answering = with_a_star()
    commits: list[int] = []
    alice.replica.changes.subscribe(lambda change: commits.append(len(change.stored)))
    until_it_takes_in(mesh, alice, calling, answering)
    while calling.busy:
        assert calling.data_to_send() == b"", "it said something while a part was not committed"
        calling.go_on(0.0)
    assert max(commits) <= PART_EFFORT // 3
    assert len(commits) > 2
    finish(mesh, calling, answering)
    assert calling.live
    assert answering.live
    assert graph_records(alice) == graph_records(bob)


def test_between_two_parts_of_a_batch_other_work_is_done_and_its_effect_comes_first() -> None:
    """Alice blocks Bob in the middle of what Bob brings: nothing more of it is taken in."""
    mesh, alice, bob, calling, answering = with_a_star()
    until_it_takes_in(mesh, alice, calling, answering)
    alice.replica.changes.subscribe(calling.note)
    policy.block(alice.replica, bob.person)
    before = graph_records(alice)
    calling.go_on(0.0)
    assert calling.end is not None
    assert calling.end.code is Code.REFUSED
    calling.go_on(0.0)
    assert graph_records(alice) <= before


def test_a_commit_is_followed_before_anything_else_is_done_in_a_conversation() -> None:
    """Alice blocks Bob, whose link has not had its turn yet: Bob is given nothing more."""
    mesh, alice, bob = two()
    calling, answering = call(mesh, alice, bob)
    carry(mesh, calling, answering)
    unfollowed: list[Change] = []
    end = alice.replica.changes.subscribe(unfollowed.append)
    post(mesh, "Alice", "Ladder")
    policy.block(alice.replica, bob.person)
    end()
    for change in unfollowed:
        calling.note(change)
    assert calling.behind
    assert calling.data_to_send() == b"", "nothing is sent before it has followed"
    calling.compare(mesh.time)
    assert calling.end is not None
    assert calling.end.code is Code.REFUSED
    carry(mesh, calling, answering, turns=4)
    bodies = [body_of(one) for one in bob.replica.store.records.bodies(Kind.LISTING, author=alice.person)]
    assert "Ladder" not in [body.title for body in bodies if isinstance(body, Listing)]
