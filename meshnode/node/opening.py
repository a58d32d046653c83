"""Opens what a home holds: keys and store, as one replica. Sees first whether the files are copies, and writes what is missing."""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from meshnode.app import misdated
from meshnode.app.devices import copies
from meshnode.app.owner.certificates import certify_own_device, write_first_records
from meshnode.app.peers.contacts import salvaged
from meshnode.app.recovery import coming_back
from meshnode.clock import Clock, ClockMemory
from meshnode.encryption import is_being_decrypted, is_encrypted, unlocked_keys
from meshnode.errors import Forbidden, MeshnodeError
from meshnode.home import Home
from meshnode.keyring import Keyring
from meshnode.node.rekeying import HOME_MARK, settle
from meshnode.replica.ingest import Verifier, verify_one_by_one
from meshnode.replica.replica import Replica
from meshnode.replica.revocation import is_self_revoked
from meshnode.replica.verify import SharedVerifier
from meshnode.store import Store
from meshnode.store.file_mark import mark_of
from protocol import UNSET_PREFERENCE, Kind, Record, device_slot

log = logging.getLogger(__name__)

CLOCK = "clock"  # the name of what the clock remembers, in the store's small values
PRIVATE_UMASK = 0o077  # for all files made here, also those that SQLite makes beside the database
Needs = Literal["nothing", "identity", "home"]
"""What needs the passphrase: nothing, the identity key alone (an earlier version made the home), or the whole home."""

UNNAMED = "Unnamed"  # a person whose store was lost before anybody else knew their name


def needs_passphrase(home: Home) -> Needs:
    """Return what in `home` needs its passphrase: see Needs. Errors as Keyring.open."""
    home.check()
    if is_encrypted(home):
        return "home"
    if is_being_decrypted(home):
        return "nothing"
    keyring = Keyring.open(home)
    return "identity" if keyring.locked and not keyring.elsewhere else "nothing"


@contextmanager
def private_files() -> Iterator[None]:
    """Make all files that are created meanwhile, by SQLite too, readable to the owner alone."""
    before = os.umask(PRIVATE_UMASK)
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def opened(
    home: Home, passphrase: str | None, *, moved: bool, receipts: bool = True, begin: bool = True
) -> Iterator[Replica]:
    """Open the keys and the store in `home`, whose lock is held; with `begin`, write first records that are missing."""
    settle(home)
    home, keyring = unlocked_keys(home, passphrase)
    verifier = SharedVerifier(os.cpu_count() or 1)
    try:
        with open_store(home) as store:
            look_for_copy(home, store, keyring, moved=moved)
            if store.fresh_after_damage:
                # The versions that the old key signed are no longer known: signing with it could fork this person.
                if keyring.elsewhere:
                    raise Forbidden(
                        store.problems[0].message,
                        "to use this computer again, make it a new device: 'meshnode device join' in a new home",
                    )
                if keyring.locked:
                    raise Forbidden(store.problems[0].message, store.problems[0].hint)
                _take_new_key(store, keyring)
                store.device_renewed()
                log.warning("the store was lost; this device has taken a new key")
            replica = open_replica(store, keyring, verifier, receipts=receipts)
            if copies.new_key_due(replica) and copies.may_take_new_key(replica):
                _take_new_key(store, keyring)
                log.warning("this device was copied; it has taken a new key")
                replica = open_replica(store, keyring, verifier, receipts=receipts)
            if begin:
                come_back(home, replica)
                _begin(replica, keyring.admission)
                misdated.follow(replica)
            yield replica
            replica.clock.remember()
    finally:
        verifier.close()


def open_store(home: Home) -> Store:
    """Open the store of `home`, which has its key if it is encrypted: see `encryption.unlocked`. Errors as Store.open."""
    return Store.open(home.store, key=home.store_key)


def _take_new_key(store: Store, keyring: Keyring) -> None:
    former = keyring.device.device_id
    keyring.new_device(entropy=secrets.token_bytes)
    copies.note_new_key(store, former, keyring.device.device_id)


def look_for_copy(home: Home, store: Store, keyring: Keyring, *, moved: bool) -> None:
    """Note whether the files of this home are copies. Raises Forbidden where nothing can be signed safely then."""
    mark, former = mark_of(home.store), store.meta.get(HOME_MARK)
    if mark is not None and mark != former:
        store.meta.set(HOME_MARK, mark)
        if former is not None:
            copies.note_copied_home(store)
    if moved:
        copies.keep_key(store)
    elif copies.is_copied_home(store) and keyring.identity is None:
        raise Forbidden(
            "the node in {path} is a copy, and two nodes must not write with one key",
            "if the former one is gone, go on with: meshnode run --moved. Else make this computer a new device:"
            " 'meshnode device join' in a new home"
            if keyring.elsewhere
            else "if the former one is gone, go on with: meshnode run --moved. Else start it with its passphrase, and it"
            " takes a new key: meshnode run",
            path=home.path,
        )


def come_back(home: Home, replica: Replica) -> None:
    """Let the owner come back on this device, if the home was made for that."""
    if home.coming_back.exists():
        coming_back.begin(replica)
        home.coming_back.unlink()


def open_replica(
    store: Store, keyring: Keyring, verifier: Verifier = verify_one_by_one, *, receipts: bool = True
) -> Replica:
    """Return the replica over an open store and the keys of its node."""
    return Replica.open(
        store,
        keyring.person,
        keyring.device,
        _clock(store),
        secrets.token_bytes,
        identity=keyring.identity,
        elsewhere=keyring.elsewhere,
        receipts=receipts,
        former_letter_keys=keyring.former_letter_keys(),
        verifier=verifier,
    )


def _clock(store: Store) -> Clock:
    memory = ClockMemory.from_text(store.meta.get(CLOCK))
    return Clock(memory, lambda memory: store.meta.set(CLOCK, memory.to_text()))


def _begin(replica: Replica, admission: tuple[bytes, ...] | None) -> None:
    """Write the first records if they are missing. Raises an error with a message for the owner; no other keeps a node down."""
    try:
        _write_missing_records(replica, admission)
    except MeshnodeError:
        raise
    except Exception as error:  # noqa: BLE001 - the owner must be able to revoke, block and export whatever is in the store
        replica.guard.note("writing your first records", error)


def _write_missing_records(replica: Replica, admission: tuple[bytes, ...] | None) -> None:
    """Write this device's first records if an `init` or `device join` was interrupted, or the store was lost."""
    if is_self_revoked(replica):
        return
    if admission is not None:
        if replica.trust_state.certificate(replica.me, replica.device) is None:
            replica.ingest.receive([Record.parse(wire) for wire in admission])
        return
    certificate = replica.store.records.current((replica.me, Kind.DEVICE, device_slot(replica.device)))
    profile = replica.trust_state.profile(replica.me)
    if certificate is not None and profile is not None:
        return
    if replica.identity is None:
        raise Forbidden("your identity key is locked", "give its passphrase: only it can certify this device")
    if certificate is None:
        certify_own_device(replica)
    if profile is None and not salvaged(replica) and not coming_back.is_waiting(replica):
        # If contacts still have the true profile, a new one could win over it.
        policy = replica.trust_state.policy(replica.me)  # what it says of sharing stays, if only the profile is missing
        preference = UNSET_PREFERENCE if policy is None else policy.preference
        write_first_records(replica, name=UNNAMED, place=None, preference=preference)
