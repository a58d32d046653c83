"""Keeps what the people of a simulated world have said themselves, and merges it as the spec says.

What takes something from others must say so. Listings are noted as their own devices commit them, so that a store which later loses or mixes something up is found
out. Policies are read from the device that wrote them, and merged here by hand: per entry the highest stamp holds, and
among equal stamps the entry that gives less.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b

from meshnode.replica.changes import Change
from protocol import (
    DeviceId,
    Kind,
    Listing,
    PersonId,
    Policy,
    Preference,
    Record,
    RecordId,
    body_of,
    device_slot,
    limits,
)
from tests.support.mesh import Node
from tests.support.narrowing import hidden_narrowing

Slot = tuple[PersonId, RecordId]

VOUCHES_OF_ONE_PERSON = 1000
DEVICES_OF_ONE_PERSON = 16


@dataclass(frozen=True)
class Statement:
    """One version of a listing, as its author's device signed it. `withdrawn` says that it takes the listing back."""

    version: int
    device: DeviceId
    id: RecordId
    min_valid_version: int
    latest_expiry: int
    audience: int
    place: str | None
    expires: int
    withdrawn: bool

    @property
    def rank(self) -> tuple[int, DeviceId, RecordId]:
        """The order of versions: by version, then device, then id."""
        return self.version, self.device, self.id


@dataclass
class Statements:
    """All versions of all listings, and the devices that were revoked."""

    listings: dict[Slot, list[Statement]] = field(default_factory=dict)
    revoked: set[DeviceId] = field(default_factory=set)
    superseded: list[Record] = field(default_factory=list)
    """Old versions of listings and policies, for those who bring them again."""
    mistakes: list[str] = field(default_factory=list)
    """In words, what devices signed that takes something from others and does not say so."""
    _last: dict[tuple[PersonId, int, bytes], Record] = field(default_factory=dict)

    def follow(self, node: Node) -> None:
        """Note everything that this node's device signs from now on."""

        def note(change: Change) -> None:
            for row in change.stored:
                own = row.device == node.replica.device and row.author == node.person
                record = node.replica.store.records.get(row.id) if own else None
                if record is None or record.body is None:
                    continue
                if row.kind in (Kind.LISTING, Kind.POLICY):
                    before = self._last.get(record.register)
                    self._last[record.register] = record
                    if before is not None:
                        self.superseded.append(before)
                        self._check(node.name, before, record)
                if row.kind == Kind.LISTING:
                    self._note(record)

        node.replica.changes.subscribe(note, at_commit=True)

    def _check(self, name: str, before: Record, after: Record) -> None:
        taken = hidden_narrowing(before, after)
        if taken is not None:
            kind, version = Kind(after.header.kind).name.lower(), after.header.version
            self.mistakes.append(f"{name} leaves older versions than {version} of its {kind} in use, though {taken}")

    def _note(self, record: Record) -> None:
        header, body = record.header, body_of(record) if record.body else None
        self.listings.setdefault((header.author, header.slot), []).append(
            Statement(
                header.version,
                header.device,
                record.id,
                header.min_valid_version,
                header.latest_expiry,
                header.audience,
                body.place if isinstance(body, Listing) else None,
                header.expires,
                record.withdrawn,
            )
        )

    def newest(self, slot: Slot) -> Statement | None:
        """Return what counts of a listing: the newest version by a device that was not revoked."""
        said = [one for one in self.listings[slot] if one.device not in self.revoked]
        return max(said, key=lambda one: one.rank, default=None)


@dataclass(frozen=True)
class Stance:
    """What a person says to all, over all devices."""

    vouches: Mapping[PersonId, int]
    tags: frozenset[bytes]
    preference: Preference

    def blocks(self, author: PersonId, other: PersonId) -> bool:
        """Whether `author`, whose stance this is, blocks `other`."""
        return bool(self.tags) and tag(author, other) in self.tags


def tag(author: PersonId, subject: PersonId) -> bytes:
    """Return the tag under which a policy of `author` speaks of a block of `subject` (protocol/README.md, "Policies")."""
    return blake2b(b"meshnode block tag v1\0" + author + subject, digest_size=limits.BLOCK_TAG_BYTES).digest()


def merged(policies: Iterable[Policy]) -> Stance:
    """Merge the registers of one person's devices, entry by entry; of too many vouches the latest count."""
    registers = list(policies)
    vouches = {vouch.subject: (0, 0) for register in registers for vouch in register.vouches}
    blocks = {block.tag: (0, False) for register in registers for block in register.blocks}
    for subject in vouches:
        said = [vouch for register in registers for vouch in register.vouches if vouch.subject == subject]
        last = max(vouch.stamp for vouch in said)
        vouches[subject] = (last, min(vouch.weight for vouch in said if vouch.stamp == last))
    for about in blocks:
        told = [block for register in registers for block in register.blocks if block.tag == about]
        last = max(block.stamp for block in told)
        blocks[about] = (last, any(block.blocked for block in told if block.stamp == last))
    chosen = [register.preference for register in registers]
    newest = max(one.stamp for one in chosen)
    given = [(-stamp, subject, weight) for subject, (stamp, weight) in vouches.items() if weight]
    return Stance(
        {subject: weight for _, subject, weight in sorted(given)[:VOUCHES_OF_ONE_PERSON]},
        frozenset(about for about, (_, blocked) in blocks.items() if blocked),
        min((one for one in chosen if one.stamp == newest), key=lambda one: (-one.paused, *one[:3])),
    )


def own_register(node: Node) -> Policy | None:
    """Return the policy that this device has written, from its own store."""
    slot = device_slot(node.replica.device)
    record = node.replica.store.records.current((node.person, Kind.POLICY, slot))
    body = body_of(record) if record is not None and record.body else None
    return body if isinstance(body, Policy) else None
