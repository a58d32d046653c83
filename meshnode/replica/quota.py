"""Limits what others may store here: per author, per person who brings records, and together.

Anybody can create any number of Sybils and sign for all of them. So records count towards the person who brought them:
a person whom the owner lets in answers for everybody behind them, and leaves space for what others bring. People whom
the owner vouches for are always admitted, and so is a record that takes no more space than the one it replaces: a
withdrawal must never fail because the store is full.
"""

from __future__ import annotations

import os
from dataclasses import replace
from enum import Enum
from typing import NamedTuple

from meshnode.replica.trust_state import TrustState
from meshnode.store import Store, StoreUsage
from protocol import Kind, Letter, PersonId, Record, body_of, limits
from protocol.letters import letter_tag


class Shortage(Enum):
    """Something of which there is too little to take a record now; the value says it in words."""

    DISK = "the disk is nearly full"
    AUTHOR = "their author has as much here as one person may have"
    BRINGER = "the person who brings them has brought as much as one person may bring"
    ALL = "what others have sent takes up all the space that it may"
    WAITING = "too much waits here already for certificates or policies"


class Caps(NamedTuple):
    """Limits for all records of others together.

    `graph_records` counts certificates, policies, profiles and joins; `policies` and `letter_bytes` are in bytes.
    """

    size: int
    graph_records: int
    policies: int
    letters: int
    letter_bytes: int

    @classmethod
    def of_this_machine(cls) -> Caps:
        """Return the limits for all records of others together, as the memory of this machine allows."""
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        size = min(limits.FOREIGN_BYTES_MAX, memory // limits.MEMORY_SHARE)
        return cls(size, limits.GRAPH_RECORDS_MAX, limits.POLICY_BYTES_MAX, limits.LETTERS_MAX, limits.LETTER_BYTES_MAX)

    def from_one(self) -> Caps:
        """Return the part of these limits that one person who brings records may use."""
        part, whole = limits.FROM_ONE_SHARE
        return Caps(*(cap * part // whole for cap in self))

    def fit(self, use: StoreUsage, charge: Charge) -> bool:
        """Whether a record that counts like this fits beside the present `use`.

        Letters have room of their own, and what is left of withdrawn ones too: they take none from anything else.
        """
        kind, size = charge.kind, charge.size
        if kind == Kind.LETTER:
            if charge.takes_back:
                return use.letter_tombstone_bytes + size <= self.letter_bytes
            share = 2 if charge.to_me else 1  # letters to others leave as much again for those to the owner
            return use.letters < share * self.letters and use.letter_bytes + size <= share * self.letter_bytes
        if use.other_size + size > self.size:
            return False
        if kind > Kind.JOIN:
            return True
        return use.graph_records < self.graph_records and (kind != Kind.POLICY or use.policies + size <= self.policies)

    def full(self, use: StoreUsage) -> bool:
        """Whether nearly all of one of the limits is used."""
        uses = (use.other_size, use.graph_records, use.policies, use.letters, use.letter_bytes)
        return any(10 * used >= 9 * cap for used, cap in zip(uses, self, strict=True))


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


class Room:
    """The room that is left at one moment for what one person brings. Made by `Quota.room`; what is taken is counted."""

    def __init__(
        self, store: Store, trust_state: TrustState, me: PersonId, caps: Caps, source: PersonId | None
    ) -> None:
        records = store.records
        self._records = records
        self._graph = trust_state.graph
        self._me = me
        self._caps = caps
        self._from_one = caps.from_one()
        self._foreign = source is not None and source != me
        self._by_source = replace(records.usage_from(source)) if self._foreign else StoreUsage()
        self._by_all = replace(records.usage_from())
        self._by_author: dict[PersonId, StoreUsage] = {}
        self._waiting = min(
            limits.PENDING_RECORDS_MAX - records.count_pending(),
            limits.PENDING_FROM_ONE_MAX - records.count_pending(source) if source is not None else 0,
        )

    def take(self, charge: Charge) -> bool:
        """Whether a record that counts like this fits; it is counted if it does."""
        author, kind, size = charge.author, charge.kind, charge.size
        use = self._by_author.get(author)
        if use is None:
            use = self._by_author[author] = replace(self._records.usage_of(author))
        if not charge.fits_author(use):
            return False
        if kind == Kind.JOIN and len(self._records.slots_of(author, Kind.JOIN)) >= limits.GROUPS_MAX:
            return False
        near = self._graph.weight(self._me, author) > 0
        shared = (not self._foreign or self._from_one.fit(self._by_source, charge)) and self._caps.fit(
            self._by_all, charge
        )
        if not (near or shared):
            return False
        for counted in (use, self._by_source, self._by_all):
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

    def __init__(self, store: Store, trust_state: TrustState, me: PersonId) -> None:
        self._store = store
        self._trust_state = trust_state
        self._me = me
        self._caps = Caps.of_this_machine()
        self._from_one = self._caps.from_one()
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
        enough = min(limits.DISK_FREE_ENOUGH, max(limits.DISK_FREE_LEAST, size // limits.DISK_FREE_PART))
        self._disk_was_full = free < (enough + enough // 4 if self._disk_was_full else enough)
        return self._disk_was_full

    @property
    def is_full(self) -> bool:
        """Whether the records of all others together use nearly all that they may."""
        return self._caps.full(self._store.records.usage_from())

    def sources_near_limit(self) -> list[PersonId]:
        """Return the people who have brought nearly as much as one person may."""
        return [
            person
            for person, use in self._store.records.usage_by_source()
            if person != self._me and self._from_one.full(use)
        ]

    def shortage(self, record: Record, source: PersonId | None, *, disk_is_full: bool) -> Shortage | None:
        """Return what keeps `record` from being stored; None if it may be. `source` has brought it (None: this node).

        The signature and certificate are verified, so its author is known.
        """
        author, size = record.header.author, len(record.wire)
        if author == self._me:
            return None
        short = Shortage.DISK if disk_is_full else self._shortage_of_room(record, source)
        return None if short is None or self._replaces_as_much(record, size) else short

    def admits_pending(self, waiting: int, *, takes_back: bool = False) -> bool:
        """Whether one more record may be pending; `waiting` pending ones were brought by the same person.

        What `takes_back` something has as much room again: it is small, and nobody offers a tombstone twice.
        """
        share = 2 if takes_back else 1
        all_pending = self._store.records.count_pending()
        return waiting < share * limits.PENDING_FROM_ONE_MAX and all_pending < share * limits.PENDING_RECORDS_MAX

    def charge(self, record: Record) -> Charge:
        """Return what `record` counts against."""
        header, is_for_me = record.header, self._is_for_me(record)
        return Charge(header.author, header.kind, len(record.wire), to_me=is_for_me, takes_back=not record.body)

    def room(self, source: PersonId | None) -> Room:
        """Return the room that is left now for what `source` brings."""
        return Room(self._store, self._trust_state, self._me, self._caps, source)

    # --- inside ----------------------------------------------------------------------------------------------------

    def _shortage_of_room(self, record: Record, source: PersonId | None) -> Shortage | None:
        records, author, charge = self._store.records, record.header.author, self.charge(record)
        known = records.newest(record.register) is not None
        if not charge.fits_author(records.usage_of(author), known=known):
            return Shortage.AUTHOR
        if record.header.kind == Kind.JOIN and not known and not self._would_count(record):
            return Shortage.AUTHOR
        if source is None or self._trust_state.graph.weight(self._me, author) > 0:
            return None
        return self._shortage_for_others(charge, source)

    def _would_count(self, join: Record) -> bool:
        """Whether `join` is one of those that count of its author, so that all nodes keep the same in any order."""
        slots = self._store.records.slots_of(join.header.author, Kind.JOIN)
        return len(slots) < limits.GROUPS_MAX or join.header.slot < slots[limits.GROUPS_MAX - 1]

    def _is_for_me(self, record: Record) -> bool:
        if record.header.kind != Kind.LETTER or not record.body:
            return False
        letter = body_of(record)
        author, slot = record.header.author, record.header.slot
        return isinstance(letter, Letter) and letter.tag == letter_tag(author, self._me, slot)

    def _shortage_for_others(self, charge: Charge, source: PersonId) -> Shortage | None:
        records = self._store.records
        foreign = source != self._me  # another device of the owner brings what the owner let in
        if foreign and not self._from_one.fit(records.usage_from(source), charge):
            return Shortage.BRINGER
        return None if self._caps.fit(records.usage_from(), charge) else Shortage.ALL

    def _replaces_as_much(self, record: Record, size: int) -> bool:
        """Whether it takes no more space than what it replaces. A header only comes on top, but is small."""
        newest = self._store.records.newest(record.register)
        return newest is not None and (not record.body or size <= len(newest.wire))
