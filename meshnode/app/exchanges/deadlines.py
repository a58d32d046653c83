"""Notices as time passes that a lent thing is due or overdue, or that a request ran out, and tells the listeners."""

from __future__ import annotations

import json

from meshnode.app.exchanges import view
from meshnode.replica.replica import Replica
from protocol import parse_person, person_text

_NOTED = "deadlines of exchanges"  # a value in the store: what was due, overdue or unanswered when this last looked


def note_passed(replica: Replica) -> None:
    """Publish a change if something is due, overdue or unanswered that was not when this was last called, or no longer is."""
    found = {
        f"{one.exchange.id.hex()} {view.return_state(replica, one)}": person_text(one.exchange.other)
        for one in view.waiting(replica)
        if view.return_state(replica, one) or view.ran_out(replica, one.exchange)
    }
    before: dict[str, str] = json.loads(replica.store.meta.get(_NOTED) or "{}")
    moved = dict(found.items() ^ before.items())
    if moved:
        with replica.transaction() as unit:
            replica.store.meta.set(_NOTED, json.dumps(found))
            unit.note(exchanges={parse_person(person) for person in moved.values()})
