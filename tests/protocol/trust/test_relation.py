"""The label of a relation is the strongest that applies, in words for people."""

from __future__ import annotations

import pytest

from protocol.trust import Relation, Standing, cost, relation_of
from tests.support.model import World
from tests.support.webs import graph_of, someone, together

FRIEND = cost(560)


@pytest.mark.parametrize(
    ("between", "own_vouch", "hops", "words"),
    [
        (Standing(False, None, None, yourself=True), 0, None, "you"),
        (Standing(False, None, cost(500), shares_cell=True), 500, 1, "someone you trust"),
        (Standing(False, None, FRIEND, shares_cell=True, shares_community=True), 499, 2, "in your cell"),
        (Standing(False, None, FRIEND, shares_community=True), 0, 2, "trusted friend of friend"),
        (Standing(False, None, cost(500)), 0, 2, "trusted friend of friend"),
        (Standing(False, None, cost(499), shares_community=True), 0, 2, "community member"),
        (Standing(False, None, FRIEND, shares_community=True), 0, 3, "community member"),
        (Standing(False, None, cost(499)), 0, 2, "in your extended network"),
        (Standing(False, None, FRIEND), 0, 3, "in your extended network"),
        (Standing(False, None, cost(400)), 400, 1, "in your extended network"),
        (Standing(False, 0, None), 0, None, "in your extended network"),
    ],
)
def test_the_strongest_label_that_applies_is_shown(
    between: Standing, own_vouch: int, hops: int | None, words: str
) -> None:
    assert relation_of(between, own_vouch=own_vouch, hops=hops).words == words


def test_carol_is_a_trusted_friend_of_a_friend_to_alice() -> None:
    alice, bob, carol = (someone(number) for number in range(3))
    graph = graph_of(World(together((alice, bob, 700, 800), (bob, carol, 800, 800))))
    regard, hops = graph.regard_and_hops_from(alice)[carol]
    between = Standing(graph.blocked_either_way(alice, carol), graph.reach_to(alice)[carol], regard)
    label = relation_of(between, own_vouch=graph.weight(alice, carol), hops=hops)
    assert label is Relation.TRUSTED_FRIEND_OF_FRIEND
    assert label.value == "trusted_friend_of_friend"
