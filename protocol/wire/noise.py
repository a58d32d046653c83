"""The Noise Protocol Framework, revision 34, for one suite: X25519, ChaCha20-Poly1305, BLAKE2b (section 12).

Sections in this file are those of that document. Patterns are data, and one interpreter runs them all. How the messages
are framed on a connection is in `protocol.wire.channel`.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

from msgspec import Struct
from nacl import bindings
from nacl.exceptions import CryptoError

from protocol.errors import Code, LocalError, RemoteError
from protocol.keys import public_key
from protocol.limits import NOISE_NONCE_LIMIT

if TYPE_CHECKING:
    from collections.abc import Sequence

KEY_BYTES = 32  # DHLEN, psks and cipher keys alike
MAC_BYTES = 16
HASH_BYTES = 64  # HASHLEN of BLAKE2b
MESSAGE_MAX_BYTES = 65_535  # rev 34, section 3

_SUITE = "25519_ChaChaPoly_BLAKE2b"
_REKEY_NONCE = 2**64 - 1  # reserved for REKEY, section 11.3


class Pattern(Struct, frozen=True):
    """A handshake pattern (section 7): the pre-message tokens, and those of each message, the initiator's first."""

    initiator_pre: tuple[str, ...]
    responder_pre: tuple[str, ...]
    messages: tuple[tuple[str, ...], ...]

    def with_psk(self, number: int) -> Pattern:
        """Return the pattern with modifier psk<number> (section 9.4): ahead of message 1, or after message `number`."""
        if not 0 <= number <= len(self.messages):
            raise LocalError(f"the pattern has no message for psk{number}")
        messages = list(self.messages)
        if number == 0:
            messages[0] = ("psk", *messages[0])
        else:
            messages[number - 1] = (*messages[number - 1], "psk")
        return Pattern(self.initiator_pre, self.responder_pre, tuple(messages))

    @property
    def psk_count(self) -> int:
        """The number of psks that the pattern takes."""
        return sum(tokens.count("psk") for tokens in self.messages)


PATTERNS = {
    "NK": Pattern((), ("s",), (("e", "es"), ("e", "ee"))),
    "XK": Pattern((), ("s",), (("e", "es"), ("e", "ee"), ("s", "se"))),
}


def pattern_of(protocol_name: str) -> Pattern:
    """Return the pattern of a protocol name (section 8), such as Noise_XKpsk0_25519_ChaChaPoly_BLAKE2b."""
    prefix, _, rest = protocol_name.partition("_")
    handshake, _, suite = rest.partition("_")
    base, modifiers = handshake[:2], handshake[2:]
    if prefix != "Noise" or suite != _SUITE or base not in PATTERNS:
        raise LocalError(f"unsupported Noise protocol {protocol_name!r}")
    pattern = PATTERNS[base]
    for modifier in modifiers.split("+") if modifiers else ():
        number = modifier.removeprefix("psk")
        if number == modifier or not number.isdecimal():
            raise LocalError(f"unsupported Noise modifier {modifier!r}")
        pattern = pattern.with_psk(int(number))
    return pattern


def diffie_hellman(private: bytes, public: bytes) -> bytes:
    """Return the X25519 result (RFC 7748; section 12.1). RemoteError MALFORMED for a low-order key: the result is zero."""
    try:
        return bindings.crypto_scalarmult(private, public)
    except CryptoError as error:
        raise RemoteError(Code.MALFORMED, "a low-order X25519 public key") from error


def _hkdf(chaining_key: bytes, material: bytes, outputs: int) -> list[bytes]:
    """Return the two or three outputs, HASHLEN bytes each, of HKDF (section 4.3)."""
    secret = hmac.digest(chaining_key, material, "blake2b")
    results = [hmac.digest(secret, b"\x01", "blake2b")]
    for index in range(2, outputs + 1):
        results.append(hmac.digest(secret, results[-1] + bytes([index]), "blake2b"))
    return results


