"""Plays a Noise test vector, in the format that implementations publish theirs in, through our engine."""

from __future__ import annotations

from itertools import cycle
from typing import Any

from protocol.wire.noise import Handshake

Vector = dict[str, Any]  # names and hex strings, as the JSON has them


def side(vector: Vector, who: str) -> Handshake:
    """The end named "init" or "resp", ready for its first turn."""

    def given(name: str) -> bytes | None:
        text = vector.get(f"{who}_{name}")
        return None if text is None else bytes.fromhex(text)

    ephemeral = given("ephemeral")
    assert ephemeral is not None
    return Handshake(
        vector["protocol_name"],
        initiator=who == "init",
        ephemeral=ephemeral,
        static=given("static"),
        remote_static=given("remote_static"),
        psks=[bytes.fromhex(psk) for psk in vector.get(f"{who}_psks", [])],
        prologue=given("prologue") or b"",
    )


def play(vector: Vector) -> tuple[list[str], str]:
    """The ciphertexts that our engine makes of the vector's payloads, each also opened again, and the hash."""
    initiator, responder = side(vector, "init"), side(vector, "resp")
    ciphertexts = []
    turns = cycle([(initiator, responder), (responder, initiator)])
    ciphers = None
    for message, (sender, receiver) in zip(vector["messages"], turns, strict=False):
        payload = bytes.fromhex(message["payload"])
        if sender.complete:
            ciphers = ciphers or {id(end): end.split() for end in (initiator, responder)}
            ciphertext = ciphers[id(sender)][0].encrypt(b"", payload)
            opened = ciphers[id(receiver)][1].decrypt(b"", ciphertext)
        else:
            ciphertext = sender.write_message(payload)
            opened = receiver.read_message(ciphertext)
        assert opened == payload
        ciphertexts.append(ciphertext.hex())
    assert initiator.handshake_hash == responder.handshake_hash
    return ciphertexts, initiator.handshake_hash.hex()
