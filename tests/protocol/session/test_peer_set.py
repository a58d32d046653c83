"""The compared set while it is frozen: what waits comes to the same as if it had been done at once, one after another."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from protocol.session.peer_set import PeerSet
from protocol.wire.index import Item

ITEMS = st.integers(0, 9).map(lambda number: (number // 4, bytes([number]) * 32))
CHANGES = st.lists(st.tuples(st.sampled_from(["add", "news", "remove"]), st.lists(ITEMS, max_size=4)), max_size=12)


def change(peer_set: PeerSet, what: str, items: list[Item]) -> None:
    if what == "remove":
        peer_set.remove(items)
    else:
        peer_set.add(items, news=what == "news")


@given(st.lists(ITEMS), CHANGES, CHANGES)
def test_changes_that_wait_come_to_the_same_as_changes_made_at_once(
    items: list[Item], before: list[tuple[str, list[Item]]], frozen: list[tuple[str, list[Item]]]
) -> None:
    waiting, at_once = PeerSet(items), PeerSet(items)
    for what, some in before:
        change(waiting, what, some)
        change(at_once, what, some)
    waiting.freeze()
    at_once.freeze()  # what is there now takes part in the exchange, so is no news
    at_once.thaw()
    held = list(waiting.index)
    for what, some in frozen:
        change(waiting, what, some)
        change(at_once, what, some)
        assert list(waiting.index) == held
    waiting.thaw()
    assert list(waiting.index) == list(at_once.index)
    assert sorted(waiting.next_news()) == sorted(at_once.next_news())
    assert not waiting.has_news


@given(CHANGES)
def test_each_item_is_news_once_and_only_while_the_set_has_it(changes: list[tuple[str, list[Item]]]) -> None:
    peer_set, news = PeerSet(()), set[Item]()
    for what, items in changes:
        fresh = set(items) - set(peer_set.index)
        change(peer_set, what, items)
        news = news - set(items) if what == "remove" else news | (fresh if what == "news" else set())
    assert sorted(peer_set.next_news()) == sorted(news)
