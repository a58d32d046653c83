"""Names the errors that many routes have in common."""

from __future__ import annotations

from meshnode.errors import Ambiguous, NotFound, Refused, StorageFull

NAMED = (NotFound, Ambiguous)
"""The errors of routes that take a name or id, or the beginning of one."""
WRITES = (Refused, StorageFull)
"""The errors of routes that write."""
