"""`cell` and `community` as people type them: the forms that must work, and what is refused."""

from __future__ import annotations

import json

import pytest

from tests.cli.village import Village


@pytest.mark.parametrize(("kind", "name"), [("cell", "Elm Street"), ("community", "Downtown")])
def test_a_group_is_founded_and_the_invited_joins(village: Village, kind: str, name: str) -> None:
    assert village("A", kind, "new", name).out == (
        f"You created the {kind} {name}. Invite others: meshnode {kind} invite NAME PERSON\n"
    )
    invited = village("A", kind, "invite", name, "Bob")
    assert invited.code == 0
    assert invited.out.startswith("Bob is invited until ")
    village.settle()
    assert village("B", kind, "show").out.startswith(f"{name}: Alice invites you, until ")
    forming = ", forming" if kind == "cell" else ""
    assert village("B", kind, "join", name).out == f"You are in the {kind} {name}: 2 members{forming}.\n"
    village.settle()
    shown = village("A", kind, "show", name[:3]).out.splitlines()
    assert shown[0] == f"{name} (2 members{forming})"
    assert shown[1:] == ["  Alice (you)", "  Bob (someone you trust)"]
    assert village("B", kind, "leave", name).out == f"You left the {kind} {name}.\n"
    assert village("B", kind, "show").out == ""


def test_every_form_answers_in_json(village: Village) -> None:
    founded = json.loads(village("A", "cell", "new", "Elm Street", "--json").out)
    assert (founded["name"], founded["kind"], founded["count"], founded["forming"]) == ("Elm Street", "cell", 1, True)
    invited = json.loads(village("A", "cell", "invite", "Elm Street", "Bob", "--json").out)
    assert invited["person"]["name"] == "Bob"
    village.settle()
    waiting = json.loads(village("B", "cell", "show", "--json").out)
    assert [found["id"] for found in waiting["invitations"]] == [founded["id"]]
    assert json.loads(village("B", "cell", "join", founded["id"][:12], "--json").out)["count"] == 2
    assert json.loads(village("B", "--json", "community", "show").out) == {"groups": [], "invitations": []}
    assert json.loads(village("B", "cell", "leave", "elm street", "--json").out)["name"] == "Elm Street"


def test_what_is_for_the_cell_is_labeled_and_explained(village: Village) -> None:
    village("B", "cell", "new", "Elm Street")
    for name in ("Alice", "Carol"):
        village("B", "cell", "invite", "Elm Street", name)
    village.settle()
    for who in ("A", "C"):
        assert village(who, "cell", "join", "Elm Street").code == 0
    village("C", "offer", "Drill", "--category", "tools", "--audience", "my_cell", "--quantity", "1", "--lend")
    village.settle()
    assert village("A", "discover", "drill").out.startswith("1. Drill\tin your cell, offer, tools, until ")
    assert "You are both in Elm Street." in village("A", "why", "Drill").out
    village("C", "block", "Alice")
    village.settle()
    assert village("A", "discover").out == ""
    assert "  Alice" in village("B", "cell", "show").out


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("cell", "invite", "Oak", "Bob"), 3, "You are in no cell called 'Oak'"),
        (("cell", "join", "Oak"), 3, "You have no invitation to a cell called 'Oak'"),
        (("cell", "leave", "Oak"), 3, "You are in no cell called 'Oak'"),
        (("cell", "show", "Oak"), 3, "You are in no cell called 'Oak'"),
        (("community", "invite", "Elm", "Bob"), 3, "You are in no community called 'Elm'"),
        (("cell", "invite", "Elm", "Zed"), 3, "Nobody you can see is called 'Zed'"),
        (("cell", "invite", "Elm", "Carol"), 5, "You block that person"),
        (("cell", "invite", "Elm", "Alice"), 5, "You are a member yourself"),
        (("cell", "new", "Elm Street"), 5, "You are in a cell of that name already"),
        (("cell", "join", "Elm"), 5, 'You are in "Elm Street" already'),
        (("cell", "new", ""), 2, ""),
        (("cell", "new"), 2, "Missing argument"),
        (("cell", "join", " "), 2, "Say which cell"),
        (("cell", "expel", "Bob"), 2, "No such command 'expel'"),
        (("cell",), 2, ""),
    ],
)
def test_what_cannot_be_is_one_line_and_a_code(village: Village, words: tuple[str, ...], code: int, says: str) -> None:
    village("A", "cell", "new", "Elm Street")
    village("A", "block", "Carol")
    before = village("A", "cell", "show", "--json").out
    ran = village("A", *words)
    assert (ran.code, ran.out) == (code, "")
    assert says in ran.err
    assert ran.err.count("\n") == 1 or words == ("cell",)
    assert village("A", "cell", "show", "--json").out == before


def test_a_card_invites_to_groups(village: Village) -> None:
    village("A", "cell", "new", "Elm Street")
    made = json.loads(village("A", "card", "--group", "elm street", "--json").out)
    assert [(one["kind"], one["name"]) for one in made["groups"]] == [("cell", "Elm Street")]
    assert json.loads(village("A", "card", "--json").out)["groups"] == []
    refused = village("A", "card", "--group", "Nowhere")
    assert refused.code == 3
    assert "in no group called 'Nowhere'" in refused.err
    village("C", "add", made["text"])
    village.mesh.wire("Carol", "Alice")
    village.settle()
    assert [one["name"] for one in json.loads(village("C", "cell", "show", "--json").out)["invitations"]] == [
        "Elm Street"
    ]
