"""Sessions from beginning to end: several at once, several devices, people who are admitted and people who are not."""

from __future__ import annotations

import pytest

from meshnode.app.owner import policy
from meshnode.app.peers import contacts
from meshnode.app.peers.conversation import Conversation
from protocol import (
    REVOCATION_VERSION,
    Audience,
    Code,
    Device,
    Kind,
    Precision,
    Preference,
    device_slot,
    limits,
    signed,
)
from protocol.numbers import UnixTime, Version
from protocol.wire.frames import Bye, Hello, Who, decode_frame
from tests.support.intruder import Intruder
from tests.support.mesh import EPOCH, Mesh
from tests.support.mesh_people import acquaint, befriend, block, holds, person, post, rewrite, row, sees, vouch
from tests.support.people import Person
from tests.support.stolen_keys import claim
from tests.support.tap import set_tap


def friends(*names: str, seed: int = 51) -> Mesh:
    """People in a row, each of whom vouches for the one before, and back, and is connected with them."""
    return row(*names, seed=seed, weight=950, audience=Audience.NETWORK_WIDE)


# --- several at once -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_two_connections_between_the_same_two_do_no_harm_and_either_may_go(seed: int) -> None:
    mesh = Mesh(seed)
    mesh.doubled = 1.0
    for name in ("Alice", "Bob"):
        mesh.add(name, audience=Audience.NETWORK_WIDE)
    befriend(mesh, "Alice", "Bob", 950, 950)
    while len(mesh.nodes["Alice"].conversations) < 2:
        mesh.run_for(0.001)
    post(mesh, "Bob", "Once")
    mesh.settle()
    assert sees(mesh, "Alice") == {"Once"}
    (left,) = mesh.nodes["Alice"].conversations
    left.close(Code.DUPLICATE)
    post(mesh, "Bob", "Twice")
    mesh.settle()
    assert sees(mesh, "Alice") == {"Once", "Twice"}


def test_an_offer_passes_along_a_row_of_ten_by_being_announced() -> None:
    names = [f"P{number}" for number in range(10)]
    mesh = friends(*names)
    before = mesh.time
    post(mesh, "P0", "For everybody")
    mesh.settle()
    assert all(sees(mesh, name) == {"For everybody"} for name in names[1:])
    assert mesh.time - before < 9 * 6 * 0.02  # three trips a hop, without waiting for a timer


def test_a_commit_between_the_call_and_the_answer_is_not_missed() -> None:
    """Alice has already said what she has for Bob, in her Hello, when she posts one more thing."""
    mesh = friends("Alice", "Bob")
    mesh.cut("Alice", "Bob")
    alice, bob = mesh.nodes["Alice"], mesh.nodes["Bob"]
    calling = Conversation.dialing(alice.replica, contacts.dial_keys(alice.replica, bob.person)[0], mesh.time)
    answering = Conversation.answering(bob.replica, bob.seen, mesh.time)
    alice.conversations.append(calling)
    bob.conversations.append(answering)
    answering.receive(calling.data_to_send(), mesh.time)
    calling.receive(answering.data_to_send(), mesh.time)
    hello = calling.data_to_send()
    post(mesh, "Alice", "In between")
    answering.receive(hello, mesh.time)
    for _ in range(20):
        calling.receive(answering.data_to_send(), mesh.time)
        answering.receive(calling.data_to_send(), mesh.time)
    assert sees(mesh, "Bob") == {"In between"}


