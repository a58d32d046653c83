"""Keeps exchanges with others and their moves, also after the listing and the letters are gone.

Quantities are stored as they are on the wire, in thousandths.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from meshnode.store.database import Database
from meshnode.store.people import People
from protocol import Kind, PersonId, Quantity, decode, encode, from_thousandths, limits, to_thousandths
from protocol.letters import LENT_OUT, UNFINISHED, Action, Move, Stage

_COLUMNS = (
    "no, other, id, name, asked, slot, title, category, lend, shown, stage, held, accepted_here, listing_ends,"
    " began, changed"
)
_FIELDS_MAX = limits.RECORD_MAX_BYTES


def _named(stages: Iterable[Stage]) -> str:
    """Return these stages as a list in SQL."""
    return ", ".join(sorted(f"'{stage.name}'" for stage in stages))


OPEN = f"(stage IN ({_named(UNFINISHED)}) OR lend AND stage IN ({_named(LENT_OUT)}))"
_NEVER_AGREED = _named((Stage.DECLINED, Stage.CANCELLED))
_OVER = _named((Stage.RETURNED,))


class Exchange(NamedTuple):
    """One exchange. Times are in UNIX seconds by this node's clock."""

    no: int
    other: PersonId
    id: bytes
    name: str
    """The name of the other person, as last known."""
    asked: bool | None
    """Whether the owner of this node asked; False if the other person did, None while the ask has not come."""
    slot: bytes | None
    """The slot of the listing, whose author is the person who did not ask."""
    title: str
    category: str
    lend: bool
    """Whether what is given is to be returned."""
    shown: bool
    """Whether the owner sees it. False while the other person may not see the listing or has not asked."""
    stage: Stage
    held: Quantity
    """How much of the listing it holds, which follows from its moves, see `protocol.letters.held_by`."""
    accepted_here: bool
    """Whether this device of the owner accepted."""
    listing_ends: int | None
    """When the listing expires, as last known here."""
    began: int
    changed: int


class KeptMove(NamedTuple):
    """A move. `mine` if the owner made it; `letter` is the slot of the letter that last brought it."""

    mine: bool
    move: Move
    arrived: int
    letter: bytes | None


