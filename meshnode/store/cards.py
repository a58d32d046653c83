"""Keeps the cards that the owner has issued, with who used them, and the cards of others that wait for their givers."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

from meshnode.store.database import Database
from meshnode.store.people import People
from protocol import PersonId, limits
from protocol.tokens import Card, card_id

_ISSUED = "SELECT id, secret, weight, uses, expires FROM issued"


class ClaimResult(Enum):
    """The outcome for a person who shows the secret of a card."""

    FIRST = "first"
    """It was valid; one use of it is spent now."""
    AGAIN = "again"
    """This person has used it before and may use it again until it expires."""
    USED_UP = "used_up"
    """Others have spent all its uses."""
    EXPIRED = "expired"
    """It has expired, or was never issued here."""


class IssuedCard(NamedTuple):
    """A card of the owner's: the person who uses it gets a vouch of `weight` (per mille) back."""

    id: bytes
    secret: bytes
    weight: int
    uses: int
    expires: int
    claimants: frozenset[PersonId]
    unmet: frozenset[PersonId]
    """Those of the claimants who have not yet been met without the card."""

    @property
    def spent(self) -> bool:
        """Whether all uses are spent."""
        return len(self.claimants) >= self.uses


class OwedInvitation(NamedTuple):
    """An invitation to a group that a card has promised to a person; it is given up after `until` (UNIX seconds)."""

    person: PersonId
    group: bytes
    until: int


class TakenCard(NamedTuple):
    """A card of somebody else, added `at` this time (UNIX seconds)."""

    id: bytes
    card: Card
    at: int


class Cards:
    """The cards of one node."""

    def __init__(self, database: Database, people: People) -> None:
        self._database = database
        self._persons = people.persons

    # --- issued ------------------------------------------------------------------------------------------------------

    def add_issued(
        self, card_id: bytes, secret: bytes, *, weight: int, uses: int, expires: int, groups: Iterable[bytes] = ()
    ) -> None:
        """Keep a card that is about to be shown, with the groups to which those who use it are invited."""
        with self._database.joined():
            self._database.run("INSERT INTO issued VALUES (?, ?, ?, ?, ?)", (card_id, secret, weight, uses, expires))
            for group in groups:
                self._database.run("INSERT INTO issued_group VALUES (?, ?)", (card_id, group))

    def issued_live(self, now: int) -> list[IssuedCard]:
        """Return every issued card that has not expired; a spent one still works for those who used it."""
        cards = self._database.all(f"{_ISSUED} WHERE expires > ? ORDER BY rowid", (now,))
        return [IssuedCard._make((*card, *self._claimants(card[0]))) for card in cards]

    def issued(self, card_id: bytes) -> IssuedCard | None:
        """Return that issued card, expired or not; None once it was deleted."""
        card = self._database.one(f"{_ISSUED} WHERE id = ?", (card_id,))
        return None if card is None else IssuedCard._make((*card, *self._claimants(card_id)))

    def claim(self, card_id: bytes, claimant: PersonId, now: int) -> ClaimResult:
        """Spend a use of the card on `claimant`, who has shown its secret, unless they have used it before."""
        with self._database.joined():
            card = self.issued(card_id)
            if card is None or card.expires <= now:
                return ClaimResult.EXPIRED
            if claimant in card.claimants:
                return ClaimResult.AGAIN
            if card.spent:
                return ClaimResult.USED_UP
            self._database.run(
                "INSERT INTO claim (card, claimant, at) VALUES (?, ?, ?)",
                (card_id, self._persons.number(claimant), now),
            )
            return ClaimResult.FIRST

    def owe_invitations(self, card_id: bytes, claimant: PersonId, until: int) -> None:
        """Note that `claimant` is to be invited, until that time, to the groups of the card."""
        self._database.run(
            "INSERT OR REPLACE INTO owed_invitation SELECT ?, group_id, ? FROM issued_group WHERE card = ?",
            (self._persons.number(claimant), until, card_id),
        )

    def owed_invitations(self) -> list[OwedInvitation]:
        """Return who is to be invited, and to which group."""
        rows = self._database.all(
            "SELECT person, group_id, until FROM owed_invitation ORDER BY until, person, group_id"
        )
        return [OwedInvitation(self._persons.key(number), group, until) for number, group, until in rows]

    def invitation_settled(self, owed: OwedInvitation) -> None:
        """Forget that somebody is to be invited: they are, or never will be."""
        self._database.run(
            "DELETE FROM owed_invitation WHERE person = ? AND group_id = ?",
            (self._persons.number(owed.person), owed.group),
        )

    def guests_since(self, since: int) -> int:
        """Return how many people have used cards made for more than one person since that time."""
        found = self._database.value(
            "SELECT count(*) FROM claim JOIN issued ON issued.id = claim.card WHERE claim.at > ? AND issued.uses > 1",
            (since,),
        )
        return int(found)

    def met_without_card(self, claimant: PersonId) -> bool:
        """Note that a person was met by another key than that of a card. Return whether they had used a card before."""
        with self._database.joined():
            number = self._persons.number(claimant)
            unmet = self._database.one("SELECT 1 FROM claim WHERE claimant = ? AND NOT met", (number,)) is not None
            if unmet:
                self._database.run("UPDATE claim SET met = 1 WHERE claimant = ?", (number,))
            return unmet

    def _claimants(self, card_id: bytes) -> tuple[frozenset[PersonId], frozenset[PersonId]]:
        """Return the people who have used a card, and those of them who were not met without it yet."""
        rows = [
            (self._persons.key(number), met)
            for number, met in self._database.all("SELECT claimant, met FROM claim WHERE card = ?", (card_id,))
        ]
        return frozenset(person for person, _ in rows), frozenset(person for person, met in rows if not met)

    # --- taken ------------------------------------------------------------------------------------------------------

    def add_taken(self, card: Card, now: int) -> None:
        """Keep a card of somebody else until their node is met; adding it twice is adding it once.

        When it expires is for its giver to say, by the giver's clock. So it is tried for some days in any case.
        """
        self._database.run(
            "INSERT INTO taken VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (card_id(card.secret), card.to_text(), now, max(card.expires, now + limits.CARD_LIFE)),
        )

    def taken_pending(self, now: int) -> list[TakenCard]:
        """Return the taken cards that have not expired and whose givers were not met, in the order of adding."""
        rows = self._database.all("SELECT id, text, at FROM taken WHERE expires > ? ORDER BY rowid", (now,))
        return [TakenCard(id_, Card.parse(text), at) for id_, text, at in rows]

    def taken_done(self, card_id: bytes) -> None:
        """Delete a taken card: its giver was met, or has refused it."""
        self._database.run("DELETE FROM taken WHERE id = ?", (card_id,))

    def redate(self, was: int, now: int) -> None:
        """Give every card that had not expired at `was`, a date that was wrong, as long from `now` on as it had then."""
        with self._database.joined():
            for table in ("issued", "taken"):
                self._database.run(
                    f"UPDATE {table} SET expires = ? + min(expires - ?, ?) WHERE expires > ?",  # noqa: S608 - ours
                    (now, was, limits.CARD_LIFE_MAX, was),
                )

    def purge(self, now: int) -> None:
        """Delete every card that has expired."""
        with self._database.joined():
            self._database.run("DELETE FROM issued WHERE expires <= ?", (now,))
            self._database.run("DELETE FROM taken WHERE expires <= ?", (now,))
