"""`clock` as people type it: showing the date, confirming and setting it, and the warnings of other commands."""

from __future__ import annotations

import json

from tests.cli.village import Village


def test_the_date_is_shown_with_its_reason_with_and_without_show(village: Village) -> None:
    reply = village("A", "clock")
    assert reply.code == 0
    assert "this computer's clock says so" in reply.out
    assert "Bob agrees." in reply.out
    assert village("A", "clock", "show").out == reply.out


def test_a_date_is_set_backwards_and_the_computers_own_is_confirmed(village: Village) -> None:
    found = json.loads(village("A", "clock", "set", "2026-12-24", "--json").out)
    assert (found["basis"], found["doubtful"]) == ("owner", False)
    assert found["now"] < found["computer"]
    text = village("A", "clock").out
    assert "you have said so" in text
    assert "This computer's clock says" in text
    confirmed = json.loads(village("A", "clock", "confirm", "--json").out)
    assert (confirmed["basis"], confirmed["now"]) == ("owner", confirmed["computer"])
    assert confirmed["problem"] is None


def test_a_date_that_is_none_or_cannot_be_right_is_refused_in_one_line(village: Village) -> None:
    for typed in ("yesterday", "1970-01-01", "2999-01-01", "2027-13-01"):
        reply = village("A", "clock", "set", typed)
        assert (reply.code, reply.out) == (2, "")
        assert reply.err.count("\n") == 1
    assert village("A", "clock", "cofirm").code == 2


def test_what_is_posted_in_doubt_says_so_and_names_the_way_out(village: Village) -> None:
    alice = village.mesh.nodes["Alice"]
    alice.clock.machine.error = 30.0 * 86_400
    alice.replica.clock.count_only(lambda _person: False)  # Bob, who knows the date, has left
    reply = village("A", "offer", "Bread")
    assert reply.code == 0
    assert "in doubt" in reply.err
    assert "meshnode clock confirm" in reply.err
    status = village("A", "status").out
    assert "The date is in doubt" in status
    assert "meshnode clock set" in status
    village("A", "clock", "confirm")
    assert "in doubt" not in village("A", "status").out
