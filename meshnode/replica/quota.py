"""Limits what others may store here: per author, per person who answers for authors, and together.

Anybody can create any number of Sybils and sign for all of them. So records count towards the account of their author's
introducer: a person whom the owner vouches for answers for everybody behind them. One account alone may use all the
room; where room is short, the largest account makes way for smaller ones (`replica/make_room.py`). People for whom nobody
answers share one small account, and certificates on which nothing has followed a smaller one in it. People whom the
owner vouches for are always admitted, and so is a record that takes no more space than the one it replaces: a
withdrawal must never fail because the store is full.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from enum import Enum
from operator import attrgetter
from typing import NamedTuple

from meshnode.replica.accounts import Account, Accounts
from meshnode.replica.introducers import NOBODY, Introducers
from meshnode.replica.policy_pace import PolicyPace
from meshnode.replica.trust_state import TrustState
from meshnode.store import Store, StoreUsage
from protocol import Kind, Letter, PersonId, Record, body_of, limits
from protocol.letters import letter_tag


class Shortage(Enum):
    """Something of which there is too little to take a record now; the value says it in words."""

    DISK = "the disk is nearly full"
    AUTHOR = "their author has as much here as one person may have"
    INTRODUCER = "the people whom you know through the same person take up most of the space already"
    STRANGERS = "nobody whom you trust knows their author, and strangers have little space here"
    ALL = "what others have sent takes up all the space that it may"
    WAITING = "too much waits here already for certificates or policies"


class Caps(NamedTuple):
    """Limits for records of others together.

    `graph_records` counts certificates, policies, profiles and joins; `policies`, `letter_bytes` and
    `letter_tombstones`, what is left of withdrawn letters, are in bytes. Letters take no room from anything else, nor the
    other way round; letters to the owner have as much again as letters to others. `resident` is an estimate of the memory
    that it all takes up while the node runs, in bytes: a record of 250 bytes can take up ten times that.
    """

    size: int
    graph_records: int
    policies: int
    letters: int
    letter_bytes: int
    letter_tombstones: int
    resident: int

    @classmethod
    def of_this_machine(cls) -> Caps:
        """Return the limits for all records of others together, as the memory of this machine allows."""
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        size = min(limits.FOREIGN_BYTES_MAX, memory // limits.MEMORY_SHARE)
        letters = limits.LETTERS_MAX, limits.LETTER_BYTES_MAX, limits.LETTER_BYTES_MAX
        resident = min(limits.RESIDENT_BYTES_MAX, memory // limits.RESIDENT_SHARE)
        return cls(size, limits.GRAPH_RECORDS_MAX, limits.POLICY_BYTES_MAX, *letters, resident)

    def for_strangers(self) -> Caps:
        """Return the part of these limits that the people share for whom nobody answers."""
        return Caps(*(max(1, cap // limits.STRANGERS_PART) for cap in self))

    def short(self, use: StoreUsage, charge: Charge) -> tuple[int, ...]:
        """Return which of these limits, by their positions, a record that counts like this does not keep beside `use`."""
        times = 2 if charge.to_me else 1
        pairs = zip(figures(use), figures(charge.usage()), self, strict=True)
        return tuple(at for at, (used, more, cap) in enumerate(pairs) if more and used + more > times * cap)

    def fit(self, use: StoreUsage, charge: Charge) -> bool:
        """Whether a record that counts like this fits beside the present `use`."""
        return not self.short(use, charge)

    def full(self, use: StoreUsage) -> list[int]:
        """Return which limits, by their positions, are used nearly whole."""
        return [at for at, (used, cap) in enumerate(zip(figures(use), self, strict=True)) if 10 * used >= 9 * cap]


_FIGURES: tuple[Callable[[StoreUsage], int], ...] = tuple(
    attrgetter(name)
    for name in (
        "other_size",
        "graph_records",
        "policies",
        "letters",
        "letter_bytes",
        "letter_tombstone_bytes",
        "resident",
    )
)


def figures(use: StoreUsage) -> tuple[int, ...]:
    """Return what `use` counts, in the order of `Caps`."""
    return tuple(figure_of(use) for figure_of in _FIGURES)


def figure(use: StoreUsage, at: int) -> int:
    """Return one of these figures, by its position."""
    return _FIGURES[at](use)


def enough_of_disk(size: int) -> int:
    """Return how many bytes of a disk of this size must be free for the records of others."""
    return min(limits.DISK_FREE_ENOUGH, max(limits.DISK_FREE_LEAST, size // limits.DISK_FREE_PART))


class Charge(NamedTuple):
    """The limits that a record counts against: by author, by kind, and by bytes.

    `to_me` says that it is a letter to the owner of this node, `takes_back` that it has no body.
    """

    author: PersonId
    kind: int
    size: int
    to_me: bool = False
    takes_back: bool = False

    def fits_author(self, use: StoreUsage, *, known: bool = False) -> bool:
        """Whether it fits beside what else is held of its author; `known` if another version of its register is held.

        Letters, which a node also writes by itself, never take the place of what their author posts.
        """
        if self.kind != Kind.LETTER:
            fits = use.other_records - known < limits.AUTHOR_RECORDS_MAX
            return fits and use.other_size + self.size <= limits.AUTHOR_BYTES_MAX
        if use.letter_records - known >= limits.AUTHOR_LETTER_REGISTERS_MAX:
            return False
        fits = use.letters - known < limits.AUTHOR_LETTERS_MAX
        return self.takes_back or (fits and use.letter_bytes + self.size <= limits.AUTHOR_LETTER_BYTES_MAX)

    def usage(self) -> StoreUsage:
        """Return what such a record takes up at most: a listing as if it had a place of its own."""
        use = StoreUsage()
        use.add(self.kind, self.size, whole=not self.takes_back, placed=True, sign=1)
        return use


class Room:
    """The room that is left at one moment. Made by `Quota.room`; what is taken is counted."""

    def __init__(self, quota: Quota, source: PersonId) -> None:
        self._quota = quota
        quota.accounts.refresh()
        self._in_all = quota.others().copy()
        self._uses: dict[Account, StoreUsage] = {}
        self._by_author: dict[PersonId, StoreUsage] = {}
        self._waiting = quota.pending_left(source)

    def take(self, charge: Charge) -> bool:
        """Whether a record that counts like this fits, or others would make way for it; it is counted if so."""
        author, kind, size = charge.author, charge.kind, charge.size
        quota = self._quota
        use = self._by_author.get(author)
        if use is None:
            use = self._by_author[author] = quota.records.usage_of(author).copy()
        if not charge.fits_author(use):
            return False
        if kind == Kind.JOIN and len(quota.records.slots_of(author, Kind.JOIN)) >= limits.GROUPS_MAX:
            return False
        account = quota.introducers.introducer(author)
        known = self._uses.get(account)
        if known is None:
            known = self._uses[account] = quota.accounts.use(account).copy()
        short = None if quota.is_near(author) else quota.short_of(charge, account, known, self._in_all)
        if short not in (None, Shortage.ALL):
            return False
        for counted in (use, known, self._in_all):
            counted.add(kind, size, whole=not charge.takes_back, sign=1)
        return True

    def take_waiting(self) -> bool:
        """Whether one more record may wait for a certificate or policy; it is counted if it may."""
        self._waiting -= 1
        return self._waiting >= 0


class Quota:
    """Decides what the store of the person `me` has space for.

    Ingest asks it inside the transaction that stores the record; nothing is reserved in between.
    """

    def __init__(
        self, store: Store, trust_state: TrustState, introducers: Introducers, me: PersonId, pace: PolicyPace
    ) -> None:
        self._store = store
        self._trust_state = trust_state
        self.introducers = introducers
        self._me = me
        self.policy_pace = pace
        """How often a new version of one device's policy is taken."""
        self.caps = Caps.of_this_machine()
        """The limits for the records of all others."""
        self.records = store.records
        self.accounts = Accounts(store.records, introducers, me)
        """What the people take up for whom one person answers."""
        self.unsettled: set[PersonId] = set()
        """Authors who were admitted since their records came from somebody for whom the owner, or another, answers."""
        self._disk_was_full = False

    @property
    def disk_is_full(self) -> bool:
        """Whether so little of the disk is free that only own records, and what takes something back, may be written.

        Once it is full it counts as full until a quarter more than that is free, so that it does not change all the time.
        """
        disk = self._store.disk()
        if disk is None:
            return False
        free, size = disk
        enough = enough_of_disk(size)
        self._disk_was_full = free < (enough + enough // 4 if self._disk_was_full else enough)
        return self._disk_was_full

    def others(self) -> StoreUsage:
        """Return what the records of all others take up."""
        use = self.records.usage_in_all().copy()
        use.add_all(self.records.usage_of(self._me), sign=-1)
        return use

    @property
    def bare_most(self) -> int:
        """How many certificates are kept of people for whom nobody answers and of whom nothing else is held."""
        return max(1, self.caps.for_strangers().graph_records // limits.BARE_PART)

    @property
    def is_full(self) -> bool:
        """Whether the records of all others together use nearly all that they may."""
        return bool(self.caps.full(self.others()))

    def filling(self) -> list[PersonId]:
        """Return the people whose accounts fill a good part of the room, where nearly all of it is used."""
        full = self.caps.full(self.others())
        if not full:
            return []
        self.accounts.refresh()
        uses = self.accounts.uses()
        return sorted(
            account
            for account, use in uses.items()
            if account is not None
            and any(figures(use)[at] * max(limits.FILLING_PART, len(uses)) >= self.caps[at] for at in full)
        )

    @property
    def strangers_are_full(self) -> bool:
        """Whether the people for whom nobody answers use nearly all the room that they share."""
        caps = self.caps.for_strangers()
        if not caps.full(self.others()) and not self._bare_is_full(self.others().certificates):
            return False
        self.accounts.refresh()
        return bool(caps.full(self.accounts.use(None))) or self._bare_is_full(self.accounts.bare)

    def shortage(self, record: Record, source: PersonId | None, *, disk_is_full: bool) -> Shortage | None:
        """Return what keeps `record` from being stored; None if it may be. `source` has brought it (None: this node).

        The signature and certificate are verified, so its author is known.
        """
        author, size = record.header.author, len(record.wire)
        if author == self._me:
            return None
        short = Shortage.DISK if disk_is_full else self._shortage_of_room(record, source)
        return None if short is None or self._replaces_as_much(record, size) else short

    def pending_left(self, source: PersonId | None, *, takes_back: bool = False) -> int:
        """Return how many more of the records that `source` brings may be pending: it is not proved who wrote them.

        All whom the same person answers for share this. What `takes_back` something has as much room again: it is
        small, and nobody offers a tombstone twice.
        """
        times = 2 if takes_back else 1
        left = times * limits.PENDING_RECORDS_MAX - self.records.count_pending()
        if source is None:
            return left
        account = self.introducers.introducer(source)
        most = limits.PENDING_FROM_STRANGERS_MAX if account is None else limits.PENDING_FROM_ONE_MAX
        waiting = sum(
            count
            for person, count in self.records.pending_by_source().items()
            if self.introducers.introducer(person) == account
        )
        return min(left, times * most - waiting)

    def charge(self, record: Record) -> Charge:
        """Return what `record` counts against."""
        header, is_for_me = record.header, self._is_for_me(record)
        return Charge(header.author, header.kind, len(record.wire), to_me=is_for_me, takes_back=not record.body)

    def room(self, source: PersonId) -> Room:
        """Return the room that is left now for what `source` brings."""
        return Room(self, source)

    def is_near(self, person: PersonId) -> bool:
        """Whether the owner vouches for this person, who always finds room."""
        return self._trust_state.graph.weight(self._me, person) > 0

    def account_of(self, author: PersonId, source: PersonId) -> Account:
        """Return the account for records by `author` that `source` brings.

        Where nobody answers for the author as far as is known, the source's introducer does for now: the vouches that
        lead to the author may be on their way.
        """
        return self.introducers.introducer(author) or self.introducers.introducer(source)

    def distance(self, author: PersonId) -> int:
        """Return how far this author is from the owner; it says only who is nearer."""
        return self.introducers.answers().get(author, NOBODY)[1]

    def short_of(self, charge: Charge, account: Account, use: StoreUsage, in_all: StoreUsage) -> Shortage | None:
        """Return what keeps a record of this account out; `use` is what the account takes up, `in_all` all others'.

        The accounts must be refreshed.
        """
        author, kind = charge.author, charge.kind
        if account is None:
            known = self.records.usage_of(author)
            is_bare = kind == Kind.DEVICE and known.records == known.certificates
            if (is_bare and self.accounts.bare >= self.bare_most) or not self.caps.for_strangers().fit(use, charge):
                return Shortage.STRANGERS
        short = self.caps.short(in_all, charge)
        if not short:
            return None
        counted, uses = charge.usage(), self.accounts.uses().values()
        for at in short:
            largest = max((figure(other, at) for other in uses), default=0)
            if figure(use, at) + figure(counted, at) >= largest:
                return Shortage.STRANGERS if account is None else Shortage.INTRODUCER
        return Shortage.ALL

    # --- inside ----------------------------------------------------------------------------------------------------

    def _shortage_of_room(self, record: Record, source: PersonId | None) -> Shortage | None:
        records, author, charge = self.records, record.header.author, self.charge(record)
        known = records.newest(record.register) is not None
        if not charge.fits_author(records.usage_of(author), known=known):
            return Shortage.AUTHOR
        if record.header.kind == Kind.JOIN and not known and not self._would_count(record):
            return Shortage.AUTHOR
        if source is None or self.is_near(author):
            return None
        return self._shortage_for_others(charge, source)

    def _would_count(self, join: Record) -> bool:
        """Whether `join` is one of those that count of its author, so that all nodes keep the same in any order."""
        slots = self.records.slots_of(join.header.author, Kind.JOIN)
        return len(slots) < limits.GROUPS_MAX or join.header.slot < slots[limits.GROUPS_MAX - 1]

    def _is_for_me(self, record: Record) -> bool:
        if record.header.kind != Kind.LETTER or not record.body:
            return False
        letter = body_of(record)
        author, slot = record.header.author, record.header.slot
        return isinstance(letter, Letter) and letter.tag == letter_tag(author, self._me, slot)

    def _shortage_for_others(self, charge: Charge, source: PersonId) -> Shortage | None:
        author, in_all = charge.author, self.others()
        fits = self.caps.fit(in_all, charge)
        if fits and self.caps.for_strangers().fit(in_all, charge) and in_all.certificates < self.bare_most:
            return None  # all accounts together take up less than the smallest may
        if fits and self.introducers.introducer(source) is not None:
            self.unsettled.add(author)
            return None
        account = self.account_of(author, source)
        self.accounts.refresh()
        return self.short_of(charge, account, self.accounts.use(account), in_all)

    def _bare_is_full(self, certificates: int) -> bool:
        return 10 * certificates >= 9 * self.bare_most

    def _replaces_as_much(self, record: Record, size: int) -> bool:
        """Whether it takes no more space than what it replaces. A header only comes on top, but is small."""
        newest = self.records.newest(record.register)
        return newest is not None and (not record.body or size <= len(newest.wire))
