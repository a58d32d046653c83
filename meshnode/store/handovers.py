"""Keeps letters with what proves who wrote them, and which of them a device that was added later is still to be handed.

A letter disappears everywhere once it was read. So each node keeps those of its exchanges and introductions for itself, as
long as it keeps the exchange or the introduction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from meshnode.store.database import Database
from meshnode.store.exchanges import OPEN
from meshnode.store.people import People
from protocol import DeviceId, PersonId, Record


class KeptLetter(NamedTuple):
    """A letter that is kept: its number here, its record, its key, the certificate of its signer, and when it came."""

    number: int
    record: Record
    key: bytes
    signer: Record
    arrived: int


class MissingLetter(NamedTuple):
    """A letter that this device could not open."""

    author: PersonId
    slot: bytes


_KEPT = "kept_letter.no, kept_letter.wire, kept_letter.key, kept_letter.signer, kept_letter.arrived"
_EXCHANGE = "LEFT JOIN exchange ON exchange.no = kept_letter.exchange"
# Open exchanges and introductions first, then those that changed last; of one exchange the letters in their order.
_ORDER = (
    f"ORDER BY coalesce({OPEN}, 1) DESC, coalesce(exchange.changed, kept_letter.arrived) DESC, exchange.no,"
    " kept_letter.arrived, kept_letter.no"
)


class Handovers:
    """The letters of one node that it can hand over, and to whom."""

    def __init__(self, database: Database, people: People) -> None:
        self._database = database
        self._persons = people.persons
        self._devices = people.devices
        self.looked_at: object = None
        """What the last look for new devices was about; another look at the same finds nothing."""

    # --- letters that are kept ---------------------------------------------------------------------------------------

    def keep(
        self,
        record: Record,
        key: bytes,
        signer: Record,
        *,
        arrived: int,
        exchange: int | None,
        introduced: PersonId | None,
    ) -> None:
        """Keep a letter of the exchange with this number, or one that introduces somebody; one that is kept stays."""
        self._database.run(
            "INSERT INTO kept_letter (author, slot, exchange, introduced, wire, key, signer, arrived)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (
                self._persons.number(record.header.author), record.header.slot, exchange,
                None if introduced is None else self._persons.number(introduced), record.wire, key, signer.wire, arrived,
            ),
        )  # fmt: skip

    def bytes_of(self, exchange: int, author: PersonId) -> int:
        """Return how many bytes of letters by `author` are kept of the exchange with this number."""
        return int(
            self._database.value(
                "SELECT coalesce(sum(length(wire)), 0) FROM kept_letter WHERE exchange = ? AND author = ?",
                (exchange, self._persons.find(author)),
            )
        )

    def of_exchange(self, exchange: int) -> list[KeptLetter]:
        """Return the letters that are kept of the exchange with this number, in their order."""
        return self._kept("WHERE kept_letter.exchange = ? ORDER BY arrived, kept_letter.no", (exchange,))

    def purge(self) -> None:
        """Delete letters that introduce somebody whose introduction is gone."""
        self._database.run(
            "DELETE FROM kept_letter WHERE introduced IS NOT NULL AND NOT EXISTS (SELECT 1 FROM introduction"
            " WHERE introduction.person = kept_letter.introduced AND introduction.introducer = kept_letter.author)"
        )

    def trim(self, most: int) -> None:
        """Delete letters of exchanges that are over, of those that ended longest ago first, down to `most` bytes in all."""
        excess = int(self._database.value("SELECT coalesce(sum(length(wire)), 0) FROM kept_letter")) - most
        if excess <= 0:
            return
        rows = self._database.all(
            f"SELECT exchange.no, sum(length(wire)) FROM kept_letter {_EXCHANGE} WHERE NOT {OPEN}"  # noqa: S608 - ours
            " GROUP BY exchange.no ORDER BY exchange.changed, exchange.no"
        )
        for number, size in rows:
            if excess <= 0:
                return
            self._database.run("DELETE FROM kept_letter WHERE exchange = ?", (number,))
            excess -= size

    # --- devices -----------------------------------------------------------------------------------------------------

    def noticed(self, person: PersonId) -> frozenset[DeviceId]:
        """Return the devices of `person` that were noticed."""
        rows = self._database.all("SELECT device FROM noticed_device WHERE person = ?", (self._persons.find(person),))
        return frozenset(self._devices.key(number) for (number,) in rows)

    def notice(self, person: PersonId, devices: Iterable[DeviceId], now: int) -> None:
        """Note that these devices of `person` were noticed."""
        for device in devices:
            self._database.run(
                "INSERT INTO noticed_device VALUES (?1, ?2, ?3, ?3) ON CONFLICT DO NOTHING",
                (self._persons.number(person), self._devices.number(device), now),
            )

    def forget_devices(self, keep: Collection[PersonId]) -> None:
        """Forget the devices of everybody who is not in `keep`."""
        for (number,) in self._database.all("SELECT DISTINCT person FROM noticed_device"):
            if self._persons.key(number) not in keep:
                self._database.run("DELETE FROM noticed_device WHERE person = ?", (number,))

    def active(self, person: PersonId, device: DeviceId) -> int:
        """Return when something was last handed over to that device, or it was noticed; 0 if it was not."""
        found = self._database.value(
            "SELECT active FROM noticed_device WHERE person = ? AND device = ?",
            (self._persons.find(person), self._devices.find(device)),
        )
        return int(found or 0)

    def set_active(self, person: PersonId, now: int) -> None:
        """Note that something was just handed over to the devices of `person`."""
        self._database.run("UPDATE noticed_device SET active = ? WHERE person = ?", (now, self._persons.find(person)))

    # --- what is to be handed over -------------------------------------------------------------------------------------

    def owe_all(self, device: DeviceId) -> None:
        """Let all letters that are kept now be handed over to `device`."""
        self._database.run(
            "INSERT INTO handover SELECT ?, no, NULL FROM kept_letter WHERE true ON CONFLICT DO NOTHING",
            (self._devices.number(device),),
        )

    def owe(self, device: DeviceId, missing: Iterable[tuple[PersonId, bytes]]) -> None:
        """Let those of these letters that are kept here be handed over to `device`."""
        for author, slot in missing:
            self._database.run(
                "INSERT INTO handover SELECT ?, no, NULL FROM kept_letter WHERE author = ? AND slot = ?"
                " ON CONFLICT DO NOTHING",
                (self._devices.number(device), self._persons.find(author), slot),
            )

    def owed_to(self) -> list[DeviceId]:
        """Return the devices to which something is to be handed over by a letter that is not written yet."""
        rows = self._database.all("SELECT DISTINCT device FROM handover WHERE by IS NULL ORDER BY device")
        return [self._devices.key(number) for (number,) in rows]

    def owed(self, device: DeviceId, most: int) -> list[KeptLetter]:
        """Return the first letters, `most` of them, that are to be handed over to `device`: the open exchanges first."""
        return self._kept(
            f"JOIN handover ON handover.letter = kept_letter.no {_EXCHANGE}"
            f" WHERE handover.device = ? AND handover.by IS NULL AND coalesce(exchange.shown, 1) {_ORDER} LIMIT ?",
            (self._devices.find(device), most),
        )

    def count_owed(self) -> dict[DeviceId, int]:
        """Return for each device how many letters are to be handed over to it by letters that are not written yet."""
        rows = self._database.all(
            f"SELECT handover.device, count(*) FROM kept_letter JOIN handover ON handover.letter = kept_letter.no {_EXCHANGE}"  # noqa: S608 - ours
            " WHERE handover.by IS NULL AND coalesce(exchange.shown, 1) GROUP BY handover.device"
        )
        return {self._devices.key(number): count for number, count in rows}

    def note_handed(self, letters: Iterable[tuple[PersonId, bytes]], by: bytes) -> None:
        """Note that the letter in slot `by` hands these over to every device that lacks them."""
        for author, slot in letters:
            self._database.run(
                "UPDATE handover SET by = ? WHERE by IS NULL AND letter ="
                " (SELECT no FROM kept_letter WHERE author = ? AND slot = ?)",
                (by, self._persons.find(author), slot),
            )

    def release(self, by: bytes) -> None:
        """Let what the letter in slot `by` was to hand over be handed over again: it has expired unread."""
        with self._database.joined():
            self._database.run("UPDATE handover SET by = NULL WHERE by = ?", (by,))
            self._database.run("UPDATE own_note SET by = NULL WHERE by = ?", (by,))

    def finish(self) -> None:
        """Forget what letters have handed over that every device has opened by now."""
        self._database.run(
            "DELETE FROM handover WHERE by IS NOT NULL AND by NOT IN (SELECT slot FROM letter_sent WHERE in_transit = 1)"
        )

    def forget_owed(self, keep: Collection[DeviceId]) -> None:
        """Forget what was to be handed over to devices that are not in `keep`."""
        for (number,) in self._database.all("SELECT DISTINCT device FROM handover"):
            if self._devices.key(number) not in keep:
                self._database.run("DELETE FROM handover WHERE device = ?", (number,))

    # --- what this device lacks ----------------------------------------------------------------------------------------

    def note_missing(self, author: PersonId, slot: bytes, until: int) -> None:
        """Note that this device could not open a letter, which is carried until `until`."""
        self._database.run(
            "INSERT INTO missing_letter VALUES (?, ?, 0, ?) ON CONFLICT DO NOTHING",
            (self._persons.number(author), slot, until),
        )

    def end_missing(self, author: PersonId, slot: bytes) -> None:
        """Forget that a letter is missing: it was handed over."""
        self._database.run(
            "DELETE FROM missing_letter WHERE author = ? AND slot = ?", (self._persons.find(author), slot)
        )

    def count_missing(self) -> int:
        """Return how many letters are noted as missing."""
        return int(self._database.value("SELECT count(*) FROM missing_letter"))

    def not_asked_for(self, most: int) -> list[MissingLetter]:
        """Return the first letters, `most` of them, that this device lacks and has not asked for."""
        rows = self._database.all("SELECT author, slot FROM missing_letter WHERE asked = 0 LIMIT ?", (most,))
        return [MissingLetter(self._persons.key(author), slot) for author, slot in rows]

    def note_asked(self, missing: Iterable[tuple[PersonId, bytes]]) -> None:
        """Note that the owner's other devices were asked for these letters."""
        for author, slot in missing:
            self._database.run(
                "UPDATE missing_letter SET asked = 1 WHERE author = ? AND slot = ?", (self._persons.find(author), slot)
            )

    def purge_missing(self, now: int) -> None:
        """Forget missing letters that nobody carries any longer."""
        self._database.run("DELETE FROM missing_letter WHERE until <= ?", (now,))

    # --- inside --------------------------------------------------------------------------------------------------------

    def _kept(self, rest: str, values: tuple[object, ...]) -> list[KeptLetter]:
        rows = self._database.all(f"SELECT {_KEPT} FROM kept_letter {rest}", values)  # noqa: S608 - ours
        return [
            KeptLetter(number, Record.parse(wire), key, Record.parse(signer), arrived)
            for number, wire, key, signer, arrived in rows
        ]
