"""Whole network sides in one process: real sockets on loopback, real records, stores in memory, no multicast DNS."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

import trio

from meshnode.app.owner.certificates import write_first_records
from meshnode.app.people import cards
from meshnode.clock import Clock
from meshnode.net.discovery import MdnsMode
from meshnode.net.network import Network
from meshnode.net.network_options import NetworkOptions
from meshnode.replica.replica import Replica
from meshnode.store import Store
from meshnode.store.store_thread import StoreThread
from protocol import Audience, Precision, Preference, limits
from tests.support.people import Person

NO_INTERFACE = ("no-such-interface",)  # so that loopback alone is used
WITHIN_SECONDS = 10.0


@dataclass
class Node:
    """One person's node, running."""

    name: str
    replica: Replica
    store_thread: StoreThread
    network: Network

    @property
    def address(self) -> tuple[str, int]:
        return ("127.0.0.1", self.network.port)

    async def card(self) -> str:
        """Return a card with the node's own address."""
        made = await self.store_thread.run(cards.make, self.replica, cards.CardOrder(), [self.address])
        return made.text

    async def add(self, card: str) -> None:
        """Add a card, as `meshnode add` does."""
        await self.store_thread.run(cards.add, self.replica, cards.CardToAdd(card), ())
        self.network.look_again()

    def peers(self) -> set[bytes]:
        """Return the people it is connected to, settled sessions only."""
        return {peer.person for peer in self.network.state().peers if peer.live}


def replica_of(name: str, store: Store | None = None, *, clock: Clock | None = None) -> Replica:
    """Return the replica of a new person."""
    person = Person(name)
    replica = Replica.open(
        store or Store.open(":memory:"),
        person.id,
        person.keys,
        clock or Clock(),
        secrets.token_bytes,
        identity=person.identity,
    )
    write_first_records(
        replica, name=name, place=None, preference=Preference(Audience.TRUSTED_NETWORK, Precision.NEIGHBORHOOD, 25, 0)
    )
    return replica


async def start(
    nursery: trio.Nursery,
    name: str,
    replica: Replica | None = None,
    *,
    port: int = 0,
    sessions: int = limits.SESSIONS_MAX,
) -> Node:
    """Start a node, which ends with the nursery."""
    replica = replica or replica_of(name)
    store_thread = StoreThread(replica.changes.held)
    options = NetworkOptions(port, NO_INTERFACE, MdnsMode.OFF, sessions=sessions)
    network = Network(replica, store_thread, options, jitter=lambda: 0.0)
    await nursery.start(network.run)
    return Node(name, replica, store_thread, network)


async def until(look: Callable[[], object], what: str) -> None:
    """Wait until something is so; AssertionError naming it where it does not come to that."""
    with trio.move_on_after(WITHIN_SECONDS):
        while not look():  # noqa: ASYNC110 - what is looked at is not made for waiting
            await trio.sleep(0.01)
        return
    raise AssertionError(f"not within {WITHIN_SECONDS:g} s: {what}")


async def connect(one: Node, other: Node) -> None:
    """Let `one` add the other's card, and wait until both have settled."""
    await one.add(await other.card())
    await until(
        lambda: other.replica.me in one.peers() and one.replica.me in other.peers(), f"{one.name} and {other.name} meet"
    )
