"""Schemas: each step once, all of a step or nothing, and nothing guessed about the future."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from meshnode.errors import Refused
from meshnode.store import Store
from meshnode.store.database import Database
from meshnode.store.migrate import Migration, migrate, migrations
from meshnode.store.rows import id_key
from tests.support.people import NOW, Person

FIRST = Migration(1, "begin", "CREATE TABLE apple (name TEXT); INSERT INTO apple VALUES ('Boskoop');")
SECOND = Migration(2, "grow", "ALTER TABLE apple ADD COLUMN color TEXT NOT NULL DEFAULT 'red';")
BROKEN = Migration(2, "break", "INSERT INTO apple VALUES ('Elstar'); INSERT INTO pear VALUES ('Conference');")


def test_each_step_has_a_number_of_its_own_and_the_first_is_the_first() -> None:
    numbers = [step.version for step in migrations()]
    assert numbers[0] == 1
    assert numbers == sorted(set(numbers))


def test_an_old_file_takes_the_steps_it_has_not_been_through_and_keeps_what_it_held(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "store.db")
    migrate(database, [FIRST])
    database.close()
    database = Database.open(tmp_path / "store.db")
    migrate(database, [FIRST, SECOND])
    migrate(database, [FIRST, SECOND])
    assert database.all("SELECT * FROM apple") == [("Boskoop", "red")]
    assert database.value("PRAGMA user_version") == 2
    database.close()


def test_a_step_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "store.db")
    migrate(database, [FIRST])
    with pytest.raises(apsw.SQLError):
        migrate(database, [FIRST, BROKEN])
    assert database.all("SELECT * FROM apple") == [("Boskoop",)]
    assert database.value("PRAGMA user_version") == 1
    database.close()


def test_a_store_of_a_newer_version_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    Store.open(path).close()
    database = Database.open(path)
    database.run("PRAGMA user_version = 999")
    database.close()
    before = path.read_bytes()
    with pytest.raises(Refused, match="newer meshnode") as caught:
        Store.open(path)
    assert caught.value.exit_code == 5
    assert "update" in caught.value.hint
    assert [entry.name for entry in tmp_path.iterdir()] == ["store.db"]
    assert path.read_bytes() == before


def test_a_store_of_the_first_version_takes_every_later_step_and_keeps_what_it_held(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    database = Database.open(path)
    migrate(database, migrations()[:1])
    record = Person("Alice").listing()
    header = record.header
    database.run("INSERT INTO person VALUES (1, ?)", (header.author,))
    database.run("INSERT INTO device VALUES (1, ?)", (header.device,))
    database.run(
        "INSERT INTO record (id, id_key, author, kind, slot, role, device, version, audience, policy_version, created,"
        " expires, floor, outlives, state, complete, withdrawn, arrived, due, size, wire)"
        " VALUES (?, ?, 1, ?, ?, 0, 1, 1, ?, 1, ?, ?, 1, ?, 1, 1, 0, ?, ?, ?, ?)",
        (
            record.id, id_key(record.id), header.kind, header.slot, header.audience, header.created, header.expires,
            header.latest_expiry, header.created, header.expires, len(record.wire), record.wire,
        ),
    )  # fmt: skip
    database.close()
    with Store.open(path) as store:
        assert store.records.get(record.id) == record
        (row,) = store.records.rows()
        assert (row.author, row.tag) == (header.author, None)
        assert store.letters.stored() == []
        assert store.introductions.all(NOW) == []
