"""A backup is of one moment, though ten others write meanwhile; it is read back, and one that fails leaves nothing behind."""

from __future__ import annotations

import errno
import io
import os
import resource
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pyrage
import pytest
import trio
import trio.testing

from meshnode.app import backup_state
from meshnode.app.explain.status import NetworkState, status
from meshnode.app.owner import policy
from meshnode.backup import BackupMaker, BackupReader, DailyBackups, cases, new_key, sealing
from meshnode.backup.contents import STORE, hashed
from meshnode.backup.maker import FETCHED_WITHIN, MADE, MadeBackup
from meshnode.errors import MeshnodeError, Refused, StorageFull, Usage
from meshnode.replica.replica import Replica
from meshnode.store.database import Database
from protocol import limits
from tests.support.homes import backed_up, maker_of, new_home, running
from tests.support.people import Person

WRITERS = 10
PAGES = 2000  # of the store in which others write: many steps of a copy
JOURNAL = 200_000  # bytes that the journal of the store may grow to while the disk is full


def enlarge(replica: Replica) -> None:
    """Fill the store of a node, so that a copy takes many steps."""
    with replica.store.transaction():
        for number in range(PAGES):
            replica.store.meta.set(f"filling {number}", "x" * 4000)


async def test_a_backup_beside_ten_writers_is_of_one_moment(tmp_path: Path) -> None:
    secret, public = new_key()
    written = 0
    home = new_home(tmp_path / "alice")
    with running(home) as replica:
        enlarge(replica)
        maker = maker_of(home, replica)

        def write(writer: int, number: int) -> None:
            """Change two rows that are far apart, always together."""
            nonlocal written
            with replica.store.transaction():
                replica.store.meta.set(f"first {writer}", str(number))
                replica.store.meta.set(f"filling {(writer * 197 + number * 31) % PAGES}", "y" * 4000)
                replica.store.meta.set(f"last {writer}", str(number))
            written += 1

        async def keep_writing(writer: int) -> None:
            for number in range(100_000):
                await maker.store_thread.run(write, writer, number)

        async with trio.open_nursery() as nursery:
            for writer in range(WRITERS):
                nursery.start_soon(keep_writing, writer)
            made = await maker.make([public])
            nursery.cancel_scope.cancel()
    assert written > WRITERS
    BackupReader(made.path, secret).unpack(tmp_path / "read")
    database = Database.open(tmp_path / "read" / STORE)
    database.check()
    for writer in range(WRITERS):
        first, last = (
            database.value("SELECT value FROM meta WHERE name = ?", (f"{which} {writer}",))
            for which in ("first", "last")
        )
        assert first == last
    assert database.value("SELECT count(*) FROM meta WHERE name LIKE 'filling %'") == PAGES
    database.close()


async def test_the_standard_tools_open_it(tmp_path: Path) -> None:
    """pyrage is the library behind `rage`, and reads what `age` writes; the archive is read by Python's own tar."""
    home = new_home(tmp_path / "alice")
    home.config.write_text('language = "de"\n')
    secret = await backed_up(home, tmp_path / "b.age")
    plain = pyrage.decrypt((tmp_path / "b.age").read_bytes(), [pyrage.x25519.Identity.from_str(secret)])
    with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
        assert tar.getnames() == ["manifest.json", "identity.key", "device.key", "config.toml", "store.db"]
        kept = tar.extractfile("identity.key")
        assert kept is not None
        assert kept.read() == home.identity_key.read_bytes()


async def test_nothing_but_the_sealed_file_is_left_and_it_is_private(
    tmp_path: Path, mock_clock: trio.testing.MockClock
) -> None:
    home = new_home(tmp_path / "alice")
    before = {one.name for one in home.path.iterdir()}
    with running(home) as replica:
        maker = maker_of(home, replica)
        made = await maker.make([new_key()[1]])
        old = home.path / MADE.format("left")
        old.write_bytes(b"of a process that was killed")
        mock_clock.jump(FETCHED_WITHIN / 2)
        again = await maker.make([new_key()[1]])
        assert not old.exists()
        assert made.path.exists()
        mock_clock.jump(FETCHED_WITHIN / 2)
        await maker.remove_unfetched()
        assert not made.path.exists()
    assert {one.name for one in home.path.iterdir()} - before == {again.path.name}
    assert again.path.stat().st_mode & 0o077 == 0
    for secret in ("meta", "SQLite format 3", home.identity_key.read_text().split('"seed": "')[1][:32]):
        assert secret.encode() not in again.path.read_bytes()