def test_a_peer_who_is_blocked_in_the_middle_of_a_transfer_gets_nothing_further() -> None:
    mesh = friends("Alice", "Bob")
    mesh.cut("Alice", "Bob")
    for number in range(600):
        post(mesh, "Alice", f"Offer {number} " + "x" * 150)
    alice, bob = mesh.nodes["Alice"], mesh.nodes["Bob"]
    calling = Conversation.dialing(bob.replica, contacts.dial_keys(bob.replica, alice.person)[0], mesh.time)
    answering = Conversation.answering(alice.replica, alice.seen, mesh.time)
    alice.conversations.append(answering)
    while not any(row.kind == Kind.LISTING for row in bob.replica.store.records.rows(author=alice.person)):
        answering.receive(calling.data_to_send(), mesh.time)
        calling.receive(answering.data_to_send(), mesh.time)
        mesh.time += 0.3
        calling.tick(mesh.time)
    block(mesh, "Alice", "Bob")
    already_on_the_way = len(answering.data_to_send())
    assert answering.end is not None
    assert already_on_the_way < 2 * limits.BACKLOG_BYTES
    answering.receive(calling.data_to_send(), mesh.time)
    assert answering.data_to_send() == b""


# --- who is let in ---------------------------------------------------------------------------------------------------


def test_somebody_who_claims_anothers_keys_is_not_called_in_their_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Alice calls Mallory by the keys Mallory certified; Bob answers, and learns nothing of what Mallory may see."""
    mesh = Mesh(52)
    for name in ("Alice", "Bob"):
        mesh.add(name)
    alice, bob = mesh.nodes["Alice"], mesh.nodes["Bob"]
    mallory = Person("Mallory")
    alice.replica.ingest.receive([claim(mallory, bob.replica.keys)])
    policy.vouch(alice.replica, mallory.id, 900)
    policy.vouch(bob.replica, alice.person, 900)
    acquaint(mesh, "Bob", "Alice")
    alice.replica.store.records.delete(
        [row.id for row in alice.replica.store.records.rows(kinds=(Kind.DEVICE,), author=bob.person)]
    )
    alice.replica.trust_state.refresh(alice.replica.store, [bob.person])
    post(mesh, "Alice", "For Mallory", Audience.NETWORK_WIDE)
    tap = set_tap(monkeypatch)
    (way,) = contacts.dial_keys(alice.replica, mallory.id)
    calling = Conversation.dialing(alice.replica, way, mesh.time)
    answering = Conversation.answering(bob.replica, bob.seen, mesh.time)
    for _ in range(20):
        answering.receive(calling.data_to_send(), mesh.time)
        calling.receive(answering.data_to_send(), mesh.time)
    assert not answering.live
    assert "For Mallory" not in sees(mesh, "Bob")
    said = [decode_frame(data) for data in tap.between(alice.replica.device, bob.replica.keys.dh_public)]
    assert {type(frame) for frame in said} <= {Hello, Who, Bye}


def test_a_device_whose_certificate_has_run_out_speaks_for_nobody() -> None:
    mesh = Mesh(53)
    alice = mesh.add("Alice", audience=Audience.NETWORK_WIDE)
    bob = Person("Bob")
    short = bob.certificate(EPOCH, life=limits.DAY)
    said = [short, bob.policy({alice.person: 900}, now=EPOCH), bob.profile(EPOCH), bob.listing(now=EPOCH)]
    intruder = Intruder(mesh, alice, bob, known=False, records=said)
    alice.replica.ingest.receive(said, bob.id)
    assert sees(mesh, "Alice") == {"Fresh vegetables"}
    mesh.advance(2 * limits.DAY)
    assert sees(mesh, "Alice") == set()
    assert alice.replica.trust_state.policy(bob.id) is None
    conversation = intruder.call()
    assert conversation.end is not None  # Bob's key is not even a contact's any more
    assert conversation.data_to_send() == b""
    alice.replica.ingest.receive([bob.certificate(EPOCH, version=2)], bob.id)
    assert sees(mesh, "Alice") == {"Fresh vegetables"}  # what waited for it was not lost


def test_a_person_dropped_by_both_sides_is_refused_and_stays_away() -> None:
    mesh = friends("Alice", "Bob")
    vouch(mesh, "Alice", "Bob", 0)
    mesh.settle()
    vouch(mesh, "Bob", "Alice", 0)
    mesh.settle()
    mesh.advance(limits.FORMER_WEB_GRACE + limits.DAY)
    mesh.advance(60)
    assert mesh.connections() == []


# --- several devices -------------------------------------------------------------------------------------------------


def two_devices() -> Mesh:
    """Alice's laptop, her phone, and Bob, a friend of hers; the phone knows nobody but the laptop."""
    mesh = friends("Laptop", "Bob", seed=54)
    mesh.add_device("Phone", "Laptop")
    acquaint(mesh, "Laptop", "Phone")
    mesh.wire("Laptop", "Phone")
    mesh.settle()
    return mesh


