"""Records as a dishonest member of the web makes them: soundly signed by his own device, in somebody else's name."""

from __future__ import annotations

from protocol import PROFILE_SLOT, DeviceKeys, Kind, PersonId, Profile, Record, signed
from protocol.limits import PROFILE_LIFE


def forged_profile(author: PersonId, keys: DeviceKeys, now: int, *, version: int = 1) -> Record:
    """A profile of `author` by the device of `keys`, which he never certified."""
    body = Profile(bytes(16), "Not me", presence_key=bytes(32))
    return signed(
        kind=Kind.PROFILE,
        author=author,
        device=keys.device_id,
        slot=PROFILE_SLOT,
        version=version,
        policy_version=1,
        created=now,
        expires=now + PROFILE_LIFE,
        floor=version,
        outlives=now + PROFILE_LIFE,
        body=body.to_body(),
        sign=keys.sign,
    )
