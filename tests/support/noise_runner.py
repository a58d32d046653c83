"""Plays a Noise test vector, in the format that implementations publish theirs in, through our engine."""

from __future__ import annotations

from typing import Any

from conformance.meetings import noise_end, play_noise

__all__ = ["Vector", "play", "side"]

Vector = dict[str, Any]
"""Names and hexadecimal strings, as the JSON has them."""

side = noise_end


def play(vector: Vector) -> tuple[list[str], str]:
    """Return the ciphertexts of the vector's payloads, each of which the other end can open, and the handshake hash."""
    return play_noise({**vector, "payloads": [message["payload"] for message in vector["messages"]]})
