"""Plays the transcripts in the docs with real nodes, and compares their output with the page.

A block fenced as `console` holds lines such as `alice$ meshnode discover` and, below each, what a terminal shows. In a
line, `…` matches any text; alone on a line, it matches any lines. `mesh1…` in a command is the latest card that was shown,
and `mdev1…` the latest code for another device. What stands behind `<<<` comes from standard input, as in bash, and `&` lets a command go on while
others are typed. `words…` are the words that a new device shows, and `AGE-SECRET-KEY-1…` is the key of a backup. A line that
begins with `#` is something that happens to the person: see `EVENTS`. All of them use one stick, in `/media/stick`.
"""

from __future__ import annotations

import io
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from meshnode.cli.main import run
from tests.support.waiting import eventually

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
PROMPT = re.compile(r"^([a-z-]+)\$ (.*)$")
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
WORDS = re.compile(r"Its words: (\w+ \w+ \w+)")
CODE = re.compile(r"(mesh1|mdev1|AGE-SECRET-KEY-1)[0-9A-Za-z]{20,}")
STICK = "/media/stick"
ALONE = ("unshare", "--user", "--map-root-user", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh")
"""Runs a program on a network of its own, to which nothing else belongs."""
WIDTH = "120"  # of the terminal, columns
STOP_SECONDS = 10


@dataclass(frozen=True)
class Step:
    """One command of a person, and the lines that it must show."""

    who: str
    command: str
    shown: tuple[str, ...]


def steps_of(page: Path) -> list[Step]:
    """Return all commands of a page, in order."""
    steps: list[Step] = []
    for block in BLOCK.findall(page.read_text()):
        prompted = False
        for line in block.splitlines():
            prompt = PROMPT.match(line)
            if prompt:
                steps.append(Step(prompt[1], prompt[2], ()))
                prompted = True
            elif line.strip():
                assert prompted, f"{page.name}: {line!r} has no prompt above it"
                last = steps[-1]
                steps[-1] = Step(last.who, last.command, (*last.shown, line.rstrip()))
    return steps


def matches(shown: str, expected: tuple[str, ...]) -> bool:
    """Whether a command has shown what the page says; empty lines are ignored."""
    lines = [line.rstrip() for line in shown.splitlines() if line.strip()]
    pattern = "".join(r"(?:.*\n)*?" if line.strip() == "…" else f"{_line(line)}\n" for line in expected)
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in lines)) is not None


def _line(expected: str) -> str:
    """Return a line as a pattern in which any number of spaces matches, since the columns of tables vary in width."""
    return ".*".join(re.sub(r"(?:\\ )+", r"\\s+", re.escape(part)) for part in expected.split("…"))


class _Screen(io.StringIO):
    """A stream that says it is a terminal, and keeps what was written."""

    def isatty(self) -> bool:
        return True


