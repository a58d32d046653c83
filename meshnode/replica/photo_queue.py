"""Lists the photos that are lacking, in the order in which they are fetched, as many as can be gone through at once.

Others decide how many there are. So each person who answers for others has an equal part of the list, and in it the nearest
authors come first and the others in turn: nobody keeps the photos of honest people out of it by naming ever more of their own.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from meshnode.replica.introducers import NOBODY, Introducers
from meshnode.store import Store
from meshnode.store.photos import Named
from protocol import PersonId, PhotoHash

LISTED_MAX = 1_000  # photos in the list: each conversation goes through it
OF_AN_AUTHOR_LEAST = 8  # photos of one author in the list, where there are many: a post's with their thumbnails
LISTED_AGAIN_SECONDS = 1.0  # between two lists: in a flood something is new all the time
NEXT_PART_SECONDS = 30.0  # until others come into a list that has no place for all
LOOKED_AT_MAX = 64  # photos that are fetched before all others because the owner looks at their listings
UNDER_WAY_SECONDS = 60.0  # then another peer is asked as well: the first one may never answer
WITHHELD_MAX = 1_000  # photos of which that is remembered: any number of peers may be asked for them at once


class PhotoQueue:
    """The photos that listings in use name and that are not here. Used in the store thread.

    `generation` grows whenever the list is made again: then each conversation looks through it from its beginning.
    """

    def __init__(self, store: Store, introducers: Introducers) -> None:
        self._store = store
        self._introducers = introducers
        self._looked_at: dict[PhotoHash, None] = {}
        self._under_way: dict[PhotoHash, float] = {}
        self._withheld: dict[PhotoHash, None] = {}
        self._lacking: list[Named] = []
        self._listed_at = -math.inf
        self._came = 0  # photos since then
        self._all_listed = True
        self._round = 0
        self.generation = 0

    # --- the list ------------------------------------------------------------------------------------------------------

    def lacking(self, now: float) -> list[Named]:
        """Return what is to be fetched next. Some of it may have come since."""
        due = self.due
        if due is not None and due <= now:
            self._store.photos.moved = False
            self._listed_at, self._came = now, 0
            self._lacking = self._listed()
            self.generation += 1
        return self._lacking

    @property
    def due(self) -> float | None:
        """When the list is to be made again; None if nothing has changed."""
        if self._store.photos.moved or (not self._all_listed and 2 * self._came >= len(self._lacking)):
            return self._listed_at + LISTED_AGAIN_SECONDS
        return None if self._all_listed else self._listed_at + NEXT_PART_SECONDS

    def _listed(self) -> list[Named]:
        photos, accounts = self._store.photos, self._by_account()
        self._round, self._all_listed = self._round + 1, True
        found = photos.lacking_among(self._looked_at)
        share = max(1, LISTED_MAX // max(1, len(accounts)))
        lists = [self._of_account(authors, share) for authors in accounts]
        for thumbnail in (True, False):
            columns = [[one for one in its if one.thumbnail is thumbnail] for its in lists]
            for row in range(max(map(len, columns), default=0)):
                found += [its[row] for its in columns if row < len(its)]
        return list(dict.fromkeys(found))

    def _by_account(self) -> list[list[PersonId]]:
        """Return the authors of whom something is lacking, the nearest first, for each person who answers for any."""
        answers = self._introducers.answers()
        accounts: dict[PersonId | None, list[tuple[int, PersonId]]] = {}
        for author in self._store.photos.lacking_authors():
            account, distance = answers.get(author, NOBODY)
            accounts.setdefault(account, []).append((distance, author))
        return [[author for _, author in sorted(its)] for its in accounts.values()]

    def _of_account(self, authors: Sequence[PersonId], share: int) -> list[Named]:
        """Return as much of what is lacking of these authors as has a place in the list."""
        each = max(OF_AN_AUTHOR_LEAST, share // len(authors))
        most = max(1, share // each)
        if len(authors) > most:
            self._all_listed = False
            always, others = authors[: most // 2], authors[most // 2 :]
            begin = self._round * (most - len(always)) % len(others)
            authors = [*always, *(*others[begin:], *others[:begin])[: most - len(always)]]
        found: list[Named] = []
        for author in authors:
            its = self._store.photos.lacking_of(author, each)
            self._all_listed &= len(its) < each
            found += its
        return found

    # --- what becomes of it ----------------------------------------------------------------------------------------------

    def free_at(self, photo: PhotoHash, now: float) -> float:
        """Return when a peer may be asked for this photo: now, unless another one has just been asked."""
        return now if photo in self._withheld else max(now, self._under_way.get(photo, now))

    def begin(self, photo: PhotoHash, now: float) -> None:
        """Note that a conversation asks for this photo."""
        for one in [one for one, until in self._under_way.items() if until <= now]:
            del self._under_way[one]
            self._withheld[one] = None
        while len(self._withheld) > WITHHELD_MAX:
            del self._withheld[next(iter(self._withheld))]
        self._under_way[photo] = now + UNDER_WAY_SECONDS

    def ended(self, photo: PhotoHash, *, came: bool) -> None:
        """Note that a conversation has got its answer."""
        self._under_way.pop(photo, None)
        if came:
            self._withheld.pop(photo, None)
            self._looked_at.pop(photo, None)
            self._came += 1

    def is_looked_at(self, photo: PhotoHash) -> bool:
        """Whether the owner looks at a listing that names this photo, which is not here."""
        return photo in self._looked_at

    def look(self, photos: Iterable[PhotoHash]) -> bool:
        """Fetch these before all others, since the owner looks at them; return whether any of them is lacking."""
        lacking = [photo for photo in photos if self._store.photos.state(photo) is None]
        for photo in lacking:
            self._looked_at.pop(photo, None)
            self._looked_at[photo] = None
        while len(self._looked_at) > LOOKED_AT_MAX:
            del self._looked_at[next(iter(self._looked_at))]
        if lacking:
            self._store.photos.moved, self._listed_at = True, -math.inf
        return bool(lacking)
