"""Sealed boxes (libsodium's crypto_box_seal), as letters and parcels use them: one for each device that may open something.

No randomness is drawn here: to seal a box, a caller passes in a private key that is used for this box alone.
"""

from __future__ import annotations

from hashlib import blake2b

from nacl import bindings
from nacl.exceptions import CryptoError

from protocol.keys import public_key

SEAL_BYTES: int = bindings.crypto_box_SEALBYTES
"""The bytes of a box beside its content."""
_NONCE_BYTES = 24


def seal_box(content: bytes, public: bytes, ephemeral: bytes) -> bytes:
    """Return the box around `content` for the owner of the key `public`, made with the private key `ephemeral`."""
    shown = public_key(ephemeral)
    nonce = blake2b(shown + public, digest_size=_NONCE_BYTES).digest()
    return shown + bindings.crypto_box(content, nonce, public, ephemeral)


class BoxOpener:
    """Opens the boxes for one private key (32 bytes)."""

    def __init__(self, private: bytes) -> None:
        self._private = private
        self._public = public_key(private)

    def open(self, box: bytes) -> bytes | None:
        """Return what is in the box; None if it is for another key, or was changed."""
        try:
            return bindings.crypto_box_seal_open(box, self._public, self._private)
        except CryptoError:
            return None