def test_a_second_device_gets_all_that_its_person_may_have_and_may_speak_for_them() -> None:
    mesh = two_devices()
    post(mesh, "Bob", "Bob's offer")
    mesh.settle()
    assert sees(mesh, "Phone") == {"Bob's offer"}
    post(mesh, "Phone", "From the phone")
    mesh.settle()
    assert sees(mesh, "Bob") == {"From the phone"}
    mesh.wire("Phone", "Bob")
    mesh.settle()
    assert ("Phone", "Bob") in mesh.connections() or ("Bob", "Phone") in mesh.connections()


def test_devices_that_edit_apart_merge_entry_by_entry_and_the_stricter_word_holds() -> None:
    mesh = two_devices()
    mesh.add("Carol", audience=Audience.NETWORK_WIDE)
    acquaint(mesh, "Laptop", "Carol")
    acquaint(mesh, "Phone", "Carol")
    mesh.cut("Laptop", "Phone")
    vouch(mesh, "Laptop", "Carol", 800)
    vouch(mesh, "Phone", "Bob", 300)
    vouch(mesh, "Laptop", "Bob", 700)
    mesh.heal()
    mesh.settle()
    for device in ("Laptop", "Phone"):
        replica = mesh.nodes[device].replica
        assert policy.weight(replica, person(mesh, "Carol")) == 800
        assert policy.weight(replica, person(mesh, "Bob")) == 700  # the later stamp; the phone saw fewer
    assert mesh.nodes["Bob"].replica.trust_state.graph.weight(person(mesh, "Laptop"), person(mesh, "Bob")) == 700


def test_a_block_on_one_device_holds_on_the_other_and_for_everybody() -> None:
    mesh = two_devices()
    listing = post(mesh, "Phone", "From the phone")
    mesh.settle()
    assert sees(mesh, "Bob") == {"From the phone"}
    block(mesh, "Laptop", "Bob")
    mesh.settle()
    assert policy.blocks(mesh.nodes["Phone"].replica, person(mesh, "Bob"))
    assert sees(mesh, "Bob") == set()
    mesh.advance(limits.SUSPENDED_LIFE + limits.DAY)
    assert not holds(mesh, "Bob", listing)


def test_a_preference_set_on_one_device_moves_what_the_other_has_posted() -> None:
    mesh = two_devices()
    listing = post(mesh, "Phone", "Follows")
    mesh.settle()
    policy.set_preference(mesh.nodes["Laptop"].replica, Preference(Audience.MY_CELL, Precision.CITY, 25, 0))
    mesh.settle()
    assert not holds(mesh, "Bob", listing)
    assert holds(mesh, "Phone", listing)


def test_a_version_that_another_device_writes_ends_the_first_ones_for_somebody_who_left_too() -> None:
    """The header is the phone's, and Bob has never heard of the phone."""
    mesh = friends("Laptop", "Bob", seed=55)
    listing = post(mesh, "Laptop", "Ladder")
    mesh.settle()
    mesh.cut("Laptop", "Bob")
    mesh.add_device("Phone", "Laptop")
    acquaint(mesh, "Laptop", "Phone")
    mesh.wire("Laptop", "Phone")
    mesh.settle()
    vouch(mesh, "Laptop", "Bob", 0)
    vouch(mesh, "Bob", "Laptop", 0)
    rewrite(mesh, "Phone", listing, "Ladder, for my cell", Audience.MY_CELL, may_reduce_access=True)
    mesh.settle()
    mesh.heal()
    mesh.settle()
    assert sees(mesh, "Bob") == set()
    mesh.advance(limits.SUSPENDED_LIFE + limits.DAY)
    assert not holds(mesh, "Bob", listing)


