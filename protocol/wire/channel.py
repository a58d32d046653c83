"""The bytes on a connection: the PSK identity hint, the Noise handshake, then encrypted frames. No sockets, no clock.

A responder sends nothing until a first message has proven that its sender knows one of the psks. Anything wrong before
that is HandshakeRefused, with no output. Spec: protocol/README.md, "Handshake" and "Channel".
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Generic, TypeVar

from protocol.errors import Code, LocalError, RemoteError
from protocol.keys import public_key
from protocol.limits import FRAME_MAX_BYTES, REKEY_FRAMES
from protocol.wire.noise import KEY_BYTES, MAC_BYTES, CipherState, Handshake
from protocol.wire.psk import HINT_BYTES, select_psk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from protocol.wire.psk import Psk, PskCandidate, SeenEphemerals

PROTOCOL_NAME = "Noise_XKpsk0_25519_ChaChaPoly_BLAKE2b"
LENGTH_BYTES = 2

# XK without payloads: e and a MAC; e and a MAC; an encrypted static key and a MAC.
HANDSHAKE_SIZES = (KEY_BYTES + MAC_BYTES, KEY_BYTES + MAC_BYTES, KEY_BYTES + 2 * MAC_BYTES)

_PROLOGUE = b"meshnode channel v1\0"

Name = TypeVar("Name")


class HandshakeRefused(RemoteError):
    """The first message proves nothing: the responder has sent no byte, and must close without one."""


class Channel(ABC):
    """One end of an encrypted connection. Use `Initiator` or `Responder`.

    **Who drives it.** One caller: it passes bytes from the stream to `receive`, in any cuts, and writes what
    `data_to_send` returns after each call. Once `established`, it passes each frame to `send` and writes the result.

    **Errors.** RemoteError: the other end sent what it may not, and nothing further can be believed. The channel is then
    `broken`: it has nothing to send, not even a Bye, and `send` and `receive` raise LocalError. LocalError: the caller
    asked for what is not possible yet.
    """

    def __init__(self) -> None:
        self.broken = False
        self._inbox = bytearray()  # less than one message of at most 65,537 bytes between calls
        self._outbox = bytearray()
        self._turn = 0
        self._finished: Handshake | None = None
        self._ciphers: tuple[CipherState, CipherState] | None = None

    @property
    def established(self) -> bool:
        """Whether frames may be sent. The initiator may before it knows that it is heard: the first frame to come shows that."""
        return self._ciphers is not None

    @property
    def handshake_hash(self) -> bytes:
        """The hash of the handshake (64 bytes): the same at both ends, and in no other channel. LocalError before its end."""
        return self._complete().handshake_hash

    @property
    def remote_static(self) -> bytes:
        """The X25519 key (32 bytes) that the other end has proven to hold. LocalError before the handshake's end."""
        return self._complete().remote_static

    def data_to_send(self) -> bytes:
        """Return the bytes to write now, each once."""
        data = bytes(self._outbox)
        self._outbox.clear()
        return data

    def send(self, plaintext: bytes) -> bytes:
        """Encrypt one frame (1 to 65,519 bytes), and return all bytes to write now, in order. LocalError if not possible."""
        if self.broken or self._ciphers is None:
            raise LocalError("the channel is not open")
        if not 1 <= len(plaintext) <= FRAME_MAX_BYTES:
            raise LocalError(f"a frame carries 1 to {FRAME_MAX_BYTES} bytes")
        cipher = self._ciphers[0]
        self._put_message(cipher.encrypt(b"", plaintext))
        _rekey_when_due(cipher)
        return self.data_to_send()

    def receive(self, data: bytes) -> list[bytes]:
        """Take bytes as they arrive, in any cuts, and return the plaintexts of the frames that they complete.

        RemoteError for anything that the other end may not send: MALFORMED, OVERSIZED, FORGED. HandshakeRefused at a
        responder whose first message has not held.
        """
        if self.broken:
            raise LocalError("the channel is broken")
        self._inbox += data
        plaintexts: list[bytes] = []
        try:
            while (message := self._next_message()) is not None:
                if self._ciphers is None:
                    self._handshake_message(message)
                else:
                    plaintexts.append(self._ciphers[1].decrypt(b"", message))
                    _rekey_when_due(self._ciphers[1])
        except RemoteError:
            self.broken = True
            self._inbox.clear()
            self._outbox.clear()
            raise
        return plaintexts

    def _next_message(self) -> bytes | None:
        if len(self._inbox) < LENGTH_BYTES:
            return None
        size = int.from_bytes(self._inbox[:LENGTH_BYTES], "big")
        if self._ciphers is None:
            if size != HANDSHAKE_SIZES[self._turn]:
                raise RemoteError(Code.MALFORMED, f"a handshake message of {size} bytes")
        elif size <= MAC_BYTES:
            raise RemoteError(Code.MALFORMED, f"a frame of {size} bytes holds nothing")
        end = LENGTH_BYTES + size
        if len(self._inbox) < end:
            return None
        message = bytes(self._inbox[LENGTH_BYTES:end])
        del self._inbox[:end]
        return message

    def _put_message(self, message: bytes) -> None:
        self._outbox += len(message).to_bytes(LENGTH_BYTES, "big")
        self._outbox += message

    @abstractmethod
    def _read(self, message: bytes) -> Handshake:
        """Read a message of the handshake, and return the handshake. RemoteError if the message does not hold."""

    def _handshake_message(self, message: bytes) -> None:
        handshake = self._read(message)
        self._turn += 1
        if not handshake.complete:
            self._write(handshake)
        if handshake.complete:
            self._finished = handshake
            self._ciphers = handshake.split()

    def _write(self, handshake: Handshake) -> None:
        self._put_message(handshake.write_message())
        self._turn += 1

    def _complete(self) -> Handshake:
        if self._finished is None:
            raise LocalError("the handshake is not complete")
        return self._finished


