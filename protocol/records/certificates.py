"""Checks the certificate of a device wherever somebody shows one: in a letter, a parcel, a meeting or a group."""

from __future__ import annotations

from protocol.errors import Code, RemoteError
from protocol.records.bodies import body_of
from protocol.records.device import Device
from protocol.records.record import Kind, Record, check_header, is_revocation, verify_signature


def check_certificate(record: Record) -> Device:
    """Return the keys in a certificate of a device, once all of it holds.

    RemoteError FORGED for any other record, for a revocation, and for one that its person has not signed; for a header or
    a body that breaks its rules as `check_header` and `body_of`. Whether it has expired or was revoked is not judged.
    """
    check_header(record.header)
    if record.header.kind != Kind.DEVICE or is_revocation(record.header) or not record.body:
        raise RemoteError(Code.FORGED, "no certificate of a device")
    body = body_of(record)
    assert isinstance(body, Device), "the body is of the header's kind"
    if not verify_signature(record):
        raise RemoteError(Code.FORGED, "a certificate that its person has not signed")
    return body


def is_certificate(record: Record) -> bool:
    """Whether this is a certificate of a device of which all holds, as `check_certificate` says."""
    try:
        check_certificate(record)
    except RemoteError:
        return False
    return True
