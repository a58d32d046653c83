"""Keeps what a node holds in one SQLite file: records by register, people, cards, blocks, exchanges, small values.

All of it is plain synchronous code. `store_thread.StoreThread` calls it from async code and is imported from there, so
that nothing else here needs trio.
"""

from __future__ import annotations

from meshnode.store.archive import ArchivedListing
from meshnode.store.cards import ClaimResult, IssuedCard, TakenCard
from meshnode.store.devices import IssuedCode, OwnDevice, PendingReissue
from meshnode.store.discover import Alert, Hidden, Seen, Watch
from meshnode.store.exchanges import Exchange, KeptMove
from meshnode.store.handovers import KeptLetter, MissingLetter
from meshnode.store.introductions import StoredIntroduction
from meshnode.store.key_shares import StoredShare
from meshnode.store.letters import SentLetter, StoredLetter
from meshnode.store.own_notes import OwnNote
from meshnode.store.parcels import HeldItems
from meshnode.store.people import KnownAddress, PinnedKeys
from meshnode.store.phones import Phone, PhoneAct
from meshnode.store.rows import RecordState, Row
from meshnode.store.store import Store, StoreProblem
from meshnode.store.usage import StoreUsage

__all__ = [
    "Alert",
    "ArchivedListing",
    "ClaimResult",
    "Exchange",
    "HeldItems",
    "Hidden",
    "IssuedCard",
    "IssuedCode",
    "KeptLetter",
    "KeptMove",
    "KnownAddress",
    "MissingLetter",
    "OwnDevice",
    "OwnNote",
    "PendingReissue",
    "Phone",
    "PhoneAct",
    "PinnedKeys",
    "RecordState",
    "Row",
    "Seen",
    "SentLetter",
    "Store",
    "StoreProblem",
    "StoreUsage",
    "StoredIntroduction",
    "StoredLetter",
    "StoredShare",
    "TakenCard",
    "Watch",
]
