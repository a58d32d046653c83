"""A restored home is a new device of the same person; a file that is cut, flipped, foreign or newer changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import apsw
import pytest

from meshnode import node
from meshnode.app import naming
from meshnode.app.devices import lost_device
from meshnode.app.owner import policy
from meshnode.app.recovery import coming_back
from meshnode.backup import BackupReader, Manifest, contents, new_key, sealing, with_passphrase
from meshnode.errors import Failed, Forbidden, MeshnodeError, Refused, StorageFull
from meshnode.home import Home
from meshnode.node import Decision
from meshnode.node.restoring import RESTORING
from protocol import Kind, limits, person_text
from protocol.tokens import DeviceCode
from tests.support.homes import backed_up, new_home, running
from tests.support.people import Person


def going_on(_: Manifest) -> Decision:
    return Decision(old_lost=False)


def decided(passphrase: str | None, _: Manifest) -> Decision:
    return Decision(old_lost=False, passphrase=passphrase)


def gone(_: Manifest) -> Decision:
    return Decision(old_lost=True)


@pytest.fixture
async def saved(tmp_path: Path) -> tuple[Home, Path, str]:
    """Alice's home, a backup of it, and the secret key that opens it."""
    home = new_home(tmp_path / "alice")
    with running(home) as replica:
        policy.vouch(replica, Person("Bob").id, 700)
    return home, tmp_path / "b.age", await backed_up(home, tmp_path / "b.age")


async def test_a_restored_home_has_everything_and_is_a_new_device(
    saved: tuple[Home, Path, str], tmp_path: Path
) -> None:
    home, file, secret = saved
    with running(home) as replica:
        me, former = replica.me, replica.device
        written = {one.id for one in replica.store.records.rows(author=me)}
    restored = node.restore(Home(tmp_path / "new"), file, secret, going_on)
    assert restored.renewed
    assert restored.manifest.name == "Alice"
    with running(Home(tmp_path / "new")) as replica:
        assert replica.me == me
        assert replica.device != former
        assert {one.device for one in replica.trust_state.devices(me)} == {former, replica.device}
        assert written <= {one.id for one in replica.store.records.rows(author=me)}
        assert policy.weight(replica, Person("Bob").id) == 700
        own = [one for one in replica.store.records.rows(author=me) if one.device == replica.device]
        assert {one.kind for one in own} == {Kind.DEVICE}
        assert replica.former_letter_keys
        assert lost_device.waiting(replica) is None
    left = {one.name for one in (tmp_path / "new").iterdir()}
    assert RESTORING not in left
    assert all(one.stat().st_mode & 0o077 == 0 for one in (tmp_path / "new").iterdir())


async def test_a_device_that_was_lost_is_revoked_once_there_is_nobody_left_to_wait_for(tmp_path: Path) -> None:
    home = new_home(tmp_path / "alice")
    secret = await backed_up(home, tmp_path / "b.age")
    with running(home) as replica:
        former = replica.device
    node.restore(Home(tmp_path / "new"), tmp_path / "b.age", secret, gone)
    with running(Home(tmp_path / "new")) as replica:
        assert lost_device.waiting(replica) == (former, 0, 0)
        lost_device.revoke_if_due(replica)  # no contacts: nobody can hold anything
        assert replica.trust_state.revoked(replica.me, former)
        assert lost_device.waiting(replica) is None
        profile = replica.trust_state.profile(replica.me)
        assert profile is not None
        assert profile.name == "Alice"


# --- files that are not as they should be -------------------------------------------------------------------------------


