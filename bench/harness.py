"""Collects samples for all measures and reports their medians, as a table for people and JSON for programs.

A figure is the median of several runs. Machines are noisy and differ, so if there is a physical limit to compare with,
it is measured in the same run beside each sample, and the figure is judged by the ratio.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from math import ceil
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import NamedTuple


class Size(NamedTuple):
    """The amounts of test data and runs."""

    name: str
    runs: int
    some: int
    """Records sent to an empty node."""
    many: int
    """Records in a full node."""
    differences: tuple[int, ...]
    joined: tuple[int, ...]
    """People in the webs that a newcomer joins."""
    people: int
    """People in the web of trust in which best paths are searched."""
    nodes: int
    """Nodes in a row on the LAN."""
    offers: int
    """Offers made one after the other on that LAN; also the number of calls of a command."""
    idle_seconds: float


SIZES = {
    size.name: size
    for size in (
        Size("tiny", 1, 60, 120, (0, 2), (40,), 40, 2, 2, 0.2),
        Size("usual", 3, 10_000, 100_000, (0, 10, 1_000), (1_000, 5_000), 10_000, 10, 50, 30.0),
        Size("large", 3, 10_000, 1_000_000, (0, 10, 1_000, 10_000), (1_000, 5_000, 10_000), 10_000, 10, 200, 120.0),
    )
}


class Bound(NamedTuple):
    """The limits for a figure or its ratio: a first one and the goal. They are upper limits, or lower ones (`at_least`)."""

    first: float
    goal: float
    at_least: bool = False

    def met(self, value: float) -> str:
        """Return which limit the value meets: "goal", "first", or "missed"."""
        for word, bound in (("goal", self.goal), ("first", self.first)):
            if (value >= bound) if self.at_least else (value <= bound):
                return word
        return "missed"


@dataclass(frozen=True)
class Figure:
    """One line of the table."""

    measure: str
    name: str
    unit: str
    samples: tuple[float, ...]
    ratios: tuple[float, ...] = ()
    """Each sample divided by the baseline measured beside it."""
    baseline: str = ""
    bound: Bound | None = None

    @property
    def value(self) -> float:
        """The median of the samples."""
        return median(self.samples)

    @property
    def ratio(self) -> float | None:
        """The median of the ratios."""
        return median(self.ratios) if self.ratios else None

    @property
    def judged(self) -> float:
        """The value that the bound applies to: the ratio if there is one."""
        return self.value if self.ratio is None else self.ratio

    @property
    def verdict(self) -> str:
        """The limit of its bound that the figure meets; empty without a bound."""
        return self.bound.met(self.judged) if self.bound else ""


@dataclass
class Report:
    """The figures of one run of the bench; `measure` is the name of the measure that runs now."""

    machine: dict[str, str]
    size: Size
    figures: list[Figure] = field(default_factory=list)
    measure: str = ""

    def add(
        self,
        name: str,
        unit: str,
        samples: Sequence[float],
        *,
        ratios: Sequence[float] = (),
        baseline: str = "",
        bound: Bound | None = None,
    ) -> None:
        """Add a figure."""
        self.figures.append(Figure(self.measure, name, unit, tuple(samples), tuple(ratios), baseline, bound))

    def save(self, path: Path) -> None:
        """Write all figures with their samples as JSON."""
        figures = [
            {
                **asdict(figure),
                "value": figure.value,
                "ratio": figure.ratio,
                "verdict": figure.verdict,
            }
            for figure in self.figures
        ]
        document = {"machine": self.machine, "size": self.size._asdict(), "figures": figures}
        path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")

    def table(self) -> str:
        """Return the figures in columns."""
        rows = [_TITLES, *map(_row, self.figures)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        return "\n".join(lines)


_TITLES: tuple[str, ...] = ("measure", "figure", "median", "lowest to highest", "ratio", "first", "goal", "")


def _row(figure: Figure) -> tuple[str, ...]:
    bound = figure.bound
    sign = (">= " if bound.at_least else "<= ") if bound else ""
    return (
        figure.measure,
        figure.name,
        f"{number(figure.value)} {figure.unit}".rstrip(),
        f"{number(min(figure.samples))} to {number(max(figure.samples))}" if len(figure.samples) > 1 else "",
        "" if figure.ratio is None else f"{number(figure.ratio)} x {figure.baseline}",
        sign + number(bound.first) if bound else "",
        sign + number(bound.goal) if bound else "",
        figure.verdict,
    )


def number(value: float) -> str:
    """Return a number with three significant digits, or with thousands separated."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def percentile(samples: Sequence[float], per_cent: float) -> float:
    """Return the smallest sample that at least this percentage of all samples do not exceed."""
    ordered = sorted(samples)
    return ordered[max(0, ceil(len(ordered) * per_cent / 100) - 1)]


@dataclass
class Timing:
    """Seconds that passed inside `timed`."""

    seconds: float = 0.0


@contextmanager
def timed() -> Iterator[Timing]:
    """Measure how long a block takes."""
    timing = Timing()
    started = perf_counter()
    try:
        yield timing
    finally:
        timing.seconds = perf_counter() - started
