"""How long a session waits: for an introduction, for a sign of life, for a peer that owes something. And when it pings."""

from __future__ import annotations

from protocol.limits import IDLE_DEAD_SECONDS, IDLE_PING_SECONDS, PREAUTH_SECONDS, PROGRESS_SECONDS


class Deadlines:
    """The deadlines of one session. `now` is the latest time it has been told, and never goes back."""

    def __init__(self, now: float) -> None:
        self.now = now
        self._opened = now
        self._heard = now
        self._spoke = now
        self._progress = now  # when the peer last did more than ping, or began to owe something
        self._owes = False

    def at(self, now: float) -> None:
        """It is `now`."""
        self.now = max(self.now, now)

    def heard(self, *, progress: bool) -> None:
        """A frame has come; `progress`: more than a sign of life."""
        self._heard = self.now
        if progress:
            self.progress()

    def progress(self) -> None:
        """Something has moved on."""
        self._progress = self.now

    def spoke(self) -> None:
        """Frames of ours go out."""
        self._spoke = self.now

    def next_timer(self, *, introduced: bool, owes: bool) -> float:
        """When `overdue` or `ping_due` is to be asked again."""
        self._watch(owes)
        times = [self._spoke + IDLE_PING_SECONDS, self._heard + IDLE_DEAD_SECONDS]
        if not introduced:
            times.append(self._opened + PREAUTH_SECONDS)
        if owes:
            times.append(self._progress + PROGRESS_SECONDS)
        return min(times)

    def overdue(self, *, introduced: bool, owes: bool) -> str:
        """What the peer let pass, in words; empty if nothing."""
        self._watch(owes)
        if not introduced and self.now >= self._opened + PREAUTH_SECONDS:
            return "not introduced in time"
        if self.now >= self._heard + IDLE_DEAD_SECONDS:
            return "silent"
        if owes and self.now >= self._progress + PROGRESS_SECONDS:
            return "makes no progress"
        return ""

    @property
    def ping_due(self) -> bool:
        """Whether we have been silent for so long that the other side may doubt us."""
        return self.now >= self._spoke + IDLE_PING_SECONDS

    def _watch(self, owes: bool) -> None:
        if owes and not self._owes:
            self.progress()
        self._owes = owes
