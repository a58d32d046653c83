"""Does what is due as time passes: purges expired records, renews own ones, and changes the presence key.

Nothing is purged or renewed while the clock cannot be trusted: a Raspberry Pi boots in 1970, and what it deleted by a
wrong date would not come back when it learns the right one.
"""

from __future__ import annotations

from meshnode.app import date, misdated, notes
from meshnode.app.devices import copies, lost_device, reissue, sync_own_devices
from meshnode.app.exchanges import blocking, deadlines, handover, incoming, stock
from meshnode.app.groups import card_invitations, membership
from meshnode.app.letters import letters, receipts
from meshnode.app.listings import archive, photos
from meshnode.app.owner import places, policy
from meshnode.app.owner.certificates import certify
from meshnode.app.owner.presence_key import rotate_if_due
from meshnode.app.owner.profile import set_profile
from meshnode.app.people import first_names
from meshnode.app.recovery import friends
from meshnode.replica import eviction
from meshnode.replica.parts import first_part
from meshnode.replica.replica import Replica
from meshnode.replica.revocation import is_self_revoked
from meshnode.store import Row
from protocol import PROFILE_SLOT, Device, Kind, Record, body_of, device_slot, limits

# Others may be off, or in doubt about the date, for long, and show it again then: it must not pass for a copy's words.
SIGNED_KEPT = 2 * limits.DEVICE_LIFE  # after the end of what this device has signed
UPKEEP_SECONDS = 10 * 60  # between two rounds, unless something expires sooner
SLICE_SOONEST_SECONDS = 0.05  # between two slices of what is deleted: commands come in between
PURGED_AT_ONCE = 600  # records that have ended; one round looks at so many at most
CERTIFICATE_AHEAD = 60 * limits.DAY  # the identity key may be kept far away: warn well before a certificate ends


def upkeep(replica: Replica) -> float:
    """Do everything that is due. Returns after how many seconds to call it again: soon, where very much has ended.

    Each step runs in the guard of the replica, and each record that a step renews or purges likewise: one that fails
    keeps no other from being done. Raises only an error that must end the node.
    """
    if is_self_revoked(replica):
        return UPKEEP_SECONDS  # a revoked device can sign nothing, and its records are void
    step = replica.guard.step
    step("looking at the date", date.look, replica)
    step("joining what copies of this device wrote", copies.join_words, replica)
    step("opening letters", incoming.open_letters, replica)
    step("judging what came late", replica.ingest.judge_late)
    step("following the date", eviction.follow_clock, replica)
    if not replica.clock.trusted:
        step("erasing what was deleted", replica.store.erase)
        return UPKEEP_SECONDS
    step("signing again what was dated wrongly", misdated.sign_again, replica)
    step("writing again what a revoked device wrote", reissue.write_pending, replica)
    step("revoking a computer that was lost", lost_device.revoke_if_due, replica)
    step("following your other devices", sync_own_devices.sync_names_and_blocks, replica)
    step("forgetting whom you no longer trust or block", policy.follow_ended, replica)
    step("inviting those who have used a card", card_invitations.sign_owed, replica)
    step("keeping the names of people you trust", first_names.keep_missing, replica)
    step("ending what is open with people you block", blocking.end_with_blocked, replica)
    step("counting what is left of your posts", stock.follow_up, replica)
    step("watching deadlines", deadlines.note_passed, replica)
    step("handing over again what nobody has fetched", handover.release_expired, replica)
    step("withdrawing messages that have arrived", letters.withdraw_finished, replica)
    step("keeping names and saved searches alike on your devices", notes.follow, replica)
    step("handing letters over to other devices", handover.follow, replica)
    step("writing receipts", receipts.write_due, replica)
    step("following the friends who keep your key", friends.follow, replica)
    _renew(replica)  # first: what ran out while the node was off must not go before it is renewed
    ended_more = _purge(replica)
    step("deciding about people whose policy is missing", eviction.stop_waiting, replica)
    step("publishing your location as you chose", places.republish_if_due, replica)
    step("changing the key by which others recognize you", rotate_if_due, replica)
    step("deleting photos that no post has", photos.clear_up, replica)
    step("erasing what was deleted", replica.store.erase)
    if ended_more:
        return SLICE_SOONEST_SECONDS
    return replica.guard.result(
        "looking for what ends next", _seconds_until_expiry, replica, otherwise=lambda: UPKEEP_SECONDS
    )


def try_again(replica: Replica) -> None:
    """Do everything that is due, and what was set aside, because the owner wants it."""
    replica.guard.try_again()
    upkeep(replica)


def make_room(replica: Replica) -> float:
    """Delete the next slice of what makes way for others. Returns after how many seconds to call it again."""
    more, unnamed = replica.ingest.make_room(), replica.photos.clear_some()
    return SLICE_SOONEST_SECONDS if more or unnamed else UPKEEP_SECONDS


