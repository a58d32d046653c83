"""Makes the vectors of values, keys, records, bodies and cards."""

from __future__ import annotations

from typing import Any

from conformance.data import to_json
from protocol import (
    Audience,
    Block,
    Body,
    Device,
    Kind,
    Listing,
    Photo,
    Policy,
    Precision,
    Preference,
    Profile,
    Record,
    Value,
    Vouch,
    bech32m,
    device_text,
    encode,
    fingerprint_words,
    person_text,
    photo_hash,
    short_id,
    signature_key,
    signature_message,
)
from protocol.limits import KEPT_INVITATIONS_MAX
from protocol.numbers import Stamp
from protocol.tokens import Card, card_id
from tests.support.chains import begun, chain, invites
from tests.support.people import NOW, Person, grown
from tests.support.vectors_changes import ascending
from tests.support.vectors_refused_letters import unknown_letter
from tests.support.vectors_refused_records import refused_bodies, refused_records
from tests.support.vectors_refused_texts import refused_cards

VALUES: dict[str, Value] = {
    "nothing": None,
    "no": False,
    "yes": True,
    "zero": 0,
    "the largest short number": 127,
    "one more": 128,
    "two bytes": 65_535,
    "four bytes": 2**32 - 1,
    "the largest number": 2**53 - 1,
    "the smallest short number": -32,
    "one less": -33,
    "the smallest number": -(2**53) + 1,
    "empty text": "",
    "composed text": "Käthe's jam",
    "the same text decomposed, which is another value": "Ka\u0308the's jam",
    "text of 32 bytes": "thirty-two bytes of plain text..",
    "empty bytes": b"",
    "a key": bytes(range(32)),
    "an empty array": (),
    "sixteen items": tuple(range(16)),
    "eight arrays in each other": ((((((((),),),),),),),),
    "arrays in arrays": ((), ((1, b"\x00"), "a"), None),
}

REFUSED = {
    "nothing at all": "",
    "a trailing byte": "0000",
    "a long form of a number": "cc01",
    "a signed form of a positive number": "d001",
    "eight bytes for one": "cf0000000000000001",
    "2^53": "cf0020000000000000",
    "-2^53": "d3ffe0000000000000",
    "a float": "ca3f800000",
    "a double": "cb3ff0000000000000",
    "a double that is no number": "cb7ff8000000000000",
    "an empty map": "80",
    "a map": "810102",
    "a map with a key twice": "8201020103",
    "an extension": "d40100",
    "a time stamp": "d6ff00000000",
    "an empty extension": "c70001",
    "the byte that is never used": "c1",
    "text that is not UTF-8": "a1ff",
    "a lone surrogate": "a3eda080",
    "a long form of text": "d90161",
    "a long form of bytes": "c5000100",
    "a long form of an array": "dc000100",
    "an array cut short": "9201",
    "an array of four thousand million items": "ddffffffff",
    "an array of 1,025 items": "dc0401 c0*1025",
    "nine arrays in each other": "91" * 8 + "90",
}


def codec_vectors() -> dict[str, Any]:
    return {
        "accepted": [
            {"case": case, "value": to_json(value), "bytes": encode(value).hex()} for case, value in VALUES.items()
        ],
        "refused": [{"case": case, "bytes": wire, "code": "MALFORMED"} for case, wire in REFUSED.items()],
    }


def keys_vectors() -> dict[str, Any]:
    people = [
        {
            "identity_seed": person.identity.seed.hex(),
            "person": person.id.hex(),
            "person_text": person_text(person.id),
            "short": short_id(person.id),
            "fingerprint_words": list(fingerprint_words(person.id)),
            "sign_seed": person.keys.sign_seed.hex(),
            "device": person.device.hex(),
            "device_slot": person.slot.hex(),
            "dh_private": person.keys.dh_private.hex(),
            "dh_public": person.keys.dh_public.hex(),
            "letter_private": person.keys.letter_private.hex(),
            "letter_public": person.keys.letter_public.hex(),
        }
        for person in (Person("Alice"), Person("Bob"), Person("Bob", "phone"))
    ]
    return {
        "people": people,
        "refused": [{"why": why, "text": text, "code": "MALFORMED"} for why, text in _no_people()],
    }


def _no_people() -> list[tuple[str, str]]:
    """Return texts that are not the written form of a person, each after the reason."""
    alice = Person("Alice")
    text = person_text(alice.id)
    return [
        ("nothing", ""),
        ("another prefix", device_text(alice.id)),
        ("cut short", text[:-1]),
        ("no more than a checksum", text[:9]),
        ("a character changed", text[:10] + ("q" if text[10] != "q" else "p") + text[11:]),
        ("a character that is not of the alphabet", text[:10] + "b" + text[11:]),
        ("31 bytes", bech32m.to_text("mp", alice.id[:31])),
        ("33 bytes", bech32m.to_text("mp", alice.id + b"\0")),
    ]


def record_vectors() -> dict[str, Any]:
    alice, bob = Person("Alice"), Person("Bob")
    offer = alice.listing(slot=grown("slot", size=16), category="food")
    cases = {
        "a certificate": alice.certificate(),
        "a revocation": alice.revocation(),
        "a policy": alice.policy({bob: 700}, [Person("Mallory")]),
        "a profile": alice.profile(about="Gardener\nat number 12", place="881f1d4887fffff"),
        "an offer": offer,
        "its tombstone": offer.without_body(),
        "its next version, which keeps the old one valid": alice.listing(
            slot=offer.header.slot, version=2, min_valid_version=1, now=NOW + 60
        ),
        "its withdrawal": alice.withdrawal(offer, NOW + 120),
        "a need that follows the preference": bob.listing("A ladder", type="need", audience=Audience.FOLLOWS),
    }
    return {
        "records": [{"case": case, **_record(record)} for case, record in cases.items()],
        "refused": refused_records(),
    }


