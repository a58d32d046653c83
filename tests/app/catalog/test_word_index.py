"""The word index finds by prefix what a plain scan finds, and keeps within its caps."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshnode.app.catalog.word_index import (
    PART_WORDS_CACHED,
    PARTS_CACHED,
    DocIds,
    WordIndex,
    bits_of,
    doc_ids_in,
    flags,
)
from meshnode.app.words import PART_MIN, words_of

ENDLESS = 1_000_000
TEXTS = st.lists(st.text(alphabet="abä ", max_size=12), max_size=120)


def found(bits: int) -> set[int]:
    return set(doc_ids_in(bits))


@given(TEXTS, st.text(alphabet="abä", min_size=1, max_size=3))
@settings(max_examples=60)
def test_a_prefix_finds_what_a_plain_scan_finds(texts: list[str], prefix: str) -> None:
    index = WordIndex()
    for doc_id, text in enumerate(texts):
        index.add(doc_id, dict.fromkeys(words_of(text)), ENDLESS)
    (wanted,) = words_of(prefix)
    plain = {doc_id for doc_id, text in enumerate(texts) if any(word.startswith(wanted) for word in words_of(text))}
    assert found(index.with_prefix(wanted)) == plain


@pytest.mark.parametrize("count", [3, 200, 3000])
def test_a_word_that_all_have_and_one_that_few_have_are_both_found(count: int) -> None:
    index = WordIndex()
    for doc_id in range(count):
        index.add(doc_id, ("common", f"rare{doc_id}", *(("some",) if doc_id % 100 == 0 else ())), ENDLESS)
    assert found(index.with_prefix("comm")) == set(range(count))
    assert found(index.with_prefix("rare2")) == {doc_id for doc_id in range(count) if str(doc_id).startswith("2")}
    assert found(index.with_prefix("some")) == set(range(0, count, 100))
    assert index.with_prefix("none") == 0


def test_words_are_still_found_when_more_have_been_added() -> None:
    index = WordIndex()
    index.add(0, ("pear",), ENDLESS)
    assert found(index.with_prefix("p")) == {0}
    index.add(1, ("apple", "plum"), ENDLESS)
    assert found(index.with_prefix("p")) == {0, 1}
    assert found(index.with_prefix("apple")) == {1}


def test_new_words_beyond_the_cap_are_left_out_and_known_ones_are_not() -> None:
    index = WordIndex()
    index.add(0, ("apple",), ENDLESS)
    assert index.add(1, ("new", "words", "apple"), 1) == 1
    assert index.add(2, ("apple",), -5) == 0
    assert len(index) == 2
    assert found(index.with_prefix("new")) == {1}
    assert index.with_prefix("words") == 0
    assert found(index.with_prefix("apple")) == {0, 1, 2}


@given(TEXTS, st.text(alphabet="abä", min_size=PART_MIN, max_size=4))
@settings(max_examples=60)
def test_a_part_finds_what_a_plain_scan_finds_also_after_more_was_added(texts: list[str], part: str) -> None:
    index, (wanted,) = WordIndex(), words_of(part)
    for doc_id, text in enumerate(texts):
        index.add(doc_id, dict.fromkeys(words_of(text)), ENDLESS)
        if doc_id % 7 == 0:
            index.with_part(wanted)
    plain = {
        doc_id
        for doc_id, text in enumerate(texts)
        if any(wanted in word and len(word) > PART_MIN for word in words_of(text))
    }
    assert found(index.with_part(wanted)) == plain


def test_parts_that_were_looked_for_long_ago_or_are_in_many_words_are_looked_for_again() -> None:
    index = WordIndex()
    index.add(0, [f"word{number}" for number in range(PART_WORDS_CACHED + 1)], ENDLESS)
    for number in range(PARTS_CACHED + 5):
        index.with_part(f"ord{number}")
    for part in ("ord", "ord0", "ord7"):
        assert found(index.with_part(part)) == {0}


@given(st.sets(st.integers(0, 500)))
@settings(max_examples=40)
def test_bits_and_flags_say_the_same(chosen: set[int]) -> None:
    doc_ids = DocIds(chosen)
    flagged = flags(int(doc_ids), 501)
    assert len(flagged) == 501
    assert {doc_id for doc_id, flag in enumerate(flagged) if flag} == chosen
    assert bits_of(map(bool, flagged)) == int(doc_ids)
    for doc_id in chosen:
        doc_ids.discard(doc_id)
    assert int(doc_ids) == 0
