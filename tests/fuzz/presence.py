"""Fuzzes announcements: packets of multicast DNS as they come from the network, and the TXT records in them."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from zeroconf import RecordUpdate, ServiceInfo
from zeroconf._cache import DNSCache
from zeroconf._protocol.incoming import DNSIncoming
from zeroconf._protocol.outgoing import DNSOutgoing
from zeroconf.const import _FLAGS_AA, _FLAGS_QR_RESPONSE

from meshnode.net.mdns_link import AnnouncementListener
from meshnode.net.recognizer import Recognizer
from meshnode.net.services import ReceivedService
from protocol import RateLimit, limits
from protocol.wire import SERVICE_TYPE, Announcement, announce
from tests.fuzz.harness import CALLS, Harness, Refused, answer_of
from tests.fuzz.source import Source
from tests.net.test_mdns_link import LAN
from tests.support.people import Person, grown

BOB = Person("Bob")
HERE = bytes((192, 168, 1, 7))
PORT = 4747
SOUND = announce(
    presence_key=BOB.presence_key,
    card_secrets=[grown("card")],
    addresses=[HERE, bytes.fromhex("fd000000000000000000000000000007")],
    port=PORT,
    nonce=grown("nonce", size=16),
    padding_seed=grown("padding"),
)


def _packet(txt: dict[bytes, bytes], instance: str = "fuzz") -> bytes:
    info = ServiceInfo(
        SERVICE_TYPE,
        f"{instance}.{SERVICE_TYPE}",
        port=PORT,
        server=f"{instance}.local.",
        properties=dict(txt),
        addresses=[HERE],
    )
    out = DNSOutgoing(_FLAGS_QR_RESPONSE | _FLAGS_AA)
    for record in (info.dns_pointer(), info.dns_service(), info.dns_text(), *info.dns_addresses()):
        out.add_answer_at_time(record, 0)
    return out.packets()[0]


def packets(data: bytes) -> None:
    """No packet makes the listener or the recognizer raise, and nobody is recognized but by a tag of their own."""
    source = Source(data)
    written = data[1:] if source.below(2) else source.edited_bytes(source.edited_bytes(SOUND_PACKET))
    message = DNSIncoming(written, ("192.168.1.7", 5353))
    received: list[ReceivedService] = []
    zeroconf: Any = SimpleNamespace(cache=DNSCache())
    rate = RateLimit(limits.MDNS_HEARD_PER_SECOND, seconds=1.0)
    listener = AnnouncementListener(zeroconf, received.append, (), rate, LAN.reaches)
    answers = message.answers() if message.valid else []
    zeroconf.cache.async_add_records(answers)
    listener.async_update_records(zeroconf, message.now, [RecordUpdate(answer, None) for answer in answers])
    listener.async_update_records_complete()
    _recognized(received)


def announcements(data: bytes) -> None:
    """A TXT record is an announcement that is written as it was read, or none."""
    source = Source(data)
    fields: dict[bytes, bytes | None] = dict(SOUND.txt())
    for _ in range(source.below(4)):
        key = source.pick((b"v", b"n", b"t", b"4", b"6", b"x"))
        if source.below(2):
            fields[key] = source.edited_bytes(fields.get(key) or b"")
        else:
            fields[key] = None if source.below(2) else source.take(source.byte())
    announcement = answer_of(Announcement.from_txt, fields)
    if not isinstance(announcement, Refused):
        assert Announcement.from_txt(announcement.txt()) == announcement
    port = source.pick((PORT, 0, 1, 65_535))
    addresses = tuple((source.pick((HERE, bytes(4), bytes(16), b"\x7f\0\0\1")), source.below(3)) for _ in range(2))
    _recognized([ReceivedService("fuzz", addresses, port, fields)])


def _recognized(received: list[ReceivedService]) -> None:
    recognizer = Recognizer()
    list(recognizer.use([(BOB.id, BOB.presence_key)], 0.0))
    for service in received:
        peer = recognizer.recognize(service, 1.0)
        if peer is not None:
            announcement = Announcement.from_txt(service.txt)
            assert announcement.tags & SOUND.tags
            assert (announcement.nonce, announcement.addresses, service.port) == (SOUND.nonce, SOUND.addresses, PORT)


SOUND_PACKET = _packet(SOUND.txt())


def _packets() -> Iterator[bytes]:
    yield b"\1" + SOUND_PACKET
    yield b"\1" + _packet({b"v": b"1"}, "a")
    yield b"\1" + _packet({b"v": b"2", b"n": bytes(16)}, "UPPER")
    yield from (bytes((0, 0, at, 255, 3, 0)) for at in range(0, 250, 10))


def _fields() -> Iterator[bytes]:
    yield b""
    for key in range(6):
        yield bytes((1, key, 0, 1, 5)) + b"abcde"
        yield bytes((1, key, 0, 0))
        yield bytes((1, key, 1, 4, 1))


HARNESSES = (
    Harness("packets", packets, _packets, CALLS),
    Harness("announcements", announcements, _fields, CALLS),
)
