"""Says whether a home is encrypted, and unlocks it: its key lies, sealed under the passphrase, in a small file beside all else.

Everything else in an encrypted home is under that key: the database with its WAL and its photos, and the files with keys.
Only the settings (`config.toml`), the process id in `lock` and the count in `store.db.mark` are not.
"""

from __future__ import annotations

import json
from typing import Any, Literal

from meshnode.errors import Failed, Forbidden
from meshnode.home import Home, check_written_before, read_private, write_private
from meshnode.keyring import Keyring
from meshnode.sealing import Entropy, HomeKey, seal_under, unseal

Moving = Literal["in", "out"]
"""What is half done: files that were encrypted, or decrypted, take the places of those before."""

_WHAT = "meshnode encryption, version 1: the key of this home, sealed under its passphrase"


def is_encrypted(home: Home) -> bool:
    """Whether the home needs its passphrase. Failed if the file that says so is damaged."""
    stored = read_header(home)
    return stored is not None and stored.get("moving") != "out"


def is_being_decrypted(home: Home) -> bool:
    """Whether its owner has decrypted the home and only moving its files was interrupted, which the next start ends.

    No passphrase is needed for that, and no file with keys can be read before.
    """
    stored = read_header(home)
    return stored is not None and stored.get("moving") == "out"


def unlocked(home: Home, passphrase: str | None) -> Home:
    """Return the home with its key; the same home where it is not encrypted.

    Raises Forbidden without the passphrase or with a wrong one, and Failed where the file with the key is damaged.
    """
    stored = read_header(home)
    if stored is None or stored.get("moving") == "out":
        return home._replace(key=None)
    if passphrase is None:
        raise Forbidden("the node in {path} is encrypted", "give its passphrase", path=home.path)
    try:
        return home._replace(key=HomeKey(unseal(stored, passphrase)))
    except ValueError:
        raise _damaged(home) from None


def unlocked_keys(home: Home, passphrase: str | None) -> tuple[Home, Keyring]:
    """Return the home with its key, and the keys in it. Errors as `unlocked` and Keyring.open.

    In a home that is not encrypted `passphrase` is that of the identity key, which stays locked without it.
    """
    home = unlocked(home, passphrase)
    return home, Keyring.open(home, passphrase if home.key is None else None)


def encrypt_new(home: Home, passphrase: str, *, entropy: Entropy) -> Home:
    """Return a home, in which there is no node yet, with a new key sealed under `passphrase`. Refused if that is empty."""
    key = HomeKey(entropy(32))
    write_header(home, header(key, passphrase, entropy))
    return home._replace(key=key)


# --- the file --------------------------------------------------------------------------------------------------------


def header(key: HomeKey, passphrase: str, entropy: Entropy) -> dict[str, Any]:
    """Return the content of the file that seals `key` under `passphrase`."""
    return seal_under(passphrase, key.secret, entropy)


def write_header(home: Home, content: dict[str, Any], moving: Moving | None = None) -> None:
    """Write that file; after a power cut there is the former one or this. `moving` says what must be ended at the next start."""
    whole = {"what": _WHAT, **{key: value for key, value in content.items() if key != "moving"}}
    if moving is not None:
        whole["moving"] = moving
    write_private(home.encryption, json.dumps(whole, indent=1).encode() + b"\n")


def read_header(home: Home) -> dict[str, Any] | None:
    """Return the content of that file, None if there is none. Failed if it cannot be read or is damaged, Refused if it is newer."""
    try:
        stored = json.loads(read_private(home.encryption))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Failed("{path} cannot be read: {strerror}", path=home.encryption, strerror=error.strerror) from error
    except (ValueError, RecursionError):
        raise _damaged(home) from None
    if isinstance(stored, dict):
        check_written_before(home.encryption, stored.get("what"))
    if not isinstance(stored, dict) or stored.get("what") != _WHAT or stored.get("moving") not in (None, "in", "out"):
        raise _damaged(home)
    return stored


def _damaged(home: Home) -> Failed:
    return Failed("{path} is damaged", "put it back from your backup", path=home.encryption)
