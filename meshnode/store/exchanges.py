"""Exchanges with others, move by move: the history that stays when listings and letters are gone."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

from meshnode.store.database import Database
from meshnode.store.people import People
from protocol import PersonId, decode, encode, limits
from protocol.letters import Action, Move, Stage

_COLUMNS = "no, other, id, name, asked, slot, title, category, lend, shown, stage, takes, taken, began, changed"
_FINISHED = (Stage.DECLINED, Stage.CANCELLED)
_NEVER_AGREED = ", ".join(f"'{stage.name}'" for stage in _FINISHED)
_FIELDS_MAX = limits.RECORD_MAX_BYTES


class Exchange(NamedTuple):
    """One exchange. Times are UNIX seconds by this node's clock."""

    no: int
    other: PersonId
    id: bytes
    name: str
    """The other's, as last known."""
    asked: bool | None
    """Whether the owner of this node asked, and not the other; None while the ask has not come."""
    slot: bytes | None
    """The listing's, whose author is the one who did not ask."""
    title: str
    category: str
    lend: bool
    """Whether it is to be given back."""
    shown: bool
    """False: the other may not see the listing, or has not asked."""
    stage: Stage
    takes: int
    """How many this device is to take off the listing, because it has said yes."""
    taken: int
    """How many it has taken off."""
    began: int
    changed: int


class KeptMove(NamedTuple):
    """A move as it is kept. `letter` is the slot of the letter in which it last travelled, if it is the owner's own."""

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
        """Begin to keep an exchange; nothing is known of it yet but with whom it is."""
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
        """The exchange of this id with `other`, shown or not."""
        found = self._rows("other = ? AND id = ?", (self._persons.find(other), exchange))
        return found[0] if found else None

    def keep(self, exchange: Exchange) -> None:
        """Write down what has changed of it."""
        self._database.run(
            "UPDATE exchange SET name = ?, asked = ?, slot = ?, title = ?, category = ?, lend = ?, shown = ?, stage = ?, takes = ?,"
            " taken = ?, changed = ? WHERE no = ?",
            (
                exchange.name, exchange.asked, exchange.slot, exchange.title, exchange.category, exchange.lend, exchange.shown,
                exchange.stage.name, exchange.takes, exchange.taken, exchange.changed, exchange.no,
            ),
        )  # fmt: skip

    def forget(self, exchange: Exchange) -> None:
        """Delete it with all its moves."""
        self._database.run("DELETE FROM exchange WHERE no = ?", (exchange.no,))

    # --- moves -------------------------------------------------------------------------------------------------------

    def moves(self, exchange: Exchange) -> list[KeptMove]:
        """All moves, in the order in which they became known here: nobody else's clock decides about it."""
        rows = self._database.all(
            "SELECT mine, fields, arrived, letter FROM move WHERE exchange = ? ORDER BY rowid", (exchange.no,)
        )
        return [KeptMove(bool(mine), _move(fields), arrived, letter) for mine, fields, arrived, letter in rows]

    def add_move(self, exchange: Exchange, move: Move, *, mine: bool, arrived: int, letter: bytes | None) -> bool:
        """Keep a move; returns whether it is new. One's own, sent again, remembers the later letter."""
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
        """How many moves of one side are kept; of one act, if it is given."""
        return int(
            self._database.value(
                "SELECT count(*) FROM move WHERE exchange = ? AND mine = ? AND act = coalesce(?, act)",
                (exchange.no, mine, None if act is None else act.value),
            )
        )

    # --- many --------------------------------------------------------------------------------------------------------

    def all_shown(self) -> list[Exchange]:
        """Every exchange that is shown, the one that changed last first."""
        return self._rows("shown = 1 ORDER BY changed DESC, no DESC", ())

    def with_stage(self, stage: Stage, *, asked: bool) -> list[Exchange]:
        """Those shown that stand so, of which the owner of this node was the one to ask, or was not."""
        return self._rows("shown = 1 AND stage = ? AND asked = ? ORDER BY no", (stage.name, asked))

    def unsettled(self, over: Collection[Stage]) -> list[Exchange]:
        """Those that this device has not taken off their listings yet, or has, though they are `over` by now."""
        ended = ", ".join(f"'{stage.name}'" for stage in over)
        return self._rows(
            f"takes > 0 AND CASE WHEN stage IN ({ended}) THEN taken > 0 ELSE taken = 0 END ORDER BY no", ()
        )

    def count(self) -> int:
        """How many are shown."""
        return int(self._database.value("SELECT count(*) FROM exchange WHERE shown = 1"))

    def count_with(self, other: PersonId, stage: Stage | None = None, *, asked: bool | None = None) -> int:
        """How many are shown with `other`; only those that stand so, and those begun by one of the two, if given."""
        return int(
            self._database.value(
                "SELECT count(*) FROM exchange WHERE shown = 1 AND other = ? AND stage = coalesce(?, stage)"
                " AND asked = coalesce(?, asked)",
                (self._persons.find(other), None if stage is None else stage.name, asked),
            )
        )

    def forget_oldest(self, other: PersonId | None = None) -> bool:
        """Make room: forget the one that ended longest ago without ever being agreed on; False if there is none.

        Only among those with `other`, if he is given. What was agreed on took the owner's own yes: nobody can make it up.
        """
        whose = "" if other is None else "AND other = ?"
        return bool(
            self._database.run(
                "DELETE FROM exchange WHERE no = (SELECT no FROM exchange WHERE shown = 1 AND takes = 0"  # noqa: S608 - ours
                f" AND stage IN ({_NEVER_AGREED}) {whose} ORDER BY changed, no LIMIT 1)",
                () if other is None else (self._persons.find(other),),
            )
        )

    # --- what is not shown -----------------------------------------------------------------------------------------------

    def unheard_asks(self) -> list[Exchange]:
        """Those that wait unseen though the other has asked: when he did, he could not see the listing, or in doubt."""
        return self._rows("shown = 0 AND asked = 0 ORDER BY no", ())

    def count_unheard(self, other: PersonId | None = None) -> int:
        """How many are kept without being shown; with `other`, if he is given."""
        whose = "" if other is None else "AND other = ?"
        values = () if other is None else (self._persons.find(other),)
        return int(self._database.value(f"SELECT count(*) FROM exchange WHERE shown = 0 {whose}", values))  # noqa: S608

    def purge(self, before: int) -> None:
        """Forget what has not been shown since then (UNIX seconds)."""
        self._database.run("DELETE FROM exchange WHERE shown = 0 AND changed < ?", (before,))

    # --- inside ------------------------------------------------------------------------------------------------------

    def _rows(self, where: str, values: tuple[Any, ...]) -> list[Exchange]:
        found = self._database.all(f"SELECT {_COLUMNS} FROM exchange WHERE {where}", values)  # noqa: S608 - ours
        return [
            Exchange(
                no, self._persons.key(other), id_, name, None if asked is None else bool(asked), slot, title, category,
                bool(lend), bool(shown), Stage[stage], takes, taken, began, changed,
            )
            for no, other, id_, name, asked, slot, title, category, lend, shown, stage, takes, taken, began, changed in found
        ]  # fmt: skip


def _move(fields: bytes) -> Move:
    """A move as it was kept: what did not fit its class was never put here."""
    decoded = decode(fields, max_bytes=_FIELDS_MAX)
    assert isinstance(decoded, tuple)
    return Move.from_fields(decoded)
