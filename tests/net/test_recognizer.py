"""Which person an announcement comes from is found within a budget, and remembered."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest

from meshnode.net import recognizer
from meshnode.net.address import Address
from meshnode.net.recognizer import RecognizedPeer, Recognizer
from meshnode.net.services import ReceivedService
from protocol import limits
from protocol.wire import announce, recognize
from tests.support.people import Person, grown

ALICE, BOB = Person("Alice"), Person("Bob")
HERE, LINK, LOOPBACK = (ipaddress.ip_address(text).packed for text in ("192.168.1.7", "fe80::7", "127.0.0.1"))
EVERYBODY = [(person.id, person.presence_key) for person in (ALICE, BOB)]


def announced_by(
    person: Person,
    *,
    nonce: object = 1,
    received_at: tuple[tuple[bytes, int], ...] = ((HERE, 0),),
    addresses: tuple[bytes, ...] = (HERE, LINK),
) -> ReceivedService:
    """Return the service received when this person's node announces itself."""
    announcement = announce(
        presence_key=person.presence_key,
        card_secrets=[],
        addresses=addresses,
        port=7000,
        nonce=grown("nonce", nonce, size=16),
        padding_seed=grown("padding", nonce),
    )
    return ReceivedService("abc._meshnode._tcp.local.", received_at, 7000, dict(announcement.txt()))


def knowing(*candidates: tuple[bytes, bytes]) -> Recognizer:
    """Return a recognizer that knows these keys."""
    made = Recognizer()
    assert not list(made.use(candidates, 0.0))
    return made


def test_a_contact_is_recognized_and_can_be_dialed_where_the_announcement_came_from() -> None:
    assert knowing(*EVERYBODY).recognize(announced_by(BOB), 0.0) == RecognizedPeer(
        BOB.id, [Address("192.168.1.7", 7000)]
    )


def test_a_link_local_address_is_dialed_by_the_link_it_came_by() -> None:
    recognized = knowing(*EVERYBODY).recognize(announced_by(BOB, received_at=((LINK, 3),)), 0.0)
    assert recognized == RecognizedPeer(BOB.id, [Address("fe80::7%3", 7000)])


def test_an_address_that_the_announcement_does_not_vouch_for_is_not_dialed() -> None:
    elsewhere = ipaddress.ip_address("192.168.1.66").packed
    assert knowing(*EVERYBODY).recognize(announced_by(BOB, received_at=((elsewhere, 0),)), 0.0) is None


def test_loopback_is_dialed_only_where_nothing_else_is_announced() -> None:
    both = announced_by(BOB, received_at=((HERE, 0), (LOOPBACK, 0)), addresses=(HERE, LOOPBACK))
    assert knowing(*EVERYBODY).recognize(both, 0.0) == RecognizedPeer(BOB.id, [Address("192.168.1.7", 7000)])
    alone = announced_by(BOB, received_at=((LOOPBACK, 0),), addresses=(LOOPBACK,))
    assert knowing(*EVERYBODY).recognize(alone, 0.0) == RecognizedPeer(BOB.id, [Address("127.0.0.1", 7000)])


def test_a_service_that_is_no_announcement_is_passed_over() -> None:
    made = knowing(*EVERYBODY)
    for txt in ({}, {b"v": b"9"}, {b"v": b"1", b"n": b"short", b"t": None}):
        assert made.recognize(ReceivedService("x", ((HERE, 0),), 7000, txt), 0.0) is None


def test_a_stranger_who_becomes_a_contact_is_known_without_being_heard_again() -> None:
    made = knowing(EVERYBODY[0])
    assert made.recognize(announced_by(BOB), 0.0) is None
    assert [recognized.person for recognized in made.use(EVERYBODY, 60.0)] == [BOB.id]


def test_an_old_announcement_of_a_stranger_no_longer_counts() -> None:
    made = knowing(EVERYBODY[0])
    assert made.recognize(announced_by(BOB), 0.0) is None
    assert not list(made.use(EVERYBODY, 3600.0))


def test_the_key_of_a_former_contact_is_not_recognized() -> None:
    made = knowing(*EVERYBODY)
    assert made.recognize(announced_by(BOB), 0.0)
    assert not list(made.use(EVERYBODY[:1], 0.0))
    assert made.recognize(announced_by(BOB), 0.0) is None


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count how many keys are tried, announcement by announcement."""
    counts: list[int] = []

    def counting(announcement: Any, addresses: Any, port: int, candidates: Any) -> Any:
        counts.append(len(candidates))
        return recognize(announcement, addresses, port, candidates)

    monkeypatch.setattr(recognizer, "recognize", counting)
    return counts


def test_the_same_announcement_is_tried_once(tried: list[int]) -> None:
    made = knowing(*EVERYBODY)
    for person in (BOB, Person("Mallory")):
        for _ in range(3):
            made.recognize(announced_by(person), 0.0)
    assert tried == [2, 2]


def test_a_flood_costs_at_most_its_budget_and_the_next_second_has_a_new_one(
    tried: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "RECOGNITION_KEYS_PER_SECOND", 10)
    made = knowing(*EVERYBODY)
    for number in range(100):
        made.recognize(announced_by(Person("Mallory"), nonce=number), 5.0)
    assert sum(tried) == 10
    assert made.recognize(announced_by(BOB), 5.5) is None
    assert made.recognize(announced_by(BOB), 6.0)


def test_a_flood_of_strangers_fills_no_memory() -> None:
    made = knowing(*EVERYBODY)
    for number in range(limits.UNRECOGNIZED_REMEMBERED + 50):
        made.recognize(announced_by(Person("Mallory"), nonce=number), float(number))
    assert len(made._unknown) == limits.UNRECOGNIZED_REMEMBERED
