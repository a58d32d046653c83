"""Faults on the wire against a whole node: it lives, only the offender is dropped, and nothing else is lost."""

from __future__ import annotations

import pytest

from meshnode.app.peers.conversation import Conversation
from protocol import Code, Kind, limits
from protocol.limits import FRAME_MAX_BYTES
from protocol.wire import Initiator, presence_psk
from protocol.wire.frames import (
    Bye,
    Compare,
    Have,
    Headers,
    Hello,
    Introduce,
    Pull,
    Records,
    Roots,
    Want,
    Who,
    encode_frame,
)
from tests.support.intruder import Intruder
from tests.support.malformed_records import rewritten
from tests.support.mesh import EPOCH
from tests.support.people import Person, grown
from tests.support.village import Village

HELLO = encode_frame(Hello((1,), (1,), EPOCH, None))
LOW_ORDER = [
    bytes(32),
    b"\x01" + bytes(31),
    bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
    bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    bytes.fromhex("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
]


@pytest.mark.parametrize(
    "length", [0, 1, 16, 0xFFFF], ids=["zero", "one", "a MAC alone", "the most, with nothing true in it"]
)
def test_fault_1_a_frame_of_a_false_length(length: int) -> None:
    """Fault 1: lengths are two bytes, so none is negative or beyond 64 KiB; those that hold nothing are refused."""
    village = Village()
    conversation = village.mallory.greet()
    village.mallory.throw(length.to_bytes(2, "big") + bytes(length))
    assert village.dropped(conversation, Code.FORGED if length == 0xFFFF else Code.MALFORMED)
    assert village.is_unharmed()


def test_fault_2_a_byte_at_a_time_is_heard_out_and_silence_is_not() -> None:
    """Fault 2: a peer that sends its Hello byte by byte is answered if it is in time; one that never ends it is dropped."""
    village = Village()
    slow = village.mallory.call()
    for byte in village.mallory.channel.send(HELLO):
        slow.receive(bytes([byte]), village.mesh.time)
    assert slow.peer == village.mallory.person.id
    silent = village.mallory.call()
    due = silent.next_timer()
    assert due is not None
    assert due <= village.mesh.time + limits.PREAUTH_SECONDS
    silent.tick(village.mesh.time + limits.PREAUTH_SECONDS)
    assert silent.end is not None
    assert silent.end.code is Code.TIMEOUT
    assert silent.peer is None
    assert village.is_unharmed()


BOMBS = {
    "3 nested array headers": b"\x91" * FRAME_MAX_BYTES,
    "3 large array headers": b"\xdd\xff\xff\xff\xff" * 13_000,
    "4 empty maps": b"\xdc\xff\xff" + b"\x80" * 65_000,
    "4 a map": b"\x81\x01\x02",
    "5 depth 2,000": b"\x91" * 2_000 + b"\x01",
    "5 0xc1": b"\x92\x05\xc1",
    "5 bad UTF-8": b"\x92\x05\xa2\xff\xfe",
    "5 an extension": b"\x92\x05\xc7\x04\x01abcd",
    "5 a timestamp": b"\x92\x05\xd6\xff\x00\x00\x00\x00",
    "6 a text for a type": b"\x91\xa1\x63",
    "6 compressed": bytes.fromhex("789c") + bytes(200),
    "9 a long integer": b"\x92\xcd\x00\x05\xc4\x00",
    "9 bytes after the end": encode_frame(Who()) + b"\x00",
    "10 a float": b"\x92\x06\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00",
    "10 NaN": b"\x92\x06\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00",
    "10 an integer above 2^53": b"\x92\x06\xcf\x00\x20\x00\x00\x00\x00\x00\x00",
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_faults_3_to_6_9_and_10_a_frame_that_is_no_frame(bomb: bytes) -> None:
    """Fault 3, 4, 5, 6, 9, 10: bombs and odd encodings, well encrypted, from somebody admitted."""
    village = Village()
    conversation = village.mallory.greet()
    village.mallory.shout(bomb)
    code = conversation.end.code if conversation.end else Code.CLOSING
    assert code in {Code.MALFORMED, Code.OVERSIZED}
    assert village.dropped(conversation, code)
    assert village.is_unharmed()


def test_fault_6_a_record_larger_than_its_kind_may_be() -> None:
    """Fault 6: a listing of more than 32 KiB, pulled like any other."""
    person = Person("Mallory")
    village = Village(person.policy({}, now=EPOCH), rewritten(person, person.listing(now=EPOCH), body=bytes(33_000)))
    conversation = village.mallory.talk()
    assert village.dropped(conversation, Code.OVERSIZED)
    assert village.is_unharmed()


@pytest.mark.parametrize("what", ["replayed", "reordered", "cut and gone on", "a bit flipped"])
def test_fault_7_frames_replayed_reordered_or_cut(what: str) -> None:
    """Fault 7: the channel's counters and MACs show it; what was sent before still counts."""
    village = Village()
    conversation = village.mallory.greet()
    channel = village.mallory.channel
    first, second = channel.send(encode_frame(Who())), channel.send(encode_frame(Who()))
    village.mallory.throw(
        {
            "replayed": first + first,
            "reordered": second + first,
            "cut and gone on": first[:-1] + second,
            "a bit flipped": bytes([*first[:-1], first[-1] ^ 1]),
        }[what]
    )
    assert village.dropped(conversation, Code.FORGED)
    assert village.is_unharmed()


def answering(village: Village) -> Conversation:
    return Conversation.answering(village.alice.replica, village.alice.seen, village.mesh.time)


@pytest.mark.parametrize("key", LOW_ORDER, ids=lambda key: key.hex()[:8])
def test_fault_8_an_ephemeral_key_of_low_order_gets_not_one_byte(key: bytes) -> None:
    """Fault 8: low-order points lead to a shared secret that everybody knows."""
    village = Village()
    own = village.alice.replica.trust_state.profile(village.alice.person)
    assert own is not None
    psk = presence_psk(own.presence_key)  # Mallory even knows the presence key
    conversation = answering(village)
    conversation.receive(psk.identity_hint(key) + (48).to_bytes(2, "big") + key + bytes(16), village.mesh.time)
    assert conversation.data_to_send() == b""
    assert conversation.end is not None
    assert conversation.end.silent
    assert village.is_unharmed()


@pytest.mark.parametrize("seed", range(8))
def test_fault_8_random_first_messages_get_not_one_byte(seed: int) -> None:
    """Fault 8: scanners, strangers and noise."""
    village = Village()
    conversation = answering(village)
    conversation.receive(grown("noise", seed, size=64) + grown("more", seed, size=8 + seed), village.mesh.time)
    assert conversation.data_to_send() == b""
    assert not conversation.proven
    assert village.is_unharmed()


def test_a_first_message_heard_on_the_wire_and_said_again_gets_not_one_byte() -> None:
    """Fault 7, 8: a recorded first message opens nothing, before a restart and after."""
    village = Village()
    own = village.alice.replica.trust_state.profile(village.alice.person)
    assert own is not None
    recorded = Initiator(
        static_private=grown("somebody's key"),
        remote_static=village.alice.replica.keys.dh_public,
        psk=presence_psk(own.presence_key),
        ephemeral_private=grown("somebody's ephemeral"),
    ).data_to_send()
    first, again = answering(village), answering(village)
    first.receive(recorded, village.mesh.time)
    assert first.data_to_send()
    again.receive(recorded, village.mesh.time)
    assert again.data_to_send() == b""


UNDUE = {
    "a second Hello": Hello((1,), (1,), EPOCH, None),
    "an introduction nobody asked for": Introduce((Person("Mallory").certificate(EPOCH).wire,)),
    "records nobody pulled": Records((Person("Mallory").listing(now=EPOCH).wire,)),
    "bodies as if they were headers": Headers((Person("Mallory").listing(now=EPOCH).wire,)),
    "a pull of what was not offered": Pull(1),
    "a comparison nobody began": Compare(b"\x00"),
    "an answer to no announcement": Want(b"\x01"),
    "an announcement of nothing": Have(0, ()),
    "roots of a phase there is not": Roots(7, 0, bytes(8)),
}


@pytest.mark.parametrize("frame", UNDUE.values(), ids=UNDUE)
def test_a_frame_that_is_not_due(frame: object) -> None:
    """Fault 6, 7 in meaning: valid frames at the wrong moment cost their sender the session."""
    village = Village()
    conversation = village.mallory.greet()
    village.mallory.say(frame)  # type: ignore[arg-type]
    assert conversation.end is not None
    assert conversation.end.fault
    assert conversation.end.code in {Code.OUT_OF_ORDER, Code.UNSOLICITED, Code.MALFORMED}
    assert village.came() == []
    assert village.is_unharmed()


def test_a_hello_without_common_ground() -> None:
    village = Village()
    conversation = village.mallory.call()
    village.mallory.say(Hello((99,), (1,), EPOCH, None))
    assert conversation.end is not None
    assert (conversation.end.code, conversation.end.fault) == (Code.VERSION, False)
    assert village.is_unharmed()


def test_a_goodbye_that_arrives_together_with_the_hello_ends_the_session() -> None:
    village = Village()
    conversation = village.mallory.call()
    channel = village.mallory.channel
    village.mallory.throw(channel.send(HELLO) + channel.send(encode_frame(Bye(Code.CLOSING))))
    assert conversation.end is not None
    assert conversation.end.code is Code.CLOSING
    assert village.is_unharmed()


def test_a_certificate_for_another_key_introduces_nobody() -> None:
    """Mallory shows Bob's certificate but uses another key: the two do not match."""
    village = Village()
    own = village.alice.replica.trust_state.profile(village.alice.person)
    assert own is not None
    stranger = Intruder(village.mesh, village.alice, Person("Somebody"), weight=0, known=False)
    conversation = stranger.call(presence_psk(own.presence_key))
    bobs = village.mesh.nodes["Bob"].replica
    certificate = next(bobs.store.records.bodies(Kind.DEVICE, author=bobs.me))
    stranger.say(Hello((1,), (1,), EPOCH, None, (certificate.wire,)))
    assert village.dropped(conversation, Code.FORGED)
    assert conversation.peer is None
    assert village.is_unharmed()


def test_a_stranger_with_the_presence_key_is_refused_and_leaves_nothing_behind() -> None:
    """A stranger who has the presence key can only identify themselves; not even their certificate is kept."""
    village = Village()
    own = village.alice.replica.trust_state.profile(village.alice.person)
    assert own is not None
    stranger = Intruder(village.mesh, village.alice, Person("Somebody"), weight=0, known=False)
    conversation = stranger.call(presence_psk(own.presence_key))
    stranger.say(Hello((1,), (1,), EPOCH, None, (stranger.person.certificate(EPOCH).wire,)))
    assert conversation.end is not None
    assert conversation.end.code is Code.REFUSED
    assert stranger.heard == [Bye(Code.REFUSED)]
    assert village.came() == []
    assert village.is_unharmed()
