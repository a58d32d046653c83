"""What routes of a kind may answer beside what was asked for."""

from __future__ import annotations

from meshnode.errors import Ambiguous, NotFound, Refused, StorageFull

NAMED = (NotFound, Ambiguous)
"""Whatever is named by the beginning of a name or id."""
WRITES = (Refused, StorageFull)
"""Whatever writes."""
