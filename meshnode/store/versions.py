"""Defines a stored record as the decisions about registers see it, and when time changes something about it."""

from __future__ import annotations

from typing import NamedTuple

from meshnode.store.rows import RecordState
from protocol import REVOCATION_VERSION, Kind, RecordId, limits, longest_life

NEWEST, CURRENT = 0, 1  # roles in a register; NULL while pending
FIRST_BRANCH = 2  # this and the numbers above: versions that a copy of the device wrote apart
VERSION = (
    "SELECT no, id, author, kind, slot, role, version, device, min_valid_version, created, expires, latest_expiry,"
    " complete, withdrawn, received_from, arrived, size, place IS NOT NULL FROM record"
)


class Version(NamedTuple):
    """The columns that decide, in the order of VERSION; people and devices by number."""

    no: int
    id: RecordId
    author: int
    kind: int
    slot: bytes
    role: int | None
    version: int
    device: int
    min_valid_version: int
    created: int
    expires: int
    latest_expiry: int
    complete: int
    withdrawn: int
    received_from: int | None
    arrived: int
    size: int
    placed: int
    """Whether it is a listing with a place of its own."""

    @property
    def register(self) -> tuple[int, int, bytes]:
        return (self.author, self.kind, self.slot)

    @property
    def guards_until(self) -> int:
        """The time from which no older version can be alive (UNIX seconds): at `latest_expiry` or when its kind's life ends.

        Without the second limit, headers of Sybils could stay for ever.
        """
        if self.kind == Kind.DEVICE and self.version == REVOCATION_VERSION:
            return self.latest_expiry
        return min(self.latest_expiry, max(self.arrived, self.created) + limits.CLOCK_SKEW + longest_life(self.kind))

    @property
    def _grace(self) -> int:
        """The seconds for which a tombstone stays longer, in case clocks are wrong; fewer for letters, which are many."""
        return limits.CLOCK_SKEW if self.kind == Kind.LETTER else limits.TOMBSTONE_GRACE

    @property
    def _came_late(self) -> bool:
        """Whether it had ended when it came, by the clock of that time."""
        return self.arrived >= self.expires

    def due(self, state: RecordState, since: int) -> int:
        """Return when the purge must look at it (UNIX seconds), being in `state` since then."""
        if state is RecordState.PAST:
            return self.arrived + limits.TOMBSTONE_GRACE
        if self.withdrawn or not self.complete:
            # After what came late was passed on, its header stays as long again: else nodes would give it to each other
            # in turn, for ever.
            return max(self.guards_until + self._grace, self.arrived + (2 if self._came_late else 1) * self._grace)
        if state is RecordState.SUSPENDED:
            return min(self.expires, since + limits.SUSPENDED_LIFE)
        if state is RecordState.PENDING:
            return min(self.expires, since + limits.PENDING_LIFE)
        return self.expires

    def leaves_tombstone(self, now: int) -> bool:
        """Whether its header must stay when it expires: an older version may live longer, or come again from others."""
        if self._came_late and self.role == NEWEST:
            return now < self.arrived + 2 * self._grace
        return (
            self.role == NEWEST
            and bool(self.complete and not self.withdrawn)
            and self.expires < self.latest_expiry
            and self.expires <= now < self.guards_until + self._grace
        )
