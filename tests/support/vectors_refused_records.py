"""Records and bodies that every reader must refuse, each with the rule that refuses it and the code."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from protocol import (
    Block,
    Device,
    GroupKind,
    Header,
    Join,
    Kind,
    Letter,
    Listing,
    Photo,
    Policy,
    Profile,
    Record,
    Vouch,
    signature_message,
)
from protocol.limits import (
    ABOUT_MAX,
    DAY,
    DEVICE_LIFE,
    FOREVER,
    GROUP_LINKS_MAX,
    INVITATIONS_MAX,
    JOIN_LIFE,
    KEPT_INVITATIONS_MAX,
    LANGUAGE_MAX,
    LETTER_LIFE,
    LISTING_LIFE,
    NAME_MAX,
    POLICY_LIFE,
    PROFILE_LIFE,
    PROMISED_MAX,
    QUANTITY_MAX,
    QUANTITY_STEPS,
    RADIUS_KM_MAX,
    TAG_MAX,
    TAGS_MAX,
    TEXT_MAX,
    TIME_MAX,
    TITLE_MAX,
    UNIT_MAX,
)
from protocol.numbers import Stamp
from tests.support.chains import begun, chain, invites, join_record
from tests.support.malformed_records import rewritten, with_signature
from tests.support.people import NOW, Person, grown
from tests.support.vectors_changes import Change, ascending, changed, compact, longer, refusals, shorter, written
from tests.support.vectors_refused_photos import refused_photos

ALICE, BOB, CAROL = Person("Alice"), Person("Bob"), Person("Carol")
OFFER = ALICE.listing(slot=grown("slot", size=16), category="food")
LOW_ORDER = bytes(32)


def refused_records() -> list[dict[str, Any]]:
    """Return records that are refused by their form, their header, their signature, or what body and header disagree on."""
    return [
        {"why": why, "record": compact(wire), "code": code}
        for cases in (_form(), _headers(), _signatures(), _bodies_under_headers())
        for why, wire, code in cases
    ]


_Cases = list[tuple[str, bytes, str]]


def _form() -> _Cases:
    wire, header = OFFER.wire, OFFER.header_bytes
    withdrawn = ALICE.withdrawal(OFFER, NOW + 120)
    long_policy = rewritten(ALICE, ALICE.policy(), body=bytes(61_441))
    long_offer = rewritten(ALICE, OFFER, body=bytes(32_700))
    names = Header._fields
    return [
        ("a record of more than 61,440 bytes", long_policy.wire, "OVERSIZED"),
        ("a record of more than 32,768 bytes that is no policy", long_offer.wire, "OVERSIZED"),
        ("a record cut short", wire[:-1], "MALFORMED"),
        ("a byte after the record", wire + b"\0", "MALFORMED"),
        ("a longer form of the array", b"\xdc\x00\x03" + wire[1:], "MALFORMED"),
        ("a record that is no array", written(header), "MALFORMED"),
        ("a record without the field for its body", shorter(wire), "MALFORMED"),
        ("a record of four fields", longer(wire), "MALFORMED"),
        ("a header that is text", changed(wire, [0], "header"), "MALFORMED"),
        ("a signature that is text", changed(wire, [1], "s" * 64), "MALFORMED"),
        ("a signature of 63 bytes", changed(wire, [1], bytes(63)), "MALFORMED"),
        ("a header of more than 256 bytes", changed(wire, [0], bytes(257)), "OVERSIZED"),
        ("a header that is no array", changed(wire, [0], b"\x00"), "MALFORMED"),
        ("a header of eleven fields", changed(wire, [0], shorter(header)), "MALFORMED"),
        ("a header with a longer form of the array", changed(wire, [0], b"\xdc\x00\x0c" + header[1:]), "MALFORMED"),
        *(
            (f"a header whose {name} is nil", changed(wire, [0], changed(header, [place], None)), "MALFORMED")
            for place, name in enumerate(names)
        ),
        ("a header whose version is a boolean", changed(wire, [0], changed(header, [4], True)), "MALFORMED"),
        ("a body that the header does not name", changed(wire, [2], b"another body"), "FORGED"),
        ("an empty body under a header that names another", changed(wire, [2], b""), "FORGED"),
        ("a body that is text", changed(wire, [2], "body"), "MALFORMED"),
        ("a withdrawn record without its empty body", changed(withdrawn.wire, [2], None), "MALFORMED"),
    ]


def _headers() -> _Cases:
    certificate, policy, profile = ALICE.certificate(), ALICE.policy(), ALICE.profile()
    join = join_record(BOB, chain(ALICE, BOB))
    letter = ALICE.record(Kind.LETTER, grown("letter", size=16), _letter(), life=LETTER_LIFE, policy_version=1)
    revocation = ALICE.revocation()
    changes: list[tuple[str, Person, Record, dict[str, Any]]] = [
        ("an author of 31 bytes", ALICE, OFFER, {"author": ALICE.id[:31]}),
        ("a device of 31 bytes", ALICE, OFFER, {"device": ALICE.device[:31]}),
        ("an author and a device of 31 bytes", ALICE, OFFER, {"author": ALICE.id[:31], "device": ALICE.device[:31]}),
        ("a slot of 15 bytes", ALICE, OFFER, {"slot": bytes(15)}),
        ("a certificate in another slot than its device's", ALICE, certificate, {"slot": bytes(16)}),
        ("a policy in another slot than its device's", ALICE, policy, {"slot": bytes(16)}),
        ("a profile in another slot than the zeros", ALICE, profile, {"slot": bytes(15) + b"\x01"}),
        ("a negative audience", ALICE, OFFER, {"audience": -1}),
        *(
            (f"a {word} with an audience", who, record, {"audience": 1})
            for word, who, record in (
                ("certificate", ALICE, certificate),
                ("policy", ALICE, policy),
                ("profile", ALICE, profile),
                ("join", BOB, join),
                ("letter", ALICE, letter),
            )
        ),
        ("a negative policy version", ALICE, OFFER, {"policy_version": -1}),
        ("a certificate with a policy version", ALICE, certificate, {"policy_version": 1}),
        ("a policy with a policy version", ALICE, policy, {"policy_version": 1}),
        ("version 0", ALICE, OFFER, {"version": 0, "min_valid_version": 0}),
        ("a negative minimum valid version", ALICE, OFFER, {"min_valid_version": -1}),
        ("a minimum valid version above the version", ALICE, OFFER, {"min_valid_version": 2}),
        ("created before 1970", ALICE, OFFER, {"created": -1, "expires": DAY, "latest_expiry": DAY}),
        ("expires when it is created", ALICE, OFFER, {"expires": NOW}),
        ("a latest expiry before the expiry", ALICE, OFFER, {"latest_expiry": OFFER.header.expires - 1}),
        ("a version above 2^52", ALICE, OFFER, {"version": 2**52 + 1}),
        ("a certificate of version 2^53 - 2", ALICE, certificate, {"version": 2**53 - 2}),
        ("a listing of version 2^53 - 1", ALICE, OFFER, {"version": 2**53 - 1}),
        ("a policy version above 2^52", ALICE, OFFER, {"policy_version": 2**52 + 1}),
        ("a latest expiry above 2^52", ALICE, OFFER, {"latest_expiry": 2**52 + 1}),
        ("a revocation that expires", ALICE, revocation, {"expires": NOW + DAY}),
        ("a certificate that never expires", ALICE, certificate, {"expires": FOREVER, "latest_expiry": FOREVER}),
    ]
    lives = [
        ("certificate", ALICE, certificate, DEVICE_LIFE),
        ("policy", ALICE, policy, POLICY_LIFE),
        ("profile", ALICE, profile, PROFILE_LIFE),
        ("join", BOB, join, JOIN_LIFE),
        ("listing", ALICE, OFFER, LISTING_LIFE),
        ("letter", ALICE, letter, LETTER_LIFE),
    ]
    return [
        *((why, rewritten(who, record, **header).wire, "MALFORMED") for why, who, record, header in changes),
        ("kind 0", rewritten(ALICE, OFFER, kind=0).wire, "MALFORMED"),
        ("kind 256", rewritten(ALICE, OFFER, kind=256).wire, "MALFORMED"),
        ("a kind from a newer version", rewritten(ALICE, OFFER, kind=7).wire, "UNKNOWN_KIND"),
        ("the last kind there can be", rewritten(ALICE, OFFER, kind=255).wire, "UNKNOWN_KIND"),
        (
            "kind 0 with a further field",
            changed(OFFER.wire, [0], longer(changed(OFFER.header_bytes, [0], 0))),
            "MALFORMED",
        ),
        ("a header with a further field", changed(OFFER.wire, [0], longer(OFFER.header_bytes)), "UNKNOWN_KIND"),
        (
            "a kind from a newer version, created before 1970",
            rewritten(ALICE, OFFER, kind=7, created=-1).wire,
            "MALFORMED",
        ),
        ("a listing for an audience from a newer version", rewritten(ALICE, OFFER, audience=6).wire, "UNKNOWN_KIND"),
        ("a listing for audience 256", rewritten(ALICE, OFFER, audience=256).wire, "MALFORMED"),
        ("a tombstone with a body hash of 31 bytes", _tombstone(body_hash=bytes(31)).wire, "MALFORMED"),
        ("a withdrawn certificate", rewritten(ALICE, certificate, body=b"").wire, "MALFORMED"),
        *(
            (
                f"a {word} that lives a second too long",
                rewritten(who, record, expires=NOW + life + 1, latest_expiry=NOW + life + 1).wire,
                "EXPIRED",
            )
            for word, who, record, life in lives
        ),
    ]


def _tombstone(**header: Any) -> Record:
    """Return Alice's offer without its body and with other header fields, signed."""
    whole = rewritten(ALICE, OFFER, **header)
    return Record(whole.header, whole.header_bytes, whole.signature, None)


