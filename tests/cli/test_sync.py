"""`sync` says what came from each person, who was not in reach, and what to do when there is nobody."""

from __future__ import annotations

import pytest

from meshnode.app.peers.sync import Synced
from tests.cli.village import Village


def outcome(village: Village, who: str, *, new: bool = False, done: bool = True, came: int = 0) -> Synced:
    replica = village.replicas[who]
    return Synced(replica.me, replica.device, "127.0.0.1:4747", new, True, done, came)


@pytest.mark.parametrize(
    ("result", "line"),
    [
        ({}, "Bob: nothing new"),
        ({"came": 1}, "Bob: 1 new item"),
        ({"came": 12, "new": True}, "Bob: newly connected, 12 new items"),
        ({"came": 3, "done": False}, "Bob: 3 new items so far, more to come"),
    ],
)
def test_what_came_is_told_for_each(village: Village, result: dict[str, int], line: str) -> None:
    village.networks["A"].synced = (outcome(village, "B", **result),)  # type: ignore[arg-type]
    assert village("A", "sync").out == f"{line}\n"


def test_who_was_not_met_is_named(village: Village) -> None:
    village.networks["A"].missing = (village.replicas["B"].me,)
    said = village("A", "sync").out.splitlines()
    assert said[0].startswith("No one is in reach.")
    assert said[1].startswith("Not in reach: Bob. Look for the reason: meshnode doctor")


def test_one_who_knows_nobody_is_told_how_to_begin(village: Village) -> None:
    assert "meshnode card" in village("A", "sync").out
