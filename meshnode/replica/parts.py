"""Divides a large batch of received records into parts, each to be taken in with a commit of its own.

A thousand certificates, policies and profiles take half a second to take in. Others have their turn between two parts,
and the peer hears that its records were taken when the last part is committed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from protocol import PersonId, Record
from protocol.session import Phase, phase_of, turn_of

PART_EFFORT = 900  # of one part: some 0.1 s in a web of ten thousand people; smaller ones share short room less evenly
_EFFORT = {Phase.GRAPH: 3, Phase.CONTENT: 1}  # of one record: who is connected with whom takes longer than a listing


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
        one = _EFFORT[phase_of(record.header.kind)]
        if part and effort + one > PART_EFFORT:
            yield part, True
            part, effort = [], 0
        part.append(record)
        effort += one
    yield part, False
