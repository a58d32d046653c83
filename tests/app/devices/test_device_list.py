"""Devices: a code adds one device once, and a device is found by its name or id."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from meshnode.app.devices import confirmation, revocation
from meshnode.app.devices import device_list as devices
from meshnode.app.devices.joining import EnrolmentConversation
from meshnode.app.explain.status import NetworkState, status
from meshnode.app.peers import contacts
from meshnode.app.peers.conversation import Conversation
from meshnode.app.people import cards
from meshnode.errors import Ambiguous, Forbidden, MeshnodeError, NotFound, Refused, Usage
from meshnode.replica.replica import FORMER_DEVICE
from protocol import Code, DeviceKeys, device_text, limits
from protocol.tokens import DeviceCode
from protocol.wire import Bye, Initiator, device_psk, encode_frame, enrol
from tests.support.mesh import Mesh, Node
from tests.support.people import Person, grown

PI, PHONE = Person("Alice", "pi").keys, Person("Alice", "phone").keys


@pytest.fixture
def alice(mesh: Mesh) -> Node:
    """Alice's node, with the identity key."""
    return mesh.add("Alice")


def code_of(node: Node, name: str | None = None, **order: Any) -> DeviceCode:
    shown = devices.add(node.replica, devices.DeviceOrder(name, **order), [("127.0.0.1", 4747), ("fe80::1%eth0", 4747)])
    return DeviceCode.parse(shown.text)


def ask(
    mesh: Mesh, node: Node, code: DeviceCode, keys: DeviceKeys = PI, *, words: str | None = None, refuse: bool = False
) -> EnrolmentConversation:
    """The finished attempt of a machine with these keys that uses `code`; the owner confirms it by `words`, or its own."""
    asking = EnrolmentConversation(code, keys, node.replica.entropy)
    answering = Conversation.answering(node.replica, node.seen, mesh.time)
    for _ in range(3):
        answering.receive(asking.data_to_send(), mesh.time)
        if answering.enrolling:
            order = confirmation.ConfirmOrder(" ".join(asking.words) if words is None else words, refuse)
            with suppress(Refused):
                confirmation.answer(node.replica, order)
            answering.tick(mesh.time)
        data = answering.data_to_send()
        if data:
            asking.receive(data)
    return asking


def names(node: Node) -> list[str]:
    return [one.name for one in devices.devices(node.replica, ()).devices]


# --- codes -----------------------------------------------------------------------------------------------------------


def test_a_code_says_whose_device_one_becomes_and_where(alice: Node) -> None:
    shown = devices.add(alice.replica, devices.DeviceOrder(" Pi "), [("127.0.0.1", 4747)])
    code = DeviceCode.parse(shown.text)
    assert (code.person, code.dh_public, code.addresses) == (
        alice.person, alice.replica.keys.dh_public, (("127.0.0.1", 4747),)
    )  # fmt: skip
    assert (shown.name, shown.addresses) == ("Pi", ("127.0.0.1:4747",))
    assert code.expires == shown.expires == alice.replica.clock.now() + limits.DEVICE_CODE_LIFE


def test_the_machine_that_shows_it_gets_a_certificate_and_what_it_takes_to_begin(mesh: Mesh, alice: Node) -> None:
    grant = ask(mesh, alice, code_of(alice, "Pi")).grant
    assert grant is not None
    assert alice.replica.trust_state.certified(alice.person, PI.device_id)
    assert grant.giver == alice.replica.device
    assert dict(grant.names) == {PI.device_id: "Pi", alice.replica.device: "First device"}
    assert names(alice) == ["First device", "Pi"]


def test_a_code_works_for_one_device_and_for_that_again_if_the_answer_was_lost(mesh: Mesh, alice: Node) -> None:
    code = code_of(alice)
    first = ask(mesh, alice, code).grant
    assert first is not None
    assert ask(mesh, alice, code, PHONE).refused is Code.CARD_USED
    again = ask(mesh, alice, code).grant
    assert again is not None
    assert again.records[0] == first.records[0]
    assert not alice.replica.trust_state.certified(alice.person, PHONE.device_id)


