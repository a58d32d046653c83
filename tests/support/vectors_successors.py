"""Cases of records that are given without the body of the version before them: what is said then, and what is refused."""

from __future__ import annotations

from typing import Any

from protocol import Record, Value, encode
from protocol.limits import POLICY_MAX_BYTES, SUCCESSOR_BYTES_A_PULL, SUCCESSOR_MAX_BYTES
from protocol.wire.frames import Again, Frame, Have, Records, encode_frame
from protocol.wire.successor import Successor
from tests.support.malformed_records import rewritten
from tests.support.people import NOW, Person
from tests.support.session_pair import item

ALICE, BOB = Person("Alice"), Person("Bob")
RENEWAL, REFUSED_BEFORE = "a policy is renewed", "a policy is renewed that the other side had refused"
POLICY = BOB.policy({ALICE: 900}, now=NOW + 1)
RENEWED = rewritten(BOB, POLICY, version=2, created=NOW + 2, min_valid_version=1)
_SUCCESSOR = Successor.of(RENEWED, item(POLICY))
_Case = tuple[str, str, str, int, list[Frame], str]
_FRAMES_BEFORE = 2  # a Hello, and the Have of the renewed policy, which is pulled by then


def answered_successors() -> list[dict[str, Any]]:
    """Return what a side says to successors of which it can make nothing whole."""
    nowhere = Successor.of(RENEWED, (NOW + 1, bytes(32)))
    elsewhere = Successor.of(RENEWED, item(ALICE.certificate()))
    whole = [{"receive": [encode_frame(Records((RENEWED.wire,))).hex()]}]
    brought = encode_frame(Have(0, (_short(RENEWED),)))
    cases: list[tuple[str, list[dict[str, Any]], list[bytes]]] = [
        ("a successor of a version that is in no set", _comes(nowhere), [encode_frame(Again(0, (_short(RENEWED),)))]),
        ("a successor with the body of another record", _comes(elsewhere), []),
        (
            "a successor, when others have brought the record",
            [{"publish": RENEWED.wire.hex()}, *_comes(nowhere)],
            [brought],
        ),
        ("the whole record, though a successor would do", whole, []),
    ]
    return [
        {
            "why": why,
            "session": RENEWAL,
            "to": "initiator",
            "after_frames": _FRAMES_BEFORE,
            "steps": steps,
            "says": [frame.hex() for frame in says],
        }
        for why, steps, says in cases
    ]


def refused_successors() -> list[_Case]:
    """Return successors that end a session, as cases of `vectors_refused_sessions`."""
    header, signature = RENEWED.header_bytes, RENEWED.signature
    created, prefix = _short(POLICY)
    size = len(RENEWED.body or b"")
    sound: list[Value] = [header, signature, created, prefix, size]
    bad: dict[str, list[Value]] = {
        "that has no header": [None, *sound[1:]],
        "of a withdrawn record": [
            rewritten(BOB, RENEWED, body=b"").header_bytes,
            *sound[1:],
        ],
        "of a version from before 1970": [*sound[:2], -1, *sound[3:]],
        "of a version that has no time": [*sound[:2], None, *sound[3:]],
        "of a version with a prefix of 11 bytes": [*sound[:3], prefix[:11], size],
        "of a version with a prefix that is text": [*sound[:3], "twelve bytes", size],
        "with an empty body": [*sound[:4], 0],
        "with a body that has no length": [*sound[:4], None],
    }
    too_long: dict[str, list[Value]] = {
        f"with a body of {POLICY_MAX_BYTES + 1} bytes": [*sound[:4], POLICY_MAX_BYTES + 1],
        f"of more than {SUCCESSOR_MAX_BYTES} bytes": [header, signature, created, bytes(SUCCESSOR_MAX_BYTES), size],
    }
    count = 2 * SUCCESSOR_BYTES_A_PULL // POLICY_MAX_BYTES + 1
    many = Have(0, tuple((NOW + 3, number.to_bytes(12, "big")) for number in range(count)))
    flood = Records((encode((*sound[:4], POLICY_MAX_BYTES)),))
    return [
        *(_refused(why, fields, "MALFORMED") for why, fields in bad.items()),
        *(_refused(why, fields, "OVERSIZED") for why, fields in too_long.items()),
        (
            f"successors with bodies of more than {2 * SUCCESSOR_BYTES_A_PULL} bytes",
            *_AT,
            [many, *[flood] * count],
            "OVERSIZED",
        ),
    ]


_AT = (RENEWAL, "initiator", _FRAMES_BEFORE)


def _refused(why: str, fields: list[Value], code: str) -> _Case:
    return (f"a successor {why}", *_AT, [Records((encode(tuple(fields)),))], code)


def _short(record: Record) -> tuple[int, bytes]:
    created, id_ = item(record)
    return created, id_[:12]


def _comes(successor: Successor) -> list[dict[str, Any]]:
    return [{"receive": [encode_frame(Records((successor.wire,))).hex()]}]