def _signatures() -> _Cases:
    certificate = ALICE.certificate()
    bent = bytes([OFFER.signature[0] ^ 1]) + OFFER.signature[1:]
    by_device = rewritten(BOB, OFFER)
    tombstone = OFFER.without_body()
    return [
        ("a signature with a bit changed", with_signature(OFFER, bent).wire, "FORGED"),
        ("a tombstone whose signature has a bit changed", with_signature(tombstone, bent).wire, "FORGED"),
        ("a signature by another device", by_device.wire, "FORGED"),
        ("a certificate signed by its device", signed_by_device(certificate).wire, "FORGED"),
        ("a field changed under the signature", with_signature(rewritten(ALICE, OFFER, version=2), OFFER.signature).wire, "FORGED"),
    ]  # fmt: skip


def signed_by_device(record: Record) -> Record:
    """Return Alice's `record` signed by her device in place of her identity."""
    return with_signature(record, ALICE.keys.sign(signature_message(record)))


def _bodies_under_headers() -> _Cases:
    keys = (grown("salt", size=16), ALICE.keys.dh_public, ALICE.keys.letter_public)
    valid, revoked = Device(*keys).to_body(), Device(*keys, revoked=True).to_body()
    own_vouch = Policy(keys[0], Stamp(1), (Vouch(ALICE.id, 700, 1),)).to_body()
    join = join_record(BOB, chain(ALICE, BOB))
    return [
        ("a body that is not of its kind's form", rewritten(ALICE, OFFER, body=b"\x90").wire, "MALFORMED"),
        (
            "a certificate whose body says revoked",
            rewritten(ALICE, ALICE.certificate(), body=revoked).wire,
            "MALFORMED",
        ),
        ("a revocation whose body does not say so", rewritten(ALICE, ALICE.revocation(), body=valid).wire, "MALFORMED"),
        ("a policy that vouches for its author", rewritten(ALICE, ALICE.policy(), body=own_vouch).wire, "MALFORMED"),
        ("a join in another group's slot", rewritten(BOB, join, slot=bytes(16)).wire, "MALFORMED"),
    ]


