"""Edits the policy of this device: the owner's vouches, blocks and sharing preference.

Each edit gets a stamp above all stamps of all the owner's devices (a Lamport counter), so that devices which edit apart
merge entry by entry. An edit that changes nothing is not signed.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from meshnode.app.owner import ended_entries, former_web
from meshnode.app.owner.presence_key import rotate_at_once, rotate_if_due, rotate_later
from meshnode.errors import Field, Refused, not_allowed
from meshnode.quoting import named
from meshnode.replica.authoring import fresh_salt, write
from meshnode.replica.bodies import readable, readable_body
from meshnode.replica.branches import valid_and_outdated
from meshnode.replica.replica import Replica
from protocol import (
    Block,
    DeviceId,
    InvalidField,
    Kind,
    PersonId,
    Policy,
    PolicyFull,
    Preference,
    Vouch,
    device_slot,
    limits,
)
from protocol.numbers import Stamp, stamp_after, stamp_leaps
from protocol.trust import (
    EffectivePolicy,
    absorb,
    caught_up,
    decided_by,
    empty_policy,
    joined,
    may_reduce_access,
    merge,
    only,
    with_block,
    with_preference,
    with_vouch,
    without_one_ended,
)

Edit = Callable[[Policy, Stamp, bytes], Policy]

_NOBODY = bytes(32)  # a subject that no register names
_ANY_SALT = bytes(limits.SALT_BYTES)  # of a register that is only looked at, and never signed


class _Registers(Struct, frozen=True):
    """The policies of the owner's devices as one edit finds them, each read once; `own` is None before the first one."""

    own: Policy | None
    others: list[Policy]

    @classmethod
    def read(cls, replica: Replica) -> _Registers:
        """Read them from the store."""
        found = {device: register_of(replica, device) for device in _devices_with_policies(replica)}
        own = found.pop(replica.device, None)
        return cls(own, [policy for policy in found.values() if policy is not None])

    @property
    def all(self) -> list[Policy]:
        """The policies of all devices."""
        return self.others if self.own is None else [self.own, *self.others]

    @property
    def to_edit(self) -> Policy:
        """The policy of this device, an empty one before the first."""
        return self.own if self.own is not None else empty_policy(_ANY_SALT)

    @property
    def next_stamp(self) -> Stamp:
        """The stamp after every stamp in every policy of the owner. NoHeadroom if none can follow."""
        return stamp_after(self.known_stamp)

    @property
    def known_stamp(self) -> Stamp:
        """The highest stamp in the policies of the owner.

        A clock that leaps is not followed: a thief's, which was taken in before that was judged, ends with the revocation.
        """
        known = self.own.clock if self.own is not None else Stamp(0)
        for clock in sorted(other.clock for other in self.others):
            if not stamp_leaps(clock, known):
                known = max(known, clock)
        return known


def own(replica: Replica) -> EffectivePolicy | None:
    """Return the owner's policy as it is in effect over all their devices; None before the first one."""
    return replica.trust_state.policy(replica.me)


def weight(replica: Replica, subject: PersonId) -> int:
    """Return the weight of the owner's vouch for `subject`, in per mille; 0 without one."""
    return replica.trust_state.graph.weight(replica.me, subject)


def blocks(replica: Replica, subject: PersonId) -> bool:
    """Whether the owner blocks `subject`."""
    return replica.trust_state.graph.blocks(replica.me, subject)


def blocked(name: str, field: Field | None = None) -> Refused:
    """Return the error for what cannot be done with somebody called `name` while the owner blocks them."""
    return Refused("you block {name}", "unblock them first with 'meshnode unblock NAME'", field=field, name=named(name))


def has_spoken_of(replica: Replica, subject: PersonId) -> bool:
    """Whether the owner ever vouched for `subject`, even if the vouch was taken back."""
    if ended_entries.was_taken_back(replica, subject):
        return True
    return any(vouch.subject == subject for policy in _Registers.read(replica).all for vouch in policy.vouches)


