"""What time does to what a node holds: expired records go, own ones are renewed, the presence key turns.

Nothing is purged or renewed on a clock that cannot be trusted: a Pi boots in 1970, and what it deleted then would not
come back when it learns the date.
"""

from __future__ import annotations

from meshnode.app.devices import reissue, sync_own_devices
from meshnode.app.exchanges import incoming, stock
from meshnode.app.groups import membership
from meshnode.app.letters import letters
from meshnode.app.listings import archive
from meshnode.app.owner import places, policy
from meshnode.app.owner.certificates import certify
from meshnode.app.owner.presence_key import rotate_if_due
from meshnode.app.owner.profile import set_profile
from meshnode.replica import eviction
from meshnode.replica.replica import Replica
from meshnode.replica.revocation import is_self_revoked
from protocol import PROFILE_SLOT, Device, Kind, Record, body_of, device_slot, limits

UPKEEP_SECONDS = 10 * 60  # between two rounds while nothing asks for one sooner
CERTIFICATE_AHEAD = (
    60 * limits.DAY
)  # the identity key may be kept far away: ask for it well before the certificate ends


def upkeep(replica: Replica) -> int:
    """Do what is due and return after how many seconds to come again."""
    if is_self_revoked(replica):
        return UPKEEP_SECONDS  # nothing is this device's to say or to keep in order any more
    incoming.open_letters(replica)
    if not replica.clock.trusted:
        return UPKEEP_SECONDS
    reissue.write_pending(replica)
    sync_own_devices.sync_names_and_blocks(replica)
    stock.follow_up(replica)
    letters.withdraw_finished(replica)
    _purge(replica)
    _renew(replica)
    places.republish_if_due(replica)
    rotate_if_due(replica)
    return _seconds_until_expiry(replica)


def certificate_ends(replica: Replica) -> int | None:
    """Seconds until this device's certificate ends, where that is near enough to tell its owner; else None."""
    own = replica.trust_state.certificate(replica.me, replica.device)
    if own is None:
        return None
    left = own.expires - replica.clock.now()
    return left if left < CERTIFICATE_AHEAD else None


def _purge(replica: Replica) -> None:
    now = replica.clock.now()
    store = replica.store
    store.cards.purge(now)
    store.devices.purge(now)
    store.letters.purge(now)
    store.introductions.purge(now)
    store.exchanges.purge(now - limits.LETTER_LIFE)
    store.ended.purge(now)
    ending, strays = store.records.ending(now), eviction.strays(replica)
    if ending or strays:

        def delete() -> None:
            archive.keep_expired(replica, ending)
            store.records.purge(now)
            store.records.delete([row.id for row in strays])

        eviction.evict(replica, [*ending, *strays], delete)


def _renew(replica: Replica) -> None:
    """Write own long-lived registers again at half of their life.

    The device that wrote them does. Where it stays away until a quarter is left, any other of its person's does.
    """
    now = replica.clock.now()
    records = replica.store.records
    for register in list(records.bodies(Kind.POLICY, author=replica.me)):
        if register.header.device == replica.device and _spent(register, limits.POLICY_LIFE, 2, now):
            policy.renew(replica)
        elif register.header.device != replica.device and _spent(register, limits.POLICY_LIFE, 4, now):
            reissue.absorb_policy(replica, register.header.device, blocks_only=False)
    profile = records.used((replica.me, Kind.PROFILE, PROFILE_SLOT))
    if profile and _is_ours_to_renew(replica, profile, limits.PROFILE_LIFE, now):
        set_profile(replica)
    for join in list(records.bodies(Kind.JOIN, author=replica.me)):
        if _is_ours_to_renew(replica, join, limits.JOIN_LIFE, now):
            membership.renew(replica, join)
    if replica.identity is not None:
        _renew_certificates(replica, now)


def _renew_certificates(replica: Replica, now: int) -> None:
    """Those of all devices: only here is the identity key."""
    for one in replica.trust_state.devices(replica.me):
        certificate = replica.store.records.used((replica.me, Kind.DEVICE, device_slot(one.device)))
        keys = body_of(certificate) if certificate is not None and certificate.body else None
        if certificate is not None and isinstance(keys, Device) and _spent(certificate, limits.DEVICE_LIFE, 2, now):
            certify(replica, one.device, keys.dh_public, keys.letter_public)


def _is_ours_to_renew(replica: Replica, record: Record, life: int, now: int) -> bool:
    return _spent(record, life, 2 if record.header.device == replica.device else 4, now)


def _spent(record: Record, life: int, part: int, now: int) -> bool:
    """Whether less than that part of its life is left."""
    return record.header.expires - now < life // part


def _seconds_until_expiry(replica: Replica) -> int:
    next_expiry = replica.store.records.next_expiry(replica.clock.now())
    if next_expiry is None:
        return limits.HOUR
    return max(1, min(next_expiry - replica.clock.now(), UPKEEP_SECONDS))
