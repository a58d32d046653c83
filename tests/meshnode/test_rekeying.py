"""A home is encrypted, changes its passphrase and is decrypted; a power cut at any moment leaves it whole and openable."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import Mock

import pytest

from meshnode.errors import Forbidden, Refused
from meshnode.node import identity_seed, rekeying
from meshnode.node.rekeying import change_passphrase
from tests.support.recorded_rekeying import CASES, SECRET, Cheap, faults_of, held, one_home, record_change

DISKS = 20  # that power cuts leave are opened for each change; `scripts/crash passphrase` opens all
EVERY = 10_000


def readable(directory: Path) -> list[str]:
    """Return the files in which the secret can be read."""
    return [path.name for path in directory.iterdir() if SECRET.encode() in path.read_bytes()]


@pytest.mark.parametrize("name", CASES)
def test_after_a_change_the_new_passphrase_alone_opens_the_home_and_nothing_is_lost(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    with one_home(tmp_path / "home", case) as (home, before):
        change_passphrase(home, case.former, case.new)
        assert held(home.path, case.new) == before
        if case.new is not None:
            for wrong in (None, "another", case.former):
                with pytest.raises(Forbidden):
                    held(home.path, wrong)
        assert bool(readable(home.path)) == (case.new is None)
        assert not [path.name for path in home.path.iterdir() if "rekeyed" in path.name]
        assert {path.stat().st_mode & 0o777 for path in home.path.iterdir()} == {0o600}


@pytest.mark.promise("An encrypted home tells nothing without its passphrase")
@pytest.mark.parametrize("name", CASES)
def test_after_a_power_cut_either_passphrase_opens_the_home_and_nothing_is_lost(tmp_path: Path, name: str) -> None:
    steps = record_change(tmp_path, name)
    with Cheap():
        looked, faults = faults_of(steps, CASES[name], held(tmp_path / "home", CASES[name].new), DISKS)
    assert looked == DISKS
    assert faults == []


@pytest.mark.parametrize("name", CASES)
def test_the_recovery_words_can_be_had_after_a_power_cut_that_no_start_has_followed(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = CASES[name]
    with one_home(tmp_path / "home", case) as (home, _):
        before = identity_seed(home, case.former)
        with monkeypatch.context() as cut:
            cut.setattr(rekeying, "_replace", Mock(side_effect=KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                change_passphrase(home, case.former, case.new)
        assert identity_seed(home, case.new) == before


@pytest.mark.parametrize("file", ["store.db.rekeyed", ".device.key.rekeyed.new", ".encryption.json.new"])
def test_such_cuts_show_whichever_file_is_not_synced(tmp_path: Path, file: str) -> None:
    steps = [step for step in record_change(tmp_path, "change") if (step.what, step.file) != ("sync", file)]
    with Cheap():
        after = held(tmp_path / "home", CASES["change"].new)
        assert faults_of(steps, CASES["change"], after, EVERY, ways=("nothing",))[1]


@pytest.mark.parametrize("by", ["a change", "the next start"])
def test_the_copy_of_a_backup_that_was_killed_is_overwritten_and_removed(tmp_path: Path, by: str) -> None:
    with one_home(tmp_path / "home", CASES["set"]) as (home, _):
        copies = [home.backup_copy, home.backup_copy.with_name(f"{home.backup_copy.name}-wal")]
        for number, path in enumerate(copies):
            path.write_text(SECRET)
            (tmp_path / str(number)).hardlink_to(path)
        if by == "a change":
            change_passphrase(home, None, "new garden")
        else:
            held(home.path, None)
        assert not any(path.exists() for path in copies)
        assert {(tmp_path / str(number)).read_bytes() for number in range(len(copies))} == {bytes(len(SECRET))}


def test_a_wrong_passphrase_changes_nothing(tmp_path: Path) -> None:
    with one_home(tmp_path / "home", CASES["change"]) as (home, _):
        before = {path.name: path.read_bytes() for path in home.path.iterdir()}
        for new in ("another", None):
            with pytest.raises(Forbidden, match="not the passphrase"):
                change_passphrase(home, "a guess", new)
        with pytest.raises(Refused, match="empty"):
            change_passphrase(home, "old garden", "")
        assert {path.name: path.read_bytes() for path in home.path.iterdir()} == before
