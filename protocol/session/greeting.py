"""Who is there: the Hello, and the certificate that ties the key of the handshake to a device of a person."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import blake2b

from protocol.errors import Code, RemoteError
from protocol.keys import DeviceId, PersonId
from protocol.records.bodies import body_of
from protocol.records.device import Device
from protocol.records.record import Kind, Record, check_header, verify_signature
from protocol.session.events import PeerIdentified, SelfIdentification
from protocol.wire.frames import WHO_BYTES, Hello, Introduce, Who

VERSIONS = (1,)
ALGORITHMS = (1,)  # of reconciliation; 1 is README.md, "Reconciliation"

_WHO_DOMAIN = b"meshnode hello v1\0"


class Greeting:
    """Both Hellos, and certificates where they are not known; `peer` is there once the other side is."""

    def __init__(
        self,
        me: SelfIdentification,
        remote_static: bytes,
        find_certificate: Callable[[bytes], Record | None],
        wall: int,
        *,
        handshake_hash: bytes,
        introduce: bool,
    ) -> None:
        self._me = me
        self._handshake_hash = handshake_hash
        self._remote_static = remote_static
        self._wall = wall
        self._introduce = introduce
        found = find_certificate(remote_static)
        self._certificate = found if found is not None and certifies_key(found, remote_static) else None
        self._extra: list[Record] = []
        self._hello: Hello | None = None
        self._asked = False
        self._answered = False
        self.said = False  # our Hello

    @property
    def certificate_known(self) -> bool:
        """Whether we know whose key the other side speaks with."""
        return self._certificate is not None

    @property
    def their_roots(self) -> tuple[bytes, bytes] | None:
        """The roots in their Hello."""
        return self._hello.roots if self._hello is not None else None

    @property
    def peer(self) -> PeerIdentified | None:
        """Who the other side is, once it has said Hello and its certificate is at hand."""
        if self._hello is None or self._certificate is None:
            return None
        header = self._certificate.header
        return PeerIdentified(header.author, header.device, self._certificate, self._hello.wall, self._extra)

    def hello(self, roots: tuple[bytes, bytes] | None, shown: Iterable[Record] = ()) -> Hello:
        """Our Hello; what is to be `shown` goes into its introduction."""
        self.said = True
        more = tuple(record.wire for record in shown)
        records = (*self._introduction(), *more) if self._introduce or more else ()
        return Hello(VERSIONS, ALGORITHMS, self._wall, roots, records, self._tag(self._me.person, self._me.device))

    def take(self, frame: Hello | Who | Introduce) -> Who | Introduce | None:
        """Read a frame of the greeting; returns what it calls for."""
        match frame:
            case Hello():
                return self._take_hello(frame)
            case Who():
                if self._answered:
                    raise RemoteError(Code.OUT_OF_ORDER, "a second Who")
                self._answered = True
                return Introduce(self._introduction())
            case Introduce(records):
                if not self._asked or self._certificate is not None:
                    raise RemoteError(Code.UNSOLICITED, "an introduction that nobody asked for")
                self._read(records)
                return None

    def _take_hello(self, hello: Hello) -> Who | None:
        if self._hello is not None:
            raise RemoteError(Code.OUT_OF_ORDER, "a second Hello")
        check_common_ground(hello)
        self._hello = hello
        if hello.records:  # what somebody shows of himself counts more than what others may have claimed of his key
            self._read(hello.records)
        elif hello.who is not None and self._certificate is not None:
            held = self._certificate.header
            if hello.who != self._tag(held.author, held.device):
                self._certificate = None  # somebody else has certified this key as his own
        if self._certificate is None:
            self._asked = True
            return Who()
        return None

    def _tag(self, person: PersonId, device: DeviceId) -> bytes:
        """What a Hello calls its speaker by: it means something on this channel and to those who know him."""
        return blake2b(_WHO_DOMAIN + person + device, key=self._handshake_hash, digest_size=WHO_BYTES).digest()

    def _read(self, wires: Iterable[bytes]) -> None:
        self._certificate, self._extra = read_introduction(wires, self._remote_static)

    def _introduction(self) -> tuple[bytes, ...]:
        return tuple(record.wire for record in (self._me.certificate, *self._me.more))


def check_common_ground(hello: Hello) -> None:
    """RemoteError VERSION unless the two sides share a version and an algorithm of reconciliation."""
    if not set(VERSIONS) & set(hello.versions) or not set(ALGORITHMS) & set(hello.algorithms):
        raise RemoteError(Code.VERSION, f"versions {hello.versions}, algorithms {hello.algorithms}")


def certifies_key(certificate: Record, dh_public: bytes) -> bool:
    """Whether this record certifies a device, not struck, that speaks with the key `dh_public`."""
    if certificate.header.kind != Kind.DEVICE or not certificate.body:
        return False
    device = body_of(certificate)
    return isinstance(device, Device) and device.dh_public == dh_public and not device.revoked


def read_introduction(wires: Iterable[bytes], dh_public: bytes) -> tuple[Record, list[Record]]:
    """The certificate that names `dh_public`, its signature checked, and the other records of an introduction.

    RemoteError FORGED if there is no such certificate. The other records are only parsed.
    """
    records = [Record.parse(wire) for wire in wires]
    for record in records:
        if certifies_key(record, dh_public):
            check_header(record.header)
            if not verify_signature(record):
                break
            return record, [other for other in records if other is not record]
    raise RemoteError(Code.FORGED, "no certificate for the key that the peer speaks with")


def keeps_connection(my_device: DeviceId, their_device: DeviceId, i_am_initiator: bool) -> bool:
    """Whether, of two connections between two devices, the one that I did or did not initiate is to stay.

    Both sides come to the same answer: the connection that the smaller device id dialed stays.
    """
    return i_am_initiator == (my_device < their_device)
