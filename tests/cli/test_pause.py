"""`pause` hides all posts and `resume` shows them again; `status` and `share show` say since when; no daemon is needed."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.village import Village, meshnode


def test_posts_go_and_come_back(village: Village) -> None:
    village("A", "offer", "Chair", "--audience", "network_wide")
    village.mesh.settle()
    assert "Chair" in village("B", "discover").out
    paused = village("A", "pause")
    assert (paused.code, paused.err) == (0, "")
    first, second = paused.out.splitlines()
    assert first.startswith("You are away since ")
    assert first.endswith(": nobody else sees your posts.")
    assert second == "To show your posts again: meshnode resume"
    village.mesh.settle()
    assert "Chair" not in village("B", "discover").out
    assert first in village("A", "status").out.splitlines()
    assert first in village("A", "share", "show").out.splitlines()
    assert json.loads(village("A", "audience", "Chair", "--json").out)["count"] == 0
    resumed = village("A", "resume")
    assert resumed.out == "You are back.\nOthers see your post again, as before.\n"
    village.mesh.settle()
    assert "Chair" in village("B", "discover").out


def test_a_node_that_does_not_run_goes_away_and_comes_back(tmp_path: Path) -> None:
    home = ("--home", str(tmp_path / "alice"))
    assert meshnode(*home, "init", "--name", "Alice", "--no-input").code == 0
    since = json.loads(meshnode(*home, "pause", "--json").out)["paused"]
    assert since
    assert json.loads(meshnode(*home, "pause", "--json").out) == {"paused": since, "listings": 0}
    assert json.loads(meshnode(*home, "resume", "--json").out) == {"paused": None, "listings": 0}
