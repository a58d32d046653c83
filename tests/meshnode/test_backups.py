"""`backup` and `restore` as a person types them: beside a running node, and on a new computer."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from meshnode.backup import new_key
from tests.cli.terminal import Terminal
from tests.support.processes import PROJECT, Start, ask, environment, meshnode, ready, words

EXIT_REFUSED, EXIT_USAGE = 5, 2


def typed(home: Path, text: str, *given: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, with `text` on its standard input."""
    command = words(home, *given)
    return subprocess.run(
        command, cwd=PROJECT, env=environment(), input=text, capture_output=True, text=True, check=False
    )


@pytest.mark.promise("A backup brings back all that anybody still holds")
def test_a_node_is_backed_up_while_it_runs_and_restored_on_a_new_computer(
    home: Path, start: Start, tmp_path: Path
) -> None:
    start(home)
    ready(home)
    assert meshnode(home, "offer", "Apples").returncode == 0
    shown = ask(home, "backup")
    assert (shown["keys"], shown["last"], shown["daily"], shown["wanted"]) == ([], None, [], False)
    refused = meshnode(home, "backup", str(tmp_path / "a.age"))
    assert (refused.returncode, refused.stderr.count("\n")) == (EXIT_REFUSED, 1)
    key = ask(home, "backup", "--new-key")
    assert key["secret"].startswith("AGE-SECRET-KEY-1")
    file = tmp_path / "a.age"
    file.write_text("an older backup")
    made = ask(home, "backup", str(file))
    assert (made["file"], made["bytes"]) == (str(file), file.stat().st_size)
    assert {"kind": "listing", "count": 1} in made["records"]
    assert file.stat().st_mode & 0o077 == 0
    assert ask(home, "backup")["last"] == made["made"]
    assert not [one for one in home.iterdir() if one.name.startswith(".backup")]

    new = tmp_path / "new"
    look = typed(new, key["secret"] + "\n", "restore", "--dry-run", str(file), "--json")
    assert json.loads(look.stdout)["person"] == made["person"]
    assert not new.exists()
    wrong = typed(new, "AGE-SECRET-KEY-1" + "Q" * 58, "restore", str(file))
    assert (wrong.returncode, wrong.stderr.count("\n")) == (EXIT_USAGE, 1)
    both = meshnode(new, "restore", "--old-lost", "--old-lives", str(file))
    assert both.returncode == EXIT_USAGE
    done = typed(new, key["secret"], "restore", "--old-lives", "--json", str(file))
    reply = json.loads(done.stdout)
    assert (reply["name"], reply["old"], reply["renewed"]) == ("Alice", "lives", True)
    again = typed(new, key["secret"], "restore", str(file))
    assert again.returncode == EXIT_REFUSED
    start(new)
    ready(new)
    assert [one["title"] for one in ask(new, "mine")["listings"]] == ["Apples"]
    devices = {one["this"]: one["id"] for one in ask(new, "device", "list")["devices"]}
    assert devices[False] == made["device"] != devices[True]
    assert [one["title"] for one in ask(home, "mine")["listings"]] == ["Apples"]  # the old one goes on


def test_a_key_file_of_age_keygen_opens_a_backup_with_its_comments(home: Path, tmp_path: Path) -> None:
    secret, public = new_key()
    assert meshnode(home, "backup", "--to", public, str(tmp_path / "a.age")).returncode == 0
    key = f"# created: 2026-11-30T18:00:00Z\n# public key: {public}\n{secret}\n"
    done = typed(tmp_path / "new", key, "restore", str(tmp_path / "a.age"))
    assert done.returncode == 0, done.stderr
    assert typed(home, "#1 horse\n", "backup", "--passphrase", str(tmp_path / "b.age")).returncode == 0
    assert typed(tmp_path / "other", "#1 horse\n", "restore", str(tmp_path / "b.age")).returncode == 0


