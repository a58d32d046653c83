"""Real daemons for the bench: each a process of its own over a home of its own, on loopback only."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from meshnode.cli.client import Client
from meshnode.home import Home
from meshnode.keyring import Keyring
from tests.support.people import Person

PROJECT = Path(__file__).resolve().parents[1]
PROGRAM = [sys.executable, "-m", "meshnode"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(PROJECT), "NO_COLOR": "1"}
LOOK_EVERY = 0.01
WAIT = 600.0
STOP = 10.0


def make_home(person: Person, directory: Path, store: Path) -> Home:
    """A home for one of the village's people, with a copy of `store`."""
    home = Home(directory)
    keys = person.keys
    seeds = iter((person.identity.seed, keys.sign_seed, keys.dh_private, keys.letter_private))
    Keyring.create(home, entropy=lambda _: next(seeds))
    shutil.copy(store, home.store)
    return home


def free_port() -> int:
    """A TCP port that nobody has at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Daemon:
    """A running node, ready when this returns; stopped at the end of the block."""

    def __init__(self, home: Home, *options: str) -> None:
        self.home = home
        self.api = Client(home)
        self._log = home.path.with_suffix(".log")
        started = time.perf_counter()
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*PROGRAM, "--json", "--home", str(home.path), "run", "--interface", "lo", *options],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=PROJECT,
                env=ENVIRONMENT,
            )
        assert self._process.stdout is not None
        if not self._process.stdout.readline():
            raise AssertionError(f"the daemon did not start: {self._log.read_text()[-1000:]}")
        self.seconds_to_ready = time.perf_counter() - started

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        return self._process.pid

    def records(self) -> int:
        """How many it holds."""
        return int(self.api.get("/v1/status")["records"])

    def live(self) -> bool:
        """Whether it has a session in which both sides have settled."""
        return any(peer["live"] for peer in self.api.get("/v1/peers")["peers"])

    def stop(self) -> None:
        """Ask it to go, and wait until it has."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(STOP)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def log(self, event: str) -> list[dict[str, Any]]:
        """What it has logged under that name."""
        told = [json.loads(line) for line in self._log.read_text(encoding="utf-8").splitlines()]
        return [line for line in told if line["event"] == event]


def wait_until(look: Callable[[], bool]) -> float:
    """Seconds until `look` is true."""
    started = time.perf_counter()
    while not look():
        if time.perf_counter() - started > WAIT:
            raise AssertionError("what was waited for did not come")
        time.sleep(LOOK_EVERY)
    return time.perf_counter() - started