async def test_a_file_that_is_cut_anywhere_changes_nothing(saved: tuple[Home, Path, str], tmp_path: Path) -> None:
    _, file, secret = saved
    whole = file.read_bytes()
    for length in (0, 10, 100, 300, 1000, 65_000, len(whole) // 2, len(whole) - 65_536, len(whole) - 1):
        _is_refused(whole[:length], secret, tmp_path)


async def test_a_file_with_a_flipped_bit_changes_nothing(saved: tuple[Home, Path, str], tmp_path: Path) -> None:
    _, file, secret = saved
    whole = file.read_bytes()
    for where in (0, 30, 80, 200, 400, 1000, len(whole) // 2, len(whole) - 1):
        broken = bytearray(whole)
        broken[where] ^= 1
        _is_refused(bytes(broken), secret, tmp_path)


def _is_refused(data: bytes, secret: str, tmp_path: Path) -> None:
    file, home = tmp_path / "broken.age", Home(tmp_path / "new")
    file.write_bytes(data)
    with pytest.raises((Failed, Forbidden)) as refused:
        node.restore(home, file, secret, going_on)
    assert "\n" not in refused.value.line
    _is_empty(home)


def _is_empty(home: Home) -> None:
    assert not home.has_node
    assert {one.name for one in home.path.iterdir()} <= {"lock", RESTORING}
    assert not (home.path / RESTORING).exists()


async def test_another_key_and_another_passphrase_open_nothing(saved: tuple[Home, Path, str], tmp_path: Path) -> None:
    _, file, secret = saved
    home = Home(tmp_path / "new")
    with pytest.raises(Forbidden):
        node.restore(home, file, new_key()[0], going_on)
    with pytest.raises(MeshnodeError):
        node.restore(home, file, "a passphrase", going_on)
    with_passphrase(file, secret, "correct horse")
    assert sealing.wants_passphrase(file)
    with pytest.raises(Forbidden, match="passphrase"):
        node.restore(home, file, "wrong horse", going_on)
    _is_empty(home)
    assert node.restore(home, file, "correct horse", going_on).renewed


def resealed(file: Path, secret: str, change: object, tmp_path: Path) -> tuple[Path, str]:
    """Return a backup with other files than those in `file`, sealed as soundly as a backup can be, and its secret key."""
    into = tmp_path / "opened"
    manifest = BackupReader(file, secret).unpack(into)
    facts = {name: getattr(manifest, name) for name in Manifest.__struct_fields__}
    assert callable(change)
    change(into, facts)
    facts["files"] = {name: contents.hashed(into / name) for name in facts["files"]}
    forged, (other, public) = tmp_path / "forged.age", new_key()
    with forged.open("wb") as out:
        sealing.seal(contents.archive(Manifest(**facts), {name: into / name for name in facts["files"]}), out, [public])
    return forged, other


async def test_a_backup_with_the_keys_of_another_person_is_refused(
    saved: tuple[Home, Path, str], tmp_path: Path
) -> None:
    _, file, secret = saved
    mallory = new_home(tmp_path / "mallory", "Mallory")

    def swap(into: Path, _: dict[str, object]) -> None:
        (into / "identity.key").write_bytes(mallory.identity_key.read_bytes())

    forged, key = resealed(file, secret, swap, tmp_path)
    with pytest.raises(MeshnodeError):
        node.restore(Home(tmp_path / "new"), forged, key, going_on)
    _is_empty(Home(tmp_path / "new"))


async def test_a_dry_run_says_whose_it_is_so_that_another_persons_shows(saved: tuple[Home, Path, str]) -> None:
    home, file, secret = saved
    manifest = node.look_into_backup(file, secret)
    assert manifest.name == "Alice"
    with running(home) as replica:
        assert manifest.person == person_text(replica.me)
    assert manifest.counts["policy"] == 1


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER evil AFTER INSERT ON meta BEGIN DELETE FROM record; END",
        "CREATE VIEW evil AS SELECT * FROM record",
        "CREATE TABLE evil (x)",
        "DROP TABLE photo",
        "CREATE INDEX evil ON meta (value)",
        "ALTER TABLE meta ADD COLUMN evil TEXT",
    ],
)
async def test_a_store_with_anything_that_no_version_has_made_is_refused(
    saved: tuple[Home, Path, str], tmp_path: Path, statement: str
) -> None:
    _, file, secret = saved

    def change(into: Path, _: dict[str, object]) -> None:
        connection = apsw.Connection(str(into / "store.db"), vfs="cksmvfs")
        connection.execute(statement)
        connection.close()

    forged, key = resealed(file, secret, change, tmp_path)
    with pytest.raises(Failed):
        node.restore(Home(tmp_path / "new"), forged, key, going_on)
    _is_empty(Home(tmp_path / "new"))


async def test_a_backup_by_a_newer_program_says_to_update(saved: tuple[Home, Path, str], tmp_path: Path) -> None:
    _, file, secret = saved

    def change(into: Path, facts: dict[str, object]) -> None:
        connection = apsw.Connection(str(into / "store.db"), vfs="cksmvfs")
        connection.execute("PRAGMA user_version = 9999")
        connection.close()
        facts["schema"] = 9999

    forged, key = resealed(file, secret, change, tmp_path)
    with pytest.raises(Refused, match="newer meshnode"):
        node.restore(Home(tmp_path / "new"), forged, key, going_on)
    _is_empty(Home(tmp_path / "new"))


