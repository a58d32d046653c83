"""The keys of a node are made once, private, and refused if damaged; in an encrypted home they are sealed under its key."""

from __future__ import annotations

import json
from hashlib import blake2b
from pathlib import Path

import pytest

from meshnode.errors import Failed, Forbidden, NotFound, Refused
from meshnode.home import Home
from meshnode.keyring import Keyring
from meshnode.sealing import HomeKey
from protocol import IdentityKeys
from tests.support.older_homes import lock_identity

PASSPHRASE = "correct horse"


class Dice:
    """Return random bytes that are the same in every run."""

    def __init__(self, seed: str = "dice") -> None:
        self._seed = seed
        self._drawn = 0

    def __call__(self, size: int) -> bytes:
        self._drawn += 1
        return blake2b(f"{self._seed} {self._drawn}".encode(), digest_size=size).digest()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture(autouse=True)
def cheap_passphrases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("meshnode.sealing.PASSPHRASE_MEMORY", 8192)
    monkeypatch.setattr("meshnode.sealing.PASSPHRASE_OPERATIONS", 1)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_opening_returns_the_keys_that_were_created(home: Home) -> None:
    made = Keyring.create(home, entropy=Dice())
    opened = Keyring.open(home)
    assert (opened.person, opened.device, opened.identity) == (made.person, made.device, made.identity)
    assert opened.identity is not None
    assert opened.identity.person_id == opened.person


def test_key_files_are_private(home: Home) -> None:
    Keyring.create(home, entropy=Dice())
    assert {path.name: mode(path) for path in home.path.iterdir()} == {"identity.key": 0o600, "device.key": 0o600}
    assert mode(home.path) == 0o700


def test_a_second_node_in_one_home_is_refused_and_changes_nothing(home: Home) -> None:
    Keyring.create(home, entropy=Dice())
    before = {path: path.read_bytes() for path in home.path.iterdir()}
    with pytest.raises(Refused, match="already a node") as caught:
        Keyring.create(home, entropy=Dice("others"))
    assert caught.value.exit_code == 5
    assert {path: path.read_bytes() for path in home.path.iterdir()} == before


def test_an_init_interrupted_before_the_identity_can_be_done_again(home: Home) -> None:
    Keyring.create(home, entropy=Dice("first"))
    home.identity_key.unlink()
    again = Keyring.create(home, entropy=Dice("second"))
    assert Keyring.open(home).device == again.device


@pytest.mark.parametrize("name", ["identity.key", "device.key"])
def test_a_key_file_that_others_may_read_is_refused_with_the_command_that_repairs_it(home: Home, name: str) -> None:
    Keyring.create(home, entropy=Dice())
    (home.path / name).chmod(0o640)
    with pytest.raises(Forbidden, match="open to others") as caught:
        Keyring.open(home)
    assert caught.value.hint == f"run: chmod 600 {home.path / name}"


def test_a_home_that_others_may_enter_is_refused(home: Home) -> None:
    Keyring.create(home, entropy=Dice())
    home.path.chmod(0o755)
    with pytest.raises(Forbidden, match="open to others"):
        Keyring.open(home)


def test_without_a_node_there_are_no_keys(home: Home) -> None:
    with pytest.raises(NotFound, match="no node"):
        Keyring.open(home)


def locked(home: Home, passphrase: str = PASSPHRASE) -> Keyring:
    """Make the keys of a home whose identity key alone is sealed, as an earlier version made it."""
    made = Keyring.create(home, entropy=Dice())
    lock_identity(home.path, passphrase, Dice("lock"))
    return made


def test_a_node_runs_while_its_identity_is_locked(home: Home) -> None:
    made = locked(home)
    opened = Keyring.open(home)
    assert opened.locked
    assert opened.identity is None
    assert (opened.person, opened.device) == (made.person, made.device)


def test_the_passphrase_opens_the_identity_and_nothing_else_does(home: Home) -> None:
    made = locked(home)
    assert made.identity is not None
    opened = Keyring.open(home)
    with pytest.raises(Forbidden, match="not the passphrase"):
        opened.unlock("battery staple")
    assert opened.locked
    assert opened.unlock("correct horse") == made.identity
    assert Keyring.open(home, "correct horse").identity == made.identity
    with pytest.raises(Forbidden):
        Keyring.open(home, "battery staple")


def test_a_passphrase_may_be_typed_on_another_keyboard(home: Home) -> None:
    locked(home, "gr\u00fcn")
    assert not Keyring.open(home, "gru\u0308n").locked


def test_the_seed_is_not_stored_in_the_clear_beside_its_encryption(home: Home) -> None:
    made = locked(home)
    assert made.identity is not None
    for path in home.path.iterdir():
        assert made.identity.seed.hex() not in path.read_text()


def test_the_keys_of_an_encrypted_home_are_sealed_and_open_with_its_key_alone(home: Home) -> None:
    encrypted = home._replace(key=HomeKey(b"k" * 32))
    made = Keyring.create(encrypted, entropy=Dice())
    made.new_device(entropy=Dice("new"))
    assert made.identity is not None
    secrets = [made.identity.seed, made.device.sign_seed, made.device.dh_private, made.device.letter_private]
    for path in home.path.iterdir():
        assert not any(secret.hex() in path.read_text() for secret in (*secrets, made.person))
    opened = Keyring.open(encrypted)
    assert (opened.person, opened.device, opened.identity) == (made.person, made.device, made.identity)
    assert len(opened.former_letter_keys()) == 1
    with pytest.raises(Failed, match=r"is encrypted, but .*encryption\.json is missing"):
        Keyring.open(home)
    with pytest.raises(Failed, match="damaged"):
        Keyring.open(home._replace(key=HomeKey(b"l" * 32)))


