"""Lets unattended work fail alone: an error in one piece of it ends neither the node nor the other pieces.

Unattended work is all that nobody waits for: upkeep, opening letters, watching, background tasks. A piece that fails is
logged once and shown as a problem. A step of a round is also set aside, which the store remembers: it is not tried again
at the next start, but only when its cause may have changed. So no record can keep a node from starting.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol, TypeVar

from meshnode.errors import MeshnodeError, StorageFailed, StorageFull, of_system

log = logging.getLogger(__name__)

RETRY_SECONDS = 24 * 3600.0  # a day later, much of what a step goes through is another
SHOWN_SECONDS = 24 * 3600.0  # for which a failure is shown of work that goes on
SET_ASIDE_MAX = 64  # pieces that are remembered; of more, the oldest are forgotten, and tried again
SET_ASIDE = "set aside"  # the name of the memory, in the store's small values

Result = TypeVar("Result")


class Memory(Protocol):
    """Keeps small values by name, as `store.Meta` does."""

    def get(self, name: str) -> str | None: ...
    def set(self, name: str, value: str) -> None: ...


class Failure(NamedTuple):
    """A piece of unattended work that failed.

    `work` says in words what it does, `item` which of several it is. `reason` and `hint` are those of an error that was
    foreseen; of any other, `reason` is the name of its class and `hint` is empty. `again_at` is when it may be tried
    again, in monotonic seconds.
    """

    work: str
    item: str
    reason: str
    hint: str
    set_aside: bool
    at: float
    again_at: float


class Guard:
    """Runs the unattended work of one node, and remembers what has failed.

    `version` is that of the program: what another version has set aside is tried again. `monotonic` returns seconds.
    Steps belong to the store thread; `note` and `failures` may be called on the event loop too.
    """

    def __init__(self, memory: Memory, version: str, monotonic: Callable[[], float]) -> None:
        self._memory = memory
        self._version = version
        self._monotonic = monotonic
        self._failures: dict[tuple[str, str], Failure] = {}
        self._load()

    # --- running work --------------------------------------------------------------------------------------------------

    def step(self, work: str, function: Callable[..., object], *arguments: object, item: str = "") -> bool:
        """Run one step of a round; return whether it was done. Call it outside of any open transaction.

        One that fails is set aside. One that fails for want of room on the disk, or for another reason that a person or
        another node may end at any time (any MeshnodeError), is tried again in the next round. Raises what `stops`.
        """
        if self.is_set_aside(work, item):
            return False
        return self._tried(work, item, function, arguments, set_aside=True)

    def attempt(self, work: str, function: Callable[..., object], *arguments: object) -> bool:
        """Run work that cannot be set aside, because others count on it; return whether it was done. Raises what `stops`."""
        return self._tried(work, "", function, arguments, set_aside=False)

    def result(
        self, work: str, function: Callable[..., Result], *arguments: object, otherwise: Callable[[], Result]
    ) -> Result:
        """Return what `function` returns, or where it fails what `otherwise` returns. Raises what `stops`."""
        found: list[Result] = []
        self.attempt(work, lambda: found.append(function(*arguments)))
        return found[0] if found else otherwise()

    def _tried(
        self, work: str, item: str, function: Callable[..., object], arguments: tuple[object, ...], *, set_aside: bool
    ) -> bool:
        try:
            function(*arguments)
        except Exception as error:  # noqa: BLE001 - whatever it is, the rest must go on
            if self.note(work, error, item=item, set_aside=set_aside):
                self._keep()
            return False
        if set_aside:
            self.worked(work, item)
        return True

    # --- what has failed -----------------------------------------------------------------------------------------------

    def note(self, work: str, error: Exception, *, item: str = "", set_aside: bool = False) -> bool:
        """Log and remember that a piece of work failed; return whether it is set aside now. Raises an error that `stops`."""
        if stops(error):
            raise error
        if isinstance(error, StorageFull):
            log.warning("the disk is full", extra={"work": work})  # `status` shows it, and there may soon be room
            return False
        foreseen = isinstance(error, MeshnodeError)
        reason, hint = (error.message, error.hint) if isinstance(error, MeshnodeError) else (type(error).__name__, "")
        known, now = self._failures.get((work, item)), self._monotonic()
        if known is None or known.reason != reason or now - known.at >= SHOWN_SECONDS:
            log.error("unattended work failed", extra={"work": work, "item": item, "why": reason}, exc_info=error)
        aside = set_aside and not foreseen
        self._remember(Failure(work, item, reason, hint, aside, now, now + RETRY_SECONDS if aside else now))
        return aside

    def worked(self, work: str, item: str = "") -> None:
        """Note that a piece of work was done, if it had failed before."""
        failure = self._failures.pop((work, item), None)
        if failure is not None and failure.set_aside:
            self._keep()

    def is_set_aside(self, work: str, item: str = "") -> bool:
        """Whether this piece of work is set aside for now."""
        failure = self._failures.get((work, item))
        return failure is not None and failure.set_aside and self._monotonic() < failure.again_at

    def failures(self) -> tuple[Failure, ...]:
        """Return what is set aside, and what else has failed within the last SHOWN_SECONDS and not been done since."""
        now = self._monotonic()
        return tuple(one for one in tuple(self._failures.values()) if one.set_aside or now - one.at < SHOWN_SECONDS)

    def try_again(self) -> None:
        """Let everything that is set aside be tried again, because the owner wants it. Call it in the store thread."""
        now = self._monotonic()
        self._failures = {key: one._replace(again_at=now) for key, one in self._failures.items()}

    # --- what outlasts the program -------------------------------------------------------------------------------------

    def _remember(self, failure: Failure) -> None:
        self._failures.pop((failure.work, failure.item), None)
        while len(self._failures) >= SET_ASIDE_MAX:
            self._failures.pop(next(iter(self._failures)))
        self._failures[failure.work, failure.item] = failure

    def _load(self) -> None:
        """Take up what this version of the program has set aside before. A memory that cannot be read is an empty one."""
        now = self._monotonic()
        try:
            kept = json.loads(self._memory.get(SET_ASIDE) or "{}")
            found = kept["aside"] if kept.get("version") == self._version else []
            for work, item, reason in found[:SET_ASIDE_MAX]:
                self._remember(Failure(str(work), str(item), str(reason), "", True, now, now + RETRY_SECONDS))  # noqa: FBT003
        except (ValueError, TypeError, AttributeError, KeyError):
            log.warning("what was set aside cannot be read")

    def _keep(self) -> None:
        aside = [(one.work, one.item, one.reason) for one in self._failures.values() if one.set_aside]
        try:
            self._memory.set(SET_ASIDE, json.dumps({"version": self._version, "aside": aside}))
        except StorageFull:
            log.warning("what was set aside cannot be kept: the disk is full")


def stops(error: BaseException) -> bool:
    """Whether an error must end the node: the disk has failed, or the error is no failure of the work (a cancellation)."""
    if isinstance(error, BaseExceptionGroup):
        return any(stops(one) for one in error.exceptions)
    if isinstance(error, OSError):
        return isinstance(of_system(error), StorageFailed)
    return isinstance(error, StorageFailed) or not isinstance(error, Exception)


def leaves(error: BaseException) -> Iterator[BaseException]:
    """Yield the errors in a group, or the error itself."""
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from leaves(one)
    else:
        yield error
