"""Frames that end a session although each is well-formed: not in this state, not asked for, or too much."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from protocol import Code, encode, photo_hash
from protocol.limits import (
    AGAIN_PER_MINUTE,
    DEVICE_LIFE,
    HAVE_ITEMS_MAX,
    HEADERS_PER_MINUTE,
    PHOTO_FETCHES_PER_MINUTE,
    PHOTO_PART_BYTES,
    UNKNOWN_FRAMES_PER_MINUTE,
)
from protocol.wire import stratum
from protocol.wire.frames import (
    Again,
    Bye,
    Compare,
    Enrol,
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
from tests.support.malformed_records import rewritten, with_signature
from tests.support.people import NOW, Person
from tests.support.session_pair import RUN
from tests.support.vectors_changes import changed, longer
from tests.support.vectors_successors import refused_successors

ALICE, BOB = Person("Alice"), Person("Bob")
HELLO = Hello((1,), (1,), NOW, None, (ALICE.certificate().wire,))
MEETING, QUIET, BOTH_WAYS, NEWS = (
    "a first meeting over a card",
    "nothing new",
    "records both ways",
    "news while live",
)
ANY_ROOT = bytes(range(8))
WITH_PHOTO = "a photo in two parts"
PHOTO, PHOTO_AUTHOR = bytes(range(250)) * 160 + b"the rest", BOB.id
PHOTO_HASH = photo_hash(PHOTO_AUTHOR, PHOTO)
_NEED = ALICE.listing("need", type="need", now=NOW + 9)


def refused_sessions() -> list[dict[str, Any]]:
    """Return cases in which a side breaks off from one of the sessions and sends frames that end it."""
    unknown = {"receive": [encode((99,)).hex()], "times": UNKNOWN_FRAMES_PER_MINUTE + 1}
    many_unknown = {
        **_case("more than 600 frames of unknown types in a minute", QUIET, "responder", 1, [], "UNSOLICITED"),
        "steps": [unknown],
    }
    return [
        *(
            _case(*case)
            for cases in (
                _greetings(),
                _introductions(),
                _out_of_order(),
                _counts(),
                _live(),
                _photos(),
                refused_successors(),
            )
            for case in cases
        ),
        many_unknown,
        *_too_many_photos(),
    ]


def overdue_sessions() -> list[dict[str, Any]]:
    """Return the frames that are sent to a side that was silent, or owed something, for too long."""
    ping, bye = encode_frame(Ping(NOW, stratum.MACHINE)).hex(), encode_frame(Bye(Code.TIMEOUT)).hex()
    cases: list[tuple[str, str, int, list[dict[str, Any]], list[str]]] = [
        ("not introduced within 15 s", MEETING, 0, [{"wait": 15}], [bye]),
        ("silent for 35 minutes", QUIET, 1, [{"wait": 35 * 60}], [bye]),
        (
            "signs of life, but no progress within 120 s",
            BOTH_WAYS,
            2,
            [{"wait": 60}, {"receive": [ping]}, {"wait": 60}],
            [bye],
        ),
    ]
    return [
        {"why": why, "session": session, "to": "responder", "after_frames": after, "steps": steps, "says": says}
        for why, session, after, steps, says in cases
    ]


_Case = tuple[str, str, str, int, list[Frame], str]
"""The reason, the session, the tested side, how many frames of the other come before, those that come then, the code."""


def _case(why: str, session: str, to: str, after: int, frames: list[Frame], code: str) -> dict[str, Any]:
    return {
        "why": why,
        "session": session,
        "to": to,
        "after_frames": after,
        "steps": _steps([encode_frame(frame).hex() for frame in frames]),
        "code": code,
    }


def _steps(frames: list[str]) -> list[dict[str, Any]]:
    """Return frames that arrive one by one; of many that are alike one, and how often it comes."""
    if len(frames) > 2 and len(set(frames)) == 1:
        return [{"receive": frames[:1], "times": len(frames)}]
    return [{"receive": [frame]} for frame in frames]


def _alone(why: str, session: str, after: int, frames: Iterable[Frame], code: str) -> Iterator[_Case]:
    """Yield a case for each frame, which the responder gets alone."""
    for frame in frames:
        yield (f"a {type(frame).__name__} {why}", session, "responder", after, [frame], code)


def _greetings() -> list[_Case]:
    return [
        ("no common version", MEETING, "responder", 0, [Hello((2,), (1,), NOW, None, HELLO.records)], "VERSION"),
        ("no common algorithm", MEETING, "responder", 0, [Hello((1,), (2,), NOW, None, HELLO.records)], "VERSION"),
        (
            "a second Hello",
            QUIET,
            "responder",
            0,
            [Hello((1,), (1,), NOW, None, speaker_tag=bytes(8)), HELLO],
            "OUT_OF_ORDER",
        ),
        ("a second Who", MEETING, "responder", 0, [Who(), Who()], "OUT_OF_ORDER"),
        ("an Introduce that was not asked for", MEETING, "responder", 0, [Introduce(HELLO.records)], "UNSOLICITED"),
        *_alone("before Hello", QUIET, 0, _AFTER_HELLO, "OUT_OF_ORDER"),
        ("a Hello in which the reader's own device speaks", MEETING, "responder", 0, [_own()], "REFUSED"),
    ]


_AFTER_HELLO: tuple[Frame, ...] = (
    Roots(0, 0, ANY_ROOT),
    Compare(b""),
    Pull(1),
    Records((None,)),
    Headers((_NEED.without_body().wire,)),
    Have(0, ((NOW, bytes(12)),)),
    Again(0, ((NOW, bytes(12)),)),
    Want(b"\x01"),
    FetchPhoto(bytes(32)),
    PhotoPart(bytes(32), None),
    Enrol(bytes(32), bytes(32), bytes(64)),
)
_NOT_WITH_ROOTS: tuple[Frame, ...] = (
    HELLO,
    Introduce(HELLO.records),
    Compare(b""),
    Enrol(bytes(32), bytes(32), bytes(64)),
)


def _own() -> Hello:
    """Return a Hello of Bob's own run with a certificate, by Bob, of Bob's own device with Alice's handshake key."""
    body = BOB.certificate().body
    assert body is not None
    named = body.replace(BOB.keys.dh_public, ALICE.keys.dh_public)
    return Hello((1,), (1,), NOW, None, (rewritten(BOB, BOB.certificate(), body=named).wire,), run=RUN)


