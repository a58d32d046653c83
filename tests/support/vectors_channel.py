"""Makes the vectors of the channel: psks and their hints, a conversation for each kind of psk, and refused flights."""

from __future__ import annotations

from typing import Any

from protocol.keys import public_key
from protocol.limits import REKEY_FRAMES
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


def _refused() -> list[dict[str, Any]]:
    """Return what makes a responder that accepts only the presence psk, or an initiator, close without a byte."""
    initiator, responder = dial(), answer()
    good, second, third = connect(initiator, responder)
    frame = initiator.send(b"hello")
    flights: dict[str, tuple[list[bytes], str]] = {
        "a stranger's hint": ([bytes(16) + good[16:]], "REFUSED"),
        "the hint of another psk": ([dial(card_psk(_CARD_SECRET)).data_to_send()], "REFUSED"),
        "a first message for somebody else": ([dial(to=public_key(ALICE)).data_to_send()], "FORGED"),
        "a changed MAC": ([_bent(good)], "FORGED"),
        "an ephemeral key of low order": (
            [PRESENCE.identity_hint(bytes(32)) + good[16:18] + bytes(32) + good[50:]],
            "MALFORMED",
        ),
        "length 0": ([good[:16] + b"\x00\x00" + good[18:]], "MALFORMED"),
        "length 65535": ([good[:16] + b"\xff\xff" + good[18:]], "MALFORMED"),
        "a third message of another length": ([good, b"\x00\x41" + third[2:] + b"\0"], "MALFORMED"),
        "a third message with a changed MAC": ([good, _bent(third)], "FORGED"),
        "a third message with another static key": ([good, third[:2] + _bent(third[2:34]) + third[34:]], "FORGED"),
        "a frame of 16 bytes": ([good, third, b"\x00\x10" + bytes(16)], "MALFORMED"),
        "a frame with a changed MAC": ([good, third, _bent(frame)], "FORGED"),
        "a frame twice": ([good, third, frame, frame], "FORGED"),
    }
    ephemeral = labeled("Bob's ephemeral key").hex()
    answers: dict[str, Any] = {
        "do": "answer",
        "static_private": BOB.hex(),
        "ephemeral_private": ephemeral,
        "psks": [{"kind": "presence", "from": {"presence_key": PRESENCE_KEY.hex()}}],
    }
    dials: dict[str, Any] = {
        "do": "dial",
        "static_private": ALICE.hex(),
        "ephemeral_private": labeled(_EPHEMERAL).hex(),
        "remote_static": public_key(BOB).hex(),
        "psk": answers["psks"][0],
    }
    replies: dict[str, tuple[list[bytes], str]] = {
        "a second message of another length": ([b"\x00\x31" + second[2:] + b"\0"], "MALFORMED"),
        "a second message with a changed MAC": ([_bent(second)], "FORGED"),
        "a second message with an ephemeral key of low order": ([second[:2] + bytes(32) + second[34:]], "MALFORMED"),
        "an answer of 16 bytes": ([second, b"\x00\x10" + bytes(16)], "MALFORMED"),
        "an answer with a changed MAC": ([second, _bent(responder.send(b"welcome"))], "FORGED"),
    }
    return [
        *(
            {"why": why, **answers, "received": [data.hex() for data in received], "code": code}
            for why, (received, code) in flights.items()
        ),
        {"why": "a first message that was answered before", **answers, "twice": True, "received": [good.hex()], "code": "REPLAYED"},
        *(
            {"why": why, **dials, "received": [data.hex() for data in received], "code": code}
            for why, (received, code) in replies.items()
        ),
        {"why": "a remote static key of low order", **dials, "remote_static": bytes(32).hex(), "received": [], "code": "MALFORMED"},
        {"why": "a contact psk with a key of low order", "do": "psk", "kind": "contact", "from": {"static_private": ALICE.hex(), "remote_static": bytes(32).hex()}, "ephemeral_private": ephemeral, "code": "MALFORMED"},
    ]  # fmt: skip


def _bent(data: bytes) -> bytes:
    """Return `data` with a bit of its last byte changed."""
    return data[:-1] + bytes([data[-1] ^ 1])


def channel_vectors() -> dict[str, Any]:
    return {
        "keys": {
            "initiator_static_private": ALICE.hex(),
            "initiator_ephemeral_private": labeled(_EPHEMERAL).hex(),
            "responder_static_private": BOB.hex(),
            "responder_static_public": public_key(BOB).hex(),
            "responder_ephemeral_private": labeled("Bob's ephemeral key").hex(),
        },
        "conversations": [
            {
                "kind": kind,
                "from": secrets,
                "psk": psk.key.hex(),
                "hint_key": psk.hint_key.hex(),
                "hint": psk.identity_hint(public_key(labeled(_EPHEMERAL))).hex(),
                **_conversation(psk),
            }
            for kind, (secrets, psk) in _psks().items()
        ],
        "refused": _refused(),
    }
