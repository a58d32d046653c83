"""Builds the parts of one node and hands them to every use-case as one object, its first argument."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, Protocol, TypeVar

from msgspec import Struct, field

from meshnode import __version__
from meshnode.clock import Clock
from meshnode.guard import Guard
from meshnode.replica.access import AccessPolicy
from meshnode.replica.changes import Changes
from meshnode.replica.ingest import Ingest, Verifier, verify_one_by_one
from meshnode.replica.introducers import Introducers
from meshnode.replica.photos import PhotoKeeper
from meshnode.replica.policy_pace import PolicyPace
from meshnode.replica.quota import Quota
from meshnode.replica.reevaluate import Reevaluator
from meshnode.replica.refusal_memory import RefusalMemory
from meshnode.replica.spreading import Spreading
from meshnode.replica.transaction import Transactions, UnitOfWork
from meshnode.replica.trust_state import TrustState
from meshnode.store import Store
from protocol import DeviceId, DeviceKeys, IdentityKeys, PersonId, limits
from protocol.session import HeaderRoom

FORMER_DEVICE = (
    "former_device"  # a name in the store's small values: the device key that this computer had before, in hex
)

Entropy = Callable[[int], bytes]
Result = TypeVar("Result")


class StoreRunner(Protocol):
    """Runs functions one at a time in the thread that alone may use the replica (`store.store_thread.StoreThread`)."""

    def run(self, function: Callable[..., Result], /, *arguments: Any) -> Awaitable[Result]:
        """Run `function(*arguments)` in that thread; return its result, or raise its error. Once begun, it is completed."""


class Replica(Struct, frozen=True):
    """One person's node: its keys, its store, and the parts that decide what is stored and served.

    Everything here runs in the store thread, one function at a time. `identity` is None while the identity key is
    locked or kept on another device (`elsewhere`): such a node reads, serves and posts, but certifies no device.
    `entropy(n)` returns n random bytes.
    """

    store: Store
    keys: DeviceKeys
    identity: IdentityKeys | None
    me: PersonId
    clock: Clock
    entropy: Entropy
    trust_state: TrustState
    access: AccessPolicy
    introducers: Introducers
    reevaluator: Reevaluator
    run: bytes
    """Drawn at random at each start: another machine with the keys of this device has another one."""
    changes: Changes
    transactions: Transactions
    ingest: Ingest
    guard: Guard
    """Runs what nobody waits for, so that an error in it stays alone."""
    photos: PhotoKeeper
    """Says which photos of others are fetched and kept."""
    elsewhere: bool = False
    receipts: bool = True
    """Whether this node tells the authors of letters which of them it has opened."""
    refusal_memory: RefusalMemory = field(default_factory=RefusalMemory)
    """What peers have shown in earlier sessions and was refused, for reasons that may hold still."""
    header_room: HeaderRoom = field(default_factory=HeaderRoom)
    """The room that all sessions share for the headers that they are still to send."""
    spreading: Spreading = field(default_factory=Spreading)
    """The count that all sessions share of the peers that were told of a post."""
    former_letter_keys: tuple[bytes, ...] = ()
    """The private letter keys of the devices that this node was before: letters to them may be on their way."""

    @property
    def device(self) -> DeviceId:
        """The device that this node writes as."""
        return self.keys.device_id

    @property
    def former_device(self) -> DeviceId | None:
        """The device that this computer wrote as before, if it took a new device key."""
        former = self.store.meta.get(FORMER_DEVICE)
        return None if former is None else bytes.fromhex(former)

    @property
    def quota(self) -> Quota:
        """The limits for records of others."""
        return self.ingest.quota

    def transaction(self) -> AbstractContextManager[UnitOfWork]:
        """Commit everything that is written in a `with` block together, or nothing of it; see `Transactions.begin`."""
        return self.transactions.begin()

    @classmethod
    def open(  # noqa: PLR0913 - each argument is a part of the node
        cls,
        store: Store,
        me: PersonId,
        keys: DeviceKeys,
        clock: Clock,
        entropy: Entropy,
        *,
        identity: IdentityKeys | None = None,
        elsewhere: bool = False,
        receipts: bool = True,
        former_letter_keys: tuple[bytes, ...] = (),
        verifier: Verifier = verify_one_by_one,
    ) -> Replica:
        """Read the trust state from `store` and put the parts together.

        `store` stays open and belongs to the caller, who closes it. Raises StorageFailed or StorageDamaged where the
        store cannot be read.
        """
        trust_state = TrustState()
        trust_state.load(store)
        access = AccessPolicy(trust_state, me)
        introducers = Introducers(trust_state, me)
        guard = Guard(store.meta, __version__, clock.monotonic)
        changes = Changes(partial(guard.attempt, "following a change"))
        reevaluator = Reevaluator(store, trust_state, access, me)
        reevaluator.begin()
        transactions = Transactions(store, trust_state, reevaluator, changes)
        quota = Quota(store, trust_state, introducers, me, PolicyPace(clock))
        ingest = Ingest(
            store, trust_state, access, reevaluator, transactions, quota, clock, (me, keys.device_id), verifier
        )
        return cls(
            store=store,
            keys=keys,
            identity=identity,
            me=me,
            clock=clock,
            entropy=entropy,
            trust_state=trust_state,
            access=access,
            introducers=introducers,
            reevaluator=reevaluator,
            run=entropy(limits.RUN_BYTES),
            changes=changes,
            transactions=transactions,
            ingest=ingest,
            guard=guard,
            photos=PhotoKeeper(store, introducers, quota, me),
            elsewhere=elsewhere,
            receipts=receipts,
            former_letter_keys=former_letter_keys,
        )
