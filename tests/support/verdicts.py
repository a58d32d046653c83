"""Verifies signatures once for all nodes of a process: a verdict depends on the record alone."""

from __future__ import annotations

from collections.abc import Sequence

from protocol import Record, RecordId, verify_signature


class SharedVerdicts:
    """Verifies signatures for several nodes, each once: a record's id covers all that is signed, and the key."""

    def __init__(self) -> None:
        self._verdicts: dict[tuple[RecordId, bytes], bool] = {}

    def __call__(self, records: Sequence[Record]) -> list[bool]:
        """Return for each record, in order, whether its signature holds."""
        return [self._holds(record) for record in records]

    def _holds(self, record: Record) -> bool:
        known = self._verdicts.get((record.id, record.signature))
        if known is None:
            known = self._verdicts[record.id, record.signature] = verify_signature(record)
        return known
