"""Keeps the delivery of letters: which were read here, which the owner has sent, and which devices have not read them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from meshnode.store.database import Database
from meshnode.store.people import People
from protocol import DeviceId, Kind, PersonId, RecordId

DELIVERIES_KEPT = 365 * 86_400  # seconds after a letter's expiry for which its delivery is kept

PAGE = 256  # letters that are looked at in one step, which takes about a millisecond

_PAGE = (
    "SELECT record.no, record.author,"  # noqa: S608 - ours
    " letter_read.author IS NULL OR content_number IS NOT NULL OR receipt <> record.id,"
    " record.id, record.device, record.slot, record.tag, content_number"
    " FROM record INDEXED BY record_letter LEFT JOIN letter_read USING (author, slot)"
    f" WHERE kind = {Kind.LETTER:d} AND (record.author, record.no) > (?, ?) AND state = 1 AND tag IS NOT NULL"
    f" ORDER BY record.author, record.no LIMIT {PAGE}"
)

Position = tuple[int, int]
"""Where reading all letters has come to: the numbers of an author and of a record."""


class StoredLetter(NamedTuple):
    """A letter held here and not read; `order` is that in which letters came.

    `number` is that of its content if it was opened and not understood.
    """

    order: int
    id: RecordId
    author: PersonId
    device: DeviceId
    slot: bytes
    tag: bytes
    number: int | None


class SentLetter(NamedTuple):
    """A letter of the owner. Times are in UNIX seconds.

    `delivered` is the time when a receipt first named it. `receipts_due` are the devices that no receipt has named.
    `is_last` says that a block does not withdraw it.
    """

    slot: bytes
    addressee: PersonId
    sent: int
    expires: int
    delivered: int | None
    receipts_due: frozenset[DeviceId]
    is_last: bool


class Letters:
    """The letters of one node, beside the records that carry them."""

    def __init__(self, database: Database, people: People) -> None:
        self._database = database
        self._persons = people.persons
        self._devices = people.devices
        self.queue: deque[StoredLetter] = deque()
        """The letters that were found and are to be opened, in this order."""
        self.slices = 0
        """How often letters were opened from the queue since it was filled."""
        self.look: Iterator[None] | None = None
        """The look for letters that is under way; each step of it takes about a millisecond."""
        self.strangers_seen: int | None = None
        """The version of the trust state at which letters of strangers were left closed; None if none were."""

    # --- received ----------------------------------------------------------------------------------------------------

    def stored(self, after: Position = (0, 0)) -> tuple[list[StoredLetter], Position | None]:
        """Return those of the next letters in use that were not read here, to any addressee, and where to go on.

        Of one author the letters come in the order of arrival. After the last one there is nowhere to go on.
        """
        person, device = self._persons.key, self._devices.key
        rows = self._database.all(_PAGE, after)
        found = [
            StoredLetter(no, id_, person(author), device(written_by), slot, tag, number)
            for no, author, is_new, id_, written_by, slot, tag, number in rows
            if is_new
        ]
        return found, (rows[-1][1], rows[-1][0]) if len(rows) == PAGE else None

    def note_read(
        self, author: PersonId, slot: bytes, *, until: int, number: int | None = None, receipt: RecordId | None = None
    ) -> None:
        """Note that a letter was read, or, with `number`, that its content is unknown to this version.

        With `receipt`, the id of its record, the next version will be read too. The note is kept until `until` (UNIX seconds), when the letter can no longer come again.
        """
        self._database.run(
            "INSERT OR REPLACE INTO letter_read VALUES (?, ?, ?, ?, ?)",
            (self._persons.number(author), slot, number, until, receipt),
        )

    def was_read(self, author: PersonId, slot: bytes) -> bool:
        """Whether a letter was read here and understood."""
        found = self._database.value(
            "SELECT 1 FROM letter_read WHERE author = ? AND slot = ? AND content_number IS NULL",
            (self._persons.find(author), slot),
        )
        return found is not None

    # --- sent --------------------------------------------------------------------------------------------------------

    def add_sent(
        self,
        slot: bytes,
        addressee: PersonId,
        *,
        sent: int,
        expires: int,
        receipts_due: frozenset[DeviceId] = frozenset(),
        is_last: bool = False,
    ) -> None:
        """Keep a letter that the owner has written, on this device or another one; what is known of it stays."""
        is_new = self._database.run(
            "INSERT INTO letter_sent (slot, addressee, sent, expires, in_transit, is_last)"
            " VALUES (?, ?, ?, ?, 1, ?) ON CONFLICT DO NOTHING",
            (slot, self._persons.number(addressee), sent, expires, is_last),
        )
        for device in sorted(receipts_due) if is_new else ():
            self._database.run("INSERT INTO letter_receipt_due VALUES (?, ?)", (slot, self._devices.number(device)))

    def note_receipt(self, slot: bytes, device: bytes, *, arrived: int | None) -> None:
        """Note that a receipt names this letter and the device with this tag.

        `arrived` is the time now if that is a device of the addressee, else None.
        """
        self._database.run(
            "DELETE FROM letter_receipt_due WHERE slot = ? AND EXISTS"
            " (SELECT 1 FROM device WHERE no = letter_receipt_due.device AND substr(key, 1, ?) = ?)",
            (slot, len(device), device),
        )
        self._database.run("UPDATE letter_sent SET delivered = ? WHERE slot = ? AND delivered IS NULL", (arrived, slot))

    def note_delivered(self, slot: bytes, when: int) -> None:
        """Note that another device knows that a letter was delivered."""
        self._database.run("UPDATE letter_sent SET delivered = ? WHERE slot = ? AND delivered IS NULL", (when, slot))

    def redate(self, slot: bytes, sent: int, expires: int) -> None:
        """Note that the letter in `slot` was sent at another date, and expires at another one, than was thought."""
        self._database.run("UPDATE letter_sent SET sent = ?, expires = ? WHERE slot = ?", (sent, expires, slot))

    def note_ended(self, slot: bytes) -> None:
        """Note that a letter was withdrawn or has expired: no node carries it any longer."""
        self._database.run("UPDATE letter_sent SET in_transit = 0 WHERE slot = ?", (slot,))
        self._database.run("DELETE FROM letter_receipt_due WHERE slot = ?", (slot,))

    def sent(self, slot: bytes) -> SentLetter | None:
        """Return that letter of the owner; None if this device does not know it, or no longer does."""
        found = self._sent("slot = ?", slot)
        return found[0] if found else None

    def in_transit(self, *, to: PersonId | None = None) -> list[SentLetter]:
        """Return the letters that other nodes may still carry; those to one person, if it is given."""
        if to is None:
            return self._sent("in_transit = ?", 1)
        return self._sent("in_transit = 1 AND addressee = ?", self._persons.find(to))

    def count_undelivered(self, now: int, owner: PersonId | None = None) -> int:
        """Return how many letters are not delivered and have not expired, without those of the `owner` to themselves."""
        return int(
            self._database.value(
                "SELECT count(*) FROM letter_sent WHERE delivered IS NULL AND expires > ? AND addressee IS NOT ?",
                (now, None if owner is None else self._persons.find(owner)),
            )
        )

    def purge(self, now: int) -> None:
        """Delete what can have no effect any longer."""
        with self._database.joined():
            self._database.run("DELETE FROM letter_read WHERE until <= ?", (now,))
            self._database.run(
                "DELETE FROM letter_sent WHERE in_transit = 0 AND expires <= ?", (now - DELIVERIES_KEPT,)
            )

    def _sent(self, where: str, value: object) -> list[SentLetter]:
        found = self._database.all(
            "SELECT slot, addressee, sent, expires, delivered, is_last FROM letter_sent"  # noqa: S608 - ours
            f" WHERE {where} ORDER BY sent, slot",
            (value,),
        )
        return [
            SentLetter(slot, self._persons.key(to), sent, expires, delivered, self._receipts_due(slot), bool(is_last))
            for slot, to, sent, expires, delivered, is_last in found
        ]

    def _receipts_due(self, slot: bytes) -> frozenset[DeviceId]:
        rows = self._database.all("SELECT device FROM letter_receipt_due WHERE slot = ?", (slot,))
        return frozenset(self._devices.key(number) for (number,) in rows)
