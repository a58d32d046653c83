"""The first records of a new node: the certificate of its device, a policy with the sharing preference, a profile."""

from __future__ import annotations

from meshnode.app.authoring import fresh_salt
from meshnode.app.places import Position, cell_of
from meshnode.app.policy import set_preference
from meshnode.app.presence_key import PRESENCE_KEY_BYTES
from meshnode.app.profile import set_profile
from meshnode.app.replica import Replica
from meshnode.errors import Failed
from protocol import (
    PROFILE_SLOT,
    Audience,
    Device,
    Kind,
    Precision,
    Preference,
    Record,
    device_slot,
    limits,
    signed,
)


def begin(replica: Replica, *, name: str, place: Position | None, preference: Preference) -> None:
    """Write what a person needs before anything else. Raises Failed while the identity key is locked.

    The exact `place` is kept on this node alone; the profile tells its cell, as coarse as the preference says.
    """
    cell = cell_of(place, Precision(preference.precision)) if place else None

    def keep_exact() -> None:
        if place is not None:
            replica.store.places.keep(PROFILE_SLOT, (place.lat, place.lon))

    certify_own_device(replica)
    set_preference(replica, preference)
    presence_key = replica.entropy(PRESENCE_KEY_BYTES)
    set_profile(replica, name=name, about="", place=cell, presence_key=presence_key, within=keep_exact)


def certify_own_device(replica: Replica) -> Record:
    """Certify this node's device keys with the identity key, for another term of their long life."""
    if replica.identity is None:
        raise Failed("The identity key is locked.", hint="Unlock it with its passphrase and try again.")
    now = replica.clock.now()
    slot = device_slot(replica.device)
    head = replica.store.records.head((replica.me, Kind.DEVICE, slot))
    body = Device(
        salt=fresh_salt(replica),
        dh_public=replica.keys.dh_public,
        letter_public=replica.keys.letter_public,
        struck=False,
    )
    record = signed(
        kind=Kind.DEVICE,
        author=replica.me,
        device=replica.device,
        slot=slot,
        version=head.header.version + 1 if head else 1,
        audience=Audience.FOLLOWS,
        policy_version=0,
        created=now,
        expires=now + limits.DEVICE_LIFE,
        floor=head.header.floor if head else 1,
        outlives=now + limits.DEVICE_LIFE,
        body=body.to_body(),
        sign=replica.identity.sign,
    )
    outcome = replica.ingest.receive([record])
    if record.id not in outcome.kept:
        raise Failed("This device was struck: it can no longer be certified.")
    return record
