"""Two people's ends of a channel, with keys made from labels, for tests of the channel and its vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from protocol.keys import public_key
from protocol.wire.channel import HandshakeRefused, Initiator, Responder
from protocol.wire.psk import Psk, PskCandidate, SeenEphemerals, presence_psk
from tests.support.vectors_noise import labeled

if TYPE_CHECKING:
    from collections.abc import Iterable

    from protocol.errors import Code

ALICE = labeled("Alice's static key")
BOB = labeled("Bob's static key")
PRESENCE_KEY = labeled("Bob's presence key")
PRESENCE = presence_psk(PRESENCE_KEY)


def dial(psk: Psk = PRESENCE, *, ephemeral: str = "Alice's ephemeral key", to: bytes | None = None) -> Initiator:
    """Return Alice's end of a channel that dials Bob."""
    return Initiator(
        static_private=ALICE,
        remote_static=public_key(BOB) if to is None else to,
        psk=psk,
        ephemeral_private=labeled(ephemeral),
    )


def answer(
    psks: Iterable[tuple[str, Psk]] = (("web", PRESENCE),),
    *,
    seen: SeenEphemerals | None = None,
    ephemeral: str = "Bob's ephemeral key",
) -> Responder[str]:
    """Return Bob's end of a channel that somebody dialed."""
    candidates = [PskCandidate(name, psk) for name, psk in psks]
    return Responder(
        static_private=BOB,
        candidates=lambda: candidates,
        seen=SeenEphemerals() if seen is None else seen,
        ephemeral_private=labeled(ephemeral),
    )


def connect(initiator: Initiator, responder: Responder[str]) -> tuple[bytes, bytes, bytes]:
    """Run the handshake; returns the three flights."""
    first = initiator.data_to_send()
    assert responder.receive(first) == []
    second = responder.data_to_send()
    assert initiator.receive(second) == []
    third = initiator.data_to_send()
    assert responder.receive(third) == []
    return first, second, third


def connected() -> tuple[Initiator, Responder[str]]:
    """Return both ends of an open channel."""
    initiator, responder = dial(), answer()
    connect(initiator, responder)
    return initiator, responder


def refusal(flight: bytes, responder: Responder[str] | None = None) -> Code:
    """Return the code with which a first flight is refused, and assert that no byte goes back."""
    responder = responder or answer()
    with pytest.raises(HandshakeRefused) as caught:
        responder.receive(flight)
    assert responder.broken
    assert responder.data_to_send() == b""
    return caught.value.code
