"""The commands of the story of Alice, Bob and Carol, and what they print for people."""

from __future__ import annotations

import json
import re

from tests.cli.village import Village, meshnode


def test_vegetables_are_offered_found_explained_and_lost(village: Village) -> None:
    offered = village("C", "offer", "Fresh vegetables", "--category", "food", "--audience", "network_wide")
    assert offered.code == 0
    assert offered.out.startswith('Posted "Fresh vegetables". Visible to everyone on the network, until ')
    village.settle()
    line = r"1\. Fresh vegetables\ttrusted friend of friend, offer, food, until \d+ [A-Z][a-z][a-z]( \d+)?, by Carol\n"
    assert re.fullmatch(line, village("A", "discover").out)
    found = json.loads(village("A", "discover", "--json").out)
    assert found["hidden"] == 0
    (result,) = found["results"]
    wanted = {
        "type": "offer",
        "title": "Fresh vegetables",
        "category": "food",
        "audience": "network_wide",
        "trust": 0.56,
        "relation": "trusted_friend_of_friend",
        "distance_km": None,
    }
    assert {key: result[key] for key in wanted} == wanted
    assert (set(result["author"]), result["author"]["name"]) == ({"id", "name"}, "Carol")
    assert "Alice -> Bob -> Carol  (0.7 x 0.8 = 0.56)" in village("A", "why", "Fresh vegetables").out
    assert village("B", "unvouch", "Carol").out == "You no longer trust Carol directly.\n"
    village.settle()
    gone = village("A", "discover")
    assert (gone.code, gone.out) == (0, "")
    assert village("A", "show", "Fresh vegetables").code == 3


def test_a_card_in_a_pipe_is_its_text_alone_and_connects_two(village: Village) -> None:
    card = village("C", "card", "--uses", "2", "--trust", "0.6", "--expires", "2d")
    assert card.out.startswith("mesh1")
    assert card.out.count("\n") == 1
    added = village("A", "add", card.out.strip(), "--trust", "0.9")
    assert added.out.splitlines() == [
        "You trust Carol (0.9).",
        "Waiting for Carol's node. This finishes by itself once both are online.",
    ]
    assert json.loads(village("A", "status", "--json").out)["pending"] == 1
    assert "1 card is waiting" in village("A", "status").out


def test_a_card_may_be_broken_over_lines_and_given_in_pieces(village: Village) -> None:
    card = village("C", "card").out.strip()
    pieces = [card[start : start + 50] for start in range(0, len(card), 50)]
    assert village("A", "add", *pieces).code == 0


def test_status_and_peers_speak_in_words(village: Village) -> None:
    village.networks["A"].connect(village.replicas["B"].me)
    reply = village("A", "status").out
    assert "Alice (mp1" in reply
    assert "Connected to Bob." in reply
    assert "No problems found." in reply
    assert village("A", "peers").out.split("\t")[0] == "Bob"
    assert "You are connected to Bob" in village("A", "doctor", "Bob").out


def test_people_are_listed_described_blocked_and_unblocked(village: Village) -> None:
    assert [line.split("\t")[0] for line in village("A", "people").out.splitlines()] == ["Bob"]
    assert [line.split("\t")[0] for line in village("A", "people", "--all").out.splitlines()] == ["Bob", "Carol"]
    assert "You trust Bob (0.7)." in village("A", "person", "bo").out
    assert village("A", "vouch", "Bob", "--trust", "0.75").out == "You trust Bob (0.75).\n"
    assert village("A", "block", "Carol").out == "Carol is blocked. You no longer see each other.\n"
    assert village("A", "blocks").out.split("\t")[0] == "Carol"
    assert village("A", "person", "Carol").code == 3
    assert village("A", "unblock", "Carol").code == 0
    assert village("A", "blocks").out == ""


def test_a_listing_is_shown_changed_and_withdrawn(village: Village) -> None:
    village(
        "A", "need", "Ladder", "--text", "Three meters\nat least", "--tag", "tall", "--quantity", "1", "--lend", "--urgency", "emergency"
    )  # fmt: skip
    shown = village("A", "show", "lad").out
    assert "need, other, emergency, by you" in shown
    assert "  Three meters\n  at least\n" in shown
    assert "to be given back" in shown
    assert village("A", "edit", "Ladder", "--title", "Long ladder", "--clear", "text").code == 0
    assert village("A", "mine").out.split("\t")[0] == "Long ladder"
    assert village("A", "withdraw", "long ladder").out == 'Withdrew "Long ladder".\n'
    assert village("A", "mine").out == ""


def test_a_listing_is_closed_remembered_renewed_and_taken_back(village: Village) -> None:
    drill = ["--category", "tools", "--audience", "my_cell", "--text", "18 V", "--quantity", "1", "--lend"]
    village("A", "offer", "Drill", *drill)
    village("A", "need", "Ride to town", "--category", "transportation", "--expires", "3d")
    village.mesh.time += 2 * 86_400
    expires = {line.split("\t")[0]: line.split("\t")[5] for line in village("A", "mine").out.splitlines()}
    assert {title: "(soon)" in when for title, when in expires.items()} == {"Drill": False, "Ride to town": True}
    assert (
        '1 of your posts ends within a day: "Ride to town". To keep one longer: meshnode renew'
        in village("A", "status").out
    )
    assert village("A", "renew", "Ride").out.startswith('Renewed "Ride to town", until ')
    assert village("A", "close", "Drill").out == "Closed \"Drill\". 'meshnode renew' posts it again.\n"
    assert [line.split("\t")[0] for line in village("A", "mine").out.splitlines()] == ["Ride to town"]
    (closed,) = village("A", "mine", "--closed").out.splitlines()
    assert closed.split("\t")[0::4] == ["Drill", "closed"]
    assert village("A", "renew", "Drill", "--expires", "30d").code == 0
    assert village("A", "mine", "--closed").out == ""
    shown = json.loads(village("A", "show", "Drill", "--json").out)
    assert (shown["text"], shown["quantity"], shown["lend"], shown["audience"]) == ("18 V", 1, True, "my_cell")


def test_a_listing_says_when_and_where_it_can_be_had(village: Village) -> None:
    village("A", "offer", "Apples", "--place", "52.52,13.405", "--until", "2027-06-01", "--language", "de")
    shown = village("A", "show", "Apples").out
    assert "available:  until 1 Jun" in shown
    assert "location:   an area about 1 km wide around 52.5202,13.3993" in shown
    assert "language:   de" in shown
    village("A", "edit", "Apples", "--from", "2027-05-01", "--clear", "place", "--clear", "language")
    shown = village("A", "show", "Apples").out
    assert re.search(r"available:  from 1 May .*00:00 until 1 Jun .*23:59\n", shown)
    assert "location:" not in shown
    assert "language:" not in shown


def test_global_options_may_stand_before_or_after_the_command(village: Village) -> None:
    home = str(village.homes["A"])
    assert meshnode("--json", "--home", home, "mine").out == meshnode("mine", "--home", home, "--json").out
