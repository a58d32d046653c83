"""The owner is told once of what has come to wait, and no command of theirs can hold up the node."""

from __future__ import annotations

import json
import os
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from meshnode.app.exchanges import incoming
from meshnode.home import Home
from meshnode.notify import PAUSE_SECONDS, SINGLY_MAX, Notifier, run_bounded
from meshnode.store import Store, StoredIntroduction
from tests.api.context import InlineStoreThread
from tests.app.exchanging import offer, respond
from tests.app.neighbors import Neighbor, story
from tests.support.mesh import Mesh
from tests.support.people import Person
from tests.support.processes import Start, meshnode, ready
from tests.support.waiting import eventually

LONG = 30.0
"""Seconds that no test waits for: a command that runs so long is ended before."""


# --- the command -----------------------------------------------------------------------------------------------------------


def shell(script: str) -> tuple[str, ...]:
    return ("/bin/sh", "-c", script)


async def test_a_command_gets_the_object_on_its_input(tmp_path: Path) -> None:
    assert await run_bounded(shell(f"cat > {tmp_path / 'got'}"), b'{"kind": "request"}\n') == ""
    assert json.loads((tmp_path / "got").read_text()) == {"kind": "request"}


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (("/nowhere/at/all",), "No such file or directory"),
        (("/",), "Permission denied"),
        (shell("exit 3"), "exit code 3"),
        (shell("kill -9 $$"), "exit code -9"),
        (("\0",), "null byte"),
        (shell("true"), ""),  # it reads nothing of what it gets
        (shell("yes"), "still running"),  # its output goes nowhere
    ],
)
async def test_whatever_is_wrong_with_a_command_is_a_sentence(command: tuple[str, ...], why: str) -> None:
    found = await run_bounded(command, b"x" * 200_000, seconds=1.0)
    assert why in found
    assert bool(why) == bool(found)


async def test_a_command_that_does_not_end_is_ended_with_all_that_it_has_started(tmp_path: Path) -> None:
    started = tmp_path / "started"
    script = f"sleep {LONG} & echo $! > {started}; echo $$ >> {started}; wait"
    assert "still running" in await run_bounded(shell(script), b"", seconds=1.0)
    for process in started.read_text().split():
        await trio.to_thread.run_sync(ended, int(process))


def ended(process: int) -> None:
    """Wait until a process has ended."""
    eventually(lambda: not lives(process), "the process has ended")


def lives(process: int) -> bool:
    """Whether a process runs; one that has ended and waits to be reaped does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_a_command_is_reaped(tmp_path: Path) -> None:
    assert await run_bounded(shell(f"echo $$ > {tmp_path / 'process'}"), b"") == ""
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "process").read_text()), 0)


# --- when and of what ----------------------------------------------------------------------------------------------------


class Command:
    """Notes what it was run with, and when; fails with `failure` while that is set."""

    def __init__(self, failure: str = "", seconds: float = 0.0) -> None:
        self.failure, self.seconds = failure, seconds
        self.told: list[tuple[float, dict[str, Any]]] = []

    async def __call__(self, _: tuple[str, ...], said: bytes) -> str:
        self.told.append((trio.current_time(), json.loads(said)))
        await trio.sleep(self.seconds)
        return self.failure

    @property
    def kinds(self) -> list[str]:
        return [told["kind"] for _, told in self.told]


def ask(mesh: Mesh, owner: Neighbor, other: Neighbor, title: str, message: str = "") -> None:
    """Let somebody ask for a new post, and its owner's node open the letter."""
    offer(mesh, owner, title)
    respond(mesh, other, title, message)
    incoming.open_letters(owner.replica)
    mesh.settle()


def notifier_of(neighbor: Neighbor, command: Command) -> Notifier:
    return Notifier(neighbor.replica, InlineStoreThread(), ("command",), None, command)


@pytest.fixture
def people() -> tuple[Mesh, Neighbor, Neighbor]:
    """Alice and Bob, who are connected."""
    mesh = Mesh(7)
    alice, bob, _ = story(mesh)
    return mesh, alice, bob


async def test_each_thing_is_told_once_also_after_a_restart(
    autojump_clock: MockClock, people: tuple[Mesh, Neighbor, Neighbor]
) -> None:
    mesh, alice, bob = people
    ask(mesh, alice, bob, "Ladder", "May I?")
    for told in (["request"], []):
        command = Command()
        with trio.move_on_after(3600):
            await notifier_of(alice, command).run()
        assert command.kinds == told
        for _, said in command.told:
            assert (said["text"], said["message"]) == ("Bob asks for your Ladder.", "May I?")


