"""A newcomer to a web larger than its waiting room gets all of it from the first person it meets."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from meshnode.app.owner import policy
from protocol import Record, limits
from protocol.session import transfer
from tests.support.mesh import EPOCH, Mesh, Node
from tests.support.mesh_people import befriend
from tests.support.people import Person

PEOPLE = 30  # a chain of them has fewer vouches than a path may have


def parents(shape: str, chance: Random) -> list[int]:
    """Return for each person but the first who brought them into the web."""
    return {
        "a chain": list(range(PEOPLE - 1)),
        "a tree": [number // 2 for number in range(PEOPLE - 1)],
        "a star": [0] * (PEOPLE - 1),
        "chance": [chance.randrange(number + 1) for number in range(PEOPLE - 1)],
    }[shape]


def web(shape: str, chance: Random, first: bytes) -> Iterator[Record]:
    """Yield the records of people who vouch for those who brought them and for those they brought, made at any time."""
    people = [Person(f"person {number}") for number in range(PEOPLE)]
    near: list[list[bytes]] = [[] for _ in people]
    near[0].append(first)
    for child, parent in enumerate(parents(shape, chance), 1):
        near[child].append(people[parent].id)
        near[parent].append(people[child].id)
    for person, vouched in zip(people, near, strict=True):
        made = [EPOCH - chance.randrange(limits.DAY) for _ in range(3)]
        yield person.certificate(made[0])
        yield person.policy(dict.fromkeys(vouched, 1000), now=made[1])
        yield person.profile(made[2])


def held(node: Node) -> set[bytes]:
    return {row.id for row in node.replica.store.records.rows()}


@pytest.mark.parametrize("shape", ["a chain", "a tree", "a star", "chance"])
def test_a_newcomer_gets_the_whole_web_though_its_waiting_room_is_small(
    shape: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for cap, value in {"PENDING_RECORDS_MAX": 5, "PENDING_FROM_ONE_MAX": 3}.items():
        monkeypatch.setattr(limits, cap, value)
    for cap, value in {"BATCH_RECORDS": 10, "WINDOW_RECORDS": 20, "WANTED_ITEMS": 5}.items():
        monkeypatch.setattr(transfer, cap, value)
    monkeypatch.setattr(transfer, "_SMALLEST_WINDOW", 16)
    mesh, chance = Mesh(72), Random(shape)
    alice, newcomer = mesh.add("Alice"), mesh.add("Newcomer")
    first = Person("person 0")
    befriend(mesh, "Alice", "Newcomer", 1000, 1000)
    mesh.settle()
    mesh.cut("Alice", "Newcomer")
    records = list(web(shape, chance, alice.person))
    policy.vouch(alice.replica, first.id, 1000)
    outcome = alice.replica.ingest.receive(records, first.id)
    assert outcome.refused == []
    mesh.heal()
    mesh.settle()
    assert {record.id for record in records} <= held(newcomer)
    assert held(alice) == held(newcomer)
