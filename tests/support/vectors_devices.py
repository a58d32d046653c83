"""Golden vectors of device codes and enrolments."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from protocol import Record
from protocol.tokens import DeviceCode
from protocol.wire import Enrolled, encode_frame, enrol
from tests.support.people import NOW, Person, grown

ALICE, PHONE = Person("Alice"), Person("Alice", "phone")
HASH = grown("a channel", size=64)
CODES = {
    "two addresses": DeviceCode(
        ALICE.id, ALICE.keys.dh_public, grown("code"), NOW + 600, (("192.168.1.20", 7345), ("fe80::2", 7345))
    ),
    "no address": DeviceCode(ALICE.id, ALICE.keys.dh_public, grown("another code"), NOW + 60, ()),
}


def enrolled(certificate: Record | None = None) -> Enrolled:
    """What Alice's laptop answers her phone."""
    records = (ALICE.certificate().wire, ALICE.profile().wire)
    names = ((ALICE.device, "First device"), (PHONE.device, "Pi"))
    return Enrolled((certificate or PHONE.certificate()).wire, records, names)


REFUSED = {
    "a certificate of somebody else": Person("Mallory", "phone").certificate(),
    "a certificate for another device": ALICE.certificate(),
    "a strike": PHONE.revocation(),
    "no certificate": PHONE.profile(),
    "a certificate without its body": PHONE.certificate().without_body(),
    "a signature that does not hold": replace(PHONE.certificate(), signature=bytes(64)),
}


def devices_vectors() -> dict[str, Any]:
    return {
        "codes": [
            {
                "case": case,
                "text": code.to_text(),
                "id": code.id.hex(),
                "person": code.person.hex(),
                "dh_public": code.dh_public.hex(),
                "secret": code.secret.hex(),
                "expires": code.expires,
                "addresses": [list(address) for address in code.addresses],
            }
            for case, code in CODES.items()
        ],
        "enrolments": [
            {
                "handshake_hash": HASH.hex(),
                "person": ALICE.id.hex(),
                "sign_seed": PHONE.keys.sign_seed.hex(),
                "dh_private": PHONE.keys.dh_private.hex(),
                "letter_private": PHONE.keys.letter_private.hex(),
                "enrol": encode_frame(enrol(PHONE.keys, HASH)).hex(),
                "enrolled": encode_frame(enrolled()).hex(),
            }
        ],
        "refused": [{"why": why, "enrolled": encode_frame(enrolled(record)).hex()} for why, record in REFUSED.items()],
    }