async def test_what_comes_while_it_runs_is_told_soon_but_not_again_and_again(
    autojump_clock: MockClock, people: tuple[Mesh, Neighbor, Neighbor]
) -> None:
    mesh, alice, bob = people
    command = Command()
    notifier = notifier_of(alice, command)

    async def go_on() -> None:
        for number in range(8):
            ask(mesh, alice, bob, f"Thing {number}")
            await trio.sleep(5.0)

    with trio.move_on_after(3600):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(notifier.run)
            nursery.start_soon(go_on)
    looks = sorted({at for at, _ in command.told})
    assert all(later - earlier >= PAUSE_SECONDS for earlier, later in pairwise(looks))
    assert sum(1 if told["kind"] != "several" else told["count"] for _, told in command.told) == 8


async def test_the_screen_gets_the_sentence_in_a_thread_of_its_own(people: tuple[Mesh, Neighbor, Neighbor]) -> None:
    mesh, alice, bob = people
    ask(mesh, alice, bob, "Ladder")
    shown, lines = trio.Event(), []

    def screen(line: str) -> None:
        lines.append(line)
        trio.from_thread.run_sync(shown.set)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(Notifier(alice.replica, InlineStoreThread(), (), screen).run)
        await shown.wait()
        nursery.cancel_scope.cancel()
    assert lines == ["Bob asks for your Ladder."]


async def test_many_at_once_are_one_number(autojump_clock: MockClock, people: tuple[Mesh, Neighbor, Neighbor]) -> None:
    mesh, alice, bob = people
    for number in range(SINGLY_MAX + 1):
        ask(mesh, alice, bob, f"Thing {number}")
    command = Command()
    with trio.move_on_after(60):
        await notifier_of(alice, command).run()
    ((_, told),) = command.told
    assert told == {
        "kind": "several",
        "text": "4 new things wait for you: meshnode inbox",
        "count": SINGLY_MAX + 1,
    }


async def test_a_failure_is_logged_once_and_shown_until_it_works_again(
    autojump_clock: MockClock, people: tuple[Mesh, Neighbor, Neighbor], caplog: pytest.LogCaptureFixture
) -> None:
    mesh, alice, bob = people
    command = Command("it ended with the exit code 3")
    notifier = notifier_of(alice, command)
    seen = []

    async def go_on() -> None:
        for number in range(3):
            ask(mesh, alice, bob, f"Thing {number}")
            await trio.sleep(60.0)
            seen.append([problem.code for problem in notifier.problems()])
            command.failure = "" if number == 1 else command.failure

    with trio.move_on_after(600):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(notifier.run)
            nursery.start_soon(go_on)
    assert seen == [["notify_failed"], ["notify_failed"], []]
    assert [record.message for record in caplog.records if "notify" in record.message] == ["the notify command failed"]


async def test_without_a_command_and_a_screen_nothing_runs(people: tuple[Mesh, Neighbor, Neighbor]) -> None:
    _, alice, _ = people
    await Notifier(alice.replica, InlineStoreThread(), (), None).run()


# --- in the daemon -------------------------------------------------------------------------------------------------------


@pytest.fixture
def introduced(home: Path) -> Path:
    """A home to which an introduction has come."""
    with Store.open(Home(home).store) as store:
        bob, carol = Person("Bob"), Person("Carol")
        store.introductions.add(StoredIntroduction(carol.id, bob.id, "Carol", "Meet her.", (), int(time.time())))
    return home


def notify_by(home: Path, script: str) -> None:
    program = home / "notify"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)
    (home / "config.toml").write_text(f'notify_command = ["{program}", "--now"]\n')


def test_the_daemon_runs_the_command_of_the_settings(introduced: Path, start: Start) -> None:
    notify_by(introduced, f'cat > {introduced}/got; echo "$@" > {introduced}/arguments')
    start(introduced)
    ready(introduced)
    arguments = introduced / "arguments"
    assert eventually(lambda: arguments.exists() and arguments.read_text(), "the command has run") == "--now\n"
    told = json.loads((introduced / "got").read_text())
    assert (told["kind"], told["person"]["name"], told["message"]) == ("introduction", "Carol", "Meet her.")
    found = json.loads(meshnode(introduced, "status", "--json").stdout)
    assert found["waiting"] == {
        "people": 1,
        "things": 1,
        "kinds": [{"kind": "introduction", "count": 1}],
        "strangers": 0,
    }
    assert "1 person waits for you: meshnode inbox" in meshnode(introduced, "status").stdout
    assert "introduces Carol to you." in meshnode(introduced, "inbox").stdout


def test_a_command_that_fails_is_a_problem_in_the_status(introduced: Path, start: Start) -> None:
    notify_by(introduced, "exit 7")
    start(introduced)
    ready(introduced)

    def problem() -> str | None:
        problems = json.loads(meshnode(introduced, "status", "--json").stdout)["problems"]
        return next((one["message"] for one in problems if one["code"] == "notify_failed"), None)

    assert "exit code 7" in eventually(problem, "the failure is in the status")
