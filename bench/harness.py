"""What every measure uses: samples in, medians out, a table for people and JSON for programs.

A figure is the median of several runs. Machines are noisy and differ, so wherever there is a physical limit to compare
with, it is measured in the same run, right beside each sample, and the figure is judged by the ratio.
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
    """How much is measured with."""

    name: str
    runs: int
    some: int
    """Records that go to an empty node."""
    many: int
    """Records that a well filled node holds."""
    differences: tuple[int, ...]
    people: int
    """In the web of trust of which best paths are searched."""
    nodes: int
    """In a row on the LAN."""
    offers: int
    """Made one after the other on that LAN, and calls of the command."""
    idle_seconds: float


SIZES = {
    size.name: size
    for size in (
        Size("tiny", 1, 60, 120, (0, 2), 40, 2, 2, 0.2),
        Size("usual", 3, 10_000, 100_000, (0, 10, 1_000), 10_000, 10, 50, 30.0),
        Size("large", 3, 10_000, 1_000_000, (0, 10, 1_000, 10_000), 10_000, 10, 200, 120.0),
    )
}


class Bound(NamedTuple):
    """What a figure, or its ratio, is to reach: at most, or at least."""

    first: float
    goal: float
    at_least: bool = False

    def met(self, value: float) -> str:
        """`goal`, `first`, or `missed`."""
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
    """Each sample by the baseline taken beside it."""
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
        """What the bound is about: the ratio where there is one."""
        return self.value if self.ratio is None else self.ratio

    @property
    def verdict(self) -> str:
        """How it compares with its bound; empty without one."""
        return self.bound.met(self.judged) if self.bound else ""


@dataclass
class Report:
    """What one run of the bench found; `measure` is the one at work."""

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
        """Note a figure."""
        self.figures.append(Figure(self.measure, name, unit, tuple(samples), tuple(ratios), baseline, bound))

    def save(self, path: Path) -> None:
        """Everything, every sample too, as JSON."""
        figures = [
            {
                **asdict(figure),
                "value": figure.value,
                "ratio": figure.ratio,
                "verdict": figure.verdict,
            }
            for figure in self.figures
        ]
        found = {"machine": self.machine, "size": self.size._asdict(), "figures": figures}
        path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")

    def table(self) -> str:
        """The figures in columns."""
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
    """Three digits that count, thousands apart."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def percentile(samples: Sequence[float], per_cent: float) -> float:
    """The smallest sample that this many per cent of all are not above."""
    ordered = sorted(samples)
    return ordered[max(0, ceil(len(ordered) * per_cent / 100) - 1)]


@dataclass
class Timing:
    """Seconds that passed inside `timed`."""

    seconds: float = 0.0


@contextmanager
def timed() -> Iterator[Timing]:
    """Time a block."""
    timing = Timing()
    started = perf_counter()
    try:
        yield timing
    finally:
        timing.seconds = perf_counter() - started
