"""The bytes that a link carries: the tag and handshake that open it, then encrypted frames. No sockets, no clock.

Feed what arrives to `receive`, write what `data_to_send` or `send` return. A responder stays silent until a first
message has proven that its sender knows one of the psks: whatever goes wrong before that is `HandshakeRefused`, with no output.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Generic, TypeVar

from protocol.errors import Code, LocalError, RemoteError
from protocol.limits import FRAME_MAX_BYTES, REKEY_FRAMES
from protocol.wire.noise import KEY_BYTES, MAC_BYTES, CipherState, Handshake, public_key
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
    """A first message that proves nothing: the responder has sent no byte, and closes without one."""


class Channel(ABC):
    """What both ends share: cutting the stream into messages, the handshake's turns, then frames.

    After a RemoteError the channel is `broken`: there is nothing to send, and further calls are LocalErrors.
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
        """Whether frames may be sent. The initiator gets there first: he is accepted once a frame arrives."""
        return self._ciphers is not None

    @property
    def handshake_hash(self) -> bytes:
        """64 bytes that name this one channel at both of its ends and nowhere else."""
        return self._complete().handshake_hash

    @property
    def remote_static(self) -> bytes:
        """The X25519 key that the other end has proven to hold (32 bytes)."""
        return self._complete().remote_static

    def data_to_send(self) -> bytes:
        """The bytes to write now, each given once."""
        data = bytes(self._outbox)
        self._outbox.clear()
        return data

    def send(self, plaintext: bytes) -> bytes:
        """Encrypt one frame (1 to 65,519 bytes); returns all that is to be written now, in order."""
        if self.broken or self._ciphers is None:
            raise LocalError("the channel is not open")
        if not 1 <= len(plaintext) <= FRAME_MAX_BYTES:
            raise LocalError(f"a frame carries 1 to {FRAME_MAX_BYTES} bytes")
        cipher = self._ciphers[0]
        self._put_message(cipher.encrypt(b"", plaintext))
        _rekey_when_due(cipher)
        return self.data_to_send()

    def receive(self, data: bytes) -> list[bytes]:
        """Take bytes as they arrive, in any cuts; returns the plaintexts of the frames completed by them.

        RemoteError for anything that the other end may not send; at a responder whose first message has not held: HandshakeRefused.
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
        """The handshake, after this message of it has been read and has held."""

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
    """The end that dials: it knows the other's static key and a psk that the other accepts.

    `static_private` and `ephemeral_private` are X25519 private keys; the latter is 32 fresh random bytes, used once.
    The first bytes are ready in `data_to_send` at once. RemoteError MALFORMED for a remote key of low order.
    """

    def __init__(
        self,
        *,
        static_private: bytes,
        remote_static: bytes,
        psk: Psk,
        ephemeral_private: bytes,
        prologue: bytes = b"",
    ) -> None:
        super().__init__()
        self._handshake = Handshake(
            PROTOCOL_NAME,
            initiator=True,
            ephemeral=ephemeral_private,
            static=static_private,
            remote_static=remote_static,
            psks=(psk.key,),
            prologue=_PROLOGUE + prologue,
        )
        self._outbox += psk.tag(public_key(ephemeral_private))
        self._write(self._handshake)

    def _read(self, message: bytes) -> Handshake:
        self._handshake.read_message(message)
        return self._handshake


class Responder(Channel, Generic[Name]):
    """The end that listens.

    `candidates` is asked once, when a first message is there, for the psks accepted at that moment; at most 4,096 of
    them are tried, so the likeliest come first. `seen` is shared by all responders of a node. The private keys are as
    for the initiator.
    """

    def __init__(
        self,
        *,
        static_private: bytes,
        candidates: Callable[[], Iterable[PskCandidate[Name]]],
        seen: SeenEphemerals,
        ephemeral_private: bytes,
        prologue: bytes = b"",
    ) -> None:
        super().__init__()
        self._static_private = static_private
        self._ephemeral_private = ephemeral_private
        self._prologue = prologue
        self._candidates = candidates
        self._seen = seen
        self._tag = b""
        self._handshake: Handshake | None = None
        self._chosen: PskCandidate[Name] | None = None

    @property
    def psk_name(self) -> Name:
        """The name of the psk that the initiator used."""
        if self._chosen is None:
            raise LocalError("no first message has been accepted")
        return self._chosen.name

    def receive(self, data: bytes) -> list[bytes]:
        """As for every channel; until the first message has held, whatever is wrong with it is HandshakeRefused."""
        try:
            return super().receive(data)
        except HandshakeRefused:
            raise
        except RemoteError as error:
            if self._chosen is None:
                raise HandshakeRefused(error.code, error.detail) from error
            raise

    def _next_message(self) -> bytes | None:
        if not self._tag:
            if len(self._inbox) < HINT_BYTES:
                return None
            self._tag = bytes(self._inbox[:HINT_BYTES])
            del self._inbox[:HINT_BYTES]
        return super()._next_message()

    def _read(self, message: bytes) -> Handshake:
        if self._handshake is None:
            self._handshake = self._first_message(message)
        else:
            self._handshake.read_message(message)
        return self._handshake

    def _first_message(self, message: bytes) -> Handshake:
        candidate = select_psk(self._tag, message[:KEY_BYTES], self._candidates())
        if candidate is None:
            raise HandshakeRefused(Code.REFUSED, "the tag belongs to no psk")
        handshake = Handshake(
            PROTOCOL_NAME,
            initiator=False,
            ephemeral=self._ephemeral_private,
            static=self._static_private,
            psks=(candidate.psk.key,),
            prologue=_PROLOGUE + self._prologue,
        )
        handshake.read_message(message)
        if not self._seen.first_time(candidate.psk, self._tag):
            raise HandshakeRefused(Code.REPLAYED, "a first message that was answered before")
        self._chosen = candidate
        return handshake
