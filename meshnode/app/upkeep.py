"""Does what is due as time passes: purges expired records, renews own ones, and changes the presence key.

Nothing is purged or renewed while the clock cannot be trusted: a Raspberry Pi boots in 1970, and what it deleted by a
wrong date would not come back when it learns the right one.
"""

from __future__ import annotations

from meshnode.app import date, misdated
from meshnode.app.devices import copies, reissue, sync_own_devices
from meshnode.app.exchanges import blocking, deadlines, incoming, stock
from meshnode.app.groups import membership
from meshnode.app.letters import letters, receipts
from meshnode.app.listings import archive
from meshnode.app.owner import places, policy
from meshnode.app.owner.certificates import certify
from meshnode.app.owner.presence_key import rotate_if_due
from meshnode.app.owner.profile import set_profile
from meshnode.replica import eviction
from meshnode.replica.replica import Replica
from meshnode.replica.revocation import is_self_revoked
from protocol import PROFILE_SLOT, Device, Kind, Record, body_of, device_slot, limits

# Others may be off, or in doubt about the date, for long, and show it again then: it must not pass for a copy's words.
SIGNED_KEPT = 2 * limits.DEVICE_LIFE  # after the end of what this device has signed
UPKEEP_SECONDS = 10 * 60  # between two rounds, unless something expires sooner
CERTIFICATE_AHEAD = 60 * limits.DAY  # the identity key may be kept far away: warn well before a certificate ends


def upkeep(replica: Replica) -> int:
    """Do everything that is due. Returns after how many seconds to call it again."""
    if is_self_revoked(replica):
        return UPKEEP_SECONDS  # a revoked device can sign nothing, and its records are void
    date.look(replica)
    copies.join_words(replica)
    incoming.open_letters(replica)
    replica.ingest.judge_late()
    eviction.follow_clock(replica)
    if not replica.clock.trusted:
        replica.store.erase()
        return UPKEEP_SECONDS
    misdated.sign_again(replica)
    reissue.write_pending(replica)
    sync_own_devices.sync_names_and_blocks(replica)
    blocking.end_with_blocked(replica)
    stock.follow_up(replica)
    deadlines.note_passed(replica)
    letters.withdraw_finished(replica)
    receipts.write_due(replica)
    _renew(replica)  # first: what ran out while the node was off must not go before it is renewed
    _purge(replica)
    places.republish_if_due(replica)
    rotate_if_due(replica)
    replica.store.erase()
    return _seconds_until_expiry(replica)


def certificate_ends(replica: Replica) -> int | None:
    """Return the seconds until this device's certificate ends, if that is soon enough to warn its owner; else None."""
    own = replica.trust_state.certificate(replica.me, replica.device)
    if own is None:
        return None
    left = own.expires - replica.clock.now()
    return left if left < CERTIFICATE_AHEAD else None


def _purge(replica: Replica) -> None:
    now = replica.clock.purge_before()  # one witness alone, a person or a machine, makes this node delete nothing
    store = replica.store
    store.cards.purge(now)
    store.devices.purge(now)
    store.letters.purge(now)
    store.introductions.purge(now)
    store.exchanges.purge(now - limits.LETTER_LIFE)
    store.archive.purge(now)
    store.signed_records.purge(now - SIGNED_KEPT)
    ending, strays = store.records.ending(now), eviction.lone_certificates(replica)
    if ending or strays:

        def delete() -> None:
            archive.keep_expired(replica, ending)
            store.records.purge(now)
            store.records.delete([row.id for row in strays])

        eviction.evict(replica, [*ending, *strays], delete)


def _renew(replica: Replica) -> None:
    """Write the owner's long-lived registers again at half of their life.

    The device that wrote a register renews it. If it is away until a quarter is left, any other device of the owner does.
    """
    now = replica.clock.now()
    records = replica.store.records
    if replica.identity is not None:
        _renew_certificates(replica, now)
    for register in list(records.bodies(Kind.POLICY, author=replica.me)):
        if register.header.device == replica.device and _spent(register, limits.POLICY_LIFE, 2, now):
            policy.renew(replica)
        elif register.header.device != replica.device and _spent(register, limits.POLICY_LIFE, 4, now):
            reissue.absorb_policy(replica, register.header.device, blocks_only=False)
    profile = records.current((replica.me, Kind.PROFILE, PROFILE_SLOT))
    if profile and _is_ours_to_renew(replica, profile, limits.PROFILE_LIFE, now):
        set_profile(replica)
    for join in list(records.bodies(Kind.JOIN, author=replica.me)):
        if _is_ours_to_renew(replica, join, limits.JOIN_LIFE, now):
            membership.renew(replica, join)


def _renew_certificates(replica: Replica, now: int) -> None:
    """Renew the certificates of all the owner's devices, which only the holder of the identity key can do."""
    for one in replica.trust_state.devices(replica.me):
        certificate = replica.store.records.current((replica.me, Kind.DEVICE, device_slot(one.device)))
        keys = body_of(certificate) if certificate is not None and certificate.body else None
        if certificate is not None and isinstance(keys, Device) and _spent(certificate, limits.DEVICE_LIFE, 2, now):
            certify(replica, one.device, keys.dh_public, keys.letter_public)


def _is_ours_to_renew(replica: Replica, record: Record, life: int, now: int) -> bool:
    return _spent(record, life, 2 if record.header.device == replica.device else 4, now)


def _spent(record: Record, life: int, part: int, now: int) -> bool:
    """Whether less than one `part`th of its life is left."""
    return record.header.expires - now < life // part


def _seconds_until_expiry(replica: Replica) -> int:
    now = replica.clock.purge_before()
    next_expiry = replica.store.records.next_expiry(now)
    if next_expiry is None:
        return limits.HOUR
    return max(1, min(next_expiry - now, UPKEEP_SECONDS))
