"""Makes a new machine a device of a person: asks the other device for a certificate, and fills the new store."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from meshnode.errors import Failed
from meshnode.replica.replica import Replica
from protocol import Code, DeviceId, DeviceKeys, Record, RemoteError
from protocol.session import certifies_key
from protocol.tokens import DeviceCode
from protocol.wire import (
    Bye,
    Enrolled,
    Initiator,
    certificate_in,
    decode_known,
    device_psk,
    encode_frame,
    enrol,
    enrolment_words,
)


class EnrolmentGrant(Struct, frozen=True):
    """The things that a new device is given: records (its certificate first), and the names of the owner's devices."""

    records: tuple[Record, ...]
    names: tuple[tuple[DeviceId, str], ...]
    giver: DeviceId
    """The device that showed the code."""


class EnrolmentConversation:
    """The new machine's end of one attempt over one connection; bytes in, bytes out.

    A driver writes `data_to_send`, hands in what arrives by `receive`, and stops once `over`: then `grant` or `refused`
    is set. RemoteError from `receive` ends the attempt.
    """

    def __init__(self, code: DeviceCode, keys: DeviceKeys, entropy: Callable[[int], bytes]) -> None:
        self._code = code
        self._keys = keys
        self._channel = Initiator(
            static_private=keys.dh_private,
            remote_static=code.dh_public,
            psk=device_psk(code.secret),
            ephemeral_private=entropy(32),
        )
        self._outbox = [self._channel.data_to_send()]
        self._asked = False
        self.words: tuple[str, ...] = ()
        """What this machine shows, once it has asked: the owner compares it with what the other device shows."""
        self.grant: EnrolmentGrant | None = None
        self.refused: Code | None = None
        """The reason of the other machine, which knows the code, for refusing this one."""

    @property
    def over(self) -> bool:
        """Whether the other device has admitted or refused this one."""
        return self.grant is not None or self.refused is not None

    def data_to_send(self) -> bytes:
        """Return the bytes to write now, each once."""
        data = b"".join(self._outbox)
        self._outbox.clear()
        return data

    def receive(self, data: bytes) -> None:
        """Take in bytes as they arrive. Raises RemoteError if they are not what the other device would send."""
        frames = self._channel.receive(data)
        self._outbox.append(self._channel.data_to_send())
        if self._channel.established and not self._asked:
            self._asked = True
            self.words = enrolment_words(self._channel.handshake_hash)
            self._outbox.append(self._channel.send(encode_frame(enrol(self._keys, self._channel.handshake_hash))))
        for frame in frames:
            if not self.over:
                self._take(frame)

    def _take(self, data: bytes) -> None:
        match decode_known(data):
            case None:
                pass  # from a newer version
            case Enrolled() as enrolled:
                self.grant = self._granted(enrolled)
            case Bye(code=code):
                self.refused = Code(code) if code in set(Code) else Code.REFUSED
            case _:
                raise RemoteError(Code.OUT_OF_ORDER, "neither a certificate nor a refusal")

    def _granted(self, enrolled: Enrolled) -> EnrolmentGrant:
        certificate = certificate_in(enrolled, self._code.person, self._keys)
        records = tuple(Record.parse(wire) for wire in enrolled.records)
        giver = next((one.header.device for one in records if certifies_key(one, self._code.dh_public)), None)
        if giver is None:
            raise RemoteError(Code.FORGED, "no certificate for the device that shows the code")
        return EnrolmentGrant((certificate, *records), enrolled.names, giver)


def start_as_device(replica: Replica, grant: EnrolmentGrant, address: tuple[str, int]) -> None:
    """Store the records and names that this device was given; the device that gave them was reached at `address`."""
    outcome = replica.ingest.receive([one for one in grant.records if one.header.author == replica.me])
    if outcome.faults:
        raise Failed("the other computer has sent something invalid", "make a new code there: meshnode device add")
    for device, name in grant.names:
        replica.store.devices.call(device, name)
    now = replica.clock.now()
    replica.store.devices.saw(grant.giver, now)
    replica.store.people.remember(replica.me, grant.giver, *address, now)
