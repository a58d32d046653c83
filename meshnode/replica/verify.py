"""Verifies the signatures of a batch on several threads: libsodium releases the interpreter's lock.

Verifying is by far the most expensive step of ingest, and signatures are independent of each other, so a batch is
shared out to as many threads as there are cores. The caller waits: if it went on meanwhile, every thread would queue
for the lock after each signature and all would be slower. Small batches are not worth the overhead.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from meshnode.replica.ingest import verify_one_by_one
from protocol import Record

WORTH_SHARING = 32  # records; below this, waking threads costs more than it saves


class SharedVerifier:
    """Verifies batches on `threads` threads; must be closed when the node stops."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="verify")

    def __call__(self, records: Sequence[Record]) -> list[bool]:
        """Return for each record, in order, whether its signature is valid."""
        if len(records) < WORTH_SHARING or self._threads == 1:
            return verify_one_by_one(records)
        share = -(-len(records) // self._threads)
        parts = [records[start : start + share] for start in range(0, len(records), share)]
        return [good for verdicts in self._pool.map(verify_one_by_one, parts) for good in verdicts]

    def close(self) -> None:
        """Wait for the threads and end them."""
        self._pool.shutdown(wait=True)
