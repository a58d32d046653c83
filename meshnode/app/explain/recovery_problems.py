"""Reports what keeps the owner from coming back, or is open after they have: friends, records, and former devices."""

from __future__ import annotations

from collections.abc import Iterator

from meshnode.app.devices.device_list import name_of
from meshnode.app.explain.problem import Problem, found_problem
from meshnode.app.recovery import coming_back, friends
from meshnode.quoting import first_few, named, quoted
from meshnode.replica.replica import Replica
from protocol import device_text

NAMED = 3  # devices or friends that are named; the others are counted


def of_recovery(replica: Replica) -> Iterator[Problem]:
    """Yield what is left to do for an owner who has come back, and the friends on whom they can no longer rely."""
    if coming_back.is_waiting(replica):
        yield found_problem(
            "coming_back",
            "You are back with your old identity, and nobody has brought you what is yours yet",
            "ask anybody you were connected with for their card, and add it: meshnode add",
        )
        return
    former = coming_back.former_devices(replica)
    if former:
        yield found_problem(
            "former_devices",
            "Devices that you had before can still act for you: {names}",
            "say which of them are lost: meshnode recovery devices",
            tuple(map(device_text, former)),
            names=first_few([quoted(name_of(replica, device)) for device in former], NAMED),
        )
    doubtful = [friend for friend in friends.friends(replica).friends if friend.warning]
    if doubtful:
        yield found_problem(
            "recovery_friends",
            "Of the friends who keep your key, you cannot rely on {names}",
            "see why with 'meshnode recovery status', and choose friends again with 'meshnode recovery set'",
            tuple(friend.person.id for friend in doubtful),
            names=first_few([named(friend.person.name) for friend in doubtful], NAMED),
        )
