"""The channel's golden bytes: the committed conversations and refusals, replayed from the file alone."""

from __future__ import annotations

from typing import Any

import pytest

from protocol.errors import Code
from protocol.keys import public_key
from protocol.wire.channel import Initiator, Responder
from protocol.wire.psk import Psk, PskCandidate, SeenEphemerals, card_psk, contact_psk, presence_psk
from tests.support.channels import answer, refusal
from tests.support.golden import golden

VECTORS = golden("channel.json")


def unhex(name: str) -> bytes:
    return bytes.fromhex(VECTORS["keys"][name])


def psk_of(case: dict[str, Any]) -> Psk:
    secrets = [bytes.fromhex(value) for value in case["from"].values()]
    if case["kind"] == "contact":
        return contact_psk(*secrets)
    return (presence_psk if case["kind"] == "presence" else card_psk)(*secrets)


@pytest.mark.parametrize("case", VECTORS["conversations"], ids=lambda case: case["kind"])
def test_a_responder_understands_the_committed_conversation(case: dict[str, Any]) -> None:
    psk = psk_of(case)
    assert (psk.key.hex(), psk.hint_key.hex()) == (case["psk"], case["hint_key"])
    responder = Responder(
        static_private=unhex("responder_static_private"),
        candidates=lambda: [PskCandidate(case["kind"], psk)],
        seen=SeenEphemerals(),
        ephemeral_private=unhex("responder_ephemeral_private"),
    )
    responder.receive(bytes.fromhex(case["initiator_first"]))
    assert responder.data_to_send().hex() == case["responder_second"]
    responder.receive(bytes.fromhex(case["initiator_third"]))
    assert responder.handshake_hash.hex() == case["handshake_hash"]
    for frame in case["initiator_frames"]:
        assert [plaintext.hex() for plaintext in responder.receive(bytes.fromhex(frame["wire"]))] == [
            frame["plaintext"]
        ]
    for frame in case["responder_frames"]:
        assert responder.send(bytes.fromhex(frame["plaintext"])).hex() == frame["wire"]


@pytest.mark.parametrize("case", VECTORS["conversations"], ids=lambda case: case["kind"])
def test_an_initiator_understands_the_committed_conversation(case: dict[str, Any]) -> None:
    initiator = Initiator(
        static_private=unhex("initiator_static_private"),
        remote_static=public_key(unhex("responder_static_private")),
        psk=psk_of(case),
        ephemeral_private=unhex("initiator_ephemeral_private"),
    )
    assert initiator.data_to_send().hex() == case["initiator_first"]
    initiator.receive(bytes.fromhex(case["responder_second"]))
    assert initiator.data_to_send().hex() == case["initiator_third"]
    for frame in case["responder_frames"]:
        assert [plaintext.hex() for plaintext in initiator.receive(bytes.fromhex(frame["wire"]))] == [
            frame["plaintext"]
        ]


FIRST_FLIGHTS = [case for case in VECTORS["refused"] if case["do"] == "answer" and len(case["received"]) == 1]


@pytest.mark.parametrize("case", FIRST_FLIGHTS, ids=lambda case: case["why"])
def test_a_refused_first_flight_gets_zero_bytes(case: dict[str, Any]) -> None:
    (flight,) = map(bytes.fromhex, case["received"])
    responder = answer()
    if case.get("twice"):
        seen = SeenEphemerals()
        answer(seen=seen).receive(flight)
        responder = answer(seen=seen)
    assert refusal(flight, responder) is Code[case["code"]]


@pytest.mark.parametrize("case", VECTORS["conversations"], ids=lambda case: case["kind"])
def test_the_first_frame_under_a_new_key_is_the_committed_one(case: dict[str, Any]) -> None:
    initiator = Initiator(
        static_private=unhex("initiator_static_private"),
        remote_static=public_key(unhex("responder_static_private")),
        psk=psk_of(case),
        ephemeral_private=unhex("initiator_ephemeral_private"),
    )
    initiator.data_to_send()
    initiator.receive(bytes.fromhex(case["responder_second"]))
    later = case["initiator_after_rekey"]
    for _ in range(later["earlier_frames"]):
        initiator.send(b"any frame counts")
    assert initiator.send(bytes.fromhex(later["plaintext"])).hex() == later["wire"]
