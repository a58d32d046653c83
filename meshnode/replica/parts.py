"""Divides a large batch of received records, or of those that have ended, into parts, each with a commit of its own.

A thousand policies that others replace take more than a second to take in: each moves the paths of many. Others have their
turn between two parts, and the peer hears that its records were taken when the last part is committed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from meshnode.store import Row
from protocol import Kind, PersonId, Record
from protocol.session import Phase, phase_of, turn_of

PART_EFFORT = 900  # of one part: less than 0.1 s in a web of ten thousand people
_EFFORT = {Phase.GRAPH: 3, Phase.CONTENT: 1}  # of one record: who is connected with whom takes longer than a listing
_POLICY_EFFORT = 16  # it takes the place of another version, and moves paths


def turn_at(record: Record, me: PersonId) -> tuple[int, bool]:
    """Return the sort key by which the node of the person `me` takes a record: its kind's turn, own ones first.

    A new device of the owner gets everything in one batch, and the owner's groups decide about the records of others.
    """
    return turn_of(record.header.kind), record.header.author != me


def in_parts(records: Sequence[Record], me: PersonId) -> Iterator[tuple[list[Record], bool]]:
    """Yield the parts of a batch, each with whether more of them follow; one at least.

    They are in the order in which records are taken, so that each part finds what it depends on.
    """
    part: list[Record] = []
    effort = 0
    for record in sorted(records, key=lambda one: turn_at(one, me)):
        one = _effort(record.header.kind, whole=bool(record.body))
        if part and effort + one > PART_EFFORT:
            yield part, True
            part, effort = [], 0
        part.append(record)
        effort += one
    yield part, False


def first_part(rows: Sequence[Row]) -> Sequence[Row]:
    """Return the first of these records: as many of them as one commit may delete."""
    effort = 0
    for number, row in enumerate(rows):
        effort += _effort(row.kind, whole=row.complete and not row.withdrawn)
        if number and effort > PART_EFFORT:
            return rows[:number]
    return rows


def _effort(kind: int, *, whole: bool) -> int:
    return _POLICY_EFFORT if kind == Kind.POLICY and whole else _EFFORT[phase_of(kind)]