def test_a_revoked_device_is_ignored_everywhere_and_the_other_goes_on() -> None:
    mesh = two_devices()
    post(mesh, "Phone", "From the phone")
    post(mesh, "Laptop", "From the laptop")
    mesh.settle()
    assert sees(mesh, "Bob") == {"From the phone", "From the laptop"}
    revoke(mesh, "Laptop", "Phone")
    mesh.settle()
    assert sees(mesh, "Bob") == {"From the laptop"}
    vouch(mesh, "Laptop", "Bob", 900)
    mesh.settle()
    assert sees(mesh, "Bob") == {"From the laptop"}


def revoke(mesh: Mesh, by: str, device: str) -> None:
    """The person of `by` revokes one of their devices."""
    replica, lost = mesh.nodes[by].replica, mesh.nodes[device].replica.keys
    assert replica.identity is not None
    body = Device(bytes(16), lost.dh_public, lost.letter_public, revoked=True)
    record = signed(
        kind=Kind.DEVICE,
        author=replica.me,
        device=lost.device_id,
        slot=device_slot(lost.device_id),
        version=REVOCATION_VERSION,
        audience=Audience.FOLLOWS,
        policy_version=Version(0),
        created=UnixTime(replica.clock.now()),
        expires=UnixTime(limits.FOREVER),
        min_valid_version=REVOCATION_VERSION,
        latest_expiry=UnixTime(limits.FOREVER),
        body=body.to_body(),
        sign=replica.identity.sign,
    )
    replica.ingest.receive([record])


@pytest.mark.parametrize("apart", [True, False], ids=["told later", "told at once"])
def test_a_block_that_is_the_first_word_of_a_new_device_is_heard_by_the_blocked(apart: bool) -> None:
    """The laptop's policy, which Bob may no longer have, has not changed; the phone's is one that Bob never held."""
    mesh = friends("Laptop", "Dan", "Bob", seed=56)
    listing = post(mesh, "Laptop", "Ladder")
    mesh.settle()
    assert sees(mesh, "Bob") == {"Ladder"}
    mesh.add_device("Phone", "Laptop")
    acquaint(mesh, "Laptop", "Phone")
    if apart:
        mesh.cut("Dan", "Bob")
    mesh.wire("Laptop", "Phone")
    mesh.settle()
    block(mesh, "Phone", "Bob")
    mesh.settle()
    mesh.heal()
    mesh.settle()
    assert sees(mesh, "Bob") == set()
    mesh.advance(limits.SUSPENDED_LIFE + limits.DAY)
    assert sees(mesh, "Bob") == set()
    mesh.advance(limits.POLICY_LIFE / 2)
    mesh.advance(limits.POLICY_LIFE / 2)
    assert not holds(mesh, "Bob", listing)


def test_a_policy_that_stays_unread_does_not_let_the_other_devices_word_count_again() -> None:
    """Bob has held policies of both devices. The phone blocks Bob; when its old policy is gone, the laptop's is not all."""
    mesh = two_devices()
    mesh.add("Dan", audience=Audience.NETWORK_WIDE)
    befriend(mesh, "Dan", "Laptop", 900, 900)
    befriend(mesh, "Dan", "Bob", 900, 900)
    vouch(mesh, "Phone", "Dan", 950)  # so that the phone has spoken before
    listing = post(mesh, "Laptop", "Ladder")
    mesh.settle()
    assert "Ladder" in sees(mesh, "Bob")
    block(mesh, "Phone", "Bob")
    mesh.settle()
    assert "Ladder" not in sees(mesh, "Bob")
    for _ in range(3):
        mesh.advance(limits.SUSPENDED_LIFE + limits.DAY)
        assert "Ladder" not in sees(mesh, "Bob")
    assert not holds(mesh, "Bob", listing)
