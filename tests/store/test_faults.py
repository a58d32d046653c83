"""Faults of disks, power cuts and old copies: the store stays sound, and no version number is used twice."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from meshnode.errors import Refused, StorageDamaged, StorageFailed, StorageFull
from meshnode.store import RecordState, Store
from protocol import Kind, PersonId
from tests.support.failing_disk import FailingDisk, disk_full, eio_on_fsync
from tests.support.people import NOW, Person

ALICE = Person("Alice")
BOB = Person("Bob")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def disk() -> Iterator[FailingDisk]:
    disk = FailingDisk("failing disk")
    yield disk
    disk.unregister()


def put(store: Store, title: str, *, source: PersonId | None = BOB.id) -> None:
    store.records.put(ALICE.listing(title), state=RecordState.LIVE, received_from=source, arrived=NOW)


def fill(path: Path, count: int = 200, *, source: PersonId | None = BOB.id) -> None:
    with Store.open(path) as store, store.transaction():
        for number in range(count):
            put(store, f"Apples {number}", source=source)


def names(path: Path) -> list[str]:
    return sorted(entry.name for entry in path.parent.iterdir())


def problems(store: Store) -> list[str]:
    return [problem.code for problem in store.problems]


# --- the disk ----------------------------------------------------------------------------------------------------------


def test_after_a_failed_fsync_the_connection_is_not_used_again(path: Path, disk: FailingDisk) -> None:
    store = Store.open(path, vfs=disk.name)
    put(store, "before")
    disk.fail_sync = eio_on_fsync
    with pytest.raises(StorageFailed, match="disk failed"):
        put(store, "lost")
    disk.fail_sync = lambda: None
    asked = (disk.syncs, disk.writes)
    for use in (lambda: put(store, "after"), store.records.count, lambda: store.meta.set("a", "b")):
        with pytest.raises(StorageFailed):
            use()
    store.close()
    assert (disk.syncs, disk.writes) == asked
    with Store.open(path) as again:
        assert again.records.get(ALICE.listing("before").id) is not None
        assert problems(again) == []


def test_a_full_disk_undoes_the_transaction_and_loses_nothing_else(path: Path, disk: FailingDisk) -> None:
    store = Store.open(path, vfs=disk.name)
    put(store, "before")
    disk.fail_write = disk_full
    with pytest.raises(StorageFull) as caught:
        put(store, "no room")
    assert caught.value.http_status == 507
    assert store.records.get(ALICE.listing("before").id) is not None
    assert store.records.get(ALICE.listing("no room").id) is None
    disk.fail_write = lambda: None
    put(store, "room again")
    assert store.records.count(ALICE.id) == 2
    store.close()


def test_a_full_disk_at_any_write_of_a_batch_leaves_all_of_it_or_nothing(path: Path, disk: FailingDisk) -> None:
    for allowed in range(0, 60, 7):
        store = Store.open(path, vfs=disk.name)
        before, written = store.records.count(), disk.writes

        def fail_later(last: int = written + allowed) -> None:
            if disk.writes > last:
                disk_full()

        disk.fail_write = fail_later
        complete = 0
        try:
            with store.transaction():
                for number in range(300):
                    put(store, f"{allowed} {number}")
            complete = 300
        except StorageFull:
            pass
        disk.fail_write = lambda: None
        assert store.records.count() == before + complete
        store.close()


def test_a_power_cut_before_any_sync_leaves_a_sound_store_with_all_acknowledged_records(
    path: Path, disk: FailingDisk
) -> None:
    cuts: list[tuple[Path, int]] = []
    acknowledged = 0

    def power_cut() -> None:
        left = path.parent / f"cut-{len(cuts)}"
        left.mkdir()
        for file in path.parent.glob("store.db*"):
            shutil.copy(file, left)
        cuts.append((left, acknowledged))

    store = Store.open(path, vfs=disk.name)
    disk.fail_sync = power_cut
    for batch in range(12):
        with store.transaction():
            for number in range(100):
                put(store, f"{batch} {number}", source=None if number % 50 == 0 else BOB.id)
        acknowledged += 100
    store.close()
    assert len(cuts) > 12
    for left, count in cuts:
        wal = left / "store.db-wal"
        if count % 200 == 0 and count < acknowledged:  # the last sector, which is not acknowledged, is torn
            os.truncate(wal, max(0, wal.stat().st_size - 300))
        with Store.open(left / "store.db") as found:
            assert not found.fresh_after_damage
            assert count <= found.records.count() <= count + 100
            assert found.records.count() % 100 == 0


# --- damage ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", [20, 120, 4_096 * 2 + 99, 4_096 * 5 + 2_000, 4_096 * 20 + 1_234, -5_000, -3])
def test_one_flipped_bit_anywhere_sets_the_file_aside_and_begins_a_new_one(path: Path, where: int) -> None:
    fill(path)
    content = bytearray(path.read_bytes())
    content[where] ^= 0x10
    path.write_bytes(content)
    with Store.open(path) as store:
        assert store.records.count() == 0
        assert store.fresh_after_damage
        assert problems(store) == ["counters_lost"]
        assert "store.damaged-1.db" in store.problems[0].message
        put(store, "Apples 7")  # it can be used, and peers bring the lost records back
    assert path.with_name("store.damaged-1.db").read_bytes() == content


@pytest.mark.parametrize("content", [b"not a database", b"SQLite format 3\0" + bytes(4080), os.urandom(20_000)])
def test_a_file_that_is_not_a_database_is_set_aside(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with Store.open(path) as store:
        assert store.fresh_after_damage
    assert path.with_name("store.damaged-1.db").read_bytes() == content


def test_a_file_cut_short_is_set_aside(path: Path) -> None:
    fill(path)
    os.truncate(path, path.stat().st_size // 2)
    with Store.open(path) as store:
        assert store.fresh_after_damage


def test_each_damaged_file_is_kept(path: Path) -> None:
    for _ in range(2):
        path.write_bytes(b"damage" * 1000)
        Store.open(path).close()
    assert {"store.damaged-1.db", "store.damaged-2.db", "store.db"} <= set(names(path))


def test_a_bit_that_flips_while_the_node_runs_stops_it_before_the_bit_is_used(path: Path) -> None:
    fill(path, 500)
    store = Store.open(path)
    store._database.run("PRAGMA shrink_memory")  # as if the database were larger than the cache
    with path.open("r+b") as file:
        for page in range(5, path.stat().st_size // 4096):
            file.seek(page * 4096 + 2000)
            file.write(b"flip")
    with pytest.raises(StorageDamaged) as caught:
        sum(1 for _ in store.records.bodies(Kind.LISTING))
    assert "restart" in caught.value.hint
    with pytest.raises(StorageDamaged):
        put(store, "after")
    store.close()


def test_a_node_that_lost_its_version_numbers_says_so_until_it_has_new_keys(path: Path) -> None:
    path.write_bytes(b"damage" * 1000)
    Store.open(path).close()
    with Store.open(path) as store:
        before = (store.fresh_after_damage, [problem.hint for problem in store.problems])
        store.device_renewed()
        after = (store.fresh_after_damage, [problem.hint for problem in store.problems])
    assert before[0]
    assert "passphrase" in before[1][0]
    assert not after[0]
    assert "under a new key" in after[1][0]
    with Store.open(path) as store:
        assert (store.fresh_after_damage, store.problems) == (False, [])


# --- older than what was signed ----------------------------------------------------------------------------------------


def test_a_database_without_its_wal_is_behind_what_was_signed(path: Path) -> None:
    store = Store.open(path)
    put(store, "Apples", source=None)
    put(store, "Pears", source=None)
    copy = path.parent / "copy"
    copy.mkdir()
    for name in ("store.db", "store.db.mark"):  # as after a power cut, the WAL lost
        shutil.copy(path.with_name(name), copy / name)
    store.close()
    with Store.open(copy / "store.db") as behind:
        assert behind.fresh_after_damage
        assert problems(behind) == ["counters_lost"]
        assert "older" in behind.problems[0].message
        put(behind, "Plums", source=None)
    assert not [name for name in names(copy / "store.db") if "damaged" in name]


def test_a_wal_that_lost_its_end_is_behind_too(path: Path) -> None:
    store = Store.open(path)
    put(store, "Apples", source=None)
    wal = path.with_name("store.db-wal")
    early = wal.stat().st_size
    put(store, "Pears", source=None)
    copy = path.parent / "copy"
    copy.mkdir()
    for name in ("store.db", "store.db.mark", "store.db-wal"):
        shutil.copy(path.with_name(name), copy / name)
    os.truncate(copy / "store.db-wal", early)
    store.close()
    with Store.open(copy / "store.db") as behind:
        assert behind.records.get(ALICE.listing("Apples").id) is not None
        assert behind.fresh_after_damage


def test_an_older_copy_put_back_is_behind(path: Path) -> None:
    fill(path, 1, source=None)
    backup = path.read_bytes()
    fill(path, 2, source=None)
    path.write_bytes(backup)
    with Store.open(path) as store:
        assert store.fresh_after_damage
        store.device_renewed()
        put(store, "Plums", source=None)
    with Store.open(path) as store:
        assert not store.fresh_after_damage


def test_a_deleted_database_is_behind(path: Path) -> None:
    fill(path, 1, source=None)
    path.unlink()
    with Store.open(path) as store:
        assert store.fresh_after_damage


def test_others_records_raise_no_mark(path: Path) -> None:
    fill(path, 50)
    assert names(path) == ["store.db"]


def test_a_mark_behind_its_database_means_nothing(path: Path) -> None:
    fill(path, 1, source=None)
    mark = path.with_name("store.db.mark").read_bytes()
    fill(path, 2, source=None)
    for content in (mark, mark[:10], b"", mark + b"00000000000000000009 torn"):
        path.with_name("store.db.mark").write_bytes(content)
        with Store.open(path) as store:
            assert not store.fresh_after_damage


def test_a_commit_that_is_undone_raises_no_mark(path: Path, disk: FailingDisk) -> None:
    with Store.open(path, vfs=disk.name) as store:
        disk.fail_write = disk_full
        with pytest.raises(StorageFull):
            put(store, "Apples", source=None)
        disk.fail_write = lambda: None
        put(store, "Pears")
    with Store.open(path) as store:
        assert not store.fresh_after_damage


def test_checksums_are_not_lost_to_an_sqlite_that_cannot_keep_them(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(path, 1)
    plain = [name for name in apsw.vfs_names() if name != "cksmvfs"]
    monkeypatch.setattr("apsw.vfs_names", lambda: plain)
    monkeypatch.setattr("apsw.sqlite_extra.has", lambda _name: None)
    before = path.read_bytes()
    with pytest.raises(Refused, match="checksums"):
        Store.open(path, vfs="unix")
    assert path.read_bytes() == before
    with Store.open(path.with_name("other.db"), vfs="unix") as store:
        put(store, "Apples")


# --- one process, and a process that is killed ------------------------------------------------------------------------------


def test_a_second_process_on_one_database_is_refused(path: Path) -> None:
    script = "import sys; from meshnode.store import Store; Store.open(sys.argv[1])"
    with Store.open(path) as store:
        with pytest.raises(Refused, match="in use"):
            Store.open(path)
        other = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=False)
        assert "Refused: the database is in use" in other.stderr
        put(store, "Apples")


_WRITER = """
import sys
from pathlib import Path
from meshnode.store import RecordState, Store
from tests.support.people import NOW, Person

