"""Finds the versions of a policy register that stay in use together, because copies of one device wrote them apart.

A policy holds everything that a device says of people. Where an old copy of its disk was put back, the next version
lacks what was said since, and would end a block that nobody ended. So a version of which a newer one does not know
stays in use beside it, until a version comes that knows both (protocol/README.md, "Copies of a device").
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from meshnode.replica.bodies import readable_body
from protocol import Body, Policy, Record, RecordId, limits
from protocol.trust import covers

_Version = TypeVar("_Version")


def versions_in_use(held: Iterable[Record], record: Record, body: Body | None) -> list[RecordId]:
    """Return the ids of the versions of a policy register in use once `record` is there, the newest first.

    `held` are those that are in use before (`RecordReader.in_use`), and `body` is that of `record`; None if it has
    none that can be read. At most POLICY_BRANCHES_MAX are returned, the newest ones.
    """
    versions = {one.id: one for one in (*held, record)}
    kept: list[tuple[RecordId, Policy]] = []
    for one in sorted(versions.values(), key=lambda one: one.rank, reverse=True):
        policy = body if one is record else readable_body(one)
        if isinstance(policy, Policy) and not any(covers(newer, policy) for _, newer in kept):
            kept.append((one.id, policy))
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
