"""The first records of a new node: the certificate of its device, a policy with the sharing preference, a profile.

Certificates, of this device and of the owner's others, are written here, and so are strikes: nothing else takes the
identity key.
"""

from __future__ import annotations

from meshnode.app.owner.places import Coordinates, cell_of
from meshnode.app.owner.policy import set_preference
from meshnode.app.owner.presence_key import PRESENCE_KEY_BYTES
from meshnode.app.owner.profile import set_profile
from meshnode.errors import Forbidden, Refused
from meshnode.replica.authoring import fresh_salt
from meshnode.replica.replica import Replica
from protocol import (
    PROFILE_SLOT,
    REVOCATION_VERSION,
    Audience,
    Device,
    DeviceId,
    IdentityKeys,
    Kind,
    Precision,
    Preference,
    Record,
    device_slot,
    limits,
    signed,
)


def write_first_records(replica: Replica, *, name: str, place: Coordinates | None, preference: Preference) -> None:
    """Write what a person needs before anything else. Raises Forbidden while the identity key is locked.

    The exact `place` is kept on this node alone; the profile tells its cell, as coarse as the preference says.
    """
    cell = cell_of(place, Precision(preference.precision)) if place else None
    certify_own_device(replica)
    set_preference(replica, preference)
    presence_key = replica.entropy(PRESENCE_KEY_BYTES)
    with replica.transaction():
        set_profile(replica, name=name, about="", place=cell, presence_key=presence_key)
        if place is not None:
            replica.store.places.keep(PROFILE_SLOT, (place.lat, place.lon))


def certify_own_device(replica: Replica) -> Record:
    """Certify this node's device keys with the identity key, for another term of their long life."""
    return certify(replica, replica.device, replica.keys.dh_public, replica.keys.letter_public)


def certify(replica: Replica, device: DeviceId, dh_public: bytes, letter_public: bytes) -> Record:
    """Certify a device with the identity key, for another term of its long life.

    Raises Forbidden without the identity key, Refused for a device that was struck.
    """
    now = replica.clock.now()
    head = replica.store.records.head((replica.me, Kind.DEVICE, device_slot(device)))
    body = Device(salt=fresh_salt(replica), dh_public=dh_public, letter_public=letter_public, revoked=False)
    if replica.trust_state.revoked(replica.me, device):
        raise Refused("this device was revoked", "it can no longer be certified. Add it again in a new home")
    return _write_device_record(
        replica,
        device,
        body,
        version=head.header.version + 1 if head else 1,
        min_valid_version=head.header.min_valid_version if head else 1,
        expires=now + limits.DEVICE_LIFE,
    )


def revoke_device(replica: Replica, device: DeviceId, *, dh_public: bytes, letter_public: bytes) -> Record:
    """Say the last word on a device of one's own: all that it wrote is void, and nothing can follow.

    Forbidden as for `certify`.
    """
    body = Device(salt=fresh_salt(replica), dh_public=dh_public, letter_public=letter_public, revoked=True)
    return _write_device_record(
        replica,
        device,
        body,
        version=REVOCATION_VERSION,
        min_valid_version=REVOCATION_VERSION,
        expires=limits.FOREVER,
    )


def identity_keys(replica: Replica) -> IdentityKeys:
    """The identity key. Forbidden, saying where it is to be had, where it is not open on this device."""
    if replica.identity is not None:
        return replica.identity
    if replica.elsewhere:
        raise Forbidden(
            "this device does not have your identity key", "do this on the device on which you ran 'meshnode init'"
        )
    raise Forbidden("your identity key is locked", "stop the node, then start it with 'meshnode run --unlock'")


def _write_device_record(
    replica: Replica,
    device: DeviceId,
    body: Device,
    *,
    version: int,
    min_valid_version: int,
    expires: int,
) -> Record:
    record = signed(
        kind=Kind.DEVICE,
        author=replica.me,
        device=device,
        slot=device_slot(device),
        version=version,
        audience=Audience.FOLLOWS,
        policy_version=0,
        created=replica.clock.now(),
        expires=expires,
        min_valid_version=min_valid_version,
        latest_expiry=expires,
        body=body.to_body(),
        sign=identity_keys(replica).sign,
    )
    replica.ingest.receive([record])
    return record