alice, bob = Person("Alice"), Person("Bob")
store = Store.open(Path(sys.argv[1]))
for batch in range(100_000):
    with store.transaction():
        for number in range(20):
            store.records.put(
                alice.listing(f"{batch} {number}"), state=RecordState.LIVE, received_from=bob.id if number else None, arrived=NOW
            )
    print(batch, flush=True)  # acknowledged
"""


def test_acknowledged_records_survive_a_kill(path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", _WRITER, path], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        acknowledged = [int(next(writer.stdout)) for _ in range(8)]
        writer.send_signal(signal.SIGKILL)
        acknowledged += [int(line) for line in writer.stdout if line.endswith("\n")]
    with Store.open(path) as store:
        for batch in acknowledged:
            for number in range(20):
                assert store.records.get(ALICE.listing(f"{batch} {number}").id) is not None
        assert store.records.count() % 20 == 0
        assert not store.fresh_after_damage
    assert names(path) == ["store.db", "store.db.mark"]


def test_the_wal_stays_small_and_is_gone_after_an_orderly_end(path: Path) -> None:
    with Store.open(path) as store:
        for batch in range(25):
            with store.transaction():
                for number in range(200):
                    put(store, f"{batch} {number}")
        assert path.with_name("store.db-wal").stat().st_size < 24 * 1024 * 1024
    assert names(path) == ["store.db"]


def test_only_its_owner_can_read_the_database(path: Path) -> None:
    fill(path, 1, source=None)
    assert {entry.stat().st_mode & 0o777 for entry in path.parent.iterdir()} == {0o600}
