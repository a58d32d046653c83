"""Copies the database while the node goes on writing, and checks a copy that somebody hands in before it becomes a store.

A copy is as well protected as the database itself: both are opened by the same door, `Database.open`.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from meshnode.errors import StorageDamaged
from meshnode.store.database import Database
from meshnode.store.migrate import migrate, migrations
from protocol.steps import Steps

PAGES_AT_ONCE = 128  # 0.5 MiB: some milliseconds on a laptop, some tens on a Pi's card
_SCHEMA = "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%'"


class CopyContents(NamedTuple):
    """The contents of a copy: the version of its schema, and how many records of each kind are in it."""

    schema: int
    counts: dict[int, int]


def copied(source: Database, path: Path, key: bytes | None) -> Steps[None]:
    """Copy `source` into a new file at `path`, encrypted under `key` if the source is; a part of it is removed if the copy does not come to its end."""
    path.unlink(missing_ok=True)
    target = Database.open(path, key=key)
    done = False
    try:
        yield from source.copying(target, PAGES_AT_ONCE)
        done = True
    finally:
        if done:
            target.close()
        else:
            target.abandon()
            remove(path)


def look_into(path: Path, key: bytes | None) -> CopyContents:
    """Check the copy at `path`, which is encrypted under `key` or plain, and return what is in it.

    Raises StorageDamaged where it is not consistent or has anything that no version of this program has made, such as a
    trigger; and Refused where a newer version made it.
    """
    database = Database.open(path, key=key)
    try:
        database.check()
        _check_schema(database)
        counts = database.all("SELECT kind, count(*) FROM record GROUP BY kind")
        return CopyContents(int(database.value("PRAGMA user_version")), {int(kind): int(many) for kind, many in counts})
    finally:
        database.close()


def remove(path: Path) -> None:
    """Remove a database with the files that SQLite makes beside it."""
    for ending in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + ending).unlink(missing_ok=True)


def _check_schema(database: Database) -> None:
    """Compare the tables with those that the migrations make, so that no statement of somebody else's is ever run."""
    version = int(database.value("PRAGMA user_version"))
    steps = [step for step in migrations() if step.version <= version]
    if version > migrations()[-1].version:
        migrate(database)  # which says that a newer version wrote it
    fresh = Database.open(":memory:")
    try:
        if not steps or steps[-1].version != version:
            raise StorageDamaged("the database is damaged")
        migrate(fresh, steps)
        if sorted(map(_plain, database.all(_SCHEMA))) != sorted(map(_plain, fresh.all(_SCHEMA))):
            raise StorageDamaged("the database is damaged")
    finally:
        fresh.close()


def _plain(row: tuple[object, ...]) -> tuple[str, ...]:
    return tuple(" ".join(str(part).split()) for part in row)
