"""What is read from a damaged database: how to reach contacts, without blocked people."""

from __future__ import annotations

from pathlib import Path

import pytest

from meshnode.store import Store
from meshnode.store.salvage import salvage

BOB, CAROL, LAPTOP, PI = (letter * 32 for letter in (b"b", b"c", b"l", b"p"))
DH, PRESENCE = b"d" * 32, b"k" * 32


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store with keys and addresses of Bob and Carol."""
    path = tmp_path / "store.db"
    with Store.open(path) as store:
        for person, device in ((BOB, LAPTOP), (CAROL, PI)):
            store.people.remember_keys(person, device, DH, PRESENCE)
            store.people.remember(person, device, "192.168.1.7", 7000, 1_800_000_000)
    return path


def damage(path: Path, *, everything: bool = False) -> None:
    """Damage the last page, or every page but the first."""
    content = bytearray(path.read_bytes())
    for at in range(4096 if everything else len(content) - 2000, len(content)):
        content[at] ^= 0xFF
    path.write_bytes(content)


def test_a_new_store_after_damage_can_reach_the_old_contacts(path: Path) -> None:
    damage(path)
    with Store.open(path) as store:
        assert store.fresh_after_damage
        assert store.people.kept() == [BOB, CAROL]
        assert store.people.keys(BOB) == [(LAPTOP, DH, PRESENCE)]
        assert store.people.addresses(CAROL)[0][:3] == (PI, "192.168.1.7", 7000)


def test_somebody_blocked_is_not_salvaged(path: Path) -> None:
    with Store.open(path) as store:
        store.blocked.add(CAROL, 1_800_000_000)
    damage(path)
    with Store.open(path) as store:
        assert store.people.kept() == [BOB]
        assert not store.people.addresses(CAROL)


def test_a_node_begins_without_contacts_if_nothing_can_be_read(path: Path) -> None:
    damage(path, everything=True)
    with Store.open(path) as store:
        assert store.fresh_after_damage
        assert not store.people.kept()


def test_a_file_that_is_not_a_database_has_no_contacts(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"\xff" * 8192)
    assert salvage(tmp_path / "x.db") == ([], [])
