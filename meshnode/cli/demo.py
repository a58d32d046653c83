"""`demo`: the story of Alice, Bob and Carol with three real daemons on this machine, over loopback alone.

It types the very commands that it shows, in a temporary directory that goes when it ends, however it ends.
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
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from meshnode.cli import output
from meshnode.cli.command import command, settings
from meshnode.errors import Failed

NAMES = {"A": "Alice", "B": "Bob", "C": "Carol"}
COMMAND_SECONDS = 30.0
PATIENCE_SECONDS = 15.0  # for something to travel from node to node; on a laptop it takes a fraction of one
GLANCE_SECONDS = 3.0  # for what the story can do without
LOOK_SECONDS = 0.1
STOP_SECONDS = 3.0
PAUSE_SECONDS = 0.7  # for a reader, where there is one


@command("demo")
@click.pass_context
def demo(context: click.Context) -> None:
    """Watch three people find each other and share, in less than twenty seconds."""
    call = settings(context)
    with _stage(quiet=call.json) as stage:
        _play(stage)
        reply = {"steps": stage.steps, "seconds": round(time.monotonic() - stage.begun, 1)}
    if call.json:
        output.as_json(reply)


@dataclass
class DemoRun:
    """Where the story plays: a directory, three daemons in it, and what was typed so far."""

    directory: Path
    quiet: bool
    begun: float = field(default_factory=time.monotonic)
    daemons: list[subprocess.Popen[bytes]] = field(default_factory=list)
    steps: list[dict[str, str]] = field(default_factory=list)

    def tell(self, text: str) -> None:
        """Say what comes next."""
        if self.quiet:
            return
        output.say()
        output.say(title=text)
        sys.stdout.flush()
        if output.to_terminal():
            time.sleep(PAUSE_SECONDS)

    def type(self, *words: str, shown: str | None = None) -> str:
        """Run a command as a person would, show it with what it answers, and return that."""
        answer = self.ask(*words)
        typed = "meshnode " + (shown or " ".join(f'"{word}"' if " " in word else word for word in words))
        self.steps.append({"command": typed, "output": answer})
        if not self.quiet:
            output.say(f"  $ {typed}")
            for line in answer.splitlines():
                output.say(f"    {line}")
            sys.stdout.flush()
        return answer

    def ask(self, *words: str) -> str:
        """Run a command unseen and return what it prints."""
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
            raise Failed(
                f"'meshnode {' '.join(words)[:60]}' failed: {done.stderr.strip()}", "'meshnode doctor' may say why"
            )
        return done.stdout.strip()

    def start(self, home: str) -> None:
        """Start a daemon."""
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
        """Ask again and again until the answer is the awaited one; Failed where it never is."""
        if not self.seen(*words, until=until, seconds=PATIENCE_SECONDS):
            raise Failed(f"the demo waited in vain for {what}", "'meshnode doctor' may say what is wrong here")

    def seen(self, *words: str, until: Callable[[str], bool], seconds: float = GLANCE_SECONDS) -> bool:
        """Whether the answer is the awaited one within `seconds`."""
        deadline = time.monotonic() + seconds
        while not until(self.ask(*words)):
            if time.monotonic() > deadline:
                return False
            time.sleep(LOOK_SECONDS)
        return True


def _play(stage: DemoRun) -> None:
    stage.tell("Three people, each with a node of their own on this machine. No server, no account, no internet.")
    for home, name in NAMES.items():
        stage.type("--home", home, "init", "--name", name, "--no-input")
        stage.start(home)
    for home in NAMES:
        stage.wait("a node to start", "--home", home, "status", "--json", until=lambda reply: '"ready": true' in reply)

    stage.tell("Alice adds Bob's card and trusts him with 0.7. His card vouches back for her.")
    card = stage.ask("--home", "B", "card")
    stage.type(
        "--home", "A", "add", card, "--trust", "0.7", shown='--home A add "$(meshnode --home B card)" --trust 0.7'
    )

    stage.tell("Bob adds Carol's card and trusts her with 0.8. Alice and Carol have never met.")
    card = stage.ask("--home", "C", "card")
    stage.type(
        "--home", "B", "add", card, "--trust", "0.8", shown='--home B add "$(meshnode --home C card)" --trust 0.8'
    )

    stage.tell("Carol offers vegetables to everyone who is connected to her.")
    stage.type("--home", "C", "offer", "Fresh vegetables", "--category", "food", "--audience", "network_wide")

    stage.tell("Alice looks at what is shared, and finds them.")
    stage.wait("the offer to reach Alice", "--home", "A", "discover", until=lambda reply: "Fresh vegetables" in reply)
    stage.type("--home", "A", "discover")

    stage.tell("Why does she see them? Trust is multiplied along the path: 0.7 x 0.8 = 0.56.")
    stage.type("--home", "A", "why", "Fresh vegetables")

    if stage.seen("--home", "A", "peers", until=lambda reply: "Carol" in reply):
        stage.tell("Her node has recognized Carol's by multicast DNS meanwhile. They talk directly now.")
        stage.type("--home", "A", "peers")

    stage.tell("Bob takes back his vouch for Carol.")
    stage.type("--home", "B", "unvouch", "Carol")

    stage.tell("With the bridge gone, Alice's node has dropped its copy. She sees nothing any more.")
    stage.wait("the vegetables to vanish", "--home", "A", "discover", until=lambda reply: not reply)
    stage.type("--home", "A", "discover")

    stage.tell("Nobody asked for permission, and nobody gave any. Begin your own with 'meshnode run'.")


@contextmanager
def _stage(*, quiet: bool) -> Iterator[DemoRun]:
    """A stage that is struck however the play ends: daemons stopped, directory gone."""
    before = signal.signal(signal.SIGTERM, _interrupted)
    stage = DemoRun(Path(tempfile.mkdtemp(prefix="meshnode-demo-")), quiet)
    try:
        yield stage
    finally:
        _strike(stage)
        signal.signal(signal.SIGTERM, before)


def _strike(stage: DemoRun) -> None:
    for daemon in stage.daemons:
        daemon.terminate()
    for daemon in stage.daemons:
        try:
            daemon.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()
    shutil.rmtree(stage.directory, ignore_errors=True)


def _interrupted(_number: int, _frame: Any) -> None:
    raise KeyboardInterrupt


def _program() -> list[str]:
    """This very program, as isolated from its surroundings as it is."""
    isolated = ["-I"] if sys.flags.isolated else []
    return [sys.executable, *isolated, "-m", "meshnode"]


def _environment() -> dict[str, str]:
    """The environment without the owner's own settings of meshnode: the demo must not touch his node."""
    return {name: value for name, value in os.environ.items() if not name.startswith("MESHNODE_")}
