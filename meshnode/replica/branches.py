"""Finds the versions of a policy register that stay in use together, because copies of one device wrote them apart.

A policy holds everything that a device says of people. Where an old copy of its disk was put back, the next version
lacks what was said since, and would end a block that nobody ended. So a version of which a newer one does not know
stays in use beside it, until a version comes that knows both (protocol/README.md, "Copies of a device").
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from meshnode.replica.bodies import readable
from meshnode.store import Store
from protocol import Kind, Policy, Record, RecordId, limits
from protocol.trust import covers

_Version = TypeVar("_Version")


def versions_in_use(store: Store, record: Record) -> list[RecordId]:
    """Return the ids of the versions in use of the register of `record` once `record` is there, the newest first.

    At most POLICY_BRANCHES_MAX, the newest ones; for other kinds than policies none is returned.
    """
    if record.header.kind != Kind.POLICY:
        return []
    held = {one.id: one for one in (*store.records.branches(record.register), record)}
    kept: list[tuple[RecordId, Policy]] = []
    for id_, policy in _policies(sorted(held.values(), key=lambda one: one.rank, reverse=True)):
        if not any(covers(newer, policy) for _, newer in kept):
            kept.append((id_, policy))
    return [id_ for id_, _ in kept[: limits.POLICY_BRANCHES_MAX]]


def valid_and_outdated(versions: Iterable[tuple[int, int, _Version]]) -> tuple[list[_Version], list[_Version]]:
    """Part the versions in use of one register, each given with its number and minimum valid version.

    What the outdated ones give counts for nothing: another one says so by its minimum valid version.
    """
    known = list(versions)
    floor = max((min_valid_version for _, min_valid_version, _ in known), default=0)
    return (
        [one for version, _, one in known if version >= floor],
        [one for version, _, one in known if version < floor],
    )


def _policies(records: list[Record]) -> Iterator[tuple[RecordId, Policy]]:
    for record, body in readable(records):
        if isinstance(body, Policy):
            yield record.id, body
