"""One person with two machines: real daemons on loopback, from the device code to a lost store."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from meshnode.encryption import encrypt_new, unlocked_keys
from meshnode.errors import Forbidden, Refused
from meshnode.home import Home, write_private
from meshnode.keyring import Keyring
from meshnode.node.creation import new_home
from protocol.tokens import DeviceCode
from tests.support.older_homes import lock_identity
from tests.support.processes import NO_INTERFACE, PROJECT, Start, ask, environment, meshnode, ready, words
from tests.support.waiting import eventually


def join(home: Path, code: str, *options: str, shower: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Let a new computer join with `code` from a pipe; the owner of the node in `shower` (Alice's) confirms its words."""
    command = words(home, "device", "join", "-", "--no-mdns", *NO_INTERFACE, *options)
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=PROJECT, env=environment(), text=True, stdin=pipe, stdout=pipe, stderr=pipe
    ) as joining:
        assert joining.stdin is not None
        assert joining.stderr is not None
        joining.stdin.write(code)
        joining.stdin.close()
        lines = []
        for line in joining.stderr:
            lines.append(line)
            shown = re.search(r"This computer shows: (\w+ \w+ \w+)\.", line)
            if shown:
                assert meshnode(shower or home.parent / "alice", "device", "confirm", *shown[1].split()).returncode == 0
        assert joining.stdout is not None
        out = joining.stdout.read()
    return subprocess.CompletedProcess(command, joining.returncode, out, "".join(lines))


def titles(home: Path) -> set[str]:
    return {listing["title"] for listing in ask(home, "mine")["listings"]}


@pytest.fixture
def laptop(home: Path, start: Start) -> Path:
    """Alice's node, running."""
    start(home)
    ready(home)
    return home


@pytest.fixture
def pi(tmp_path: Path, laptop: Path, start: Start) -> Path:
    """Alice's second machine, added and running."""
    added = join(tmp_path / "pi", ask(laptop, "device", "add", "--name", "Pi")["text"])
    assert added.returncode == 0, added.stderr
    start(tmp_path / "pi")
    ready(tmp_path / "pi")
    return tmp_path / "pi"


def test_a_second_machine_becomes_a_device_and_both_may_post(laptop: Path, pi: Path) -> None:
    assert meshnode(laptop, "offer", "Drill").returncode == 0
    assert meshnode(pi, "offer", "Saw").returncode == 0
    both = {"Drill", "Saw"}
    eventually(lambda: titles(laptop) == titles(pi) == both, "both devices have both offers")
    assert ask(pi, "status")["person"] == ask(laptop, "status")["person"]
    devices = {one["name"]: one for one in ask(laptop, "device", "list")["devices"]}
    assert set(devices) == {"First device", "Pi"}
    assert devices["Pi"]["connected"]
    assert not devices["Pi"]["this"]
    assert [one["name"] for one in ask(pi, "device", "list")["devices"]] == ["Pi", "First device"]


def test_the_new_device_does_not_have_the_identity_key_and_adds_no_other(pi: Path) -> None:
    identity = json.loads((pi / "identity.key").read_text())
    assert "seed" not in identity
    assert "sealed" not in identity
    assert ask(pi, "device", "list")["identity"] == "elsewhere"
    refused = meshnode(pi, "device", "add")
    assert refused.returncode == 5
    assert "where you ran" in refused.stderr


def test_a_code_works_once_and_each_failure_has_its_own_words(laptop: Path, tmp_path: Path) -> None:
    code = ask(laptop, "device", "add")["text"]
    own = join(laptop, code)
    assert (own.returncode, own.stderr.count("\n")) == (5, 1)
    assert "made by this node" in own.stderr
    assert join(tmp_path / "second", code).returncode == 0
    used = join(tmp_path / "third", code)
    assert used.returncode == 5
    assert "used by another computer" in used.stderr
    assert not (tmp_path / "third" / "identity.key").exists()
    there = join(tmp_path / "second", ask(laptop, "device", "add")["text"])
    assert there.returncode == 5
    assert "already a node" in there.stderr
    past = join(tmp_path / "third", replace(DeviceCode.parse(code), expires=1).to_text())
    assert past.returncode == 5
    assert "expired" in past.stderr
    damaged = join(tmp_path / "third", code[:-8] + ("q" if code[-8] != "q" else "p") + code[-7:])
    assert damaged.returncode == 2
    assert "has a typo" in damaged.stderr
    card = meshnode(laptop, "card").stdout.strip()
    assert join(tmp_path / "third", card).returncode == 2


