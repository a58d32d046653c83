"""The identity key as words: every key comes back, however its words are typed, and a wrong word is named."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mnemonic import Mnemonic
from shamir_mnemonic.wordlist import WORDLIST

from meshnode.errors import Usage
from meshnode.recovery.typed import SHORTEST_PREFIX, TYPED_MAX, read_words
from meshnode.recovery.words import ASKED, WORDS, check_words, places_to_ask, seed_of, words_of

BIP39 = Mnemonic("english").wordlist
SEEDS = st.binary(min_size=32, max_size=32)
# Test vectors of BIP 39 with 256 bits (github.com/trezor/python-mnemonic, vectors.json).
PUBLISHED = {
    "00" * 32: "abandon " * 23 + "art",
    "7f" * 32: "legal winner thank year wave sausage worth useful " * 2
    + "legal winner thank year wave sausage worth title",
    "80" * 32: "letter advice cage absurd amount doctor acoustic avoid " * 2
    + "letter advice cage absurd amount doctor acoustic bless",
    "ff" * 32: "zoo " * 23 + "vote",
    "68a79eaca2324873eacc50cb9c6eca8cc68ea5d936f98787c60c7ebc74e6ce7c": (
        "hamster diagram private dutch cause delay private meat slide toddler razor book happy fancy gospel tennis "
        "maple dilemma loan word shrug inflict delay length"
    ),
}


@pytest.mark.parametrize(("seed", "words"), PUBLISHED.items())
def test_words_are_those_of_the_published_vectors(seed: str, words: str) -> None:
    assert words_of(bytes.fromhex(seed)) == tuple(words.split())
    assert seed_of(words).hex() == seed


@given(SEEDS)
def test_every_key_comes_back_from_its_words(seed: bytes) -> None:
    assert seed_of(" ".join(words_of(seed))) == seed


@given(SEEDS, st.data())
def test_words_may_be_typed_in_any_case_short_with_numbers_and_in_many_lines(seed: bytes, data: st.DataObject) -> None:
    words = words_of(seed)
    cut = [word[: data.draw(st.integers(SHORTEST_PREFIX, 8))] for word in words]
    cased = [data.draw(st.sampled_from([str.upper, str.lower, str.title]))(word) for word in cut]
    between = [data.draw(st.sampled_from([" ", "\n", ", ", " \t", ";\r\n"])) for _ in words]
    assert seed_of("".join(a + b for a, b in zip(cased, between, strict=True))) == seed
    numbered = [f"{number}. {word}" for number, word in enumerate(cased, 1)]
    assert seed_of("  ".join(data.draw(st.permutations(numbered)))) == seed  # as a table read across its columns


@given(SEEDS, st.integers(0, WORDS - 1), st.sampled_from(BIP39))
def test_a_wrong_word_of_the_list_is_noticed_nearly_always_and_never_gives_the_same_key(
    seed: bytes, place: int, other: str
) -> None:
    words = list(words_of(seed))
    if words[place] == other:
        return
    words[place] = other
    with suppress(Usage):
        assert seed_of(" ".join(words)) != seed


@pytest.mark.parametrize("known", [BIP39, WORDLIST])
def test_four_letters_tell_the_words_of_both_lists_apart(known: list[str]) -> None:
    for word in known:
        assert read_words(word[:SHORTEST_PREFIX], known) == [word]


@pytest.mark.parametrize(
    ("typed", "message", "hint"),
    [
        ("abandon abandom", "word 2, 'abandom', is not in the list of words", "did you mean abandon,"),
        ("jjjjjj", "word 1, 'jjjjjj', is not in the list of words", "look at it again"),
        ("aba", "word 1, 'aba', is not in the list of words", "did you mean"),
        ("abandon\u202e", "word 1, 'abandon\\u202e', is not in the list of words", "did you mean abandon"),
        ("abandon abandon", "these are 2 words, and recovery words are 24", "type all of them"),
        ("", "these are 0 words, and recovery words are 24", "type all of them"),
        ("art " * WORDS, "together they are not recovery words", "compare them"),
        ("a" * (TYPED_MAX + 1), "much longer", "type the words alone"),
        ("\x1b[2J" + "abandon " * 24, "word 1, '\\x1b'", ""),
    ],
)
def test_each_fault_has_its_line(typed: str, message: str, hint: str) -> None:
    with pytest.raises(Usage) as caught:
        seed_of(typed)
    assert message in caught.value.message
    assert hint in caught.value.hint


@given(st.binary(min_size=ASKED, max_size=ASKED))
def test_three_different_places_are_asked_for(random: bytes) -> None:
    places = places_to_ask(random)
    assert len(set(places)) == ASKED
    assert set(places) <= set(range(1, WORDS + 1))
    assert list(places) == sorted(places)


def test_three_right_words_show_that_they_were_written_down_and_nothing_less_does() -> None:
    words = words_of(bytes(range(32)))
    check_words(words, {place: words[place - 1].upper() for place in (1, 7, 24)})
    for typed in (
        {},
        {1: words[0], 2: words[1]},
        {1: words[0], 2: words[1], 3: words[3]},
        {1: words[0], 2: words[1], 25: words[2]},
        {0: words[-1], 2: words[1], 3: words[2]},
        {1: words[0], 2: words[1], 3: " ".join(words[2:4])},
    ):
        with pytest.raises(Usage):
            check_words(words, typed)
