"""Lets a long computation be taken in steps, between which its caller can do other work.

The steps are a generator: it yields between two steps and returns the result.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

Result = TypeVar("Result")
Steps = Generator[None, None, Result]
"""The steps of one piece of work, which returns a `Result`."""


def complete(steps: Steps[Result]) -> Result:
    """Take all steps without giving way, and return the result."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: Result = end.value
            return result
