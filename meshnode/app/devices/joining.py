"""Becoming a device of somebody: the new machine's end of the talk, and what it begins with once it was admitted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from meshnode.errors import Failed
from meshnode.replica.replica import Replica
from protocol import Code, DeviceId, DeviceKeys, Record, RemoteError
from protocol.session import certifies_key
from protocol.tokens import DeviceCode
from protocol.wire import Bye, Enrolled, Initiator, certificate_in, decode_known, device_psk, encode_frame, enrol


@dataclass(frozen=True, slots=True)
class Admission:
    """What the new device was given: records (its certificate first), the names of devices, and by whom."""

    records: tuple[Record, ...]
    names: tuple[tuple[DeviceId, str], ...]
    giver: DeviceId
    """The device that showed the code."""


class Joining:
    """One try over one connection: bytes in, bytes out. Ends with `admission` or with `refused`."""

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
        self.admission: Admission | None = None
        self.refused: Code | None = None
        """Why the other machine, which knows the code, does not take this one."""

    @property
    def over(self) -> bool:
        """Whether there is nothing more to hear."""
        return self.admission is not None or self.refused is not None

    def data_to_send(self) -> bytes:
        """The bytes to write now, each given once."""
        data = b"".join(self._outbox)
        self._outbox.clear()
        return data

    def receive(self, data: bytes) -> None:
        """Take bytes as they arrive. RemoteError where they are not what the other device would send."""
        frames = self._channel.receive(data)
        self._outbox.append(self._channel.data_to_send())
        if self._channel.established and not self._asked:
            self._asked = True
            self._outbox.append(self._channel.send(encode_frame(enrol(self._keys, self._channel.handshake_hash))))
        for frame in frames:
            if not self.over:
                self._hear(frame)

    def _hear(self, data: bytes) -> None:
        match decode_known(data):
            case None:
                pass  # from a newer version
            case Enrolled() as enrolled:
                self.admission = self._admitted(enrolled)
            case Bye(code):
                self.refused = Code(code) if code in set(Code) else Code.REFUSED
            case _:
                raise RemoteError(Code.OUT_OF_ORDER, "neither a certificate nor a refusal")

    def _admitted(self, enrolled: Enrolled) -> Admission:
        certificate = certificate_in(enrolled, self._code.person, self._keys)
        records = tuple(Record.parse(wire) for wire in enrolled.records)
        giver = next((one.header.device for one in records if certifies_key(one, self._code.dh_public)), None)
        if giver is None:
            raise RemoteError(Code.FORGED, "no certificate for the device that shows the code")
        return Admission((certificate, *records), enrolled.names, giver)


def begin_as_device(replica: Replica, admission: Admission, address: tuple[str, int]) -> None:
    """Take over what this device was admitted with; the giver was reached at `address`."""
    outcome = replica.ingest.receive([one for one in admission.records if one.header.author == replica.me])
    if outcome.faults:
        raise Failed("the other machine has sent what does not hold", "'meshnode device add' there makes a new code")
    for device, name in admission.names:
        replica.store.devices.call(device, name)
    now = replica.clock.now()
    replica.store.devices.saw(admission.giver, now)
    replica.store.people.remember(replica.me, admission.giver, *address, now)
