"""A post is found by its title whether or not the index has room for all words of titles."""

from __future__ import annotations

import random

import pytest

from meshnode.app.catalog.catalog import Catalog
from protocol import RecordId, limits
from tests.app.neighbors import Neighbor
from tests.support.mesh import Mesh

People = tuple[Neighbor, Neighbor, Neighbor]

WORDS = ("apple", "apples", "pineapple", "bread", "bike", "Äpfel", "苹果")
POSTS = 30
SEARCHES = 60


@pytest.mark.parametrize("seed", range(4))
def test_titles_are_found_where_their_words_were_left_out(
    mesh: Mesh, people: People, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance = random.Random(seed)
    alice, bob, carol = people
    titles = [" ".join(chance.sample(WORDS, chance.randrange(1, 4))) for _ in range(POSTS)]
    for title in titles:
        chance.choice((bob, carol)).post(title, audience="network_wide")
    mesh.settle()
    whole = Catalog(alice.replica)
    monkeypatch.setattr(limits, "SEARCH_WORDS_FROM_ONE_MAX", 2)
    short = Catalog(alice.replica)

    def meant(catalog: Catalog, text: str) -> list[RecordId]:
        return catalog.matching(text, own_only=False)

    short.catch_up()
    monkeypatch.undo()
    whole.catch_up()
    assert whole.index.has_all_titles
    assert not short.index.has_all_titles
    for _ in range(SEARCHES):
        words = chance.choice(titles).split()
        chance.shuffle(words)
        text = " ".join(word[: chance.randrange(2, 9)] for word in words[: chance.randrange(1, 4)])
        assert meant(whole, text) == meant(short, text) != [], text
