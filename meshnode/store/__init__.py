"""What a node holds, in one SQLite file: records by register, people, cards, blocks, exchanges, small values.

Plain synchronous code; the one async seam is `desk.Desk`, imported from there so that nothing else here needs trio.
"""

from __future__ import annotations

from meshnode.store.archive import Ended
from meshnode.store.cards import ClaimResult, IssuedCard, TakenCard
from meshnode.store.devices import IssuedCode, Owed, OwnDevice
from meshnode.store.discover import Alert, Hidden, Seen, Watch
from meshnode.store.exchanges import Exchange, KeptMove
from meshnode.store.introductions import Introduced
from meshnode.store.letters import LyingLetter, SentLetter
from meshnode.store.people import Address, PinnedKeys
from meshnode.store.rows import Row, State
from meshnode.store.store import Store, StoreProblem
from meshnode.store.usage import Use

__all__ = [
    "Address",
    "Alert",
    "ClaimResult",
    "Ended",
    "Exchange",
    "Hidden",
    "Introduced",
    "IssuedCard",
    "IssuedCode",
    "KeptMove",
    "LyingLetter",
    "Owed",
    "OwnDevice",
    "PinnedKeys",
    "Row",
    "Seen",
    "SentLetter",
    "State",
    "Store",
    "StoreProblem",
    "TakenCard",
    "Use",
    "Watch",
]
