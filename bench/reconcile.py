"""Measures the bytes and round trips of comparing two sets of ids, without records, channel or frames.

This is the worst case for ranges: the differences, half of them on each side, are spread over the whole period in which
the records were made.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from bench.harness import Bound, Report, timed
from protocol.wire.index import Index, Item
from protocol.wire.reconcile import Reconciler, SessionHash

SEED = 1
DIFFERENCES = (10, 100, 1_000, 10_000)
YEAR = 365 * 24 * 60 * 60

# For 100,000 ids on each side. The first limit is half of what negentropy needs (14, 113, 789 kB and 3.0 MB for the same sets).
BOUNDS = {
    10: Bound(7_000, 600),
    100: Bound(56_500, 5_000),
    1_000: Bound(394_500, 40_000),
    10_000: Bound(1_500_000, 400_000),
}


def measure(report: Report) -> None:
    """Measure, for each number of differences, bytes both ways, messages in all, and the time of both sides together."""
    chance = random.Random(SEED)
    items = [(chance.randrange(YEAR), chance.randbytes(32)) for _ in range(report.size.many)]
    for number in DIFFERENCES:
        if number > len(items):
            continue
        runs = [_compare(items, number, run) for run in range(report.size.runs)]
        name = f"{number:,} of {len(items):,} differ"
        bound = BOUNDS[number] if len(items) == 100_000 else None
        report.add(f"{name}: bytes", "B", [size for size, _, _ in runs], bound=bound)
        report.add(f"{name}: messages", "", [messages for _, messages, _ in runs])
        report.add(f"{name}: time", "ms", [1000 * seconds for _, _, seconds in runs])


def _compare(items: Sequence[Item], number: int, run: int) -> tuple[int, int, float]:
    """Compare two sets that differ in `number` of `items`. Return bytes, messages and seconds."""
    half = number // 2
    ours, theirs = Index(items[half:]), Index(items[: len(items) - half])
    session_hash = SessionHash(bytes([run]) * 64, 0, 0)
    with timed() as timing:
        opening, answering = Reconciler(ours, session_hash), Reconciler(theirs, session_hash)
        answering.begin()
        sides = [answering, opening]
        message: bytes | None = opening.open()
        size = messages = 0
        while message is not None:
            size += len(message)
            messages += 1
            message = sides[0].receive(message)
            sides.reverse()
    lacking = len(opening.offers) + len(answering.offers)
    if not 0.99 * number <= lacking <= number + 1:
        raise AssertionError(f"{lacking} differences found of {number}")
    return size, messages, timing.seconds
