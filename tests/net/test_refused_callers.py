"""A caller who is turned away again and again is a stranger for a while, and nobody else is."""

from __future__ import annotations

import pytest

from meshnode.app.peers.contacts import PskName
from meshnode.net import refused_callers
from meshnode.net.refused_callers import REFUSALS_A_MINUTE, RefusedCallers
from protocol import limits

HOST, OTHER = "192.168.1.7", "192.168.1.8"
MALLORY, BOB = b"m" * 32, b"b" * 32
BY_PRESENCE, BY_CARD = PskName(), PskName(card=b"c" * 16)


def refused(times: int, host: str = HOST) -> RefusedCallers:
    callers = RefusedCallers()
    for _ in range(times):
        callers.note(host, MALLORY, 0.0)
    return callers


def test_a_caller_who_was_turned_away_a_few_times_is_still_told_when_to_come_back() -> None:
    callers = refused(REFUSALS_A_MINUTE - 1)
    for psk in (BY_PRESENCE, BY_CARD, PskName(contact=MALLORY)):
        assert not callers.is_ignored(HOST, 1.0, psk)


def test_a_caller_who_does_not_listen_is_ignored_until_the_minute_is_over() -> None:
    callers = refused(REFUSALS_A_MINUTE)
    for psk in (BY_PRESENCE, BY_CARD, PskName(contact=MALLORY)):
        assert callers.is_ignored(HOST, 1.0, psk)
        assert callers.is_ignored(HOST, limits.MINUTE - 1, psk)
        assert not callers.is_ignored(HOST, limits.MINUTE, psk)


def test_a_contact_is_known_at_any_address_and_others_at_their_own() -> None:
    callers = refused(REFUSALS_A_MINUTE)
    assert callers.is_ignored(OTHER, 1.0, PskName(contact=MALLORY))
    assert not callers.is_ignored(OTHER, 1.0, BY_PRESENCE)
    assert not callers.is_ignored(HOST, 1.0, PskName(contact=BOB))  # behind the same router


def test_several_nodes_on_one_machine_do_not_count_for_each_other() -> None:
    callers = refused(REFUSALS_A_MINUTE, host="127.0.0.1")
    assert not callers.is_ignored("127.0.0.1", 1.0, BY_PRESENCE)
    assert callers.is_ignored("127.0.0.1", 1.0, PskName(contact=MALLORY))


def test_what_is_remembered_is_bounded_and_the_oldest_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refused_callers, "CALLERS_KEPT", 4)
    callers = RefusedCallers()
    for _ in range(REFUSALS_A_MINUTE):
        for number in range(6):
            callers.note(f"10.0.0.{number}", None, 0.0)
    for _ in range(REFUSALS_A_MINUTE):
        callers.note(HOST, None, 0.0)
    assert callers.is_ignored(HOST, 1.0, BY_PRESENCE)
    assert len(callers._refused) == 4
