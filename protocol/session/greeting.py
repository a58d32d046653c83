"""Who is there: the Hello, and the certificate that ties the key of the handshake to a device of a person."""

from __future__ import annotations

from collections.abc import Iterable

from protocol.bodies import Device, body_of
from protocol.errors import Code, RemoteError
from protocol.frames import Hello
from protocol.keys import DeviceId
from protocol.record import Kind, Record, check_header, verify_signature

VERSIONS = (1,)
ALGORITHMS = (1,)  # of reconciliation; 1 is README.md, "Reconciliation"


def check_common_ground(hello: Hello) -> None:
    """RemoteError VERSION unless the two sides share a version and an algorithm of reconciliation."""
    if not set(VERSIONS) & set(hello.versions) or not set(ALGORITHMS) & set(hello.algorithms):
        raise RemoteError(Code.VERSION, f"versions {hello.versions}, algorithms {hello.algorithms}")


def names_key(certificate: Record, dh_public: bytes) -> bool:
    """Whether this record certifies a device, not struck, that speaks with the key `dh_public`."""
    if certificate.header.kind != Kind.DEVICE or not certificate.body:
        return False
    device = body_of(certificate)
    return isinstance(device, Device) and device.dh_public == dh_public and not device.struck


def read_introduction(wires: Iterable[bytes], dh_public: bytes) -> tuple[Record, list[Record]]:
    """The certificate that names `dh_public`, its signature checked, and the other records of an introduction.

    RemoteError FORGED if there is no such certificate. The other records are only parsed.
    """
    records = [Record.parse(wire) for wire in wires]
    for record in records:
        if names_key(record, dh_public):
            check_header(record.header)
            if not verify_signature(record):
                break
            return record, [other for other in records if other is not record]
    raise RemoteError(Code.FORGED, "no certificate for the key that the peer speaks with")


def keep_this_one(my_device: DeviceId, their_device: DeviceId, i_am_initiator: bool) -> bool:
    """Whether, of two connections between two devices, the one that I did or did not initiate is to stay.

    Both sides come to the same answer: the connection that the smaller device id dialed stays.
    """
    return i_am_initiator == (my_device < their_device)
