"""Picking: which of several things a typed text means, in every way in which it can fit, and when it must not guess."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from meshnode.app.picking import CANDIDATES_SHOWN, Candidate, alike, fitting, pick
from meshnode.app.words import searchable
from meshnode.errors import Ambiguous, Usage
from protocol import normalize
from tests.support.scripts import DIFFER, FINDS

LETTERS = "abcdefghjkmnpqrs"


def thing(name: str, id_: str = "", *, preferred: bool = False) -> Candidate[str]:
    """A candidate that is called by its name in errors, and has an id that nothing else begins like."""
    return Candidate(name, id_ or f"z{abs(hash(name))}", name, lambda: name, preferred=preferred)


def picked(text: str, *candidates: Candidate[str], destructive: bool = False) -> Any:
    """What was picked; if several could be meant, the list of them."""
    try:
        return pick(text, candidates, noun="thing", destructive=destructive)
    except Ambiguous as error:
        return list(error.candidates)


# what is typed, the names there are, what is meant, and what is meant if that is about to be deleted
NAMES: list[tuple[str, list[str], Any, Any]] = [
    # the whole name as it is written goes before everything else that a name can be
    ("bread", ["bread", "bread rolls", "rye bread"], "bread", "bread"),
    ("BREAD", ["bread", "bread rolls"], "bread", "bread"),
    ("  bread ", ["bread", "bread rolls"], "bread", "bread"),
    ("Zo\u00eb", ["Zoe\u0308", "Zoe"], "Zoe\u0308", "Zoe\u0308"),
    ("Zoe", ["Zo\u00eb", "Zoe"], "Zoe", "Zoe"),
    ("bread", ["bread", "Bread"], ["Bread", "bread"], ["Bread", "bread"]),
    ("C", ["C++", "C"], "C", "C"),
    ("\U0001f35e", ["\U0001f35e", "\U0001f34e"], "\U0001f35e", "\U0001f35e"),
    # then the whole name without accents, which deletes nothing
    ("Zoe", ["Zo\u00eb", "Zoe\u0308lla"], "Zo\u00eb", ["Zoe\u0308lla", "Zo\u00eb"]),
    ("Zoe", ["Zo\u00eb"], "Zo\u00eb", ["Zo\u00eb"]),
    ("\u3076\u305f", ["\u3075\u305f"], None, None),  # a pig is no lid
    ("fresh bread!", ["Fresh bread"], "Fresh bread", ["Fresh bread"]),
    # then the beginning of the name
    ("bre", ["bread", "rye bread"], "bread", ["bread", "rye bread"]),
    ("bre", ["bread", "apples"], "bread", ["bread"]),
    ("bre", ["bread", "breakfast"], ["bread", "breakfast"], ["bread", "breakfast"]),
    ("zoe", ["Zo\u00eb Miller"], "Zo\u00eb Miller", ["Zo\u00eb Miller"]),
    # then any words, in any order
    ("bread", ["rye bread", "apples"], "rye bread", ["rye bread"]),
    ("bread rye", ["rye bread", "white bread"], "rye bread", ["rye bread"]),
    ("bread", ["rye bread", "white bread"], ["rye bread", "white bread"], ["rye bread", "white bread"]),
    ("cafe", ["Our caf\u00e9"], "Our caf\u00e9", ["Our caf\u00e9"]),
    # then parts of words
    ("rolls", ["bread rolls", "breadrolls"], "bread rolls", ["bread rolls", "breadrolls"]),
    ("read", ["bread", "apples"], "bread", ["bread"]),
    ("ea", ["bread"], None, None),
    # and nothing else
    ("bread butter", ["bread"], None, None),
    ("???", ["bread"], None, None),
    ("bread", [], None, None),
]


@pytest.mark.parametrize(("text", "names", "meant", "deleted"), NAMES)
def test_a_name_is_found_whole_then_by_its_beginning_then_by_its_words(
    text: str, names: list[str], meant: Any, deleted: Any
) -> None:
    candidates = [thing(name) for name in names]
    assert picked(text, *candidates) == meant
    assert picked(text, *reversed(candidates)) == meant
    assert picked(text, *candidates, destructive=True) == deleted


# what is typed, the names and ids there are, what is meant, and what is meant if that is about to be deleted
IDS: list[tuple[str, list[tuple[str, str]], Any, Any]] = [
    ("abcdefgh", [("bread", "abcdefgh"), ("abcdefgh", "mnpq")], "bread", "bread"),  # nobody takes an id with a name
    ("ABCDEFGH", [("bread", "abcdefgh")], "bread", "bread"),
    ("mp1abcdefgh", [("Ann", "mp1abcdefgh")], "Ann", "Ann"),
    ("abcd", [("bread", "abcdefgh"), ("apples", "mnpqrstu")], "bread", "bread"),
    ("abcd", [("bread", "abcdefgh"), ("apples", "abcdrstu")], ["apples", "bread"], ["apples", "bread"]),
    ("abc", [("bread", "abcdefgh")], None, None),
    ("mp1abcd", [("Ann", "mp1abcdefgh"), ("Bob", "mp1mnpqrst")], "Ann", "Ann"),
    ("abcd", [("Ann", "mp1abcdefgh"), ("Bob", "mp1mnpqrst")], "Ann", "Ann"),
    ("mp1abc", [("Ann", "mp1abcdefgh")], None, None),
    ("mp1abcd", [("bread", "abcdefgh")], None, None),
    # the beginning of an id counts beside whole names and beginnings, and before mere words
    ("abcd", [("bread", "abcdefgh"), ("abcd", "mnpqrstu")], ["abcd", "bread"], ["abcd", "bread"]),
    ("abcd", [("bread", "abcdefgh"), ("abcdario", "mnpqrstu")], ["abcdario", "bread"], ["abcdario", "bread"]),
    ("abcd", [("bread", "abcdefgh"), ("the abcd", "mnpqrstu")], "bread", ["bread", "the abcd"]),
]


@pytest.mark.parametrize(("text", "named", "meant", "deleted"), IDS)
def test_an_id_is_found_whole_before_every_name_and_by_its_beginning_beside_them(
    text: str, named: list[tuple[str, str]], meant: Any, deleted: Any
) -> None:
    candidates = [thing(name, id_) for name, id_ in named]
    expected = sorted(meant) if isinstance(meant, list) else meant
    assert picked(text, *candidates) == expected
    assert picked(text, *reversed(candidates)) == expected
    assert picked(text, *candidates, destructive=True) == deleted


TITLES = tuple({name for pair in (*FINDS, *DIFFER) for name in pair})
names = st.lists(st.sampled_from(TITLES), min_size=1, max_size=8, unique_by=alike)


@given(names, st.data())
def test_a_name_as_it_is_written_always_wins(there: list[str], data: st.DataObject) -> None:
    candidates = [thing(name) for name in there]
    name = data.draw(st.sampled_from(there))
    for typed in (name, name.swapcase(), unicodedata.normalize("NFD", name), f" {name}\n"):
        if alike(typed) == alike(name):
            assert picked(typed, *candidates) == picked(typed, *candidates, destructive=True) == name


@given(names, st.sampled_from(TITLES) | st.text(max_size=4).filter(normalize))
def test_nothing_is_deleted_but_what_was_written(there: list[str], typed: str) -> None:
    found = picked(typed, *(thing(name) for name in there), destructive=True)
    assert found is None or isinstance(found, list) or alike(found) == alike(typed)


@pytest.mark.parametrize(("name", "typed"), DIFFER)
def test_what_only_looks_alike_deletes_nothing(name: str, typed: str) -> None:
    assert picked(typed, thing(name), destructive=True) in (None, [name])
    assert (
        picked(typed, thing(name), thing(typed), destructive=True) == picked(typed, thing(name), thing(typed)) == typed
    )


@pytest.mark.parametrize(("name", "typed"), FINDS)
def test_what_a_search_finds_is_picked(name: str, typed: str) -> None:
    assert picked(typed, thing(name), thing("Something else")) == name


def test_what_else_is_told_goes_after_the_name_and_before_parts_of_words() -> None:
    def told(name: str, more: str) -> Candidate[str]:
        return replace(thing(name), more=searchable(more))

    ladder, saw, rack = told("Ladder", "very tall"), told("Saw", "for metal"), told("Metallic rack", "")
    assert picked("tall", ladder, saw) == "Ladder"
    assert picked("saw metal", ladder, saw, rack) == "Saw"
    assert picked("metal", saw, rack) == "Metallic rack"
    assert picked("talli", saw, rack) == "Metallic rack"
    assert picked("tall", ladder, saw, destructive=True) == ["Ladder"]


def test_what_is_preferred_goes_before_others_that_fit_as_well() -> None:
    assert picked("bob", thing("Bob Miller", preferred=True), thing("Bob Baker")) == "Bob Miller"
    assert picked("bob", thing("Bob Miller", preferred=True), thing("Bob")) == "Bob"
    both = thing("Bob Miller", preferred=True), thing("Bob Baker", preferred=True)
    assert picked("bob", *both, thing("Bob Smith")) == ["Bob Baker", "Bob Miller"]


def test_being_preferred_hides_no_beginning_of_an_id() -> None:
    assert picked("abcd", thing("abcd", preferred=True), thing("bread", "abcdefgh")) == ["abcd", "bread"]


def test_being_preferred_makes_nothing_clear_enough_to_delete() -> None:
    candidates = thing("Bob Miller", preferred=True), thing("Bob Baker")
    assert picked("bob", *candidates, destructive=True) == ["Bob Baker", "Bob Miller"]
    assert picked("bob", thing("Bob", preferred=True), thing("bob"), destructive=True) == ["Bob", "bob"]


@pytest.mark.parametrize("text", ["", "  ", "\n"])
def test_a_blank_text_is_refused(text: str) -> None:
    with pytest.raises(Usage, match="say which thing"):
        pick(text, [thing("bread")], noun="thing")


def test_of_very_many_candidates_some_are_listed_and_the_rest_counted() -> None:
    with pytest.raises(Ambiguous) as caught:
        pick("bread", [thing(f"bread {letter}") for letter in LETTERS], noun="thing")
    assert len(caught.value.candidates) == CANDIDATES_SHOWN
    assert f"and {len(LETTERS) - CANDIDATES_SHOWN} more" in caught.value.message


def test_all_that_may_be_meant_is_what_fits_best() -> None:
    assert fitting("bread", [thing("bread"), thing("bread rolls")]) == ["bread"]
    assert fitting("bre", [thing("bread"), thing("breakfast"), thing("rye bread")]) == ["bread", "breakfast"]
    assert fitting("apples", [thing("bread")]) == []
