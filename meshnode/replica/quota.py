"""Who may still put something into the store: what one author, one who brings it, and everybody together may take up.

Anybody can make any number of people up, and sign for all of them. So what comes is metered by who brought it: whoever
I let in answers for all behind him, and leaves room for what others bring. People whom I vouch for myself always find
room, and so does whatever takes up no more than what it replaces: a withdrawal must not fail for want of room.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from meshnode.replica.trust_state import TrustState
from meshnode.store import Store, Usage
from protocol import Kind, Letter, PersonId, Record, body_of, limits
from protocol.letters import letter_tag


class Caps(NamedTuple):
    """What all others' records may take up together: bytes, records that say who is who, bytes of policies, letters and
    their bytes."""

    size: int
    trust_state: int
    policies: int
    letters: int
    letter_bytes: int

    @classmethod
    def of_this_machine(cls) -> Caps:
        """What suits its memory."""
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        size = min(limits.FOREIGN_BYTES_MAX, memory // limits.MEMORY_SHARE)
        return cls(size, limits.GRAPH_RECORDS_MAX, limits.POLICY_BYTES_MAX, limits.LETTERS_MAX, limits.LETTER_BYTES_MAX)

    def from_one(self) -> Caps:
        """What one of those who bring records may take up of it."""
        part, whole = limits.FROM_ONE_SHARE
        return Caps(*(cap * part // whole for cap in self))

    def fit(self, use: Usage, kind: int, size: int) -> bool:
        """Whether a record of this kind and of `size` bytes may come to what is there."""
        if use.size + size > self.size:
            return False
        if kind == Kind.LETTER:
            return use.letters < self.letters and use.letter_bytes + size <= self.letter_bytes
        if kind > Kind.JOIN:
            return True
        return use.graph_records < self.trust_state and (kind != Kind.POLICY or use.policies + size <= self.policies)

    def full(self, use: Usage) -> bool:
        """Whether nearly all of it is used up."""
        uses = (use.size, use.graph_records, use.policies, use.letters, use.letter_bytes)
        return any(10 * used >= 9 * cap for used, cap in zip(uses, self, strict=True))


class Quota:
    """The room in one node's store; asked on the desk, inside the transaction that puts the record in."""

    def __init__(self, store: Store, trust_state: TrustState, me: PersonId) -> None:
        self._store = store
        self._trust_state = trust_state
        self._me = me
        self._caps = Caps.of_this_machine()
        self._from_one = self._caps.from_one()

    @property
    def disk_is_full(self) -> bool:
        """Whether so little of the disk is free that only what is ours may be written."""
        disk = self._store.disk()
        if disk is None:
            return False
        free, size = disk
        return free < limits.DISK_FREE_ENOUGH and free * limits.DISK_FREE_PART < size

    @property
    def is_full(self) -> bool:
        """Whether others' records take up nearly all that they may together."""
        return self._caps.full(self._store.records.brought())

    def crowded_by(self) -> list[PersonId]:
        """Who has brought nearly as much as one may."""
        return [
            person for person, use in self._store.records.bringers() if person != self._me and self._from_one.full(use)
        ]

    def admits(self, record: Record, source: PersonId | None, *, disk_is_full: bool) -> bool:
        """Whether `record`, whose author is known, may be kept; `source` brought it, None being our own hand."""
        author = record.header.author
        if author == self._me:
            return True
        size = len(record.wire)
        if not disk_is_full and self._author_has_room(record, size):
            near = source is None or self._trust_state.graph.weight(self._me, author) > 0
            # What is for me is not carried: it must arrive however many letters to others there are.
            kind = Kind.LISTING if self._is_for_me(record) else record.header.kind
            if near or self._others_leave_room(kind, size, source):
                return True
        return self._is_no_more(record, size)

    def admits_pending(self, waiting: int) -> bool:
        """Whether one more record may wait for its certificate or policy, `waiting` being there from its bringer."""
        all_of_them = self._store.records.count_pending()
        return waiting < limits.PENDING_FROM_ONE_MAX and all_of_them < limits.PENDING_RECORDS_MAX

    # --- inside ----------------------------------------------------------------------------------------------------

    def _author_has_room(self, record: Record, size: int) -> bool:
        records, author = self._store.records, record.header.author
        if records.bytes_of(author) + size > limits.AUTHOR_BYTES_MAX:
            return False
        if record.header.kind == Kind.LETTER and record.body and not self._has_room_for_letter(author, size):
            return False
        crowded = records.count(author) >= limits.AUTHOR_RECORDS_MAX or (
            record.header.kind == Kind.JOIN and not self._would_count(record)
        )
        return not crowded or records.head(record.register) is not None

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

    def _has_room_for_letter(self, author: PersonId, size: int) -> bool:
        use = self._store.records.written_by(author)
        return use.letters < limits.AUTHOR_LETTERS_MAX and use.letter_bytes + size <= limits.AUTHOR_LETTER_BYTES_MAX

    def _others_leave_room(self, kind: int, size: int, source: PersonId | None) -> bool:
        records = self._store.records
        apart = source is not None and source != self._me  # another device of mine brings what I let it take in
        if apart and not self._from_one.fit(records.brought(source), kind, size):
            return False
        return self._caps.fit(records.brought(), kind, size)

    def _is_no_more(self, record: Record, size: int) -> bool:
        """Whether it takes up no more than what it replaces. A header alone comes on top, but is small."""
        head = self._store.records.head(record.register)
        return head is not None and (not record.body or size <= len(head.wire))
