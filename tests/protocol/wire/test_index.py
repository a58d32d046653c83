"""The packed sorted set behind a session, held against a plain Python set."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from protocol.wire.index import Index, Item

# Few distinct times and first bytes, so that ties and shared prefixes are the rule.
ITEMS = st.tuples(st.integers(0, 5), st.integers(0, 2**16 - 1).map(lambda n: n.to_bytes(2, "big") + bytes(30)))
BATCHES = st.lists(st.tuples(st.booleans(), st.lists(ITEMS, max_size=40)), max_size=8)


@given(BATCHES)
def test_any_inserts_and_removes_leave_what_a_plain_set_would_hold(batches: list[tuple[bool, list[Item]]]) -> None:
    index, plain = Index(), set[Item]()
    for adding, items in batches:
        if adding:
            assert index.insert(items) == sorted(set(items) - plain)
            plain |= set(items)
        else:
            assert index.remove(items) == sorted(set(items) & plain)
            plain -= set(items)
        assert list(index) == sorted(plain)
        assert len(index) == len(plain)
        assert all(item in index for item in plain)


@given(st.lists(ITEMS, max_size=60), st.integers(0, 6), st.binary(max_size=3))
def test_a_bound_lies_behind_all_that_is_smaller(items: list[Item], created: int, prefix: bytes) -> None:
    index = Index(items)
    assert index.position(created, prefix) == sum(item < (created, prefix) for item in set(items))


@given(st.lists(ITEMS, max_size=60), ITEMS)
def test_an_item_is_found_by_time_and_prefix(items: list[Item], wanted: Item) -> None:
    found = Index(items).with_prefix(wanted[0], wanted[1][:2])
    assert found == (wanted if wanted in items else None)


def test_what_was_not_there_is_not_found_behind_the_end() -> None:
    assert Index([(1, bytes(32))]).with_prefix(2, b"\0") is None
    assert (2, bytes(32)) not in Index([(1, bytes(32))])
