"""Golden bytes of frames, of reconciliation and of whole sessions, made from people and items that never change."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from protocol import Record
from protocol.codec import encode
from protocol.session import Phase
from protocol.wire.frames import (
    Bye,
    Compare,
    Enrol,
    Enrolled,
    Frame,
    Have,
    Headers,
    Hello,
    Introduce,
    Ping,
    Pull,
    Records,
    Roots,
    Want,
    Who,
    encode_frame,
)
from protocol.wire.index import Index, Item
from protocol.wire.reconcile import Reconciler, SessionHash
from tests.support.people import NOW, Person
from tests.support.session_pair import HANDSHAKE_HASH, Pair, Side

FRAMES: dict[str, Frame] = {
    "hello without roots": Hello((1,), (1,), NOW, None),
    "hello with roots": Hello((1,), (1,), NOW, (bytes(range(8)), bytes(range(8, 16)))),
    "hello with an introduction": Hello((1, 2), (1,), NOW, None, (b"certificate", b"profile")),
    "hello with its speaker's tag": Hello((1,), (1,), NOW, None, speaker_tag=bytes(range(8))),
    "who": Who(),
    "introduce": Introduce((b"certificate",)),
    "roots": Roots(1, 3, bytes(range(8))),
    "compare": Compare(b"\x02\x01\x02"),
    "pull": Pull(300),
    "records": Records((b"record", None, b"another")),
    "headers": Headers((b"header",)),
    "have": Have(1, ((NOW, bytes(range(12))),)),
    "want": Want(b"\x05"),
    "ping": Ping(),
    "bye": Bye(10),
    "enrol": Enrol(bytes(range(32)), bytes(range(32, 64)), bytes(range(64))),
    "enrolled": Enrolled(b"certificate", (b"profile",), ((bytes(range(32)), "Pi"),)),
}

REFUSED: dict[str, tuple[bytes, str]] = {
    "an unknown type": (encode((99,)), "unknown_kind"),
    "not an array": (encode(1), "malformed"),
    "a field too few": (encode((12,)), "malformed"),
    "a root of the wrong length": (encode((4, 0, 0, bytes(7))), "malformed"),
    "one root alone": (encode((1, (1,), (1,), NOW, bytes(8), None, (), None)), "malformed"),
    "a tag of the wrong length": (encode((1, (1,), (1,), NOW, None, None, (), bytes(7))), "malformed"),
    "a negative count": (encode((6, -1)), "malformed"),
    "seventeen versions": (encode((1, tuple(range(17)), (1,), NOW, None, None, (), None)), "oversized"),
    "a number in a longer form": (b"\x92\x06\xcc\x01", "malformed"),
    "an enrolment without a signature": (encode((13, bytes(32), bytes(32), None)), "malformed"),
    "eighteen records for a new device": (encode((14, b"", (b"",) * 18, ())), "oversized"),
    "a device without a name": (encode((14, b"", (), ((bytes(32), ""),))), "malformed"),
    "a map": (b"\x92\x06\x80", "malformed"),
}


def frame_vectors() -> dict[str, Any]:
    return {
        "frames": [{"case": case, "bytes": encode_frame(frame).hex()} for case, frame in FRAMES.items()],
        "refused": [{"why": why, "bytes": data.hex(), "code": code} for why, (data, code) in REFUSED.items()],
    }


def items(label: str, count: int, *, every: int = 60) -> set[Item]:
    """`count` items, one each `every` seconds; 0 puts them all into the same second. Ids are hashes of short texts."""
    return {(NOW + number * every, _id(f"{label} {number}")) for number in range(count)}


_TEXTS: dict[bytes, str] = {}


def _id(text: str) -> bytes:
    id_ = blake2b(text.encode(), digest_size=32).digest()
    _TEXTS[id_] = text
    return id_


SETS: dict[str, tuple[set[Item], set[Item]]] = {
    "nothing and nothing": (set(), set()),
    "nothing and five": (set(), items("b", 5)),
    "five and nothing": (items("a", 5), set()),
    "a short list each": (items("c", 9) | items("a", 2), items("c", 9) | items("b", 3)),
    "ranges within ranges": (items("c", 200) | items("a", 2), items("c", 200) | items("b", 1)),
    "all in one second": (items("c", 40, every=0) | items("a", 1, every=0), items("c", 40, every=0)),
}


def reconcile_vectors() -> dict[str, Any]:
    cases = []
    for number, (case, (ours, theirs)) in enumerate(SETS.items()):
        session_hash = SessionHash(HANDSHAKE_HASH, Phase.CONTENT, number)
        indexes = Index(ours), Index(theirs)
        opener, other = (Reconciler(index, session_hash) for index in indexes)
        other.begin()
        messages = [opener.open()]
        turn = 0
        while (reply := (other, opener)[turn].receive(messages[-1])) is not None:
            messages.append(reply)
            turn ^= 1
        cases.append(
            {
                "case": case,
                "number": number,
                "opener": _written(indexes[0]),
                "other": _written(indexes[1]),
                "opener_root": session_hash.root(indexes[0]).hex(),
                "other_root": session_hash.root(indexes[1]).hex(),
                "messages": [message.hex() for message in messages],
                "opener_offers": list(opener.offers),
                "other_offers": list(other.offers),
            }
        )
    session_hash = SessionHash(HANDSHAKE_HASH, Phase.CONTENT, 7)
    index = Index(items("c", 3))
    return {
        "handshake_hash": HANDSHAKE_HASH.hex(),
        "phase": int(Phase.CONTENT),
        "items": "[created, text]: the id is the BLAKE2b-256 of the text; in the order of the set",
        "hashes": {
            "number": 7,
            "items": _written(index),
            "root": session_hash.root(index).hex(),
            "fingerprints_of_first_and_rest": [
                fingerprint.hex() for fingerprint in session_hash.fingerprints(index, [0, 1, 3])
            ],
            "shorts": [short.hex() for short in session_hash.short_ids(index, 0, 3)],
        },
        "comparisons": cases,
    }


def _written(index: Index) -> list[list[Any]]:
    """Each item's time and the text whose BLAKE2b-256 its id is, in the order of the set."""
    return [[created, _TEXTS[id_]] for created, id_ in index]


def session_vectors() -> dict[str, Any]:
    alice, bob = Person("Alice"), Person("Bob")
    graph = [alice.certificate(), bob.certificate()]
    offers = [bob.listing(f"offer {number}", now=NOW + number) for number in range(2)]
    need = alice.listing("need", type="need", now=NOW + 9)

    def pair(ours: list[Record], theirs: list[Record], **how: bool) -> Pair:
        one, other = Side(alice), Side(bob)
        one.put(ours)
        other.put(theirs)
        return Pair.of(one, other, **how)

    news = pair(graph, graph).run()
    news.responder.publish(offers[0])
    talks = {
        "nothing new": pair([*graph, need], [*graph, need]),
        "a first meeting over a card": pair(graph[:1], [graph[1], *offers], acquainted=False, introduce=True),
        "records both ways": pair([*graph, need], [*graph, *offers]),
        "news while live": news,
    }
    return {
        "handshake_hash": HANDSHAKE_HASH.hex(),
        "initiator_dh_public": alice.keys.dh_public.hex(),
        "responder_dh_public": bob.keys.dh_public.hex(),
        "sessions": [
            {"case": case, "frames": [f"{mark} {frame.hex()}" for mark, frame in talk.run().log]}
            for case, talk in talks.items()
        ],
    }
