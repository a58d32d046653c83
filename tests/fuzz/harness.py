"""Says what a harness is: a function that gives an input to a door of the program, and fails if the door does not hold.

Each door has the errors that it may raise, and nothing else: every other exception is a fault, and so is an answer that
does not agree with itself, such as a record that is not written as it was read. A harness raises in these cases.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, ParamSpec, TypeVar

from protocol import RemoteError

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")

CALLS = 20_000
"""The calls of functions that one input may cause in a harness that says nothing else, and for each of its bytes:"""
CALLS_A_BYTE = 100


class Refused:
    """Stands for the answer of a door that has refused an input in one of the ways that it may."""


REFUSED: Final = Refused()


@dataclass(frozen=True)
class Harness:
    """A door by its name: `run` gives it one input, `seeds` are inputs to begin with, `calls` bounds the work of an input."""

    name: str
    run: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]
    calls: int = CALLS

    def work_allowed(self, data: bytes) -> int:
        """Return how many calls of functions this input may cause."""
        return self.calls + CALLS_A_BYTE * len(data)


def answer_of(
    door: Callable[Arguments, Answer], *arguments: Arguments.args, **named: Arguments.kwargs
) -> Answer | Refused:
    """Return what the door answers, or REFUSED for a RemoteError: the one way to refuse the bytes of others."""
    try:
        return door(*arguments, **named)
    except RemoteError:
        return REFUSED


def calls_of(run: Callable[[bytes], None], data: bytes) -> int:
    """Run once, and return how many functions were called, in Python or in C: the same number on every machine."""
    count = 0

    def note(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        run(data)
    finally:
        sys.setprofile(before)
    return count