# --- bodies ----------------------------------------------------------------------------------------------------------


def refused_bodies() -> list[dict[str, Any]]:
    """Return bodies of each kind that are refused."""
    found = []
    for kind, (body, changes) in _bodies().items():
        found += [
            {"why": why, "kind": int(kind), "body": data.hex(), "code": "MALFORMED"}
            for why, data in (
                ("not an array", b"\x00"),
                ("a field too few", shorter(body)),
                ("a field too many", longer(body)),
                ("a longer form of the array", b"\xdc\x00" + bytes([body[0] & 15]) + body[1:]),
                ("a salt of 15 bytes", changed(body, [0], bytes(15))),
                ("a salt that is text", changed(body, [0], "s" * 16)),
            )
        ]
        found += refusals(body, "body", changes, kind=int(kind))
    kinds = [
        {"why": "a kind that this version does not know", "kind": 7, "body": b"\x90".hex(), "code": "UNKNOWN_KIND"}
    ]
    found += kinds
    found += refusals(_revocation(), "body", _REVOCATION, kind=int(Kind.DEVICE))
    empty = Policy(grown("salt", size=16), Stamp(1)).to_body()
    one = Policy(grown("salt", size=16), Stamp(3), (Vouch(BOB.id, 700, 3),)).to_body()
    clocks = [Change("a clock that is a boolean", [1], True), Change("a clock above 2^52", [1], 2**52 + 1)]
    found += refusals(empty, "body", clocks, kind=int(Kind.POLICY))
    found += refusals(one, "body", [Change("one vouch, for text", [2, 0, 0], "s" * 32)], kind=int(Kind.POLICY))
    always = changed(_LISTING.to_body(), [8], None)
    found += refusals(
        always,
        "body",
        [Change("available until before 1970", [9], -1), Change("available until after 2^52", [9], 2**52 + 1)],
        kind=int(Kind.LISTING),
    )
    photos = (Photo(bytes(range(32)), 1000, bytes(range(32, 64)), 100, "A ladder"),)
    with_photo = replace(_LISTING, photos=photos).to_body()
    found += refusals(with_photo, "body", refused_photos(), kind=int(Kind.LISTING))
    return found


