"""Makes records with valid signatures that no honest node of this version would write."""

from __future__ import annotations

from protocol import PROFILE_SLOT, Audience, DeviceKeys, Kind, Listing, PersonId, Profile, Record, signed
from protocol.limits import DAY, PROFILE_LIFE
from protocol.numbers import UnixTime, Version
from tests.support.people import Person, grown


def forged_profile(author: PersonId, keys: DeviceKeys, now: int, *, version: int = 1) -> Record:
    """Return a profile of `author` by the device of `keys`, which the author never certified."""
    body = Profile(bytes(16), "Not me", presence_key=bytes(32))
    return signed(
        kind=Kind.PROFILE,
        author=author,
        device=keys.device_id,
        slot=PROFILE_SLOT,
        version=Version(version),
        policy_version=Version(1),
        created=UnixTime(now),
        expires=UnixTime(now + PROFILE_LIFE),
        min_valid_version=Version(version),
        latest_expiry=UnixTime(now + PROFILE_LIFE),
        body=body.to_body(),
        sign=keys.sign,
    )


def listing_nobody_here_can_read(author: Person, now: int, *, title: str = "\u2060") -> Record:
    """Return a listing with a title that this version refuses, as a later one that forbids less might write it."""
    placeholder = "x" * len(title.encode())
    body = Listing("offer", placeholder, salt=bytes(16)).to_body().replace(placeholder.encode(), title.encode())
    return author.record(
        Kind.LISTING, grown(title, size=16), body, now, life=DAY, audience=Audience.NETWORK_WIDE, policy_version=1
    )


def profile_nobody_here_can_read(author: Person, now: int, *, name: str = "\u2060") -> Record:
    """Return a profile with a name that this version refuses."""
    placeholder = "x" * len(name.encode())
    body = Profile(bytes(16), placeholder, presence_key=author.presence_key).to_body()
    body = body.replace(placeholder.encode(), name.encode())
    return author.record(Kind.PROFILE, PROFILE_SLOT, body, now, life=DAY, policy_version=1)
