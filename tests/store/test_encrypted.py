"""An encrypted database: nothing of it can be read, every changed bit shows, and it is copied under any key."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from meshnode.errors import StorageDamaged
from meshnode.store import Store
from meshnode.store.copying import copy
from meshnode.store.database import Database

SECRET = "plums of the old orchard"
KEYS: dict[str, bytes | None] = {"plain": None, "one": b"1" * 32, "two": b"2" * 32}


def fill(path: Path, key: bytes | None) -> None:
    """Make a store with a secret on many pages."""
    with Store.open(path, key=key) as store:
        for number in range(60):
            store.meta.set(f"secret {number}", f"{SECRET} {number} " * 60)


def test_neither_the_file_nor_its_wal_can_be_read_while_the_store_is_open_and_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with Store.open(path, key=KEYS["one"]) as store:
        store.meta.set("secret", SECRET * 200)
        files = list(tmp_path.iterdir())
        assert any(file.name.endswith("-wal") for file in files)
        assert not any(SECRET.encode() in file.read_bytes() for file in files)
        assert store.encrypted
    assert SECRET.encode() not in path.read_bytes()


@pytest.mark.parametrize("target", KEYS)
@pytest.mark.parametrize("source", KEYS)
def test_a_copy_under_any_key_holds_the_same_and_is_checked_like_its_source(
    tmp_path: Path, source: str, target: str
) -> None:
    fill(tmp_path / "a.db", KEYS[source])
    copy(tmp_path / "a.db", tmp_path / "b.db", key=KEYS[source], target_key=KEYS[target])
    assert {path.name for path in tmp_path.glob("*.db*")} == {"a.db", "b.db", "a.db.mark"} & {
        path.name for path in tmp_path.iterdir()
    }
    assert (SECRET.encode() in (tmp_path / "b.db").read_bytes()) == (target == "plain")
    everything = "SELECT * FROM meta ORDER BY name"
    found = []
    for name, key in (("a.db", KEYS[source]), ("b.db", KEYS[target])):
        database = Database.open(tmp_path / name, key=key)
        assert database.checksummed
        found.append((database.all(everything), database.all("SELECT * FROM sqlite_schema ORDER BY name, rootpage")))
        assert database.value("PRAGMA integrity_check") == "ok"
        database.close()
    assert [(row[0], row[1], row[4]) for row in found[0][1]] == [(row[0], row[1], row[4]) for row in found[1][1]]
    assert found[0][0] == found[1][0]


@pytest.mark.parametrize("name", KEYS)
def test_a_flipped_bit_in_an_encrypted_database_shows(tmp_path: Path, name: str) -> None:
    fill(tmp_path / "a.db", KEYS[name])
    whole = (tmp_path / "a.db").read_bytes()
    for at in range(100, len(whole), 4096 * 3 + 517):
        spoiled = bytearray(whole)
        spoiled[at] ^= 1
        (tmp_path / "b.db").write_bytes(spoiled)
        with pytest.raises(StorageDamaged):
            copy(tmp_path / "b.db", tmp_path / "c.db", key=KEYS[name], target_key=KEYS["two"])
        assert not (tmp_path / "c.db").exists()


def test_a_wrong_key_opens_nothing(tmp_path: Path) -> None:
    fill(tmp_path / "a.db", KEYS["one"])
    for wrong in (KEYS["two"], None):
        with pytest.raises(StorageDamaged):
            Database.open(tmp_path / "a.db", key=wrong).check()


def test_an_online_backup_goes_into_a_database_under_another_key(tmp_path: Path) -> None:
    fill(tmp_path / "a.db", KEYS["one"])
    source = Database.open(tmp_path / "a.db", key=KEYS["one"])
    target = Database.open(tmp_path / "b.db", key=KEYS["two"])
    with target._connection.backup("main", source._connection, "main") as backup:
        while not backup.done:
            backup.step(10)
    assert target.value("SELECT count(*) FROM meta") == source.value("SELECT count(*) FROM meta")
    source.close()
    target.close()
    with pytest.raises(apsw.NotADBError):
        apsw.Connection(str(tmp_path / "b.db")).pragma("user_version")
