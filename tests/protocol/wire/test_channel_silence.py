"""A responder sends zero bytes to strangers, scanners, replays and blocked people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import Code
from protocol.keys import public_key
from protocol.limits import PSK_CANDIDATES_MAX
from protocol.wire.channel import HANDSHAKE_SIZES, LENGTH_BYTES, HandshakeRefused, Responder
from protocol.wire.psk import HINT_BYTES, PskCandidate, SeenEphemerals, card_psk
from tests.protocol.wire.test_noise import LOW_ORDER
from tests.support.channels import ALICE, BOB, PRESENCE, answer, connect, dial, refusal
from tests.support.vectors_noise import labeled

if TYPE_CHECKING:
    from collections.abc import Iterator

FIRST_FLIGHT = HINT_BYTES + LENGTH_BYTES + HANDSHAKE_SIZES[0]


def test_a_call_sends_sixty_six_bytes_until_it_is_answered() -> None:
    initiator = dial()
    assert len(initiator.data_to_send()) == 66
    assert initiator.data_to_send() == b""


@given(st.binary(min_size=FIRST_FLIGHT, max_size=300))
def test_fault_8_random_first_messages_get_zero_bytes(noise: bytes) -> None:
    refusal(noise)


@given(st.binary(min_size=HANDSHAKE_SIZES[0], max_size=HANDSHAKE_SIZES[0]))
def test_fault_8_random_first_messages_of_the_right_length_get_zero_bytes(noise: bytes) -> None:
    assert refusal(bytes(HINT_BYTES) + HANDSHAKE_SIZES[0].to_bytes(2, "big") + noise) is Code.REFUSED


@pytest.mark.parametrize("point", LOW_ORDER, ids=bytes.hex)
def test_fault_8_a_low_order_ephemeral_key_gets_zero_bytes_even_under_a_valid_hint(point: bytes) -> None:
    good = dial().data_to_send()
    key = slice(HINT_BYTES + LENGTH_BYTES, HINT_BYTES + LENGTH_BYTES + 32)
    assert (
        refusal(PRESENCE.identity_hint(point) + good[HINT_BYTES : key.start] + point + good[key.stop :])
        is Code.MALFORMED
    )


@given(bit=st.integers(0, FIRST_FLIGHT * 8 - 1))
def test_no_bit_of_a_first_flight_can_be_changed(bit: int) -> None:
    flight = bytearray(dial().data_to_send())
    flight[bit // 8] ^= 1 << bit % 8
    refusal(bytes(flight))


def test_a_first_message_for_another_key_gets_zero_bytes() -> None:
    assert refusal(dial(to=public_key(ALICE)).data_to_send()) is Code.FORGED


def test_a_psk_that_is_not_accepted_any_more_gets_zero_bytes() -> None:
    assert refusal(dial().data_to_send(), answer([])) is Code.REFUSED


def test_fault_7_a_first_message_played_back_gets_zero_bytes() -> None:
    seen = SeenEphemerals()
    first = dial().data_to_send()
    answer(seen=seen).receive(first)
    for attempt in range(3):
        assert refusal(first, answer(seen=seen, ephemeral=f"again {attempt}")) is Code.REPLAYED


def test_after_a_restart_a_recording_gets_one_answer_of_fifty_bytes_and_nothing_further() -> None:
    """What was seen is kept in memory only. The answer opens nothing for somebody who has only a recording."""
    first = dial().data_to_send()
    answer().receive(first)
    restarted = SeenEphemerals()
    responder = answer(seen=restarted, ephemeral="after the restart")
    responder.receive(first)
    assert len(responder.data_to_send()) == 50
    assert not responder.established
    assert refusal(first, answer(seen=restarted, ephemeral="again")) is Code.REPLAYED


def test_a_refused_first_message_is_not_remembered() -> None:
    seen = SeenEphemerals()
    good = dial().data_to_send()
    refusal(good[:-1] + bytes([good[-1] ^ 1]), answer(seen=seen))
    assert len(seen) == 0
    connect(dial(), answer(seen=seen))


@pytest.mark.parametrize("length", [0, 1, HANDSHAKE_SIZES[0] - 1, HANDSHAKE_SIZES[0] + 1, 65_535])
def test_fault_1_a_first_message_of_another_length_is_refused_at_its_prefix(length: int) -> None:
    good = dial().data_to_send()
    assert refusal(good[:HINT_BYTES] + length.to_bytes(2, "big")) is Code.MALFORMED


def test_fault_2_a_first_flight_in_single_bytes_draws_nothing_until_it_is_whole() -> None:
    initiator, responder = dial(), answer()
    flight = initiator.data_to_send()
    for byte in flight[:-1]:
        assert responder.receive(bytes([byte])) == []
        assert responder.data_to_send() == b""
    responder.receive(flight[-1:])
    initiator.receive(responder.data_to_send())
    assert initiator.established


def test_at_most_the_cap_of_candidates_is_tried() -> None:
    tried = 0

    def endless() -> Iterator[PskCandidate[str]]:
        nonlocal tried
        while True:
            tried += 1
            yield PskCandidate("somebody", PRESENCE)

    responder = Responder(
        static_private=BOB, candidates=endless, seen=SeenEphemerals(), ephemeral_private=labeled("capped")
    )
    with pytest.raises(HandshakeRefused):
        responder.receive(dial(card_psk(labeled("unknown"))).data_to_send())
    assert tried <= PSK_CANDIDATES_MAX + 1
