"""Announcements on the LAN: who recognizes them, what strangers see, and what a replay is worth."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from protocol.errors import Code, LocalError, RemoteError
from protocol.limits import ANNOUNCED_ADDRESSES_MAX, ANNOUNCED_TAGS, LIVE_CARDS_MAX, RECOGNITION_CANDIDATES_MAX
from protocol.wire.presence import (
    SERVICE_TYPE,
    TAG_BYTES,
    Announcement,
    announce,
    canonical_addresses,
    recognize,
    service_names,
)
from tests.support.golden import golden
from tests.support.vectors_noise import labeled

VECTORS = golden("presence.json")
KEY = labeled("Bob's presence key")
HOME = ["192.168.1.20", "fe80::2", "2001:db8::1"]
PORT = 4711

ADDRESSES = st.lists(st.ip_addresses().map(lambda address: address.packed), min_size=1, max_size=12)


def packed(*addresses: str) -> list[bytes]:
    return [ip_address(address).packed for address in addresses]


def announced(addresses: list[bytes] | None = None, *, cards: int = 0, moment: str = "now") -> Announcement:
    return announce(
        presence_key=KEY,
        card_secrets=[labeled(f"card {index}") for index in range(cards)],
        addresses=packed(*HOME) if addresses is None else addresses,
        port=PORT,
        nonce=labeled(f"{moment}: nonce", 16),
        padding_seed=labeled(f"{moment}: padding"),
    )


def heard(announcement: Announcement) -> Announcement:
    """Return it as another node gets it: from the TXT record alone."""
    return Announcement.from_txt(announcement.txt())


def whose(announcement: Announcement, addresses: list[bytes], port: int = PORT) -> str | None:
    sighting = recognize(announcement, addresses, port, [("carol", labeled("Carol's presence key")), ("bob", KEY)])
    return sighting.name if sighting else None


# --- Recognition -----------------------------------------------------------------------------------------------------


@given(addresses=ADDRESSES, cards=st.integers(0, LIVE_CARDS_MAX))
def test_those_who_know_the_presence_key_recognize_an_announcement(addresses: list[bytes], cards: int) -> None:
    announcement = announced(addresses, cards=cards)
    assert heard(announcement) == announcement
    sighting = recognize(heard(announcement), announcement.addresses, PORT, [("bob", KEY)])
    assert sighting is not None
    assert sighting.addresses == announcement.addresses


def test_a_holder_of_a_card_recognizes_its_giver_without_the_presence_key() -> None:
    announcement = heard(announced(cards=3))
    sighting = recognize(announcement, packed(HOME[0]), PORT, [("a card", labeled("card 2"))])
    assert sighting is not None
    assert sighting.name == "a card"


def test_those_who_know_no_key_recognize_nothing() -> None:
    assert recognize(heard(announced()), packed(*HOME), PORT, [("carol", labeled("Carol's presence key"))]) is None


def test_one_resolved_address_is_enough_on_a_host_with_several() -> None:
    for address in HOME:
        sighting = recognize(heard(announced()), packed(address), PORT, [("bob", KEY)])
        assert sighting is not None
        assert sighting.addresses == tuple(packed(address))


def test_the_order_of_addresses_and_their_doubles_do_not_matter() -> None:
    mixed = packed(*reversed(HOME), *HOME, "::ffff:192.168.1.20")
    assert announced(mixed) == announced()
    assert canonical_addresses(mixed) == announced().addresses


def test_fault_33_an_announcement_replayed_from_another_address_is_not_recognized() -> None:
    replayed = heard(announced())
    assert whose(replayed, packed("192.168.1.66")) is None
    assert whose(replayed, packed("192.168.1.66", HOME[0])) == "bob"


def test_fault_33_of_a_replay_that_adds_its_own_address_only_the_owners_may_be_dialed() -> None:
    sighting = recognize(heard(announced()), packed("192.168.1.66", HOME[0]), PORT, [("bob", KEY)])
    assert sighting is not None
    assert sighting.addresses == tuple(packed(HOME[0]))


def test_fault_33_a_replay_cannot_write_its_own_address_into_the_record() -> None:
    fields = announced().txt()
    forged = Announcement.from_txt(fields | {b"4": fields[b"4"] + packed("192.168.1.66")[0]})
    assert whose(forged, packed("192.168.1.66")) is None
    assert whose(forged, packed(*HOME)) is None


def test_an_announcement_with_another_port_is_not_recognized() -> None:
    for port in (PORT + 1, 0, -1, 70_000):
        assert whose(heard(announced()), packed(*HOME), port) is None


@given(bit=st.integers(0, 10**6))
def test_a_changed_nonce_is_not_recognized(bit: int) -> None:
    fields = announced().txt()
    nonce = bytearray(fields[b"n"])
    nonce[bit // 8 % len(nonce)] ^= 1 << bit % 8
    assert whose(Announcement.from_txt(fields | {b"n": bytes(nonce)}), packed(*HOME)) is None


def test_at_most_the_cap_of_keys_is_tried_and_the_first_come_first() -> None:
    others = [("somebody", labeled("somebody"))] * RECOGNITION_CANDIDATES_MAX
    assert recognize(heard(announced()), packed(*HOME), PORT, [*others, ("bob", KEY)]) is None
    assert recognize(heard(announced()), packed(*HOME), PORT, [*others[1:], ("bob", KEY)]) is not None


# --- What a stranger sees ----------------------------------------------------------------------------------------------


def test_the_number_of_cards_does_not_show() -> None:
    sizes = {
        tuple(len(value) for value in announced(cards=cards).txt().values()) for cards in range(LIVE_CARDS_MAX + 1)
    }
    assert len(sizes) == 1
    assert {len(announced(cards=cards).tags) for cards in range(LIVE_CARDS_MAX + 1)} == {ANNOUNCED_TAGS}


def test_which_tag_is_the_presence_keys_does_not_show() -> None:
    positions = set()
    for moment in range(40):
        announcement = announced(cards=2, moment=str(moment))
        shown = announcement.txt()[b"t"]
        for position in range(ANNOUNCED_TAGS):
            tag = shown[position * TAG_BYTES : (position + 1) * TAG_BYTES]
            if whose(replace(announcement, tags=frozenset({tag})), packed(*HOME)) == "bob":
                positions.add(position)
    assert len(positions) > ANNOUNCED_TAGS // 2


def test_two_moments_of_one_node_have_nothing_in_common() -> None:
    first, second = announced(cards=2, moment="first"), announced(cards=2, moment="second")
    assert first.nonce != second.nonce
    assert not first.tags & second.tags


def test_names_are_made_of_nothing_but_the_random_bytes() -> None:
    names = service_names(labeled("names", 16))
    assert names == service_names(labeled("names", 16))
    assert names.instance != service_names(labeled("other names", 16)).instance
    assert names.instance.endswith("." + SERVICE_TYPE)
    assert names.host.endswith(".local.")
    assert names.instance.split(".")[0] != names.host.split(".")[0]


# --- The TXT record ----------------------------------------------------------------------------------------------------


def test_every_string_of_the_largest_announcement_fits_dns() -> None:
    many = packed(*(f"10.0.0.{n}" for n in range(1, 30)), *(f"2001:db8::{n}" for n in range(1, 30)))
    announcement = announced(many, cards=LIVE_CARDS_MAX)
    assert len(announcement.addresses) == 2 * ANNOUNCED_ADDRESSES_MAX
    assert packed("10.0.0.1")[0] in announcement.addresses
    assert all(len(key) + 1 + len(value) <= 255 for key, value in announcement.txt().items())
    assert heard(announcement) == announcement


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({b"v": b"2"}, Code.VERSION),
        ({b"v": None}, Code.VERSION),
        ({b"n": b""}, Code.MALFORMED),
        ({b"n": bytes(15)}, Code.MALFORMED),
        ({b"n": None}, Code.MALFORMED),
        ({b"t": b""}, Code.MALFORMED),
        ({b"t": bytes(TAG_BYTES + 1)}, Code.MALFORMED),
        ({b"t": bytes(TAG_BYTES * (ANNOUNCED_TAGS + 1))}, Code.OVERSIZED),
        ({b"4": bytes(3)}, Code.MALFORMED),
        ({b"6": bytes(17)}, Code.MALFORMED),
        ({b"4": b"", b"6": None}, Code.MALFORMED),
        ({b"4": bytes(4 * (ANNOUNCED_ADDRESSES_MAX + 1))}, Code.OVERSIZED),
        ({b"6": bytes(16 * (ANNOUNCED_ADDRESSES_MAX + 1))}, Code.OVERSIZED),
    ],
)
def test_a_malformed_record_is_refused(changes: dict[bytes, bytes | None], code: Code) -> None:
    with pytest.raises(RemoteError) as caught:
        Announcement.from_txt(announced().txt() | changes)
    assert caught.value.code is code


def test_fields_of_a_later_version_are_passed_over() -> None:
    assert whose(Announcement.from_txt(announced().txt() | {b"x": b"new", b"y": None}), packed(*HOME)) == "bob"


@given(
    st.dictionaries(
        st.sampled_from([b"v", b"n", b"t", b"4", b"6", b"x"]),
        st.one_of(st.none(), st.just(b"1"), st.binary(max_size=255), st.binary(min_size=16, max_size=16)),
    )
)
def test_any_record_is_read_or_refused_and_never_recognized(fields: dict[bytes, bytes | None]) -> None:
    try:
        announcement = Announcement.from_txt(fields)
    except RemoteError:
        return
    assert whose(announcement, list(announcement.addresses)) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"addresses": []},
        {"addresses": [b"abc"]},
        {"port": 0},
        {"port": 65_536},
        {"nonce": bytes(15)},
        {"padding_seed": bytes(16)},
        {"presence_key": bytes(31)},
        {"card_secrets": [labeled(f"card {index}") for index in range(LIVE_CARDS_MAX + 1)]},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_an_announcement_that_cannot_be_made_is_our_own_mistake(wrong: dict[str, Any]) -> None:
    right: dict[str, Any] = {
        "presence_key": KEY,
        "card_secrets": [],
        "addresses": packed(*HOME),
        "port": PORT,
        "nonce": bytes(16),
        "padding_seed": bytes(32),
    }
    with pytest.raises(LocalError):
        announce(**(right | wrong))


def test_names_need_the_right_number_of_random_bytes() -> None:
    with pytest.raises(LocalError):
        service_names(b"few")


# --- Golden bytes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", VECTORS["announcements"], ids=lambda case: case["case"])
def test_the_committed_announcements_are_recognized_by_each_of_their_keys(case: dict[str, Any]) -> None:
    announcement = Announcement.from_txt({key.encode(): bytes.fromhex(value) for key, value in case["txt"].items()})
    for key in (case["presence_key"], *case["card_secrets"]):
        sighting = recognize(announcement, packed(*case["addresses"]), case["port"], [("it", bytes.fromhex(key))])
        assert sighting is not None