def spoken_of(replica: Replica) -> set[PersonId]:
    """Return everybody for whom the owner ever vouched, as far as that is still written."""
    return {vouch.subject for policy in _Registers.read(replica).all for vouch in policy.vouches}


def has_room_to_vouch(replica: Replica, subject: PersonId = _NOBODY) -> bool:
    """Whether this device's policy has room for a vouch for `subject`, by default somebody not vouched for yet."""
    return _is_within(replica, subject) and _has_room(replica, vouching(subject, limits.WEIGHT_MAX))


def has_room_to_block(replica: Replica, subject: PersonId) -> bool:
    """Whether this device's policy has room for a block of `subject`."""
    held = own(replica)
    if held is not None and not blocks(replica, subject) and len(held.block_tags) >= limits.BLOCKS_MAX:
        return False
    return _has_room(replica, blocking(replica.me, subject, blocked=True))


def _is_within(replica: Replica, subject: PersonId) -> bool:
    """Whether one person may vouch for `subject` too: of more vouches over all devices some would not count."""
    held = own(replica)
    return held is None or subject in held.vouches or len(held.vouches) < limits.VOUCHES_MAX


def _full() -> Refused:
    hint = "make room with 'meshnode unvouch NAME' or 'meshnode unblock NAME'"
    return Refused("the list of people you trust or block is full", hint)


def vouch(replica: Replica, subject: PersonId, per_mille: int) -> None:
    """Vouch for `subject` with `per_mille`; 0 takes the vouch back. Refused if there is no room for the entry."""
    if weight(replica, subject) != per_mille:
        if per_mille and not _is_within(replica, subject):
            raise _full()
        _edit(replica, vouching(subject, per_mille))


def take_back_all(replica: Replica) -> None:
    """Take back every vouch of the owner's, in one version of this device's policy."""
    held = own(replica)
    if held is None or not held.vouches:
        return
    registers, before_it = _Registers.read(replica), web(replica)
    after = caught_up(
        registers.to_edit, registers.next_stamp, fresh_salt(replica), take_back=frozenset(held.vouches), forget=()
    )
    with replica.transaction():
        _write(replica, registers, after)
        note_former_web(replica, before_it)


def block(replica: Replica, subject: PersonId) -> None:
    """Block `subject`. A vouch for them stays written, and counts for nothing while the block lasts."""
    if not blocks(replica, subject):
        with replica.transaction():
            _edit(replica, blocking(replica.me, subject, blocked=True))
            rotate_at_once(replica)
        rotate_if_due(replica)


def unblock(replica: Replica, subject: PersonId) -> None:
    """End the block of `subject`."""
    if blocks(replica, subject):
        _edit(replica, blocking(replica.me, subject, blocked=False))


def set_preference(replica: Replica, preference: Preference) -> None:
    """Set the owner's sharing preference; its stamp is set here. It moves every listing that follows the preference."""
    held = own(replica)
    if held is not None and held.preference.stamp and held.preference._replace(stamp=preference.stamp) == preference:
        return
    _edit(replica, preferring(preference))


def renew(replica: Replica) -> None:
    """Write the policy of this device again for another term: as it is, but for what is due of what has ended."""
    registers = _Registers.read(replica)
    if registers.own is not None:
        after = _caught_up(replica, registers, _due(replica, registers))
        _write(replica, registers, _as_held(replica, after))


def _as_held(replica: Replica, policy: Policy) -> Policy:
    """Return the newest version held if that is `policy` but for the salt: peers that hold it need no other body."""
    newest = replica.store.records.newest((replica.me, Kind.POLICY, device_slot(replica.device)))
    held = None if newest is None else readable_body(newest)
    return held if isinstance(held, Policy) and replace(policy, salt=held.salt) == held else policy


def follow_ended(replica: Replica) -> None:
    """Look once a day for vouches and blocks that ended, and write this device's policy if much is due of that.

    A device that has no policy writes one when it has to tell the others that it has heard of an end.
    """
    if not ended_entries.is_to_look(replica):
        return
    registers = _Registers.read(replica)
    ended_entries.look(replica, registers.to_edit, registers.others)
    due = _due(replica, registers)
    if due.now:
        _write(replica, registers, _caught_up(replica, registers, due))


