"""Keeps small values of the node by name: its port, the lowest time that its clock may show."""

from __future__ import annotations

from meshnode.store.database import Database


class Meta:
    """Strings by name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, name: str) -> str | None:
        """Return the value of `name`, None if it has none."""
        value: str | None = self._database.value("SELECT value FROM meta WHERE name = ?", (name,))
        return value

    def set(self, name: str, value: str) -> None:
        """Set the value of `name`."""
        self._database.run(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", (name, value)
        )

    def delete(self, name: str) -> None:
        """Delete the value of `name`, if it has one."""
        self._database.run("DELETE FROM meta WHERE name = ?", (name,))
