"""Remembers the people who have lately left the owner's web, and who may still connect for some days.

Otherwise somebody whom the owner no longer trusts would keep the owner's records, and pass them on, until they expire.
People who left are shown headers and nothing else, and learn from them which copies are outdated. When the presence key
is rotated they can no longer find this node.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from meshnode.replica.replica import Replica
from protocol import PersonId, limits, parse_person, person_text

_KEPT = "former web"  # the name of the list in the store's small values


def note(replica: Replica, people: Iterable[PersonId]) -> None:
    """Remember that these people have just left the web."""
    until = replica.clock.now() + limits.FORMER_WEB_GRACE
    former = _read(replica) | dict.fromkeys(sorted(people), until)
    _write(replica, former)


def left_lately(replica: Replica, person: PersonId) -> bool:
    """Whether `person` left so lately that they may still connect. After a block, in either direction, they may not."""
    if replica.trust_state.graph.blocked_either_way(replica.me, person):
        return False
    return _read(replica).get(person, 0) > replica.clock.now()


def forget(replica: Replica) -> None:
    """Forget everybody who left: the presence key was rotated, so that none of them can connect."""
    replica.store.meta.delete(_KEPT)


def _read(replica: Replica) -> dict[PersonId, int]:
    kept: dict[str, int] = json.loads(replica.store.meta.get(_KEPT) or "{}")
    return {parse_person(text): until for text, until in kept.items()}


def _write(replica: Replica, former: dict[PersonId, int]) -> None:
    latest = sorted(former.items(), key=lambda person: person[1])[-limits.FORMER_WEB_MAX :]
    replica.store.meta.set(_KEPT, json.dumps({person_text(person): until for person, until in latest}))
