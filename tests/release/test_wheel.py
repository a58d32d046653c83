"""The wheel in a plain virtual environment, as pipx and `uv tool install` make one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from release.__main__ import Order
from release.lock import Target, pins
from release.wheels import fetched
from tests.support.waiting import eventually

PIP_SECONDS = 300


@pytest.fixture(scope="module")
def program(built: dict[str, Path], order: Order, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the program that pip has installed from the wheel, with its libraries from this disk."""
    if order.pythons != (f"{sys.version_info.major}.{sys.version_info.minor}",):
        pytest.skip("the libraries were fetched for another Python than that of these tests")
    (target,) = (Target(arch, python) for arch in order.arches for python in order.pythons)
    wheels = fetched(pins(), target, order.cache)
    directory = tmp_path_factory.mktemp("plain") / "environment"
    venv.create(directory, symlinks=True)
    pip = [
        sys.executable,
        "-I",
        "-m",
        "pip",
        "--python",
        str(directory / "bin" / "python"),
        "--disable-pip-version-check",
    ]
    done = subprocess.run(
        [*pip, "install", "--no-index", "--find-links", str(wheels[0].path.parent), "--no-compile", str(built["whl"])],
        check=False,
        capture_output=True,
        text=True,
        timeout=PIP_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    return directory / "bin" / "meshnode"


def test_the_wheel_brings_all_it_needs_and_runs_a_node(program: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    environment = {"PATH": os.defpath, "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"}

    def meshnode(*words: str) -> subprocess.CompletedProcess[str]:
        command = [str(program), "--home", str(home), *words]
        return subprocess.run(command, env=environment, cwd=tmp_path, check=False, capture_output=True, text=True)

    assert meshnode("init", "--name", "Ann", "--no-input").returncode == 0
    with (tmp_path / "log").open("w") as log:
        command = [str(program), "--home", str(home), "run", "--no-mdns", "--interface", "lo", "--no-input"]
        node = subprocess.Popen(command, env=environment, cwd=tmp_path, stdout=log, stderr=log)
    try:
        asked = eventually(lambda: _ready(meshnode("status", "--json")), "the node is ready", within=60)
        assert asked["ready"], (tmp_path / "log").read_text()
        assert meshnode("card", "--png", "card.png").returncode == 0
        assert "This is your own card" in meshnode("add", "card.png").stderr
    finally:
        node.terminate()
        assert node.wait(20) == 0


def _ready(done: subprocess.CompletedProcess[str]) -> dict[str, object] | None:
    reply: dict[str, object] = json.loads(done.stdout) if done.returncode == 0 else {}
    return reply if reply.get("ready") else None
