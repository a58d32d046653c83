"""Makes the vectors of device codes and enrolments."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from protocol import Record
from protocol.tokens import DeviceCode
from protocol.wire import Enrolled, encode_frame, enrol, enrolment_words
from tests.support.people import NOW, Person, grown
from tests.support.vectors_refused_texts import malformed_certificates, refused_codes, refused_enrols

ALICE, PHONE = Person("Alice"), Person("Alice", "phone")
HASH = grown("a channel", size=64)
CODES = {
    "two addresses": DeviceCode(
        ALICE.id, ALICE.keys.dh_public, grown("code"), NOW + 600, (("192.168.1.20", 7345), ("fe80::2", 7345))
    ),
    "no address": DeviceCode(ALICE.id, ALICE.keys.dh_public, grown("another code"), NOW + 60, ()),
}


def enrolled(certificate: Record | None = None) -> Enrolled:
    """Return what Alice's laptop answers to her phone."""
    records = (ALICE.certificate().wire, ALICE.profile().wire)
    names = ((ALICE.device, "First device"), (PHONE.device, "Pi"))
    return Enrolled((certificate or PHONE.certificate()).wire, records, names)


_ANOTHERS: dict[str, Record] = {
    "a certificate of somebody else": Person("Mallory", "phone").certificate(),
    "a certificate for another device": ALICE.certificate(),
    "a revocation": PHONE.revocation(),
    "no certificate": PHONE.profile(),
    "a certificate without its body": PHONE.certificate().without_body(),
    "a signature that does not hold": replace(PHONE.certificate(), signature=bytes(64)),
}


REFUSED: dict[str, tuple[Enrolled, str]] = {
    **{why: (enrolled(record), "FORGED") for why, record in _ANOTHERS.items()},
    **malformed_certificates(enrolled()),
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
                **_keys(),
                "enrol": encode_frame(enrol(PHONE.keys, HASH)).hex(),
                "words": list(enrolment_words(HASH)),
                "remote_static": PHONE.keys.dh_public.hex(),
                "enrolled": encode_frame(enrolled()).hex(),
                "certificate": PHONE.certificate().wire.hex(),
            }
        ],
        "refused": [
            *refused_codes(CODES["two addresses"].to_text()),
            *refused_enrols(HASH),
            *(
                {
                    "why": why,
                    "do": "check enrolled",
                    "person": ALICE.id.hex(),
                    **_keys(),
                    "enrolled": encode_frame(answer).hex(),
                    "code": code,
                }
                for why, (answer, code) in REFUSED.items()
            ),
        ],
    }


def _keys() -> dict[str, str]:
    return {
        "sign_seed": PHONE.keys.sign_seed.hex(),
        "dh_private": PHONE.keys.dh_private.hex(),
        "letter_private": PHONE.keys.letter_private.hex(),
    }
