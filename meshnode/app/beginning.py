"""The first records of a new node: the certificate of its device, a policy with the sharing preference, a profile."""

from __future__ import annotations

from meshnode.app.authoring import fresh_salt
from meshnode.app.policy import set_preference
from meshnode.app.presence_key import PRESENCE_KEY_BYTES
from meshnode.app.profile import set_profile
from meshnode.app.replica import Replica
from meshnode.errors import Failed
from protocol import (
    Audience,
    Device,
    Kind,
    Preference,
    Record,
    device_slot,
    limits,
    signed,
)


def begin(replica: Replica, *, name: str, place: str | None, preference: Preference) -> None:
    """Write what a person needs before anything else. Raises Failed while the identity key is locked."""
    certify_own_device(replica)
    set_preference(replica, preference)
    set_profile(replica, name=name, about="", place=place, presence_key=replica.entropy(PRESENCE_KEY_BYTES))


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
