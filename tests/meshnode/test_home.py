"""The home directory is private, and one daemon at a time runs on it."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from meshnode.errors import Forbidden, NotFound, Refused
from meshnode.home import Home, read_private, write_private


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_new_home_is_private(home: Home) -> None:
    home.make()
    assert mode(home.path) == 0o700


def test_an_empty_directory_open_to_others_is_closed_when_it_becomes_a_home(home: Home) -> None:
    home.path.mkdir(mode=0o755)
    home.make()
    assert mode(home.path) == 0o700


def test_settings_may_be_there_before_the_node_is(home: Home) -> None:
    home.path.mkdir(mode=0o700)
    home.config.write_text("port = 7000\n")
    home.make()
    assert home.config.exists()


def test_a_directory_with_other_files_is_left_alone(home: Home) -> None:
    home.path.mkdir(mode=0o755)
    (home.path / "thesis.odt").touch()
    with pytest.raises(Refused, match="not empty") as caught:
        home.make()
    assert caught.value.exit_code == 5
    assert mode(home.path) == 0o755


@pytest.mark.parametrize("below", ["", "deeper"])
def test_a_file_in_the_place_of_the_home_is_refused(home: Home, below: str) -> None:
    home.path.write_text("a file")
    with pytest.raises(Refused, match="not a directory"):
        Home(home.path / below).make()


def test_a_home_without_a_node_is_an_error_that_names_the_command_to_run(home: Home) -> None:
    with pytest.raises(NotFound, match="no node in") as caught:
        home.check()
    assert caught.value.hint == "create one: meshnode init"


def test_a_home_open_to_others_is_refused_with_the_command_that_repairs_it(tmp_path: Path) -> None:
    home = Home(tmp_path / "my home")
    home.make()
    write_private(home.identity_key, b"key")
    home.check()
    home.path.chmod(0o750)
    with pytest.raises(Forbidden) as caught:
        home.check()
    assert caught.value.hint == f"run: chmod 700 '{home.path}'"
    assert caught.value.exit_code == 5


def test_a_second_daemon_on_one_home_is_refused(home: Home) -> None:
    home.make()
    with home.lock(), pytest.raises(Refused, match=rf"already running .*process {os.getpid()}") as caught:
        home.lock()
    assert caught.value.exit_code == 5
    home.lock().release()


def test_a_disk_that_does_not_take_the_process_id_leaves_no_lock_behind(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.make()

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        with pytest.raises(OSError, match="No space"):
            home.lock()
    home.lock().release()


def test_the_lock_of_a_killed_process_is_free(home: Home) -> None:
    home.make()
    script = (
        "import sys; from pathlib import Path; from meshnode.home import Home\n"
        "lock = Home(Path(sys.argv[1])).lock(); print('locked', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, home.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as daemon:
        assert daemon.stdout is not None
        assert daemon.stdout.readline() == "locked\n"
        with pytest.raises(Refused, match=f"process {daemon.pid}"):
            home.lock()
        daemon.kill()
    home.lock().release()


def test_a_file_is_private_from_its_first_byte_and_is_replaced_as_a_whole(home: Home) -> None:
    home.make()
    old = os.umask(0)
    try:
        write_private(home.device_key, b"one")
        write_private(home.device_key, b"two")
    finally:
        os.umask(old)
    assert mode(home.device_key) == 0o600
    assert read_private(home.device_key) == b"two"
    assert [entry.name for entry in home.path.iterdir()] == ["device.key"]


def test_a_draft_left_by_a_power_cut_is_overwritten(home: Home) -> None:
    home.make()
    (home.path / ".device.key.new").write_bytes(b"half a k")
    write_private(home.device_key, b"whole")
    assert read_private(home.device_key) == b"whole"


def test_a_private_file_is_not_read_through_a_link(home: Home) -> None:
    home.make()
    write_private(home.path / "elsewhere", b"secret")
    home.device_key.symlink_to(home.path / "elsewhere")
    with pytest.raises(OSError, match="symbolic link"):
        read_private(home.device_key)
