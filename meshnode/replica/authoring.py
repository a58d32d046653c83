"""Writes records in the owner's own name: the next version of a register, signed by this device, through ingest.

`min_valid_version` is how an author takes something back from people who will never see the new version. It rises to
the new version where that reduces access, and stays as it was where older versions are still harmless to use. A first post
takes nothing back and says so, since others may take their time with passing on what certainly takes nothing back.
"""

from __future__ import annotations

from meshnode.errors import Failed, Refused
from meshnode.replica.replica import Replica
from protocol import NO_POLICY, Audience, Body, Code, Kind, Record, device_slot, limits, signed
from protocol.numbers import (
    NoHeadroom,
    UnixTime,
    Version,
    rounded_down,
    signing_time,
    time_after,
    version_after,
    version_at,
)

_LIVES = {
    Kind.LISTING: limits.LISTING_LIFE,
    Kind.PROFILE: limits.PROFILE_LIFE,
    Kind.POLICY: limits.POLICY_LIFE,
    Kind.JOIN: limits.JOIN_LIFE,
    Kind.LETTER: limits.LETTER_LIFE,
}


def fresh_salt(replica: Replica) -> bytes:
    """Return a random salt for a new body, so that nobody can guess the body from the hash in its header."""
    return replica.entropy(limits.SALT_BYTES)


def write(  # noqa: PLR0913 - each argument is a field of the record
    replica: Replica,
    kind: Kind,
    slot: bytes,
    body: Body,
    *,
    life: int,
    audience: Audience = Audience.FOLLOWS,
    expires: int | None = None,
    may_reduce_access: bool = False,
    above: int = 0,
    rounded: int = 1,
) -> Record:
    """Sign the next version of the own register (`kind`, `slot`), commit it and return it.

    It lives for `life` seconds from now, or until `expires` (UNIX seconds). With `may_reduce_access` nobody may use
    older versions any longer. The version is above `above`, the last one signed that the store may have forgotten: a
    device must never sign two records for one version. With `rounded` seconds its header does not tell the time more
    exactly: `created` is rounded down, the version up. Open a `replica.transaction()` around this call and other writes
    that must be committed with it; otherwise the record is committed when this returns.

    Raises Refused where this device no longer speaks for its person, Failed where the record breaks a limit, and
    StorageFull or StorageFailed where the disk does not take it. Nothing is stored then.
    """
    until = time_after(signing_time(replica.clock.now()), life) if expires is None else time_after(expires)
    return _sign_and_keep(
        replica,
        kind,
        slot,
        body.to_body(),
        audience,
        until,
        may_reduce_access=may_reduce_access,
        above=above,
        rounded=rounded,
    )


def write_again(replica: Replica, record: Record, *, above: int) -> Record:
    """Sign the body of `record`, by another device of the owner's and no longer held, on this device.

    `above` and errors as for `write`.
    """
    header = record.header
    kind = Kind(header.kind)
    return _sign_and_keep(
        replica,
        kind,
        header.slot,
        record.body or b"",
        Audience(header.audience),
        _within_a_life(kind, header.expires, _dated(replica, rounded=1)),
        may_reduce_access=True,
        above=above,
        latest_expiry=header.latest_expiry,
    )


def withdraw(replica: Replica, kind: Kind, slot: bytes, *, rounded: int = 1) -> Record:
    """Withdraw an own register: write an empty body with the same audience, kept as long as any version may live.

    `rounded` is as for `write`. Raises Failed where nothing of the register is held, and otherwise as `write`.
    """
    newest = replica.store.records.newest((replica.me, kind, slot))
    if newest is None:
        raise Failed("there is nothing here to withdraw", "'meshnode mine' lists your posts")
    now = _dated(replica, rounded)
    until = _within_a_life(kind, newest.header.latest_expiry, now)
    audience = Audience(newest.header.audience)
    return _sign_and_keep(replica, kind, slot, b"", audience, until, may_reduce_access=True, rounded=rounded)


def _within_a_life(kind: Kind, until: UnixTime, now: UnixTime) -> UnixTime:
    """Return `until`, or the nearest time at which a record of this kind that is signed now may end.

    What is signed again may have been signed by a device whose clock was years ahead.
    """
    return min(max(until, time_after(now, 1)), time_after(now, _LIVES[kind]))


