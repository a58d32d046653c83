"""Who has lately left the own web: for some days they may still come and hear what of their copies is superseded.

Without that, somebody whom I trust no longer would go on using, and passing on, what he has of me until it expires.
They are shown headers and nothing else, and when the presence key turns they find this node no more.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from meshnode.replica.replica import Replica
from protocol import PersonId, limits, parse_person, person_text

_KEPT = "leavers"


def note(replica: Replica, people: Iterable[PersonId]) -> None:
    """These have just left the web."""
    until = replica.clock.now() + limits.LEAVERS_GRACE
    leavers = _read(replica) | dict.fromkeys(sorted(people), until)
    _write(replica, leavers)


def left_lately(replica: Replica, person: PersonId) -> bool:
    """Whether `person` left so lately that he may still come."""
    return _read(replica).get(person, 0) > replica.clock.now()


def forget(replica: Replica) -> None:
    """The presence key has turned: nobody who left can come any more."""
    replica.store.meta.delete(_KEPT)


def _read(replica: Replica) -> dict[PersonId, int]:
    kept: dict[str, int] = json.loads(replica.store.meta.get(_KEPT) or "{}")
    return {parse_person(text): until for text, until in kept.items()}


def _write(replica: Replica, leavers: dict[PersonId, int]) -> None:
    latest = sorted(leavers.items(), key=lambda leaver: leaver[1])[-limits.LEAVERS_MAX :]
    replica.store.meta.set(_KEPT, json.dumps({person_text(person): until for person, until in latest}))
