"""Keeps which of the listings in the catalog the owner was shown as news, and which ones they hide."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from meshnode.app.catalog.entries import Entry
from meshnode.app.catalog.ids import numbers_of
from meshnode.app.catalog.word_index import DocIds
from meshnode.store import Hidden, Seen


class Shown:
    """The listings that were shown as news."""

    def __init__(self) -> None:
        self.seen = self.unseen = 0
        """The bits of doc ids known to have been shown as news, and known not to; of the rest the store knows."""
        self._renewed: list[Seen] = []

    def classify(self, doc_ids: Collection[int], *, seen: bool) -> None:
        """Note whether these were shown as news."""
        bits = int(DocIds(doc_ids))
        self.seen = self.seen | bits if seen else self.seen & ~bits
        self.unseen = self.unseen & ~bits if seen else self.unseen | bits

    def note_renewed(self, renewed: Iterable[Seen]) -> None:
        """Remember that these listings, which were shown before, last longer now; the store is to be told."""
        self._renewed.extend(renewed)

    def take_renewed(self) -> list[Seen]:
        """Return what `note_renewed` has remembered, and forget it."""
        renewed, self._renewed = self._renewed, []
        return renewed


class HiddenListings:
    """The listings that the owner hides, in all their versions."""

    def __init__(self, hidden: Iterable[Hidden]) -> None:
        self._doc_ids: dict[int, int | None] = {  # by number of a listing's id, its doc id while it is in use
            number: None for one in hidden for number in numbers_of(one.listing)
        }

    def note(self, entry: Entry) -> None:
        """Note that this listing is in use, perhaps in a new version."""
        if entry.number in self._doc_ids:
            self._doc_ids[entry.number] = entry.doc_id

    @property
    def numbers(self) -> set[int]:
        """The ids of all that is hidden, as numbers."""
        return set(self._doc_ids)

    def hide(self, number: int, entry: Entry | None) -> None:
        """Count the listing whose id is this number among the hidden; `entry` where the catalog has it."""
        self._doc_ids[number] = None if entry is None else entry.doc_id

    def unhide(self, listing: str) -> None:
        """Take the listing of this id out of the hidden."""
        for number in numbers_of(listing):
            self._doc_ids.pop(number, None)

    def in_use(self, is_live: Callable[[int], bool]) -> set[int]:
        """Return the ids, as numbers, of the hidden listings that have a doc id which is in use."""
        return {number for number, doc_id in self._doc_ids.items() if doc_id is not None and is_live(doc_id)}

    def bits(self) -> int:
        """Return the bits of the listings that are hidden."""
        return int(DocIds(doc_id for doc_id in self._doc_ids.values() if doc_id is not None))