def _bodies() -> dict[Kind, tuple[bytes, list[Change]]]:
    salt = grown("salt", size=16)
    device = Device(salt, ALICE.keys.dh_public, ALICE.keys.letter_public)
    vouches = (Vouch(BOB.id, 700, 3), Vouch(CAROL.id, 0, 9))
    blocks = (Block(bytes(16), blocked=False, stamp=5), Block(grown("tag", size=16), blocked=True, stamp=4))
    return {
        Kind.DEVICE: (device.to_body(), _DEVICE),
        Kind.POLICY: (Policy(salt, Stamp(9), vouches, blocks).to_body(), _policy(vouches, blocks)),
        Kind.PROFILE: (Profile(salt, "Alice", presence_key=ALICE.presence_key).to_body(), _PROFILE),
        Kind.JOIN: (invites(_join(), BOB, CAROL, ALICE).to_body(), _joins()),
        Kind.LISTING: (_LISTING.to_body(), _LISTINGS),
        Kind.LETTER: (_letter().to_body(), _LETTERS),
    }


_DEVICE = [
    Change("a handshake key of 31 bytes", [1], bytes(range(31))),
    Change("a handshake key that is text", [1], "k" * 32),
    Change("a letter key of 31 bytes", [2], bytes(range(31))),
    Change("a handshake key of low order", [1], LOW_ORDER),
    Change("a letter key of low order", [2], LOW_ORDER),
    Change("a letter key of low order with the bit that is masked", [2], bytes(31) + b"\x80"),
    Change("revoked as a number", [3], 1),
]


def _revocation() -> bytes:
    """Return the body of a revocation that keeps two invitations."""
    kept = (bytes(15) + b"\1", bytes(15) + b"\2")
    return Device(
        grown("salt", size=16), ALICE.keys.dh_public, ALICE.keys.letter_public, revoked=True, kept=kept
    ).to_body()


_REVOCATION = [
    Change("kept invitations of a device that is not revoked", [3], False),
    Change("kept invitations that are no array", [4], 0),
    Change("kept invitations that are bytes", [4], bytes(16)),
    Change("an empty list of kept invitations", [4], []),
    Change("more than 1,000 kept invitations", [4], ascending(KEPT_INVITATIONS_MAX + 1, 16)),
    Change("a kept invitation of 15 bytes", [4, 0], bytes(15)),
    Change("a kept invitation that is text", [4, 0], "t" * 16),
    Change("kept invitations out of order", [4], [bytes(15) + b"\2", bytes(15) + b"\1"]),
    Change("one kept invitation twice", [4], [bytes(16), bytes(16)]),
]


