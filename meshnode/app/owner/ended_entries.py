"""Remembers since when a vouch that was taken back, or a block that ended, is in no policy of the owner's devices.

The entry that says so has to stay while any version of a policy may be in use anywhere that gives the vouch still. The
latest of these ends POLICY_LIFE after the last one of the owner's devices has stopped giving it. A device that is away
keeps its own policy for as long as it is away, so each of them must also have heard of the end.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from meshnode.replica.replica import Replica
from protocol import PersonId, Policy, limits
from protocol.trust import ended_everywhere, heard_by, overridden, unheard

_SEEN = "ended entries"  # the key of what follows among the small values of the store
_LOOKED, _ENDED, _OVERRIDDEN, _UNHEARD = "looked", "ended", "overridden", "unheard"

# A thief may have taken vouches back on a stolen device: until then the owner can revoke it and have them again.
FOLLOWED_AFTER = limits.POLICY_LIFE // 4
HEARD_WITHIN = limits.POLICY_LIFE // 2  # a device that has written nothing for so long says that it has heard
FORGOTTEN_AFTER = limits.POLICY_LIFE + limits.DAY
FORGOTTEN_TOGETHER = (
    50  # fewer wait until the policy is written for another reason: each version goes to the whole mesh
)

_Since = dict[str, int]


class Due(NamedTuple):
    """The subjects and tags that this device's policy takes back too, those it forgets, and whether to write it for that."""

    take_back: frozenset[bytes]
    forget: frozenset[bytes]
    now: bool


def is_to_look(replica: Replica) -> bool:
    """Whether `look` was not called for a day."""
    return not 0 <= replica.clock.now() - _kept(replica).get(_LOOKED, {}).get("at", 0) < limits.DAY


def look(replica: Replica, own: Policy, others: Sequence[Policy]) -> None:
    """Note what has ended. `others` are the policies of the owner's other devices."""
    now, kept = replica.clock.now(), _kept(replica)
    found = {
        _ENDED: ended_everywhere(own, others),
        _OVERRIDDEN: overridden(own, others),
        _UNHEARD: unheard(own, others),
    }
    seen = {name: {key.hex(): kept.get(name, {}).get(key.hex(), now) for key in keys} for name, keys in found.items()}
    replica.store.meta.set(_SEEN, json.dumps({_LOOKED: {"at": now}, **seen}))
    _note_taken_back(replica, [own, *others])


def due(replica: Replica, own: Policy, others: Sequence[Policy], *, all_heard: bool) -> Due:
    """Return what is due now. `all_heard` says that `others` are the policies of all of the owner's other devices."""
    now, kept = replica.clock.now(), _kept(replica)
    take_back = overridden(own, others) & _before(kept, _OVERRIDDEN, now - FOLLOWED_AFTER)
    heard = heard_by(own, others) if all_heard else frozenset[bytes]()
    forget = heard & _before(kept, _ENDED, now - FORGOTTEN_AFTER)
    waiting = unheard(own, others) & _before(kept, _UNHEARD, now - HEARD_WITHIN)
    return Due(take_back, forget, bool(waiting) or len(forget) >= FORGOTTEN_TOGETHER)


def was_taken_back(replica: Replica, person: PersonId) -> bool:
    """Whether the owner took back a vouch for this person, even if no policy says so any longer."""
    return replica.store.meta.get(_taken_back(person)) is not None


def _note_taken_back(replica: Replica, registers: Iterable[Policy]) -> None:
    """Remember the people for whom a vouch was taken back: a card on a notice board must not undo it."""
    for register in registers:
        for vouch in register.vouches:
            if vouch.weight == 0 and not was_taken_back(replica, vouch.subject):
                replica.store.meta.set(_taken_back(vouch.subject), "yes")


def _taken_back(person: PersonId) -> str:
    return f"taken back {person.hex()}"


def _kept(replica: Replica) -> dict[str, _Since]:
    found: dict[str, _Since] = json.loads(replica.store.meta.get(_SEEN) or "{}")
    return found


def _before(kept: dict[str, _Since], name: str, latest: int) -> frozenset[bytes]:
    """Return the subjects and tags that were noted under `name` no later than `latest`."""
    return frozenset(bytes.fromhex(key) for key, since in kept.get(name, {}).items() if since <= latest)
