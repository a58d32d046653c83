"""Keeps what the owner was shown as news, hides, and searches for; other nodes do not see it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NamedTuple

from meshnode.store.database import Database

FEW_PART = 20  # below so small a part of all that are asked for, what is seen is quicker read than looked up


class Seen(NamedTuple):
    """A listing that was shown: a number for its id, a hash of its title, and when it expires (UNIX seconds)."""

    key: int
    title_hash: int
    until: int


class Hidden(NamedTuple):
    """A listing, by its id, that the owner hides; times are in UNIX seconds."""

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
    """A listing that came to match a watch `at` this time (UNIX seconds)."""

    watch: int
    key: int
    at: int


class DiscoverMemory:
    """The notes about listings of others: those seen and hidden, saved searches, and alerts."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.taken = 0
        """Grows whenever what another device of the owner has told of changes what was seen or is hidden."""

    # --- seen --------------------------------------------------------------------------------------------------------

    def seen(self, keys: Iterable[int]) -> dict[int, Seen]:
        """Return those of these listings that were shown as news, by key."""
        wanted = set(keys)
        few = self._database.all("SELECT key, title_hash, until FROM seen LIMIT ?", (len(wanted) // FEW_PART + 1,))
        if len(few) <= len(wanted) // FEW_PART:
            return {row[0]: Seen._make(row) for row in few if row[0] in wanted}
        sql = "SELECT key, title_hash, until FROM seen WHERE key IN (SELECT value FROM json_each(?))"
        return {row[0]: Seen._make(row) for row in self._database.all(sql, (json.dumps(list(wanted)),))}

    def mark_seen(self, shown: Iterable[Seen], now: int) -> None:
        """Note that these were shown as news, close their alerts, and forget those that have expired."""
        with self._database.joined():
            self._database.run("DELETE FROM seen WHERE until <= ?", (now,))
            for one in shown:
                self._database.run("INSERT OR REPLACE INTO seen (key, title_hash, until) VALUES (?, ?, ?)", one)
                self.close_alerts(one.key)

    def forget(self, key: int) -> None:
        """Forget that this listing was shown as news, and its alerts: it has ended, and would be news again."""
        with self._database.joined():
            self._database.run("DELETE FROM seen WHERE key = ?", (key,))
            self._database.run("DELETE FROM alert WHERE key = ?", (key,))

    def count_seen(self) -> int:
        """Return how many listings were shown as news."""
        return int(self._database.value("SELECT count(*) FROM seen"))

    def untold(self, most: int) -> list[Seen]:
        """Return the marks, `most` of them, of which no note tells other devices; those that last longest go first."""
        sql = "SELECT key, title_hash, until FROM seen WHERE told IS NULL ORDER BY until DESC, key LIMIT ?"
        return [Seen._make(row) for row in self._database.all(sql, (most,))]

    def told_in(self, note: int) -> list[Seen]:
        """Return the marks of which the note with this number tells."""
        rows = self._database.all("SELECT key, title_hash, until FROM seen WHERE told = ?", (note,))
        return [Seen._make(row) for row in rows]

    def note_told(self, marks: Iterable[Seen], note: int) -> None:
        """Note that the note with this number tells of these marks."""
        keys = json.dumps([one.key for one in marks])
        self._database.run("UPDATE seen SET told = ? WHERE key IN (SELECT value FROM json_each(?))", (note, keys))

    def tell_no_more(self, most: int) -> None:
        """Of the marks that no note tells of yet, let `most` be told, those that last longest, and no note tell of the others."""
        left = "SELECT key FROM seen WHERE told IS NULL ORDER BY until DESC, key LIMIT -1 OFFSET ?"
        self._database.run(f"UPDATE seen SET told = 0 WHERE key IN ({left})", (most,))  # noqa: S608 - ours

    def take_seen(self, marks: Iterable[Seen]) -> None:
        """Take in that these were shown as news on another device, and close their alerts."""
        told = json.dumps(list(marks))
        with self._database.joined():
            self._database.run(
                "INSERT INTO seen SELECT value ->> 0, value ->> 1, value ->> 2, 0 FROM json_each(?) WHERE true"
                " ON CONFLICT DO UPDATE SET title_hash = excluded.title_hash, until = excluded.until"
                " WHERE excluded.until > until",
                (told,),
            )
            self._database.run(
                "UPDATE alert SET unseen = 0 WHERE key IN (SELECT value ->> 0 FROM json_each(?))", (told,)
            )
        self.taken += 1

    # --- hidden ------------------------------------------------------------------------------------------------------

    def hidden(self) -> list[Hidden]:
        """Return the hidden listings, the latest first."""
        rows = self._database.all("SELECT listing, title, since, until FROM hidden ORDER BY since DESC, listing")
        return [Hidden._make(row) for row in rows]

    def count_hidden(self, *, but: str) -> int:
        """Return how many listings are hidden beside the one with this id."""
        return int(self._database.value("SELECT count(*) FROM hidden WHERE listing <> ?", (but,)))

    def forget_oldest_hidden(self, now: int) -> bool:
        """Forget the hidden listing that has expired longest ago by `now`; return whether there was one."""
        sql = "DELETE FROM hidden WHERE listing = (SELECT listing FROM hidden WHERE until <= ? ORDER BY until, listing LIMIT 1)"
        return self._database.run(sql, (now,)) > 0

    def hide(self, hidden: Hidden) -> None:
        """Hide a listing, or update the title and expiry of a hidden one."""
        self._database.run(
            "INSERT INTO hidden VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET title = excluded.title, until = excluded.until",
            hidden,
        )

    def unhide(self, listing: str) -> None:
        """Show a listing again."""
        self._database.run("DELETE FROM hidden WHERE listing = ?", (listing,))

    # --- watches -----------------------------------------------------------------------------------------------------

    def watches(self) -> list[Watch]:
        """Return the saved searches, in the order in which they were saved."""
        return [Watch._make(row) for row in self._database.all("SELECT no, search, since FROM watch ORDER BY no")]

    def add_watch(self, search: str, now: int) -> Watch:
        """Save a search."""
        number = self._database.value("INSERT INTO watch (search, since) VALUES (?, ?) RETURNING no", (search, now))
        return Watch(int(number), search, now)

    def change_watch(self, number: int, search: str) -> None:
        """Let a saved search look for something else."""
        self._database.run("UPDATE watch SET search = ? WHERE no = ?", (search, number))

    def remove_watch(self, number: int) -> None:
        """Delete a saved search and its alerts."""
        self._database.run("DELETE FROM watch WHERE no = ?", (number,))

    # --- alerts ------------------------------------------------------------------------------------------------------

    def raise_alert(self, watch: int, listing: Seen, now: int) -> bool:
        """Note that `listing` has come to match; return whether it was not noted before under this title."""
        changed = self._database.run(
            "INSERT INTO alert VALUES (?, ?, ?, ?, ?, 1) ON CONFLICT DO UPDATE SET"
            " title_hash = excluded.title_hash, at = excluded.at, until = excluded.until, unseen = 1"
            " WHERE title_hash <> excluded.title_hash",
            (watch, listing.key, listing.title_hash, now, listing.until),
        )
        return changed > 0

    def alerts(self, now: int) -> list[Alert]:
        """Return the alerts that were not shown as news yet, the latest first."""
        rows = self._database.all(
            "SELECT watch, key, at FROM alert WHERE unseen AND until > ? ORDER BY at DESC, watch, key", (now,)
        )
        return [Alert._make(row) for row in rows]

    def close_alerts(self, key: int) -> None:
        """Close all alerts about this listing: the owner has dealt with it."""
        self._database.run("UPDATE alert SET unseen = 0 WHERE key = ?", (key,))

    def count_alerts(self, now: int) -> int:
        """Return how many listings have alerts that were not shown as news yet."""
        return int(self._database.value("SELECT count(DISTINCT key) FROM alert WHERE unseen AND until > ?", (now,)))

    def count_fits(self, now: int) -> int:
        """Return how many listings have such alerts because they fit a need of the owner's."""
        sql = (
            "SELECT count(DISTINCT key) FROM alert JOIN watch ON watch.no = alert.watch"
            " WHERE unseen AND until > ? AND json_extract(search, '$.need') IS NOT NULL"
        )
        return int(self._database.value(sql, (now,)))

    def drop_alert(self, watch: int, key: int) -> None:
        """Delete the alert of a watch about a listing, so that it can be raised again."""
        self._database.run("DELETE FROM alert WHERE watch = ? AND key = ?", (watch, key))

    def bound_alerts(self, watch: int, most: int, now: int) -> None:
        """Delete alerts that have expired, and of one watch all but the latest `most`."""
        self._database.run("DELETE FROM alert WHERE until <= ?", (now,))
        self._database.run(
            "DELETE FROM alert WHERE watch = ?1 AND key NOT IN"
            " (SELECT key FROM alert WHERE watch = ?1 ORDER BY at DESC, key LIMIT ?2)",
            (watch, most),
        )