def silent(mesh: Mesh, node: Node, code: DeviceCode) -> bool:
    """Whether a machine that uses `code` gets no byte at all."""
    answering = Conversation.answering(node.replica, node.seen, mesh.time)
    answering.receive(EnrolmentConversation(code, PI, node.replica.entropy).data_to_send(), mesh.time)
    return answering.data_to_send() == b""


def test_an_expired_an_unknown_and_a_superseded_code_get_no_answer_at_all(mesh: Mesh, alice: Node) -> None:
    old, new = code_of(alice), code_of(alice)
    assert silent(mesh, alice, old)
    other = DeviceCode(alice.person, alice.replica.keys.dh_public, grown("guess"), new.expires, ())
    assert silent(mesh, alice, other)
    assert not silent(mesh, alice, new)
    mesh.time += limits.DEVICE_CODE_LIFE
    assert silent(mesh, alice, new)


def test_a_live_code_is_announced_ahead_of_cards_and_a_used_one_no_longer(mesh: Mesh, alice: Node) -> None:
    for _ in range(limits.LIVE_CARDS_MAX):
        cards.make(alice.replica, cards.CardOrder(), ())
    code = code_of(alice)
    announced = contacts.announced(alice.replica)
    assert announced is not None
    assert announced.card_secrets[0] == code.secret
    assert announced.expecting
    assert len(announced.card_secrets) == limits.ANNOUNCED_TAGS - 1
    ask(mesh, alice, code)
    announced = contacts.announced(alice.replica)
    assert announced is not None
    assert code.secret not in announced.card_secrets
    assert not announced.expecting


@pytest.mark.parametrize(
    "frame",
    [
        lambda _: bytes.fromhex("91 02"),
        lambda _: encode_frame(Bye(0)),
        lambda _: encode_frame(enrol(PI, bytes(64))),
        lambda _: b"\xc1",
    ],
    ids=["a session", "a goodbye", "keys proven on another channel", "noise"],
)
def test_who_has_the_code_and_does_not_prove_keys_is_hung_up_on(
    mesh: Mesh, alice: Node, frame: Callable[[bytes], bytes]
) -> None:
    code = code_of(alice)
    channel = Initiator(
        static_private=PI.dh_private,
        remote_static=code.dh_public,
        psk=device_psk(code.secret),
        ephemeral_private=grown("ephemeral"),
    )
    answering = Conversation.answering(alice.replica, alice.seen, mesh.time)
    answering.receive(channel.data_to_send(), mesh.time)
    channel.receive(answering.data_to_send())
    answering.receive(channel.data_to_send() + channel.send(frame(channel.handshake_hash)), mesh.time)
    assert answering.end is not None
    assert answering.end.fault
    assert answering.peer is None
    assert answering.data_to_send() == b""
    assert names(alice) == [names(alice)[0]]
    assert ask(mesh, alice, code).grant is not None  # it is not spent


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ({"expires_in": 59}, "60 minutes"),
        ({"expires_in": 3601}, "60 minutes"),
        ({"name": ""}, "name"),
        ({"name": "x" * 33}, "name"),
        ({"name": "a\x1bb"}, "name"),
        ({"name": "pi"}, "already"),
    ],
)
def test_a_code_that_cannot_be_is_not_made(mesh: Mesh, alice: Node, order: dict[str, Any], words: str) -> None:
    ask(mesh, alice, code_of(alice, "Pi"))
    live = code_of(alice, "Phone")
    with pytest.raises(MeshnodeError, match=words):
        devices.add(alice.replica, devices.DeviceOrder(**order), ())
    assert not silent(mesh, alice, live)


def test_there_is_an_end_to_devices(mesh: Mesh, alice: Node) -> None:
    for number in range(limits.DEVICES_MAX - 1):
        assert ask(mesh, alice, code_of(alice), Person("Alice", f"device {number}").keys).grant is not None
    assert names(alice)[-1] == "Device 9"
    with pytest.raises(Refused, match="16 devices"):
        code_of(alice)