def certificate_ends(replica: Replica) -> int | None:
    """Return the seconds until this device's certificate ends, if that is soon enough to warn its owner; else None."""
    own = replica.trust_state.certificate(replica.me, replica.device)
    if own is None:
        return None
    left = own.expires - replica.clock.now()
    return left if left < CERTIFICATE_AHEAD else None


def _purge(replica: Replica) -> bool:
    """Delete what has ended, of the records only as many as one commit may; return whether there are more of them."""
    now = replica.clock.purge_before()  # one witness alone, a person or a machine, makes this node delete nothing
    store, step = replica.store, replica.guard.step
    for name, purge, before in (
        ("cards", store.cards.purge, now),
        ("device codes", store.devices.purge, now),
        ("letters", store.letters.purge, now),
        ("introductions", store.introductions.purge, now),
        ("exchanges", store.exchanges.purge, now - limits.LETTER_LIFE),
        ("the archive", store.archive.purge, now),
        ("the list of what this device signed", store.signed_records.purge, now - SIGNED_KEPT),
    ):
        step("deleting what has ended", purge, before, item=name)
    step("deleting what has ended", handover.purge, replica, now, item="letters that were kept")
    left: list[Row] = []
    step("deleting what has ended", _purge_records, replica, now, left, item="records")
    return bool(left)


def _purge_records(replica: Replica, now: int, left: list[Row]) -> None:
    """Delete the first of the records that have ended; put into `left` others, if there are any."""
    records = replica.store.records
    ended = records.ending(now, PURGED_AT_ONCE)
    going = first_part([*ended, *eviction.lone_certificates(replica)])
    ending, strays = going[: len(ended)], going[len(ended) :]
    if going:

        def delete() -> None:
            archive.keep_expired(replica, ending)
            records.purge(now, len(ending))
            records.delete([row.id for row in strays])

        eviction.evict(replica, going, delete)
    left += records.ending(now, 1) or eviction.lone_certificates(replica)[:1]


def _renew(replica: Replica) -> None:
    """Write the owner's long-lived registers again at half of their life.

    The device that wrote a register renews it. If it is away until a quarter is left, any other device of the owner does.
    """
    now, records, step = replica.clock.now(), replica.store.records, replica.guard.step
    for certificate in _certificates(replica):
        step("renewing a certificate", _renew_certificate, replica, certificate, now, item=_slot(certificate))
    for register in list(records.bodies(Kind.POLICY, author=replica.me)):
        step("renewing whom you trust and block", _renew_policy, replica, register, now, item=_slot(register))
    profile = records.current((replica.me, Kind.PROFILE, PROFILE_SLOT))
    if profile and _is_ours_to_renew(replica, profile, limits.PROFILE_LIFE, now):
        step("renewing your profile", set_profile, replica)
    void = {join.slot for join in replica.trust_state.void_joins(replica.me)}
    for join in list(records.bodies(Kind.JOIN, author=replica.me)):
        if join.header.slot not in void and _is_ours_to_renew(replica, join, limits.JOIN_LIFE, now):
            step("renewing your membership of a group", membership.renew, replica, join, item=_slot(join))


def _certificates(replica: Replica) -> list[Record]:
    """Return the certificates of all the owner's devices, which only the holder of the identity key can renew."""
    if replica.identity is None:
        return []
    slots = (device_slot(one.device) for one in replica.trust_state.devices(replica.me))
    found = (replica.store.records.current((replica.me, Kind.DEVICE, slot)) for slot in slots)
    return [certificate for certificate in found if certificate is not None]


def _renew_certificate(replica: Replica, certificate: Record, now: int) -> None:
    keys = body_of(certificate) if certificate.body else None
    if isinstance(keys, Device) and _spent(certificate, limits.DEVICE_LIFE, 2, now):
        certify(replica, certificate.header.device, keys.dh_public, keys.letter_public)


def _renew_policy(replica: Replica, register: Record, now: int) -> None:
    if register.header.device == replica.device and _spent(register, limits.POLICY_LIFE, 2, now):
        policy.renew(replica)
    elif _is_left_behind(replica, register, now):
        reissue.absorb_policy(replica, register.header.device)


def _is_left_behind(replica: Replica, register: Record, now: int) -> bool:
    """Whether this device has to take over what another device of the owner has decided, since that one does not renew it.

    A device renews its policy at half of its life. One that has just come with less than a quarter left may be a thief's
    words: they end by themselves, and this device must not make them its own.
    """
    if register.header.device == replica.device or not _spent(register, limits.POLICY_LIFE, 4, now):
        return False
    return register.id not in replica.store.records.arrived(Kind.POLICY, now - limits.POLICY_LIFE // 4)


def _slot(record: Record) -> str:
    """Return the text by which the guard tells one register from another of its kind."""
    return record.header.slot.hex()


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
