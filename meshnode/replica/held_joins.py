"""Holds the joins that this node knows of, and says which of them make their authors members of groups.

Ingest has checked the chain of each join. But a device that signed an invitation of the chain may have been revoked: then
the join is void, unless the revocation keeps that invitation. So joins are judged again when a revocation comes, those
that rely on its device and no others. Where only the header of the revocation is known, it is in doubt what it keeps.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import TypeVar

from meshnode.replica.bodies import readable_body
from meshnode.store import RecordState, Store
from protocol import Device, DeviceId, Group, Join, Kind, PersonId, RecordId
from protocol.trust import Memberships, invitations_of, is_void

_Found = TypeVar("_Found")
OwnedDevice = tuple[PersonId, DeviceId]
_Reliance = tuple[OwnedDevice, bytes]
"""A device that has signed an invitation in the chain of a join, and the id of the group."""
Revocations = dict[DeviceId, RecordId | None]
"""The revoked devices of a person, each with the id of its revocation; None: only the header of that is known."""


class Counts(Enum):
    """Whether a join makes its author a member."""

    YES = "yes"
    NO = "no"
    IN_DOUBT = "in doubt"


class HeldJoins:
    """The joins of each person, by whether they are in use, in doubt or void. Used in the store thread.

    `certified` says whether a device speaks for a person.
    """

    def __init__(self, certified: Callable[[PersonId, DeviceId], bool]) -> None:
        self._certified = certified
        self.groups = Memberships()
        """The members of each group now."""
        self.doubtful = Memberships()
        """The same, with the joins that are in doubt."""
        self._in_use: dict[PersonId, list[tuple[DeviceId, Join]]] = {}
        self._void: dict[PersonId, list[Join]] = {}
        self.in_doubt: set[PersonId] = set()
        """The authors of joins that are in doubt."""
        self._revocations: dict[PersonId, Revocations] = {}
        self._relies_on: dict[PersonId, frozenset[_Reliance]] = {}
        self._relying: dict[OwnedDevice, dict[bytes, set[PersonId]]] = {}  # by device and group

    def in_use(self, person: PersonId) -> list[tuple[DeviceId, Join]]:
        """Return the joins in use of `person`, each with the device that wrote it."""
        return list(self._in_use.get(person, ()))

    def void(self, person: PersonId) -> list[Join]:
        """Return the joins of `person` that are void, since a device that signed an invitation of the chain is revoked."""
        return list(self._void.get(person, ()))

    def people(self) -> set[PersonId]:
        """Return everybody of whom a join is held, in use or in doubt."""
        return {person for person, joins in self._in_use.items() if joins} | self.in_doubt

    def is_relied_on(self, person: PersonId, device: DeviceId) -> bool:
        """Whether this device of `person` has signed an invitation in the chain of a join that is held."""
        return (person, device) in self._relying

    def invited_for(self, person: PersonId, device: DeviceId, viewer: PersonId) -> bool:
        """Whether this device of `person` has signed an invitation in the chain of a join of a group that `viewer` is in."""
        relying = self._relying.get((person, device))
        return relying is not None and any(group_id in relying for group_id in self.groups.groups_of(viewer))

    def inviters(self) -> set[PersonId]:
        """Return everybody who has signed an invitation in the chain of a join that is held."""
        return {person for person, _ in self._relying}

    def revoked(self, person: PersonId) -> Revocations:
        """Return the devices that `person` has revoked."""
        return self._revocations.get(person, {})

    def set_revoked(self, person: PersonId, revocations: Revocations) -> set[PersonId]:
        """Note which devices `person` has revoked; return the authors of the joins that are to be read again for that."""
        before = self._revocations.pop(person, {})
        if revocations:
            self._revocations[person] = revocations
        moved = {device for device, _ in before.items() ^ revocations.items()}
        relying = [self._relying.get((person, device), {}) for device in moved]
        return {author for groups in relying for authors in groups.values() for author in authors}

    def read(self, store: Store, person: PersonId) -> set[PersonId]:
        """Read the joins of `person`, whose certificates are known already.

        Returns the people of whose devices others may now have the certificates, or no longer may, since these have signed
        an invitation in the chain.
        """
        suspended = {row.id for row in store.records.rows((Kind.JOIN,), person, (RecordState.SUSPENDED,))}
        in_use: list[tuple[DeviceId, Join]] = []
        possible: list[Group] = []
        void: list[Join] = []
        relied: set[_Reliance] = set()
        for record in store.records.bodies(Kind.JOIN, author=person):
            join = readable_body(record)
            if not isinstance(join, Join) or not self._certified(person, record.header.device):
                continue
            relied |= {((one.inviter, one.device), join.group_id) for one in invitations_of(person, join)}
            counts = self.counts(store, person, join)
            if counts is Counts.NO:
                void.append(join)
                continue
            possible.append(join.group)
            if record.id not in suspended and counts is Counts.YES:
                in_use.append((record.header.device, join))
        (self.in_doubt.add if len(possible) > len(in_use) else self.in_doubt.discard)(person)
        _set(self._in_use, person, in_use)
        _set(self._void, person, void)
        self.groups.set(person, [join.group for _, join in in_use])
        self.doubtful.set(person, possible)
        return self._rely(person, frozenset(relied))

    def counts(self, store: Store, person: PersonId, join: Join) -> Counts:
        """Return whether a join of `person` whose chain holds makes them a member, by the devices that are revoked."""
        signers = {(one.inviter, one.device) for one in invitations_of(person, join)}
        kept = {one: self._kept(store, *one) for one in signers if one[1] in self.revoked(one[0])}
        if is_void(person, join, {one: tags for one, tags in kept.items() if tags is not None}):
            return Counts.NO
        return Counts.IN_DOUBT if None in kept.values() else Counts.YES

    def _kept(self, store: Store, person: PersonId, device: DeviceId) -> tuple[bytes, ...] | None:
        """Return the invitations that the revocation of a device keeps; None if only its header is known.

        They are read from the store each time: there can be a thousand, and few joins rely on a revoked device.
        """
        revocation = self.revoked(person)[device]
        record = None if revocation is None else store.records.get(revocation)
        body = None if record is None else readable_body(record)
        return body.kept if isinstance(body, Device) else None

    def _rely(self, person: PersonId, relied: frozenset[_Reliance]) -> set[PersonId]:
        """Note on whose devices the joins of `person` rely; return those for whom it is the first or the last of a group."""
        before = self._relies_on.pop(person, frozenset())
        if relied:
            self._relies_on[person] = relied
        moved = set()
        for device, group_id in before - relied:
            groups = self._relying[device]
            groups[group_id].discard(person)
            if not groups[group_id]:
                del groups[group_id]
                moved.add(device[0])
            if not groups:
                del self._relying[device]
        for device, group_id in relied - before:
            groups = self._relying.setdefault(device, {})
            if group_id not in groups:
                moved.add(device[0])
            groups.setdefault(group_id, set()).add(person)
        return moved


def _set(known: dict[PersonId, list[_Found]], person: PersonId, found: list[_Found]) -> None:
    known.pop(person, None)
    if found:
        known[person] = found
