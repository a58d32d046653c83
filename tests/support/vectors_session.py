"""Makes the vectors of frames, of reconciliation and of whole sessions, from people and items that never change."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from protocol import Code, Record
from protocol.codec import encode
from protocol.session import Phase
from protocol.wire import stratum
from protocol.wire.frames import (
    Again,
    Bye,
    Compare,
    Enrol,
    Enrolled,
    FetchPhoto,
    Frame,
    Have,
    Headers,
    Hello,
    Introduce,
    PhotoPart,
    Ping,
    Pull,
    Records,
    Roots,
    Want,
    Who,
    encode_frame,
)
from protocol.wire.index import Index, Item
from protocol.wire.marks import Marks
from protocol.wire.meeting_frames import MeetDevice, MeetPerson, MeetProof, MeetStart
from protocol.wire.reconcile import Reconciler, SessionHash
from tests.support.people import NOW, Person
from tests.support.session_pair import HANDSHAKE_HASH, RUN, Pair, Side
from tests.support.vectors_changes import longer
from tests.support.vectors_refused_sessions import PHOTO, PHOTO_AUTHOR, PHOTO_HASH, overdue_sessions, refused_sessions
from tests.support.vectors_refused_talks import refused_frames, refused_messages
from tests.support.vectors_successors import (
    EDIT,
    EDITED,
    LONG,
    POLICY,
    REFUSED_BEFORE,
    RENEWAL,
    RENEWED,
    answered_successors,
)

FRAMES: dict[str, Frame] = {
    "hello without roots": Hello((1,), (1,), NOW, None),
    "hello with roots": Hello((1,), (1,), NOW, (bytes(range(8)), bytes(range(8, 16)))),
    "hello with an introduction": Hello((1, 2), (1,), NOW, None, (b"certificate", b"profile")),
    "hello with its speaker's tag": Hello((1,), (1,), NOW, None, speaker_tag=bytes(range(8))),
    "hello of a node that is certain of the date": Hello((1,), (1,), NOW, None, stratum=stratum.CERTAIN),
    "who": Who(),
    "introduce": Introduce((b"certificate",)),
    "roots": Roots(1, 3, bytes(range(8))),
    "compare": Compare(b"\x02\x01\x02"),
    "pull": Pull(300),
    "records": Records((b"record", None, b"another")),
    "headers": Headers((b"header",)),
    "have": Have(1, ((NOW, bytes(range(12))),)),
    "want": Want(b"\x05"),
    "ping": Ping(NOW, stratum.MACHINE),
    "again": Again(1, ((NOW, bytes(range(12))),)),
    "fetch photo": FetchPhoto(bytes(range(32))),
    "photo part": PhotoPart(bytes(range(32)), b"part"),
    "photo part without the photo": PhotoPart(bytes(range(32)), None),
    "bye": Bye(Code.DUPLICATE),
    "bye of a busy node": Bye(Code.BUSY, 60),
    "enrol": Enrol(bytes(range(32)), bytes(range(32, 64)), bytes(range(64))),
    "enrolled": Enrolled(b"certificate", (b"profile",), ((bytes(range(32)), "Pi"),)),
    "meet start": MeetStart(bytes(range(32))),
    "meet proof": MeetProof(bytes(range(32)), 1),
    "meet person": MeetPerson(b"certificate", "Alice", bytes(range(64))),
    "meet device": MeetDevice("mdev1"),
}


def frame_vectors() -> dict[str, Any]:
    return {
        "frames": [{"case": case, "bytes": encode_frame(frame).hex()} for case, frame in FRAMES.items()],
        "with_further_fields": [
            {"case": case, "bytes": longer(encode_frame(frame)).hex(), "read_as": encode_frame(frame).hex()}
            for case, frame in FRAMES.items()
        ],
        "refused": [
            {"why": "an unknown type", "bytes": encode((99,)).hex(), "code": "UNKNOWN_KIND"},
            *refused_frames(),
        ],
    }


def items(label: str, count: int, *, every: int = 60) -> set[Item]:
    """Return `count` items, `every` seconds apart (0: all in the same second). Their ids are hashes of short texts."""
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
                "opener_offers": _positions(indexes[0], opener.offers),
                "other_offers": _positions(indexes[1], other.offers),
            }
        )
    session_hash = SessionHash(HANDSHAKE_HASH, Phase.CONTENT, 7)
    index, forty = Index(items("c", 3)), Index(items("d", 40))
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
        "refused": refused_messages(forty, _written(forty), _written(Index(items("e", 40, every=0)))),
    }


def _positions(index: Index, offers: Marks) -> list[int]:
    return [index.position(*item) for item in offers]


def _written(index: Index) -> list[list[Any]]:
    """Return, in the order of the set, the time of each item and the text whose BLAKE2b-256 is its id."""
    return [[created, _TEXTS[id_]] for created, id_ in index]


def session_vectors() -> dict[str, Any]:
    alice, bob = Person("Alice"), Person("Bob")
    graph = [alice.certificate(), bob.certificate()]
    offers = [bob.listing(f"offer {number}", now=NOW + number) for number in range(2)]
    need = alice.listing("need", type="need", now=NOW + 9)
    sessions: list[dict[str, Any]] = []

    def pair(
        case: str,
        ours: list[Record],
        theirs: list[Record],
        photos: dict[bytes, bytes] | None = None,
        *,
        refused: bool = False,
        **how: bool,
    ) -> Pair:
        """Let the two talk, and note what each side has before; with `refused` the initiator lacks the last of its records."""
        one, other = Side(alice), Side(bob)
        one.put(ours)
        one.lacking = {record.id for record in ours[-1:] if refused}
        other.put(theirs)
        other.photos = photos or {}
        talk = Pair.of(one, other, **how)
        sides = {"initiator": _side(one, **how), "responder": _side(other, responder=True)}
        talk.run()
        sessions.append({"case": case, **sides, "frames": talk.log})
        return talk

    pair("nothing new", [*graph, need], [*graph, need])
    pair("a first meeting over a card", graph[:1], [graph[1], *offers], acquainted=False, introduce=True)
    pair("records both ways", [*graph, need], [*graph, *offers])
    carol = Person("Carol")
    web = [
        carol.profile(NOW - 3, about="older than all else of hers"),
        carol.policy({bob: 900}, now=NOW - 2),
        carol.certificate(NOW - 1),
        bob.profile(NOW - 4),
        bob.policy({carol: 900, alice: 900}, now=NOW + 1),
    ]
    pair("a web to a newcomer, certificates and policies first", graph, [*graph, *web, *offers])
    news = pair("news while live", graph, graph)
    news.log.append(("!", offers[0].wire))
    news.responder.publish(offers[0])
    news.run()
    sessions[-1]["publisher"] = "responder"
    again = pair("refused, then asked for again", [*graph, need], graph)
    again.log.append(("?", need.wire))
    again.responder.ask_again(need)
    again.run()
    sessions[-1]["publisher"] = "responder"
    for case, old, new in ((RENEWAL, POLICY, RENEWED), (REFUSED_BEFORE, POLICY, RENEWED), (EDIT, LONG, EDITED)):
        followed = pair(case, [*graph, old], [*graph, old], refused=case == REFUSED_BEFORE)
        followed.log.append(("!", new.wire))
        followed.responder.publish(new)
        followed.run()
        sessions[-1]["publisher"] = "responder"
    for case, held in (("a photo in two parts", {PHOTO_HASH: PHOTO}), ("a photo that cannot be given", {})):
        photo = pair(case, graph, graph, photos=held)
        photo.log.append(("*", PHOTO_HASH))
        photo.initiator.session.photos.fetch(PHOTO_HASH, len(PHOTO), PHOTO_AUTHOR, photo.now)
        photo.run()
        sessions[-1]["publisher"] = "initiator"
        sessions[-1]["photo"] = {"hash": PHOTO_HASH.hex(), "size": len(PHOTO), "author": PHOTO_AUTHOR.hex()}
    for session in sessions:
        session["frames"] = [f"{mark} {data.hex()}" for mark, data in session["frames"]]
    return {
        "handshake_hash": HANDSHAKE_HASH.hex(),
        "initiator_dh_public": alice.keys.dh_public.hex(),
        "responder_dh_public": bob.keys.dh_public.hex(),
        "wall": NOW,
        "stratum": stratum.MACHINE,
        "run": RUN.hex(),
        "sessions": sessions,
        "overdue": overdue_sessions(),
        "answered": answered_successors(),
        "refused": refused_sessions(),
    }


def _side(side: Side, *, acquainted: bool = True, introduce: bool = False, responder: bool = False) -> dict[str, Any]:
    """Return what one side of a session is given: its certificate, those that it knows, its records and its sets."""
    phases = {
        f"phase_{phase.value}": [[created, id_.hex()] for created, id_ in sorted(side.view(phase))] for phase in Phase
    }
    return {
        "certificate": side.person.certificate().wire.hex(),
        "shows_certificate": introduce,
        "known_certificates": {key.hex(): record.wire.hex() for key, record in side.knows.items()},
        "admits_first": acquainted and not responder,
        "records": [record.wire.hex() for record in side.store.values() if record.id not in side.lacking],
        "photos": {hash_.hex(): photo.hex() for hash_, photo in side.photos.items()},
        **phases,
    }
