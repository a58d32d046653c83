"""Tells by hand whether a version of a policy takes something from anybody: the table of protocol/README.md, "Policies".

It shares no code with the package. What a device signs in a simulated world must say in its header that it takes away.
"""

from __future__ import annotations

from collections.abc import Iterator

from protocol import Policy, Record, body_of

FIRST_VOUCH = 500
"""A first vouch below this may replace a better path."""
HELD_BY = {
    "my_cell": {"my_cell", "my_community", "network_wide"},
    "my_community": {"my_community", "network_wide"},
    "trusted_network": {"trusted_network", "network_wide"},
    "anyone_local": {"anyone_local", "network_wide"},
    "network_wide": {"network_wide"},
}
"""For each audience, those that hold it."""
_WORDS = dict(enumerate(HELD_BY, start=1))


def narrowings(before: Policy, after: Policy) -> Iterator[str]:
    """Yield in words what `after`, the next version of a device's policy, takes away."""
    old = {vouch.subject: vouch.weight for vouch in before.vouches}
    new = {vouch.subject: vouch.weight for vouch in after.vouches}
    if any(new.get(subject, 0) < weight for subject, weight in old.items()):
        yield "a weight is lower"
    if any(0 < weight < FIRST_VOUCH and not old.get(subject, 0) for subject, weight in new.items()):
        yield "a first vouch is weak"
    blocked = {block.tag for block in before.blocks if block.blocked}
    if any(block.blocked and block.tag not in blocked for block in after.blocks):
        yield "there is a new block"
    if after.preference.paused and not before.preference.paused:
        yield "its person goes away"
    if before.preference.stamp:  # else nothing was chosen before
        if after.preference.radius_km < before.preference.radius_km:
            yield "the radius is smaller"
        if _WORDS[after.preference.audience] not in HELD_BY[_WORDS[before.preference.audience]]:
            yield "the audience does not hold the former one"


def hidden_narrowing(before: Record, after: Record) -> str | None:
    """Return what a version takes from others without saying so in its header; None if there is nothing of the kind."""
    if after.header.min_valid_version == after.header.version:
        return None
    if after.withdrawn:
        return "it is withdrawn"
    old, new = (body_of(record) if record.body else None for record in (before, after))
    if isinstance(old, Policy) and isinstance(new, Policy):
        return next(narrowings(old, new), None)
    return None
