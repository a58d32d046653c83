"""A home is erased to the last file: overwritten first, no link followed, and nothing outside of it touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from meshnode.erasure import erase
from meshnode.errors import Forbidden, NotFound
from meshnode.home import Home

SECRET = b"seed of an identity key"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Return a home with files, directories and links in it."""
    path = tmp_path / "alice"
    path.mkdir(mode=0o700)
    for name in ("identity.key", "device.key", "store.db", "store.db-wal", "config.toml", "lock"):
        (path / name).write_bytes(SECRET)
    (path / "backups" / "old").mkdir(parents=True)
    (path / "backups" / "old" / "1.age").write_bytes(SECRET)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.webp").write_bytes(SECRET)
    (path / "photos").symlink_to(tmp_path / "photos")
    (path / "link").symlink_to(tmp_path / "photos" / "cat.webp")
    return Home(path)


def test_nothing_is_left_of_the_home_and_nothing_else_is_touched(home: Home, tmp_path: Path) -> None:
    assert erase(home) == 0
    assert not home.path.exists()
    assert (tmp_path / "photos" / "cat.webp").read_bytes() == SECRET


def test_the_bytes_of_every_file_are_overwritten_before_it_goes(home: Home, tmp_path: Path) -> None:
    kept = {}
    for number, path in enumerate(path for path in home.path.rglob("*") if path.is_file() and not path.is_symlink()):
        kept[path.name] = tmp_path / str(number)
        kept[path.name].hardlink_to(path)
    assert len(kept) == 7
    erase(home)
    assert {name: path.read_bytes() for name, path in kept.items()} == dict.fromkeys(kept, bytes(len(SECRET)))


def test_the_keys_go_first_those_that_open_others_before_them(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("encryption.json", "device.old-1.key", "device.old-2.key"):
        (home.path / name).write_bytes(SECRET)
    gone, unlink = [], Path.unlink

    def noted(path: Path, missing_ok: bool = False) -> None:
        gone.append(path.name)
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", noted)
    erase(home)
    keys = ["encryption.json", "identity.key", "device.key", "device.old-1.key", "device.old-2.key", "store.db"]
    assert gone[: len(keys)] == keys


def test_a_file_of_more_than_one_chunk_is_overwritten_to_its_end(home: Home, tmp_path: Path) -> None:
    home.store.write_bytes(b"x" * (2 * 1024 * 1024 + 7))
    (tmp_path / "kept").hardlink_to(home.store)
    erase(home)
    assert (tmp_path / "kept").read_bytes() == bytes(2 * 1024 * 1024 + 7)


def test_a_directory_without_a_node_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    with pytest.raises(NotFound):
        erase(Home(tmp_path))
    assert (tmp_path / "precious").exists()


def test_a_home_that_is_open_to_others_is_left_for_its_owner_to_look_at(home: Home) -> None:
    home.path.chmod(0o755)
    with pytest.raises(Forbidden):
        erase(home)
    assert home.identity_key.exists()
