"""A node that passes on what a friend writes: Bob's, between Alice and Carol, and what it serves to whom."""

from __future__ import annotations

from collections.abc import Collection

from meshnode.app.owner import policy
from meshnode.replica.changes import Change
from meshnode.replica.served_set import Delta, ServedSet
from meshnode.store import Row
from protocol import Audience, Record
from protocol.session import Phase
from protocol.wire import Item
from tests.support.clock import FakeClock
from tests.support.network import replica_of
from tests.support.people import NOW, Person

ALICE, CAROL, MALLORY = Person("Alice"), Person("Carol"), Person("Mallory")
PHONE, TABLET = ALICE.on("phone"), ALICE.on("tablet")
LADDER = ALICE.listing("Ladder", now=NOW, audience=Audience.TRUSTED_NETWORK)


class Relay:
    """Bob's node. Bob and Carol trust Alice, and Alice trusts them; she has two devices and has posted a ladder for both."""

    def __init__(self) -> None:
        self.clock = FakeClock(NOW)
        self.replica = replica_of("Bob", clock=self.clock)
        policy.vouch(self.replica, ALICE.id, 900)
        self.bring(ALICE.certificate(NOW), PHONE.certificate(NOW), CAROL.certificate(NOW), CAROL.policy({ALICE: 900}))
        self.bring(self.says(), ALICE.profile(NOW), LADDER)

    def says(self, version: int = 1, *, bob: int = 900, carol: int = 900) -> Record:
        """Return what Alice says about the two."""
        return ALICE.policy({self.replica.me: bob, CAROL: carol}, now=NOW, version=version, stamp=version)

    def bring(self, *records: Record) -> Change:
        """Let Alice bring these; return what that changed."""
        heard: list[Change] = []
        stop = self.replica.changes.subscribe(heard.append)
        self.replica.ingest.receive(records, ALICE.id)
        stop()
        return heard[0] if heard else Change()

    def row(self, record: Record) -> Row:
        """Return how a record is stored."""
        [row] = self.replica.store.records.rows_of([record.id])
        return row

    def serve(self, peer: Person, *, filled: Collection[Phase] = tuple(Phase)) -> ServedSet:
        """Return what Bob's node serves to this person; these phases are in the session already."""
        replica = self.replica
        served = ServedSet(replica.store, replica.access, replica.clock, replica.me, peer.id)
        for phase in filled:
            served.items(phase)
        return served


def item(record: Record) -> Item:
    """Return the item of a record."""
    return (record.header.created, record.id)


def told(delta: Delta) -> list[bytes]:
    """Return the ids of the headers that the peer is told of."""
    return [newer.newest.id for newer in delta.newer]


def moved(delta: Delta) -> list[Item]:
    """Return all that came and went."""
    return [one for items in (delta.added, delta.removed) for phase in Phase for one in items[phase]]
