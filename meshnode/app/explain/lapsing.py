"""Warns before something lapses that is usually renewed by itself, such as the owner's policy or that of a bridge.

Others then no longer see what the owner says of them, or who is reached through the bridge.
"""

from __future__ import annotations

from collections.abc import Iterator

from meshnode.app import date
from meshnode.app.explain.problem import Problem, days, found_problem
from meshnode.app.naming import name_of
from meshnode.app.owner import policy
from meshnode.quoting import first_few, named, quoted
from meshnode.replica.bodies import readable_body
from meshnode.replica.replica import Replica
from protocol import Join, Kind, PersonId, Record, body_of, group_text, limits, person_text
from protocol.trust import cost

# Renewal is due at half of a life, and by another device at a quarter. So what ends sooner was not renewed, and there is
# time left to ask somebody who is met every other week.
WARNED = 14 * limits.DAY
BRIDGED = 3  # people; with fewer, somebody who is away is no bridge, and everybody away would be a warning
BRIDGES_NAMED = 3  # the most important ones; when many are away, the first to come back bring others along
LAPSING_NAMED = 4  # things that end; the rest are counted


def lapsing(replica: Replica) -> Iterator[Problem]:
    """Yield what will lapse for want of renewal, with the next step."""
    yield from _own(replica)
    if replica.clock.trusted:  # nobody is to be asked to do something because this computer does not know the date
        yield from _bridges(replica)


def _own(replica: Replica) -> Iterator[Problem]:
    """Yield what the owner has said that ends soon, or has ended by a date that may be right."""
    now = replica.clock.latest_in_doubt() or replica.clock.now()
    rows = replica.store.records.rows((Kind.POLICY, Kind.PROFILE, Kind.JOIN), replica.me)
    near = [row.id for row in rows if row.complete and row.expires <= now + WARNED]
    parts: dict[str, int] = {}
    about: list[str] = []
    for record in replica.store.records.get_many(near):
        if not record.body or not _matters(replica, record):
            continue
        part = _part(record)
        parts[part] = min(record.header.expires, parts.get(part, record.header.expires))
        body = body_of(record)
        about += [group_text(body.group_id)] if isinstance(body, Join) else []
    if not parts:
        return
    left = min(parts.values()) - now
    listed = first_few(list(parts), LAPSING_NAMED)
    yield found_problem(
        "lapsing",
        "What others hold of yours ends in {days}: {listed}"
        if left > 0
        else "What others hold of yours has ended by now: {listed}",
        _how_to_renew(replica),
        tuple(about),
        days=days(left),
        listed=listed,
    )


def _matters(replica: Replica, record: Record) -> bool:
    """Whether something is lost with this record of the owner's: another device may have taken over what it says."""
    header = record.header
    if header.kind == Kind.JOIN and header.slot in {join.slot for join in replica.trust_state.void_joins(replica.me)}:
        return False
    if header.kind != Kind.POLICY or header.device == replica.device:
        current = replica.store.records.current(record.register)
        return current is not None and current.id == record.id
    register = policy.register_of(replica, header.device)
    return register is not None and policy.holds_alone(replica, register)


def _part(record: Record) -> str:
    body = readable_body(record)  # another version of the program may have written it
    if isinstance(body, Join):
        return f"that you are in {quoted(body.group.name)}"
    return "whom you trust and block" if record.header.kind == Kind.POLICY else "your name and location"


def _how_to_renew(replica: Replica) -> str:
    if not replica.clock.trusted:
        return f"it is renewed as soon as the date is known: {date.CONFIRM}"
    if replica.quota.disk_is_full:
        return "free some space; then it is renewed by itself"
    if not replica.trust_state.certified(replica.me, replica.device):
        return "connect this device with the one that has your identity key; then it is renewed by itself"
    return "start this node again, which renews it; if this stays, look at the log in the node's directory"


def _bridges(replica: Replica) -> Iterator[Problem]:
    """Yield the people whose word ends soon, if the best paths to many others lead through them."""
    now = replica.clock.now()
    ending = replica.store.records.last_policies(now, now + WARNED)
    found = [(_reached_through(replica, person), person, last) for person, last in ending if person != replica.me]
    bridges = sorted((one for one in found if one[0] >= BRIDGED), key=lambda one: (-one[0], one[1]))
    for count, person, last in bridges[:BRIDGES_NAMED]:
        name = named(name_of(replica, person))
        yield found_problem(
            "bridge_lapsing",
            "{name}'s word on whom they trust ends in {days}, and your best path to {count} people leads through {name}",
            "ask {name} to start their node, which renews it",
            (person_text(person),),
            name=name,
            days=days(last - now),
            count=count,
        )


def _reached_through(replica: Replica, bridge: PersonId) -> int:
    """Return how many people the owner's best paths lead to through `bridge`."""
    graph, found = replica.trust_state.graph, replica.trust_state.regard_and_hops(replica.me)
    if bridge not in found:
        return 0
    beyond, waiting = set[PersonId](), [bridge]
    while waiting:
        here = waiting.pop()
        so_far, hops = found[here]
        for person, weight in graph.vouched_by(here).items():
            if person not in beyond and found.get(person) == (so_far + cost(weight), hops + 1):
                beyond.add(person)
                waiting.append(person)
    return len(beyond)
