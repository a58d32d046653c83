"""Cards handed out, with who used them, and cards taken, until their givers are met."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from meshnode.store.database import Database
from meshnode.store.people import People
from protocol import PersonId
from protocol.tokens import Card, card_id

_ISSUED = "SELECT id, secret, weight, uses, expires FROM issued"


class ClaimResult(Enum):
    """What a card is still good for to the person who shows its secret."""

    FIRST = "first"
    """It was good, and one use of it is now spent."""
    AGAIN = "again"
    """This person has used it before and may go on doing so until it expires."""
    USED_UP = "used_up"
    """All its uses were spent by others."""
    EXPIRED = "expired"
    """It is past its expiry, or was never issued here."""


class IssuedCard(NamedTuple):
    """A card of ours: `weight` is the vouch (per mille) that whoever uses it gets back."""

    id: bytes
    secret: bytes
    weight: int
    uses: int
    expires: int
    claimants: frozenset[PersonId]

    @property
    def spent(self) -> bool:
        """Whether nobody new can use it."""
        return len(self.claimants) >= self.uses


class TakenCard(NamedTuple):
    """Somebody else's card, added here at a time (UNIX seconds)."""

    id: bytes
    card: Card
    at: int


class Cards:
    """The cards of one node."""

    def __init__(self, database: Database, people: People) -> None:
        self._database = database
        self._persons = people.persons

    # --- ours --------------------------------------------------------------------------------------------------------

    def add_issued(self, card_id: bytes, secret: bytes, *, weight: int, uses: int, expires: int) -> None:
        """Remember a card that is about to be shown."""
        self._database.run("INSERT INTO issued VALUES (?, ?, ?, ?, ?)", (card_id, secret, weight, uses, expires))

    def issued_live(self, now: int) -> list[IssuedCard]:
        """Every card of ours that has not expired, the spent ones too: they still work for those who used them."""
        cards = self._database.all(f"{_ISSUED} WHERE expires > ? ORDER BY rowid", (now,))
        return [IssuedCard._make((*card, self._claimants(card[0]))) for card in cards]

    def issued(self, card_id: bytes) -> IssuedCard | None:
        """That card of ours, expired or not; None once it was forgotten."""
        card = self._database.one(f"{_ISSUED} WHERE id = ?", (card_id,))
        return None if card is None else IssuedCard._make((*card, self._claimants(card_id)))

    def claim(self, card_id: bytes, claimant: PersonId, now: int) -> ClaimResult:
        """`claimant` has shown that card's secret: spend a use of it on him, if it has one left or he has one already."""
        with self._database.joined():
            card = self.issued(card_id)
            if card is None or card.expires <= now:
                return ClaimResult.EXPIRED
            if claimant in card.claimants:
                return ClaimResult.AGAIN
            if card.spent:
                return ClaimResult.USED_UP
            self._database.run("INSERT INTO claim VALUES (?, ?, ?)", (card_id, self._persons.number(claimant), now))
            return ClaimResult.FIRST

    def _claimants(self, card_id: bytes) -> frozenset[PersonId]:
        rows = self._database.all("SELECT claimant FROM claim WHERE card = ?", (card_id,))
        return frozenset(self._persons.key(number) for (number,) in rows)

    # --- others' -----------------------------------------------------------------------------------------------------

    def add_taken(self, card: Card, now: int) -> None:
        """Remember somebody's card until he is met; adding it twice is adding it once."""
        self._database.run(
            "INSERT INTO taken VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (card_id(card.secret), card.to_text(), now, card.expires),
        )

    def taken_pending(self, now: int) -> list[TakenCard]:
        """Cards whose givers were not met yet and that have not expired, in the order in which they were added."""
        rows = self._database.all("SELECT id, text, at FROM taken WHERE expires > ? ORDER BY rowid", (now,))
        return [TakenCard(id_, Card.parse(text), at) for id_, text, at in rows]

    def taken_done(self, card_id: bytes) -> None:
        """That card's giver was met, or will have nothing of it: forget it."""
        self._database.run("DELETE FROM taken WHERE id = ?", (card_id,))

    def purge(self, now: int) -> None:
        """Forget every card that has expired."""
        with self._database.joined():
            self._database.run("DELETE FROM issued WHERE expires <= ?", (now,))
            self._database.run("DELETE FROM taken WHERE expires <= ?", (now,))