def _due(replica: Replica, registers: _Registers) -> ended_entries.Due:
    devices = {one.device for one in replica.trust_state.devices(replica.me)} - {replica.device}
    all_heard = devices <= set(_devices_with_policies(replica))
    return ended_entries.due(replica, registers.to_edit, registers.others, all_heard=all_heard)


def _caught_up(replica: Replica, registers: _Registers, due: ended_entries.Due) -> Policy:
    stamp = registers.next_stamp if due.take_back else registers.known_stamp
    return caught_up(registers.to_edit, stamp, fresh_salt(replica), take_back=due.take_back, forget=due.forget)


def join_branches(replica: Replica) -> None:
    """Join what copies of this device, or of one that this computer was before, have said apart, in one new version."""
    for device in _devices_with_policies(replica):
        if not _has_branches(replica, device):
            continue
        registers = _Registers.read(replica)
        if device == replica.device and registers.own is not None:
            _write(replica, registers, replace(registers.own, salt=fresh_salt(replica)))
        elif (register := register_of(replica, device)) is not None:
            absorb_from(replica, register)


def absorb_from(
    replica: Replica, theirs: Policy, *, blocks_only: bool = False, keep: frozenset[bytes] | None = None
) -> bool:
    """Absorb into this device's policy the entries that hold because of `theirs`, the policy of another own device.

    With `keep` they are only those about these subjects and tags; with `blocks_only` as in `protocol.trust.absorb`.
    Returns False if there was nothing to absorb. Raises InvalidField if this device's policy has no room for it all.
    """
    registers = _Registers.read(replica)
    after = _absorbed(registers, theirs, fresh_salt(replica), blocks_only=blocks_only, keep=keep)
    if after is None:
        return False
    _write(replica, registers, after)
    return True


def holds_alone(replica: Replica, theirs: Policy) -> bool:
    """Whether something that the owner has said holds only because of `theirs`, the policy of another own device."""
    try:
        return _absorbed(_Registers.read(replica), theirs, _ANY_SALT, blocks_only=False) is not None
    except InvalidField:  # there is no room for it all
        return True


def _absorbed(
    registers: _Registers, theirs: Policy, salt: bytes, *, blocks_only: bool, keep: frozenset[bytes] | None = None
) -> Policy | None:
    """Return this device's policy with the entries that hold because of `theirs`; None if there are none."""
    before, stamp = registers.to_edit, registers.next_stamp
    others = [policy for policy in registers.others if policy != theirs]
    theirs = theirs if keep is None else only(theirs, keep)
    after = _with_room(
        before,
        [*others, theirs],
        lambda register: absorb(register, theirs, others, stamp, salt, blocks_only=blocks_only),
    )
    return None if after is before else after


# --- edits, made or only tried -----------------------------------------------------------------------------------------


def vouching(subject: PersonId, per_mille: int) -> Edit:
    """Return the edit that vouches for `subject`; 0 takes the vouch back."""
    return lambda policy, stamp, salt: with_vouch(policy, subject, per_mille, stamp, salt)


def blocking(me: PersonId, subject: PersonId, *, blocked: bool) -> Edit:
    """Return the edit that blocks `subject`, or ends the block."""
    return lambda policy, stamp, salt: with_block(policy, me, subject, blocked=blocked, stamp=stamp, salt=salt)


def preferring(preference: Preference) -> Edit:
    """Return the edit that sets the sharing preference."""
    return lambda policy, stamp, salt: with_preference(policy, preference, stamp, salt)


def policy_after(replica: Replica, edit: Edit) -> EffectivePolicy:
    """Return the owner's policy as it would be in effect after `edit`, over all devices. Nothing is signed."""
    registers = _Registers.read(replica)
    return merge([_edited(registers, edit, _ANY_SALT), *registers.others])


