"""Cuts the power of a node again and again: at each of its syncs and in between, with every kind of disk left behind.

A node lives for a while on a disk that is recorded. Each disk that a power cut may have left is then opened by the real
store and the real replica.
"""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from meshnode.errors import MeshnodeError
from meshnode.replica import authoring
from meshnode.store import Store
from protocol import Kind, Listing
from protocol.limits import DAY
from tests.support.recorded_disk import Disk, Kept, Step
from tests.support.recorded_life import Begun, Promise, Register, replica_of

OWN = "a record of its own"
IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a file system in memory (Linux), where syncs take no time; used if it exists


@dataclass
class Expected:
    """What must be on the disk: every promise so far, and of what was begun either all or nothing."""

    promised: dict[Register, Promise] = field(default_factory=dict)
    begun: tuple[bytes, ...] = ()

    def follow(self, note: Begun | Sequence[Promise]) -> None:
        """Take in what the node has said."""
        if isinstance(note, Begun):
            self.begun = note.ids
            return
        self.begun = ()
        for promise in note:
            self.promised[promise.register] = promise


@dataclass
class Cuts:
    """How many disks were looked at, how many promises were looked for on them, and what was wrong."""

    disks: int = 0
    promises: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        places = ", ".join(f"{count:,} {kind}" for kind, count in self.kinds.most_common())
        return (
            f"{self.disks:,} disks after power cuts ({places}): {self.promises:,} promises looked for, "
            f"{len(self.faults)} faults"
        )


def cut_everywhere(
    steps: Sequence[Step], disks: int, seed: int, cuts: Cuts | None = None, ways: Sequence[Kept] = get_args(Kept)
) -> Cuts:
    """Open some of the disks that power cuts in this life may leave: all there are at its syncs, if `disks` is large enough."""
    cuts = cuts or Cuts()
    chance = random.Random(seed)
    plan = _plan(steps, disks, chance, ways)
    where = IN_MEMORY if IN_MEMORY.is_dir() else None
    disk, expected = Disk(), Expected()
    for number, step in enumerate(steps):
        for kept in plan.get(number, ()):
            with tempfile.TemporaryDirectory(prefix="meshnode-cut-", dir=where) as directory:
                disk.cut(Path(directory), kept, chance)
                cuts.disks += 1
                cuts.kinds[f"before {step.what}"] += 1
                cuts.promises += len(expected.promised)
                fault = fault_of(Path(directory) / "store.db", expected, chance, lied=kept == "lied")
                if fault is not None:
                    cuts.faults.append(f"seed {seed}, step {number} ({step.what} {step.file}), {kept} kept: {fault}")
        if step.what == "note":
            expected.follow(step.note)
        else:
            disk.follow(step)
    return cuts


def _plan(steps: Sequence[Step], disks: int, chance: random.Random, ways: Sequence[Kept]) -> dict[int, list[Kept]]:
    """Choose where to cut: before each sync and after it, with all ways to lose; then anywhere."""
    first = next(number for number, step in enumerate(steps) if step.what == "sync names")
    syncs = [number for number, step in enumerate(steps) if step.what in ("sync", "sync names")]
    places = sorted({*syncs, *(number + 1 for number in syncs if number + 1 < len(steps))})
    at_syncs = [(place, kept) for place in places for kept in ways]
    chance.shuffle(at_syncs)
    anywhere: list[tuple[int, Kept]] = [
        (chance.randrange(first, len(steps)), "some") for _ in range(disks - len(at_syncs))
    ]
    plan: dict[int, list[Kept]] = {}
    for place, kept in (*at_syncs[:disks], *anywhere):
        plan.setdefault(place, []).append(kept)
    return plan


def fault_of(path: Path, expected: Expected, chance: random.Random, *, lied: bool = False) -> str | None:
    """Open the disk as a node does, and return what is wrong with it, in words; None if it keeps every promise.

    A disk that has `lied` may lose promises, but then the node must know that it signs nothing under its old key.
    """
    try:
        with Store.open(path) as store:
            if lied and store.fresh_after_damage:
                return None
            faults = _faults(store, expected, chance)
            return next((fault for fault in faults if not lied or fault.startswith(OWN)), None)
    except MeshnodeError as error:
        return f"it does not open: {error!r}"


def _faults(store: Store, expected: Expected, chance: random.Random) -> Iterator[str]:
    yield from (f"it opens with a problem: {problem.message}" for problem in store.problems)
    sound = store._database.all("PRAGMA integrity_check")
    if sound != [("ok",)]:
        yield f"SQLite finds {sound}"
    for promise in expected.promised.values():
        whose = OWN if promise.own else "a record of Bob's"
        newest = store.records.newest(promise.register)
        if newest is None or newest.header.version < promise.version:
            yield f"{whose}, promised at version {promise.version}, is at {newest and newest.header.version}"
        elif newest.header.version == promise.version and (
            newest.id != promise.id or promise.whole > bool(newest.body)
        ):
            yield f"{whose}, promised at version {promise.version}, is another one"
    there = [store.records.get(record_id) is not None for record_id in expected.begun]
    if any(there) and not all(there):
        yield f"of {len(there)} records that came together, {sum(there)} are there"
    yield from _reused(store, expected, chance)


def _reused(store: Store, expected: Expected, chance: random.Random) -> Iterator[str]:
    """Let the node write the next version of a listing: it must be above what others may have."""
    own = [one for one in expected.promised.values() if one.own and one.register[1] == Kind.LISTING and one.whole]
    if not own:
        return
    promise = chance.choice(own)
    replica = replica_of(store)
    body = Listing("offer", "Plums", salt=authoring.fresh_salt(replica))
    record = authoring.write(replica, Kind.LISTING, promise.register[2], body, life=30 * DAY)
    if record.header.version <= promise.version:
        yield f"{OWN} is given version {promise.version} again"
