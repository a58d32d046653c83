"""Shares of the identity key: any that are enough make it, and words that do not belong together are refused."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shamir_mnemonic import generate_mnemonics

from meshnode.errors import Refused, Usage
from meshnode.recovery.shares import FRIENDS_MAX, NEED_LEAST, SHARE_WORDS, Gathering, combine, read_share, split

SEED = bytes(range(32))
PLANS = [
    (need, count) for count in (2, 3, 5, FRIENDS_MAX) for need in {NEED_LEAST, count // 2 + 1, count} if need <= count
]


@pytest.mark.parametrize(("need", "count"), PLANS)
def test_as_many_shares_as_it_takes_make_the_key_whichever_they_are_and_fewer_do_not(need: int, count: int) -> None:
    shares = [read_share(text) for text in split(SEED, need=need, count=count)]
    assert {share.need for share in shares} == {need}
    for chosen in list(combinations(shares, need))[:20]:
        assert combine(chosen) == SEED
        with pytest.raises(Refused):
            combine(chosen[1:])


@given(st.binary(min_size=32, max_size=32), st.data())
def test_every_key_comes_back_however_its_shares_are_typed(seed: bytes, data: st.DataObject) -> None:
    gathering = Gathering()
    assert gathering.missing is None
    texts = data.draw(st.permutations(split(seed, need=3, count=4)))
    for left, text in zip((2, 1, 0), texts, strict=False):
        cut = [word[: data.draw(st.integers(4, 8))] for word in text.upper().split()]
        gathering.add(read_share("\n".join(f"{number} {word}" for number, word in enumerate(cut, 1))))
        assert gathering.missing == left
    assert gathering.seed() == seed


@given(st.integers(0, SHARE_WORDS - 1), st.sampled_from(("academic", "zero", "skin", "wits")))
def test_a_wrong_word_is_noticed_at_once(place: int, other: str) -> None:
    words = TEXT.split()
    if words[place] == other:
        return
    words[place] = other
    with pytest.raises(Usage):  # the checksum of SLIP-39 notices up to three wrong words
        read_share(" ".join(words))


TEXT = split(SEED, need=2, count=2)[0]


def test_words_of_another_set_another_person_or_the_same_friend_are_refused_and_change_nothing() -> None:
    mine, old, others = split(SEED, need=2, count=3), split(SEED, need=2, count=3), split(bytes(32), need=2, count=3)
    gathering = Gathering()
    gathering.add(read_share(mine[0]))
    for text, message in ((old[1], "another set"), (others[1], "another set"), (mine[0], "already")):
        with pytest.raises(Refused, match=message):
            gathering.add(read_share(text))
        assert gathering.missing == 1
    gathering.add(read_share(mine[2]))
    assert gathering.seed() == SEED


def test_a_share_that_a_friend_has_forged_is_found_out() -> None:
    """It is made like one of the set: with its number, and a checksum that is right."""
    from shamir_mnemonic.share import Share

    true = split(SEED, need=2, count=3)
    model = Share.from_mnemonic(true[1])
    forged = Share(
        model.identifier,
        model.extendable,
        model.iteration_exponent,
        model.group_index,
        model.group_threshold,
        model.group_count,
        model.index,
        model.member_threshold,
        bytes(32),
    ).mnemonic()
    gathering = Gathering()
    gathering.add(read_share(true[0]))
    gathering.add(read_share(forged))
    with pytest.raises(Refused, match="do not fit together"):
        gathering.seed()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "these are 0 words"),
        (" ".join(TEXT.split()[:32]), "these are 32 words"),
        (TEXT + " acid", "these are 34 words"),
        ("academic " * 33, "are not the words of a friend"),
        (generate_mnemonics(1, [(1, 1)], SEED)[0][0], "not made by meshnode"),
        (generate_mnemonics(2, [(2, 2), (2, 2)], SEED)[0][0], "not made by meshnode"),
        (generate_mnemonics(1, [(2, 2)], SEED, iteration_exponent=1)[0][0], "not made by meshnode"),
        (generate_mnemonics(1, [(2, 2)], bytes(16))[0][0], "these are 20 words"),
    ],
)
def test_what_is_no_share_is_named(text: str, message: str) -> None:
    with pytest.raises(Usage, match=message):
        read_share(text)