def _record(record: Record) -> dict[str, Any]:
    fields = record.header._asdict().items()
    header = {name: value.hex() if isinstance(value, bytes) else value for name, value in fields}
    return {
        "header": header,
        "header_bytes": record.header_bytes.hex(),
        "id": record.id.hex(),
        "signature_key": signature_key(record).hex(),
        "signature_message": signature_message(record).hex(),
        "signature": record.signature.hex(),
        "body": None if record.body is None else record.body.hex(),
        "wire": record.wire.hex(),
    }


def bodies_vectors() -> dict[str, Any]:
    salt = grown("salt", size=16)
    alice, bob, carol = Person("Alice"), Person("Bob"), Person("Carol")
    bodies: dict[str, tuple[Kind, Body]] = {
        "a device": (Kind.DEVICE, Device(salt, alice.keys.dh_public, alice.keys.letter_public)),
        "a revoked device": (Kind.DEVICE, Device(salt, alice.keys.dh_public, alice.keys.letter_public, revoked=True)),
        "a revoked device two of whose invitations count": (
            Kind.DEVICE,
            Device(salt, alice.keys.dh_public, alice.keys.letter_public, revoked=True, kept=(b"b" * 16, b"a" * 16)),
        ),
        "a revoked device of which as many invitations count as can": (
            Kind.DEVICE,
            Device(
                salt,
                alice.keys.dh_public,
                alice.keys.letter_public,
                revoked=True,
                kept=tuple(ascending(KEPT_INVITATIONS_MAX, 16)),
            ),
        ),
        "an empty policy": (Kind.POLICY, Policy(salt, Stamp(0))),
        "a policy": (
            Kind.POLICY,
            Policy(
                salt,
                Stamp(9),
                (Vouch(bob.id, 700, 3), Vouch(carol.id, 0, 9)),
                (Block(grown("tag", size=16), blocked=True, stamp=4), Block(bytes(16), blocked=False, stamp=5)),
                Preference(Audience.ANYONE_LOCAL, Precision.CITY, 10, 8),
            ),
        ),
        "the policy of a person who is away": (
            Kind.POLICY,
            Policy(salt, Stamp(9), preference=Preference(stamp=9, paused=1_700_000_000)),
        ),
        "a short profile": (Kind.PROFILE, Profile(salt, "Alice", presence_key=alice.presence_key)),
        "a full profile": (
            Kind.PROFILE,
            Profile(
                salt,
                "Zoë 🌱",
                "Seeds, and how to grow them.\nAsk me.",
                "861f1d487ffffff",
                presence_key=alice.presence_key,
            ),
        ),
        "a founder's join": (Kind.JOIN, begun(alice)),
        "a member's join with invitations": (Kind.JOIN, invites(chain(alice, bob), bob, carol, alice)),
        "a letter": (Kind.LETTER, unknown_letter()),
        "a short offer": (Kind.LISTING, Listing("offer", "Fresh vegetables", category="food", salt=salt)),
        "an offer with two photos": (
            Kind.LISTING,
            Listing(
                "offer",
                "A bench",
                salt=salt,
                photos=(
                    Photo(
                        grown("photo 1", size=32), 123_456, grown("small 1", size=32), 9_876, "The bench, from the side"
                    ),
                    Photo(grown("photo 2", size=32), 200_000, grown("small 2", size=32), 12_000),
                ),
            ),
        ),
        "a full need": (
            Kind.LISTING,
            Listing(
                "need",
                "Eine Leiter",
                "Mindestens 4 m.\nIch hole sie ab.",
                "tools",
                ("leiter", "garten"),
                1,
                "piece",
                NOW,
                NOW + 86_400,
                "emergency",
                lend=True,
                return_by=NOW + 2 * 86_400,
                language="de",
                notice_board=True,
                place="881f1d4887fffff",
                promised=2,
                salt=salt,
            ),
        ),
    }
    photos = {"a photo": (alice, grown("photo", size=32)), "the same by another author": (bob, grown("photo", size=32))}
    return {
        "photos": [
            {"case": case, "author": who.id.hex(), "photo": data.hex(), "hash": photo_hash(who.id, data).hex()}
            for case, (who, data) in photos.items()
        ],
        "bodies": [
            {"case": case, "kind": int(kind), "body": body.to_body().hex()} for case, (kind, body) in bodies.items()
        ],
        "refused": refused_bodies(),
    }


def card_vectors() -> dict[str, Any]:
    alice = Person("Alice")
    addresses: dict[str, tuple[tuple[str, int], ...]] = {
        "no address": (),
        "one address": (("192.168.1.20", 7345),),
        "both families": (("fe80::2", 7345), ("10.0.0.7", 7345), ("2001:db8::1", 65535)),
    }
    cards = [
        (case, Card(alice.id, "Alice", alice.certificate(), grown(case), where, NOW + 604_800, 800, 1 + 19 * number))
        for number, (case, where) in enumerate(addresses.items())
    ]
    held = [
        {
            "case": case,
            "giver": card.giver.hex(),
            "name": card.name,
            "certificate": card.certificate.wire.hex(),
            "secret": card.secret.hex(),
            "id": card_id(card.secret).hex(),
            "addresses": [list(address) for address in card.addresses],
            "expires": card.expires,
            "weight": card.weight,
            "uses": card.uses,
            "text": card.to_text(),
        }
        for case, card in cards
    ]
    return {"cards": held, "refused": refused_cards()}
