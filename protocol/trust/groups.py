"""Holds the members of each group, as far as a node knows them from joins (protocol/README.md, "Groups").

A join counts after `membership.check_membership` has accepted it; nothing else makes a member. Of one person's joins
those of the 32 lowest group ids count, so the order in which joins come does not matter.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

from protocol import limits
from protocol.records.join import Group, GroupKind

if TYPE_CHECKING:
    from protocol.keys import PersonId


class Groups(Protocol):
    """Answers whether two people share a group, as far as this node knows. The order of the two does not matter."""

    def shares_cell(self, a: PersonId, b: PersonId) -> bool:
        """Whether the two are members of one cell."""
        ...

    def shares_community(self, a: PersonId, b: PersonId) -> bool:
        """Whether the two are members of one community."""
        ...


class Memberships:
    """Holds the groups of each person of whom a join is known."""

    def __init__(self) -> None:
        self._groups: dict[PersonId, dict[bytes, Group]] = {}
        self._members: dict[bytes, set[PersonId]] = {}

    def set(self, person: PersonId, groups: Iterable[Group]) -> None:
        """Make `person` a member of these groups and of no others; the `GROUPS_MAX` with the lowest ids count."""
        for left in self._groups.pop(person, {}):
            self._members[left].discard(person)
            if not self._members[left]:
                del self._members[left]
        known = {group.id: group for group in groups}
        joined = {group_id: known[group_id] for group_id in sorted(known)[: limits.GROUPS_MAX]}
        if joined:
            self._groups[person] = joined
        for group_id in joined:
            self._members.setdefault(group_id, set()).add(person)

    def groups_of(self, person: PersonId) -> dict[bytes, Group]:
        """Return the groups of `person` by their ids."""
        return dict(self._groups.get(person, {}))

    def members_known(self, group_id: bytes) -> frozenset[PersonId]:
        """Return everybody known to be a member."""
        return frozenset(self._members.get(group_id, ()))

    def co_members(self, person: PersonId) -> frozenset[PersonId]:
        """Return everybody else known to share a group with `person`."""
        mine = self._groups.get(person, {})
        return frozenset(member for group_id in mine for member in self._members[group_id]) - {person}

    def in_slot(self, person: PersonId, slot: bytes) -> bool:
        """Whether `person` is a member of the group whose joins are in `slot`."""
        return any(group_id[: limits.SLOT_BYTES] == slot for group_id in self._groups.get(person, ()))

    def shared(self, a: PersonId, b: PersonId) -> list[Group]:
        """Return the groups that the two share, in the order of their ids."""
        mine, others = self._groups.get(a, {}), self._groups.get(b, {})
        return [mine[group_id] for group_id in sorted(mine.keys() & others.keys())]

    def shares_cell(self, a: PersonId, b: PersonId) -> bool:
        """Whether the two are members of one cell."""
        return self._share(a, b, GroupKind.CELL)

    def shares_community(self, a: PersonId, b: PersonId) -> bool:
        """Whether the two are members of one community."""
        return self._share(a, b, GroupKind.COMMUNITY)

    def _share(self, a: PersonId, b: PersonId, kind: GroupKind) -> bool:
        others = self._groups.get(b)
        if not others:
            return False
        return any(group.kind == kind and group_id in others for group_id, group in self._groups.get(a, {}).items())
