"""Decides which photos of others are fetched and kept: what is lacking, in which order, and how much room there is.

Photos have room of their own, shared out by introducer as that of records is, so no photo takes the place of a record.
Nothing here is fetched or shown: conversations ask for `next` and keep what comes, a task of the node decodes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from meshnode.replica.introducers import NOBODY, Introducers
from meshnode.replica.quota import Quota
from meshnode.store import Store
from meshnode.store.photos import Named, PhotoState
from protocol import PersonId, PhotoHash, limits

LOOKED_AT_MAX = 64  # photos that are fetched before all others because the owner looks at their listings
UNDER_WAY_SECONDS = 60.0  # then another peer is asked as well: the first one may never answer


class PhotoRoom:
    """The room for photos on the node of the person `me`. Used in the store thread."""

    def __init__(self, store: Store, introducers: Introducers, quota: Quota, me: PersonId) -> None:
        self._store = store
        self._introducers = introducers
        self._quota = quota
        self._me = me

    def has_room(self, author: PersonId, size: int) -> bool:
        """Whether a photo of so many bytes may be kept, if need be in the place of others."""
        return not self._quota.disk_is_full and self._victims(author, 2 * size) is not None

    def make_room(self, author: PersonId, size: int) -> bool:
        """Delete, in an open transaction, what must go for a photo of so many bytes; return whether it may be kept."""
        need = 2 * size  # it is kept as it came, and as it is shown
        victims = self._victims(author, need)
        if victims is None:
            return False
        for victim, bytes_ in victims:
            self._store.photos.delete_some_of(victim, bytes_)
        return True

    def _victims(self, author: PersonId, need: int) -> list[tuple[PersonId, int]] | None:
        """Return whose photos must go, and how many bytes of them; None if there is no room."""
        if author == self._me:
            return []
        sizes = self._store.photos.sizes()
        sizes.pop(self._me, None)
        if sizes.get(author, 0) + need > limits.AUTHOR_PHOTO_BYTES_MAX:
            return None
        answers = self._introducers.answers()
        account, distance = answers.get(author, NOBODY)
        accounts: dict[PersonId | None, int] = {account: 0}
        for one, size in sizes.items():
            its = answers.get(one, NOBODY)[0]
            accounts[its] = accounts.get(its, 0) + size
        if account is None and accounts[None] + need > limits.FOREIGN_PHOTO_BYTES_MAX // limits.STRANGERS_PART:
            return None
        short = sum(accounts.values()) + need - limits.FOREIGN_PHOTO_BYTES_MAX
        if short <= 0:
            return []
        largest = max(accounts, key=lambda one: (accounts[one], one or b""))
        if largest != account and accounts[largest] <= accounts[account] + need:
            return None
        candidates = [
            (one, size)
            for one, size in sizes.items()
            if answers.get(one, NOBODY)[0] == largest and (largest != account or answers.get(one, NOBODY)[1] > distance)
        ]
        candidates.sort(key=lambda found: (answers.get(found[0], NOBODY)[1], found[0]), reverse=True)
        victims = []
        for one, size in candidates:
            victims.append((one, min(size, short)))
            short -= size
            if short <= 0:
                return victims
        return None


class PhotoQueue:
    """The photos that listings in use name and that are not here, in the order in which they are fetched.

    `generation` grows whenever the list is made again: then each conversation looks through it from its beginning.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._looked_at: dict[PhotoHash, None] = {}
        self._under_way: dict[PhotoHash, float] = {}
        self._lacking: list[Named] = []
        self.generation = 0

    def lacking(self) -> list[Named]:
        """Return what is to be fetched. Some of it may have come since."""
        if self._store.photos.moved:
            self._store.photos.moved = False
            self.generation += 1
            found = self._store.photos.lacking()
            found.sort(key=lambda one: one.hash not in self._looked_at)
            self._lacking = found
        return self._lacking

    def is_free(self, photo: PhotoHash, now: float) -> bool:
        """Whether no conversation has just asked for this photo."""
        return self._under_way.get(photo, now) <= now

    def begin(self, photo: PhotoHash, now: float) -> None:
        """Note that a conversation asks for this photo."""
        self._under_way = {one: until for one, until in self._under_way.items() if until > now}
        self._under_way[photo] = now + UNDER_WAY_SECONDS

    def ended(self, photo: PhotoHash) -> None:
        """Note that a conversation has got its answer."""
        self._under_way.pop(photo, None)
        self._looked_at.pop(photo, None)

    def look(self, photos: Iterable[PhotoHash]) -> bool:
        """Fetch these before all others, since the owner looks at them; return whether any of them is lacking."""
        lacking = [photo for photo in photos if self._store.photos.state(photo) is None]
        for photo in lacking:
            self._looked_at.pop(photo, None)
            self._looked_at[photo] = None
        while len(self._looked_at) > LOOKED_AT_MAX:
            del self._looked_at[next(iter(self._looked_at))]
        self._store.photos.moved |= bool(lacking)
        return bool(lacking)


class PhotoKeeper:
    """Room and queue together, as conversations and use cases see them."""

    def __init__(self, store: Store, introducers: Introducers, quota: Quota, me: PersonId) -> None:
        self._store = store
        store.photos.owner = me
        self.room = PhotoRoom(store, introducers, quota, me)
        self.queue = PhotoQueue(store)
        self.on_came: list[Callable[[], None]] = []
        """Called on the store thread when a photo came that is to be decoded."""

    def clear_some(self) -> bool:
        """Delete some of the photos that went with their listings and were too many for one commit; return whether more are."""
        if self._store.photos.has_unnamed():
            with self._store.transaction():
                pass  # each commit deletes some
        return self._store.photos.has_unnamed()

    def keep(self, photo: Named, data: bytes, now: int) -> bool:
        """Keep, in an open transaction, a photo that came, to be decoded; return whether there was room."""
        if not self.room.make_room(photo.author, len(data)):
            return False
        self._store.photos.add(photo.hash, photo.author, data, PhotoState.CAME, now)
        for call in self.on_came:
            call()
        return True
