"""A node with an encrypted home, as a person runs it: nothing can be read on the disk, and the passphrase comes by every way."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from meshnode.encryption import unlocked
from meshnode.home import Home
from meshnode.keyring import Keyring
from tests.support.older_homes import lock_identity
from tests.support.processes import NO_INTERFACE, Start, ask, environment, log_of, meshnode, ready, words

PASSPHRASE = "gate of the old garden"
NAME = "Alice Appleton"
TITLE = "Wheelbarrow with two wheels"


@pytest.fixture(autouse=True)
def _given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESHNODE_PASSPHRASE", PASSPHRASE)


@pytest.fixture
def encrypted(tmp_path: Path) -> Path:
    """A home that was encrypted from the beginning."""
    home = tmp_path / "alice"
    assert meshnode(home, "init", "--name", NAME, "--no-input").returncode == 0
    return home


def readable(home: Path) -> dict[str, list[str]]:
    """Return what can be read in which file of the home: words, names, and keys in binary and as text."""
    keyring = Keyring.open(unlocked(Home(home), PASSPHRASE))
    assert keyring.identity is not None
    keys = [
        keyring.identity.seed,
        keyring.person,
        *(getattr(keyring.device, part) for part in ("sign_seed", "device_id")),
    ]
    sought = [NAME.encode(), TITLE.encode(), PASSPHRASE.encode(), *keys, *(key.hex().encode() for key in keys)]
    files = [path for path in home.iterdir() if path.is_file() and not path.is_socket()]
    found = {path.name: [repr(one) for one in sought if one in path.read_bytes()] for path in files}
    return {name: what for name, what in found.items() if what}


@pytest.mark.promise("An encrypted home tells nothing without its passphrase")
def test_no_file_of_an_encrypted_home_has_a_word_a_name_or_a_key_in_the_clear(encrypted: Path, start: Start) -> None:
    daemon = start(encrypted)
    ready(encrypted)
    assert meshnode(encrypted, "offer", TITLE).returncode == 0
    assert (encrypted / "store.db-wal").exists()
    assert readable(encrypted) == {}
    daemon.send_signal(signal.SIGKILL)
    daemon.wait()
    assert readable(encrypted) == {}
    daemon = start(encrypted)
    ready(encrypted)
    assert [listing["title"] for listing in ask(encrypted, "mine")["listings"]] == [TITLE]
    daemon.send_signal(signal.SIGTERM)
    assert daemon.wait(20) == 0
    assert readable(encrypted) == {}


def test_the_memory_of_a_node_is_its_own(encrypted: Path, start: Start) -> None:
    daemon = start(encrypted)
    ready(encrypted)
    limits = Path(f"/proc/{daemon.pid}/limits").read_text()
    assert next(line for line in limits.splitlines() if "core" in line).split()[4] == "0"
    # The kernel gives what is in /proc of a process that is not dumpable to root.
    assert Path(f"/proc/{daemon.pid}/mem").stat().st_uid == 0
    assert PASSPHRASE.encode() not in Path(f"/proc/{daemon.pid}/cmdline").read_bytes()


def test_without_the_passphrase_or_with_a_wrong_one_one_line_says_so_and_nothing_is_changed(
    encrypted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {path.name: path.read_bytes() for path in encrypted.iterdir()}
    commands = (("run", "--no-mdns", *NO_INTERFACE), ("blocks", "--json"))
    for given, code, said in ((None, 2, "passphrase_file"), ("a guess", 5, "not the passphrase")):
        for command in commands:
            if given is None:
                monkeypatch.delenv("MESHNODE_PASSPHRASE", raising=False)
            else:
                monkeypatch.setenv("MESHNODE_PASSPHRASE", given)
            ran = meshnode(encrypted, *command, "--no-input")
            assert ran.returncode == code, (command, ran.stderr)
            assert said in ran.stderr.splitlines()[-1]
    assert {path.name: path.read_bytes() for path in encrypted.iterdir()} == before


def test_it_comes_from_a_credential_of_systemd_a_file_or_standard_input(
    encrypted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MESHNODE_PASSPHRASE")
    stick = tmp_path / "stick"
    stick.mkdir()
    (stick / "meshnode.passphrase").write_text(PASSPHRASE + "\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(stick))
    assert meshnode(encrypted, "blocks", "--no-input").returncode == 0
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    assert meshnode(encrypted, "blocks", "--no-input").returncode == 2
    (encrypted / "config.toml").write_text(f'passphrase_file = "{stick}/meshnode.passphrase"\n')
    assert meshnode(encrypted, "blocks", "--no-input").returncode == 0
    doctor = {one["code"]: one for one in ask(encrypted, "doctor")["findings"]}
    assert not doctor["encryption"]["well"]
    assert "same disk" in doctor["encryption"]["hint"]
    (encrypted / "config.toml").write_text(f'passphrase_file = "{stick}/gone"\n')
    gone = meshnode(encrypted, "blocks", "--no-input")
    assert gone.returncode == 1
    assert "stick/gone" in gone.stderr
    removed = subprocess.run(
        words(encrypted, "passphrase", "remove", "--passphrase-file", "-", "--json"),
        input=PASSPHRASE + "\n", env=environment(), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(removed.stdout) == {"home": str(encrypted), "encrypted": False}


def test_a_plain_home_is_encrypted_changed_and_decrypted_and_remains_the_same_node(
    tmp_path: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "alice"
    monkeypatch.delenv("MESHNODE_PASSPHRASE")
    assert meshnode(home, "init", "--name", NAME, "--no-input").returncode == 0
    device = Keyring.open(Home(home)).device
    for name, secret in (("old", PASSPHRASE), ("new", "another gate")):
        (tmp_path / name).write_text(secret)
    old, new = ("--passphrase-file", str(tmp_path / "old")), ("--new-passphrase-file", str(tmp_path / "new"))
    assert meshnode(home, "passphrase", "change", *old, *new).returncode == 5
    assert meshnode(home, "passphrase", "remove", *old).returncode == 5
    assert ask(home, "passphrase", "set", *old) == {"home": str(home), "encrypted": True}
    assert readable(home) == {}
    assert meshnode(home, "passphrase", "set", *old).returncode == 5
    assert ask(home, "passphrase", "change", *old, *new)["encrypted"]
    daemon = start(home, "--passphrase-file", str(tmp_path / "new"))
    ready(home)
    busy = meshnode(home, "passphrase", "remove", "--passphrase-file", str(tmp_path / "new"))
    assert busy.returncode == 5
    assert "already running" in busy.stderr
    daemon.send_signal(signal.SIGTERM)
    assert daemon.wait(20) == 0
    assert meshnode(home, "passphrase", "remove", *old).returncode == 5
    assert not ask(home, "passphrase", "remove", "--passphrase-file", str(tmp_path / "new"))["encrypted"]
    start(home)
    ready(home)
    assert Keyring.open(Home(home)).device == device
    assert "copied" not in {problem["code"] for problem in ask(home, "status")["problems"]}
    assert "copied" not in log_of(home).read_text()


def test_a_change_says_that_the_file_of_the_settings_still_has_the_former_passphrase(
    encrypted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MESHNODE_PASSPHRASE")
    (tmp_path / "old").write_text(PASSPHRASE)
    (tmp_path / "new").write_text("another gate")
    (encrypted / "config.toml").write_text(f'passphrase_file = "{tmp_path}/old"\n')
    changed = meshnode(encrypted, "passphrase", "change", "--new-passphrase-file", str(tmp_path / "new"))
    assert changed.stdout.splitlines()[-1].endswith(f"another passphrase: put the new one into {tmp_path}/old")
    (tmp_path / "old").write_text("another gate\n")
    changed = meshnode(encrypted, "passphrase", "change", "--new-passphrase-file", str(tmp_path / "old"))
    assert "another passphrase" not in changed.stdout


def test_a_home_whose_identity_key_alone_had_a_passphrase_is_not_encrypted_unasked_and_can_lose_it(
    tmp_path: Path,
) -> None:
    home = tmp_path / "alice"
    Keyring.create(Home(home), entropy=os.urandom)
    lock_identity(home, PASSPHRASE, os.urandom)
    refused = meshnode(home, "passphrase", "set", "--no-input")
    assert (refused.returncode, "must be typed" in refused.stderr) == (2, True)
    assert not ask(home, "passphrase", "remove")["encrypted"]
    assert not Keyring.open(Home(home)).locked


def test_a_copy_of_an_encrypted_home_takes_a_new_key_by_itself(encrypted: Path, start: Start) -> None:
    copy = encrypted.with_name("copy")
    shutil.copytree(encrypted, copy)
    start(copy)
    ready(copy)
    device = Keyring.open(unlocked(Home(copy), PASSPHRASE)).device
    assert device != Keyring.open(unlocked(Home(encrypted), PASSPHRASE)).device
    assert "copied" in {problem["code"] for problem in ask(copy, "status")["problems"]}
    assert readable(copy) == {}
