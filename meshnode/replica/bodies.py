"""Reads the bodies of stored records, of which another version of the program may have written some in another form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from protocol import Body, Record, RemoteError, body_of


def readable_body(record: Record) -> Body | None:
    """Return the body of a stored record; None if it has none, or only another version of this program could read it."""
    try:
        return body_of(record) if record.body else None
    except RemoteError:
        return None


def readable(records: Iterable[Record]) -> Iterator[tuple[Record, Body]]:
    """Yield those of these records whose bodies this version can read, each with its body."""
    for record in records:
        body = readable_body(record)
        if body is not None:
            yield record, body
