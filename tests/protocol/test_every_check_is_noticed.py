"""Every check of the protocol is shown by a golden vector: without the check an answer is wrong."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.house.source_tree import ROOT
from tests.support.unnoticed_checks import UNNOTICED


def test_whatever_check_is_removed_some_vector_notices() -> None:
    """All checks but those that are listed with the reason why no vector can show them."""
    # In a program of its own: it forks once for each check.
    run = subprocess.run(
        [sys.executable, "-m", "tests.support.mutations"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    found = json.loads(run.stdout)
    excused = {name for names in UNNOTICED.values() for name in names}
    assert found["checks"] > 400
    assert set(found["unnoticed"]) - excused == set(), "add a vector, or a line to tests/support/unnoticed_checks.py"
    assert excused - set(found["unnoticed"]) == set(), "a vector notices these: take the lines out"
