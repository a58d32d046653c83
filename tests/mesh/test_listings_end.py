"""A listing that ends disappears from every node, even one that was away, and only its renewal brings it back."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest

from meshnode.app.catalog.catalog import Catalog
from meshnode.app.listings import lifecycle, listings
from meshnode.app.listings.listings import ListingDraft, ListingEdit
from protocol import Audience, Kind, limits
from tests.support.mesh import Mesh
from tests.support.mesh_people import befriend, sees

NAMES = ("Alice", "Bob", "Carol", "Dan")
OTHERS = NAMES[1:]
LIFE = 3 * limits.DAY


class Row:
    """Four neighbors in a row, each connected to the next; Alice, at one end, has posted something for everybody."""

    def __init__(self) -> None:
        self.mesh = Mesh(61)
        for name in NAMES:
            self.mesh.add(name, audience=Audience.NETWORK_WIDE)
        for one, other in pairwise(NAMES):
            befriend(self.mesh, one, other, 1000, 1000)
        self.replica = self.mesh.nodes["Alice"].replica
        self.catalog = Catalog(self.replica)
        listings.post(self.replica, ListingDraft(type="offer", title="Soup", quantity=2, expires_in=LIFE))
        self.catalog.catch_up()
        (entry,) = self.catalog.own()
        record = self.replica.store.records.get(entry.record)
        assert record is not None
        self.slot = record.header.slot
        self.mesh.settle()

    def seen_by(self) -> set[str]:
        return {name for name in OTHERS if "Soup" in sees(self.mesh, name)}

    def held_by(self) -> set[str]:
        """Return the people whose store still has its body."""
        register = (self.replica.me, Kind.LISTING, self.slot)
        heads = {name: self.mesh.nodes[name].replica.store.records.current(register) for name in NAMES}
        return {name for name, record in heads.items() if record is not None}


def close(row: Row) -> None:
    lifecycle.close(row.replica, row.catalog, "Soup")


def withdraw(row: Row) -> None:
    lifecycle.withdraw(row.replica, row.catalog, "Soup")


def be_taken(row: Row) -> None:
    lifecycle.settle(row.replica, row.slot, 1)
    lifecycle.settle(row.replica, row.slot, 2)


def expire(row: Row) -> None:
    row.mesh.advance(LIFE + 1)


def expire_early(row: Row) -> None:
    listings.edit(row.replica, row.catalog, "Soup", ListingEdit(expires_in=limits.HOUR))
    row.mesh.advance(limits.HOUR + 1)


ENDINGS = (close, withdraw, be_taken, expire, expire_early)
RENEWABLE = (close, be_taken, expire, expire_early)


@pytest.mark.parametrize("end", ENDINGS)
def test_it_is_gone_from_every_node(end: Callable[[Row], None]) -> None:
    row = Row()
    assert row.seen_by() == set(OTHERS)
    end(row)
    row.mesh.settle()
    assert row.seen_by() == set()
    assert row.held_by() == set()


@pytest.mark.parametrize("end", ENDINGS)
def test_one_who_was_away_neither_keeps_it_nor_brings_it_back(end: Callable[[Row], None]) -> None:
    row = Row()
    row.mesh.cut("Carol", "Dan")
    end(row)
    row.mesh.settle()
    assert row.seen_by() <= {"Dan"}
    row.mesh.heal()
    row.mesh.advance(limits.HOUR)
    row.mesh.advance(limits.SUSPENDED_LIFE)
    assert row.seen_by() == set()
    assert row.held_by() == set()


@pytest.mark.parametrize("end", RENEWABLE)
def test_a_renewal_brings_it_back_to_all_also_to_one_who_missed_the_end(end: Callable[[Row], None]) -> None:
    row = Row()
    row.mesh.cut("Carol", "Dan")
    end(row)
    row.mesh.settle()
    renewed = lifecycle.renew(row.replica, row.catalog, "Soup", lifecycle.Renewal(expires_in=30 * limits.DAY))
    row.mesh.settle()
    assert row.seen_by() >= {"Bob", "Carol"}
    row.mesh.heal()
    row.mesh.advance(limits.HOUR)
    assert row.seen_by() == set(OTHERS)
    assert renewed.expires - renewed.created == 30 * limits.DAY


def test_no_renewal_looks_like_a_fork_to_anybody() -> None:
    row = Row()
    for _ in range(3):
        for end in (close, be_taken):
            end(row)
            row.mesh.advance(limits.DAY)
            lifecycle.renew(row.replica, row.catalog, "Soup", lifecycle.Renewal(expires_in=limits.DAY))
            lifecycle.settle(row.replica, row.slot, 1)
            row.mesh.advance(2 * limits.DAY + limits.TOMBSTONE_GRACE // 2)
            lifecycle.renew(row.replica, row.catalog, "Soup", lifecycle.Renewal(expires_in=LIFE))
            row.mesh.settle()
            assert row.seen_by() == set(OTHERS)
    assert not any(node.replica.store.records.forks() for node in row.mesh.nodes.values())
