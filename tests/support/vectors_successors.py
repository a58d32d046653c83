"""Cases of records that are given without the body that another version leads to: what is said, and what is refused."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from protocol import Policy, Record, Value, encode
from protocol.limits import POLICY_MAX_BYTES, SUCCESSOR_BYTES_A_PULL, SUCCESSOR_MAX_BYTES
from protocol.records.policy_changes import PolicyChanges
from protocol.wire.frames import Again, Frame, Have, Records, encode_frame
from protocol.wire.successor import Successor
from tests.support.malformed_records import rewritten
from tests.support.people import NOW, Person
from tests.support.session_pair import item

ALICE, BOB = Person("Alice"), Person("Bob")
RENEWAL, REFUSED_BEFORE = "a policy is renewed", "a policy is renewed that the other side had refused"
EDIT = "a policy is edited"
_FRIENDS = [Person(f"Friend {number}") for number in range(24)]
POLICY = BOB.policy({ALICE: 900}, now=NOW + 1)
RENEWED = rewritten(BOB, POLICY, version=2, created=NOW + 2, min_valid_version=1)
LONG = BOB.policy(dict.fromkeys([ALICE, *_FRIENDS], 900), blocks=_FRIENDS[:3], now=NOW + 1)
_BODY = BOB.policy_body(
    {ALICE: 900, **dict.fromkeys(_FRIENDS[1:], 900), Person("New"): 600}, blocks=_FRIENDS[1:3], stamp=1
)
EDITED = rewritten(
    BOB,
    LONG,
    body=replace(
        _BODY,
        clock=2,
        salt=bytes(range(16)),
        vouches=tuple(one._replace(stamp=2) if one.weight == 600 else one for one in _BODY.vouches),
    ).to_body(),
    version=2,
    created=NOW + 2,
    min_valid_version=2,
)
_Case = tuple[str, str, str, int, list[Frame], str]
_FRAMES_BEFORE = 2  # a Hello, and the Have of the new version, which is pulled by then


def answered_successors() -> list[dict[str, Any]]:
    """Return what a side says to successors of which it can make nothing whole."""
    nowhere = _whole_body(RENEWED, (NOW + 1, bytes(32)))
    elsewhere = _whole_body(RENEWED, item(ALICE.certificate()))
    whole = [{"receive": [encode_frame(Records((RENEWED.wire,))).hex()]}]
    brought = encode_frame(Have(0, (_short(RENEWED),)))
    ask = encode_frame(Again(0, (_short(RENEWED),)))
    edit = Successor.of(EDITED, item(LONG), LONG.body or b"")
    assert edit is not None
    assert edit.changes is not None
    far = replace(edit, changes=replace(edit.changes, vouches_gone=(99,)))
    no_policy = replace(edit, created=ALICE.certificate().header.created, prefix=ALICE.certificate().id[:12])
    cases: list[tuple[str, str, list[dict[str, Any]], list[bytes]]] = [
        ("a successor of a version that is in no set", RENEWAL, _comes(nowhere), [ask]),
        ("a successor with the body of another record", RENEWAL, _comes(elsewhere), []),
        (
            "a successor, when others have brought the record",
            RENEWAL,
            [{"publish": RENEWED.wire.hex()}, *_comes(nowhere)],
            [brought],
        ),
        ("the whole record, though a successor would do", RENEWAL, whole, []),
        ("changes that leave out what is not there", EDIT, _comes(far), []),
        ("changes of a record that is no policy", EDIT, _comes(no_policy), []),
    ]
    return [
        {
            "why": why,
            "session": session,
            "to": "initiator",
            "after_frames": _FRAMES_BEFORE,
            "steps": steps,
            "says": [frame.hex() for frame in says],
        }
        for why, session, steps, says in cases
    ]


def refused_successors() -> list[_Case]:
    """Return successors that end a session, as cases of `vectors_refused_sessions`."""
    header, signature = RENEWED.header_bytes, RENEWED.signature
    created, prefix = _short(POLICY)
    size = len(RENEWED.body or b"")
    sound: list[Value] = [header, signature, created, prefix, size, None]
    withdrawn = rewritten(BOB, RENEWED, body=b"").header_bytes
    bad: dict[str, list[Value]] = {
        "that has no header": [None, *sound[1:]],
        "of a withdrawn record": [withdrawn, *sound[1:]],
        "of a version from before 1970": [*sound[:2], -1, *sound[3:]],
        "of a version that has no time": [*sound[:2], None, *sound[3:]],
        "of a version with a prefix of 11 bytes": [*sound[:3], prefix[:11], *sound[4:]],
        "of a version with a prefix that is text": [*sound[:3], "twelve bytes", *sound[4:]],
        "with an empty body": [*sound[:4], 0, None],
        "with a body that has no length": [*sound[:4], None, None],
        "with changes that are a number": [*sound[:5], 1],
        "with changes of two fields": [*sound[:5], (_NOTHING, ())],
        "with changes that have no entries": [*sound[:5], (None, (), ())],
        "with changes whose entries are no policy": [*sound[:5], (b"\x90", (), ())],
        "with vouches gone that are no array": [*sound[:5], (_NOTHING, 1, ())],
        "with blocks gone that are no array": [*sound[:5], (_NOTHING, (), 1)],
        "with vouches gone that do not ascend": [*sound[:5], (_NOTHING, (1, 0), ())],
        "with a vouch gone twice": [*sound[:5], (_NOTHING, (1, 1), ())],
        "with a block gone below the first": [*sound[:5], (_NOTHING, (), (-1,))],
        "with a block gone that is text": [*sound[:5], (_NOTHING, (), ("0",))],
        "with changes of a profile": [BOB.profile(NOW).header_bytes, *sound[1:5], (_NOTHING, (), ())],
    }
    too_long: dict[str, list[Value]] = {
        f"with a body of {POLICY_MAX_BYTES + 1} bytes": [*sound[:4], POLICY_MAX_BYTES + 1, None],
        f"of more than {SUCCESSOR_MAX_BYTES} bytes": [*sound[:5], (bytes(SUCCESSOR_MAX_BYTES), (), ())],
    }
    count = 2 * SUCCESSOR_BYTES_A_PULL // POLICY_MAX_BYTES + 1
    many = Have(0, tuple((NOW + 3, number.to_bytes(12, "big")) for number in range(count)))
    flood = Records((encode((*sound[:4], POLICY_MAX_BYTES, None)),))
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
_NOTHING = PolicyChanges(Policy(bytes(16), 1), (), ()).changed.to_body()  # type: ignore[arg-type]


def _whole_body(record: Record, base: tuple[int, bytes]) -> Successor:
    """Return `record` as a successor with the same body as `base`, whatever that is."""
    successor = Successor.of(record, base, record.body or b"")
    assert successor is not None
    return successor


def _refused(why: str, fields: list[Value], code: str) -> _Case:
    return (f"a successor {why}", *_AT, [Records((encode(tuple(fields)),))], code)


def _short(record: Record) -> tuple[int, bytes]:
    created, id_ = item(record)
    return created, id_[:12]


def _comes(successor: Successor) -> list[dict[str, Any]]:
    return [{"receive": [encode_frame(Records((successor.wire,))).hex()]}]
