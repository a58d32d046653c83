"""One record of every kind and form, for tests of the rules that all of them keep."""

from __future__ import annotations

from tests.support.people import Person

ALICE, BOB = Person("Alice"), Person("Bob")
OFFER = ALICE.listing()
RECORDS = {
    "certificate": ALICE.certificate(),
    "revocation": ALICE.revocation(),
    "policy": ALICE.policy({BOB: 700}, [Person("Mallory")]),
    "profile": ALICE.profile(),
    "listing": OFFER,
    "header alone": OFFER.without_body(),
    "withdrawal": ALICE.withdrawal(OFFER),
}
