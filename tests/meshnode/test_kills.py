"""Daemons that are killed in the middle of a sync: both hold what they acknowledged. `scripts/crash kill` does it 200 times."""

from __future__ import annotations

from pathlib import Path

from tests.support.kill_loop import Kills, kill_often

KILLS = 2
RECORDS = 800


def test_killed_in_the_middle_of_a_sync_nodes_keep_what_they_acknowledged_and_agree_in_the_end(tmp_path: Path) -> None:
    done = Kills()
    kill_often(KILLS, RECORDS, 1, tmp_path, done)
    assert done.kills == KILLS
    assert done.acknowledged > 0
    assert done.shown > 0
    assert done.faults == []