def _introductions() -> list[_Case]:
    certificate = ALICE.certificate()
    too_long = NOW + DEVICE_LIFE + 1
    revoked = ALICE.revocation().body
    assert certificate.body is not None
    other_key = certificate.body.replace(ALICE.keys.dh_public, BOB.keys.dh_public)
    records = {
        "bytes that are no record": (b"\x90", "MALFORMED"),
        "no certificate of the key that speaks": (rewritten(ALICE, certificate, body=other_key).wire, "FORGED"),
        "a certificate without its body": (certificate.without_body().wire, "FORGED"),
        "a profile alone": (ALICE.profile().wire, "FORGED"),
        "a revocation": (ALICE.revocation().wire, "FORGED"),
        "a certificate whose body says revoked": (rewritten(ALICE, certificate, body=revoked).wire, "FORGED"),
        "a certificate that its identity did not sign": (with_signature(certificate, bytes(64)).wire, "FORGED"),
        "a certificate from a newer version": (
            changed(certificate.wire, [0], longer(certificate.header_bytes)),
            "FORGED",
        ),
        "a certificate in another slot": (rewritten(ALICE, certificate, slot=bytes(16)).wire, "MALFORMED"),
        "a certificate that lives too long": (
            rewritten(ALICE, certificate, expires=too_long, latest_expiry=too_long).wire,
            "EXPIRED",
        ),
    }
    return [
        (f"a Hello with {why}", MEETING, "responder", 0, [Hello((1,), (1,), NOW, None, (wire,))], code)
        for why, (wire, code) in records.items()
    ]


def _out_of_order() -> list[_Case]:
    """The initiator's frames of `records both ways` are Hello, Roots, Compare, ...; see session.json."""
    return [
        *_alone("while roots are due", MEETING, 1, _NOT_WITH_ROOTS, "OUT_OF_ORDER"),
        ("a Hello while live", QUIET, "responder", 1, [HELLO], "OUT_OF_ORDER"),
        ("a Who while live", QUIET, "responder", 1, [Who()], "OUT_OF_ORDER"),
        ("an Introduce while live", QUIET, "responder", 1, [Introduce(HELLO.records)], "OUT_OF_ORDER"),
        ("a Compare while live", QUIET, "responder", 1, [Compare(b"")], "OUT_OF_ORDER"),
        ("the root of another phase", MEETING, "responder", 1, [Roots(1, 0, ANY_ROOT)], "OUT_OF_ORDER"),
        ("the root of another comparison", MEETING, "responder", 1, [Roots(0, 1, ANY_ROOT)], "OUT_OF_ORDER"),
        ("a second root", MEETING, "initiator", 1, [Roots(0, 0, ANY_ROOT), Compare(b""), Roots(0, 0, ANY_ROOT)], "OUT_OF_ORDER"),
        ("two roots before the first was used", BOTH_WAYS, "responder", 3, [Roots(1, 2, ANY_ROOT), Roots(1, 2, ANY_ROOT)], "OUT_OF_ORDER"),
    ]  # fmt: skip


