"""Two people are introduced to each other by commands, and add each other."""

from __future__ import annotations

import json

from tests.cli.village import Village


def deliver(village: Village) -> None:
    """Let letters arrive and be opened."""
    village.mesh.advance(1)


def test_bob_introduces_alice_and_carol_and_each_adds_the_other(village: Village) -> None:
    introduced = village("B", "introduce", "Alice", "Carol", "--message", "You both keep bees.")
    assert introduced.out == (
        "Alice and Carol each get a message about the other. They are connected once both have added each other.\n"
    )
    deliver(village)
    (met,) = json.loads(village("A", "introductions", "--json").out)["introductions"]
    assert (met["person"]["name"], met["by"]["name"], met["message"]) == ("Carol", "Bob", "You both keep bees.")
    assert village("C", "introductions").out.split("\t")[0] == "Alice"

    added = village("A", "add", "carol", "--trust", "0.6")
    assert added.out.splitlines() == [
        "You trust Carol (0.6).",
        "Once Carol adds you too, your nodes find each other by themselves.",
    ]
    assert village("A", "introductions").out == ""
    deliver(village)
    answered = village("C", "add", met["by"]["id"])  # Bob was introduced to nobody here
    assert answered.code == 2
    whole_id = json.loads(village("A", "status", "--json").out)["person"]["id"]
    assert village("C", "add", whole_id).out.splitlines() == [
        "You trust Alice (0.8).",
        "You and Alice are connected.",
    ]


def test_an_introduction_takes_two_people_whom_one_vouches_for(village: Village) -> None:
    for words, code, line in (
        (
            ("Bob", "Carol"),
            5,
            "You do not trust Carol directly. Say how much you trust them: meshnode vouch NAME --trust 0.5",
        ),
        (("Bob", "Bob"), 2, "Name two different people."),
        (("Bob", "Alice"), 5, "You cannot introduce yourself. 'meshnode card' makes a card to hand over."),
        (("Bob", "Zed"), 3, "Nobody you can see is called 'Zed'. 'meshnode people' lists the people you know."),
    ):
        refused = village("A", "introduce", *words)
        assert (refused.code, refused.err) == (code, f"meshnode: {line}\n")
    deliver(village)
    assert village("B", "introductions").out == ""


def test_what_is_said_with_an_introduction_has_a_longest_length(village: Village) -> None:
    refused = village("B", "introduce", "Alice", "Carol", "--message", "x" * 501)
    assert refused.code == 2
    assert refused.err == "meshnode: Message must not be longer than 500 characters (it has 501).\n"
    deliver(village)
    assert village("A", "introductions").out == ""


def test_a_guest_with_a_card_for_many_is_named_by_the_words_that_their_own_node_shows(village: Village) -> None:
    card = village("C", "card", "--uses", "30").out.strip()
    assert village("A", "add", card).code == 0
    words = next(line for line in village("A", "me").out.splitlines() if len(line.split()[-8:]) == 8).split()[-8:]
    called = " ".join(words)
    assert village("C", "add", *words).out == (
        f"The guest called \"{called}\" is let in when their node calls, within a day. 'meshnode sync' on their "
        "computer makes it call now.\n"
    )
    shown = json.loads(village("C", "add", *words, "--trust", "0.5", "--json").out)
    assert (shown["state"], shown["trust"], shown["person"]["id"]) == ("awaited", 0.5, called)