class CipherState:
    """A key and its nonce (CipherState, section 5.1): one for the handshake, then one for each direction."""

    __slots__ = ("_key", "nonce")

    def __init__(self, key: bytes, nonce: int = 0) -> None:
        self._key = key
        self.nonce = nonce

    def encrypt(self, associated: bytes, plaintext: bytes) -> bytes:
        """Return the ciphertext, 16 bytes longer than the plaintext. LocalError at 2^48 messages, far before nonces end."""
        if self.nonce >= NOISE_NONCE_LIMIT:
            raise LocalError("this key has encrypted all it may")
        ciphertext = bindings.crypto_aead_chacha20poly1305_ietf_encrypt(
            plaintext, associated, _nonce_bytes(self.nonce), self._key
        )
        self.nonce += 1
        return ciphertext

    def decrypt(self, associated: bytes, ciphertext: bytes) -> bytes:
        """Return the plaintext. RemoteError FORGED if the MAC does not hold (the nonce stays), OVERSIZED at 2^48 messages."""
        if self.nonce >= NOISE_NONCE_LIMIT:
            raise RemoteError(Code.OVERSIZED, "more messages than one key may carry")
        if len(ciphertext) < MAC_BYTES:
            raise RemoteError(Code.FORGED, "a message without a whole authentication code")
        try:
            plaintext = bindings.crypto_aead_chacha20poly1305_ietf_decrypt(
                ciphertext, associated, _nonce_bytes(self.nonce), self._key
            )
        except CryptoError as error:
            raise RemoteError(Code.FORGED, "a message authentication code does not hold") from error
        self.nonce += 1
        return plaintext

    def rekey(self) -> None:
        """Replace the key by a one-way function of itself (Rekey, sections 4.2 and 11.3). The nonce goes on counting."""
        nonce = _nonce_bytes(_REKEY_NONCE)
        self._key = bindings.crypto_aead_chacha20poly1305_ietf_encrypt(bytes(KEY_BYTES), b"", nonce, self._key)[
            :KEY_BYTES
        ]


def _nonce_bytes(nonce: int) -> bytes:
    return bytes(4) + nonce.to_bytes(8, "little")  # section 12.3


class _SymmetricState:
    """The chaining key, the transcript hash and the handshake's cipher (SymmetricState, section 5.2)."""

    def __init__(self, protocol_name: bytes) -> None:
        name = protocol_name.ljust(HASH_BYTES, b"\0")
        self.hash = name if len(name) == HASH_BYTES else hashlib.blake2b(protocol_name).digest()
        self._chaining_key = self.hash
        self._cipher: CipherState | None = None

    def mix_key(self, material: bytes) -> None:
        self._chaining_key, key = _hkdf(self._chaining_key, material, 2)
        self._cipher = CipherState(key[:KEY_BYTES])

    def mix_hash(self, data: bytes) -> None:
        self.hash = hashlib.blake2b(self.hash + data).digest()

    def mix_key_and_hash(self, material: bytes) -> None:
        self._chaining_key, extra, key = _hkdf(self._chaining_key, material, 3)
        self.mix_hash(extra)
        self._cipher = CipherState(key[:KEY_BYTES])

    @property
    def overhead(self) -> int:
        """Bytes that encryption adds at this point of the handshake."""
        return MAC_BYTES if self._cipher else 0

    def encrypt_and_hash(self, plaintext: bytes) -> bytes:
        ciphertext = self._cipher.encrypt(self.hash, plaintext) if self._cipher else plaintext
        self.mix_hash(ciphertext)
        return ciphertext

    def decrypt_and_hash(self, ciphertext: bytes) -> bytes:
        plaintext = self._cipher.decrypt(self.hash, ciphertext) if self._cipher else ciphertext
        self.mix_hash(ciphertext)
        return plaintext

    def split(self) -> tuple[CipherState, CipherState]:
        first, second = _hkdf(self._chaining_key, b"", 2)
        return CipherState(first[:KEY_BYTES]), CipherState(second[:KEY_BYTES])


