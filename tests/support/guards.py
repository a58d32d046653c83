"""Guards for tests: one that keeps nothing beyond the test, and a watch over all of them for what failed unattended."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from meshnode.errors import MeshnodeError
from meshnode.guard import Guard


class Values:
    """A memory of small values, as a store has one."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def get(self, name: str) -> str | None:
        return self.kept.get(name)

    def set(self, name: str, value: str) -> None:
        self.kept[name] = value


def guard_of(values: Values | None = None, version: str = "1", time: list[float] | None = None) -> Guard:
    """Return a guard that remembers in `values`; its clock shows what is in `time`."""
    seconds = [0.0] if time is None else time
    return Guard(Values() if values is None else values, version, lambda: seconds[0])


@contextmanager
def watched() -> Iterator[list[BaseException]]:
    """Collect the errors that nobody foresaw and that guards take note of meanwhile, whichever guard it is."""
    noted: list[BaseException] = []
    note = Guard.note

    def watch(self: Guard, work: str, error: Exception, *, item: str = "", set_aside: bool = False) -> bool:
        aside = note(self, work, error, item=item, set_aside=set_aside)
        if not isinstance(error, MeshnodeError):
            noted.append(error)
        return aside

    Guard.note = watch  # type: ignore[method-assign]
    try:
        yield noted
    finally:
        Guard.note = note  # type: ignore[method-assign]
