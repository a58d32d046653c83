"""Starts real daemons for the bench, each a process with a home of its own, on loopback only."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

from bench.watched import packed
from meshnode.cli.client import Client
from meshnode.home import Home
from meshnode.keyring import Keyring
from tests.support.people import Person

PROJECT = Path(__file__).resolve().parents[1]
PROGRAM = [sys.executable, "-m", "meshnode"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(PROJECT), "NO_COLOR": "1"}
LOOK_EVERY = 0.01
WAIT = 600.0
STOP = 120.0


def make_home(person: Person, directory: Path, store: Path) -> Home:
    """Make a home for a person of the village, with a copy of `store`."""
    home = Home(directory)
    keys = person.keys
    seeds = iter((person.identity.seed, keys.sign_seed, keys.dh_private, keys.letter_private))
    Keyring.create(home, entropy=lambda _: next(seeds))
    shutil.copy(store, home.store)
    return home


def free_port() -> int:
    """Return a TCP port that is free at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Daemon:
    """A running node: ready once constructed, stopped at the end of the `with` block."""

    def __init__(self, home: Home, *options: str, program: Sequence[str] = PROGRAM) -> None:
        self.home = home
        self.api = Client(home, patience=WAIT)
        self._log = home.path.with_suffix(".log")
        started = time.perf_counter()
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*program, "--json", "--home", str(home.path), "run", "--interface", "lo", *options],
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
        """Return how many records the node holds."""
        return int(self.api.get("/v1/status")["records"])

    def live(self) -> bool:
        """Whether the node has a session in which both sides have finished comparing."""
        return any(peer["live"] for peer in self.api.get("/v1/peers")["peers"])

    def stop(self) -> None:
        """Stop the node and wait for its end."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(STOP)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def kill(self) -> None:
        """End the node at once, as the kernel does when memory is short."""
        self._process.kill()
        self._process.wait(STOP)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def log(self, event: str) -> list[dict[str, Any]]:
        """Return the lines that the node has logged for an event."""
        lines = [json.loads(line) for line in self._log.read_text(encoding="utf-8").splitlines()]
        return [line for line in lines if line["event"] == event]


class Hold(NamedTuple):
    """One hold of a thread: since when (`time.monotonic`), for how many seconds, and how many of them the thread worked.

    On a machine with other work a thread waits for a processor too. `call` is the function in the store thread.
    """

    thread: str
    begun: float
    seconds: float
    worked: float
    call: str


class WatchedDaemon(Daemon):
    """A daemon that writes down its holds."""

    def __init__(self, home: Home) -> None:
        self._holds = home.path.with_suffix(".holds")
        self._door = home.path.with_suffix(".door")
        self._door.unlink(missing_ok=True)
        watched = [sys.executable, "-m", "bench.watched", str(self._holds), str(self._door)]
        super().__init__(home, "--no-mdns", program=watched)

    def holds(self, begun: float, until: float) -> Iterator[Hold]:
        """Yield the holds that overlap this time."""
        for line in self._holds.read_text(encoding="utf-8").splitlines():
            hold = Hold(**json.loads(line))
            if hold.begun + hold.seconds > begun and hold.begun < until:
                yield hold

    def give(self, *wires: bytes) -> None:
        """Have the node take in records, as a batch of a peer, and wait until it has."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
            door.connect(str(self._door))
            door.sendall(packed(wires))
            door.shutdown(socket.SHUT_WR)
            door.recv(1)


def wait_until(look: Callable[[], bool]) -> float:
    """Wait until `look` returns True and return how many seconds that took."""
    started = time.perf_counter()
    while not look():
        if time.perf_counter() - started > WAIT:
            raise AssertionError(f"nothing changed within {WAIT:g} s")
        time.sleep(LOOK_EVERY)
    return time.perf_counter() - started