class Exchanges:
    """The exchanges of one node."""

    def __init__(self, database: Database, people: People) -> None:
        self._database = database
        self._persons = people.persons

    # --- one exchange ------------------------------------------------------------------------------------------------

    def begin(self, other: PersonId, exchange: bytes, name: str, now: int) -> Exchange:
        """Create an exchange of which only the other person is known, and return it."""
        with self._database.joined():
            self._database.run(
                "INSERT INTO exchange (other, id, name, title, category, shown, stage, began, changed)"
                " VALUES (?1, ?2, ?3, '', '', 0, ?4, ?5, ?5)",
                (self._persons.number(other), exchange, name, Stage.UNHEARD.name, now),
            )
            begun = self.find(other, exchange)
        assert begun is not None
        return begun

    def find(self, other: PersonId, exchange: bytes) -> Exchange | None:
        """Return the exchange of this id with `other`, shown or not; None if there is none."""
        found = self._rows("other = ? AND id = ?", (self._persons.find(other), exchange))
        return found[0] if found else None

    def keep(self, exchange: Exchange) -> None:
        """Store the changed fields of an exchange."""
        self._database.run(
            "UPDATE exchange SET name = ?, asked = ?, slot = ?, title = ?, category = ?, lend = ?, shown = ?, stage = ?,"
            " held = ?, accepted_here = ?, listing_ends = ?, changed = ? WHERE no = ?",
            (
                exchange.name, exchange.asked, exchange.slot, exchange.title, exchange.category, exchange.lend,
                exchange.shown, exchange.stage.name, to_thousandths(exchange.held), exchange.accepted_here,
                exchange.listing_ends, exchange.changed, exchange.no,
            ),
        )  # fmt: skip

    def forget(self, exchange: Exchange) -> None:
        """Delete an exchange with all its moves."""
        self._database.run("DELETE FROM exchange WHERE no = ?", (exchange.no,))

    # --- moves -------------------------------------------------------------------------------------------------------

    def moves(self, exchange: Exchange) -> list[KeptMove]:
        """Return all moves in the order of their arrival, at the device that was the first of the owner's to have them."""
        rows = self._database.all(
            "SELECT mine, fields, arrived, letter FROM move WHERE exchange = ? ORDER BY arrived, rowid", (exchange.no,)
        )
        return [KeptMove(bool(mine), _move(fields), arrived, letter) for mine, fields, arrived, letter in rows]

    def add_move(self, exchange: Exchange, move: Move, *, mine: bool, arrived: int, letter: bytes | None) -> bool:
        """Add a move; return whether it is new. One that is sent again gets the slot of the later letter."""
        fields = encode(move.to_fields())
        with self._database.joined():
            known = self._database.run(
                "UPDATE move SET letter = coalesce(?, letter) WHERE exchange = ? AND mine = ? AND fields = ?",
                (letter, exchange.no, mine, fields),
            )
            if known:
                return False
            self._database.run(
                "INSERT INTO move VALUES (?, ?, ?, ?, ?, ?)",
                (exchange.no, mine, move.action.value, fields, arrived, letter),
            )
        return True

    def count_moves(self, exchange: Exchange, *, mine: bool, act: Action | None = None) -> int:
        """Return how many moves of one side are kept; only those with this action, if it is given."""
        return int(
            self._database.value(
                "SELECT count(*) FROM move WHERE exchange = ? AND mine = ? AND act = coalesce(?, act)",
                (exchange.no, mine, None if act is None else act.value),
            )
        )

    # --- many --------------------------------------------------------------------------------------------------------

    def all_shown(self) -> list[Exchange]:
        """Return every exchange that is shown, the last changed first."""
        return self._rows("shown = 1 ORDER BY changed DESC, no DESC", ())

    def with_stage(self, stage: Stage, *, asked: bool) -> list[Exchange]:
        """Return the shown exchanges in this stage in which the owner of this node asked, or did not."""
        return self._rows("shown = 1 AND stage = ? AND asked = ? ORDER BY no", (stage.name, asked))

    def about(self, slot: bytes) -> list[Exchange]:
        """Return the shown exchanges about the owner's listing in this slot, in a fixed order."""
        return self._rows("shown = 1 AND asked = 0 AND slot = ? ORDER BY no", (slot,))

    def held_by_slot(self, owner: PersonId) -> dict[bytes, Quantity]:
        """Return how much exchanges hold of each listing of the owner that somebody has asked for and that is remembered."""
        rows = self._database.all(
            "SELECT slot, sum(held) FROM exchange WHERE shown = 1 AND asked = 0 AND slot IS NOT NULL AND"
            " (EXISTS (SELECT 1 FROM archive WHERE archive.slot = exchange.slot) OR EXISTS"
            " (SELECT 1 FROM record WHERE author = ? AND kind = ? AND record.slot = exchange.slot)) GROUP BY slot",
            (self._persons.find(owner), Kind.LISTING),
        )
        return {slot: from_thousandths(held) for slot, held in rows}

    def held(self, slot: bytes) -> Quantity:
        """Return how much exchanges hold of the owner's listing in this slot."""
        found = self._database.value(
            "SELECT coalesce(sum(held), 0) FROM exchange WHERE shown = 1 AND asked = 0 AND slot = ?", (slot,)
        )
        return from_thousandths(int(found))

    def counterparts(self) -> frozenset[PersonId]:
        """Return the people with whom an exchange is open or a lent thing not back, or a letter or receipt under way."""
        rows = self._database.all(
            "SELECT DISTINCT other FROM exchange WHERE shown = 1 AND"  # noqa: S608 - ours
            f" ({OPEN} OR other IN (SELECT addressee FROM letter_sent WHERE in_transit = 1)"
            " OR other IN (SELECT person FROM receipt))"
        )
        return frozenset(self._persons.key(other) for (other,) in rows)

    def unfinished(self) -> list[Exchange]:
        """Return the exchanges that are open, or of which a lent thing is not back."""
        return self._rows(f"shown = 1 AND {OPEN} ORDER BY no", ())

    def open_with(self, other: PersonId) -> list[Exchange]:
        """Return the exchanges with `other` that are open, or of which a lent thing is not back."""
        return self._rows(f"shown = 1 AND other = ? AND {OPEN} ORDER BY no", (self._persons.find(other),))

    def count(self) -> int:
        """Return how many exchanges are shown."""
        return int(self._database.value("SELECT count(*) FROM exchange WHERE shown = 1"))

    def count_with(self, other: PersonId) -> int:
        """Return how many exchanges with `other` are shown."""
        return int(
            self._database.value(
                "SELECT count(*) FROM exchange WHERE shown = 1 AND other = ?", (self._persons.find(other),)
            )
        )

    def count_requests(self, other: PersonId, now: int, *, asked: bool) -> int:
        """Return how many requests of the owner to `other` (`asked`), or of `other` to the owner, can still be answered.

        Those whose listing has expired by `now` (UNIX seconds) are left out.
        """
        return int(
            self._database.value(
                "SELECT count(*) FROM exchange WHERE shown = 1 AND other = ? AND stage = ? AND asked = ?"
                " AND coalesce(listing_ends > ?, 1)",
                (self._persons.find(other), Stage.REQUESTED.name, asked, now),
            )
        )

    def forget_oldest(self, other: PersonId | None = None) -> bool:
        """Delete the exchange that ended longest ago without an agreement; return whether there was one.

        Only among those with `other`, if given. An exchange that was agreed on needed the owner's consent, so others
        cannot fill the store with such.
        """
        whose = "" if other is None else "AND other = ?"
        return bool(
            self._database.run(
                "DELETE FROM exchange WHERE no = (SELECT no FROM exchange WHERE shown = 1 AND held = 0"  # noqa: S608 - ours
                f" AND stage IN ({_NEVER_AGREED}) {whose} ORDER BY changed, no LIMIT 1)",
                () if other is None else (self._persons.find(other),),
            )
        )

    def forget_returned(self, other: PersonId) -> bool:
        """Delete the exchange with `other` whose thing came back longest ago; return whether there was one."""
        return bool(
            self._database.run(
                "DELETE FROM exchange WHERE no = (SELECT no FROM exchange WHERE shown = 1 AND held = 0"  # noqa: S608 - ours
                f" AND stage IN ({_OVER}) AND other = ? ORDER BY changed, no LIMIT 1)",
                (self._persons.find(other),),
            )
        )

    # --- not shown ---------------------------------------------------------------------------------------------------

    def unheard_asks(self) -> list[Exchange]:
        """Return the asks that are not shown: when they came, the other person could not see the listing for sure."""
        return self._rows("shown = 0 AND asked = 0 ORDER BY no", ())

    def count_unheard(self, other: PersonId | None = None) -> int:
        """Return how many exchanges are kept without being shown; only those with `other`, if given."""
        whose = "" if other is None else "AND other = ?"
        values = () if other is None else (self._persons.find(other),)
        return int(self._database.value(f"SELECT count(*) FROM exchange WHERE shown = 0 {whose}", values))  # noqa: S608

    def purge(self, before: int) -> None:
        """Delete exchanges that are not shown and have not changed since then (UNIX seconds)."""
        self._database.run("DELETE FROM exchange WHERE shown = 0 AND changed < ?", (before,))

    # --- inside ------------------------------------------------------------------------------------------------------

    def _rows(self, where: str, values: tuple[Any, ...]) -> list[Exchange]:
        found = self._database.all(f"SELECT {_COLUMNS} FROM exchange WHERE {where}", values)  # noqa: S608 - ours
        return [
            Exchange(
                no, self._persons.key(other), id_, name, None if asked is None else bool(asked), slot, title, category,
                bool(lend), bool(shown), Stage[stage], from_thousandths(held), bool(accepted_here),
                listing_ends, began, changed,
            )
            for (
                no, other, id_, name, asked, slot, title, category, lend, shown, stage, held, accepted_here,
                listing_ends, began, changed,
            ) in found
        ]  # fmt: skip


def _move(fields: bytes) -> Move:
    """Return the stored move; it was valid when it was stored."""
    decoded = decode(fields, max_bytes=_FIELDS_MAX)
    assert isinstance(decoded, tuple)
    return Move.from_fields(decoded)
