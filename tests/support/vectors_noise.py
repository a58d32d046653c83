"""Makes the vectors of the Noise engine, from labeled keys, in the format in which Noise implementations publish them."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from protocol.keys import public_key
from protocol.wire.noise import pattern_of
from tests.support.noise_runner import Vector, play

PROTOCOLS = tuple(
    f"Noise_{pattern}_25519_ChaChaPoly_BLAKE2b" for pattern in ("XKpsk0", "XKpsk3", "NKpsk0", "XKpsk0+psk3")
)


def labeled(label: str, size: int = 32) -> bytes:
    """Return bytes that anyone can make again from their label."""
    return blake2b(label.encode(), digest_size=size).digest()


def inputs(protocol_name: str) -> Vector:
    """Return a vector without its answers."""
    psks = [labeled(f"{protocol_name} psk {index}").hex() for index in range(pattern_of(protocol_name).psk_count)]
    responder_static = labeled(f"{protocol_name} resp_static")
    vector: Vector = {"protocol_name": protocol_name}
    for who in ("init", "resp"):
        vector[f"{who}_prologue"] = b"meshnode test vector".hex()
        vector[f"{who}_psks"] = psks
        vector[f"{who}_ephemeral"] = labeled(f"{protocol_name} {who}_ephemeral").hex()
    if protocol_name.startswith("Noise_XK"):
        vector["init_static"] = labeled(f"{protocol_name} init_static").hex()
    vector["init_remote_static"] = public_key(responder_static).hex()
    vector["resp_static"] = responder_static.hex()
    payloads = [b"", b"apples", b"", b"a ladder", labeled("a long payload", 64) * 3, b"\x00"]
    vector["messages"] = [{"payload": payload.hex()} for payload in payloads]
    return vector


def noise_vectors() -> dict[str, Any]:
    answered = []
    for protocol_name in PROTOCOLS:
        vector = inputs(protocol_name)
        ciphertexts, vector["handshake_hash"] = play(vector)
        for message, ciphertext in zip(vector["messages"], ciphertexts, strict=True):
            message["ciphertext"] = ciphertext
        answered.append(vector)
    return {"about": "Messages after the handshake are transport messages, in turns.", "vectors": answered}