# --- revoking --------------------------------------------------------------------------------------------------------


def test_a_device_to_revoke_is_named_as_it_is_written_or_by_its_id(mesh: Mesh, alice: Node) -> None:
    ask(mesh, alice, code_of(alice, "Pi in the hall"))
    ask(mesh, alice, code_of(alice, "Pi in the shed"), PHONE)
    with pytest.raises(Ambiguous, match="hall"):
        revocation.find(alice.replica, "pi")
    assert revocation.find(alice.replica, "PI IN THE HALL") == PI.device_id
    assert revocation.find(alice.replica, device_text(PHONE.device_id)[:9]) == PHONE.device_id
    with pytest.raises(NotFound):
        revocation.find(alice.replica, "tablet")
    with pytest.raises(Usage):
        revocation.find(alice.replica, "  ")


def test_a_revoked_device_is_not_revoked_or_certified_again(mesh: Mesh, alice: Node) -> None:
    code = code_of(alice, "Pi")
    ask(mesh, alice, code)
    revocation.revoke(alice.replica, "Pi")
    with pytest.raises(Refused, match="already"):
        revocation.revoke(alice.replica, "Pi")
    assert ask(mesh, alice, code).refused is Code.REFUSED
    assert ask(mesh, alice, code_of(alice)).refused is Code.REFUSED
    assert not alice.replica.trust_state.certified(alice.person, PI.device_id)
    code_of(alice, "Pi")  # its name is free


def test_the_former_key_of_a_machine_is_offered_to_be_revoked(mesh: Mesh, alice: Node) -> None:
    ask(mesh, alice, code_of(alice, "This computer before"))  # as after a store was lost
    alice.replica.store.meta.set(FORMER_DEVICE, PI.device_id.hex())
    found = status(alice.replica, NetworkState(ready=True)).problems
    assert [problem.code for problem in found] == ["former_device"]
    revocation.revoke(alice.replica, found[0].hint.rpartition(" ")[2])
    assert status(alice.replica, NetworkState(ready=True)).problems == ()


def test_without_the_identity_key_nothing_is_certified_and_the_hint_says_where_it_is(mesh: Mesh, alice: Node) -> None:
    joined = mesh.join_device("Pi", "Alice")
    with pytest.raises(Forbidden) as caught:
        code_of(joined)
    assert "where you ran" in caught.value.hint
    assert devices.devices(joined.replica, ()).identity == "elsewhere"
    assert devices.devices(alice.replica, ()).identity == "here"


# --- the owner's word --------------------------------------------------------------------------------------------------


def reach(mesh: Mesh, node: Node, code: DeviceCode, keys: DeviceKeys) -> tuple[EnrolmentConversation, Conversation]:
    """Let a machine with these keys use `code` and ask; the owner has not said a word yet."""
    asking = EnrolmentConversation(code, keys, node.replica.entropy)
    answering = Conversation.answering(node.replica, node.seen, mesh.time)
    for _ in range(2):
        answering.receive(asking.data_to_send(), mesh.time)
        asking.receive(answering.data_to_send())
    answering.receive(asking.data_to_send(), mesh.time)
    return asking, answering


def test_nothing_is_certified_before_the_owner_has_confirmed_the_words_on_both_screens(mesh: Mesh, alice: Node) -> None:
    asking, answering = reach(mesh, alice, code_of(alice, "Pi"), PI)
    shown = confirmation.waiting(alice.replica)
    assert (shown.name, shown.words) == ("Pi", " ".join(asking.words))
    assert len(asking.words) == 3
    for _ in range(5):
        mesh.time += 1
        answering.tick(mesh.time)
    assert not asking.over
    assert answering.data_to_send() == b""
    assert names(alice) == ["md1" + names(alice)[0][3:]]
    confirmation.answer(alice.replica, confirmation.ConfirmOrder(" ".join(asking.words).title()))
    answering.tick(mesh.time)
    asking.receive(answering.data_to_send())
    assert asking.grant is not None
    assert confirmation.waiting(alice.replica).words is None


