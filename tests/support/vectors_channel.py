"""Golden bytes of the channel: psks and tags, a whole conversation for each kind of psk, and what gets no answer."""

from __future__ import annotations

from typing import Any

from protocol.limits import REKEY_FRAMES
from protocol.wire.channel import HandshakeRefused
from protocol.wire.noise import public_key
from protocol.wire.psk import Psk, card_psk, contact_psk
from tests.support.channels import ALICE, BOB, PRESENCE, PRESENCE_KEY, answer, connect, dial
from tests.support.vectors_noise import labeled

_EPHEMERAL = "Alice's ephemeral key"
_CARD_SECRET = labeled("the secret of Bob's card")


def _psks() -> dict[str, tuple[dict[str, str], Psk]]:
    return {
        "presence": ({"presence_key": PRESENCE_KEY.hex()}, PRESENCE),
        "card": ({"card_secret": _CARD_SECRET.hex()}, card_psk(_CARD_SECRET)),
        "contact": (
            {"static_private": ALICE.hex(), "remote_static": public_key(BOB).hex()},
            contact_psk(ALICE, public_key(BOB)),
        ),
    }


def _conversation(psk: Psk) -> dict[str, Any]:
    initiator, responder = dial(psk), answer([("it", psk)])
    first, second, third = connect(initiator, responder)
    spoken = {
        "initiator_first": first.hex(),
        "responder_second": second.hex(),
        "initiator_third": third.hex(),
        "handshake_hash": initiator.handshake_hash.hex(),
        "initiator_frames": [
            {"plaintext": plaintext.hex(), "wire": initiator.send(plaintext).hex()}
            for plaintext in (b"hello", b"\x00" * 32)
        ],
        "responder_frames": [{"plaintext": b"welcome".hex(), "wire": responder.send(b"welcome").hex()}],
    }
    for _ in range(2, REKEY_FRAMES):
        initiator.send(b".")
    return spoken | {
        "initiator_after_rekey": {
            "earlier_frames": REKEY_FRAMES,
            "plaintext": b"later".hex(),
            "wire": initiator.send(b"later").hex(),
        }
    }


def _refused() -> list[dict[str, str]]:
    """First flights that a responder who accepts only the presence psk leaves without an answer."""
    good = dial().data_to_send()
    flights = {
        "a stranger's tag": bytes(16) + good[16:],
        "the tag of another psk": dial(card_psk(_CARD_SECRET)).data_to_send(),
        "a first message for somebody else": dial(to=public_key(ALICE)).data_to_send(),
        "a changed MAC": good[:-1] + bytes([good[-1] ^ 1]),
        "an ephemeral key of low order": PRESENCE.identity_hint(bytes(32)) + good[16:18] + bytes(32) + good[50:],
        "length 0": good[:16] + b"\x00\x00" + good[18:],
        "length 65535": good[:16] + b"\xff\xff" + good[18:],
    }
    refused = []
    for why, flight in flights.items():
        try:
            answer().receive(flight)
        except HandshakeRefused as error:
            refused.append({"why": why, "initiator_first": flight.hex(), "code": error.code.name})
    return refused


def channel_vectors() -> dict[str, Any]:
    return {
        "keys": {
            "initiator_static_private": ALICE.hex(),
            "initiator_ephemeral_private": labeled(_EPHEMERAL).hex(),
            "responder_static_private": BOB.hex(),
            "responder_ephemeral_private": labeled("Bob's ephemeral key").hex(),
        },
        "conversations": [
            {
                "kind": kind,
                "from": secrets,
                "psk": psk.key.hex(),
                "tag_key": psk.hint_key.hex(),
                "tag": psk.identity_hint(public_key(labeled(_EPHEMERAL))).hex(),
                **_conversation(psk),
            }
            for kind, (secrets, psk) in _psks().items()
        ],
        "refused": _refused(),
    }
