"""Counts the sessions of a node, and the peers that are told of a post by chance, for `app.peers.spread`."""

from __future__ import annotations

from protocol import RecordId

FEW_SESSIONS = 9  # a node that has so many at most tells all at once: on a LAN of ten that is cheap, and the quickest
CHOSEN = 2  # peers that are told by chance, though they are known to get a post from others
_COUNTED_MAX = 1024  # posts for which it is counted how many peers were told


class Spreading:
    """Counts the sessions of a node, and for each post the peers that were told of it by chance."""

    def __init__(self) -> None:
        self.losses = 0
        """How often sessions were found to have ended."""
        self._commit = -1
        self._sessions = self._sessions_before = 0
        self._told: dict[RecordId, int] = {}

    def note(self, commit: int) -> None:
        """Count a session that takes notice of the commit with this number; all do before one of them follows it."""
        if commit != self._commit:
            self._commit, self._sessions_before, self._sessions = commit, self._sessions, 0
        self._sessions += 1

    @property
    def holds_back(self) -> bool:
        """Whether there are so many sessions that a post is not told to all at once."""
        if self._sessions < self._sessions_before:
            self.losses += 1
            self._sessions_before = self._sessions
        return self._sessions > FEW_SESSIONS

    def chooses(self, post: RecordId) -> bool:
        """Whether one more peer is told of this post by chance. They come in random order, and the first are chosen."""
        count = self._told.pop(post, 0)
        self._told[post] = count + 1
        if len(self._told) > _COUNTED_MAX:
            del self._told[next(iter(self._told))]
        return count < CHOSEN
