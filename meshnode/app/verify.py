"""Checking many signatures at once on all cores: libsodium works without the interpreter's lock.

Verifying is by far the dearest step of taking records in, and each signature stands alone, so a batch is dealt out to
as many threads as there are cores, in small portions: the first verdicts are there while the last are worked out, and
whoever asked goes on with those. Small batches are not worth the handing over.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from meshnode.app.ingest import verify_one_by_one
from protocol import Record

PORTION = 32  # records; for fewer, waking a thread costs more than it saves


class SharedVerifier:
    """Verifies batches on `threads` threads; to be closed when the node stops."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="verify")

    def __call__(self, records: Sequence[Record]) -> Iterator[bool]:
        """For each record whether its signature holds, in order, as soon as it is known."""
        if len(records) < PORTION or self._threads == 1:
            return verify_one_by_one(records)
        portions = [records[start : start + PORTION] for start in range(0, len(records), PORTION)]
        return chain.from_iterable(self._pool.map(_verdicts, portions))

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(wait=True)


def _verdicts(records: Sequence[Record]) -> list[bool]:
    return list(verify_one_by_one(records))
