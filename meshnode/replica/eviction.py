"""Deletes records that are of no use here, beside those that the access rules drop and those that expire.

Anybody can create Sybils, and a certificate alone does not say how its author is connected to anyone: where nothing
else by that author follows, the certificate is deleted. What makes way because room is short is chosen in
make_room.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from meshnode.replica.batch import GRAPH_RECORD_KINDS
from meshnode.replica.reevaluate import Reevaluation
from meshnode.replica.replica import Replica
from meshnode.store import RecordState, Row
from protocol import Kind, PersonId, limits


def lone_certificates(replica: Replica) -> list[Row]:
    """Return old certificates of people whom I do not vouch for and of whom nothing else is held.

    Revocations that decide about a join that is held are not among them.
    """
    found = replica.store.records.lone_certificates(replica.clock.purge_before() - limits.PENDING_LIFE)
    decides = replica.trust_state.decides_about_joins
    return [row for row in found if not (_is_near(replica, row.author) or decides(row.author, row.device))]


def follow_clock(replica: Replica) -> None:
    """Put to use what had ended when it came and has not by the time that this node goes by now."""
    store, now = replica.store, replica.clock.ended_by()
    rows = [row for row in store.records.rows(states=(RecordState.PAST,)) if row.expires > now]
    if not rows:
        return
    people = {row.author for row in rows if row.kind in GRAPH_RECORD_KINDS}
    with replica.transaction() as unit:
        store.records.set_state([row.id for row in rows], RecordState.LIVE)
        replica.trust_state.refresh(store, people)
        reevaluated = replica.reevaluator.reevaluate(people, now)
        unit.note(
            stored=[*(row.id for row in rows), *reevaluated.released],
            ended=reevaluated.dropped,
            people=people | reevaluated.people,
            trust=True,
        )


def stop_waiting(replica: Replica) -> None:
    """Decide against people of whom one device's policy is known only by its header, and has been for too long.

    Another device's policy does not tell what that one has taken back. Until now it was possible that nothing was.
    """
    before = replica.clock.purge_before() - limits.PENDING_LIFE
    unseen = replica.store.records.unseen_policies(before)
    with replica.transaction() as unit:
        moved = replica.trust_state.give_up_on(frozenset(row.author for row in unseen if row.author != replica.me))
        if moved:
            reevaluated = replica.reevaluator.reevaluate(moved, replica.clock.ended_by())
            unit.note(
                stored=reevaluated.released,
                ended=reevaluated.dropped,
                people=moved | reevaluated.people,
                trust=True,
            )


def evict(replica: Replica, ended: Sequence[Row], delete: Callable[[], object]) -> None:
    """Call `delete`, which must delete the `ended` records, and reevaluate what is held without them.

    Both are one transaction; the change is published after the commit. Raises what `delete` raises, and nothing has
    changed then.
    """
    store, now = replica.store, replica.clock.ended_by()
    people = {row.author for row in ended if row.kind in GRAPH_RECORD_KINDS}
    unfulfilled = {row.author for row in ended if row.kind == Kind.POLICY and row.state == RecordState.SUSPENDED}
    with replica.transaction() as unit:
        delete()
        replica.trust_state.refresh(store, people)
        reevaluated = replica.reevaluator.reevaluate(people, now, waited_for=unfulfilled) if people else Reevaluation()
        unit.note(
            stored=reevaluated.released,
            ended=[*ended, *reevaluated.dropped],
            people=people | reevaluated.people,
            trust=bool(people),
        )


def _is_near(replica: Replica, person: PersonId) -> bool:
    return person == replica.me or replica.trust_state.graph.weight(replica.me, person) > 0
