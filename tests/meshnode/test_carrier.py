"""A folder that a running node looks after: parcels come and go by it, and nothing that lies there does harm."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from meshnode.local.parcels import ParcelDesk
from meshnode.node.carrier import WRITE_SECONDS, Carrier, CarrySettings
from tests.api.context import InlineStoreThread
from tests.support.mesh import Mesh
from tests.support.mesh_people import acquaint, post, sees, vouch
from tests.support.parcels import made


@pytest.fixture
def mesh() -> Mesh:
    """Alice and Bob, who know each other, and are on no network."""
    mesh = Mesh(83)
    for name in ("Alice", "Bob"):
        mesh.add(name)
    acquaint(mesh, "Alice", "Bob")
    vouch(mesh, "Alice", "Bob", 900)
    vouch(mesh, "Bob", "Alice", 900)
    return mesh


def carrier(mesh: Mesh, name: str, folder: Path, *, writes: bool = False) -> Carrier:
    replica, thread = mesh.nodes[name].replica, InlineStoreThread()
    return Carrier(ParcelDesk(thread, replica), replica, thread, CarrySettings(folder, writes))


def names_in(folder: Path) -> set[str]:
    """Return the names of everything in a folder and below it."""
    return {path.name for path in folder.rglob("*")}


async def look_twice(*carriers: Carrier) -> None:
    """Let each look as often as it takes to find a file as it was before."""
    for _ in range(2):
        for one in carriers:
            one._next_write = 0.0
            await one.look()


async def test_two_nodes_that_share_a_folder_bring_each_other_up_to_date(mesh: Mesh, tmp_path: Path) -> None:
    post(mesh, "Alice", "Carrots")
    post(mesh, "Bob", "Honey")
    alice, bob = (carrier(mesh, name, tmp_path, writes=True) for name in ("Alice", "Bob"))
    for _ in range(4):
        await look_twice(alice, bob)
    assert sees(mesh, "Bob") == {"Carrots"}
    assert sees(mesh, "Alice") == {"Honey"}
    names = names_in(tmp_path)
    await look_twice(alice, bob)
    assert names_in(tmp_path) <= names, "with nothing new, nothing is written"


async def test_a_file_that_is_being_written_is_left_alone_until_it_is_whole(mesh: Mesh, tmp_path: Path) -> None:
    post(mesh, "Alice", "Carrots")
    parcel, file, bob = made(mesh.nodes["Alice"].replica), tmp_path / "from-alice", carrier(mesh, "Bob", tmp_path)
    file.write_bytes(parcel[:50_000])
    await look_twice(bob)
    assert sees(mesh, "Bob") == set()
    file.write_bytes(parcel)
    await bob.look()
    assert sees(mesh, "Bob") == set(), "it may still change"
    await bob.look()
    assert sees(mesh, "Bob") == {"Carrots"}


async def test_what_lies_there_does_no_harm_and_stays(mesh: Mesh, tmp_path: Path) -> None:
    post(mesh, "Alice", "Carrots")
    parcel = made(mesh.nodes["Alice"].replica)
    (tmp_path / "notes.txt").write_text("milk, bread")
    (tmp_path / "zeros").write_bytes(bytes(100_000))
    (tmp_path / "damaged").write_bytes(parcel[:9_000] + bytes(len(parcel) - 9_000))
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "inner").write_bytes(parcel)
    (tmp_path / "link").symlink_to(tmp_path / "folder" / "inner")
    (tmp_path / ".syncthing.tmp").write_bytes(parcel)
    os.mkfifo(tmp_path / "pipe")
    before = names_in(tmp_path)
    bob = carrier(mesh, "Bob", tmp_path)
    for _ in range(3):
        await bob.look()
    assert sees(mesh, "Bob") == set()
    assert names_in(tmp_path) == before


async def test_a_folder_that_is_not_there_is_waited_for(mesh: Mesh, tmp_path: Path) -> None:
    bob = carrier(mesh, "Bob", tmp_path / "stick", writes=True)
    await look_twice(bob)
    post(mesh, "Alice", "Carrots")
    (tmp_path / "stick").mkdir()
    (tmp_path / "stick" / "parcel").write_bytes(made(mesh.nodes["Alice"].replica))
    await look_twice(bob)
    assert sees(mesh, "Bob") == {"Carrots"}


async def test_while_the_folder_is_not_there_the_store_is_left_alone(mesh: Mesh, tmp_path: Path) -> None:
    calls: list[object] = []

    class Counting(InlineStoreThread):
        async def run(self, function: Callable[..., Any], /, *arguments: Any) -> Any:
            calls.append(function)
            return await super().run(function, *arguments)

    replica, thread = mesh.nodes["Bob"].replica, Counting()
    settings = CarrySettings(tmp_path / "stick", writes=True)
    bob = Carrier(ParcelDesk(thread, replica), replica, thread, settings)
    await bob.look()
    calls.clear()
    await look_twice(bob)
    assert not calls


async def test_a_file_that_does_not_change_is_not_opened_again(
    mesh: Mesh, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    post(mesh, "Alice", "Carrots")
    (tmp_path / "parcel").write_bytes(made(mesh.nodes["Alice"].replica))
    (tmp_path / "film.mkv").write_bytes(bytes(5_000))
    bob = carrier(mesh, "Bob", tmp_path)
    await look_twice(bob)
    opened, real = [], Path.open

    def noted(path: Path, *given: Any, **named: Any) -> Any:
        opened.append(path.name)
        return real(path, *given, **named)

    monkeypatch.setattr(Path, "open", noted)
    for _ in range(3):
        await bob.look()
    assert not opened
    (tmp_path / "film.mkv").write_bytes(made(mesh.nodes["Alice"].replica))
    await look_twice(bob)
    assert set(opened) == {"film.mkv"}


async def test_a_parcel_is_taken_in_once_also_after_a_restart(mesh: Mesh, tmp_path: Path) -> None:
    post(mesh, "Alice", "Carrots")
    (tmp_path / "parcel").write_bytes(made(mesh.nodes["Alice"].replica))
    await look_twice(carrier(mesh, "Bob", tmp_path))
    store = mesh.nodes["Bob"].replica.store.parcels
    came = store.came_from(mesh.nodes["Alice"].person)
    assert len(came) == 1
    mesh.time += WRITE_SECONDS
    await look_twice(carrier(mesh, "Bob", tmp_path))
    assert store.came_from(mesh.nodes["Alice"].person) == came


async def test_own_parcels_are_removed_when_they_have_arrived_and_no_others(mesh: Mesh, tmp_path: Path) -> None:
    post(mesh, "Alice", "Carrots")
    alice, bob = carrier(mesh, "Alice", tmp_path, writes=True), carrier(mesh, "Bob", tmp_path)
    await look_twice(alice)
    (written,) = names_in(tmp_path)
    await look_twice(bob)
    (tmp_path / "from-bob").write_bytes(made(mesh.nodes["Bob"].replica))
    await look_twice(alice)
    await look_twice(alice)
    assert names_in(tmp_path).isdisjoint({written})
    assert "from-bob" in names_in(tmp_path)
