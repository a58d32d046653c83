"""Creates a new person and their first node in a home, ready to run."""

from __future__ import annotations

import secrets

from meshnode.app.owner.certificates import write_first_records
from meshnode.app.owner.places import Coordinates
from meshnode.home import Home
from meshnode.keyring import Keyring
from meshnode.node.opening import look_for_copy, open_replica, private_files
from meshnode.store import Store
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

    `place` is latitude and longitude in degrees; it stays in `home`, and only an area around it is published. `passphrase`
    encrypts the identity key.
    """
    with private_files():
        keyring = Keyring.create(home, passphrase, entropy=secrets.token_bytes)
        _create_store(home, keyring, name, None if place is None else Coordinates(*place), preference)
    return keyring.person


def _create_store(home: Home, keyring: Keyring, name: str, place: Coordinates | None, preference: Preference) -> None:
    with home.lock(), Store.open(home.store) as store:
        replica = open_replica(store, keyring)
        write_first_records(replica, name=name, place=place, preference=preference)
        look_for_copy(home, store, keyring, moved=False)
        replica.clock.remember()