def _min_valid_version(replica: Replica, kind: Kind, newest: Record | None, version: Version) -> Version:
    """Return the lowest minimum valid version that `version`, which follows `newest`, may have.

    No post was ever before a first one, whose slot is drawn. Other registers may have had versions that are lost here.
    """
    if newest is None:
        return version_after(0) if kind == Kind.LISTING else version
    branches = replica.store.records.in_use(newest.register) if newest.header.kind == Kind.POLICY else []
    return max(one.header.min_valid_version for one in (newest, *branches))


def _sign_and_keep(  # noqa: PLR0913 - as for `write`
    replica: Replica,
    kind: Kind,
    slot: bytes,
    body: bytes,
    audience: Audience,
    until: UnixTime,
    *,
    may_reduce_access: bool,
    above: int = 0,
    latest_expiry: UnixTime | None = None,
    rounded: int = 1,
) -> Record:
    now = _dated(replica, rounded)
    newest = replica.store.records.newest((replica.me, kind, slot))
    last = max(newest.header.version if newest else 0, above)
    # A withdrawal follows what it withdraws: two devices that withdraw one listing apart give it one version. That of a
    # copy may lose against a later edit, and is written again when the two meet (`app.devices.copies`).
    version = next_version(replica, last, may_be_dated=bool(body), rounded=rounded)
    record = signed(
        kind=kind,
        author=replica.me,
        device=replica.device,
        slot=slot,
        version=version,
        audience=audience,
        policy_version=NO_POLICY if kind == Kind.POLICY else own_policy_version(replica),
        created=now,
        expires=until,
        min_valid_version=version if may_reduce_access else _min_valid_version(replica, kind, newest, version),
        latest_expiry=max(until, latest_expiry or until, newest.header.latest_expiry if newest else until),
        body=body,
        sign=replica.keys.sign,
    )
    outcome = replica.ingest.receive([record])
    if outcome.faults:
        raise Failed(_why(outcome.faults[0][1]))
    if record.id not in outcome.kept:
        if replica.trust_state.revoked(replica.me, replica.device):
            raise Refused(
                "this device was revoked and can no longer act for you",
                "to use this computer again, make it a new device: 'meshnode device join' in a new home",
            )
        raise Refused(
            "the certificate of this device has expired", "connect it with the device that has your identity key"
        )
    return record


def _dated(replica: Replica, rounded: int) -> UnixTime:
    """Return the present time in steps of so many seconds, rounded down."""
    return rounded_down(signing_time(replica.clock.now()), rounded)


def next_version(replica: Replica, above: int, *, may_be_dated: bool = True, rounded: int = 1) -> Version:
    """Return a version above `above` that no copy of this device's disk has given out, as far as can be known.

    The disk may have been put back from an image: the versions given out since are not known here. They were not above
    the seconds of their time either, so the seconds of now are above them. Where the date is in doubt, or the version
    must not be `may_be_dated`, a copy is found out only when its records are heard of.

    Raises Refused where no version can follow: another device of the owner has written the highest that there is.
    """
    reading = replica.clock.reading()
    try:
        return (
            version_at(above, reading.now + -reading.now % rounded)
            if may_be_dated and reading.trusted
            else version_after(above)
        )
    except NoHeadroom as fault:
        raise Refused(
            "one of your devices has written a number that is too high to continue from",
            "if it was stolen, revoke it: 'meshnode device revoke DEVICE'; 'meshnode doctor' names it",
        ) from fault


def own_policy_version(replica: Replica) -> Version:
    """Return the version of the policy register that this device writes; 0 before the first."""
    newest = replica.store.records.newest((replica.me, Kind.POLICY, device_slot(replica.device)))
    return newest.header.version if newest else NO_POLICY


def _why(code: Code) -> str:
    reasons = {
        Code.OVERSIZED: "that is too large for one item: shorten it",
        Code.EXPIRED: "that would last longer than it may",
        Code.FORGED: "this device cannot act for you: restore its key, or add the device again",
    }
    return reasons.get(code, "this node's own checks refused what it wrote")