def test_a_node_that_does_not_run_is_backed_up_too_and_with_a_passphrase(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "a.age"
    made = typed(home, "correct horse\n", "backup", "--passphrase", str(file))
    assert made.returncode == 0, made.stderr
    assert file.read_bytes().startswith(b"age-encryption.org/v1\n-> scrypt ")
    wrong = typed(tmp_path / "new", "wrong horse\n", "restore", str(file))
    assert (wrong.returncode, "passphrase" in wrong.stderr) == (EXIT_REFUSED, True)
    assert typed(tmp_path / "new", "correct horse\n", "restore", str(file)).returncode == 0


def test_a_node_that_does_not_run_shows_the_daily_backups_where_the_settings_put_them(
    home: Path, tmp_path: Path
) -> None:
    (tmp_path / "stick").mkdir()
    (tmp_path / "stick" / "meshnode-2027-01-15.age").touch()
    (home / "config.toml").write_text(f'backup_dir = "{tmp_path}/stick"\n')
    shown = ask(home, "backup")
    assert (shown["directory"], [one["date"] for one in shown["daily"]]) == (f"{tmp_path}/stick", ["2027-01-15"])


@pytest.mark.parametrize("file", ["no/such/directory/a.age", "."])
def test_a_file_that_cannot_be_written_is_an_error_of_one_line(home: Path, tmp_path: Path, file: str) -> None:
    meshnode(home, "backup", "--new-key")
    ended = meshnode(home, "backup", str(tmp_path / file))
    assert ended.returncode != 0
    assert ended.stderr.splitlines()[-1].startswith("meshnode: ")
    assert "Traceback" not in ended.stderr
    assert not [one for one in home.iterdir() if one.name.startswith(".backup")]


def test_a_new_key_goes_to_a_file_alone_also_where_a_backup_is_made_with_it(home: Path, tmp_path: Path) -> None:
    made = meshnode(home, "backup", "--new-key", str(tmp_path / "a.age"))
    assert made.returncode == 0
    assert re.fullmatch(r"AGE-SECRET-KEY-1[0-9A-Z]+\n", made.stdout)
    assert "Saved and read back" in made.stderr
    assert typed(tmp_path / "new", made.stdout, "restore", "--dry-run", str(tmp_path / "a.age")).returncode == 0
    swapped = meshnode(tmp_path / "new", "restore", str(tmp_path / "a.age"), "--key", str(tmp_path / "a.age"))
    assert (swapped.returncode, swapped.stderr.count("\n")) == (EXIT_USAGE, 1)
    assert 'a.age" is not text' in swapped.stderr
    before = ask(home, "backup")["keys"]
    both = meshnode(home, "backup", "--new-key", str(tmp_path / "b.age"), "--json")
    assert (both.returncode, both.stdout) == (EXIT_USAGE, "")
    assert json.loads(both.stderr)["error"]["code"] == "usage"
    assert ask(home, "backup")["keys"] == before
    assert not (tmp_path / "b.age").exists()


def test_a_passphrase_is_asked_for_twice_at_a_terminal_and_until_both_are_the_same(home: Path, tmp_path: Path) -> None:
    file = str(tmp_path / "a.age")
    with Terminal("--home", str(home), "backup", "--passphrase", file) as terminal:
        for first, second in (("one", "other"), ("correct horse", "correct horse")):
            terminal.read_until("Passphrase for the backup:")
            terminal.type(first)
            terminal.read_until("The same again:")
            terminal.type(second)
        terminal.read_until("Saved and read back")
    with Terminal("--home", str(tmp_path / "new"), "restore", "--dry-run", file) as terminal:
        terminal.read_until("or its secret key:")
        terminal.type("correct horse")
        terminal.read_until("Backup of Alice")


def test_a_second_new_key_says_that_the_former_one_is_still_needed(home: Path) -> None:
    first, second = meshnode(home, "backup", "--new-key"), meshnode(home, "backup", "--new-key")
    assert "former secret key" not in first.stderr
    assert "Backups made before open with the former secret key alone" in second.stderr
    (key,) = ask(home, "backup")["keys"]
    assert "former secret key" not in meshnode(home, "backup", "--new-key", "--to", key).stderr


def test_a_key_for_a_backup_with_a_passphrase_and_a_file_that_is_not_there_are_said_as_they_are(
    home: Path, tmp_path: Path
) -> None:
    key = ask(home, "backup", "--new-key")["secret"]
    assert typed(home, "correct horse\n", "backup", "--passphrase", str(tmp_path / "a.age")).returncode == 0
    ended = typed(tmp_path / "new", key, "restore", str(tmp_path / "a.age"))
    assert (ended.returncode, ended.stderr) == (
        EXIT_REFUSED, "meshnode: This backup is sealed with a passphrase, not to a key. Give its passphrase.\n",
    )  # fmt: skip
    for command in (("restore", "no/such.age"), ("--home", str(home), "backup", "no/such.age")):
        assert '"no/such.age" cannot be' in typed(tmp_path / "new", key, *command).stderr


def test_a_backup_of_an_encrypted_home_says_that_its_passphrase_is_needed_and_how_it_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, file, new = tmp_path / "alice", tmp_path / "a.age", tmp_path / "new"
    monkeypatch.setenv("MESHNODE_PASSPHRASE", "four walls and a roof")
    assert meshnode(home, "init", "--name", "Alice", "--no-input").returncode == 0
    assert typed(home, "of the backup\n", "backup", "--passphrase", str(file)).returncode == 0
    monkeypatch.delenv("MESHNODE_PASSPHRASE")
    ended = typed(new, "of the backup\n", "restore", "--old-lives", str(file))
    assert ended.returncode == EXIT_USAGE
    assert ended.stderr.splitlines()[-1].startswith("meshnode: This backup is of an encrypted home")
    assert "MESHNODE_PASSPHRASE" in ended.stderr
    assert ".restoring" not in ended.stderr
    assert not (new / "identity.key").exists()
    with Terminal("--home", str(new), "restore", "--old-lives", str(file)) as terminal:
        terminal.read_until("or its secret key:")
        terminal.type("of the backup")
        terminal.read_until("Passphrase of the encrypted home in it:")
        terminal.type("four walls and a roof")
        terminal.read_until("Alice is back")
