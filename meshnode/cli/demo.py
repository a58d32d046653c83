"""`demo`: the story of Alice, Bob and Carol with three real daemons on this machine, over the loopback interface only.

It runs the commands that it shows, in a temporary directory that is removed at the end, also after an error or Ctrl-C.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from meshnode.cli import output
from meshnode.cli.command import Settings, command
from meshnode.errors import Failed
from meshnode.text import node as text

NAMES = {"A": "Alice", "B": "Bob", "C": "Carol"}
COMMAND_SECONDS = 30.0
PATIENCE_SECONDS = 15.0  # for a record to travel between nodes; on a laptop it takes less than a second
GLANCE_SECONDS = 3.0  # for a step that the story can do without
LOOK_SECONDS = 0.1
STOP_SECONDS = 3.0
PAUSE_SECONDS = 0.7  # on a terminal, to give the reader time


@command("demo", about=text.DEMO_HELP)
def demo(call: Settings) -> None:
    with _demo_run(quiet=call.json) as run:
        _play(run)
        reply = {"steps": run.steps, "seconds": round(time.monotonic() - run.started, 1)}
    if call.json:
        output.as_json(reply)


class DemoRun(Struct):
    """One run of the demo: its directory, the daemons in it, and the commands that were run so far."""

    directory: Path
    quiet: bool
    started: float = field(default_factory=time.monotonic)
    daemons: list[subprocess.Popen[bytes]] = field(default_factory=list)
    steps: list[dict[str, str]] = field(default_factory=list)

    def tell(self, sentence: str) -> None:
        """Print what comes next."""
        if self.quiet:
            return
        output.say()
        output.say(title=sentence)
        sys.stdout.flush()
        if output.to_terminal():
            time.sleep(PAUSE_SECONDS)

    def type(self, *words: str, shown: str | None = None) -> str:
        """Run a command, show it and its output, and return the output. `shown` replaces the words on the screen."""
        answer = self.ask(*words)
        typed = "meshnode " + (shown or " ".join(f'"{word}"' if " " in word else word for word in words))
        self.steps.append({"command": typed, "output": answer})
        if not self.quiet:
            output.say(f"  $ {typed}")
            for line in answer.splitlines():
                output.say(f"    {line}".replace("\t", "  "))  # a command in a pipe separates columns by tabs
            sys.stdout.flush()
        return answer

    def ask(self, *words: str) -> str:
        """Run a command without showing it, and return its output; Failed where it fails."""
        done = subprocess.run(
            [*_program(), *words],
            cwd=self.directory,
            env=_environment(),
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
            start_new_session=True,
        )
        if done.returncode:
            raise Failed(text.demo_failed(" ".join(words)[:60], done.stderr.strip()), text.DEMO_DOCTOR_HINT)
        return done.stdout.strip()

    def start(self, home: str) -> None:
        """Start the daemon of one home."""
        if not self.quiet:
            output.say(f"  $ meshnode --home {home} run --interface lo &")
        with (self.directory / f"{home}.log").open("wb") as log:
            self.daemons.append(
                subprocess.Popen(
                    [*_program(), "--home", home, "run", "--interface", "lo", "--no-input"],
                    cwd=self.directory,
                    env=_environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            )

    def wait(self, what: str, *words: str, until: Callable[[str], bool]) -> None:
        """Repeat a command until its output satisfies `until`; Failed after PATIENCE_SECONDS. `what` is a key of DEMO_WAITS."""
        if not self.seen(*words, until=until, seconds=PATIENCE_SECONDS):
            raise Failed(text.demo_waited(what), text.DEMO_DOCTOR_HINT)

    def seen(self, *words: str, until: Callable[[str], bool], seconds: float = GLANCE_SECONDS) -> bool:
        """Repeat a command; whether its output satisfies `until` within `seconds`."""
        deadline = time.monotonic() + seconds
        while not until(self.ask(*words)):
            if time.monotonic() > deadline:
                return False
            time.sleep(LOOK_SECONDS)
        return True


def _play(run: DemoRun) -> None:
    run.tell(text.DEMO_START)
    for home, name in NAMES.items():
        run.type("--home", home, "init", "--name", name, "--no-input")
        run.start(home)
    for home in NAMES:
        run.wait("start", "--home", home, "status", "--json", until=lambda reply: '"ready": true' in reply)

    run.tell(text.DEMO_FIRST_CARD)
    card = run.ask("--home", "B", "card")
    run.type("--home", "A", "add", card, "--trust", "0.7", shown='--home A add "$(meshnode --home B card)" --trust 0.7')

    run.tell(text.DEMO_SECOND_CARD)
    card = run.ask("--home", "C", "card")
    run.type("--home", "B", "add", card, "--trust", "0.8", shown='--home B add "$(meshnode --home C card)" --trust 0.8')

    run.tell(text.DEMO_OFFER)
    run.type("--home", "C", "offer", "Fresh vegetables", "--category", "food", "--audience", "network_wide")

    run.tell(text.DEMO_DISCOVER)
    run.wait("offer", "--home", "A", "discover", until=lambda reply: "Fresh vegetables" in reply)
    run.type("--home", "A", "discover")

    run.tell(text.DEMO_WHY)
    run.type("--home", "A", "why", "Fresh vegetables")

    if run.seen("--home", "A", "peers", until=lambda reply: "Carol" in reply):
        run.tell(text.DEMO_PEERS)
        run.type("--home", "A", "peers")

    run.tell(text.DEMO_UNVOUCH)
    run.type("--home", "B", "unvouch", "Carol")

    run.tell(text.DEMO_GONE)
    run.wait("gone", "--home", "A", "discover", until=lambda reply: not reply)
    run.type("--home", "A", "discover")

    run.tell(text.DEMO_END)


@contextmanager
def _demo_run(*, quiet: bool) -> Iterator[DemoRun]:
    """Yield a run of the demo; afterwards its daemons are stopped and its directory is removed, also after an error."""
    before = signal.signal(signal.SIGTERM, _interrupted)
    run = DemoRun(Path(tempfile.mkdtemp(prefix="meshnode-demo-")), quiet)
    try:
        yield run
    finally:
        _stop(run)
        signal.signal(signal.SIGTERM, before)


def _stop(run: DemoRun) -> None:
    for daemon in run.daemons:
        daemon.terminate()
    for daemon in run.daemons:
        try:
            daemon.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()
    shutil.rmtree(run.directory, ignore_errors=True)


def _interrupted(_number: int, _frame: Any) -> None:
    raise KeyboardInterrupt


def _program() -> list[str]:
    """Return the command for this program, isolated from the environment (python -I) if this process is."""
    isolated = ["-I"] if sys.flags.isolated else []
    return [sys.executable, *isolated, "-m", "meshnode"]


def _environment() -> dict[str, str]:
    """Return the environment without settings of meshnode, so that the demo does not touch the owner's node."""
    return {name: value for name, value in os.environ.items() if not name.startswith("MESHNODE_")}
