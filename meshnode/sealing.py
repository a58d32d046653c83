"""Seals secrets: under a passphrase (Argon2id, XSalsa20-Poly1305), and under the one key of an encrypted home.

Python cannot clear its own memory: a key that was unsealed stays in the process until it ends. libsodium and SQLite clear
what they copied. The daemon leaves no core dump (`node.memory`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any

from meshnode.errors import Forbidden, Refused

Entropy = Callable[[int], bytes]

KEY_BYTES = 32
# RFC 9106 advises 64 MiB and three passes where memory is short. Each guess then costs about a fifth of a second on a
# laptop, and a Raspberry Pi with 512 MB can still afford it.
PASSPHRASE_OPERATIONS = 3
PASSPHRASE_MEMORY = 64 * 1024 * 1024
PASSPHRASE_MEMORY_MAX = 1024 * 1024 * 1024  # a file that asks for more is damaged
PASSPHRASE_OPERATIONS_MAX = 64

_STORE, _FILES = b"meshnode store", b"meshnode files"  # BLAKE2b personalization, at most 16 bytes: one key for each use


class HomeKey:
    """The key of an encrypted home: 32 random bytes, from which the keys of its database and of its files are derived."""

    __slots__ = ("_files", "secret", "store")

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_BYTES:
            raise ValueError("the key of a home has 32 bytes")
        self.secret = secret
        self.store = blake2b(key=secret, person=_STORE, digest_size=KEY_BYTES).digest()
        """The key of the database (32 bytes)."""
        self._files = blake2b(key=secret, person=_FILES, digest_size=KEY_BYTES).digest()

    def seal(self, content: bytes, entropy: Entropy) -> bytes:
        """Return the content of a file, encrypted and authenticated."""
        from nacl.secret import SecretBox

        return bytes(SecretBox(self._files).encrypt(content, entropy(SecretBox.NONCE_SIZE)))

    def unseal(self, sealed: bytes) -> bytes:
        """Return what `seal` was given. ValueError if it was not sealed under this key or was changed."""
        from nacl.exceptions import CryptoError
        from nacl.secret import SecretBox

        try:
            return SecretBox(self._files).decrypt(sealed)
        except CryptoError as error:
            raise ValueError("it was not sealed under this key") from error


def check_passphrase(passphrase: str) -> None:
    """Refused for an empty passphrase, under which nothing is sealed."""
    if not passphrase:
        raise Refused("the passphrase is empty", "leave it out altogether, or choose one")


def seal_under(passphrase: str, secret: bytes, entropy: Entropy) -> dict[str, Any]:
    """Return `secret` sealed under a passphrase, as JSON fields. Refused if the passphrase is empty."""
    from nacl.pwhash import argon2id
    from nacl.secret import SecretBox

    check_passphrase(passphrase)
    salt = entropy(argon2id.SALTBYTES)
    box = SecretBox(_stretched(passphrase, salt, PASSPHRASE_OPERATIONS, PASSPHRASE_MEMORY))
    return {
        "argon2id": {"operations": PASSPHRASE_OPERATIONS, "memory": PASSPHRASE_MEMORY, "salt": salt.hex()},
        "sealed": bytes(box.encrypt(secret, entropy(SecretBox.NONCE_SIZE))).hex(),
    }


def unseal(stored: Mapping[str, Any], passphrase: str) -> bytes:
    """Return the secret in what `seal_under` has made. Forbidden if the passphrase is wrong, ValueError if it is damaged."""
    from nacl.exceptions import CryptoError
    from nacl.pwhash import argon2id
    from nacl.secret import SecretBox

    try:
        cost = stored["argon2id"]
        operations, memory, salt = cost["operations"], cost["memory"], bytes.fromhex(cost["salt"])
        sealed = bytes.fromhex(stored["sealed"])
        affordable = 0 < operations <= PASSPHRASE_OPERATIONS_MAX
        affordable = affordable and argon2id.MEMLIMIT_MIN <= memory <= PASSPHRASE_MEMORY_MAX
    except (KeyError, TypeError, ValueError):
        raise ValueError("it is not sealed under a passphrase") from None
    if not affordable or len(salt) != argon2id.SALTBYTES or not all(type(one) is int for one in (operations, memory)):
        raise ValueError("its cost is not one that this program sets")
    try:
        return SecretBox(_stretched(passphrase, salt, operations, memory)).decrypt(sealed)
    except (CryptoError, ValueError):
        raise Forbidden("that is not the passphrase", "try again") from None


def _stretched(passphrase: str, salt: bytes, operations: int, memory: int) -> bytes:
    from unicodedata import normalize

    from nacl.pwhash import argon2id
    from nacl.secret import SecretBox

    # Two keyboards may encode one letter in two ways.
    password = normalize("NFKC", passphrase).encode()
    return argon2id.kdf(SecretBox.KEY_SIZE, password, salt, opslimit=operations, memlimit=memory)
