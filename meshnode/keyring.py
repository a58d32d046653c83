"""Keeps the keys of a node in two private files: the person's identity key, and the keys of this device.

In an encrypted home both are sealed under its key. A device that was added does not have the identity key; its file holds
the records that admitted it instead. In a home that an earlier version made, the identity key alone may be sealed under a
passphrase, and the node runs without it until `passphrase set` encrypts the whole home. Each file also names its public
keys and counts as damaged if they do not match: a flipped bit must not create another person.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from meshnode.errors import Failed, Forbidden, Refused
from meshnode.home import FORMER_DEVICE, Home, check_written_before, read_private, write_private
from meshnode.sealing import Entropy, HomeKey, unseal
from protocol import DeviceKeys, IdentityKeys, PersonId

SEED_BYTES = 32

_IDENTITY = "meshnode identity key, version 1: whoever has it is you"
_ELSEWHERE = "meshnode person, version 1: the identity key is on the device that admitted this one"
_SEALED = "meshnode key, version 1: sealed under the key in encryption.json"
_DEVICE = "meshnode device key, version 1: whoever has it can write as this device"


class Keyring:
    """The keys of one home, read from its files."""

    def __init__(
        self,
        home: Home,
        person: PersonId,
        device: DeviceKeys,
        identity: IdentityKeys | None,
        *,
        admission: tuple[bytes, ...] | None = None,
    ) -> None:
        self._home = home
        self.person = person
        self.device = device
        self.identity = identity
        """None while it is locked, and on a device that does not have it."""
        self.admission = admission
        """The encoded records with which another device admitted this one; None on the device with the identity key."""

    @classmethod
    def create(cls, home: Home, *, entropy: Entropy, seed: bytes | None = None) -> Keyring:
        """Make the keys of a new person and their first device in `home`. Refused, changing nothing, if it has a node.

        `entropy(n)` returns n random bytes that are fit for keys. They are sealed if the home has a key. With the `seed` of
        their identity key (32 bytes), it is a new device of a person who comes back.
        """
        home.make()
        identity = IdentityKeys(entropy(SEED_BYTES) if seed is None else seed)
        device = _write_device(home, entropy)
        # Written last, because a home with this file has a node: after a power cut before, `init` can be run again.
        _write(home, home.identity_key, _identity_content(identity), entropy)
        return cls(home, identity.person_id, device, identity)

    @classmethod
    def prepare_device(cls, home: Home, *, entropy: Entropy) -> DeviceKeys:
        """Return the device keys for a home that is to join a person: those of an interrupted attempt, or new ones.

        Refused, changing nothing, if the home has a node already.
        """
        home.make(restored=True)
        return _read_device(home) if home.device_key.exists() else _write_device(home, entropy)

    @classmethod
    def join(
        cls, home: Home, person: PersonId, device: DeviceKeys, admission: Sequence[bytes], *, entropy: Entropy
    ) -> Keyring:
        """Make the home, whose device keys were prepared, a node of `person` without their identity key."""
        _write(home, home.identity_key, _joined_content(person, admission), entropy)
        return cls(home, person, device, None, admission=tuple(admission))

    @classmethod
    def open(cls, home: Home, passphrase: str | None = None) -> Keyring:
        """Read the keys of `home`, which has its key if it is encrypted: see `encryption.unlocked`.

        `passphrase` is for an identity key that alone is sealed under one; without it that stays locked. Raises NotFound
        without a node; Forbidden if others could read the keys, if the passphrase is wrong, or if one is given on a device
        without the identity key; Failed if a file is missing or damaged.
        """
        home.check()
        stored = _read(home, home.identity_key.name, _IDENTITY, _ELSEWHERE)
        device = _read_device(home)
        keyring = cls(
            home,
            _bytes(home, home.identity_key.name, stored, "person"),
            device,
            None,
            admission=_admission(home, stored) if stored["what"] == _ELSEWHERE else None,
        )
        if keyring.elsewhere and passphrase is not None:
            raise Forbidden("your identity key is not on this device", "start it without the passphrase")
        if "seed" in stored and not keyring.elsewhere:
            keyring.identity = keyring._matching(_bytes(home, home.identity_key.name, stored, "seed"))
        elif passphrase is not None:
            keyring.unlock(passphrase)
        return keyring

    @property
    def locked(self) -> bool:
        """Whether this node cannot use the identity key now: no passphrase was given, or another device has the key."""
        return self.identity is None

    @property
    def elsewhere(self) -> bool:
        """Whether the identity key is on another device, so that no passphrase opens it here."""
        return self.admission is not None

    def unlock(self, passphrase: str) -> IdentityKeys:
        """Decrypt the identity key. Forbidden if the passphrase is wrong."""
        stored = _read(self._home, self._home.identity_key.name, _IDENTITY)
        if self.identity is None and "sealed" in stored:
            try:
                self.identity = self._matching(unseal(stored, passphrase))
            except ValueError:
                raise _damaged(self._home, self._home.identity_key.name) from None
        if self.identity is None:
            raise _damaged(self._home, self._home.identity_key.name)
        return self.identity

    def files_under(self, key: HomeKey | None, *, entropy: Entropy) -> dict[str, bytes]:
        """Return the content of each file with keys, by name, as it is to be in a home under `key`; None is a plain home.

        Forbidden while the identity key is locked, Failed if a file is missing or damaged.
        """
        if self.admission is not None:
            identity = _joined_content(self.person, self.admission)
        elif self.identity is not None:
            identity = _identity_content(self.identity)
        else:
            raise Forbidden("your identity key is locked", "give its passphrase first")
        files = {
            self._home.identity_key.name: _file_content(key, identity, entropy),
            self._home.device_key.name: _file_content(key, _device_content(self.device), entropy),
        }
        for path in sorted(self._home.path.glob(FORMER_DEVICE.format("*"))):
            files[path.name] = _file_content(key, _read(self._home, path.name, _DEVICE), entropy)
        return files

    def new_device(self, *, entropy: Entropy) -> DeviceKeys:
        """Make new device keys, because the versions that the old keys signed are lost or were copied.

        The old file is kept beside the new one: letters sealed to its keys can be read with nothing else. The caller
        certifies the new device, and revokes the old one if somebody else may have its keys. Forbidden while the
        identity key is locked, because an uncertified device cannot sign records.
        """
        if self.identity is None:
            raise Forbidden("your identity key is locked", "give its passphrase: only it can certify a new device")
        if self._home.device_key.exists():
            write_private(self._unused_name(), read_private(self._home.device_key))
        self.device = _write_device(self._home, entropy)
        return self.device

    def set_device_aside(self) -> None:
        """Keep the device keys for nothing but letters that were sealed to them: this home will get others."""
        self._home.device_key.rename(self._unused_name())

    def _unused_name(self) -> Path:
        """Return the path for the next device key that is kept although it signs nothing any longer."""
        number = 1
        while (old := self._home.path / FORMER_DEVICE.format(number)).exists():
            number += 1
        return old

    def former_letter_keys(self) -> tuple[bytes, ...]:
        """Return the private letter keys of the devices that this home was before: letters to them may be on their way.

        One that cannot be read any more is left out: nothing but such letters depends on it.
        """
        found = []
        for path in sorted(self._home.path.glob(FORMER_DEVICE.format("*"))):
            with suppress(Failed, Forbidden, Refused):
                found.append(_read_device(self._home, path.name).letter_private)
        return tuple(found)

    def _matching(self, seed: bytes) -> IdentityKeys:
        if len(seed) != SEED_BYTES or (identity := IdentityKeys(seed)).person_id != self.person:
            raise _damaged(self._home, self._home.identity_key.name)
        return identity


# --- the files -------------------------------------------------------------------------------------------------------


def _identity_content(identity: IdentityKeys) -> dict[str, Any]:
    return {"what": _IDENTITY, "person": identity.person_id.hex(), "seed": identity.seed.hex()}


def _joined_content(person: PersonId, admission: Sequence[bytes]) -> dict[str, Any]:
    return {"what": _ELSEWHERE, "person": person.hex(), "admission": [wire.hex() for wire in admission]}


def _write_device(home: Home, entropy: Entropy) -> DeviceKeys:
    keys = DeviceKeys(entropy(SEED_BYTES), entropy(SEED_BYTES), entropy(SEED_BYTES))
    _write(home, home.device_key, _device_content(keys), entropy)
    return keys


def _device_content(keys: DeviceKeys) -> dict[str, Any]:
    return {
        "what": _DEVICE,
        "device": keys.device_id.hex(),
        "dh_public": keys.dh_public.hex(),
        "letter_public": keys.letter_public.hex(),
        "sign_seed": keys.sign_seed.hex(),
        "dh_private": keys.dh_private.hex(),
        "letter_private": keys.letter_private.hex(),
    }


def _read_device(home: Home, name: str = "") -> DeviceKeys:
    name = name or home.device_key.name
    stored = _read(home, name, _DEVICE)
    seeds = [_bytes(home, name, stored, part) for part in ("sign_seed", "dh_private", "letter_private")]
    keys = DeviceKeys(*seeds)
    public = [_bytes(home, name, stored, part) for part in ("device", "dh_public", "letter_public")]
    if public != [keys.device_id, keys.dh_public, keys.letter_public]:
        raise _damaged(home, name)
    return keys


def _admission(home: Home, stored: dict[str, Any]) -> tuple[bytes, ...]:
    try:
        return tuple(bytes.fromhex(wire) for wire in stored["admission"])
    except (KeyError, TypeError, ValueError):
        raise _damaged(home, home.identity_key.name) from None


def _read(home: Home, name: str, *whats: str) -> dict[str, Any]:
    path = home.path / name
    try:
        stored = json.loads(read_private(path))
        sealed = isinstance(stored, dict) and stored.get("what") == _SEALED
        if sealed and home.key is not None:
            stored = json.loads(home.key.unseal(bytes.fromhex(stored["sealed"])))
    except FileNotFoundError:
        raise Failed("{path} is missing", "put it back from your backup", path=path) from None
    except OSError as error:
        raise Failed("{path} cannot be read: {strerror}", path=path, strerror=error.strerror) from error
    except (KeyError, TypeError, ValueError, RecursionError):  # neither JSON nor text, or sealed under another key
        raise _damaged(home, name) from None
    if isinstance(stored, dict):
        check_written_before(path, stored.get("what"))
    if sealed and home.key is None:
        raise Failed(
            "{path} is encrypted, but {encryption} is missing",
            "put it back from your backup",
            path=path,
            encryption=home.encryption,
        )
    if not isinstance(stored, dict) or stored.get("what") not in whats or sealed != (home.key is not None):
        raise _damaged(home, name)
    return stored


def _write(home: Home, path: Path, content: dict[str, Any], entropy: Entropy) -> None:
    write_private(path, _file_content(home.key, content, entropy))


def _file_content(key: HomeKey | None, content: dict[str, Any], entropy: Entropy) -> bytes:
    if key is None:
        return _written(content)
    return _written({"what": _SEALED, "sealed": key.seal(_written(content), entropy).hex()})


def _written(content: dict[str, Any]) -> bytes:
    return json.dumps(content, indent=1).encode() + b"\n"


def _bytes(home: Home, name: str, stored: dict[str, Any], part: str) -> bytes:
    try:
        value = bytes.fromhex(stored[part])
    except (KeyError, TypeError, ValueError):
        raise _damaged(home, name) from None
    if len(value) != SEED_BYTES:
        raise _damaged(home, name)
    return value


def _damaged(home: Home, name: str) -> Failed:
    return Failed("{path} is damaged", "put it back from your backup", path=home.path / name)
