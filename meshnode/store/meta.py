"""Small values the node keeps for itself, by name: its port, the floor of its clock."""

from __future__ import annotations

from meshnode.store.database import Database


class Meta:
    """Texts by name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, name: str) -> str | None:
        """The value of `name`, None if it has none."""
        value: str | None = self._database.value("SELECT value FROM meta WHERE name = ?", (name,))
        return value

    def set(self, name: str, value: str) -> None:
        """Give `name` this value."""
        self._database.run(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", (name, value)
        )

    def delete(self, name: str) -> None:
        """Take the value of `name` away, if it has one."""
        self._database.run("DELETE FROM meta WHERE name = ?", (name,))