@pytest.mark.parametrize("refuse", [False, True])
def test_the_owners_word_reaches_the_machine_at_once_and_nobody_looks_for_it_meanwhile(
    mesh: Mesh, alice: Node, *, refuse: bool
) -> None:
    """Fault: the node looked twice a second whether the owner had answered, for two minutes."""
    asking, answering = reach(mesh, alice, code_of(alice, "Pi"), PI)
    told: list[bool] = []
    alice.replica.changes.subscribe(answering.note)
    alice.replica.changes.subscribe(lambda change: told.append(change.asked))
    due = answering.next_timer()
    assert due is not None
    assert due - mesh.time >= limits.CONFIRM_SECONDS
    confirmation.answer(alice.replica, confirmation.ConfirmOrder(" ".join(asking.words), refuse))
    assert told[0]
    assert answering.behind
    answering.follow()
    assert answering.waiting
    asking.receive(answering.data_to_send())
    assert (asking.grant is None) is refuse
    assert asking.over


def test_a_machine_is_refused_when_the_owners_time_is_over_and_no_timer_spins(mesh: Mesh, alice: Node) -> None:
    asking, answering = reach(mesh, alice, code_of(alice, "Pi"), PI)
    looks = 0
    while answering.end is None:
        due = answering.next_timer()
        assert due is not None
        assert due > mesh.time
        mesh.time = due
        answering.tick(mesh.time)
        looks += 1
    assert looks <= 3
    asking.receive(answering.data_to_send())
    assert asking.grant is None


@pytest.mark.parametrize("words", ["", "acorn album alley", "acorn"])
def test_other_words_certify_nothing_and_end_the_code(mesh: Mesh, alice: Node, words: str) -> None:
    code = code_of(alice)
    assert ask(mesh, alice, code, words=words).refused is Code.REFUSED
    assert not alice.replica.trust_state.certified(alice.person, PI.device_id)
    assert silent(mesh, alice, code)


def test_a_machine_that_the_owner_refuses_is_not_certified_and_the_code_ends(mesh: Mesh, alice: Node) -> None:
    code = code_of(alice)
    assert ask(mesh, alice, code, refuse=True).refused is Code.REFUSED
    assert not alice.replica.trust_state.certified(alice.person, PI.device_id)
    assert silent(mesh, alice, code)


def test_without_a_word_in_time_nothing_is_certified(mesh: Mesh, alice: Node) -> None:
    asking, answering = reach(mesh, alice, code_of(alice), PI)
    mesh.time += limits.CONFIRM_SECONDS
    answering.tick(mesh.time)
    asking.receive(answering.data_to_send())
    assert asking.refused is Code.REFUSED
    with pytest.raises(NotFound):
        confirmation.answer(alice.replica, confirmation.ConfirmOrder(" ".join(asking.words)))
    assert not alice.replica.trust_state.certified(alice.person, PI.device_id)


def test_of_two_machines_with_one_code_each_has_its_own_words_and_the_second_is_told(mesh: Mesh, alice: Node) -> None:
    """A spy has read the code and is first: the owner sees words that the own machine does not show."""
    code = code_of(alice)
    spy, answering = reach(mesh, alice, code, PHONE)
    own = ask(mesh, alice, code)
    assert own.refused is Code.CARD_USED
    assert own.words != spy.words
    with pytest.raises(Refused, match="other words"):
        confirmation.answer(alice.replica, confirmation.ConfirmOrder(" ".join(own.words)))
    answering.tick(mesh.time)
    spy.receive(answering.data_to_send())
    assert spy.refused is Code.REFUSED
    assert not alice.replica.trust_state.certified(alice.person, PHONE.device_id)


def test_the_same_machine_may_call_again_and_shows_new_words(mesh: Mesh, alice: Node) -> None:
    code = code_of(alice)
    first, answering = reach(mesh, alice, code, PI)
    again = ask(mesh, alice, code)
    assert again.grant is not None
    assert again.words != first.words
    answering.tick(mesh.time)
    assert answering.end is not None
