"""Remembers by their ids the listings of people whom the owner would not be shown at the widest wish.

They stay stored, since the node may carry them, but the catalog leaves them out: an entry in it takes up half a kilobyte,
and one person for whom the owner vouches can bring any number of people whom the owner does not trust. Here a listing
takes up 42 bytes, so that an owner to whom its author has given the id still finds it.
"""

from __future__ import annotations

from collections.abc import Iterator

from protocol import PersonId, RecordId

_NUMBER_BYTES = 10
_RECORD_BYTES = 32
_ROW = _NUMBER_BYTES + _RECORD_BYTES


class Outside:
    """The listings outside of the catalog, by author."""

    def __init__(self) -> None:
        self._rows: dict[PersonId, bytearray] = {}  # by author, for each listing its id as a number, then its record

    def __len__(self) -> int:
        return sum(len(rows) // _ROW for rows in self._rows.values())

    def add(self, author: PersonId, number: int, record: RecordId) -> None:
        """Add a listing, if it is not there."""
        rows = self._rows.setdefault(author, bytearray())
        row = number.to_bytes(_NUMBER_BYTES, "big") + record
        if _position(rows, row) is None:
            rows += row

    def discard(self, author: PersonId, number: int, record: RecordId) -> None:
        """Take a listing out, if it is there."""
        rows = self._rows.get(author)
        at = None if rows is None else _position(rows, number.to_bytes(_NUMBER_BYTES, "big") + record)
        if rows is None or at is None:
            return
        del rows[at : at + _ROW]
        if not rows:
            del self._rows[author]

    def drop(self, author: PersonId) -> None:
        """Take out all listings of this author."""
        self._rows.pop(author, None)

    def numbers(self) -> Iterator[int]:
        """Yield the ids of all listings, as numbers."""
        for rows in self._rows.values():
            for at in range(0, len(rows), _ROW):
                yield int.from_bytes(rows[at : at + _NUMBER_BYTES], "big")

    def with_numbers(self, numbers: range) -> Iterator[RecordId]:
        """Yield the records of the listings whose ids are among these, a range as of `ids.numbers_of`."""
        if not numbers:
            return
        least, most = (number.to_bytes(_NUMBER_BYTES, "big") for number in (numbers[0], numbers[-1]))
        for rows in self._rows.values():
            for at in range(0, len(rows), _ROW):
                if least <= rows[at : at + _NUMBER_BYTES] <= most:
                    yield RecordId(bytes(rows[at + _NUMBER_BYTES : at + _ROW]))


def _position(rows: bytearray, row: bytes) -> int | None:
    at = rows.find(row)
    while at >= 0 and at % _ROW:
        at = rows.find(row, at + 1)
    return None if at < 0 else at
