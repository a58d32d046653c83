"""Keeps the photos of others: which are fetched next, how much room there is, who is given how many, which are decoded next.

Nothing here is fetched or shown: conversations ask for what the queue lists and keep what comes, a task of the node decodes it.
"""

from __future__ import annotations

from collections.abc import Callable

from meshnode.replica.introducers import NOBODY, Introducers
from meshnode.replica.photo_queue import PhotoQueue
from meshnode.replica.photo_room import PhotoRoom
from meshnode.replica.quota import Quota
from meshnode.store import Store
from meshnode.store.photos import Named, PhotoState
from protocol import PersonId, PhotoHash, RateLimit, limits

# To all for whom one person answers: a newcomer has all there is in five minutes.
GIVEN_BYTES_A_MINUTE = 64 * 1024 * 1024
PACES_MAX = 1_000  # people who answer for others and have been given photos lately


class PhotoKeeper:
    """Room, queue and pace together, as conversations and use cases see them. Used in the store thread."""

    def __init__(self, store: Store, introducers: Introducers, quota: Quota, me: PersonId) -> None:
        self._store = store
        self._introducers = introducers
        store.photos.owner = me
        self.room = PhotoRoom(store, introducers, quota, me)
        self.queue = PhotoQueue(store, introducers)
        self.on_came: list[Callable[[], None]] = []
        """Called on the store thread when a photo came that is to be decoded."""
        self._given: dict[PersonId | None, RateLimit] = {}
        self._turn = 0
        self._turns: dict[PersonId | None, int] = {}  # when photos of an account, or of an author, were decoded last

    # --- coming and going ------------------------------------------------------------------------------------------------

    def keep(self, photo: Named, data: bytes, now: int) -> bool:
        """Keep, in an open transaction, a photo that came, to be decoded; return whether there was room."""
        photos = self._store.photos
        if photos.state(photo.hash) is not None:
            return True  # another peer has given it meanwhile
        if not self.room.make_room(photo, wanted=self.queue.is_looked_at(photo.hash)):
            return False
        photos.add(photo.hash, photo.author, data, PhotoState.CAME, now, thumbnail=photo.thumbnail)
        for call in self.on_came:
            call()
        return True

    def clear_some(self) -> bool:
        """Delete some of the photos that are to go; return whether there are more.

        They went with their listings and were too many for one commit, or make way for records on a full disk.
        """
        if self._store.photos.has_unnamed():
            with self._store.transaction():
                self._store.photos.delete_unnamed()
        return self.room.give_way() or self._store.photos.has_unnamed()

    # --- giving ----------------------------------------------------------------------------------------------------------

    def may_give(self, peer: PersonId, size: int, now: float) -> bool:
        """Whether this peer may be given so many bytes of photos; they are counted if so.

        All for whom the same person answers share what is given in a minute, however often they call again.
        """
        account = self._introducers.introducer(peer)
        if account not in self._given and len(self._given) >= PACES_MAX:
            self._given = {one: pace for one, pace in self._given.items() if pace.resets_at > now}
        pace = self._given.setdefault(account, RateLimit(GIVEN_BYTES_A_MINUTE, limits.MINUTE))
        return pace.left(now) >= size and pace.spend(size, now)

    # --- decoding --------------------------------------------------------------------------------------------------------

    def to_decode(self, most: int) -> list[tuple[PhotoHash, bytes]]:
        """Return some photos of one author that came and are to be decoded.

        The people who answer for authors take turns, and so do the authors behind each of them.
        """
        answers = self._introducers.answers()
        waiting = [
            (self._turns.get(account, 0), self._turns.get(author, 0), distance, author, account)
            for author in self._store.photos.unchecked_authors()
            for account, distance in (answers.get(author, NOBODY),)
        ]
        if not waiting:
            self._turns.clear()
            return []
        *_, author, account = min(waiting, key=lambda one: one[:4])
        self._turn += 1
        self._turns[account] = self._turns[author] = self._turn
        return self._store.photos.unchecked_of(author, most)
