"""What time does to what a node holds: expired records go, own ones are renewed, the presence key turns.

Nothing is purged or renewed on a clock that cannot be trusted: a Pi boots in 1970, and what it deleted then would not
come back when it learns the date.
"""

from __future__ import annotations

from meshnode.app import clearing, ended, letters, mailroom, membership, places, policy, stock
from meshnode.app.beginning import certify_own_device
from meshnode.app.presence_key import turn_if_due
from meshnode.app.profile import set_profile
from meshnode.app.replica import Replica
from protocol import PROFILE_SLOT, Kind, Record, device_slot, limits

UPKEEP_SECONDS = 10 * 60  # between two rounds while nothing asks for one sooner
CERTIFICATE_AHEAD = (
    60 * limits.DAY
)  # the identity key may be kept far away: ask for it well before the certificate ends


def upkeep(replica: Replica) -> int:
    """Do what is due and return after how many seconds to come again."""
    mailroom.open_new(replica)
    if not replica.clock.trusted:
        return UPKEEP_SECONDS
    stock.follow_up(replica)
    letters.tend(replica)
    _purge(replica)
    _renew(replica)
    places.keep_up(replica)
    turn_if_due(replica)
    return _seconds_until_expiry(replica)


def certificate_ends(replica: Replica) -> int | None:
    """Seconds until this device's certificate ends, where that is near enough to tell its owner; else None."""
    own = replica.circle.certificate(replica.me, replica.device)
    if own is None:
        return None
    left = own.expires - replica.clock.now()
    return left if left < CERTIFICATE_AHEAD else None


def _purge(replica: Replica) -> None:
    now = replica.clock.now()
    store = replica.store
    store.cards.purge(now)
    store.letters.purge(now)
    store.introductions.purge(now)
    store.exchanges.purge(now - limits.LETTER_LIFE)
    ended.purge(replica)
    ending, strays = store.records.ending(now), clearing.strays(replica)
    if ending or strays:

        def delete() -> None:
            ended.keep_expired(replica, ending)
            store.records.purge(now)
            store.records.delete([row.id for row in strays])

        clearing.let_go(replica, [*ending, *strays], delete)


def _renew(replica: Replica) -> None:
    """Write own long-lived registers again at half of their life; only the device that wrote them does."""
    now = replica.clock.now()
    if _half_spent(
        replica.store.records.used((replica.me, Kind.POLICY, device_slot(replica.device))), limits.POLICY_LIFE, now
    ):
        policy.renew(replica)
    profile = replica.store.records.used((replica.me, Kind.PROFILE, PROFILE_SLOT))
    if profile and profile.header.device == replica.device and _half_spent(profile, limits.PROFILE_LIFE, now):
        set_profile(replica)
    for join in list(replica.store.records.bodies(Kind.JOIN, author=replica.me)):
        if join.header.device == replica.device and _half_spent(join, limits.JOIN_LIFE, now):
            membership.renew(replica, join)
    certificate = replica.store.records.used((replica.me, Kind.DEVICE, device_slot(replica.device)))
    if replica.identity is not None and _half_spent(certificate, limits.DEVICE_LIFE, now):
        certify_own_device(replica)


def _half_spent(record: Record | None, life: int, now: int) -> bool:
    return record is not None and record.header.expires - now < life // 2


def _seconds_until_expiry(replica: Replica) -> int:
    next_expiry = replica.store.records.next_expiry(replica.clock.now())
    if next_expiry is None:
        return limits.HOUR
    return max(1, min(next_expiry - replica.clock.now(), UPKEEP_SECONDS))
