"""The listings this node may show, by heart: what it takes to find one among a hundred thousand without asking the disk.

Listings about which the one rule must answer alike (same author, same audience, same place, same policy) stand on one
shelf, so that it is asked once a shelf and not once a listing. The catalogue is filled from the store in slices, and
kept up by commits: what came and went is noted as it happens and read when somebody looks next.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice
from typing import Any

from meshnode.app.changes import Change
from meshnode.app.judge import Answer, Question, question
from meshnode.app.replica import Replica
from meshnode.store import Row, State
from protocol import Kind, Listing, PersonId, Record, RecordId, RemoteError, Wish, parse_body

SLICE = 500  # listings read at a time while filling: the desk is free in between
NOTED_MAX = 20_000  # changes noted before it is cheaper to read everything anew

_ID_DOMAIN = b"meshnode listing id v1\0"
_ID_BYTES = 10
_ID_LENGTH = _ID_BYTES * 8 // 5  # letters of five bits each
_ID_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"  # no l, o, 0 and 1, which are easily mistaken
_ID_LETTERS_MIN = 4
_WORD = re.compile(r"\w+")


def listing_id(author: PersonId, slot: bytes) -> str:
    """The name of a listing for programs and people: the same through all its versions, and nobody else's to take."""
    return _letters(_number(author, slot))


def _number(author: PersonId, slot: bytes) -> int:
    return int.from_bytes(blake2b(_ID_DOMAIN + author + slot, digest_size=_ID_BYTES).digest(), "big")


def _letters(number: int) -> str:
    return "".join(_ID_LETTERS[number >> 5 * place & 31] for place in reversed(range(_ID_LENGTH)))


def _numbers(beginning: str) -> range:
    """Of the ids that begin with these letters."""
    if len(beginning) > _ID_LENGTH or not set(beginning) <= set(_ID_LETTERS):
        return range(0)
    number = 0
    for letter in beginning:
        number = number << 5 | _ID_LETTERS.index(letter)
    rest = 5 * (_ID_LENGTH - len(beginning))
    return range(number << rest, (number + 1) << rest)


def searchable(text: str) -> str:
    """`text` as it is searched: case-folded words, each after one space; signs alone count where there is no word."""
    folded = text.casefold()
    return "".join(f" {word}" for word in _WORD.findall(folded) or folded.split())


@dataclass(slots=True, eq=False)
class Entry:
    """One listing in use. `words` are those of its title, and from `title_end` on those of its text and tags."""

    record: RecordId
    number: int
    """Its id; half as large as the letters."""
    created: int
    expires: int
    type: str
    category: str
    words: str
    title_end: int

    @property
    def id(self) -> str:
        """The name of the listing (see `listing_id`)."""
        return _letters(self.number)

    def has_title(self, wanted: str) -> bool:
        """Whether the title begins with `wanted` (searchable)."""
        return self.words.startswith(wanted) and len(wanted) <= self.title_end

    def is_titled(self, wanted: str) -> bool:
        """Whether `wanted` (searchable) is the title."""
        return self.words[: self.title_end] == wanted


@dataclass(slots=True, eq=False)
class Shelf:
    """Listings of one author about which the one rule has one answer; newest first."""

    question: Question
    author: PersonId
    audience: int
    place: str | None
    emergency: bool
    entries: list[Entry] = field(default_factory=list)
    soonest: int = 0
    """When the first of them expires, at the earliest."""

    def position(self, created: int, record: RecordId) -> tuple[int, bool]:
        """Where this listing stands, or would stand, and whether it does."""
        at = bisect_left(self.entries, (-created, record), key=_newest_first)
        return at, at < len(self.entries) and self.entries[at].record == record

    def in_time(self, now: int) -> list[Entry]:
        """The entries that have not expired."""
        if self.soonest <= now:
            self.entries = [entry for entry in self.entries if entry.expires > now]
            self.soonest = min((entry.expires for entry in self.entries), default=0)
        return self.entries