async def test_a_backup_that_is_being_written_is_not_cleared_away_as_one_that_nobody_has_fetched(
    tmp_path: Path,
) -> None:
    home = new_home(tmp_path / "alice")
    with running(home) as replica:
        maker = maker_of(home, replica)
        made: list[MadeBackup] = []

        async def make() -> None:
            made.append(await maker.make([new_key()[1]]))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(make)
            while not list(home.path.glob(MADE.format("*"))):
                await trio.lowlevel.checkpoint()
            await maker.remove_unfetched()
        assert made[0].path.exists()


@contextmanager
def files_no_longer_than(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond `size` bytes, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("part", [0.1, 0.5, 0.98])
async def test_a_disk_that_is_full_leaves_the_node_and_the_last_backup_as_they_were(
    tmp_path: Path, part: float
) -> None:
    home = new_home(tmp_path / "alice")
    directory = tmp_path / "kept"
    with running(home) as replica:
        maker = maker_of(home, replica, directory)
        maker.set_recipients([new_key()[1]])
        daily = DailyBackups(maker)
        assert await daily.make_if_due()
        (first,) = directory.iterdir()
        yesterday = directory / "meshnode-2020-01-01.age"
        first.rename(yesterday)
        kept = hashed(yesterday)
        enlarge(replica)
        replica.store.meta.delete("filling 0")
        replica.store.erase()  # the database has all of it now, and its journal is empty
        with files_no_longer_than(max(int(home.store.stat().st_size * part), JOURNAL)):
            assert not await daily.make_if_due()
        assert backup_state.state(replica).failed is not None
        assert "backup_failed" in [one.code for one in status(replica, NetworkState(ready=True)).problems]
        assert [hashed(one) for one in directory.iterdir()] == [kept]
        assert not list(home.path.glob(".backup*"))
        policy.vouch(replica, Person("Bob").id, 700)  # the node goes on
        assert await daily.make_if_due()
        assert backup_state.state(replica).failed is None


def test_a_full_disk_is_said_to_be_full() -> None:
    with Path("/dev/full").open("wb", buffering=0) as full, pytest.raises(StorageFull, match="disk is full"):
        sealing.seal([b"x" * 200_000], full, [new_key()[1]])


async def test_a_backup_that_has_no_room_is_not_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = new_home(tmp_path / "alice")
    with running(home) as replica:
        monkeypatch.setattr(type(replica.store), "disk", lambda _: (limits.DISK_FREE_LEAST, 10**9))
        with pytest.raises(StorageFull):
            await maker_of(home, replica).make([new_key()[1]])
    assert not list(home.path.glob(".backup*"))


# --- daily ------------------------------------------------------------------------------------------------------------


async def test_one_is_made_a_day_once_there_is_a_key_and_in_doubt_none_is_made_or_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, directory = new_home(tmp_path / "alice"), tmp_path / "stick"
    with running(home) as replica:
        maker = maker_of(home, replica, directory)
        daily = DailyBackups(maker)
        assert not await daily.make_if_due()
        made = cases.set_key(maker, cases.BackupKeyOrder())
        assert made.secret is not None
        assert maker.recipients() == made.keys
        now, days = replica.clock.now(), 0
        monkeypatch.setattr(type(replica.clock), "now", lambda _: now + days * limits.DAY)
        for days in range(12):  # noqa: B007 - the clock reads it
            assert await daily.make_if_due()
            assert not await daily.make_if_due()
        names = sorted(one.name for one in directory.iterdir())
        monkeypatch.setattr(type(replica.clock), "trusted", property(lambda _: False))
        days = 90
        assert not await daily.make_if_due()
        assert sorted(one.name for one in directory.iterdir()) == names
        today = datetime.fromtimestamp(now + 11 * limits.DAY, UTC).date().isoformat()
        shown = await cases.show(maker)
        assert (shown.daily[0].date, len(shown.daily)) == (today, len(names))
        assert 7 <= len(names) < 10  # seven days, and the last of the weeks before, as the days fall
    BackupReader(Path(shown.daily[0].file), made.secret).check()


async def test_while_the_disk_for_them_is_away_none_is_made_and_status_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, stick = new_home(tmp_path / "alice"), tmp_path / "media" / "stick"
    made = []
    make = BackupMaker.make

    async def counted(maker: BackupMaker, recipients: Sequence[str]) -> MadeBackup:
        made.append(recipients)
        return await make(maker, recipients)

    monkeypatch.setattr(BackupMaker, "make", counted)
    with running(home) as replica:
        maker = maker_of(home, replica, stick)
        maker.set_recipients([new_key()[1]])
        daily = DailyBackups(maker)
        assert not await daily.make_if_due()
        assert not made
        assert backup_state.state(replica).failed is not None
        stick.parent.mkdir()
        assert await daily.make_if_due()
        backup_state.note_failed(replica, "the stick was away for a moment")
        assert not await daily.make_if_due()
        assert backup_state.state(replica).failed is None
    assert len(made) == 1


@pytest.mark.parametrize("call", ["listdir", "mkdir", "open", "fsync"])
async def test_a_disk_that_fails_anywhere_ends_no_node_and_leaves_no_part_of_a_backup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    home, stick = new_home(tmp_path / "alice"), tmp_path / "stick"

    def fails(path: object, *given: object, **named: object) -> object:
        where = f"/proc/self/fd/{path}" if isinstance(path, int) else str(path)
        if Path(where).resolve().is_relative_to(stick):
            raise OSError(errno.EIO, "Input/output error")
        return real(path, *given, **named)

    with running(home) as replica:
        maker = maker_of(home, replica, stick)
        maker.set_recipients([new_key()[1]])
        real = getattr(os, call)
        with monkeypatch.context() as patch:
            patch.setattr(os, call, fails)
            assert not await DailyBackups(maker).make_if_due()
        state = backup_state.state(replica)
        assert state.failed is not None
        assert state.last is None, "it was not kept"
    assert not stick.exists() or not list(stick.iterdir())
    assert not list(home.path.glob(".backup*"))


async def test_its_owner_is_reminded_after_thirty_days_if_there_is_something_to_lose(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = new_home(tmp_path / "alice")
    with running(home) as replica:
        policy.vouch(replica, Person("Bob").id, 700)
        now, days = replica.clock.now(), 0
        monkeypatch.setattr(type(replica.clock), "now", lambda _: now + days * limits.DAY)
        assert not backup_state.is_wanted(replica)
        days = 31
        assert backup_state.is_wanted(replica)
        assert "no_backup" in [one.code for one in status(replica, NetworkState(ready=True)).problems]
        await cases.make(maker_of(home, replica), cases.BackupOrder(to=(new_key()[1],)))
        assert not backup_state.is_wanted(replica)
        days = 62
        assert backup_state.is_wanted(replica)
        policy.vouch(replica, Person("Bob").id, 0)
        assert not policy.weight(replica, Person("Bob").id)
        assert not backup_state.is_wanted(replica)


# --- keys -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["", "age1", "ssh-ed25519 AAAA", "age1" + "q" * 58, "a" * 10_000])
def test_what_is_no_public_key_is_refused(typed: str) -> None:
    with pytest.raises(Usage):
        sealing.recipient(typed)


def test_a_secret_key_in_place_of_a_public_one_is_refused_and_not_repeated() -> None:
    secret, _ = new_key()
    with pytest.raises(Usage, match="secret") as refused:
        sealing.recipient(secret)
    assert secret[20:40] not in refused.value.line


async def test_without_a_key_nothing_is_made(tmp_path: Path) -> None:
    home = new_home(tmp_path / "alice")
    with running(home) as replica:
        maker: BackupMaker = maker_of(home, replica)
        with pytest.raises(Refused):
            await cases.make(maker, cases.BackupOrder())
        home.backup_recipients.write_text("nonsense\n")
        home.backup_recipients.chmod(0o600)
        with pytest.raises(MeshnodeError):
            maker.recipients()


def test_a_node_in_memory_has_no_backups() -> None:
    with pytest.raises(Refused):
        cases.of(None)