def _rekey_when_due(cipher: CipherState) -> None:
    if cipher.nonce % REKEY_FRAMES == 0:
        cipher.rekey()


class Initiator(Channel):
    """The end that dials: it knows the other end's static key and a psk that the other end accepts.

    `static_private` is this device's X25519 handshake key, `ephemeral_private` 32 fresh random bytes that are used once,
    `remote_static` the X25519 key that must answer. The first bytes are in `data_to_send` at once. Once `receive` has
    read the answer, the channel is established: the other end has proven `remote_static` and the psk.

    RemoteError MALFORMED for a `remote_static` of low order, FORGED (from `receive`) if another key or psk answers.
    """

    def __init__(
        self,
        *,
        static_private: bytes,
        remote_static: bytes,
        psk: Psk,
        ephemeral_private: bytes,
    ) -> None:
        super().__init__()
        self._handshake = Handshake(
            PROTOCOL_NAME,
            initiator=True,
            ephemeral=ephemeral_private,
            static=static_private,
            remote_static=remote_static,
            psks=(psk.key,),
            prologue=_PROLOGUE,
        )
        self._outbox += psk.identity_hint(public_key(ephemeral_private))
        self._write(self._handshake)

    def _read(self, message: bytes) -> Handshake:
        self._handshake.read_message(message)
        return self._handshake


class Responder(Channel, Generic[Name]):
    """The end that listens. It sends nothing until a first message holds; then `psk_name` is known.

    `candidates` is called once, when a first message is there, for the psks that are accepted at that moment. At most
    4,096 of them are tried, so the likeliest come first. One `seen` serves all responders of a node. The private keys are
    as for the initiator. Once established, the initiator has proven `remote_static` and the psk; whether its device is
    admitted is the session's business.

    HandshakeRefused, from `receive`, with nothing to send: the hint belongs to no candidate (REFUSED), was answered before
    (REPLAYED), or the first message is malformed or does not hold. RemoteError after that, as for every channel.
    """

    def __init__(
        self,
        *,
        static_private: bytes,
        candidates: Callable[[], Iterable[PskCandidate[Name]]],
        seen: SeenEphemerals,
        ephemeral_private: bytes,
    ) -> None:
        super().__init__()
        self._static_private = static_private
        self._ephemeral_private = ephemeral_private
        self._candidates = candidates
        self._seen = seen
        self._hint = b""
        self._handshake: Handshake | None = None
        self._chosen: PskCandidate[Name] | None = None

    @property
    def psk_name(self) -> Name:
        """The name of the candidate whose psk the initiator used. LocalError before a first message has held."""
        if self._chosen is None:
            raise LocalError("no first message has been accepted")
        return self._chosen.name

    def receive(self, data: bytes) -> list[bytes]:
        """Take bytes, as every channel does. Until the first message has held, every fault is HandshakeRefused."""
        try:
            return super().receive(data)
        except HandshakeRefused:
            raise
        except RemoteError as error:
            if self._chosen is None:
                raise HandshakeRefused(error.code, error.detail) from error
            raise

    def _next_message(self) -> bytes | None:
        if not self._hint:
            if len(self._inbox) < HINT_BYTES:
                return None
            self._hint = bytes(self._inbox[:HINT_BYTES])
            del self._inbox[:HINT_BYTES]
        return super()._next_message()

    def _read(self, message: bytes) -> Handshake:
        if self._handshake is None:
            self._handshake = self._first_message(message)
        else:
            self._handshake.read_message(message)
        return self._handshake

    def _first_message(self, message: bytes) -> Handshake:
        candidate = select_psk(self._hint, message[:KEY_BYTES], self._candidates())
        if candidate is None:
            raise HandshakeRefused(Code.REFUSED, "the hint belongs to no psk")
        handshake = Handshake(
            PROTOCOL_NAME,
            initiator=False,
            ephemeral=self._ephemeral_private,
            static=candidate.static_private or self._static_private,
            psks=(candidate.psk.key,),
            prologue=_PROLOGUE,
        )
        handshake.read_message(message)
        if not self._seen.first_time(candidate.psk, self._hint):
            raise HandshakeRefused(Code.REPLAYED, "a first message that was answered before")
        self._chosen = candidate
        return handshake
