"""The daily commands answer without click exactly as they do with it, and ask the daemon once, whatever goes wrong."""

from __future__ import annotations

import errno
import io
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from meshnode.cli import client as client_module
from meshnode.cli import commands, main
from meshnode.cli.daily import call
from meshnode.cli.kept import FILE
from meshnode.home import Home
from tests.cli.village import Ran, Village

PLAIN = [
    "status",
    "status --json",
    "status --no-input",
    "status --language de",
    "status --language=ar",
    "--json status",
    "--language fr status",
    "people",
    "people --all",
    "people --page 2",
    "people --all --page=1 --json",
    "inbox",
    "inbox --all",
    "inbox --through Bob",
    "inbox --json --through=Bob",
    "news --peek",
    "news",
    "news --limit 1",
    "news --clear",
    "news --limit=0001 --json",
    "discover",
    "discover --json",
    "discover chair",
    "discover a chair --sort near",
    "discover chair --trust any --within any",
    "discover --within 12.5km --trust=0.2 --type offer --category tools --audience network_wide",
    "discover --notice-board --sort new --limit 3 --page 2",
    "discover ß ðŸ 中文 & = % +",
]
"""What is understood without click."""

OTHERWISE = [
    "",
    "--help",
    "--version",
    "--json",
    "news --help",
    "people -h",
    "people Bob",
    "people --al",
    "people --all=yes",
    "people --all --all",
    "people --page",
    "people --page x",
    "people --page -1",
    "people --page 0",
    "people --page 99999999999",
    "people --page 1 --page 2",
    "people --limit 3",
    "people --",
    "people -",
    "--all people",
    "status --language xx",
    "status --language",
    "status --json=1",
    "status --json --nonsense",
    "inbox --through",
    "inbox --through=",
    "inbox --through --all",
    "inbox --through nobody",
    "news --peek --clear",
    "news --peek --clear --json",
    "news --limit 0",
    "news --limit 5000 --json",
    "discover --trust 2",
    "discover --trust nan",
    "discover --within inf",
    "discover --within -1km",
    "discover --type gift",
    "discover --sort --limit",
    "discover -- --json",
    "discover --page 77",
    "peers",
    "statu",
]
"""What click answers, at least in the end."""

ENVIRONMENTS: list[dict[str, str]] = [
    {"LANG": "de_DE.UTF-8"},
    {"MESHNODE_LANGUAGE": "tr"},
    {"MESHNODE_LANGUAGE": "tlh"},
    {"LC_ALL": "ar_EG"},
    {"COLUMNS": "40", "NO_COLOR": "1"},
]


class Relay:
    """Stands before a daemon, and gives every request the same answer each time it comes."""

    def __init__(self, home: Path, daemon: Path) -> None:
        self.requests: list[bytes] = []
        self.replace: Callable[[bytes], bytes | None] | None = None
        """What to answer instead; None for no answer at all."""
        self._answers: dict[bytes, bytes] = {}
        self._daemon = daemon
        self._held: list[socket.socket] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(Home(home).socket))
        self._listener.listen()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()
        for connection in self._held:
            connection.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            request = connection.recv(65_536)
            self.requests.append(request)
            answer = self.replace(request) if self.replace else self._answer(request)
            if answer is None:
                self._held.append(connection)
                continue
            with connection:
                connection.sendall(answer)

    def _answer(self, request: bytes) -> bytes:
        if request not in self._answers:
            with socket.socket(socket.AF_UNIX) as daemon:
                daemon.connect(str(Home(self._daemon).socket))
                daemon.sendall(request)
                self._answers[request] = b"".join(iter(lambda: daemon.recv(65_536), b""))
        return self._answers[request]


