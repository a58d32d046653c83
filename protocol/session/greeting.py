"""Finds out which device is at the other end: its Hello, and the certificate of the channel's static key.

Anybody can certify another person's public key. So a certificate that the other side shows counts before one that is
held, and a Hello names its speaker by a tag, by which a held certificate of somebody else is noticed.
Spec: protocol/README.md, "Frames" (self-identification) and "Session" (greeting).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b

from protocol.errors import Code, RemoteError
from protocol.keys import DeviceId, PersonId
from protocol.records.bodies import body_of
from protocol.records.certificates import check_certificate
from protocol.records.device import Device
from protocol.records.record import Kind, Record, is_from_newer_version
from protocol.session.events import PeerIdentified, SelfIdentification, ToldTime
from protocol.wire.frames import SPEAKER_TAG_BYTES, Hello, Introduce, Who
from protocol.wire.stratum import DOUBT

VERSIONS = (1,)
ALGORITHMS = (1,)  # of reconciliation; 1 is protocol/README.md, "Reconciliation"

_SPEAKER_DOMAIN = b"meshnode hello v1\0"


class Greeting:
    """Exchanges the Hellos of both sides, and their certificates where these are not known.

    `find_certificate` gives the certificate held for a static key. With `introduce` our Hello carries our
    self-identification. After each frame that `take` has read, `peer` says whether the other side is identified.
    """

    def __init__(
        self,
        me: SelfIdentification,
        remote_static: bytes,
        find_certificate: Callable[[bytes], Record | None],
        told: Callable[[], ToldTime],
        *,
        handshake_hash: bytes,
        introduce: bool,
    ) -> None:
        self._me = me
        self._handshake_hash = handshake_hash
        self._remote_static = remote_static
        self._told = told
        self._introduce = introduce
        found = find_certificate(remote_static)
        self._certificate = found if found is not None and certifies_key(found, remote_static) else None
        self._extra: list[Record] = []
        self._hello: Hello | None = None
        self._their_time = ToldTime(0, DOUBT)  # as their Hello told it, or a Ping since
        self._version = 0
        self._who_sent = False
        self._who_answered = False
        self.hello_sent = False

    @property
    def certificate_known(self) -> bool:
        """Whether a certificate for the other side's static key is at hand."""
        return self._certificate is not None

    @property
    def their_roots(self) -> tuple[bytes, bytes] | None:
        """The roots in the other side's Hello; None before it came, or if it has none."""
        return self._hello.roots if self._hello is not None else None

    @property
    def peer(self) -> PeerIdentified | None:
        """The other side, once its Hello has come and its certificate is at hand."""
        if self._hello is None or self._certificate is None:
            return None
        header, hello = self._certificate.header, self._hello
        return PeerIdentified(
            header.author,
            header.device,
            self._certificate,
            self._their_time,
            self._version,
            hello.run,
            self._extra,
        )

    def hello(
        self, roots: tuple[bytes, bytes] | None, shown: Iterable[Record] = (), *, introduce: bool = False
    ) -> Hello:
        """Return our Hello. The records `shown` go into its self-identification, which it has with `introduce` too."""
        self.hello_sent = True
        more = tuple(record.wire for record in shown)
        records = (*self._identification(), *more) if self._introduce or introduce or more else ()
        tag = self._tag(self._me.person, self._me.device)
        told = self._told()
        return Hello(VERSIONS, ALGORITHMS, told.wall, roots, records, tag, told.stratum, self._me.run)

    def take(self, frame: Hello | Who | Introduce) -> Who | Introduce | None:
        """Read a frame of the greeting, and return the frame that answers it, if any.

        RemoteError VERSION, OUT_OF_ORDER, UNSOLICITED or FORGED, or as for the records in it.
        """
        match frame:
            case Hello():
                return self._take_hello(frame)
            case Who():
                if self._who_answered:
                    raise RemoteError(Code.OUT_OF_ORDER, "a second Who")
                self._who_answered = True
                return Introduce(self._identification())
            case Introduce(records):
                if not self._who_sent or self._certificate is not None:
                    raise RemoteError(Code.UNSOLICITED, "an Introduce that nobody asked for")
                self._read(records)
                return None

    def take_time(self, told: ToldTime) -> None:
        """Note that the other side goes by another time than its Hello told, before it is known who that is."""
        if self._hello is not None:
            self._their_time = told

    def _take_hello(self, hello: Hello) -> Who | None:
        if self._hello is not None:
            raise RemoteError(Code.OUT_OF_ORDER, "a second Hello")
        self._version = highest_common(VERSIONS, hello.versions)
        highest_common(ALGORITHMS, hello.algorithms)  # there is only one so far
        self._hello = hello
        self._their_time = ToldTime(hello.wall, hello.stratum)
        if hello.records:
            self._read(hello.records)
        elif hello.speaker_tag is not None and self._certificate is not None:
            held = self._certificate.header
            if hello.speaker_tag != self._tag(held.author, held.device):
                self._certificate = None  # another person has certified this key
        if self._certificate is None:
            self._who_sent = True
            return Who()
        return None

    def _tag(self, person: PersonId, device: DeviceId) -> bytes:
        """Return the tag that names a Hello's speaker, on this channel alone and to those who know both ids."""
        message = _SPEAKER_DOMAIN + person + device
        return blake2b(message, key=self._handshake_hash, digest_size=SPEAKER_TAG_BYTES).digest()

    def _read(self, wires: Iterable[bytes]) -> None:
        self._certificate, self._extra = read_identification(wires, self._remote_static)

    def _identification(self) -> tuple[bytes, ...]:
        return tuple(record.wire for record in (self._me.certificate, *self._me.more))


def highest_common(ours: Sequence[int], theirs: Sequence[int]) -> int:
    """Return the version, or algorithm, that both sides use: the highest in both. RemoteError VERSION without one."""
    common = set(ours) & set(theirs)
    if not common:
        raise RemoteError(Code.VERSION, f"{list(theirs)} where we have {list(ours)}")
    return max(common)


def certifies_key(certificate: Record, dh_public: bytes) -> bool:
    """Whether this record certifies a device, not revoked, whose handshake key (32 bytes) is `dh_public`.

    A record from a newer version, or with a body that cannot be read, certifies nothing. No signature is checked.
    """
    header = certificate.header
    if header.kind != Kind.DEVICE or not certificate.body or is_from_newer_version(header):
        return False
    try:
        device = body_of(certificate)
    except RemoteError:
        return False
    return isinstance(device, Device) and device.dh_public == dh_public and not device.revoked


def read_identification(wires: Iterable[bytes], dh_public: bytes) -> tuple[Record, list[Record]]:
    """Return the certificate for `dh_public`, header and signature checked, and the other records, only parsed.

    Records from a newer version are left out. RemoteError FORGED without such a certificate; else as for the records.
    """
    records = [Record.parse(wire) for wire in wires]
    for record in records:
        if certifies_key(record, dh_public):
            check_certificate(record)
            others = [other for other in records if other is not record and not is_from_newer_version(other.header)]
            return record, others
    raise RemoteError(Code.FORGED, "no certificate for the key that the peer speaks with")
