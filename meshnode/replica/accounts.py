"""Keeps one account for each introducer: what the records of all people take up for whom that person answers.

Sybils are without number and sign for each other, so what an author takes up bounds nothing, and neither does what a
connection has brought: everybody who vouches for the owner may connect. But each Sybil is connected to the owner through
somebody for whom the owner vouches. People for whom nobody answers share one account, the small one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from meshnode.replica.introducers import NOBODY, Answer, Introducers
from meshnode.store import StoreUsage
from meshnode.store.records import RecordStore
from protocol import PersonId

Account = PersonId | None
"""The introducer whose account it is; None for the one of people for whom nobody answers."""


class Accounts:
    """The accounts of the node of the person `me`, whose own records are in none. Used in the store thread.

    `refresh` follows the store and the trust state: it moves the figures of those authors who wrote something or have
    another introducer now, and looks at no record.
    """

    def __init__(self, records: RecordStore, introducers: Introducers, me: PersonId) -> None:
        self._records = records
        self._introducers = introducers
        self._me = me
        self._answers: Mapping[PersonId, Answer] = {}
        self._counted: dict[PersonId, tuple[Account, StoreUsage]] = {}
        self._uses: dict[Account, StoreUsage] = {}
        self._authors: dict[Account, set[PersonId]] = {}
        self.bare = 0
        """The certificates of people for whom nobody answers and of whom nothing else is held."""

    def refresh(self) -> None:
        """Follow the store and the trust state; to be called before asking. It costs little where neither has changed."""
        before, self._answers = self._answers, self._introducers.answers()
        changed = self._records.usage_changed()
        if changed is None:
            self._counted, self._uses, self._authors, self.bare = {}, {}, {}, 0
            changed = list(self._records.usage_by_author())
        elif before is not self._answers:
            for author in self._moved_since(before):
                if author in self._counted:
                    self._count(author, self._counted[author][1])
        for author, use in changed:
            self._count(author, use.copy())

    def use(self, account: Account) -> StoreUsage:
        """Return what this account takes up; it belongs to this object."""
        return self._uses.get(account, StoreUsage())

    def uses(self) -> Mapping[Account, StoreUsage]:
        """Return what each account takes up."""
        return self._uses

    def authors_of(self, account: Account) -> Iterator[tuple[PersonId, StoreUsage, int]]:
        """Yield the authors whose records are in this account, with what those take up and the author's distance."""
        for author in self._authors.get(account, ()):
            yield author, self._counted[author][1], self._answers.get(author, NOBODY)[1]

    def of(self, author: PersonId) -> tuple[Account, PersonId, StoreUsage, int]:
        """Return the account in which this author's records are, and what `authors_of` yields for the author."""
        account, use = self._counted.get(author, (None, StoreUsage()))
        return account, author, use, self._answers.get(author, NOBODY)[1]

    def _moved_since(self, before: Mapping[PersonId, Answer]) -> list[PersonId]:
        now = self._answers
        moved = [person for person, (account, _) in now.items() if before.get(person, NOBODY)[0] != account]
        return [*moved, *(before.keys() - now.keys())]

    def _count(self, author: PersonId, use: StoreUsage) -> None:
        known = self._counted.pop(author, None)
        if known is not None:
            self._book(author, *known, sign=-1)
        if use.records and author != self._me:
            account = self._answers.get(author, NOBODY)[0]
            self._counted[author] = account, use
            self._book(author, account, use, sign=1)

    def _book(self, author: PersonId, account: Account, use: StoreUsage, *, sign: int) -> None:
        self._uses.setdefault(account, StoreUsage()).add_all(use, sign)
        authors = self._authors.setdefault(account, set())
        (authors.add if sign > 0 else authors.discard)(author)
        if account is None and use.bare:
            self.bare += sign * use.certificates
        if not authors:
            del self._authors[account], self._uses[account]