def _policy(vouches: tuple[Vouch, ...], blocks: tuple[Block, ...]) -> list[Change]:
    in_order, blocks_in_order = sorted(vouches), sorted(blocks)
    return [
        Change("a clock that is text", [1], "9"),
        Change("a clock below 0", [1], -1),
        Change("vouches that are no array", [2], 0),
        Change("a vouch that is no array", [2, 0], 0),
        Change("a vouch of two fields", [2, 0], [BOB.id, 700]),
        Change("a vouch for a key of 31 bytes", [2, 0, 0], in_order[0].subject[:31]),
        Change("a vouch for text", [2, 0, 0], "s" * 32),
        Change("a vouch of less than 0", [2, 0, 1], -1),
        Change("a vouch of more than 1000", [2, 0, 1], 1001),
        Change("a vouch without a weight", [2, 0, 1], None),
        Change("a vouch with stamp 0", [2, 0, 2], 0),
        Change("a vouch with a stamp above the clock", [2, 0, 2], 10),
        Change("vouches out of order", [2], in_order[::-1]),
        Change("two vouches for one person", [2], [in_order[0], in_order[0]._replace(weight=999)]),
        Change("blocks that are no array", [3], 0),
        Change("a block of two fields", [3, 0], [bytes(16), False]),
        Change("a block with a tag of 15 bytes", [3, 0, 0], bytes(15)),
        Change("a block that is neither true nor false", [3, 0, 1], 0),
        Change("a block with stamp 0", [3, 0, 2], 0),
        Change("a block with a stamp above the clock", [3, 0, 2], 10),
        Change("blocks out of order", [3], blocks_in_order[::-1]),
        Change("two blocks with one tag", [3], [blocks_in_order[0], blocks_in_order[0]._replace(stamp=6)]),
        Change("a preference that is no array", [4], 0),
        Change("a preference of three fields", [4], [2, 8, 25]),
        Change("a preference for audience 0", [4, 0], 0),
        Change("a preference for audience 6", [4, 0], 6),
        Change("a precision of 5", [4, 1], 5),
        Change("a radius of 0", [4, 2], 0),
        Change("a radius beyond the earth", [4, 2], RADIUS_KM_MAX + 1),
        Change("a radius that is text", [4, 2], "25"),
        Change("a preference with a negative stamp", [4, 3], -1),
        Change("a preference with a stamp above the clock", [4, 3], 10),
        Change("a preference of six fields", [4], [2, 8, 25, 1, 9, 0]),
        Change("a pause that is none, written out", [4], [2, 8, 25, 1, 0]),
        Change("a pause since before 1970", [4], [2, 8, 25, 1, -1]),
        Change("a pause that is text", [4], [2, 8, 25, 1, "9"]),
        Change("a pause since after the end of time", [4], [2, 8, 25, 1, TIME_MAX + 1]),
    ]


_PROFILE = [
    Change("a name that is empty", [1], ""),
    Change("a name that is no text", [1], b"Alice"),
    Change("a name of 65 code points", [1], "a" * (NAME_MAX + 1)),
    Change("a name of two lines", [1], "Alice\nBob"),
    Change("words about a person that are too long", [2], "a" * (ABOUT_MAX + 1)),
    Change("words about a person that are no text", [2], None),
    Change("a place that is no cell", [3], "here"),
    Change("a place that is no text", [3], 0),
    Change("a presence key of 31 bytes", [4], bytes(31)),
]


def _join() -> Join:
    return chain(ALICE, BOB)


def _joins() -> list[Change]:
    invited = invites(_join(), BOB, CAROL, ALICE).invitations
    step = list(begun(ALICE).steps[0])
    many = [[tag, NOW, bytes(64)] for tag in ascending(INVITATIONS_MAX + 1, 16)]
    return [
        Change("a group of kind 3", [1], max(GroupKind) + 1),
        Change("a group whose kind is a boolean", [1], True),
        Change("a group without a name", [2], ""),
        Change("a group whose name is no text", [2], b"Elm Street"),
        Change("a nonce of 15 bytes", [3], bytes(15)),
        Change("a founder of 31 bytes", [4], bytes(31)),
        Change("steps that are no array", [5], 0),
        Change("no step", [5], []),
        Change("more than 17 steps", [5], [[b"", bytes(64)]] * (GROUP_LINKS_MAX + 2)),
        Change("a step that is no array", [5, 0], 0),
        Change("a step of three fields", [5, 0], [*step, 0]),
        Change("a certificate that is text", [5, 0, 0], "certificate"),
        Change("a step with a signature of 63 bytes", [5, 0, 1], bytes(63)),
        Change("invitations that are no array", [6], 0),
        Change("more than 64 invitations", [6], many),
        Change("an invitation of two fields", [6, 0], list(invited[0][:2])),
        Change("an invitation with a tag of 15 bytes", [6, 0, 0], bytes(15)),
        Change("an invitation that expires before 1970", [6, 0, 1], -1),
        Change("an invitation without an expiry", [6, 0, 1], None),
        Change("an invitation with a signature of 63 bytes", [6, 0, 2], bytes(63)),
        Change("invitations out of order", [6], invited[::-1]),
        Change("two invitations with one tag", [6], [invited[0], invited[0]._replace(expires=invited[0].expires + 1)]),
    ]