def test_joining_can_be_interrupted_and_done_again(laptop: Path, tmp_path: Path) -> None:
    code, home = ask(laptop, "device", "add")["text"], tmp_path / "pi"
    nobody = replace(DeviceCode.parse(code), addresses=(("127.0.0.1", 1),)).to_text()
    command = words(home, "device", "join", nobody, "--no-mdns", *NO_INTERFACE)
    with subprocess.Popen(command, cwd=PROJECT, env=environment(), stderr=subprocess.PIPE, text=True) as looking:
        assert looking.stderr is not None
        assert "Other users of this computer" in looking.stderr.readline()
        assert "Trying 127.0.0.1:1" in looking.stderr.readline()
        looking.send_signal(signal.SIGINT)
        assert looking.wait(10) == 130
    assert not (home / "identity.key").exists()
    assert join(home, code).returncode == 0


@pytest.mark.parametrize("passphrase", [None, "new garden"])
def test_joining_that_was_cut_short_after_the_certificate_is_done_again(
    laptop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, passphrase: str | None
) -> None:
    """The machine lost power after the answer came and before it was stored."""
    code, home = ask(laptop, "device", "add")["text"], tmp_path / "pi"
    if passphrase is not None:
        monkeypatch.setenv("MESHNODE_PASSPHRASE", passphrase)
    assert join(home, code).returncode == 0
    device = unlocked_keys(Home(home), passphrase)[1].device
    (home / "identity.key").unlink()
    for path in home.glob("store.db*"):
        path.unlink()
    assert join(home, code).returncode == 0
    assert unlocked_keys(Home(home), passphrase)[1].device == device


def test_a_new_device_can_be_encrypted_from_the_beginning(
    laptop: Path, tmp_path: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path / "pi")
    home.make()
    Keyring.prepare_device(home, entropy=os.urandom)  # of an attempt without a passphrase
    code = ask(laptop, "device", "add")["text"]
    monkeypatch.setenv("MESHNODE_PASSPHRASE", "new garden")
    assert join(home.path, code).returncode == 0
    with pytest.raises(Forbidden):
        unlocked_keys(home, "a guess")
    assert not (home.path / "store.db").read_bytes().startswith(b"SQLite")
    start(home.path)
    ready(home.path)
    assert ask(home.path, "status")["person"]["name"] == "Alice"


def test_an_encrypted_init_that_was_interrupted_does_not_keep_a_machine_from_joining(
    laptop: Path, tmp_path: Path, start: Start
) -> None:
    home = Home(tmp_path / "pi")
    home.make()
    Keyring.prepare_device(encrypt_new(home, "old garden", entropy=os.urandom), entropy=os.urandom)
    write_private(home.coming_back, b"")
    assert join(home.path, ask(laptop, "device", "add")["text"]).returncode == 0
    start(home.path)
    ready(home.path)
    assert ask(home.path, "status")["person"]["name"] == "Alice"


