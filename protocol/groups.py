"""Shared membership, as the rules ask for it. Until groups exist, nobody shares one, and nobody can claim to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

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
