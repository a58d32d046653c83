"""Keeps the deadlines by which a peer must be identified, show a sign of life, and make progress; and says when to ping."""

from __future__ import annotations

from protocol.limits import (
    ADMITTING_SECONDS,
    IDLE_DEAD_SECONDS,
    IDLE_PING_SECONDS,
    PREAUTH_SECONDS,
    PROGRESS_SECONDS,
)


class Deadlines:
    """The deadlines of one session. `now` is the latest time that `advance_to` was told, and never goes back."""

    def __init__(self, now: float) -> None:
        self.now = now
        self._opened = now
        self._heard = now
        self._sent = now
        self._progress = now  # when the peer last did more than show a sign of life, or began to owe something
        self._owes = False
        self.admitting = False
        """Whether what the peer owes is to find out what we may have, which may take long."""
        self._unread = False

    def advance_to(self, now: float) -> None:
        """Let time pass until `now`; an earlier time changes nothing."""
        self.now = max(self.now, now)
        if self._unread:
            self._unread = False
            self._opened = self._heard = self._progress = self.now

    def read_again(self) -> None:
        """Let all deadlines of the peer begin at the next moment: what it has said meanwhile was not read."""
        self._unread = True

    def heard(self, *, progress: bool) -> None:
        """Note that a frame has come; `progress`: it is more than a sign of life."""
        self._heard = self.now
        if progress:
            self.progress()

    def progress(self) -> None:
        """Note that the session has moved on."""
        self._progress = self.now

    def sent(self) -> None:
        """Note that frames of ours go out."""
        self._sent = self.now

    def note_debt(self, *, owes: bool) -> None:
        """Note whether the peer owes us an answer or records, as of `now`, which must be the time of this moment."""
        if owes and not self._owes:
            self.progress()
        self._owes = owes

    def next_timer(self, *, identified: bool, owes: bool) -> float:
        """Return when to ask for `overdue` or `ping_due` again. `owes`: the peer owes us an answer or records.

        A debt that was not noted may have begun long after `now`: then it counts from the next `overdue` on.
        """
        times = [self._sent + IDLE_PING_SECONDS, self._heard + IDLE_DEAD_SECONDS]
        if not identified:
            times.append(self._opened + PREAUTH_SECONDS)
        if owes:
            times.append((self._progress if self._owes else self.now) + self._patience)
        return min(times)

    def overdue(self, *, identified: bool, owes: bool) -> str:
        """Return in words which deadline the peer has missed; empty if none."""
        self.note_debt(owes=owes)
        if not identified and self.now >= self._opened + PREAUTH_SECONDS:
            return "not identified in time"
        if self.now >= self._heard + IDLE_DEAD_SECONDS:
            return "silent"
        if owes and self.now >= self._progress + self._patience:
            return "makes no progress"
        return ""

    @property
    def _patience(self) -> int:
        return ADMITTING_SECONDS if self.admitting else PROGRESS_SECONDS

    @property
    def ping_due(self) -> bool:
        """Whether we have sent nothing for so long that the other side needs a sign of life."""
        return self.now >= self._sent + IDLE_PING_SECONDS
