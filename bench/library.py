"""Counts what a tool library takes up at every node that holds it, at 500 loans a month and the real limits.

Nothing here is about speed: the figures are the largest that were seen on the evening of any day, beside their limits.
"""

from __future__ import annotations

from bench.harness import Bound, Report
from protocol import limits
from tests.support.tool_library import ToolLibrary

LOANS = {"tiny": 60}  # a month; in other sizes
LOANS_USUAL = 500
DAYS = {"tiny": 2}
DAYS_USUAL = 60  # what is left of a withdrawn letter is kept for as long
MEMBERS, TOOLS = 3, 50


def measure(report: Report) -> None:
    """Let a library lend for two months, and compare what it takes up with the limits for one person."""
    loans = LOANS.get(report.size.name, LOANS_USUAL)
    library = ToolLibrary(loans, MEMBERS, TOOLS).run(DAYS.get(report.size.name, DAYS_USUAL))
    about = f"{library.lent} loans"
    report.add(f"{about}: refused", "", [library.refused.total()], bound=Bound(0, 0))
    for what, cap in (
        ("records", limits.AUTHOR_RECORDS_MAX),
        ("bytes", limits.AUTHOR_BYTES_MAX),
        ("letters", limits.AUTHOR_LETTERS_MAX),
        ("letter_bytes", limits.AUTHOR_LETTER_BYTES_MAX),
        ("letter_registers", limits.AUTHOR_LETTER_REGISTERS_MAX),
        ("undelivered", limits.LETTERS_UNDER_WAY_MAX),
    ):
        report.add(f"{about}: {what.replace('_', ' ')}", "", [library.most[what]], bound=Bound(cap, cap / 2))
