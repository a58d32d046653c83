"""Exchanges between people of a simulated world, by letters that others carry, and what must be true of them at rest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from meshnode.app.catalog.catalog import Catalog
from meshnode.app.exchanges import exchanges
from meshnode.app.exchanges.exchanges import ExchangesQuery, MoveOrder, Request
from meshnode.errors import MeshnodeError
from meshnode.slices import complete
from protocol import Kind, Listing, body_of

if TYPE_CHECKING:
    from meshnode.replica.replica import Replica
    from tests.support.world import World


class Bargains:
    """All exchanges of a world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._catalogs: dict[str, tuple[Replica, Catalog]] = {}
        self.begun = 0
        """How many exchanges people have asked for."""

    def ask(self, name: str) -> None:
        """Let somebody ask for something that their node holds."""
        replica = self._world.replica(name)
        rows = [row for row in replica.store.records.rows(kinds=(Kind.LISTING,)) if row.author != replica.me]
        records = replica.store.records.get_many([row.id for row in self._world.chance.sample(rows, min(len(rows), 3))])
        bodies = [body_of(record) for record in records if record.body]
        for body in bodies:
            if isinstance(body, Listing):
                try:
                    exchanges.respond(replica, self._catalog(name), body.title, Request("May I?"))
                except MeshnodeError:
                    continue  # not visible, not open any longer, or asked for already
                self.begun += 1
                return

    def answer(self, name: str) -> None:
        """Let somebody take the next step in one of their exchanges."""
        replica = self._world.replica(name)
        found = complete(exchanges.exchanges(replica, ExchangesQuery())).exchanges
        possible = [(one.exchange, act) for one in found for act in one.next]
        if possible:
            exchange, act = self._world.chance.choice(possible)
            try:
                exchanges.move(replica, exchange, MoveOrder(act, "Yes.", anyway=True))
            except MeshnodeError:
                return  # the other one can no longer be written to

    def disagreements(self) -> Iterator[str]:
        """Yield the exchanges of which two people in touch, neither of whom blocks the other, think otherwise."""
        world = self._world
        known: dict[str, dict[str, str]] = {}
        for one, other in world.mesh.connections():
            if {one, other} & (world.liars.keys() | world.lost | world.cramped) or not {one, other} <= set(world.names):
                continue
            if world.is_misled(one) or world.is_misled(other):
                continue  # by a wrong date something else has ended
            here, there = world.replica(one), world.replica(other)
            if here.trust_state.graph.blocked_either_way(here.me, there.me):
                continue
            for name, replica in ((one, here), (other, there)):
                if name not in known:
                    known[name] = self._states(replica)
            mine, theirs = known[one], known[other]
            for exchange in sorted(mine.keys() & theirs.keys()):
                if mine[exchange] != theirs[exchange]:
                    states = f"{mine[exchange]} and {theirs[exchange]}"
                    yield f"{one} and {other} think otherwise of exchange {exchange[:8]}: {states}"

    @staticmethod
    def _states(replica: Replica) -> dict[str, str]:
        return {one.exchange: one.state for one in complete(exchanges.exchanges(replica, ExchangesQuery())).exchanges}

    def _catalog(self, name: str) -> Catalog:
        replica = self._world.replica(name)
        known = self._catalogs.get(name)
        if known is None or known[0] is not replica:
            known = self._catalogs[name] = (replica, Catalog(replica))
        return known[1]
