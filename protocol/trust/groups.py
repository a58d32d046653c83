"""Who is in which group, as far as a node knows: what proved joins say, ready for the rules to ask.

Nothing here believes anybody: a join is counted after `membership.check_membership`, and nothing else makes a member.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

from protocol.limits import SLOT_BYTES
from protocol.records.join import Group, GroupKind

if TYPE_CHECKING:
    from protocol.keys import PersonId


class Groups(Protocol):
    """Who shares a group with whom, as far as this node knows; both questions are symmetric."""

    def shares_cell(self, a: PersonId, b: PersonId) -> bool:
        """Whether the two are members of one cell."""
        ...

    def shares_community(self, a: PersonId, b: PersonId) -> bool:
        """Whether the two are members of one community."""
        ...


class NoGroups:
    """A world without groups: no chain of invitations, no access."""

    def shares_cell(self, a: PersonId, b: PersonId) -> bool:
        """Never."""
        return False

    def shares_community(self, a: PersonId, b: PersonId) -> bool:
        """Never."""
        return False


class Memberships:
    """The groups of everybody of whom joins are known, kept person by person."""

    def __init__(self) -> None:
        self._groups: dict[PersonId, dict[bytes, Group]] = {}
        self._members: dict[bytes, set[PersonId]] = {}

    def set(self, person: PersonId, groups: Iterable[Group]) -> None:
        """`person` is a member of these groups and of no others."""
        for left in self._groups.pop(person, {}):
            self._members[left].discard(person)
            if not self._members[left]:
                del self._members[left]
        joined = {group.id: group for group in groups}
        if joined:
            self._groups[person] = joined
        for group_id in joined:
            self._members.setdefault(group_id, set()).add(person)

    def groups_of(self, person: PersonId) -> dict[bytes, Group]:
        """The groups of `person` by their ids."""
        return dict(self._groups.get(person, {}))

    def members_known(self, group_id: bytes) -> frozenset[PersonId]:
        """Everybody known to be a member."""
        return frozenset(self._members.get(group_id, ()))

    def mates(self, person: PersonId) -> frozenset[PersonId]:
        """Everybody known to share a group with `person`, himself left out."""
        mine = self._groups.get(person, {})
        return frozenset(mate for group_id in mine for mate in self._members[group_id]) - {person}

    def in_slot(self, person: PersonId, slot: bytes) -> bool:
        """Whether `person` is a member of the group whose joins are in `slot`."""
        return any(group_id[:SLOT_BYTES] == slot for group_id in self._groups.get(person, ()))

    def shared(self, a: PersonId, b: PersonId) -> list[Group]:
        """The groups that the two share, in the order of their ids."""
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
