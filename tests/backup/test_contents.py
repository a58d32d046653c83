"""The inside of a backup is read as hostile input: whatever differs from what a node writes is refused, and nothing is kept."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from meshnode.backup.contents import (
    FILE_BYTES_MAX,
    MANIFEST,
    STORE_BYTES_MAX,
    Manifest,
    StoredFile,
    Unpacker,
    archive,
    hashed,
)
from meshnode.errors import Failed, Refused

FILES = {"identity.key": b"identity", "device.key": b"device" * 200, "store.db": b"s" * 70_000}


def written(tmp_path: Path, change: Callable[[Manifest], Manifest] = lambda manifest: manifest) -> bytes:
    """Return the archive of these files, with the manifest as `change` makes it."""
    paths = {name: tmp_path / name for name in FILES}
    for name, content in FILES.items():
        paths[name].write_bytes(content)
    manifest = Manifest(
        made=1_800_000_000,
        program="0.1.0",
        schema=30,
        person="mp1",
        name="Alice",
        device="md1",
        device_name="Pi",
        identity="open",
        counts={"listing": 3},
        files={name: hashed(path) for name, path in paths.items()},
    )
    return b"".join(archive(change(manifest), paths))


def read(data: bytes, into: Path | None = None, *, piece: int = 4096) -> Manifest:
    unpacker = Unpacker(into)
    try:
        for start in range(0, len(data), piece):
            unpacker.write(data[start : start + piece])
        return unpacker.finish()
    finally:
        unpacker.close()


@pytest.mark.parametrize("piece", [1, 511, 512, 513, 100_000])
def test_it_is_read_as_it_was_written_in_pieces_of_any_size(tmp_path: Path, piece: int) -> None:
    data = written(tmp_path)
    into = tmp_path / "into"
    into.mkdir()
    manifest = read(data, into, piece=piece)
    assert (manifest.name, dict(manifest.counts)) == ("Alice", {"listing": 3})
    assert {one.name: one.read_bytes() for one in into.iterdir()} == FILES


def test_the_standard_tar_reads_it(tmp_path: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(written(tmp_path))) as tar:
        assert tar.getnames() == [MANIFEST, *FILES]
        manifest = tar.extractfile(MANIFEST)
        assert manifest is not None
        assert json.load(manifest)["what"] == "meshnode backup"
        assert all((tar.getmember(name).mode, tar.getmember(name).size) == (0o600, len(FILES[name])) for name in FILES)


@given(st.data())
def test_a_cut_or_changed_archive_is_refused(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    sound = written(tmp_path_factory.mktemp("archive"))
    end = len(sound) - 1
    if data.draw(st.booleans(), label="cut"):
        broken = sound[: data.draw(st.integers(0, end - 1024))]
    else:
        where = data.draw(st.integers(0, end))
        broken = sound[:where] + bytes([sound[where] ^ data.draw(st.integers(1, 255))]) + sound[where + 1 :]
    try:
        manifest = read(broken)
    except (Failed, Refused):
        return
    # What the tar format says of owners and times is read by nobody; content and names are as they were.
    assert manifest.files == read(sound).files


def with_file(name: str, stored: StoredFile) -> Callable[[Manifest], Manifest]:
    return lambda manifest: replace(manifest, files={**manifest.files, name: stored})


HASH = "0" * 64
HOSTILE: dict[str, Callable[[Manifest], Manifest]] = {
    "a name that leads elsewhere": with_file("../evil", StoredFile(1, HASH)),
    "an absolute name": with_file("/etc/passwd", StoredFile(1, HASH)),
    "a name in a directory": with_file("a/identity.key", StoredFile(1, HASH)),
    "a socket of the node": with_file("api.sock", StoredFile(1, HASH)),
    "a hidden file": with_file(".restoring", StoredFile(1, HASH)),
    "a key that is too long": with_file("device.key", StoredFile(FILE_BYTES_MAX + 1, HASH)),
    "a store that is too long": with_file("store.db", StoredFile(STORE_BYTES_MAX + 1, HASH)),
    "a size below zero": with_file("store.db", StoredFile(-1, HASH)),
    "another hash": with_file("store.db", StoredFile(70_000, HASH)),
    "no hash": with_file("store.db", StoredFile(70_000, "")),
    "no store": lambda manifest: replace(
        manifest, files={name: one for name, one in manifest.files.items() if name != "store.db"}
    ),
    "no files": lambda manifest: replace(manifest, files={}),
    "an identity of an unknown kind": lambda manifest: replace(manifest, identity="maybe"),
    "a name that is too long": lambda manifest: replace(manifest, name="A" * 2000),
    "a date that is none": lambda manifest: replace(manifest, made=-1),
    "counts that are none": lambda manifest: replace(manifest, counts={"listing": -1}),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_manifest_that_no_node_writes_is_refused(tmp_path: Path, what: str) -> None:
    into = tmp_path / "into"
    into.mkdir()
    with pytest.raises(Failed):
        read(_forged(tmp_path, HOSTILE[what]), into)
    assert not (tmp_path / "evil").exists()


def _forged(tmp_path: Path, change: Callable[[Manifest], Manifest]) -> bytes:
    """Return an archive whose manifest is changed and whose files are as they were."""
    sound, changed = written(tmp_path), []

    def keep(manifest: Manifest) -> Manifest:
        changed.append(change(manifest).encoded())
        return manifest

    written(tmp_path, keep)
    with tarfile.open(fileobj=io.BytesIO(sound)) as tar:
        first = tar.getmember(MANIFEST)
    info = tarfile.TarInfo(MANIFEST)
    info.size, info.mode = len(changed[0]), 0o600
    rest = sound[first.offset_data + -(-first.size // 512) * 512 :]
    return info.tobuf(tarfile.USTAR_FORMAT) + changed[0] + bytes(-len(changed[0]) % 512) + rest


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_a_link_a_directory_or_a_device_is_refused(tmp_path: Path, kind: bytes) -> None:
    into = tmp_path / "into"
    into.mkdir()
    sound = written(tmp_path)
    with tarfile.open(fileobj=io.BytesIO(sound)) as tar:
        where = tar.getmember("identity.key").offset
    info = tarfile.TarInfo("identity.key")
    info.type, info.linkname, info.size = kind, "/etc/shadow", len(FILES["identity.key"])
    with pytest.raises(Failed):
        read(sound[:where] + info.tobuf(tarfile.USTAR_FORMAT) + sound[where + 512 :], into)
    assert list(into.iterdir()) == []


def test_what_follows_the_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Failed):
        read(written(tmp_path) + b"x" * 512)


def test_a_backup_by_a_newer_program_says_to_update(tmp_path: Path) -> None:
    newer = written(tmp_path).replace(b'"version": 1,', b'"version": 2,', 1)
    with pytest.raises(Refused, match="newer meshnode"):
        read(newer)
