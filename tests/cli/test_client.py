"""The client finds its daemon at a long path and while it starts, and says so when there is none."""

from __future__ import annotations

import os
import socket
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from meshnode.backup import new_key
from meshnode.cli import client as client_module
from meshnode.cli.client import Client
from meshnode.errors import Failed, NotRunning
from meshnode.home import Home
from tests.cli.village import Village, daemon, meshnode

KEY = new_key()[1]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Return a home that looks to the client as if a node were in it."""
    path = tmp_path / "home"
    path.mkdir(mode=0o700)
    found = Home(path)
    found.identity_key.touch(mode=0o600)
    return found


def test_a_daemon_at_the_end_of_a_very_long_path_is_reached(village: Village, tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["a-directory-with-a-long-name"] * 6)
    with daemon(village.replicas["A"], deep):
        assert len(os.fsencode(Home(deep).socket)) > 107
        assert meshnode("--home", str(deep), "status").code == 0


def test_without_a_node_nobody_is_waited_for(tmp_path: Path) -> None:
    ran = meshnode("--home", str(tmp_path / "nothing"), "status")
    assert ran.code == 4
    assert "There is no node" in ran.err
    assert "meshnode run" in ran.err


def test_a_node_that_does_not_run_says_how_to_start_it(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "BEGIN_SECONDS", 0.0)
    ran = meshnode("--home", str(home.path), "status")
    assert (ran.code, ran.out) == (4, "")
    assert "Start it with 'meshnode run'" in ran.err


def test_a_socket_that_a_dead_daemon_left_is_nobody(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "BEGIN_SECONDS", 0.0)
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(home.socket))
    left.close()
    with pytest.raises(NotRunning):
        Client(home).get("/v1/status")


def test_a_daemon_that_is_starting_is_waited_for(village: Village, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.lock_file.write_text(f"{os.getpid()}\n")
    monkeypatch.setattr(client_module, "BEGIN_SECONDS", 0.0)
    with ExitStack() as stack:
        monkeypatch.setattr(
            "meshnode.cli.client.time.sleep",
            lambda _: stack.enter_context(daemon(village.replicas["A"], home.path)),
        )
        assert meshnode("--home", str(home.path), "status").code == 0


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{]",
        b"nonsense\r\n\r\n",
    ],
)
def test_an_answer_cut_short_is_a_failure_and_never_half_believed(home: Home, answer: bytes) -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(home.socket))
    listener.listen()

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65_536)
            connection.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    with pytest.raises(Failed):
        Client(home).get("/v1/status")
    thread.join()
    listener.close()


def test_only_the_owner_may_open_the_socket(village: Village) -> None:
    for path in village.homes.values():
        assert Home(path).socket.stat().st_mode & 0o777 == 0o600


def test_the_socket_goes_with_its_daemon(village: Village, tmp_path: Path) -> None:
    with daemon(village.replicas["A"], tmp_path / "brief"):
        assert Home(tmp_path / "brief").socket.exists()
    assert not Home(tmp_path / "brief").socket.exists()


@pytest.mark.parametrize(
    "words", [("carry", "out", "parcel"), ("carry", "in", "notes"), ("backup", "--to", KEY, "file")]
)
def test_what_takes_as_long_as_the_store_is_large_is_waited_for_longer(
    village: Village, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes").write_text("milk, bread")
    waits: list[float | None] = []

    class Noting(socket.socket):
        def settimeout(self, value: float | None) -> None:
            waits.append(value)
            super().settimeout(value)

    monkeypatch.setattr(socket, "socket", Noting)
    meshnode("--home", str(village.homes["A"]), *words)
    assert client_module.LONG_SECONDS in waits


def test_a_daemon_that_does_not_run_is_waited_for_once(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("meshnode.cli.client.time.monotonic", lambda: now[0])
    monkeypatch.setattr("meshnode.cli.client.time.sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    client = Client(home, apart=lambda *_: (200, b"{}"))
    assert client.get("/v1/blocks") == {}
    assert client.is_alone
    waited = now[0]
    assert waited >= client_module.BEGIN_SECONDS
    assert client.post("/v1/blocks") == {}
    assert now[0] == waited
    home.lock_file.write_text(f"{os.getpid()}\n")  # one starts now, and is waited for as long as it takes
    client.get("/v1/blocks")
    assert now[0] >= waited + client_module.START_SECONDS
