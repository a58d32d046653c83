"""What the owner was shown as news, what he hides, and what he looks out for; a memory of this node alone."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NamedTuple

from meshnode.store.database import Database


class Seen(NamedTuple):
    """A listing that was shown: `key` stands for its id, `title_hash` for the title it had; it expires at `until`."""

    key: int
    title_hash: int
    until: int


class Hidden(NamedTuple):
    """A listing, by its id, that the owner does not want to see; times are UNIX seconds."""

    listing: str
    title: str
    since: int
    until: int


class Watch(NamedTuple):
    """A saved search, as JSON."""

    no: int
    search: str
    since: int


class Alert(NamedTuple):
    """A listing that came to match a watch at a time (UNIX seconds)."""

    watch: int
    key: int
    at: int


class DiscoverMemory:
    """The owner's marks on what others share."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # --- seen --------------------------------------------------------------------------------------------------------

    def seen(self, keys: Iterable[int]) -> dict[int, Seen]:
        """What of these was shown as news, by key."""
        sql = "SELECT key, said, until FROM seen WHERE key IN (SELECT value FROM json_each(?))"
        return {row[0]: Seen._make(row) for row in self._database.all(sql, (json.dumps(list(keys)),))}

    def mark_seen(self, shown: Iterable[Seen], now: int) -> None:
        """These were shown: they are news no more, and what watches said of them is done. What has expired is forgotten."""
        with self._database.joined():
            self._database.run("DELETE FROM seen WHERE until <= ?", (now,))
            for one in shown:
                self._database.run("INSERT OR REPLACE INTO seen VALUES (?, ?, ?)", one)
                self.close_alerts(one.key)

    # --- hidden ------------------------------------------------------------------------------------------------------

    def hidden(self) -> list[Hidden]:
        """What the owner hides, the latest first."""
        rows = self._database.all("SELECT listing, title, since, until FROM hidden ORDER BY since DESC, listing")
        return [Hidden._make(row) for row in rows]

    def hide(self, hidden: Hidden) -> None:
        """Hide it from now on, or know better what it is called and when it expires."""
        self._database.run(
            "INSERT INTO hidden VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET title = excluded.title, until = excluded.until",
            hidden,
        )

    def unhide(self, listing: str) -> None:
        """Hide it no more."""
        self._database.run("DELETE FROM hidden WHERE listing = ?", (listing,))

    # --- watches -----------------------------------------------------------------------------------------------------

    def watches(self) -> list[Watch]:
        """The saved searches, in the order in which they were saved."""
        return [Watch._make(row) for row in self._database.all("SELECT no, search, since FROM watch ORDER BY no")]

    def add_watch(self, search: str, now: int) -> Watch:
        """Save a search."""
        number = self._database.value("INSERT INTO watch (search, since) VALUES (?, ?) RETURNING no", (search, now))
        return Watch(int(number), search, now)

    def remove_watch(self, number: int) -> None:
        """Forget a saved search, and what it has found."""
        self._database.run("DELETE FROM watch WHERE no = ?", (number,))

    # --- alerts ------------------------------------------------------------------------------------------------------

    def raise_alert(self, watch: int, listing: Seen, now: int) -> bool:
        """Note that `listing` has come to match; returns whether that is new: it was not noted before under this name."""
        changed = self._database.run(
            "INSERT INTO alert VALUES (?, ?, ?, ?, ?, 1) ON CONFLICT DO UPDATE SET"
            " said = excluded.said, at = excluded.at, until = excluded.until, open = 1 WHERE said <> excluded.said",
            (watch, listing.key, listing.title_hash, now, listing.until),
        )
        return changed > 0

    def alerts(self, now: int) -> list[Alert]:
        """What has come and was not shown as news yet, the latest first."""
        rows = self._database.all(
            "SELECT watch, key, at FROM alert WHERE open AND until > ? ORDER BY at DESC, watch, key", (now,)
        )
        return [Alert._make(row) for row in rows]

    def close_alerts(self, key: int) -> None:
        """The owner has dealt with this listing."""
        self._database.run("UPDATE alert SET open = 0 WHERE key = ?", (key,))

    def count_alerts(self, now: int) -> int:
        """How many listings have come that a watch looks out for and that were not shown yet."""
        return int(self._database.value("SELECT count(DISTINCT key) FROM alert WHERE open AND until > ?", (now,)))

    def drop_alert(self, alert: Alert) -> None:
        """The listing is not to be seen any more."""
        self._database.run("DELETE FROM alert WHERE watch = ? AND key = ?", (alert.watch, alert.key))

    def bound_alerts(self, watch: int, most: int, now: int) -> None:
        """Forget what has expired, and of one watch all but the latest."""
        self._database.run("DELETE FROM alert WHERE until <= ?", (now,))
        self._database.run(
            "DELETE FROM alert WHERE watch = ?1 AND key NOT IN"
            " (SELECT key FROM alert WHERE watch = ?1 ORDER BY at DESC, key LIMIT ?2)",
            (watch, most),
        )
