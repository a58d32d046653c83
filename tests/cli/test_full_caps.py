"""A real daemon that may take up 512 MiB lives and answers under each attack, with few records; in some with 64 sessions.

`scripts/memory` makes these attacks and others until each cap is full, and says how much memory and time that takes.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.attacks import ATTACKS
from tests.support.memory import MEBIBYTE, MEMORY_MAX, attacked

CALLS_HERE = ("64 sessions, posts", "64 slow readers")  # the others take minutes
FEW = 2200  # the web of an attacker has some 1,800 records
SHOWN = 1500  # by each of 64 sessions: more than one commit takes
BESIDE_FEW = 140  # MiB: what a node with few records takes up at most, while others bring more


@pytest.mark.parametrize("attack", [*ATTACKS, *CALLS_HERE])
def test_a_daemon_of_little_memory_answers_under_each_attack(attack: str, tmp_path: Path) -> None:
    filled, found = attacked(attack, tmp_path, FEW)
    assert filled.records > 0
    assert found.most < MEMORY_MAX * MEBIBYTE


def test_records_that_64_sessions_bring_at_once_hardly_take_more_memory_than_those_of_a_few(tmp_path: Path) -> None:
    _, found = attacked("64 sessions, all refused", tmp_path, FEW, SHOWN)
    assert found.most < BESIDE_FEW * MEBIBYTE
