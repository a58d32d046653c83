"""Writes the first records of a new node (certificate, policy, profile) and all records that need the identity key.

Those are the certificates of the owner's devices and their revocations. Nothing else takes the identity key.
"""

from __future__ import annotations

from collections.abc import Iterable

from meshnode.app.owner.places import Coordinates, cell_of
from meshnode.app.owner.policy import set_preference
from meshnode.app.owner.presence_key import PRESENCE_KEY_BYTES
from meshnode.app.owner.profile import set_profile
from meshnode.errors import Forbidden, Refused
from meshnode.replica.authoring import fresh_salt, next_version
from meshnode.replica.replica import Replica
from protocol import (
    NO_POLICY,
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
from protocol.numbers import UnixTime, Version, signing_time, time_after, version_after


def write_first_records(replica: Replica, *, name: str, place: Coordinates | None, preference: Preference) -> None:
    """Write the records that a person needs before anything else. Raises Forbidden while the identity key is locked.

    The exact `place` stays on this node; the profile tells its cell, which is as coarse as the preference says.
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
    """Certify the keys of this device with the identity key, for another term."""
    return certify(replica, replica.device, replica.keys.dh_public, replica.keys.letter_public)


def certify(replica: Replica, device: DeviceId, dh_public: bytes, letter_public: bytes) -> Record:
    """Certify a device with the identity key, for another term.

    Raises Forbidden without the identity key, Refused for a device that was revoked.
    """
    now = signing_time(replica.clock.now())
    newest = replica.store.records.newest((replica.me, Kind.DEVICE, device_slot(device)))
    body = Device(salt=fresh_salt(replica), dh_public=dh_public, letter_public=letter_public, revoked=False)
    if replica.trust_state.revoked(replica.me, device):
        raise Refused(
            "this device was revoked",
            "to use this computer again, make it a new device: 'meshnode device join' in a new home",
        )
    return _write_device_record(
        replica,
        device,
        body,
        version=next_version(replica, newest.header.version if newest else 0),
        min_valid_version=newest.header.min_valid_version if newest else version_after(0),
        expires=time_after(now, limits.DEVICE_LIFE),
    )


def revoke_device(
    replica: Replica, device: DeviceId, *, dh_public: bytes, letter_public: bytes, kept: Iterable[bytes]
) -> Record:
    """Revoke a device of the owner: everything that it wrote is void, and no later version can follow.

    Of the invitations that it signed those go on counting whose tags are `kept`, at most KEPT_INVITATIONS_MAX. Forbidden
    as for `certify`.
    """
    body = Device(fresh_salt(replica), dh_public, letter_public, revoked=True, kept=tuple(kept))
    return _write_device_record(
        replica,
        device,
        body,
        version=REVOCATION_VERSION,
        min_valid_version=REVOCATION_VERSION,
        expires=UnixTime(limits.FOREVER),
    )


def identity_keys(replica: Replica) -> IdentityKeys:
    """Return the identity key. Raises Forbidden, which says where the key is, if it is not open on this device."""
    if replica.identity is not None:
        return replica.identity
    if replica.elsewhere:
        raise Forbidden(
            "this device does not have your identity key", "do this on the device where you ran 'meshnode init'"
        )
    raise Forbidden("your identity key is locked", "stop the node, then start it with its passphrase: meshnode run")


def _write_device_record(
    replica: Replica,
    device: DeviceId,
    body: Device,
    *,
    version: Version,
    min_valid_version: Version,
    expires: UnixTime,
) -> Record:
    record = signed(
        kind=Kind.DEVICE,
        author=replica.me,
        device=device,
        slot=device_slot(device),
        version=version,
        audience=Audience.FOLLOWS,
        policy_version=NO_POLICY,
        created=signing_time(replica.clock.now()),
        expires=expires,
        min_valid_version=min_valid_version,
        latest_expiry=expires,
        body=body.to_body(),
        sign=identity_keys(replica).sign,
    )
    replica.ingest.receive([record])
    return record
