"""Signs own records and cards again that were dated by a time that has turned out wrong, each with the life that it had.

A post that was written in 1970 would be dead on arrival, and one from a wrong future would never end.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable

from meshnode.app.groups import membership
from meshnode.app.owner import policy
from meshnode.app.owner.certificates import certify
from meshnode.app.owner.profile import set_profile
from meshnode.clock import ClockReading, WrongDates
from meshnode.replica import authoring
from meshnode.replica.replica import Replica
from protocol import Audience, Device, Kind, Listing, Record, body_of, limits

log = logging.getLogger(__name__)

SPANS_KEPT = 16  # of wrong dates: a clock that is set again and again makes no long list
_SPANS = "wrong dates"  # the name of these spans in the store's small values

# Certificates first: without one that has not expired nothing else counts.
_KINDS = (Kind.DEVICE, Kind.POLICY, Kind.PROFILE, Kind.JOIN, Kind.LISTING, Kind.LETTER)


def follow(replica: Replica) -> None:
    """Give cards the right date as soon as it is known, from now on: their users call again at once."""

    def note(_: ClockReading) -> None:
        replica.guard.attempt("noting wrong dates", _note, replica)

    replica.clock.subscribe(note)


def is_due(replica: Replica) -> bool:
    """Whether a date has turned out wrong since `sign_again` was called last."""
    return bool(_noted(replica))


def sign_again(replica: Replica) -> int:
    """Sign again what is dated wrongly; to be called while the date is not in doubt. Returns how many were signed."""
    _note(replica)
    clock, meta = replica.clock, replica.store.meta
    spans, latest = _noted(replica), clock.now() + limits.CLOCK_SKEW
    signed = 0
    for kind in _KINDS:
        for record in list(replica.store.records.bodies(kind, author=replica.me)):
            if _is_misdated(record, spans, latest) and _is_ours(replica, record):
                signed += _sign(replica, record)
    if spans:
        meta.delete(_SPANS)
    if signed:
        log.info("own records were signed again with the right date", extra={"count": signed})
    return signed


def _note(replica: Replica) -> None:
    """Take note of the dates that have turned out wrong, until all records of these dates are signed again."""
    spans = replica.clock.misdated()
    if not spans:
        return
    now = replica.clock.now()
    for span in spans:
        replica.store.cards.redate(span.last, now)
    # Others may hold for long what was signed with a wrong date: shown again, it must not pass for a copy's words.
    replica.store.signed_records.keep_until(now + limits.DEVICE_LIFE)
    replica.store.meta.set(_SPANS, json.dumps([*_noted(replica), *spans][-SPANS_KEPT:]))


def _noted(replica: Replica) -> list[WrongDates]:
    return [WrongDates(*span) for span in json.loads(replica.store.meta.get(_SPANS) or "[]")]


def _is_misdated(record: Record, spans: Iterable[WrongDates], latest: int) -> bool:
    created, expires = record.header.created, record.header.expires
    return created > latest or any(span.earliest <= created <= span.latest and span.last < expires for span in spans)


def _is_ours(replica: Replica, record: Record) -> bool:
    """Whether this device has to sign it: it wrote it, or it is a certificate and this device has the identity key."""
    if record.header.kind == Kind.DEVICE:
        return replica.identity is not None
    return record.header.device == replica.device


def _sign(replica: Replica, record: Record) -> bool:
    def write() -> None:
        with replica.transaction():
            _write(replica, record)

    return replica.guard.step("signing again what was dated wrongly", write, item=record.id.hex())


def _write(replica: Replica, record: Record) -> None:
    header, body = record.header, body_of(record)
    now = replica.clock.now()
    expires = now + header.expires - header.created
    match Kind(header.kind):
        case Kind.DEVICE:
            assert isinstance(body, Device)
            if not body.revoked:
                certify(replica, header.device, body.dh_public, body.letter_public)
        case Kind.POLICY:
            policy.renew(replica)
        case Kind.PROFILE:
            set_profile(replica)
        case Kind.JOIN:
            membership.renew(replica, record)
        case kind:
            if isinstance(body, Listing) and body.available_until is not None:
                expires = body.available_until  # a date that the owner has typed
            if kind is Kind.LETTER:
                replica.store.letters.redate(header.slot, now, expires)
            if expires > now:
                audience = Audience(header.audience)
                authoring.write(
                    replica, kind, header.slot, body, life=expires - now, expires=expires, audience=audience
                )
