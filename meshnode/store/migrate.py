"""Brings a database to the schema of this version: runs each sql/NNN_name.sql once, in a transaction of its own.

A new database gets all of them in one transaction: so it is made with one wait for the disk.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from typing import NamedTuple

from meshnode.errors import Refused
from meshnode.store.database import Database


class Migration(NamedTuple):
    """One step: the version of the schema that it leads to, its name, and its statements."""

    version: int
    name: str
    sql: str


def migrations() -> list[Migration]:
    """Return all steps that this version of the program knows, in order."""
    directory = resources.files("meshnode.store") / "sql"
    found = []
    for file in directory.iterdir():
        if file.name.endswith(".sql"):
            number, name = file.name.removesuffix(".sql").split("_", 1)
            found.append(Migration(int(number), name, file.read_text(encoding="utf-8")))
    return sorted(found)


def migrate(database: Database, steps: Sequence[Migration] | None = None) -> None:
    """Run the steps that `database` has not had yet. Raises Refused if a newer version of the program wrote it."""
    steps = migrations() if steps is None else steps
    version = int(database.value("PRAGMA user_version"))
    newest = steps[-1].version
    if version > newest:
        raise Refused(
            "this store was written by a newer meshnode (its schema is {version}, this version knows {newest})",
            "update meshnode, then start it again",
            version=version,
            newest=newest,
        )
    due = [step for step in steps if step.version > version]
    for part in [due] if version == 0 else [[step] for step in due]:
        with database.transaction():
            for step in part:
                database.run(step.sql)
                database.run(f"PRAGMA user_version = {step.version:d}")
