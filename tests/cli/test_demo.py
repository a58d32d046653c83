"""`demo` plays the story with real daemons, and leaves no files behind, also when it is interrupted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def playing(directory: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "meshnode", "demo", *words],
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(directory)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_story_is_played_to_its_end(tmp_path: Path) -> None:
    demo = playing(tmp_path, "--json")
    out, err = demo.communicate(timeout=60)
    assert (demo.returncode, err) == (0, "")
    reply = json.loads(out)
    outputs = {step["command"]: step["output"] for step in reply["steps"]}
    assert "Alice -> Bob -> Carol  (0.7 x 0.8 = 0.56)" in outputs['meshnode --home A why "Fresh vegetables"']
    found = [step["output"] for step in reply["steps"] if step["command"] == "meshnode --home A discover"]
    assert found[0].startswith("1. Fresh vegetables\ttrusted friend of friend, offer, food, until ")
    assert (len(found), found[1]) == (2, "")
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_story_leaves_nothing_behind(tmp_path: Path) -> None:
    demo = playing(tmp_path)
    assert demo.stdout is not None
    while "run --interface lo" not in demo.stdout.readline():
        pass  # until a first daemon is up
    demo.send_signal(signal.SIGINT)
    _, err = demo.communicate(timeout=60)
    assert (demo.returncode, err.strip()) == (130, "")
    assert list(tmp_path.iterdir()) == []
