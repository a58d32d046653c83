"""Limits what others may store here: per author, per person who brings records, and together.

Anybody can create any number of Sybils and sign for all of them. So records count towards the person who brought them:
a person whom the owner lets in answers for everybody behind them, and leaves space for what others bring. People whom
the owner vouches for are always admitted, and so is a record that takes no more space than the one it replaces: a
withdrawal must never fail because the store is full.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from meshnode.replica.trust_state import TrustState
from meshnode.store import Store, StoreUsage
from protocol import Kind, Letter, PersonId, Record, body_of, limits
from protocol.letters import letter_tag


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

    def fit(self, use: StoreUsage, kind: int, size: int) -> bool:
        """Whether a record of this kind and of `size` bytes fits beside the present `use`."""
        if use.size + size > self.size:
            return False
        if kind == Kind.LETTER:
            return use.letters < self.letters and use.letter_bytes + size <= self.letter_bytes
        if kind > Kind.JOIN:
            return True
        return use.graph_records < self.graph_records and (kind != Kind.POLICY or use.policies + size <= self.policies)

    def full(self, use: StoreUsage) -> bool:
        """Whether nearly all of one of the limits is used."""
        uses = (use.size, use.graph_records, use.policies, use.letters, use.letter_bytes)
        return any(10 * used >= 9 * cap for used, cap in zip(uses, self, strict=True))


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

    @property
    def disk_is_full(self) -> bool:
        """Whether so little of the disk is free that only own records may be written."""
        disk = self._store.disk()
        if disk is None:
            return False
        free, size = disk
        return free < limits.DISK_FREE_ENOUGH and free * limits.DISK_FREE_PART < size

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

    def admits(self, record: Record, source: PersonId | None, *, disk_is_full: bool) -> bool:
        """Whether `record` may be stored; `source` has brought it, None for this node itself.

        The signature and certificate are verified, so its author is known.
        """
        author = record.header.author
        if author == self._me:
            return True
        size = len(record.wire)
        if not disk_is_full and self._fits_author(record, size):
            near = source is None or self._trust_state.graph.weight(self._me, author) > 0
            # A letter to the owner counts as an ordinary record: letters to others must not keep it out.
            kind = Kind.LISTING if self._is_for_me(record) else record.header.kind
            if near or self._fits_shared(kind, size, source):
                return True
        return self._replaces_as_much(record, size)

    def admits_pending(self, waiting: int) -> bool:
        """Whether one more record may be pending; `waiting` pending ones were brought by the same person."""
        all_pending = self._store.records.count_pending()
        return waiting < limits.PENDING_FROM_ONE_MAX and all_pending < limits.PENDING_RECORDS_MAX

    # --- inside ----------------------------------------------------------------------------------------------------

    def _fits_author(self, record: Record, size: int) -> bool:
        records, author = self._store.records, record.header.author
        if records.bytes_of(author) + size > limits.AUTHOR_BYTES_MAX:
            return False
        if record.header.kind == Kind.LETTER and record.body and not self._fits_letters_of(author, size):
            return False
        at_limit = records.count(author) >= limits.AUTHOR_RECORDS_MAX or (
            record.header.kind == Kind.JOIN and not self._would_count(record)
        )
        return not at_limit or records.newest(record.register) is not None

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

    def _fits_letters_of(self, author: PersonId, size: int) -> bool:
        use = self._store.records.usage_of(author)
        return use.letters < limits.AUTHOR_LETTERS_MAX and use.letter_bytes + size <= limits.AUTHOR_LETTER_BYTES_MAX

    def _fits_shared(self, kind: int, size: int, source: PersonId | None) -> bool:
        records = self._store.records
        foreign = source is not None and source != self._me  # another device of the owner brings what the owner let in
        if foreign and not self._from_one.fit(records.usage_from(source), kind, size):
            return False
        return self._caps.fit(records.usage_from(), kind, size)

    def _replaces_as_much(self, record: Record, size: int) -> bool:
        """Whether it takes no more space than what it replaces. A header only comes on top, but is small."""
        newest = self._store.records.newest(record.register)
        return newest is not None and (not record.body or size <= len(newest.wire))