async def test_a_disk_without_room_changes_nothing(
    saved: tuple[Home, Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, file, secret = saved
    monkeypatch.setattr(limits, "DISK_FREE_LEAST", 1 << 60)
    with pytest.raises(StorageFull):
        node.restore(Home(tmp_path / "new"), file, secret, going_on)
    _is_empty(Home(tmp_path / "new"))


# --- homes that are not empty -------------------------------------------------------------------------------------------


async def test_a_home_with_a_node_is_left_alone(saved: tuple[Home, Path, str]) -> None:
    home, file, secret = saved
    before = {one.name: one.read_bytes() for one in home.path.iterdir()}
    with pytest.raises(Refused):
        node.restore(home, file, secret, gone)
    assert {one.name: one.read_bytes() for one in home.path.iterdir()} == before


async def test_settings_that_are_there_already_stay(saved: tuple[Home, Path, str], tmp_path: Path) -> None:
    home, _, _ = saved
    home.config.write_text('language = "de"\n')
    secret = await backed_up(home, tmp_path / "c.age")
    new = Home(tmp_path / "new")
    new.path.mkdir(mode=0o700)
    new.config.write_text("port = 4800\n")
    node.restore(new, tmp_path / "c.age", secret, going_on)
    assert new.config.read_text() == "port = 4800\n"


@pytest.mark.parametrize("place", ["before the keys", "before the identity key"])
async def test_a_restore_that_was_interrupted_is_done_again(
    saved: tuple[Home, Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    _, file, secret = saved
    new = Home(tmp_path / "new")
    real, count = Path.rename, 0

    def rename(path: Path, target: Path) -> Path:
        nonlocal count
        if path.parent.name == RESTORING:
            count += 1
            if count == 1 if place == "before the keys" else path.name == "identity.key":
                raise PowerCutError
        return real(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", rename)
        patch.setattr("meshnode.node.restoring.clear_up", lambda _: None)
        with pytest.raises(PowerCutError):
            node.restore(new, file, secret, going_on)
    assert (new.path / RESTORING).exists()
    assert node.restore(new, file, secret, going_on).renewed


async def test_what_an_interrupted_restore_has_left_is_no_part_of_another_node(
    saved: tuple[Home, Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, file, secret = saved
    new, bob = Home(tmp_path / "new"), Person("Bob")
    code = DeviceCode(bob.id, bob.keys.dh_public, bytes(32), limits.TIME_MAX, ())
    with monkeypatch.context() as patch:
        patch.setattr("meshnode.node.restoring.sync_directory", power_cut)
        patch.setattr("meshnode.node.restoring.clear_up", lambda _: None)
        with pytest.raises(PowerCutError):
            node.restore(new, file, secret, going_on)
    with pytest.raises(Refused, match="interrupted"):
        node.join(new, code, seconds=1, mdns=False, progress=print)
    new_home(new.path, "Carol")
    assert not (new.path / RESTORING).exists()
    with running(new) as replica:
        assert naming.name_of(replica, replica.me) == "Carol"


@pytest.mark.parametrize(
    "begin",
    [
        pytest.param(lambda home: new_home(home.path, passphrase="horse"), id="as a new person"),
        pytest.param(lambda home: node.recover_node(home, bytes(32), "horse"), id="as one who comes back"),
    ],
)
async def test_an_encrypted_init_that_was_interrupted_does_not_touch_what_is_restored_later(
    saved: tuple[Home, Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begin: Callable[[Home], object]
) -> None:
    _, file, secret = saved
    new = Home(tmp_path / "new")
    with monkeypatch.context() as patch:
        patch.setattr("meshnode.keyring._identity_content", power_cut)
        with pytest.raises(PowerCutError):
            begin(new)
    assert new.encryption.exists()
    assert node.restore(new, file, secret, going_on).renewed
    with running(new) as replica:
        assert policy.weight(replica, Person("Bob").id) == 700
        assert not coming_back.is_waiting(replica)


class PowerCutError(Exception):
    """The power fails."""


def power_cut(*_: object, **__: object) -> None:
    raise PowerCutError


# --- keys that are locked or elsewhere ----------------------------------------------------------------------------------


async def test_an_encrypted_home_stays_encrypted_in_the_backup_and_after_it(tmp_path: Path) -> None:
    home = new_home(tmp_path / "alice", passphrase="horse")
    secret = await backed_up(home, tmp_path / "b.age", "horse")
    assert node.look_into_backup(tmp_path / "b.age", secret).identity == "sealed"
    for wrong in (None, "donkey"):
        with pytest.raises(Forbidden):
            node.restore(Home(tmp_path / "new"), tmp_path / "b.age", secret, partial(decided, wrong))
        _is_empty(Home(tmp_path / "new"))
    assert node.restore(Home(tmp_path / "new"), tmp_path / "b.age", secret, lambda _: Decision(True, "horse")).renewed
    with pytest.raises(Forbidden), running(Home(tmp_path / "new")):
        pass
    with running(Home(tmp_path / "new"), "horse") as replica:
        assert len(replica.trust_state.devices(replica.me)) == 2
    assert not (tmp_path / "new" / "store.db").read_bytes().startswith(b"SQLite")
