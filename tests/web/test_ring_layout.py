"""The drawing of a web of trust: nobody covers anybody, rings are steps, sectors are neighbors, and it never changes by itself."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshnode.web.ring_layout import APART, RING, rings

GOLDEN = Path(__file__).with_name("golden") / "web_of_trust.json"

Person = tuple[str, int, str, str]


def web(seed: int, people: int, neighbors: int, steps: int = 5) -> list[Person]:
    """Return a web as the use case gives it: everybody hangs on somebody who is one step nearer."""
    chance = random.Random(seed)
    found: list[Person] = [(f"n{number}", 1, "me", f"n{number}") for number in range(min(neighbors, people))]
    for number in range(len(found), people):
        before = chance.choice([one for one in found if one[1] < steps])
        found.append((f"p{number}", before[1] + 1, before[0], before[3]))
    return found


webs = st.builds(web, st.integers(0, 2**32), st.integers(0, 150), st.integers(1, 40), st.integers(2, 6))


@given(webs)
def test_nobody_covers_anybody_and_all_lie_within_the_square(people: list[Person]) -> None:
    found = rings(people)
    places = [(here.x, here.y) for here in found.places.values()]
    assert len(places) == len(people)
    for number, one in enumerate(places):
        assert max(map(abs, one)) < found.reach
        assert math.hypot(*one) >= RING - 1  # from the owner in the middle
        assert all(math.dist(one, other) >= APART - 1 for other in places[:number])


@given(webs)
def test_the_ring_is_the_number_of_steps(people: list[Person]) -> None:
    found = rings(people)
    for id_, steps, _, _ in people:
        here = found.places[id_]
        assert math.hypot(here.x, here.y) == pytest.approx(found.radii[steps - 1], abs=0.2)
    assert list(found.radii) == sorted(found.radii)


@given(webs)
def test_people_who_come_through_one_neighbor_lies_in_one_sector(people: list[Person]) -> None:
    found = rings(people)
    through = {id_: neighbor for id_, _, _, neighbor in people}

    def turn(id_: str) -> float:
        here = found.places[id_]
        return round(math.atan2(here.x, -here.y) % (2 * math.pi), 3)

    around = [through[id_] for id_ in sorted(through, key=turn)]
    changes = sum(one != after for one, after in zip(around, [*around[1:], *around[:1]], strict=True))
    assert changes <= max(len(set(around)), 1)


@given(webs, st.randoms(use_true_random=False))
def test_the_order_in_which_people_come_changes_nothing(people: list[Person], chance: random.Random) -> None:
    shuffled = list(people)
    chance.shuffle(shuffled)
    assert rings(shuffled) == rings(people)


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abcdefgh"), st.integers(1, 4), st.sampled_from("abcdefghx"), st.sampled_from("abcdefghx")
        ),
        unique_by=lambda person: person[0],
    )
)
def test_people_whose_way_is_unknown_are_placed_all_the_same(people: list[Person]) -> None:
    assert set(rings(people).places) == {person[0] for person in people}


def test_the_drawing_of_150_people_is_the_one_in_the_golden_file() -> None:
    found = rings(web(7, 150, 12))
    drawn = {
        "radii": list(found.radii),
        "reach": found.reach,
        "places": {id_: [here.x, here.y] for id_, here in sorted(found.places.items())},
    }
    assert drawn == json.loads(GOLDEN.read_text())