class Stream(io.StringIO):
    """A standard output that may be a terminal, and may fail."""

    def __init__(self, *, terminal: bool, fault: BaseException | None = None) -> None:
        super().__init__()
        self._terminal = terminal
        self._fault = fault

    def isatty(self) -> bool:
        return self._terminal

    def fileno(self) -> int:
        return os.open(os.devnull, os.O_WRONLY)

    def write(self, text: str | bytes) -> int:
        if self._fault is not None:
            raise self._fault
        return super().write(text if isinstance(text, str) else text.decode())


@pytest.fixture
def relay(village: Village, tmp_path: Path) -> Iterator[Relay]:
    """Return what stands before Alice's daemon, in a home of its own."""
    home = tmp_path / "relayed"
    home.mkdir(mode=0o700)
    Home(home).identity_key.touch(mode=0o600)
    village("B", "offer", "A chair", "--category", "tools", "--audience", "network_wide")
    village("B", "need", "Bread\u202e for 中文", "--category", "food", "--audience", "network_wide")
    village.settle()
    found = Relay(home, village.homes["A"])
    yield found
    found.close()


@pytest.fixture
def home(relay: Relay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the home before which the relay stands, which the environment names too."""
    monkeypatch.setenv("MESHNODE_HOME", str(tmp_path / "relayed"))
    monkeypatch.setattr(client_module, "BEGIN_SECONDS", 0.0)
    return tmp_path / "relayed"


def run(words: list[str], *, terminal: bool = False, fault: BaseException | None = None) -> Ran:
    """Run a command as the program does."""
    out, err = Stream(terminal=terminal, fault=fault), Stream(terminal=terminal)
    with redirect_stdout(out), redirect_stderr(err):
        code = main.run(words)
    return Ran(code, out.getvalue(), err.getvalue())


def by_click(words: list[str], *, terminal: bool = False, fault: BaseException | None = None) -> Ran:
    """Run a command by way of click alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(call, "answered", lambda _: False)
        return run(words, terminal=terminal, fault=fault)


def same_both_ways(
    relay: Relay, home: Path, words: list[str], *, terminal: bool = False, fault: BaseException | None = None
) -> Ran:
    """Run a command both ways, and return what came of it; fail where they differ in anything."""
    found = []
    for way in (by_click, run):
        relay.requests.clear()
        (home / FILE).unlink(missing_ok=True)
        ran = way(words, terminal=terminal, fault=fault)
        kept = (home / FILE).read_text().partition('"rows"')[2] if (home / FILE).exists() else None
        found.append((ran, list(relay.requests), kept))
    assert found[0] == found[1], words
    return found[0][0]


@pytest.mark.parametrize("terminal", [False, True])
def test_what_is_typed_plainly_is_answered_without_click_and_exactly_so(
    relay: Relay, home: Path, monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    expected = [same_both_ways(relay, home, line.split(), terminal=terminal) for line in PLAIN]
    assert {line: ran.err for line, ran in zip(PLAIN, expected, strict=True) if ran.code} == {}
    assert sum("A chair" in ran.out for ran in expected) > 3
    monkeypatch.delattr(commands, "run")
    assert [run(line.split(), terminal=terminal) for line in PLAIN] == expected


@pytest.mark.parametrize("terminal", [False, True])
def test_whatever_else_is_typed_gets_clicks_answer(relay: Relay, home: Path, terminal: bool) -> None:
    for line in OTHERWISE:
        same_both_ways(relay, home, line.split(), terminal=terminal)
    same_both_ways(relay, home, ["discover", ""])
    same_both_ways(relay, home, ["discover", "\udc80"])
    same_both_ways(relay, home, ["inbox", "--through", " "])


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=str)
@pytest.mark.parametrize("terminal", [False, True])
def test_the_environment_says_the_same_both_ways(
    relay: Relay, home: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], terminal: bool
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    for line in (*PLAIN[::3], *OTHERWISE[::5]):
        same_both_ways(relay, home, line.split(), terminal=terminal)


def test_the_home_may_be_named_in_all_ways(relay: Relay, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MESHNODE_HOME")
    monkeypatch.setenv("HOME", str(home.parent))
    monkeypatch.chdir(home.parent)
    for given in (str(home), "relayed", "./relayed/", "~/relayed", f"{home}/../relayed", f"//{home}"):
        assert same_both_ways(relay, home, ["--home", given, "people"]).code == 0
        assert same_both_ways(relay, home, ["people", f"--home={given}"]).code == 0
    for words in (["people", "--home", ""], ["people", "--home="], ["people", "--home"], ["--home", "people"]):
        assert same_both_ways(relay, home, words).code == 2
    for words in (["people", "--home", "elsewhere"], ["people", "--home", "~nobody/x"], ["people"]):
        assert same_both_ways(relay, home, words).code == 4


def test_the_setting_of_the_language_counts_both_ways(relay: Relay, home: Path) -> None:
    for setting in ('language = "de"', 'language = "xx"', "language = 3", "language = [", "port = 4"):
        Home(home).config.write_text(setting)
        for line in ("status", "status --json", "people --nonsense", "news --limit 0"):
            same_both_ways(relay, home, line.split())


BAD_ANSWERS = [
    b"",
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{]",
    b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n{}",
    b"nonsense\r\n\r\n",
    b'HTTP/1.1 404 Not Found\r\nContent-Length: 61\r\n\r\n{"error": {"code": "not_found", "message": "no", "hint": "x"}}',
    b'HTTP/1.1 400 Bad\r\nContent-Length: 58\r\n\r\n{"error": {"code": "usage", "message": "n", "field": "page"}}',
    b"HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\n[]",
]


@pytest.mark.parametrize("answer", BAD_ANSWERS)
def test_a_bad_answer_is_reported_as_click_does_and_no_question_is_sent_twice(
    relay: Relay, home: Path, answer: bytes
) -> None:
    relay.replace = lambda _: answer
    for line in ("news", "news --json", "news --limit 4", "people --page 3", "status"):
        words = line.split()
        with pytest.MonkeyPatch.context() as patch:
            if b" 204 " in answer:
                patch.setattr("meshnode.cli.daily.news.show", lambda *_, **_given: None)
                patch.setattr("meshnode.cli.daily.people.show", lambda *_, **_given: None)
                patch.setattr("meshnode.cli.daily.status.show", lambda *_, **_given: None)
            same_both_ways(relay, home, words)
        assert len(relay.requests) == 1


def test_an_answer_that_never_comes_ends_the_wait_and_the_question_is_not_sent_again(
    relay: Relay, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay.replace = lambda _: None
    monkeypatch.setattr(call, "CALL_SECONDS", 0.01)
    ran = run(["news"])
    assert (ran.code, ran.out) == (1, "")
    assert "answer" in ran.err
    assert len(relay.requests) == 1


@pytest.mark.parametrize(
    "fault", [BrokenPipeError(errno.EPIPE, "gone"), OSError(errno.ENOSPC, "full"), KeyboardInterrupt()], ids=repr
)
@pytest.mark.parametrize("terminal", [False, True])
def test_an_output_that_fails_ends_the_command_as_click_does(
    relay: Relay, home: Path, monkeypatch: pytest.MonkeyPatch, fault: BaseException, terminal: bool
) -> None:
    monkeypatch.setattr(os, "dup2", lambda *_: None)  # the test's own output stays
    for line in ("status", "people", "discover", "status --json", "news --peek"):
        same_both_ways(relay, home, line.split(), terminal=terminal, fault=fault)
        assert len(relay.requests) == 1


def test_a_shell_that_asks_for_completions_gets_no_answer_of_a_command(
    relay: Relay, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "_MESHNODE_COMPLETE": "bash_complete",
        "COMP_WORDS": "meshnode\npeop",
        "COMP_CWORD": "1",
    }.items():
        monkeypatch.setenv(name, value)
    assert same_both_ways(relay, home, ["people"]) == Ran(0, "plain,people\n", "")
