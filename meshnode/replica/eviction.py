"""Letting go of what is of no use here, apart from what the rules drop and time ends.

Anybody can make people up, and a certificate alone says nothing about where they belong: where nothing else of its
author follows, it goes. And whoever has filled the node with what he brought loses all of it when he is blocked; what
is worth having of it comes back through others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from meshnode.replica.ingest import GRAPH_RECORD_KINDS
from meshnode.replica.reevaluate import Reevaluation
from meshnode.replica.replica import Replica
from meshnode.store import RecordState, Row
from protocol import Kind, PersonId, limits


def strays(replica: Replica) -> list[Row]:
    """Certificates that have waited long enough for anything else of people I do not vouch for."""
    found = replica.store.records.strays(replica.clock.now() - limits.PENDING_LIFE)
    return [row for row in found if not _is_near(replica, row.author)]


def evict_brought_by(replica: Replica, person: PersonId) -> None:
    """Delete all that `person` has brought, what people wrote whom I vouch for left out."""
    rows = [row for row in replica.store.records.brought_by(person) if not _is_near(replica, row.author)]
    evict(replica, rows, lambda: replica.store.records.delete([row.id for row in rows]))


def evict(replica: Replica, ended: Sequence[Row], delete: Callable[[], object]) -> None:
    """Carry out `delete`, which ends these records, and all that follows from their end."""
    store, now = replica.store, replica.clock.now()
    people = {row.author for row in ended if row.kind in GRAPH_RECORD_KINDS}
    waited_for = {row.author for row in ended if row.kind == Kind.POLICY and row.state == RecordState.SUSPENDED}
    with replica.transaction() as unit:
        delete()
        replica.trust_state.refresh(store, people)
        settled = replica.reevaluator.reevaluate(people, now, waited_for=waited_for) if people else Reevaluation()
        unit.note(
            stored=settled.released,
            ended=[*ended, *settled.gone],
            people=people | settled.people,
            trust=bool(people),
        )


def _is_near(replica: Replica, person: PersonId) -> bool:
    return person == replica.me or replica.trust_state.graph.weight(replica.me, person) > 0
