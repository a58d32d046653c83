"""Certificates by which a thief claims another person's device keys; the thief's own identity key signs them."""

from __future__ import annotations

from protocol import Audience, Device, DeviceKeys, Kind, Record, device_slot, limits, signed
from protocol.numbers import UnixTime, Version
from tests.support.people import NOW, Person


def claim(thief: Person, keys: DeviceKeys) -> Record:
    """Return a certificate in which `thief` claims the device with these keys."""
    body = Device(bytes(16), keys.dh_public, keys.letter_public)
    return signed(
        kind=Kind.DEVICE,
        author=thief.id,
        device=keys.device_id,
        slot=device_slot(keys.device_id),
        version=Version(1),
        audience=Audience.FOLLOWS,
        policy_version=Version(0),
        created=UnixTime(NOW),
        expires=UnixTime(NOW + limits.DEVICE_LIFE),
        min_valid_version=Version(1),
        latest_expiry=UnixTime(NOW + limits.DEVICE_LIFE),
        body=body.to_body(),
        sign=thief.identity.sign,
    )
