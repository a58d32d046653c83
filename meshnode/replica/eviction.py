"""Letting go of what is of no use here, apart from what the rules drop and time ends.

Anybody can make people up, and a certificate alone says nothing about where they belong: where nothing else of its
author follows, it goes. And whoever has filled the node with what he brought loses all of it when he is blocked; what
is worth having of it comes back through others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from meshnode.replica.changes import Change
from meshnode.replica.ingest import CIRCLE_KINDS
from meshnode.replica.reevaluate import Settled
from meshnode.replica.replica import Replica
from meshnode.store import Row, State
from protocol import Kind, PersonId, limits


def strays(replica: Replica) -> list[Row]:
    """Certificates that have waited long enough for anything else of people I do not vouch for."""
    found = replica.store.records.strays(replica.clock.now() - limits.HELD_LIFE)
    return [row for row in found if not _is_near(replica, row.author)]


def clear_out(replica: Replica, person: PersonId) -> None:
    """Delete all that `person` has brought, what people wrote whom I vouch for left out."""
    rows = [row for row in replica.store.records.brought_by(person) if not _is_near(replica, row.author)]
    let_go(replica, rows, lambda: replica.store.records.delete([row.id for row in rows]))


def let_go(replica: Replica, ended: Sequence[Row], delete: Callable[[], object]) -> None:
    """Carry out `delete`, which ends these records, and all that follows from their end."""
    store, now = replica.store, replica.clock.now()
    people = {row.author for row in ended if row.kind in CIRCLE_KINDS}
    waited_for = {row.author for row in ended if row.kind == Kind.POLICY and row.state == State.SUSPENDED}
    try:
        with store.transaction():
            delete()
            replica.circle.refresh(store, people)
            settled = replica.settler.settle(people, now, waited_for=waited_for) if people else Settled()
    except BaseException:
        replica.circle.refresh(store, people)  # it may have read what was then taken back
        replica.settler.forget()
        raise
    replica.changes.tell(
        Change(
            stored=tuple(settled.freed),
            ended=(*ended, *settled.gone),
            people=frozenset(people | settled.people),
            trust=bool(people),
        )
    )


def _is_near(replica: Replica, person: PersonId) -> bool:
    return person == replica.me or replica.circle.graph.weight(replica.me, person) > 0