class Neighbors:
    """People with a node each on this machine; a person gets one with their first command."""

    def __init__(self, homes: Path) -> None:
        self._homes = homes
        self._daemons: dict[str, subprocess.Popen[bytes]] = {}
        self._codes: dict[str, str] = {}
        self._going_on: dict[str, subprocess.Popen[bytes]] = {}
        self._out_of_town: set[str] = set()
        self._stick = homes / "stick"
        self._stick.mkdir()

    def play(self, step: Step) -> None:
        """Carry out a step, and repeat it for a while if its output differs from the page.

        Changes by others take a moment to arrive. A refused command changes nothing, so it may be repeated.
        """
        said: list[str] = []

        def comes_out() -> bool:
            code, shown = self.run(step.who, step.command)
            said[:] = [shown]
            right = matches(shown, step.shown)
            assert right or code != 0 or _only_looks(step.command), f"{step.who}$ {step.command}\n{shown}"
            return right

        try:
            eventually(comes_out, f"{step.who}$ {step.command}")
        except AssertionError as error:
            raise AssertionError(
                f"{step.who}$ {step.command}\n{''.join(said)}\nbut the page says\n{step.shown}"
            ) from error

    def run(self, who: str, command: str) -> tuple[int, str]:
        """Run a command, and return its exit code and what the terminal shows."""
        if command.startswith("# "):
            EVENTS[command.removeprefix("# ")](self, who)
            return 0, ""
        for begun, code in self._codes.items():
            command = command.replace(f"{begun}…", code)
        words = shlex.split(command.replace(STICK, str(self._stick)))
        background = words[-1] == "&"
        words = words[:-1] if background else words
        assert words[0] == "meshnode", command
        home = self._homes / who
        if words[1] == "run":
            self._start(who)
            return 0, ""
        words, said = (words[:-2], words[-1]) if words[-2] == "<<<" else (words, "")
        if background:
            self._let_go_on(who, words, said)
            return 0, ""
        screen = _Screen()
        environment = {"NO_COLOR": "1", "COLUMNS": WIDTH, "TZ": "UTC"}
        with (
            redirect_stdout(screen),
            redirect_stderr(screen),
            patch.dict(os.environ, environment),
            patch("sys.stdin", io.StringIO(said)),
        ):
            ended = run(["--home", str(home), "--no-input", *words[1:]])
        shown = CODE.search(screen.getvalue())
        if shown:
            self._codes[shown[1]] = shown[0]
        compared = WORDS.search(screen.getvalue())
        if compared:
            self._codes["words"] = compared[1]
        return ended, ESCAPE.sub("", screen.getvalue()).replace(str(self._stick), STICK)

    def power_fails(self, who: str) -> None:
        """End a node at once, with whatever it is doing."""
        daemon = self._daemons.pop(who)
        daemon.kill()
        daemon.wait()

    def card_breaks(self, who: str) -> None:
        """End a node at once, and lose everything that it has stored."""
        self.power_fails(who)
        shutil.rmtree(self._homes / who)

    def lives_out_of_town(self, who: str) -> None:
        """Let the node of a person reach no other from now on, nor be reached."""
        self._out_of_town.add(who)

    def _let_go_on(self, who: str, words: list[str], said: str) -> None:
        program = [sys.executable, "-m", "meshnode", "--home", str(self._homes / who), "--no-input", *words[1:]]
        self._going_on[who] = subprocess.Popen(
            program,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        stdin = self._going_on[who].stdin
        assert stdin is not None
        stdin.write(said.encode())
        stdin.close()

    def _start(self, who: str) -> None:
        home = self._homes / who
        if who in self._going_on:
            assert self._going_on.pop(who).wait(STOP_SECONDS) == 0
        program = [sys.executable, "-m", "meshnode", "--home", str(home), "--no-input", "run", "--interface", "lo"]
        self._daemons[who] = subprocess.Popen(
            [*ALONE, *program] if who in self._out_of_town else program,
            env={"PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin", "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        eventually(lambda: self.run(who, "meshnode status")[0] == 0, f"{who}'s node is ready")

    def stop(self) -> None:
        """End all nodes."""
        for program in self._going_on.values():
            program.kill()
            program.wait()
        for daemon in self._daemons.values():
            daemon.send_signal(signal.SIGTERM)
        for daemon in self._daemons.values():
            try:
                daemon.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()


EVENTS: dict[str, Callable[[Neighbors, str], None]] = {
    "The power fails.": Neighbors.power_fails,
    "The card breaks, with everything on it.": Neighbors.card_breaks,
    "No network reaches this house.": Neighbors.lives_out_of_town,
}


def _only_looks(command: str) -> bool:
    """Whether a command may be repeated since it changes nothing."""
    looking = (
        "discover status people person peers why show mine blocks news inbox exchanges stats audience introductions"
    )
    words = command.split()
    return words[1] in looking.split() or "show" in words or "list" in words


@contextmanager
def neighbors(homes: Path) -> Iterator[Neighbors]:
    """Yield people whose nodes are stopped at the end."""
    people = Neighbors(homes)
    try:
        yield people
    finally:
        people.stop()