def _letter() -> Letter:
    boxes = tuple(sorted(grown("box", number, size=40) * 2 for number in range(4)))
    return Letter(grown("salt", size=16), bytes(16), boxes, bytes(24), bytes(512 + 16))


_BOXES = _letter().boxes
_LETTERS = [
    Change("a tag of 15 bytes", [1], bytes(15)),
    Change("boxes that are no array", [2], b"boxes"),
    Change("no box", [2], []),
    Change("three boxes", [2], _BOXES[:3]),
    Change("twenty boxes", [2], ascending(20, 80)),
    Change("a box of 79 bytes", [2], [_BOXES[0][:79], *_BOXES[1:]]),
    Change("a box that is text", [2], ["b" * 80, *_BOXES[1:]]),
    Change("boxes out of order", [2], _BOXES[::-1]),
    Change("a box twice", [2], [_BOXES[0], *_BOXES[:3]]),
    Change("a nonce of 23 bytes", [3], bytes(23)),
    Change("content that is padded to no size of letters", [4], bytes(511 + 16)),
    Change("content that is text", [4], "s" * 528),
]

_LISTING = Listing(
    "need",
    "A ladder",
    "At least 4 m.",
    "tools",
    ("ladder", "garden"),
    1,
    "piece",
    NOW,
    NOW + DAY,
    "emergency",
    lend=True,
    return_by=NOW + 2 * DAY,
    language="en",
    place="881f1d4887fffff",
    promised=2,
    salt=grown("salt", size=16),
)
_LISTINGS = [
    Change("type 2", [1], 2),
    Change("type -1", [1], -1),
    Change("a type that is a boolean", [1], True),
    Change("a title that is empty", [2], ""),
    Change("a title that is no text", [2], b"A ladder"),
    Change("a title that is too long", [2], "a" * (TITLE_MAX + 1)),
    Change("a title of two lines", [2], "A\nladder"),
    Change("text that is too long", [3], "a" * (TEXT_MAX + 1)),
    Change("text that is no text", [3], None),
    Change("category 10", [4], 10),
    Change("a category that is a word", [4], "tools"),
    Change("tags that are no array", [5], "abc"),
    Change("too many tags", [5], [f"tag {number}" for number in range(TAGS_MAX + 1)]),
    Change("a tag that is empty", [5, 0], ""),
    Change("a tag that is too long", [5, 0], "a" * (TAG_MAX + 1)),
    Change("a tag that is no text", [5, 0], b"ladder"),
    Change("a tag twice", [5, 1], "ladder"),
    Change("a quantity of 0", [6], 0),
    Change("a quantity that is too large", [6], QUANTITY_MAX * QUANTITY_STEPS + 1),
    Change("a quantity that is text", [6], "1"),
    Change("a unit that is too long", [7], "a" * (UNIT_MAX + 1)),
    Change("a unit that is no text", [7], None),
    Change("available from before 1970", [8], -1),
    Change("available from in words", [8], "today"),
    Change("available until in words", [9], "tomorrow"),
    Change("urgency 3", [10], 3),
    Change("lend as a number", [11], 1),
    Change("return by before 1970", [12], -1),
    Change("a language that is no tag", [13], "english"),
    Change("a language that is too long", [13], "de" + "-a" * (LANGUAGE_MAX // 2)),
    Change("a language that is no text", [13], None),
    Change("notice board as a number", [14], 1),
    Change("a place that is no cell", [15], "here"),
    Change("a place that is no text", [15], 0),
    Change("promised below 0", [16], -1),
    Change("promised nothing at all", [16], None),
    Change("promised that is too large", [16], PROMISED_MAX * QUANTITY_STEPS + 1),
    Change("promised without a quantity", [6], None),
    Change("available until a time before available from", [9], NOW - 1),
    Change("return by for what is not lent", [11], False),
]
