"""Puts together what is known of one device's policy: the versions in use beside each other, and what counts of them."""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct

from meshnode.replica.branches import valid_and_outdated
from protocol import DeviceId, Policy
from protocol.trust import Entries, reconciled


class Register(Struct, frozen=True):
    """One device's policy: the one in use, or the one before a newer policy of which only the header is known.

    `said` are the entries of all branches, where copies of the device have written apart; `version` is the newest one's.
    A `past` one had ended when it came: what it gives counts for nothing any longer, what it takes back counts. `entries`
    are those that count.
    """

    version: int
    entries: Entries
    said: Entries
    suspended: bool
    past: bool = False

    @property
    def in_use(self) -> bool:
        """Whether what it gives counts."""
        return not (self.suspended or self.past)


class Branch(NamedTuple):
    """One version in use of a register; `past` as in `Register`."""

    version: int
    min_valid_version: int
    policy: Policy
    suspended: bool
    past: bool

    def effect(self) -> Policy:
        """Return the policy, or as much of it as counts."""
        if not self.past:
            return self.policy
        policy = self.policy
        taken_back = tuple(vouch for vouch in policy.vouches if vouch.weight == 0)
        return Policy(policy.salt, policy.clock, taken_back, policy.blocks)


class PolicyRead(NamedTuple):
    """A policy as it was parsed, with what its header says."""

    device: DeviceId
    version: int
    min_valid_version: int
    policy: Policy


def register_of(branches: list[Branch]) -> Register:
    """Return the register that has these branches."""
    valid, outdated = valid_and_outdated((one.version, one.min_valid_version, one) for one in branches)
    said = reconciled([branch.policy for branch in valid], [branch.policy for branch in outdated])
    is_past = any(branch.past for branch in branches)
    return Register(
        max(branch.version for branch in branches),
        reconciled([one.effect() for one in valid], [one.effect() for one in outdated]) if is_past else said,
        said,
        any(branch.suspended for branch in branches),
        all(branch.past for branch in branches),
    )
