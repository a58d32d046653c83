"""Certificates by which a thief claims another person's device keys; the thief's own identity key signs them."""

from __future__ import annotations

from protocol import Audience, Device, DeviceKeys, Kind, Record, device_slot, limits, signed
from tests.support.people import NOW, Person


def claim(thief: Person, keys: DeviceKeys) -> Record:
    """Return a certificate in which `thief` claims the device with these keys."""
    body = Device(bytes(16), keys.dh_public, keys.letter_public)
    return signed(
        kind=Kind.DEVICE,
        author=thief.id,
        device=keys.device_id,
        slot=device_slot(keys.device_id),
        version=1,
        audience=Audience.FOLLOWS,
        policy_version=0,
        created=NOW,
        expires=NOW + limits.DEVICE_LIFE,
        min_valid_version=1,
        latest_expiry=NOW + limits.DEVICE_LIFE,
        body=body.to_body(),
        sign=thief.identity.sign,
    )
