"""What one node holds and the parts that keep it: built once, handed to every use-case as its first argument."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from meshnode.clock import Clock
from meshnode.replica.access import AccessPolicy
from meshnode.replica.changes import Changes
from meshnode.replica.ingest import Ingest, Verifier, verify_one_by_one
from meshnode.replica.quota import Quota
from meshnode.replica.reevaluate import Reevaluator
from meshnode.replica.transaction import Transactions, UnitOfWork
from meshnode.replica.trust_state import TrustState
from meshnode.store import Store
from protocol import DeviceId, DeviceKeys, IdentityKeys, PersonId

Entropy = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Replica:
    """One person's node: its keys, its store, and what it makes of them. All its methods run on the desk.

    `identity` is None while its key is locked, or kept on another device (`elsewhere`): such a node reads, serves and
    posts, but certifies no device.
    """

    store: Store
    keys: DeviceKeys
    identity: IdentityKeys | None
    me: PersonId
    clock: Clock
    entropy: Entropy
    trust_state: TrustState
    access: AccessPolicy
    reevaluator: Reevaluator
    changes: Changes
    transactions: Transactions
    ingest: Ingest
    elsewhere: bool = False

    @property
    def device(self) -> DeviceId:
        """The device this node writes as."""
        return self.keys.device_id

    @property
    def quota(self) -> Quota:
        """What others may still bring."""
        return self.ingest.quota

    def transaction(self) -> AbstractContextManager[UnitOfWork]:
        """Commit everything that is written in the block together, or nothing of it; see `Transactions.begin`."""
        return self.transactions.begin()

    @classmethod
    def open(
        cls,
        store: Store,
        me: PersonId,
        keys: DeviceKeys,
        clock: Clock,
        entropy: Entropy,
        *,
        identity: IdentityKeys | None = None,
        elsewhere: bool = False,
        verifier: Verifier = verify_one_by_one,
    ) -> Replica:
        """Read the circle from `store` and put the parts together."""
        trust_state = TrustState()
        trust_state.load(store)
        access = AccessPolicy(trust_state, me)
        changes = Changes()
        reevaluator = Reevaluator(store, trust_state, access, me)
        transactions = Transactions(store, trust_state, reevaluator, changes)
        ingest = Ingest(store, trust_state, access, reevaluator, transactions, clock, me, verifier)
        return cls(
            store=store,
            keys=keys,
            identity=identity,
            me=me,
            clock=clock,
            entropy=entropy,
            trust_state=trust_state,
            access=access,
            reevaluator=reevaluator,
            changes=changes,
            transactions=transactions,
            ingest=ingest,
            elsewhere=elsewhere,
        )
