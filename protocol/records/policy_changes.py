"""Finds the changes from one version of a policy to the next, and applies them: a peer that has the one makes the other.

The entries that are new or changed are written as a policy of their own; of those that are gone, it is said where they are
in the older version. Nothing here is believed: the header's hash tells whether the right body came out.
Spec: protocol/README.md, "Successors".
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from protocol.codec import Value
from protocol.errors import Code, InvalidField, RemoteError
from protocol.records.policy import Block, Policy, Vouch

_Entry = TypeVar("_Entry", Vouch, Block)


class PolicyChanges(Struct, frozen=True):
    """The changes that make a policy out of an older one."""

    changed: Policy
    """Salt, clock and preference of the newer policy, and those of its entries that are not in the older one as they are."""
    vouches_gone: tuple[int, ...]
    """The positions of those vouches of the older policy whose subjects the newer one does not name."""
    blocks_gone: tuple[int, ...]
    """The same of its blocks."""

    @classmethod
    def between(cls, older: Policy, newer: Policy) -> PolicyChanges:
        """Return the changes from `older` to `newer`."""
        vouches, vouches_gone = _differences(older.vouches, newer.vouches)
        blocks, blocks_gone = _differences(older.blocks, newer.blocks)
        return cls(replace(newer, vouches=vouches, blocks=blocks), vouches_gone, blocks_gone)

    @classmethod
    def from_value(cls, value: Value) -> PolicyChanges:
        """Return the changes that `value` says. RemoteError MALFORMED or OVERSIZED."""
        if not isinstance(value, tuple) or len(value) != 3:
            raise RemoteError(Code.MALFORMED, "changes of a policy are an array of three")
        changed, vouches_gone, blocks_gone = value
        if not isinstance(changed, bytes):
            raise RemoteError(Code.MALFORMED, "changes of a policy without its entries")
        return cls(Policy.parse(changed), _positions(vouches_gone), _positions(blocks_gone))

    def to_value(self) -> Value:
        """Return what `from_value` reads."""
        return (self.changed.to_body(), self.vouches_gone, self.blocks_gone)

    def applied(self, older: Policy) -> Policy | None:
        """Return the newer policy; None if these are no changes of `older`."""
        vouches = _changed(older.vouches, self.changed.vouches, self.vouches_gone)
        blocks = _changed(older.blocks, self.changed.blocks, self.blocks_gone)
        try:
            return replace(self.changed, vouches=vouches, blocks=blocks)
        except InvalidField:
            return None


def _differences(older: Sequence[_Entry], newer: Sequence[_Entry]) -> tuple[tuple[_Entry, ...], tuple[int, ...]]:
    known, named = set(older), {entry[0] for entry in newer}
    return (
        tuple(entry for entry in newer if entry not in known),
        tuple(at for at, entry in enumerate(older) if entry[0] not in named),
    )


def _changed(older: Sequence[_Entry], changed: tuple[_Entry, ...], gone: Collection[int]) -> tuple[_Entry, ...]:
    left_out, named = set(gone), {entry[0] for entry in changed}
    kept = [entry for at, entry in enumerate(older) if at not in left_out and entry[0] not in named]
    return tuple(kept) + changed


def _positions(value: Value) -> tuple[int, ...]:
    if not isinstance(value, tuple):
        raise RemoteError(Code.MALFORMED, "entries that are gone are an array of positions")
    positions: list[int] = []
    for position in value:
        if type(position) is not int or position <= (positions[-1] if positions else -1):
            raise RemoteError(Code.MALFORMED, "positions of entries that are gone do not ascend")
        positions.append(position)
    return tuple(positions)
