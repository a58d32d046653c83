"""A node that has reached a cap of its own says so to its owner, blames no peer for it, and ends no session over it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from meshnode.app.devices import device_list, joining
from meshnode.app.explain.status import NetworkState, problems
from meshnode.app.groups import groups
from meshnode.app.owner import policy
from meshnode.app.peers import contacts
from meshnode.app.peers.conversation import Conversation
from meshnode.app.people import blocks, cards
from meshnode.errors import Refused
from meshnode.replica import authoring
from protocol import Block, Code, Kind, Policy, PolicyFull, Vouch, body_of, device_slot, encode, limits, person_text
from protocol.numbers import Stamp
from protocol.tokens import DeviceCode
from tests.support.mail import write
from tests.support.mesh import Mesh, Node
from tests.support.mesh_people import befriend, found
from tests.support.people import grown

TURNS = 200


def village(*names: str) -> Mesh:
    mesh = Mesh(43)
    for name in names:
        mesh.add(name)
    return mesh


def register(node: Node) -> Policy:
    """What this device says in its policy."""
    record = node.replica.store.records.current((node.person, Kind.POLICY, device_slot(node.replica.device)))
    assert record is not None
    body = body_of(record)
    assert isinstance(body, Policy)
    return body


def fill(node: Node, *, vouches: int = 0, blocked: int = 0, stamp: int = 0) -> None:
    """Fill the policy up to so many vouches and blocks, of people who do not exist."""
    before = register(node)
    stamp = max(stamp, before.clock + 1)
    new_vouches = [Vouch(grown(i), 10, stamp) for i in range(len(before.vouches), vouches)]
    new_blocks = [Block(grown(i, size=16), blocked=True, stamp=stamp) for i in range(len(before.blocks), blocked)]
    after = Policy(
        authoring.fresh_salt(node.replica),
        Stamp(stamp),
        (*before.vouches, *new_vouches),
        (*before.blocks, *new_blocks),
        before.preference,
    )
    slot = device_slot(node.replica.device)
    authoring.write(node.replica, Kind.POLICY, slot, after, life=limits.POLICY_LIFE)


def card_of(node: Node) -> str:
    return cards.make(node.replica, cards.CardOrder(), [("127.0.0.1", 4747)]).text


def add(node: Node, card: str) -> None:
    cards.add(node.replica, cards.CardToAdd(card, 0.7), ())


def meet(mesh: Mesh, taker: Node, giver: Node) -> tuple[Conversation, Conversation]:
    """The taker calls with the card, and both talk to the end."""
    way = next(way for way in contacts.dial_keys(taker.replica, giver.person) if way.card is not None)
    calling = Conversation.dialing(taker.replica, way, mesh.time)
    answering = Conversation.answering(giver.replica, giver.seen, mesh.time)
    for _ in range(TURNS):
        answering.receive(calling.data_to_send(), mesh.time)
        calling.receive(answering.data_to_send(), mesh.time)
    return calling, answering


def complaints(node: Node) -> list[str]:
    return [problem.code for problem in problems(node.replica, NetworkState(ready=True))]


# --- cards -----------------------------------------------------------------------------------------------------------


def test_a_giver_without_room_for_another_vouch_keeps_the_card_and_asks_its_user_to_come_later() -> None:
    mesh = village("Alice", "Bob")
    alice, bob = mesh.nodes["Alice"], mesh.nodes["Bob"]
    add(alice, card_of(bob))
    fill(bob, vouches=limits.VOUCHES_MAX)
    assert complaints(bob) == ["policy_full"]
    for end in meet(mesh, alice, bob):
        assert end.end is not None
        assert end.end.code is Code.BUSY
        assert not end.end.fault
    (issued,) = bob.replica.store.cards.issued_live(bob.replica.clock.now())
    assert not issued.claimants
    assert [taken.card.giver for taken in alice.replica.store.cards.taken_pending(0)] == [bob.person]

    policy.vouch(bob.replica, grown(0), 0)
    assert complaints(bob) == []
    calling, _ = meet(mesh, alice, bob)
    assert calling.live
    assert policy.weight(bob.replica, alice.person) == 800


def test_somebody_vouched_for_already_can_use_a_card_of_a_giver_without_room() -> None:
    mesh = village("Alice", "Bob")
    alice, bob = mesh.nodes["Alice"], mesh.nodes["Bob"]
    add(alice, card_of(bob))
    policy.vouch(bob.replica, alice.person, 300)
    fill(bob, vouches=limits.VOUCHES_MAX)
    calling, _ = meet(mesh, alice, bob)
    assert calling.live
    assert policy.weight(bob.replica, alice.person) == 300


def test_a_giver_whose_stamps_are_used_up_blames_nobody_for_it() -> None:
    """A stolen device can write the highest stamp there is, and no edit can follow it."""
    mesh = village("Alice", "Bob")
    alice, bob = mesh.nodes["Alice"], mesh.nodes["Bob"]
    add(alice, card_of(bob))
    last = Policy(authoring.fresh_salt(bob.replica), Stamp(limits.STAMP_MAX))
    authoring.write(bob.replica, Kind.POLICY, device_slot(bob.replica.device), last, life=limits.POLICY_LIFE)
    _, answering = meet(mesh, alice, bob)
    assert answering.end is not None
    assert (answering.end.code, answering.end.fault) == (Code.BUSY, False)


def test_adding_a_card_without_room_is_refused_in_one_line_before_anything_is_written() -> None:
    mesh = village("Alice", "Bob")
    alice, bob = mesh.nodes["Alice"], mesh.nodes["Bob"]
    card = card_of(bob)
    fill(alice, vouches=limits.VOUCHES_MAX)
    before = {row.id for row in alice.replica.store.records.rows()}
    with pytest.raises(Refused) as caught:
        add(alice, card)
    assert caught.value.line == "the list of people you trust is full: make room with 'meshnode unvouch NAME'"
    assert {row.id for row in alice.replica.store.records.rows()} == before
    assert alice.replica.store.cards.taken_pending(0) == []


def test_a_card_whose_user_could_not_be_vouched_for_is_not_made() -> None:
    mesh = village("Bob")
    fill(mesh.nodes["Bob"], vouches=limits.VOUCHES_MAX)
    with pytest.raises(Refused, match="list of people you trust is full"):
        card_of(mesh.nodes["Bob"])


# --- entries of a policy -----------------------------------------------------------------------------------------------


def test_vouches_taken_back_and_blocks_ended_make_room_for_others() -> None:
    mesh = village("Bob")
    bob = mesh.nodes["Bob"]
    fill(bob, vouches=limits.VOUCHES_MAX)
    for number in range(3):
        policy.vouch(bob.replica, grown(number), 0)
        policy.vouch(bob.replica, grown(f"new {number}"), 500)
    assert len(register(bob).vouches) == limits.VOUCHES_MAX
    assert policy.weight(bob.replica, grown(0)) == 0
    assert policy.weight(bob.replica, grown("new 2")) == 500


def test_a_vouch_taken_back_is_kept_while_another_own_device_still_gives_it() -> None:
    mesh = village("Bob")
    bob, pi = mesh.nodes["Bob"], mesh.add_device("Pi", "Bob")
    for node, other in ((bob, pi), (pi, bob)):
        node.replica.ingest.receive(list(other.replica.store.records.bodies(Kind.DEVICE, author=bob.person)))
    policy.vouch(pi.replica, grown("Carol"), 500)
    bob.replica.ingest.receive(list(pi.replica.store.records.bodies(Kind.POLICY, author=bob.person)))
    policy.vouch(bob.replica, grown("Carol"), 0)
    fill(bob, vouches=limits.VOUCHES_MAX)
    assert not policy.has_room_to_vouch(bob.replica)
    assert policy.weight(bob.replica, grown("Carol")) == 0


def test_vouches_and_blocks_together_may_be_too_long_for_a_record() -> None:
    mesh = village("Bob")
    bob = mesh.nodes["Bob"]
    fill(bob, vouches=limits.VOUCHES_MAX, blocked=1, stamp=70_000)
    block = len(encode((bytes(limits.BLOCK_TAG_BYTES), True, 70_000)))
    room = limits.POLICY_BODY_MAX_BYTES - len(register(bob).to_body())
    fill(bob, blocked=room // block, stamp=70_001)
    assert len(register(bob).blocks) < limits.BLOCKS_MAX
    policy.block(bob.replica, grown("stranger"))
    with pytest.raises(Refused, match="is full"):
        policy.block(bob.replica, grown("another stranger"))


def test_a_block_without_room_is_refused_in_one_line() -> None:
    mesh = village("Bob")
    bob = mesh.nodes["Bob"]
    fill(bob, blocked=limits.BLOCKS_MAX)
    with pytest.raises(Refused) as caught:
        blocks.block(bob.replica, person_text(grown("a stranger")))
    assert caught.value.line == "the list of people you block is full: make room with 'meshnode unblock NAME'"


def test_a_full_register_is_told_apart_from_other_faults() -> None:
    with pytest.raises(PolicyFull):
        Policy(bytes(16), Stamp(1), tuple(Vouch(grown(i), 1, 1) for i in range(limits.VOUCHES_MAX + 1)))


# --- whatever is full, the session goes on -----------------------------------------------------------------------------


def full_of_blocks(mesh: Mesh, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(mesh.nodes["Bob"], blocked=limits.BLOCKS_MAX)
    with pytest.raises(Refused):
        blocks.block(mesh.nodes["Bob"].replica, "Alice")


def full_of_groups(mesh: Mesh, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "GROUPS_MAX", 1)
    found(mesh, "Bob", "Elm Street")
    found(mesh, "Alice", "Oak Street")
    groups.invite(mesh.nodes["Alice"].replica, "Oak Street", None, "Bob")
    mesh.settle()
    with pytest.raises(Refused, match="which is the most"):
        groups.join(mesh.nodes["Bob"].replica, "Oak Street", None)


def full_of_invitations(mesh: Mesh, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "INVITATIONS_MAX", 1)
    found(mesh, "Bob", "Elm Street")
    groups.invite(mesh.nodes["Bob"].replica, "Elm Street", None, "Alice")
    with pytest.raises(Refused, match="are open"):
        groups.invite(mesh.nodes["Bob"].replica, "Elm Street", None, "Carol")


def full_of_letters(mesh: Mesh, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LETTERS_UNDER_WAY_MAX", 0)
    with pytest.raises(Refused, match="on their way"):
        write(mesh, "Bob", "Alice")
    monkeypatch.undo()
    write(mesh, "Alice", "Bob")


def full_of_vouches(mesh: Mesh, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(mesh.nodes["Bob"], vouches=limits.VOUCHES_MAX)


@pytest.mark.parametrize(
    "crowd", [full_of_vouches, full_of_blocks, full_of_groups, full_of_invitations, full_of_letters]
)
def test_no_peer_loses_its_session_because_we_are(
    crowd: Callable[[Mesh, pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    mesh = village("Alice", "Bob", "Carol")
    befriend(mesh, "Alice", "Bob", 800, 800)
    befriend(mesh, "Bob", "Carol", 800, 800)
    mesh.settle()
    sessions = [session for node in mesh.nodes.values() for session in node.conversations]
    crowd(mesh, monkeypatch)
    mesh.settle()
    mesh.advance(1)
    assert len(sessions) == 4
    assert [session.end for session in sessions] == [None] * 4


def test_a_machine_whose_code_comes_when_there_is_no_room_for_a_device_is_told_to_come_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mesh = village("Alice", "Somebody")
    alice, somebody = mesh.nodes["Alice"], mesh.nodes["Somebody"]
    code = DeviceCode.parse(device_list.add(alice.replica, device_list.DeviceOrder("Late"), ()).text)
    monkeypatch.setattr(limits, "DEVICES_MAX", 1)
    asking = joining.EnrolmentConversation(code, somebody.replica.keys, somebody.replica.entropy)
    answering = Conversation.answering(alice.replica, alice.seen, mesh.time)
    for _ in range(TURNS):
        answering.receive(asking.data_to_send(), mesh.time)
        asking.receive(answering.data_to_send())
    assert asking.refused is Code.BUSY
    assert answering.end is not None
    assert (answering.end.code, answering.end.fault) == (Code.BUSY, False)