class Handshake:
    """One side of a handshake (HandshakeState, section 5.3).

    The channel drives it: `write_message` and `read_message` in turns until `complete`, then `split`. `static` and
    `ephemeral` are X25519 private keys (32 bytes); `ephemeral` must be fresh random bytes that are used for nothing else.
    LocalError for keys that the pattern lacks and for a call out of turn; after a RemoteError the handshake is over, and
    every further call is a LocalError.
    """

    def __init__(
        self,
        protocol_name: str,
        *,
        initiator: bool,
        ephemeral: bytes,
        static: bytes | None = None,
        remote_static: bytes | None = None,
        psks: Sequence[bytes] = (),
        prologue: bytes = b"",
    ) -> None:
        pattern = pattern_of(protocol_name)
        if len(psks) != pattern.psk_count or any(len(psk) != KEY_BYTES for psk in psks):
            raise LocalError(f"{protocol_name} takes {pattern.psk_count} psk(s) of {KEY_BYTES} bytes")
        self._initiator = initiator
        self._messages = pattern.messages
        self._psk_handshake = pattern.psk_count > 0
        self._turn = 0
        self._failed = False
        self._psks = list(psks)
        self._private: dict[str, bytes | None] = {"s": static, "e": ephemeral}
        self._remote: dict[str, bytes | None] = {"s": remote_static, "e": None}
        self._state = _SymmetricState(protocol_name.encode())
        self._state.mix_hash(prologue)
        for ours, tokens in ((initiator, pattern.initiator_pre), (not initiator, pattern.responder_pre)):
            for token in tokens:
                self._state.mix_hash(public_key(self._own(token)) if ours else self._peer(token))

    @property
    def complete(self) -> bool:
        """Whether the last message has been written or read."""
        return self._turn == len(self._messages)

    @property
    def handshake_hash(self) -> bytes:
        """The transcript hash (64 bytes): once complete, no other handshake has the same (channel binding, section 11.2)."""
        return self._state.hash

    @property
    def remote_static(self) -> bytes:
        """The peer's static public key. LocalError before it is known."""
        return self._peer("s")

    def write_message(self, payload: bytes = b"") -> bytes:
        """Return the next message, which carries the payload (WriteMessage, section 5.3)."""
        tokens = self._take_turn(ours=True)
        message = bytearray()
        for token in tokens:
            if token in ("e", "s"):
                public = public_key(self._own(token))
                message += self._mix_ephemeral(public) if token == "e" else self._state.encrypt_and_hash(public)
            else:
                self._mix_secret(token)
        message += self._state.encrypt_and_hash(payload)
        if len(message) > MESSAGE_MAX_BYTES:
            raise LocalError("a Noise message is at most 65535 bytes")
        self._end_turn()
        return bytes(message)

    def read_message(self, message: bytes) -> bytes:
        """Return the payload of the peer's next message (ReadMessage, section 5.3). RemoteError if it does not hold."""
        tokens = self._take_turn(ours=False)
        if len(message) > MESSAGE_MAX_BYTES:
            raise RemoteError(Code.OVERSIZED, "a Noise message of more than 65535 bytes")
        at = 0
        for token in tokens:
            if token in ("e", "s"):
                size = KEY_BYTES + (self._state.overhead if token == "s" else 0)
                field, at = message[at : at + size], at + size
                if len(field) != size:
                    raise RemoteError(Code.MALFORMED, "a handshake message cut short")
                opened = self._mix_ephemeral(field) if token == "e" else self._state.decrypt_and_hash(field)
                self._remote[token] = opened
            else:
                self._mix_secret(token)
        if len(message) - at < self._state.overhead:
            raise RemoteError(Code.MALFORMED, "a handshake message cut short")
        payload = self._state.decrypt_and_hash(message[at:])
        self._end_turn()
        return payload

    def split(self) -> tuple[CipherState, CipherState]:
        """Return the ciphers to send with and to receive with (Split, section 5.2). LocalError before the end."""
        if self._failed or not self.complete:
            raise LocalError("the handshake is not complete")
        first, second = self._state.split()
        return (first, second) if self._initiator else (second, first)

    def _take_turn(self, *, ours: bool) -> tuple[str, ...]:
        if self._failed or self.complete or ours != (self._initiator == (self._turn % 2 == 0)):
            raise LocalError("not a turn of this handshake")
        self._failed = True  # taken back once the whole message has held
        return self._messages[self._turn]

    def _end_turn(self) -> None:
        self._turn += 1
        self._failed = False

    def _own(self, token: str) -> bytes:
        private = self._private[token]
        if private is None:
            raise LocalError(f"the pattern needs our {token} key")
        return private

    def _peer(self, token: str) -> bytes:
        public = self._remote[token]
        if public is None:
            raise LocalError(f"the pattern needs the peer's {token} key")
        return public

    def _mix_ephemeral(self, public: bytes) -> bytes:
        self._state.mix_hash(public)
        if self._psk_handshake:  # section 9.2: otherwise a psk0 first message would lack a fresh key
            self._state.mix_key(public)
        return public

    def _mix_secret(self, token: str) -> None:
        """Mix in a psk (section 9.2), or the result of ee, es, se or ss: the first letter is the initiator's key."""
        if token == "psk":
            self._state.mix_key_and_hash(self._psks.pop(0))
            return
        own, peer = (token[0], token[1]) if self._initiator else (token[1], token[0])
        self._state.mix_key(diffie_hellman(self._own(own), self._peer(peer)))