def _edited(registers: _Registers, edit: Edit, salt: bytes) -> Policy:
    """Return this device's policy after `edit`, under `salt`. Raises Refused if the register cannot be edited so."""
    try:
        stamp = registers.next_stamp
        return _with_room(registers.to_edit, registers.others, lambda register: edit(register, stamp, salt))
    except PolicyFull as fault:
        raise _full() from fault
    except InvalidField as fault:  # a stolen device can use up all stamps
        raise Refused(
            "the list of people you trust or block cannot be changed ({fault})",
            "if a device of yours was stolen, revoke it: meshnode device revoke DEVICE",
            fault=not_allowed(fault).message,
        ) from fault


def _with_room(register: Policy, others: list[Policy], edit: Callable[[Policy], Policy]) -> Policy:
    """Return `register` edited. PolicyFull if it has no room.

    A register keeps the entries that took back a vouch or ended a block. If it is full, the oldest of them make room.
    """
    while True:
        try:
            return edit(register)
        except PolicyFull:
            smaller = without_one_ended(register, others)
            if smaller == register:
                raise
            register = smaller


def _has_room(replica: Replica, edit: Edit) -> bool:
    try:
        _edited(_Registers.read(replica), edit, _ANY_SALT)
    except Refused:
        return False
    return True


def _edit(replica: Replica, edit: Edit) -> None:
    registers = _Registers.read(replica)
    after = _edited(registers, edit, fresh_salt(replica))
    before_it = web(replica)
    with replica.transaction():
        _write(replica, registers, after)
        note_former_web(replica, before_it)


def web(replica: Replica) -> set[PersonId]:
    """Return everybody whom the owner's trust reaches, and everybody who shares a group with the owner."""
    return {*replica.trust_state.regard_from(replica.me), *replica.trust_state.groups.co_members(replica.me)}


def note_former_web(replica: Replica, before: set[PersonId]) -> None:
    """Remember the people who were in the web `before` and no longer are, so that they learn of it.

    People blocked either way are left out.
    """
    left = before - web(replica)
    if left:
        former_web.note(
            replica, (person for person in left if not replica.trust_state.graph.blocked_either_way(replica.me, person))
        )
        rotate_later(replica)


def _write(replica: Replica, before: _Registers, after: Policy) -> None:
    """Sign `after` as this device's policy; `before` are the policies as they were read for it."""
    write(
        replica,
        Kind.POLICY,
        device_slot(replica.device),
        after,
        life=limits.POLICY_LIFE,
        may_reduce_access=may_reduce_access(before.to_edit, after, before.others),
    )


def register_of(replica: Replica, device: DeviceId) -> Policy | None:
    """Return the policy that a device of the owner has written; None before the first one.

    Where copies of the device have written apart, the branches are joined in it. This computer has missed nothing that it
    wrote itself: so a branch of its own is a copy's words, and what it gives counts, even if another branch outdates it.
    """
    found = readable(replica.store.records.in_use((replica.me, Kind.POLICY, device_slot(device))))
    versions = [(record.header, body) for record, body in found if isinstance(body, Policy)]
    if len(versions) <= 1:
        return versions[0][1] if versions else None
    valid, outdated = valid_and_outdated(
        (header.version, header.min_valid_version, policy) for header, policy in versions
    )
    if device in (replica.device, replica.former_device):
        valid, outdated = [*valid, *outdated], []
    return joined(valid, versions[0][1].salt, outdated)


def _devices_with_policies(replica: Replica) -> list[DeviceId]:
    return sorted({row.device for row in replica.store.records.rows((Kind.POLICY,), replica.me)})


def decided_on(replica: Replica, device: DeviceId) -> tuple[tuple[Vouch, ...], tuple[Block, ...]]:
    """Return the vouches and blocks that hold because the owner's `device` says so, and no other device of theirs."""
    theirs = register_of(replica, device)
    if theirs is None:
        return (), ()
    others = (register_of(replica, one) for one in _devices_with_policies(replica) if one != device)
    return decided_by(theirs, [policy for policy in others if policy is not None])


def _has_branches(replica: Replica, device: DeviceId) -> bool:
    return len(replica.store.records.in_use((replica.me, Kind.POLICY, device_slot(device)))) > 1
