"""A tool library that lends as much as it can is refused nothing, for as long as it goes on, and neither are its members.

In small here: `scripts/bench library` does it for two months at 500 loans a month and the real limits.
"""

from __future__ import annotations

import pytest

from protocol import limits
from tests.support.tool_library import CARRIER, LIBRARY, ToolLibrary

SMALLER = 20  # than a library with 500 loans a month, and so are the limits that this test sets
CAPS = (
    "AUTHOR_LETTERS_MAX",
    "AUTHOR_LETTER_BYTES_MAX",
    "AUTHOR_LETTER_REGISTERS_MAX",
    "LETTERS_UNDER_WAY_MAX",
    "RECEIPTS_MAX",
    "RECEIPTS_OF_ALL_A_DAY",
    "EXCHANGES_WITH_ONE_MAX",
)


def test_a_tool_library_is_refused_nothing_and_its_posts_are_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fault: a person who had borrowed 500 things of another could ask for nothing any longer."""
    for cap in CAPS:
        monkeypatch.setattr(limits, cap, getattr(limits, cap) // SMALLER)
    library = ToolLibrary(loans=30 * 4, members=2, tools=8)  # four a day
    library.run(days=15)
    assert library.refused == {}
    assert library.lent == 60 > 2 * limits.EXCHANGES_WITH_ONE_MAX
    assert library.states(LIBRARY)["returned"] > 0
    posts = library.posts(LIBRARY)
    assert len(posts) == 8 + 1 + 4  # with the one that is open for now, and what is left of those that were closed
    for name in (CARRIER, "Member 0", "Member 1"):
        assert library.posts(name) == posts
    assert library.most["letter_registers"] < limits.AUTHOR_LETTER_REGISTERS_MAX
