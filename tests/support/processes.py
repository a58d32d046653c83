"""Daemons and commands as processes of their own on this machine's loopback, as a person runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.waiting import eventually

PROJECT = Path(__file__).resolve().parents[2]
NO_INTERFACE = ("--interface", "no-such-interface")  # loopback is used in any case

Start = Callable[..., subprocess.Popen[str]]


def environment() -> dict[str, str]:
    """The environment that the processes inherit."""
    return {**os.environ, "PYTHONPATH": str(PROJECT), "NO_COLOR": "1"}


def words(home: Path, *words: str) -> list[str]:
    """Return the command line of the program with this home."""
    return [sys.executable, "-m", "meshnode", "--home", str(home), *words]


def start_daemon(home: Path, *options: str) -> subprocess.Popen[str]:
    """Start the node in `home`, on loopback and without multicast DNS; its log goes to `log_of(home)`."""
    with log_of(home).open("w") as log:
        command = words(home, "run", "--no-input", "--no-mdns", *NO_INTERFACE, *options)
        return subprocess.Popen(command, cwd=PROJECT, env=environment(), stderr=log, stdout=log, text=True)


def meshnode(home: Path, *given: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    command = words(home, *given)
    return subprocess.run(command, cwd=PROJECT, env=environment(), capture_output=True, text=True, check=False)


def ask(home: Path, *given: str) -> Any:
    """Return what the command prints with --json; it must succeed."""
    done = meshnode(home, *given, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def log_of(home: Path) -> Path:
    """Return the path of the daemon's log."""
    return home.with_suffix(".log")


def ready(home: Path) -> dict[str, Any]:
    """Wait until the daemon has logged this."""

    def look() -> dict[str, Any] | None:
        lines = log_of(home).read_text().splitlines()
        events = [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]
        return next((line for line in events if line["event"] == "ready"), None)

    return eventually(look, "the daemon is ready")
