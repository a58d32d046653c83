"""Whose announcement is it? Within a budget, and once decided, remembered."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest

from meshnode.net import recognizer
from meshnode.net.dialer import Address
from meshnode.net.recognizer import RecognizedPeer, Recognizer
from meshnode.net.services import ReceivedService
from protocol import limits
from protocol.wire import announce, recognize
from tests.support.people import Person, grown

ALICE, BOB = Person("Alice"), Person("Bob")
HERE, LINK, LOOPBACK = (ipaddress.ip_address(text).packed for text in ("192.168.1.7", "fe80::7", "127.0.0.1"))
EVERYBODY = [(person.id, person.presence_key) for person in (ALICE, BOB)]


def heard(
    person: Person,
    *,
    nonce: object = 1,
    found_at: tuple[tuple[bytes, int], ...] = ((HERE, 0),),
    addresses: tuple[bytes, ...] = (HERE, LINK),
) -> ReceivedService:
    """What is heard when this person's node announces itself."""
    announcement = announce(
        presence_key=person.presence_key,
        card_secrets=[],
        addresses=addresses,
        port=7000,
        nonce=grown("nonce", nonce, size=16),
        padding_seed=grown("padding", nonce),
    )
    return ReceivedService("abc._meshnode._tcp.local.", found_at, 7000, dict(announcement.txt()))


def knowing(*candidates: tuple[bytes, bytes]) -> Recognizer:
    """A recognizer that knows these keys."""
    made = Recognizer()
    assert not list(made.use(candidates, 0.0))
    return made


def test_a_contact_is_recognized_and_can_be_dialed_where_he_was_heard() -> None:
    assert knowing(*EVERYBODY).whose(heard(BOB), 0.0) == RecognizedPeer(BOB.id, [Address("192.168.1.7", 7000)])


def test_a_link_local_address_is_dialed_by_the_link_it_was_heard_on() -> None:
    recognized = knowing(*EVERYBODY).whose(heard(BOB, found_at=((LINK, 3),)), 0.0)
    assert recognized == RecognizedPeer(BOB.id, [Address("fe80::7%3", 7000)])


def test_an_address_that_the_announcement_does_not_speak_for_is_not_dialed() -> None:
    elsewhere = ipaddress.ip_address("192.168.1.66").packed
    assert knowing(*EVERYBODY).whose(heard(BOB, found_at=((elsewhere, 0),)), 0.0) is None


def test_loopback_is_dialed_only_where_nothing_else_is_announced() -> None:
    both = heard(BOB, found_at=((HERE, 0), (LOOPBACK, 0)), addresses=(HERE, LOOPBACK))
    assert knowing(*EVERYBODY).whose(both, 0.0) == RecognizedPeer(BOB.id, [Address("192.168.1.7", 7000)])
    alone = heard(BOB, found_at=((LOOPBACK, 0),), addresses=(LOOPBACK,))
    assert knowing(*EVERYBODY).whose(alone, 0.0) == RecognizedPeer(BOB.id, [Address("127.0.0.1", 7000)])


def test_what_is_no_announcement_is_passed_over() -> None:
    made = knowing(*EVERYBODY)
    for txt in ({}, {b"v": b"9"}, {b"v": b"1", b"n": b"short", b"t": None}):
        assert made.whose(ReceivedService("x", ((HERE, 0),), 7000, txt), 0.0) is None


def test_a_stranger_who_becomes_a_contact_is_known_without_being_heard_again() -> None:
    made = knowing(EVERYBODY[0])
    assert made.whose(heard(BOB), 0.0) is None
    assert [recognized.person for recognized in made.use(EVERYBODY, 60.0)] == [BOB.id]


def test_what_a_stranger_said_long_ago_does_not_count_any_more() -> None:
    made = knowing(EVERYBODY[0])
    assert made.whose(heard(BOB), 0.0) is None
    assert not list(made.use(EVERYBODY, 3600.0))


def test_a_key_that_is_not_a_contacts_any_more_is_not_recognized() -> None:
    made = knowing(*EVERYBODY)
    assert made.whose(heard(BOB), 0.0)
    assert not list(made.use(EVERYBODY[:1], 0.0))
    assert made.whose(heard(BOB), 0.0) is None


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many keys were tried, announcement by announcement."""
    counts: list[int] = []

    def counting(announcement: Any, addresses: Any, port: int, candidates: Any) -> Any:
        counts.append(len(candidates))
        return recognize(announcement, addresses, port, candidates)

    monkeypatch.setattr(recognizer, "recognize", counting)
    return counts


def test_the_same_announcement_is_looked_at_once(tried: list[int]) -> None:
    made = knowing(*EVERYBODY)
    for person in (BOB, Person("Mallory")):
        for _ in range(3):
            made.whose(heard(person), 0.0)
    assert tried == [2, 2]


def test_a_flood_costs_no_more_than_its_budget_and_the_next_second_has_a_new_one(
    tried: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recognizer, "RECOGNITION_KEYS_PER_SECOND", 10)
    made = knowing(*EVERYBODY)
    for number in range(100):
        made.whose(heard(Person("Mallory"), nonce=number), 5.0)
    assert sum(tried) == 10
    assert made.whose(heard(BOB), 5.5) is None
    assert made.whose(heard(BOB), 6.0)


def test_a_flood_of_strangers_fills_no_memory() -> None:
    made = knowing(*EVERYBODY)
    for number in range(limits.UNRECOGNIZED_REMEMBERED + 50):
        made.whose(heard(Person("Mallory"), nonce=number), float(number))
    assert len(made._strangers) == limits.UNRECOGNIZED_REMEMBERED
