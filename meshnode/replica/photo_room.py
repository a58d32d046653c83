"""Shares out the room for photos of others: by author, by the person who answers for the author, and in all.

Photos have room of their own, so none takes the place of a record; and where the disk gets full they go before records are
refused. Whatever makes way leaves its account no smaller than the one that it makes way for, so nothing is fetched again
and again in turns.
"""

from __future__ import annotations

from typing import NamedTuple

from meshnode.replica.introducers import NOBODY, Introducers
from meshnode.replica.quota import Quota, enough_of_disk
from meshnode.store import Store
from meshnode.store.photos import ROW_BYTES, Named
from protocol import PersonId, limits

REFUSED_MAX = 16  # photos of one author that cannot be decoded: then no more of this author's are fetched
DISK_PART = 2  # photos are kept while twice as much of the disk is free as records need
GIVEN_WAY_AT_ONCE = 4 * 1024 * 1024  # bytes of photos that one commit deletes for records: the journal needs as much
_LARGEST = 2 * limits.PHOTO_BYTES_MAX + ROW_BYTES  # more than what was needed can go with the last photo that makes way


class _Author(NamedTuple):
    """The bytes of the photos of one author, after the distance of the author: the order is that of distances."""

    distance: int
    person: PersonId
    size: int


class _Plan(NamedTuple):
    """How room is made: bytes of the author's own photos, and bytes of others, who make way in this order."""

    own: int
    others: int
    order: list[_Author]


class PhotoRoom:
    """The room for photos on the node of the person `me`. Used in the store thread."""

    def __init__(self, store: Store, introducers: Introducers, quota: Quota, me: PersonId) -> None:
        self._store = store
        self._introducers = introducers
        self._quota = quota
        self._me = me
        self._answers: object = None
        self._changes = -1
        self._accounts: dict[PersonId | None, int] = {}
        self._authors: dict[PersonId | None, list[_Author]] = {}

    def has_room(self, photo: Named, *, wanted: bool = False) -> bool:
        """Whether a photo may be kept, if need be in the place of others; `wanted` if the owner looks at its listing."""
        return not self._disk_is_short() and self._plan(photo, wanted=wanted) is not None

    def make_room(self, photo: Named, *, wanted: bool = False) -> bool:
        """Delete, in an open transaction, what must go for a photo; return whether it may be kept."""
        plan = None if self._disk_is_short() else self._plan(photo, wanted=wanted)
        if plan is None:
            return False
        photos, gone = self._store.photos, 0
        if plan.own:
            photos.delete_some_of(photo.author, plan.own, thumbnails=False, oldest_first=True)
        for author in plan.order:
            if gone >= plan.others:
                break
            gone += photos.delete_some_of(author.person, plan.others - gone)
        return True

    def give_way(self) -> bool:
        """Delete some photos of others where the disk is too full for records; return whether more are to go.

        The farthest people's go first. What they took up is used for records; the file does not become smaller.
        """
        disk = self._store.disk()
        if disk is None or not self._quota.disk_is_full or disk[0] < limits.DISK_FREE_LEAST:
            return False
        self._count()
        farthest = sorted((author for its in self._authors.values() for author in its), reverse=True)
        left = GIVEN_WAY_AT_ONCE
        with self._store.transaction():
            for author in farthest:
                if left <= 0:
                    break
                left -= self._store.photos.delete_some_of(author.person, left)
        return bool(farthest) and self._quota.disk_is_full

    def _disk_is_short(self) -> bool:
        disk = self._store.disk()
        return disk is not None and disk[0] < DISK_PART * enough_of_disk(disk[1])

    def _plan(self, photo: Named, *, wanted: bool) -> _Plan | None:
        """Return how room is made for a photo; None if there is none."""
        self._count()
        need = 2 * photo.size + ROW_BYTES  # it is kept as it came, and as it is shown
        author, use = photo.author, self._store.photos.usage().get(photo.author)
        size, refused = (use.size, use.refused) if use is not None else (0, 0)
        if refused >= REFUSED_MAX:
            return None
        mine = author == self._me  # from another device, which somebody may have stolen
        own = max(0, size + need - (limits.FOREIGN_PHOTO_BYTES_MAX if mine else limits.AUTHOR_PHOTO_BYTES_MAX))
        if mine:
            return None if own else _Plan(0, 0, [])
        if own and (use is None or not (photo.thumbnail or wanted) or size - use.thumbnails < own):
            return None
        account, distance = self._introducers.answers().get(author, NOBODY)
        becomes = self._accounts.get(account, 0) - own + need
        strangers = limits.FOREIGN_PHOTO_BYTES_MAX // limits.STRANGERS_PART
        if account is None and becomes > strangers:
            return None
        short = sum(self._accounts.values()) - own + need - limits.FOREIGN_PHOTO_BYTES_MAX
        if short <= 0:
            return _Plan(own, 0, [])
        largest = max(self._accounts, key=lambda one: (self._accounts[one], one or b""))
        if self._accounts.get(None, 0) > strangers + short + _LARGEST:  # somebody has taken back a vouch
            return _Plan(own, short, self._order(None))
        if largest != account and self._accounts[largest] - short - _LARGEST >= becomes:
            return _Plan(own, short, self._order(largest))
        farther = [one for one in self._order(account) if one.distance > distance]
        return _Plan(own, short, farther) if sum(one.size for one in farther) >= short else None

    def _count(self) -> None:
        """Count what each account takes up, unless nothing has changed."""
        answers, changes = self._introducers.answers(), self._store.photos.changes
        if self._answers is answers and self._changes == changes:
            return
        self._answers, self._changes = answers, changes
        self._accounts, self._authors = {}, {}
        for person, use in self._store.photos.usage().items():
            if person != self._me and use.size:
                account, distance = answers.get(person, NOBODY)
                self._accounts[account] = self._accounts.get(account, 0) + use.size
                self._authors.setdefault(account, []).append(_Author(distance, person, use.size))

    def _order(self, account: PersonId | None) -> list[_Author]:
        """Return the authors of an account, the farthest first."""
        authors = self._authors.get(account, [])
        authors.sort(reverse=True)
        return authors