def _counts() -> list[_Case]:
    return [
        ("a Pull of nothing", QUIET, "responder", 1, [Pull(0)], "OUT_OF_ORDER"),
        ("a Pull of what was not offered", QUIET, "responder", 1, [Pull(1)], "OUT_OF_ORDER"),
        ("Records without a Pull", QUIET, "responder", 1, [Records((_NEED.wire,))], "UNSOLICITED"),
        ("Records without an entry", QUIET, "responder", 1, [Records(())], "UNSOLICITED"),
        ("a Want without a Have", QUIET, "responder", 1, [Want(b"\x01")], "UNSOLICITED"),
    ]


def _photos() -> list[_Case]:
    first, rest = PHOTO[:PHOTO_PART_BYTES], PHOTO[PHOTO_PART_BYTES:]

    def parts(*data: bytes | None, photo: bytes = PHOTO_HASH) -> list[Frame]:
        return [PhotoPart(photo, part) for part in data]

    cases: list[tuple[str, list[Frame], str]] = [
        ("a part of another photo", parts(first, photo=bytes(32)), "UNSOLICITED"),
        ("a part that is too short", parts(first[:-1]), "MALFORMED"),
        ("a last part that is too long", parts(first, rest + b"!"), "MALFORMED"),
        ("a photo that is another one", parts(first, bytes(len(rest))), "FORGED"),
        ("a part after the last one", parts(first, rest, rest), "UNSOLICITED"),
        ("a part after the photo could not be given", parts(first, None, rest), "UNSOLICITED"),
    ]
    return [
        ("a photo that was not asked for", QUIET, "responder", 1, parts(None), "UNSOLICITED"),
        *((why, WITH_PHOTO, "initiator", 1, frames, code) for why, frames, code in cases),
    ]


def _too_many_photos() -> list[dict[str, Any]]:
    """Return two cases: a request before the last one was answered, and more than 1,200 in a minute, one by one."""
    fetch = encode_frame(FetchPhoto(bytes(32))).hex()
    together = _case("two photos asked for at once", QUIET, "responder", 1, [], "UNSOLICITED")
    many = _case("more than 1,200 photos asked for in a minute", QUIET, "responder", 1, [], "UNSOLICITED")
    return [
        {**together, "steps": [{"receive": [fetch, fetch]}]},
        {**many, "steps": [{"receive": [fetch], "one_by_one": 2 * PHOTO_FETCHES_PER_MINUTE + 1}]},
    ]


def _live() -> list[_Case]:
    tombstone = _NEED.without_body().wire
    many = Headers((tombstone,) * 10)
    have = Have(1, ((NOW + 9, _NEED.id[:12]),))
    return [
        ("Headers without an entry", QUIET, "responder", 1, [Headers(())], "UNSOLICITED"),
        ("Headers with a body", QUIET, "responder", 1, [Headers((_NEED.wire,))], "UNSOLICITED"),
        ("Headers with bytes that are no record", QUIET, "responder", 1, [Headers((b"\x90",))], "MALFORMED"),
        ("a Have of nothing", QUIET, "responder", 1, [Have(1, ())], "MALFORMED"),
        ("a Have of phase 2", QUIET, "responder", 1, [Have(2, ((NOW, bytes(12)),))], "MALFORMED"),
        ("an Again of nothing", QUIET, "responder", 1, [Again(1, ())], "MALFORMED"),
        ("an Again of phase 2", QUIET, "responder", 1, [Again(2, ((NOW, bytes(12)),))], "MALFORMED"),
        (
            "more than 20,000 items in Again frames in a minute",
            QUIET,
            "responder",
            1,
            [Again(1, ((NOW, bytes(12)),) * HAVE_ITEMS_MAX)] * (2 * AGAIN_PER_MINUTE // HAVE_ITEMS_MAX + 1),
            "UNSOLICITED",
        ),
        ("a responder that compares again", QUIET, "initiator", 1, [Roots(0, 1, ANY_ROOT)], "OUT_OF_ORDER"),
        ("an initiator that compares again at once", QUIET, "responder", 1, [Roots(0, 1, ANY_ROOT)], "BUSY"),
        ("Records with bytes that are no record", NEWS, "responder", 1, [have, Records((b"\x90",))], "MALFORMED"),
        ("Records with a tombstone", NEWS, "responder", 1, [have, Records((tombstone,))], "MALFORMED"),
        ("more Records than were pulled", NEWS, "responder", 1, [have, Records((None, None))], "UNSOLICITED"),
        ("a Want of two bytes for one item", NEWS, "responder", 1, [Want(b"\x01\x00")], "MALFORMED"),
        ("a Want with bits beyond its item", NEWS, "responder", 1, [Want(b"\x02")], "MALFORMED"),
        (
            "more than 4,000 Headers in a minute",
            QUIET,
            "responder",
            1,
            [many] * (2 * HEADERS_PER_MINUTE // 10 + 1),
            "UNSOLICITED",
        ),
    ]
