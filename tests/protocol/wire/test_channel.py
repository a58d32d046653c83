"""The channel between two devices that know each other: the handshake, the frames after it, and what ends it."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import Code, LocalError, RemoteError
from protocol.keys import public_key
from protocol.limits import FRAME_MAX_BYTES, REKEY_FRAMES
from protocol.wire.channel import LENGTH_BYTES, HandshakeRefused, Responder
from protocol.wire.psk import PskCandidate, SeenEphemerals, card_psk, contact_psk
from tests.support.channels import ALICE, BOB, PRESENCE, answer, connect, connected, dial
from tests.support.vectors_noise import labeled

FRAMES = st.lists(st.binary(min_size=1, max_size=400), max_size=12)


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    """Return the data in pieces, cut at these positions (modulo its length)."""
    edges = sorted({at % (len(data) + 1) for at in cuts} | {0, len(data)})
    return [data[start:end] for start, end in pairwise(edges)]


def test_both_ends_agree_on_who_they_are_and_which_channel_this_is() -> None:
    initiator, responder = connected()
    assert initiator.established
    assert responder.established
    assert initiator.handshake_hash == responder.handshake_hash
    assert responder.remote_static == public_key(ALICE)
    assert initiator.remote_static == public_key(BOB)
    assert responder.psk_name == "web"


def test_the_hint_selects_the_psk_among_many() -> None:
    contact = contact_psk(BOB, public_key(ALICE))
    many = [(f"card {index}", card_psk(labeled(f"card {index}"))) for index in range(50)]
    responder = answer([("web", PRESENCE), *many, ("alice", contact)])
    connect(dial(contact_psk(ALICE, public_key(BOB))), responder)
    assert responder.psk_name == "alice"


def test_the_candidates_are_asked_for_when_the_first_message_is_there() -> None:
    accepted: list[PskCandidate[str]] = []
    responder = Responder(
        static_private=BOB,
        candidates=lambda: accepted,
        seen=SeenEphemerals(),
        ephemeral_private=labeled("late"),
    )
    accepted.append(PskCandidate("new card", card_psk(labeled("new card"))))
    connect(dial(card_psk(labeled("new card"))), responder)
    assert responder.psk_name == "new card"


# --- The handshake's other messages ----------------------------------------------------------------------------------


def test_all_lasting_keys_of_both_and_a_recording_open_nothing() -> None:
    """What was thrown away after the handshake is needed: the ephemeral keys. They are other ones here."""
    recorded = dial()
    _, second, third = connect(recorded, answer())
    thief = dial(ephemeral="the thief's")
    thief.data_to_send()
    with pytest.raises(RemoteError):
        thief.receive(second)
    thief_as_bob = answer(ephemeral="the thief's")
    thief_as_bob.receive(dial().data_to_send())
    with pytest.raises(RemoteError):
        thief_as_bob.receive(third)


@given(bit=st.integers(0, 10**6))
def test_no_bit_of_the_answer_can_be_changed(bit: int) -> None:
    initiator, responder = dial(), answer()
    responder.receive(initiator.data_to_send())
    reply = bytearray(responder.data_to_send())
    reply[bit // 8 % len(reply)] ^= 1 << bit % 8
    with pytest.raises(RemoteError):
        initiator.receive(bytes(reply))
    assert initiator.broken
    assert initiator.data_to_send() == b""


@given(bit=st.integers(0, 10**6))
def test_no_bit_of_the_third_message_can_be_changed(bit: int) -> None:
    initiator, responder = dial(), answer()
    responder.receive(initiator.data_to_send())
    initiator.receive(responder.data_to_send())
    third = bytearray(initiator.data_to_send())
    third[bit // 8 % len(third)] ^= 1 << bit % 8
    with pytest.raises(RemoteError) as caught:
        responder.receive(bytes(third))
    assert not isinstance(caught.value, HandshakeRefused)
    assert not responder.established


def test_a_first_message_with_garbage_behind_it_gets_zero_bytes_too() -> None:
    responder = answer()
    with pytest.raises(RemoteError):
        responder.receive(dial().data_to_send() + bytes(100))
    assert responder.data_to_send() == b""


# --- Frames ------------------------------------------------------------------------------------------------------------


@given(frames=FRAMES, cuts=st.lists(st.integers(0, 10**6), max_size=20))
def test_frames_arrive_whole_and_in_order_however_the_stream_is_cut(frames: list[bytes], cuts: list[int]) -> None:
    initiator, responder = connected()
    for sender, receiver in ((initiator, responder), (responder, initiator)):
        stream = b"".join(sender.send(frame) for frame in frames)
        received = [frame for piece in cut(stream, cuts) for frame in receiver.receive(piece)]
        assert received == frames


@given(frames=FRAMES, cuts=st.lists(st.integers(0, 10**6), max_size=20))
def test_a_whole_connection_can_be_cut_anywhere(frames: list[bytes], cuts: list[int]) -> None:
    initiator, responder = dial(), answer()
    for piece in cut(initiator.data_to_send(), cuts):
        responder.receive(piece)
    for piece in cut(responder.data_to_send(), cuts):
        initiator.receive(piece)
    stream = initiator.data_to_send() + b"".join(initiator.send(frame) for frame in frames)
    assert [frame for piece in cut(stream, cuts) for frame in responder.receive(piece)] == frames


def test_what_the_handshake_still_has_to_say_goes_out_ahead_of_the_first_frame() -> None:
    initiator, responder = dial(), answer()
    responder.receive(initiator.data_to_send())
    initiator.receive(responder.data_to_send())
    assert responder.receive(initiator.send(b"hello")) == [b"hello"]


def test_the_largest_frame_fits_and_a_larger_one_is_our_own_mistake() -> None:
    initiator, responder = connected()
    largest = bytes(FRAME_MAX_BYTES)
    wire = initiator.send(largest)
    assert len(wire) == LENGTH_BYTES + 65_535
    assert responder.receive(wire) == [largest]
    for wrong in (b"", bytes(FRAME_MAX_BYTES + 1)):
        with pytest.raises(LocalError):
            initiator.send(wrong)
    assert responder.receive(initiator.send(b"still fine")) == [b"still fine"]


def test_frames_are_understood_past_every_change_of_key() -> None:
    initiator, responder = connected()
    for number in range(2 * REKEY_FRAMES + 3):
        frame = number.to_bytes(4, "big")
        assert responder.receive(initiator.send(frame)) == [frame]
    assert initiator.receive(responder.send(b"the other direction counts for itself")) != []


@given(
    bit=st.integers(0, 10**6),
    before=st.lists(st.binary(min_size=1, max_size=50), max_size=3),
    frame=st.binary(min_size=1, max_size=200),
)
def test_a_changed_bit_ends_the_channel(bit: int, before: list[bytes], frame: bytes) -> None:
    initiator, responder = connected()
    for earlier in before:
        assert responder.receive(initiator.send(earlier)) == [earlier]
    wire = bytearray(initiator.send(frame))
    wire[LENGTH_BYTES + bit // 8 % (len(wire) - LENGTH_BYTES)] ^= 1 << bit % 8
    with pytest.raises(RemoteError) as caught:
        responder.receive(bytes(wire))
    assert caught.value.code is Code.FORGED
    with pytest.raises(LocalError):
        responder.receive(b"")
    with pytest.raises(LocalError):
        responder.send(b"too late")
    assert responder.data_to_send() == b""


def test_fault_7_frames_replayed_reordered_dropped_or_sent_back_end_the_channel() -> None:
    for which in ((0, 0), (1, 0), (1,), (2,)):
        initiator, responder = connected()
        sent = (initiator.send(b"one"), initiator.send(b"two"), responder.send(b"sent back"))
        stream = b"".join(sent[index] for index in which)
        with pytest.raises(RemoteError) as caught:
            responder.receive(stream)
        assert caught.value.code is Code.FORGED


def test_fault_7_a_frame_cut_short_stays_unread_and_what_follows_it_ends_the_channel() -> None:
    initiator, responder = connected()
    assert responder.receive(initiator.send(b"never finished")[:-1]) == []
    with pytest.raises(RemoteError):
        responder.receive(initiator.send(b"next"))


def test_fault_7_frames_of_an_earlier_channel_mean_nothing_in_the_next() -> None:
    first, _ = connected()
    initiator, responder = dial(ephemeral="second call"), answer(ephemeral="second answer")
    connect(initiator, responder)
    with pytest.raises(RemoteError):
        responder.receive(first.send(b"from before"))


@pytest.mark.parametrize("length", [0, 1, 15, 16])
def test_fault_1_a_frame_too_short_to_hold_anything_is_refused_at_its_prefix(length: int) -> None:
    _, responder = connected()
    with pytest.raises(RemoteError) as caught:
        responder.receive(length.to_bytes(2, "big"))
    assert caught.value.code is Code.MALFORMED


@pytest.mark.parametrize("prefix", ["ffffffff", "80000000"])
def test_fault_1_a_length_of_another_width_waits_for_at_most_one_frame(prefix: str) -> None:
    _, responder = connected()
    responder.receive(bytes.fromhex(prefix))
    with pytest.raises(RemoteError):
        responder.receive(bytes(2**16 + 2))


def test_calls_out_of_turn_are_our_own_mistake() -> None:
    initiator, responder = dial(), answer()
    for channel in (initiator, responder):
        assert not channel.established
        with pytest.raises(LocalError):
            channel.send(b"too early")
        with pytest.raises(LocalError):
            channel.handshake_hash  # noqa: B018 - asking is what is refused
    with pytest.raises(LocalError):
        responder.psk_name  # noqa: B018