class Catalogue:
    """Every listing in use, own ones too. Used on the desk only."""

    def __init__(self, replica: Replica) -> None:
        self._replica = replica
        self._shelves: dict[tuple[Question, bool], Shelf] = {}
        self._filling: Iterator[Record] | None = None
        self._came: list[RecordId] = []
        self._went: list[Row] = []
        self.opinions: dict[Wish, dict[Shelf, Any]] = {}
        """What a search made of each shelf, by its wish; forgotten as soon as trust, blocks or places move."""
        self._begin()
        replica.changes.subscribe(self._note)

    # --- keeping up ----------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        self._shelves.clear()
        self._came.clear()
        self._went.clear()
        self._filling = self._replica.store.records.bodies(Kind.LISTING)

    def _note(self, change: Change) -> None:
        if change.trust or change.people:
            self.opinions.clear()
        self._came.extend(change.stored)
        self._went.extend(change.ended)
        if len(self._came) + len(self._went) > NOTED_MAX:
            self._begin()

    def fill(self) -> bool:
        """Read one slice of what is not read yet; returns whether there is more to do."""
        if self._filling is None:
            return False
        records = list(islice(self._filling, SLICE))
        self._shelve(records)
        if len(records) < SLICE:
            self._filling = None
        return self._filling is not None

    def catch_up(self) -> None:
        """Be as new as the store."""
        while self.fill():
            pass
        for row in self._went:
            self._remove(row)
        came = list(dict.fromkeys(self._came))
        self._came.clear()
        self._went.clear()
        self._shelve(self._replica.store.records.get_many(came))

    def _shelve(self, records: list[Record]) -> None:
        rows = self._replica.store.records.rows_of([record.id for record in records])
        live = {row.id for row in rows if row.kind == Kind.LISTING and row.state == State.LIVE}
        for record in records:
            if record.id not in live or not record.body:
                continue
            try:
                body = parse_body(Kind.LISTING, record.body)
            except RemoteError:
                continue  # made by a later version, or damaged: nothing to show
            assert isinstance(body, Listing)
            self._put(record, body)

    def _put(self, record: Record, body: Listing) -> None:
        header = record.header
        asked = (header.kind, header.author, header.device, header.audience, header.policy_version, body.place)
        key = (asked, body.urgency == "emergency")
        shelf = self._shelves.get(key)
        if shelf is None:
            shelf = self._shelves[key] = Shelf(asked, header.author, header.audience, body.place, key[1])
        at, here = shelf.position(header.created, record.id)
        if here:
            return
        title = searchable(body.title)
        entry = Entry(
            record=record.id,
            number=_number(header.author, header.slot),
            created=header.created,
            expires=header.expires,
            type=body.type,
            category=body.category,
            words=title + searchable(" ".join((body.text, *body.tags))),
            title_end=len(title),
        )
        shelf.entries.insert(at, entry)
        shelf.soonest = min(shelf.soonest or entry.expires, entry.expires)

    def _remove(self, row: Row) -> None:
        for emergency in (False, True):
            shelf = self._shelves.get((question(row), emergency))
            if shelf is None:
                continue
            at, here = shelf.position(row.created, row.id)
            if here:
                shelf.entries = shelf.entries[:at] + shelf.entries[at + 1 :]
            if not shelf.entries:
                del self._shelves[shelf.question, shelf.emergency]

    # --- looking -------------------------------------------------------------------------------------------------------

    def shelves(self) -> list[Shelf]:
        """All shelves of others; call `catch_up` first."""
        return [shelf for shelf in self._shelves.values() if shelf.author != self._replica.me]

    def consents(self, shelf: Shelf) -> bool:
        """Whether the owner of this node may have what stands there."""
        return self._replica.judge.answer(self._replica.me, shelf.question) is Answer.YES

    def own(self) -> list[Entry]:
        """The owner's own listings that have not expired, newest first; call `catch_up` first."""
        now, me = self._replica.clock.now(), self._replica.me
        found = [entry for shelf in self._shelves.values() if shelf.author == me for entry in shelf.in_time(now)]
        return sorted(found, key=_newest_first)

    def matching(self, text: str, *, own_only: bool) -> list[Entry]:
        """The listings that `text` names: by whole id, else by whole title, else by the beginning of either."""
        self.catch_up()
        now, me = self._replica.clock.now(), self._replica.me
        shelves = [shelf for shelf in self._shelves.values() if shelf.author == me]
        if not own_only:
            shelves += [shelf for shelf in self.shelves() if self.consents(shelf)]
        entries = [entry for shelf in shelves for entry in shelf.in_time(now)]
        as_id, title = text.strip().casefold(), searchable(text)
        whole = _numbers(as_id) if len(as_id) == _ID_LENGTH else ()
        begun = _numbers(as_id) if len(as_id) >= _ID_LETTERS_MIN else ()
        return (
            [entry for entry in entries if entry.number in whole]
            or [entry for entry in entries if entry.is_titled(title)]
            or [entry for entry in entries if entry.has_title(title) or entry.number in begun]
        )


def _newest_first(entry: Entry) -> tuple[int, RecordId]:
    return (-entry.created, entry.record)
