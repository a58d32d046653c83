"""Says who answers for each person to the owner of this node: everything that others may take up is counted by that.

Anybody can make up any number of people, so a limit for each person limits nobody. But the people whom the owner vouches
for are few, and each Sybil is connected to the owner through one of them: their *introducer*. See "Introducers" in
protocol/README.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from meshnode.replica.trust_state import TrustState
from protocol import PersonId
from protocol.trust import inviters

FARTHEST = 1 << 128  # longer than any path: the distance of people to whom none leads

Answer = tuple[PersonId | None, int]
"""An introducer, and the distance of the person for whom they answer, which says only who is nearer."""
NOBODY: Answer = (None, FARTHEST)


class Introducers:
    """Finds the introducer of each person, for the owner `me`. Used in the store thread.

    The search behind it is kept and updated with each change of trust, so one answer costs a few microseconds.
    """

    def __init__(self, trust_state: TrustState, me: PersonId) -> None:
        self._trust_state = trust_state
        self._me = me
        self._version = -1
        self._answers: dict[PersonId, Answer] = {}

    def introducer(self, person: PersonId) -> PersonId | None:
        """Return the person, among those whom the owner vouches for, who answers for `person`; None where nobody does.

        It is the first person on the owner's best path to that person: the person where the owner vouches for them, and
        the owner for the owner. For a member of one of the owner's groups to whom no path leads, it is the introducer of
        the nearest person who invited them, and the member where that is the owner. Nobody answers for strangers, for people who only vouch for the owner, and
        for people who are blocked either way with the owner.
        """
        if self._version == self._trust_state.version:
            return self._answers.get(person, NOBODY)[0]
        graph = self._trust_state.graph
        if graph.weight(self._me, person) > 0:
            return None if graph.blocked_either_way(self._me, person) else person
        found = graph.introducer(self._me, person)
        if found is not None or not self._shares_group(person):
            return found
        return self._through_invitations(person, lambda one: graph.introducer(self._me, one))

    def all(self) -> dict[PersonId, PersonId]:
        """Return the introducer of everybody who has one."""
        return {person: one for person, (one, _) in self.answers().items() if one is not None}

    def answers(self) -> Mapping[PersonId, Answer]:
        """Return the answers for everybody who has an introducer. It costs some milliseconds after a change of trust."""
        version = self._trust_state.version
        if self._version != version:
            found: dict[PersonId, Answer] = dict(self._trust_state.graph.introducers(self._me))
            for member in self._trust_state.groups.co_members(self._me) - found.keys():
                through = self._through_invitations(member, lambda one: found.get(one, NOBODY)[0])
                if through is not None:
                    found[member] = through, FARTHEST
            self._answers, self._version = found, version
        return self._answers

    def _shares_group(self, person: PersonId) -> bool:
        groups = self._trust_state.groups
        return groups.shares_cell(self._me, person) or groups.shares_community(self._me, person)

    def _through_invitations(
        self, member: PersonId, introducer: Callable[[PersonId], PersonId | None]
    ) -> PersonId | None:
        """Return the introducer of the nearest person who invited `member` into a group of the owner and has one."""
        trust_state = self._trust_state
        if trust_state.graph.blocked_either_way(self._me, member):
            return None
        mine = trust_state.groups.groups_of(self._me)
        found = (
            member if inviter == self._me else introducer(inviter)
            for _, join in sorted(trust_state.joins(member), key=lambda held: held[1].group_id)
            if join.group_id in mine
            for inviter in inviters(join)
        )
        return next((one for one in found if one is not None), None)
