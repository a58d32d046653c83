"""A home that an older version has left is opened by this one with everything in it, and that of a newer version is left alone.

`tests/upgrades/homes` has one home of each version that was released, with what its commands answered there. See
tests/upgrades/make_home.py.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from meshnode.clock.machine import Machine
from meshnode.encryption import unlocked_keys
from meshnode.home import Home
from meshnode.node.opening import opened, private_files
from meshnode.replica.replica import Replica
from meshnode.store.database import Database
from meshnode.store.migrate import migrations
from protocol import Kind, Listing, verify_signature
from tests.cli.village import Ran, daemon, meshnode
from tests.support.homes import new_home
from tests.support.recorded_rekeying import Cheap

HOMES = Path(__file__).parent / "homes"
VERSIONS = sorted(path.name.removesuffix(".tar.gz") for path in HOMES.glob("*.tar.gz"))
# When the answer was given, and who was connected then.
OF_THE_MOMENT = {"made", "connected"}


@dataclass(frozen=True)
class OldHome:
    """An unpacked home, and what that version answered there; `made` is when, in UNIX seconds."""

    path: Path
    made: int
    answers: dict[str, Any]


@pytest.fixture(params=VERSIONS)
def old(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OldHome:
    """A home of that version, shortly after its node has stopped."""
    told = json.loads((HOMES / f"{request.param}.json").read_text(encoding="utf-8"))
    path = tmp_path / "home"
    path.mkdir(mode=0o700)
    with tarfile.open(HOMES / f"{request.param}.tar.gz") as archive:
        archive.extractall(path, filter="data")
    monkeypatch.setattr(Machine, "wall", lambda _: float(told["made"] + 60))
    return OldHome(path, told["made"], told["answers"])


@pytest.fixture
def replica(old: OldHome) -> Iterator[Replica]:
    """The node in the old home, opened by this version."""
    with private_files(), opened(Home(old.path), None, moved=True) as replica:
        yield replica


def differences(before: Any, now: Any, where: str = "") -> list[str]:
    """Return what of an older answer is missing or different; fields that have come since are none."""
    if isinstance(before, dict) and isinstance(now, dict):
        fields = (name for name in before if name not in OF_THE_MOMENT)
        return [each for name in fields for each in differences(before[name], now.get(name), f"{where}.{name}")]
    if isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        pairs = enumerate(zip(before, now, strict=True))
        return [each for number, (old, new) in pairs for each in differences(old, new, f"{where}[{number}]")]
    return [] if before == now else [f"{where}: {before!r} is {now!r}"]


def test_every_question_is_answered_as_before(old: OldHome, replica: Replica) -> None:
    with daemon(replica, old.path):
        now = {question: asked(old.path, *question.split()) for question in old.answers}
    lost = {
        question: found for question, answer in old.answers.items() if (found := differences(answer, now[question]))
    }
    assert lost == {}


def asked(home: Path, *words: str) -> Any:
    """Return what a command answers in JSON."""
    ran = meshnode("--home", str(home), *words, "--json")
    assert (ran.code, ran.err) == (0, "")
    return json.loads(ran.out)


def test_a_record_of_every_kind_is_there_and_still_signed_by_its_author(replica: Replica) -> None:
    for kind in Kind:
        records = list(replica.store.records.bodies(kind))
        assert records, kind
        for record in records:
            assert verify_signature(record)


def test_the_photo_is_there(replica: Replica) -> None:
    listings = [Listing.parse(record.body or b"") for record in replica.store.records.bodies(Kind.LISTING, replica.me)]
    (photo,) = [photo for listing in listings for photo in listing.photos]
    for name in (photo.hash, photo.thumbnail):
        assert replica.store.photos.shown(name)


def test_opening_it_again_changes_nothing(old: OldHome) -> None:
    for _ in range(2):
        with private_files(), opened(Home(old.path), None, moved=True) as replica:
            assert replica.store.problems == []


def test_the_home_of_a_newer_version_is_refused_in_one_line_and_left_as_it_is(old: OldHome) -> None:
    database = Database.open(old.path / "store.db")
    database.run(f"PRAGMA user_version = {migrations()[-1].version + 1:d}")
    database.close()
    is_refused_as_newer(old.path)


@pytest.mark.parametrize("file", ["store.db", "encryption.json", "identity.key", "device.key"])
def test_so_is_an_encrypted_one_whatever_the_newer_version_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    with Cheap():
        home, _ = unlocked_keys(new_home(tmp_path / "home", passphrase="garden"), "garden")
    if file == "store.db":
        database = Database.open(home.store, key=home.store_key)
        database.run(f"PRAGMA user_version = {migrations()[-1].version + 1:d}")
        database.close()
    else:
        path = home.path / file
        stored = path.read_text()
        assert stored.count("version 1: ") == 1
        path.write_text(stored.replace("version 1: ", "version 2: "))
    monkeypatch.setenv("MESHNODE_PASSPHRASE", "garden")
    is_refused_as_newer(home.path)


def is_refused_as_newer(home: Path) -> None:
    """Check that this version starts no node there, says why, and changes no file."""
    before = {path.name: path.read_bytes() for path in home.iterdir() if path.is_file()}
    ran: Ran = meshnode("--home", str(home), "run", "--no-input", "--no-mdns")
    assert (ran.code, ran.out, ran.err.count("\n")) == (5, "", 1)
    assert "newer meshnode" in ran.err
    assert "Update meshnode" in ran.err
    after = {path.name: path.read_bytes() for path in home.iterdir() if path.is_file() and path.name in before}
    assert after == before
