"""Changes the passphrase of a home on a disk that is recorded, and opens what a power cut at any moment would leave."""

from __future__ import annotations

import os
import random
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from meshnode import encryption, erasure, home, sealing
from meshnode.encryption import unlocked_keys
from meshnode.errors import Forbidden
from meshnode.home import Home
from meshnode.keyring import Keyring
from meshnode.node import rekeying
from meshnode.node.opening import needs_passphrase, open_store
from meshnode.store import connecting, copying
from tests.support.older_homes import lock_identity
from tests.support.recorded_disk import (
    Disk,
    DiskRecorder,
    Kept,
    RecordedSystem,
    Step,
    record_names,
    recorded_run,
    write_steps,
)

CHANGE = "import sys; from tests.support.recorded_rekeying import main; main(*sys.argv[1:])"
CHANGE_SECONDS = 120
SECRET = "plums of the old orchard"
ROWS = 40  # values in the store, so that it has many pages
NAMES_OR_SYNCS = {"sync", "sync names", "rename", "delete"}
WAYS: tuple[Kept, ...] = ("nothing", "all", "some")
IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a file system in memory (Linux), where syncs take no time
Passphrase = str | None


class Case(NamedTuple):
    """A change: the passphrase before and after; None is a plain home. `older`: the identity key alone had the first one."""

    former: Passphrase
    new: Passphrase
    older: bool = False


CASES = {
    "set": Case(None, "new garden"),
    "change": Case("old garden", "new garden"),
    "remove": Case("old garden", None),
    "set where the identity key alone had one": Case("old garden", "new garden", older=True),
    "remove where the identity key alone had one": Case("old garden", None, older=True),
}


class Cheap:
    """Makes a guess at a passphrase cost nothing, which is not what these tests are about."""

    def __enter__(self) -> None:
        self._before = sealing.PASSPHRASE_OPERATIONS, sealing.PASSPHRASE_MEMORY
        sealing.PASSPHRASE_OPERATIONS, sealing.PASSPHRASE_MEMORY = 1, 8192

    def __exit__(self, *_: object) -> None:
        sealing.PASSPHRASE_OPERATIONS, sealing.PASSPHRASE_MEMORY = self._before


def make_home(directory: Path, passphrase: Passphrase, *, older: bool = False) -> Home:
    """Make a home with keys, keys of a former device, and a store with a secret in it."""
    made = Home(directory)
    made.make()
    if passphrase is not None and not older:
        made = encryption.encrypt_new(made, passphrase, entropy=os.urandom)
    keyring = Keyring.create(made, entropy=os.urandom)
    keyring.new_device(entropy=os.urandom)
    with open_store(made) as store:
        for number in range(ROWS):
            store.meta.set(f"secret {number}", f"{SECRET} {number} " * 40)
        store.meta.set(rekeying.HOME_MARK, str(made.store.stat().st_ino))
    if older and passphrase is not None:
        lock_identity(directory, passphrase, os.urandom)
    return made


class Held(NamedTuple):
    """All that must not be lost in a change."""

    person: bytes
    device: object
    former_devices: int
    secrets: tuple[str | None, ...]
    problems: int
    is_this_file: bool


def held(directory: Path, passphrase: Passphrase) -> Held:
    """Open a home as a node does, and return all that it holds. Forbidden if this is not its passphrase."""
    found = Home(directory)
    passphrase = None if needs_passphrase(found) == "nothing" else passphrase  # as every command does
    with found.lock():
        rekeying.settle(found)
        found, keyring = unlocked_keys(found, passphrase)
        with open_store(found) as store:
            values = tuple(store.meta.get(f"secret {number}") for number in range(ROWS))
            marked = store.meta.get(rekeying.HOME_MARK) == str(found.store.stat().st_ino)
            problems = len(store.problems)
    return Held(
        keyring.person, keyring.device, len(keyring.former_letter_keys()), values, problems, is_this_file=marked
    )


def record_change(directory: Path, case: str) -> list[Step]:
    """Change the passphrase, and return all that happened to the disk."""
    return recorded_run(CHANGE, directory, case, seconds=CHANGE_SECONDS)


def main(directory: str, case: str) -> None:
    """Make a home, change its passphrase, and write down what happened to the disk."""
    recorder = DiskRecorder()
    connecting._USUAL_VFS = "recorded"
    where, change = Path(directory) / "home", CASES[case]
    with Cheap():
        make_home(where, change.former, older=change.older)
        recorder.steps[:] = list(_as_it_is(where))
        system = RecordedSystem(recorder.steps)
        for module in (home, erasure, rekeying, copying):
            module.os = system  # type: ignore[attr-defined]
        record_names(recorder.steps)
        rekeying.change_passphrase(Home(where), change.former, change.new)
    write_steps(Path(directory), recorder.steps)


def _as_it_is(directory: Path) -> Iterator[Step]:
    for path in sorted(directory.iterdir()):
        yield Step("create", path.name)
        yield Step("write", path.name, 0, path.read_bytes())
        yield Step("sync", path.name)
    yield Step("sync names")
    yield Step("note", note="begin")


def faults_of(
    steps: Sequence[Step], case: Case, expected: Held, disks: int, *, seed: int = 1, ways: Sequence[Kept] = WAYS
) -> tuple[int, list[str]]:
    """Open `disks` of those that power cuts leave around each sync, rename and removal; return how many, and what is wrong."""
    chance, disk, faults = random.Random(seed), Disk(), []
    begin = next(number for number, step in enumerate(steps) if step.what == "note")
    places = [
        (number, kept)
        for number in range(begin + 1, len(steps))
        if {steps[number].what, steps[number - 1].what} & NAMES_OR_SYNCS
        for kept in ways
    ]
    chosen = set(chance.sample(places, min(disks, len(places))))
    for number, step in enumerate(steps):
        for kept in (kept for kept in ways if (number, kept) in chosen):
            with tempfile.TemporaryDirectory(prefix="meshnode-cut-", dir=IN_MEMORY) as name:
                disk.cut(Path(name), kept, chance)
                fault = _fault(Path(name), case, expected)
                if fault is not None:
                    faults.append(f"step {number} ({step.what} {step.file}), {kept} kept: {fault}")
        if step.what != "note":
            disk.follow(step)
    return len(chosen), faults


def _fault(directory: Path, case: Case, expected: Held) -> str | None:
    directory.chmod(0o700)
    for path in directory.iterdir():
        path.chmod(0o600)
    opened_with: list[Passphrase] = []
    for passphrase in (case.former, case.new):
        try:
            found = held(directory, passphrase)
        except Forbidden:
            continue
        except Exception as error:  # noqa: BLE001 - whatever it is, the home does not open
            return f"it does not open: {error!r}"
        opened_with.append(passphrase)
        if found != expected._replace(is_this_file=found.is_this_file):
            return "something is lost"
    left = [path.name for path in directory.iterdir() if ".rekeyed" in path.name or path.name.endswith(".new")]
    if left:
        return f"drafts are left: {left}"
    if not opened_with:
        return "neither passphrase opens it"
    if case.new is not None and case.former not in opened_with:
        readable = [path.name for path in directory.iterdir() if SECRET.encode() in path.read_bytes()]
        return f"it can be read in {readable}" if readable else None
    return None


@contextmanager
def one_home(directory: Path, case: Case) -> Iterator[tuple[Home, Held]]:
    """Make a home in `directory`, and yield it with what it holds."""
    with Cheap():
        made = make_home(directory, case.former, older=case.older)
        yield made._replace(key=None), held(directory, case.former)
