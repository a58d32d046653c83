"""Creates a new person and their first node in a home, or a new node of a person who comes back, ready to run."""

from __future__ import annotations

import secrets
from contextlib import suppress

from meshnode.app.owner.certificates import write_first_records
from meshnode.app.owner.places import Coordinates
from meshnode.app.recovery.words import note_confirmed
from meshnode.encryption import encrypt_new, unlocked_keys
from meshnode.errors import Forbidden, Refused
from meshnode.home import Home, write_private
from meshnode.keyring import Keyring
from meshnode.node.opening import come_back, look_for_copy, open_replica, open_store, private_files
from meshnode.node.rekeying import settle
from meshnode.node.restoring import clear_up
from meshnode.sealing import check_passphrase
from protocol import PersonId, Preference


def create_node(
    home: Home,
    *,
    name: str,
    place: tuple[float, float] | None,
    preference: Preference,
    passphrase: str | None = None,
) -> PersonId:
    """Create a new person and their first node in `home`, ready to run. Refused, changing nothing, if it has a node.

    `place` is latitude and longitude in degrees; it stays in `home`, and only an area around it is published. With a
    `passphrase` the home is encrypted.
    """
    with private_files():
        home = new_home(home, passphrase)
        keyring = Keyring.create(home, entropy=secrets.token_bytes)
        _create_store(home, keyring, name, None if place is None else Coordinates(*place), preference)
    return keyring.person


def recover_node(home: Home, seed: bytes, passphrase: str | None = None, *, on_paper: bool = False) -> PersonId:
    """Make `home` a new device of the person with this identity key (its seed, 32 bytes), ready to run.

    `on_paper` says that they have typed the seed as their recovery words, so nobody reminds them to write these down. Nothing else is known of them: their own records come from their contacts. Refused, changing nothing, if the home has a
    node. May be interrupted at any moment: `run` goes on with it, or it is done again.
    """
    with private_files():
        home = new_home(home, passphrase)
        write_private(home.coming_back, b"")
        keyring = Keyring.create(home, entropy=secrets.token_bytes, seed=seed)
        with home.lock(), open_store(home) as store:
            replica = open_replica(store, keyring)
            come_back(home, replica)
            if on_paper:
                note_confirmed(replica)
            look_for_copy(home, store, keyring, moved=False)
            replica.clock.remember()
    return keyring.person


def identity_seed(home: Home, passphrase: str | None) -> bytes:
    """Return the seed of the identity key in `home`. Forbidden where it is locked or on another device; errors as `run`."""
    home.check()
    with suppress(Refused), home.lock():  # a node that runs has done so when it started
        settle(home)
    _, keyring = unlocked_keys(home, passphrase)
    if keyring.identity is not None:
        return keyring.identity.seed
    if keyring.elsewhere:
        raise Forbidden(
            "your identity key is not on this device", "do this on the device where you ran 'meshnode init'"
        )
    raise Forbidden("your identity key is locked", "give its passphrase first")


def new_home(home: Home, passphrase: str | None) -> Home:
    """Make the directory of a home; with a `passphrase`, return it with the key under which all in it will be.

    Refused, changing nothing, if it has a node already, if one is being restored or joined there at this moment, or if the
    passphrase is empty.
    """
    if passphrase is not None:
        check_passphrase(passphrase)
    if home.lock_file.exists():
        home.lock().release()
    clear_up(home)
    home.make()
    home.forget_attempt()
    if passphrase is None:
        return home
    return encrypt_new(home, passphrase, entropy=secrets.token_bytes)


def _create_store(home: Home, keyring: Keyring, name: str, place: Coordinates | None, preference: Preference) -> None:
    with home.lock(), open_store(home) as store:
        replica = open_replica(store, keyring)
        write_first_records(replica, name=name, place=place, preference=preference)
        look_for_copy(home, store, keyring, moved=False)
        replica.clock.remember()
