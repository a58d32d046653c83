"""Exchanges as people type them: the forms that must work, how they read, and what is refused."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from meshnode.api.app import openapi_document
from tests.api.fits import faults
from tests.cli.village import Village


def exchange_of(village: Village, who: str = "A", listing: str = "Drill", *more: str) -> str:
    """Let `who` respond to a listing, and return the id of the exchange."""
    ran = village(who, "respond", listing, *more, "--json")
    assert (ran.code, ran.err) == (0, "")
    reply = json.loads(ran.out)
    assert reply == {"exchange": reply["exchange"], "state": "requested", "warning": None}
    village.settle()
    return str(reply["exchange"])


def reply_of(village: Village, who: str, *words: str) -> Any:
    ran = village(who, *words, "--json")
    assert (ran.code, ran.err) == (0, ""), ran
    village.settle()
    return json.loads(ran.out)


@pytest.fixture
def drill(village: Village) -> Village:
    """Let Carol lend two drills, which Alice sees through Bob."""
    village("C", "offer", "Drill", "--category", "tools", "--audience", "network_wide", "--quantity", "2", "--lend")
    village.settle()
    return village


def test_the_forms_of_an_exchange_from_the_ask_to_the_end(drill: Village) -> None:
    exchange = exchange_of(drill, "A", "Drill", "--message", "May I?")
    (waiting,) = reply_of(drill, "C", "inbox")["exchanges"]
    wanted = {"exchange": exchange, "state": "requested", "quantity": 1, "lend": True, "asked": False, "gives": True}
    assert {key: waiting[key] for key in wanted} == wanted
    assert waiting["listing"]["title"] == "Drill"
    assert (waiting["with"]["name"], waiting["next"]) == ("Alice", ["accept", "decline", "say"])
    assert reply_of(drill, "C", "accept", exchange)["state"] == "agreed"
    assert reply_of(drill, "A", "done", exchange)["state"] == "agreed"
    assert reply_of(drill, "C", "done", exchange)["state"] == "completed"
    for who in ("A", "C"):
        (seen,) = reply_of(drill, who, "exchanges")["exchanges"]
        assert (seen["exchange"], seen["state"], seen["is_cross_community"]) == (exchange, "completed", None)
        counted = reply_of(drill, who, "stats")
        names = ("completed", "cross_community", "within_community", "unknown")
        assert tuple(counted[name] for name in names) == (1, 0, 0, 1)
    assert reply_of(drill, "C", "returned", exchange)["state"] == "returned"
    assert reply_of(drill, "A", "exchanges", exchange)["state"] == "returned"


def test_every_answer_is_what_the_api_describes(drill: Village) -> None:
    exchange = exchange_of(drill)
    document = openapi_document()
    for words in (("accept", exchange), ("say", exchange, "At six?"), ("cancel", exchange), ("exchanges", exchange)):
        seen = reply_of(drill, "C", *words)
        assert not list(faults(document, {"$ref": "#/components/schemas/ExchangeView"}, seen))
    again = exchange_of(drill)
    assert reply_of(drill, "C", "decline", again, "--message", "Not this week.")["state"] == "declined"
    listed = reply_of(drill, "A", "exchanges", "--limit", "1")["exchanges"]
    assert [seen["state"] for seen in listed] == ["declined"]
    assert listed[0]["messages"][-1]["text"] == "Not this week."


def test_it_reads_as_people_talk(drill: Village) -> None:
    asked = drill("A", "respond", "Drill", "--message", "May I?")
    assert asked.out == "You asked Carol for Drill. Waiting for an answer.\n"
    assert "will appear in 'meshnode inbox'" in asked.err
    drill.settle()
    shown = drill("C", "inbox").out
    short = re.search(r"-> meshnode accept (\w+)\n", shown)
    assert short is not None
    assert shown == f'Alice asks for your Drill.\n  "May I?"\n  -> meshnode accept {short[1]}\n'
    assert drill("C", "accept", short[1]).out == "You and Alice agreed. (Drill)\n"
    drill.settle()
    assert drill("A", "inbox").out == f"You and Carol agreed. (Drill)\n  -> meshnode done {short[1]}\n"
    assert drill("C", "inbox").out == f"You and Alice agreed. (Drill)\n  -> meshnode done {short[1]}\n"
    assert drill("A", "say", "Drill", "At six?").out == "Your message to Carol is on its way.\n"
    assert drill("A", "done", "Drill").out == "You confirmed. Waiting for Carol. (Drill)\n"
    drill.settle()
    assert drill("C", "inbox").out.startswith(
        'Alice confirmed. Waiting for you. (Drill)\n  "At six?"\n  -> meshnode done '
    )
    assert drill("C", "done", "Drill").out == "Lent to Alice. (Drill)\n"
    drill.settle()
    assert drill("A", "inbox").out.startswith("Borrowed from Carol. (Drill)\n  -> meshnode returned ")
    assert drill("A", "returned", "Drill").out == "You said that it is back. Waiting for Carol. (Drill)\n"
    drill.settle()
    assert "Alice says that it is back" in drill("C", "inbox").out
    assert drill("C", "returned", "Drill").out == "Returned, with Alice. (Drill)\n"
    assert drill("C", "exchanges").out.split("\t")[1:5] == ["offer", "Drill", "Alice", "returned"]
    said = drill("C", "exchanges", "Drill").out
    assert 'Alice asked\n    "May I?"\n' in said
    assert ' Alice\n    "At six?"\n' in said
    assert drill("C", "stats").out.splitlines()[:2] == [
        "1 exchange completed: 1 given, 0 received.",
        "0 between communities, 0 within one, 1 with somebody who is in no community",
    ]


def test_who_helps_with_a_need_is_the_giver(village: Village) -> None:
    village("A", "need", "Ride to town", "--category", "transportation", "--expires", "3d")
    village("A", "edit", "Ride", "--audience", "network_wide")
    village.settle()
    assert (
        village("C", "respond", "Ride").out == "You offered Alice your help with Ride to town. Waiting for an answer.\n"
    )
    village.settle()
    assert village("A", "inbox").out.startswith("Carol offers to help with your Ride to town.")
    assert reply_of(village, "A", "accept", "Ride")["gives"] is False
    assert reply_of(village, "C", "exchanges", "Ride")["gives"] is True


def test_a_no_is_told_kindly_and_with_its_reason(drill: Village) -> None:
    exchange_of(drill, "A")
    drill("C", "close", "Drill")
    drill("C", "inbox")
    drill.settle()
    assert drill("A", "inbox").out == "Carol declined: it is no longer available (Drill)\n"


def test_a_block_ends_it_on_ones_own_side(drill: Village) -> None:
    exchange = exchange_of(drill, "A")
    assert drill("C", "accept", exchange).code == 0
    drill.settle()
    asked = drill("C", "block", "Alice")
    assert (asked.code, asked.err) == (
        5,
        'meshnode: An agreement with Alice is open ("Drill"). To call it off and block them: meshnode block NAME --yes\n',
    )
    assert drill("C", "block", "Alice", "--yes").code == 0
    drill.settle()
    assert drill("C", "inbox").out == ""
    assert drill("A", "inbox").out == "Canceled, with Carol. (Drill)\n"
    refused = drill("C", "done", exchange)
    assert (refused.code, refused.err) == (
        5,
        "meshnode: That was canceled. You can ask again with 'meshnode respond'.\n",
    )


def test_what_got_lost_on_the_way_is_said_with_what_sends_it_again(drill: Village) -> None:
    drill.mesh.cut("Bob", "Carol")
    exchange = exchange_of(drill, "A")
    for _ in range(2):
        drill.mesh.advance(20 * 86_400)
    said = drill("A", "exchanges", exchange).out
    assert "Your request could not be delivered in time. Send it again: meshnode respond LISTING" in said
    assert "you asked (not delivered)" in said
    assert reply_of(drill, "A", "exchanges")["exchanges"][0]["undelivered"] == ["ask"]
    assert drill("A", "cancel", exchange).code == 0
    assert reply_of(drill, "A", "exchanges")["exchanges"][0]["undelivered"] == []


def test_what_others_write_is_harmless_where_it_is_shown(drill: Village) -> None:
    exchange_of(drill, "A", "Drill", "--message", "first\nsecond")
    assert "\n  | first\n  | second\n  -> meshnode accept " in drill("C", "inbox").out


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("respond", "Drill", "--message", "x" * 1001), 2, "Message must not be longer than 1000 characters"),
        (("respond", "Drill", "--message", "\x1b[2J"), 2, "Message must not have control characters"),
        (("respond", "Drill", "--quantity", "0"), 2, "Write a number above 0, such as 3 or 2.5"),
        (("respond", "Drill", "--quantity", "3"), 5, "Only 2 left"),
        (("respond", "Nothing"), 3, "No post is called 'Nothing'"),
        (("respond", " "), 2, "Say which post"),
        (("respond", "Mine"), 5, "This is your own post"),
        (("respond", "Ladder"), 5, "You have already asked for that"),
        (("accept", "Ladder"), 5, "Only Carol can answer. To withdraw your request: meshnode cancel EXCHANGE"),
        (("decline", "Ladder"), 5, "Only Carol can answer. To withdraw your request: meshnode cancel EXCHANGE"),
        (("done", "Ladder"), 5, "Nothing is agreed yet. Wait for Carol."),
        (("returned", "Ladder"), 5, "Nothing is agreed yet"),
        (("say", "Ladder", "x" * 1001), 2, "Message must not be longer than 1000 characters"),
        (("say", "Ladder", ""), 2, "Message must not be empty"),
        (("say", "Ladder"), 2, "Missing argument 'TEXT'"),
        (("accept", "ffff"), 3, "No exchange of yours is called 'ffff'"),
        (("accept", ""), 2, "Say which exchange"),
        (("exchanges", "ffff"), 3, "No exchange of yours is called 'ffff'"),
        (("exchanges", "--limit", "0"), 2, "Limit goes from 1 to 1000"),
        (("inbox", "now"), 2, ""),
    ],
)
def test_what_cannot_be_is_one_line_and_a_code(drill: Village, words: tuple[str, ...], code: int, says: str) -> None:
    drill("C", "offer", "Ladder", "--audience", "network_wide")
    drill("A", "offer", "Mine")
    drill.settle()
    exchange_of(drill, "A", "Ladder")
    before = drill("A", "exchanges", "--json").out
    ran = drill("A", *words)
    assert (ran.code, ran.out) == (code, "")
    assert says in ran.err
    assert ran.err.count("\n") == 1
    assert drill("A", "exchanges", "--json").out == before


def test_a_second_yes_and_a_move_that_comes_too_late_are_refused(drill: Village) -> None:
    exchange = exchange_of(drill)
    reply_of(drill, "C", "accept", exchange)
    for words, says in (
        (("accept", exchange), "You have already accepted that"),
        (("decline", exchange), "You have already accepted"),
        (("returned", exchange), "It was not handed over yet"),
    ):
        ran = drill("C", *words)
        assert (ran.code, says in ran.err) == (5, True), ran
    assert "Carol has already accepted" in drill("A", "accept", exchange).err
    reply_of(drill, "C", "done", exchange)
    assert "You have already confirmed that" in drill("C", "done", exchange).err
    reply_of(drill, "A", "done", exchange)
    for act in ("cancel", "accept"):
        ran = drill("A", act, exchange)
        assert (ran.code, "That is completed" in ran.err) == (5, True)


def test_an_ambiguous_name_lists_what_could_be_meant(drill: Village) -> None:
    drill("C", "offer", "Drill press", "--audience", "network_wide")
    drill.settle()
    exchange_of(drill, "A", "Drill")
    exchange_of(drill, "A", "Drill press")
    ran = drill("C", "accept", "dri")
    assert ran.code == 2
    assert '"Drill" (' in ran.err
    assert '"Drill press" (' in ran.err
    assert drill("C", "accept", "drill p").code == 0
    assert drill("C", "accept", "dri").code == 0  # of the two only one can still be accepted