def test_plain_keys_do_not_count_in_an_encrypted_home(home: Home) -> None:
    Keyring.create(home, entropy=Dice())
    with pytest.raises(Failed, match="damaged"):
        Keyring.open(home._replace(key=HomeKey(b"k" * 32)))


def test_new_device_keys_keep_the_person_and_the_old_file(home: Home) -> None:
    made = Keyring.create(home, entropy=Dice())
    old_device, old_file = made.device, home.device_key.read_bytes()
    new_device = made.new_device(entropy=Dice("new"))
    opened = Keyring.open(home)
    assert new_device != old_device
    assert (opened.person, opened.device) == (made.person, new_device)
    assert (home.path / "device.old-1.key").read_bytes() == old_file
    assert mode(home.path / "device.old-1.key") == 0o600
    made.new_device(entropy=Dice("newer"))
    assert (home.path / "device.old-1.key").read_bytes() == old_file
    assert (home.path / "device.old-2.key").exists()


def test_a_former_device_key_that_a_newer_version_has_written_is_left_out(home: Home) -> None:
    made = Keyring.create(home, entropy=Dice())
    made.new_device(entropy=Dice("new"))
    old = home.path / "device.old-1.key"
    old.write_text(old.read_text().replace("version 1", "version 2"))
    assert Keyring.open(home).former_letter_keys() == ()


def test_a_locked_identity_takes_no_new_device(home: Home) -> None:
    locked(home)
    before = home.device_key.read_bytes()
    with pytest.raises(Forbidden, match="locked"):
        Keyring.open(home).new_device(entropy=Dice("new"))
    assert home.device_key.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("identity.key", "person"), ("identity.key", "seed"), ("device.key", "sign_seed"),
        ("device.key", "dh_private"), ("device.key", "letter_private"), ("device.key", "device"),
    ],
)  # fmt: skip
def test_a_flipped_bit_in_a_key_file_does_not_create_another_person(home: Home, name: str, part: str) -> None:
    Keyring.create(home, entropy=Dice())
    path = home.path / name
    content = json.loads(path.read_text())
    content[part] = f"{int(content[part], 16) ^ 1:064x}"
    path.write_text(json.dumps(content))
    with pytest.raises(Failed, match=f"{name} is damaged"):
        Keyring.open(home)


@pytest.mark.parametrize("content", ["", "{}", "[]", "null", "\x00", '{"what": 5}', "[" * 5000])
@pytest.mark.parametrize("name", ["identity.key", "device.key"])
def test_a_file_that_is_no_key_file_is_refused(home: Home, name: str, content: str) -> None:
    Keyring.create(home, entropy=Dice())
    (home.path / name).write_text(content)
    with pytest.raises(Failed, match="damaged"):
        Keyring.open(home)


def test_a_missing_device_key_is_an_error(home: Home) -> None:
    Keyring.create(home, entropy=Dice())
    home.device_key.unlink()
    with pytest.raises(Failed, match=r"device\.key is missing"):
        Keyring.open(home)
    assert not home.device_key.exists()


def test_an_excessive_passphrase_cost_counts_as_damage(home: Home) -> None:
    locked(home)
    content = json.loads(home.identity_key.read_text())
    content["argon2id"]["memory"] = 2**50
    home.identity_key.write_text(json.dumps(content))
    with pytest.raises(Failed, match="damaged"):
        Keyring.open(home, "correct horse")


def test_a_home_that_joins_keeps_its_device_keys_over_attempts_and_never_has_the_identity(home: Home) -> None:
    keys = Keyring.prepare_device(home, entropy=Dice())
    assert not home.has_node
    assert Keyring.prepare_device(home, entropy=Dice("another")) == keys
    person = IdentityKeys(bytes(32)).person_id
    joined = Keyring.join(home, person, keys, [b"a certificate", b"a profile"], entropy=Dice())
    opened = Keyring.open(home)
    for keyring in (joined, opened):
        assert (keyring.person, keyring.device, keyring.identity) == (person, keys, None)
        assert keyring.admission == (b"a certificate", b"a profile")
        assert keyring.elsewhere
        assert keyring.locked
    assert mode(home.identity_key) == 0o600
    with pytest.raises(Refused, match="already a node"):
        Keyring.prepare_device(home, entropy=Dice())
    with pytest.raises(Forbidden, match="not on this device"):
        Keyring.open(home, "correct horse")
    with pytest.raises(Forbidden):
        opened.new_device(entropy=Dice("new"))


def test_a_damaged_admission_is_an_error(home: Home) -> None:
    keys = Keyring.prepare_device(home, entropy=Dice())
    Keyring.join(home, IdentityKeys(bytes(32)).person_id, keys, [b"a certificate"], entropy=Dice())
    stored = json.loads(home.identity_key.read_text())
    home.identity_key.write_text(json.dumps({**stored, "admission": ["x"]}))
    with pytest.raises(Failed, match="damaged"):
        Keyring.open(home)
