"""Any sequence of passphrases, power cuts, backups and restores: the right passphrase alone opens the home, with all in it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import trio
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from meshnode import node
from meshnode.app.devices import copies
from meshnode.encryption import unlocked_keys
from meshnode.errors import Forbidden
from meshnode.home import Home
from meshnode.keyring import Keyring
from meshnode.node.opening import needs_passphrase, open_store
from meshnode.node.rekeying import change_passphrase, settle
from meshnode.store import Store
from tests.support.homes import backed_up, new_home
from tests.support.recorded_rekeying import IN_MEMORY, SECRET, Cheap

PASSPHRASES = st.sampled_from(["garden", "orchard", "meadow"])
STEPS = 60  # more syncs, renamed and removed files than one change has


class PowerCutError(Exception):
    """The power fails: nothing reaches the disk any more."""


@contextmanager
def power_fails_at(step: int) -> Iterator[None]:
    """Let the step with this number, of those that reach the disk, fail, and all that follow."""
    done = 0

    def until_then(do: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*given: Any, **named: Any) -> Any:
            nonlocal done
            done += 1
            if done >= step:
                raise PowerCutError
            return do(*given, **named)

        return counted

    with pytest.MonkeyPatch.context() as patch:
        for owner, name in ((os, "fsync"), (os, "pwrite"), (Path, "rename"), (Path, "unlink")):
            patch.setattr(owner, name, until_then(getattr(owner, name)))
        yield


class Backup(NamedTuple):
    """A backup: its file, the secret key that opens it, the passphrase of its home, and the values in it."""

    file: Path
    secret: str
    passphrase: str | None
    values: dict[str, str]


class PassphraseMachine(RuleBasedStateMachine):
    """The home is as the model says after every step."""

    def __init__(self) -> None:
        super().__init__()
        self._cheap = Cheap()
        self._cheap.__enter__()
        self.directory = Path(tempfile.mkdtemp(prefix="meshnode-model-", dir=IN_MEMORY if IN_MEMORY.is_dir() else None))
        self.home = new_home(self.directory / "home 0")
        self.person = Keyring.open(self.home).person
        self.passphrase: str | None = None
        self.values: dict[str, str] = {}
        self.backups: list[Backup] = []
        self.number = 0

    def teardown(self) -> None:
        shutil.rmtree(self.directory)
        self._cheap.__exit__()

    @rule()
    def write(self) -> None:
        self.number += 1
        name, value = f"value {self.number}", f"{SECRET} {self.number} " * 40
        with self._opened(self.passphrase) as (store, _):
            store.meta.set(name, value)
        self.values[name] = value

    @precondition(lambda self: self.passphrase is None)
    @rule()
    def be_killed_in_a_backup(self) -> None:
        shutil.copy(self.home.store, self.home.backup_copy)

    @rule(new=PASSPHRASES)
    def set_or_change(self, new: str) -> None:
        change_passphrase(self.home, self.passphrase, new)
        self.passphrase = new

    @precondition(lambda self: self.passphrase is not None)
    @rule()
    def remove(self) -> None:
        change_passphrase(self.home, self.passphrase, None)
        self.passphrase = None

    @rule(new=st.none() | PASSPHRASES, step=st.integers(1, STEPS))
    def be_cut_off(self, new: str | None, step: int) -> None:
        """The power fails in a change; the owner comes back and tries both passphrases."""
        if self.passphrase is None and new is None:
            return
        try:
            with power_fails_at(step):
                change_passphrase(self.home, self.passphrase, new)
        except PowerCutError:
            pass
        else:
            self.passphrase = new
        if needs_passphrase(self.home) == "nothing":
            assert None in (self.passphrase, new)
            self.passphrase = None
        elif self.passphrase is None or not self._opens(self.passphrase):
            self.passphrase = new

    @precondition(lambda self: self.passphrase is not None)
    @rule(wrong=st.sampled_from(["gardens", " garden", "x"]), new=st.none() | PASSPHRASES)
    def be_guessed(self, wrong: str, new: str | None) -> None:
        before = {path.name: path.read_bytes() for path in self.home.path.iterdir()}
        for guess in (wrong, None):
            with pytest.raises(Forbidden):
                change_passphrase(self.home, guess, new)
        assert {path.name: path.read_bytes() for path in self.home.path.iterdir()} == before

    @precondition(lambda self: len(self.backups) < 3)
    @rule()
    def back_up(self) -> None:
        file = self.directory / f"{len(self.backups)}.age"
        secret = trio.run(backed_up, self.home, file, self.passphrase)
        self.backups.append(Backup(file, secret, self.passphrase, dict(self.values)))

    @precondition(lambda self: bool(self.backups))
    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        """The home is lost, and made again on another disk."""
        backup = data.draw(st.sampled_from(self.backups))
        self.number += 1
        self.home = Home(self.directory / f"home {self.number}")
        decision = node.Decision(old_lost=False, passphrase=backup.passphrase)
        assert node.restore(self.home, backup.file, backup.secret, lambda _: decision).renewed
        self.passphrase, self.values = backup.passphrase, dict(backup.values)

    @invariant()
    def the_right_passphrase_opens_all_of_it(self) -> None:
        with self._opened(self.passphrase) as (store, keyring):
            found = {name: store.meta.get(name) for name in self.values}
            assert found == self.values
            assert not store.problems
            assert not copies.is_copied_home(store)
        assert keyring.person == self.person
        assert not keyring.locked
        left = [path.name for path in self.home.path.iterdir() if ".rekeyed" in path.name or path.name.endswith(".new")]
        assert left == []

    @invariant()
    def nobody_else_reads_anything(self) -> None:
        if self.passphrase is not None:
            assert not self._opens("x")
            assert not self._opens(None)
            readable = [path.name for path in self.home.path.iterdir() if SECRET.encode() in path.read_bytes()]
            assert readable == []

    def _opens(self, passphrase: str | None) -> bool:
        try:
            with self._opened(passphrase):
                return True
        except Forbidden:
            return False

    @contextmanager
    def _opened(self, passphrase: str | None) -> Iterator[tuple[Store, Keyring]]:
        """Open the home as every command does: with the passphrase only if it needs one."""
        given = None if needs_passphrase(self.home) == "nothing" else passphrase
        with self.home.lock():
            settle(self.home)
            home, keyring = unlocked_keys(self.home, given)
            with open_store(home) as store:
                yield store, keyring


PassphraseMachine.TestCase.settings = settings(max_examples=12, stateful_step_count=10, deadline=None)
TestPassphrases = PassphraseMachine.TestCase
