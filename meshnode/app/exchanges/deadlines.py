"""Notices as time passes that a lent thing is due or overdue, or that a request ran out, and tells the listeners."""

from __future__ import annotations

import json

from meshnode.app.exchanges import view
from meshnode.replica.replica import Replica

_NOTED = "deadlines of exchanges"  # a value in the store: what was due, overdue or unanswered when this last looked


def note_passed(replica: Replica) -> None:
    """Publish a change if something is due, overdue or unanswered that was not when this was last called, or no longer is."""
    found = json.dumps(
        [
            [one.exchange.id.hex(), view.return_state(replica, one)]
            for one in view.waiting(replica)
            if view.return_state(replica, one) or view.ran_out(replica, one.exchange)
        ]
    )
    if found != (replica.store.meta.get(_NOTED) or "[]"):
        with replica.transaction() as unit:
            replica.store.meta.set(_NOTED, found)
            unit.note(exchanges=True)
