"""Ten thousand shares that were forged, damaged or mixed up: each is refused, or gives the true key with the others.

A friend may give any words at all. What must never happen is that another key comes out of them: its owner would go on as
somebody else. Nor may wrong words end the search: the true ones, typed after them, bring the owner back.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from shamir_mnemonic.share import Share as Slip39Share
from shamir_mnemonic.wordlist import WORDLIST

from meshnode.errors import Refused, Usage
from meshnode.recovery.shares import FRIENDS_MAX, SHARE_WORDS, Gathering, Share, read_share, split

SEED = bytes(range(32))
OTHER = bytes(range(100, 132))
TRIES = 10_000
NEED, COUNT = 3, 5

Chance = random.Random
Forge = Callable[[Chance, list[str]], str]


def _words_changed(chance: Chance, true: list[str]) -> str:
    """Some words are others of the list."""
    words = chance.choice(true).split()
    for place in chance.sample(range(SHARE_WORDS), chance.randint(1, SHARE_WORDS)):
        words[place] = chance.choice(WORDLIST)
    return " ".join(words)


def _words_moved(chance: Chance, true: list[str]) -> str:
    """Two words have changed places, or a run of them was turned round."""
    words = chance.choice(true).split()
    first, last = sorted(chance.sample(range(SHARE_WORDS), 2))
    words[first : last + 1] = words[first : last + 1][::-1]
    return " ".join(words)


def _words_of_two(chance: Chance, true: list[str]) -> str:
    """It begins as one share and ends as another."""
    one, other = (text.split() for text in chance.sample(true, 2))
    cut = chance.randint(1, SHARE_WORDS - 1)
    return " ".join(one[:cut] + other[cut:])


def _wrong_length(chance: Chance, true: list[str]) -> str:
    """Words are missing, or there are more of them."""
    words = chance.choice(true).split() * 2
    return " ".join(words[: chance.choice([*range(SHARE_WORDS), *range(SHARE_WORDS + 1, 2 * SHARE_WORDS)])])


def _random_words(chance: Chance, _: list[str]) -> str:
    """All words are of the list, and none is of a share."""
    return " ".join(chance.choices(WORDLIST, k=SHARE_WORDS))


def _value_forged(chance: Chance, true: list[str]) -> str:
    """It has the header of a true share, a right checksum, and another value."""
    model = Slip39Share.from_mnemonic(chance.choice(true))
    value = bytearray(model.value)
    for place in chance.sample(range(len(value)), chance.randint(1, len(value))):
        value[place] ^= chance.randint(1, 255)
    return str(replace(model, value=bytes(value)).mnemonic())


def _number_forged(chance: Chance, true: list[str]) -> str:
    """It has the value of a true share under the number of another friend, with a right checksum."""
    model = Slip39Share.from_mnemonic(chance.choice(true))
    return str(
        replace(model, index=chance.choice([one for one in range(FRIENDS_MAX) if one != model.index])).mnemonic()
    )


def _header_forged(chance: Chance, true: list[str]) -> str:
    """Any field of the header is another one, with a right checksum."""
    model = Slip39Share.from_mnemonic(chance.choice(true))
    count = chance.randint(1, 16)
    change: dict[str, Any] = chance.choice(
        [
            {"identifier": chance.randrange(1 << 15)},
            {"extendable": not model.extendable},
            {"iteration_exponent": chance.randint(1, 15)},
            {"group_index": chance.randrange(16), "group_count": count, "group_threshold": chance.randint(1, count)},
            {"member_threshold": chance.randint(1, 16)},
        ]
    )
    return str(replace(model, **change).mnemonic())


def _of_another_key(chance: Chance, true: list[str]) -> str:
    """It is a true share of another key, with the header that would let it pass for one of these."""
    model = Slip39Share.from_mnemonic(chance.choice(true))
    (other,) = chance.sample(OTHERS, 1)
    return str(replace(model, value=Slip39Share.from_mnemonic(other).value).mnemonic())


OTHERS = split(OTHER, need=NEED, count=COUNT)
FORGERS: dict[str, Forge] = {
    one.__name__.strip("_"): one
    for one in (
        _words_changed, _words_moved, _words_of_two, _wrong_length, _random_words, _value_forged, _number_forged,
        _header_forged, _of_another_key,
    )
}  # fmt: skip


@pytest.mark.promise("Who loses every device comes back as the same person")
@pytest.mark.parametrize("kind", FORGERS)
def test_no_other_key_ever_comes_out_and_the_true_words_bring_the_owner_back(kind: str) -> None:
    outcomes: Counter[str] = Counter()
    true, chance = split(SEED, need=NEED, count=COUNT), Chance(kind)
    shares = [read_share(text) for text in true]
    for _ in range(-(-TRIES // len(FORGERS))):
        typed: list[Share | str] = [*chance.sample(shares, NEED)]
        typed.insert(chance.randint(0, NEED), FORGERS[kind](chance, true))
        outcomes[_gathered(typed)] += 1
    assert sum(outcomes.values()) * len(FORGERS) >= TRIES
    assert set(outcomes) <= {"true key", "begin again", "does not fit"}
    if kind in ("wrong_length", "random_words"):
        assert set(outcomes) == {"true key"}, "what is no share is passed over"


def _gathered(typed: list[Share | str]) -> str:
    """Return what comes of shares typed one after another, of which one may be anything."""
    gathering, taken = Gathering(), list[Share | str]()
    for one in typed:
        if gathering.missing == 0:
            break
        with suppress(Usage, Refused):  # as the person is told, who goes on with the next
            gathering.add(read_share(one) if isinstance(one, str) else one)
            taken.append(one)
    if gathering.missing:
        return "begin again"  # the forged share came first, and says that it is of another set
    if all(isinstance(one, Share) for one in taken):
        return "true key"  # as always: it takes long to compute
    try:
        return "true key" if gathering.seed() == SEED else "another key"
    except Refused:
        return "does not fit"
