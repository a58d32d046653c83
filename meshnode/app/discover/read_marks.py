"""Tells the owner's other devices which listings were shown as news on this one, and takes in what was shown on them.

Marks travel in notes, as names do. Each device writes a ring of notes of its own, so that no two write the same one: the
marks made last fill a note, and where the ring is full the oldest note makes way. A mark that was lost by this only makes a
listing news again.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

from meshnode.replica.replica import Replica
from meshnode.store import Seen
from protocol import DeviceId, limits
from protocol.limits import NOTE_VALUE_MAX, READ_NOTES_MAX

_MARK = struct.Struct(">QIQ")  # the number of a listing, a checksum of its title, and when it expires
MARKS_MAX = NOTE_VALUE_MAX // _MARK.size  # of one note
_NUMBER = "read marks"  # the number of the note that was written last, among the small values of the store


def note_shown(replica: Replica, shown: Iterable[Seen]) -> None:
    """Note that these listings were shown as news here. Part of the transaction that is open."""
    store = replica.store.discover
    store.mark_seen(shown, replica.clock.now())
    store.tell_no_more(READ_NOTES_MAX * MARKS_MAX)  # now, by and by: all at once, it takes long


def telling(replica: Replica) -> Iterator[tuple[bytes, bytes]]:
    """Yield the notes that tell of what was shown here since: key and value of each. Part of the transaction that is open."""
    store, number = replica.store.discover, int(replica.store.meta.get(_NUMBER) or 0)
    waiting = store.untold(READ_NOTES_MAX * MARKS_MAX)
    if not waiting:
        return
    marks = store.told_in(number) if number else []
    while waiting:
        if not number or len(marks) >= MARKS_MAX:
            number, marks = number + 1, []
        some, waiting = waiting[: MARKS_MAX - len(marks)], waiting[MARKS_MAX - len(marks) :]
        marks += some
        store.note_told(some, number)
        yield replica.device + bytes([number % READ_NOTES_MAX]), _packed(marks)
    replica.store.meta.set(_NUMBER, str(number))


def writer(key: bytes) -> DeviceId | None:
    """Return the device that writes the note with this key; None for the key of no such note."""
    return DeviceId(key[:-1]) if key and key[-1] < READ_NOTES_MAX else None


def take(replica: Replica, values: Iterable[bytes]) -> None:
    """Take in what notes of other devices tell; of more than there is room for, nothing."""
    now, store = replica.clock.now(), replica.store.discover
    told = [mark for value in values for mark in _marks(value) if now < mark.until <= now + limits.LISTING_LIFE]
    if told and store.count_seen() + len(told) <= limits.READ_MARKS_MAX:
        store.take_seen(told)


def _packed(marks: list[Seen]) -> bytes:
    return b"".join(_MARK.pack(*one) for one in sorted(marks))


def _marks(value: bytes) -> Iterator[Seen]:
    """Yield the marks in a note; none where another device has written nonsense."""
    if len(value) % _MARK.size == 0:
        for key, title_hash, until in _MARK.iter_unpack(value):
            if key >> 63 == 0:
                yield Seen(key, title_hash, until)
