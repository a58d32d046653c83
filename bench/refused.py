"""Measures the processor time that calls cost this node which lead to nothing: of strangers, and of people turned away.

The node has a hundred contacts, whose keys it tries on every first message. A person who is turned away has made a whole
handshake, since only then it is known who they are; one who comes back too often is ignored, and costs what a stranger costs.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from msgspec import structs

from bench.harness import Bound, Report
from meshnode.app.owner import policy
from meshnode.app.peers import contacts
from meshnode.app.peers.contacts import PskName
from meshnode.app.peers.conversation import Conversation
from meshnode.replica.replica import Replica
from protocol import Code
from protocol.wire import SeenEphemerals
from tests.support.network import replica_of
from tests.support.people import Person

CONTACTS = {"tiny": 2}  # in other sizes
CONTACTS_USUAL = 100
CALLS = {"tiny": 2}
CALLS_USUAL = 200
PAUSE = 60  # seconds that a caller is told
TURNED_AWAY = Bound(5.0, 2.5)  # times what a stranger costs
IGNORED = Bound(1.5, 1.1)

Ignores = Callable[[PskName], bool]


def measure(report: Report) -> None:
    """Let a stranger call, a contact who is turned away, and one who is ignored, and count the time of the node called."""
    hub, guest = replica_of("Hub"), replica_of("Guest")
    friends = [Person(f"Friend {number}") for number in range(CONTACTS.get(report.size.name, CONTACTS_USUAL))]
    for friend in friends:
        policy.vouch(hub, friend.id, 500)
        hub.ingest.receive([friend.certificate(), friend.policy({hub.me: 500})], friend.id)
    for one, other in ((hub, guest), (guest, hub)):
        policy.vouch(one, other.me, 500)
        records = [record for row in other.store.records.rows() if (record := other.store.records.get(row.id))]
        one.ingest.receive(records, other.me)
    known = contacts.dial_keys(guest, hub.me)[0]
    unknown = structs.replace(known, psk=replace(known.psk, hint_key=bytes(32)))
    calls = CALLS.get(report.size.name, CALLS_USUAL)
    samples: list[tuple[float, float, float]] = []
    for _ in range(report.size.runs + 1):
        stranger = _cost(hub, guest, unknown, calls, lambda _: False)
        turned_away = _cost(hub, guest, known, calls, lambda _: False)
        samples.append((stranger, turned_away, _cost(hub, guest, known, calls, lambda _: True)))
    del samples[0]  # the keys were worked out in it
    name = f"a call to a node with {len(friends) + 1} contacts"
    strangers, refused, ignored = zip(*samples, strict=True)
    report.add(f"{name}: by a stranger", "ms", strangers)
    for who, costs, bound in (("who is turned away", refused, TURNED_AWAY), ("who is ignored", ignored, IGNORED)):
        ratios = [cost / base for cost, base in zip(costs, strangers, strict=True)]
        report.add(f"{name}: by somebody {who}", "ms", costs, ratios=ratios, baseline="a stranger's", bound=bound)


def _cost(hub: Replica, guest: Replica, dial: contacts.Dial, calls: int, ignores: Ignores) -> float:
    """Return the processor time in milliseconds that a call costs the hub, from its first byte to the goodbye."""
    seen, spent = SeenEphemerals(), 0.0
    for _ in range(calls):
        calling = Conversation.dialing(guest, dial, 0.0)
        answering: Conversation | None = None
        to_hub = calling.data_to_send()
        while to_hub:
            begun = time.process_time()
            if answering is None:
                answering = Conversation.answering(hub, seen, 0.0, asks_first=True, ignores=ignores)
            answering.receive(to_hub, 0.0)
            if answering.at_door:
                answering.close(Code.BUSY, PAUSE)
            to_guest = answering.data_to_send()
            spent += time.process_time() - begun
            calling.receive(to_guest, 0.0)
            to_hub = b"" if calling.end is not None else calling.data_to_send()
    return 1000 * spent / calls