def test_an_empty_passphrase_is_refused_before_the_code_is_used(
    laptop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, code = tmp_path / "pi", ask(laptop, "device", "add")["text"]
    with monkeypatch.context() as empty:
        empty.setenv("MESHNODE_PASSPHRASE", "")
        assert "the passphrase is empty" in join(home, code).stderr.casefold()
    assert not home.exists()
    assert join(home, code).returncode == 0


def test_no_node_is_made_where_another_process_is_making_one(tmp_path: Path) -> None:
    home = Home(tmp_path / "pi")
    home.make()
    Keyring.prepare_device(home, entropy=os.urandom)
    before = home.device_key.read_bytes()
    with home.lock(), pytest.raises(Refused):
        new_home(home, None)
    assert home.device_key.read_bytes() == before


def test_a_device_that_lost_power_before_its_store_was_made_starts(laptop: Path, tmp_path: Path, start: Start) -> None:
    home = tmp_path / "pi"
    assert join(home, ask(laptop, "device", "add")["text"]).returncode == 0
    for path in home.glob("store.db*"):
        path.unlink()
    start(home)
    ready(home)
    assert ask(home, "status")["person"]["name"] == "Alice"


def test_a_node_with_a_locked_identity_adds_no_device_and_says_how_to_unlock_it(home: Path, start: Start) -> None:
    lock_identity(home, "correct horse", os.urandom)
    start(home)
    ready(home)
    refused = meshnode(home, "device", "add")
    assert refused.returncode == 5
    assert "with its passphrase: meshnode run" in refused.stderr
    assert ask(home, "device", "list")["identity"] == "locked"


def test_a_revoked_device_is_told_and_what_it_posted_stays(laptop: Path, pi: Path) -> None:
    assert meshnode(pi, "offer", "Saw").returncode == 0
    eventually(lambda: titles(laptop) == {"Saw"}, "the laptop has it")
    assert ask(laptop, "peers")["peers"][0]["device"] == "Pi"
    reply = ask(laptop, "device", "revoke", "pi")
    assert (reply["name"], reply["kept"], reply["dropped"]) == ("Pi", 1, 0)
    assert titles(laptop) == {"Saw"}

    eventually(lambda: knows_it_was_revoked(pi), "the Pi says that it was revoked")
    refused = meshnode(pi, "offer", "Hammer")
    assert refused.returncode == 5
    assert "revoked" in refused.stderr
    again = meshnode(laptop, "device", "revoke", "Pi")
    assert again.returncode == 5
    assert "already" in again.stderr
    assert [(one["name"], one["struck"]) for one in ask(laptop, "device", "list")["devices"]] == [
        ("First device", False),
        ("Pi", True),
    ]


def test_a_device_revoked_while_it_was_off_learns_of_it_and_can_be_restarted(
    laptop: Path, tmp_path: Path, start: Start
) -> None:
    home = tmp_path / "pi"
    assert join(home, ask(laptop, "device", "add", "--name", "Pi")["text"]).returncode == 0
    assert meshnode(laptop, "device", "revoke", "Pi").returncode == 0
    for _ in range(2):
        daemon = start(home)
        ready(home)
        eventually(lambda: knows_it_was_revoked(home), "the Pi says that it was revoked")
        daemon.terminate()
        assert daemon.wait(10) == 0


def knows_it_was_revoked(home: Path) -> bool:
    return "device_revoked" in {problem["code"] for problem in ask(home, "status")["problems"]}


def test_a_lost_store_comes_back_from_the_other_device_and_the_old_key_can_be_revoked(
    home: Path, tmp_path: Path, start: Start
) -> None:
    laptop, pi = start(home), tmp_path / "pi"
    ready(home)
    assert meshnode(home, "offer", "Drill").returncode == 0
    assert join(pi, ask(home, "device", "add", "--name", "Pi")["text"]).returncode == 0
    start(pi)
    port = ready(pi)["port"]
    eventually(lambda: titles(pi) == {"Drill"}, "the Pi has the drill")
    laptop.terminate()
    assert laptop.wait(10) == 0
    content = bytearray((home / "store.db").read_bytes())
    content[content.index(b"Drill")] ^= 0xFF  # in a record; the addresses of the Pi are in another table
    (home / "store.db").write_bytes(content)
    start(home, "--peer", f"127.0.0.1:{port}")
    ready(home)

    def offered() -> str | None:
        found = [one for one in ask(home, "status")["problems"] if one["code"] == "former_device"]
        return found[0]["hint"] if found else None

    hint = eventually(offered, "the laptop offers to revoke its old key")
    eventually(lambda: titles(home) == {"Drill"}, "the drill is back")
    assert ask(home, "device", "revoke", hint.rpartition(" ")[2])["kept"] == 1
    assert titles(home) == {"Drill"}
    assert offered() is None
    names = [(one["name"], one["struck"]) for one in ask(home, "device", "list")["devices"]]
    assert ("This computer before", True) in names


@pytest.mark.parametrize("passphrase", [None, "new garden"])
def test_a_backup_of_a_device_without_the_identity_key_is_restored_by_joining_again(
    laptop: Path, pi: Path, tmp_path: Path, start: Start, monkeypatch: pytest.MonkeyPatch, passphrase: str | None
) -> None:
    assert meshnode(pi, "offer", "Saw").returncode == 0
    key, file, new = ask(pi, "backup", "--new-key")["secret"], tmp_path / "pi.age", tmp_path / "new"
    assert ask(pi, "backup", str(file))["identity"] == "elsewhere"
    (tmp_path / "key.txt").write_text(key)
    restored = meshnode(new, "restore", "--key", str(tmp_path / "key.txt"), str(file))
    assert restored.returncode == 0, restored.stderr
    assert "meshnode device join" in restored.stdout
    assert not (new / "identity.key").exists()
    if passphrase is not None:
        monkeypatch.setenv("MESHNODE_PASSPHRASE", passphrase)
    joined = join(new, ask(laptop, "device", "add", "--name", "New")["text"])
    assert joined.returncode == 0, joined.stderr
    assert (new / "encryption.json").exists() == (passphrase is not None)
    start(new)
    ready(new)
    assert "Saw" in titles(new)
    devices = {one["name"]: one["this"] for one in ask(new, "device", "list")["devices"]}
    assert devices["New"]
    assert not (new / "restored.json").exists()


def test_a_wiped_device_hands_over_what_only_it_had_and_the_other_is_told_to_revoke_it(laptop: Path, pi: Path) -> None:
    assert meshnode(pi, "offer", "Saw").returncode == 0
    done = meshnode(pi, "wipe", "--name", "Alice")
    assert done.returncode == 0, done.stderr
    assert "Your other devices in reach have what this one had." in done.stderr
    assert "what only this computer has is lost" not in done.stderr
    assert "! This computer has your identity's key" not in done.stderr
    assert done.stdout.splitlines()[1] == "Now on a device that has your identity's key: meshnode device revoke Pi"
    assert not pi.exists()
    assert "Saw" in titles(laptop)

    def reminded() -> str | None:
        found = [one for one in ask(laptop, "status")["problems"] if one["code"] == "wiped_device"]
        return found[0]["hint"] if found else None

    hint = eventually(reminded, "the laptop says that the Pi is to be revoked")
    assert ask(laptop, "device", "revoke", hint.rpartition(" ")[2])["kept"] == 1
    assert "Saw" in titles(laptop)
    assert reminded() is None


def test_wiping_says_before_it_asks_what_is_lost_where_no_other_device_hears_of_it(
    home: Path, tmp_path: Path, start: Start
) -> None:
    laptop = start(home)
    ready(home)
    assert join(tmp_path / "pi", ask(home, "device", "add", "--name", "Pi")["text"]).returncode == 0
    refused = meshnode(home, "wipe")
    assert refused.returncode == 5
    assert "! None of them is in reach now: what only this computer has is lost." in refused.stderr
    assert "Write down your recovery words first: meshnode recovery show" in refused.stderr
    laptop.terminate()
    assert laptop.wait(10) == 0
    done = meshnode(home, "wipe", "--name", "Alice")
    assert done.returncode == 0
    assert "! The node does not run, so it hands nothing over to them" in done.stderr
    assert "your recovery words make one that has: meshnode init --recover" in done.stdout
