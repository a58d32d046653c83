"""The daemon as a process on loopback: it starts, refuses to start, survives a kill, and stops."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
from pathlib import Path

import pytest

from meshnode.store import Store
from protocol import Kind
from tests.support.older_homes import lock_identity
from tests.support.processes import NO_INTERFACE, Start, ask, meshnode, ready

END_SECONDS = 10.0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_and_leaves_a_tidy_home(home: Path, start: Start, number: signal.Signals) -> None:
    daemon = start(home)
    ready(home)
    daemon.send_signal(number)
    assert daemon.wait(END_SECONDS) == 0
    assert {path.name for path in home.iterdir()} == {"identity.key", "device.key", "store.db", "store.db.mark", "lock"}
    assert all(path.stat().st_mode & 0o077 == 0 for path in home.iterdir())


def test_a_program_that_listens_for_changes_does_not_keep_it_from_stopping(home: Path, start: Start) -> None:
    daemon = start(home)
    ready(home)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.connect(str(home / "api.sock"))
        listener.sendall(b"GET /v1/events HTTP/1.0\r\nHost: localhost\r\n\r\n")
        received = b""
        while not received.partition(b"\r\n\r\nid: ")[2].endswith(b"\n\n"):
            received += listener.recv(4096)
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(END_SECONDS) == 0
        listener.settimeout(END_SECONDS)
        assert listener.recv(4096) == b""


def test_a_second_daemon_on_the_same_home_is_refused(home: Path, start: Start) -> None:
    start(home)
    ready(home)
    second = meshnode(home, "run", "--no-input", "--no-mdns", *NO_INTERFACE)
    assert second.returncode == 5
    assert "already running" in second.stderr
    assert meshnode(home, "status").returncode == 0


def test_a_port_in_use_is_an_error_of_one_line(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        ended = meshnode(home, "run", "--no-input", "--no-mdns", *NO_INTERFACE, "--port", port)
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert port in ended.stderr
    assert "--port" in ended.stderr


def test_acknowledged_listings_survive_a_kill(home: Path, start: Start) -> None:
    daemon = start(home)
    ready(home)
    for number in range(5):
        assert meshnode(home, "offer", f"Apples {number}").returncode == 0
    daemon.kill()
    daemon.wait()
    start(home)
    ready(home)
    mine = json.loads(meshnode(home, "mine", "--json").stdout)
    assert len(mine["listings"]) == 5


def test_a_copy_of_a_home_knows_that_it_is_one_and_goes_on_as_a_new_device(home: Path, start: Start) -> None:
    daemon = start(home)
    ready(home)
    assert meshnode(home, "offer", "Apples").returncode == 0
    copy = home.with_name("copy")
    shutil.copytree(home, copy, ignore=shutil.ignore_patterns("api.sock"))
    daemon.terminate()
    assert daemon.wait(END_SECONDS) == 0
    start(copy)
    ready(copy)
    assert (copy / "device.key").read_bytes() != (home / "device.key").read_bytes()
    status = json.loads(meshnode(copy, "status", "--json").stdout)
    assert "copied" in {problem["code"] for problem in status["problems"]}
    assert meshnode(copy, "edit", "Apples", "--title", "Pears").returncode == 0
    assert [listing["title"] for listing in ask(copy, "mine")["listings"]] == ["Pears"]


def test_a_copied_home_whose_identity_key_is_locked_signs_nothing_until_it_is_said_what_it_is(
    home: Path, start: Start
) -> None:
    locked = home
    lock_identity(locked, "gate of the garden", os.urandom)
    copy = home.with_name("copy")
    shutil.copytree(locked, copy)
    refused = meshnode(copy, "run", "--no-input", "--no-mdns", *NO_INTERFACE)
    assert refused.returncode == 5
    assert refused.stderr.count("\n") == 1
    assert "--moved" in refused.stderr
    assert "with its passphrase" in refused.stderr
    start(copy, "--moved")
    ready(copy)
    assert (copy / "device.key").read_bytes() == (locked / "device.key").read_bytes()


def test_a_damaged_store_is_set_aside_and_the_node_goes_on_as_a_new_device(home: Path, start: Start) -> None:
    before = (home / "device.key").read_bytes()
    store = home / "store.db"
    store.write_bytes(b"\0" * store.stat().st_size)
    start(home)
    ready(home)
    assert (home / "device.key").read_bytes() != before
    assert meshnode(home, "offer", "Apples").returncode == 0
    status = json.loads(meshnode(home, "status", "--json").stdout)
    assert status["ready"]


def test_a_profile_that_is_missing_does_not_cost_the_sharing_preference(home: Path, start: Start) -> None:
    """An interrupted `init` leaves no profile, and neither does one that only another version could read."""
    with Store.open(home / "store.db") as store:
        store.records.delete([row.id for row in store.records.rows(kinds=(Kind.PROFILE,))])
    start(home)
    ready(home)
    sharing = json.loads(meshnode(home, "share", "show", "--json").stdout)
    assert sharing["audience"] == "trusted_network"
    assert json.loads(meshnode(home, "status", "--json").stdout)["person"]["name"] == "Unnamed"
