"""Reconciliation: two sets find their differences in few bytes, and a hostile peer gets nothing out of it."""

from __future__ import annotations

import random
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import Code, LocalError, RemoteError
from protocol.limits import (
    FRAME_MAX_BYTES,
    INT_MAX,
    RECONCILE_CHILDREN_MAX,
    RECONCILE_LIST_MAX,
    RECONCILE_MESSAGES_MAX,
    RECONCILE_OFFERS_MAX,
)
from protocol.wire import reconcile
from protocol.wire.index import ID_BYTES, Index, Item
from protocol.wire.reconcile import FANOUT, FINGERPRINT_BYTES, LEAF, SHORT_BYTES, Reconciler, SessionHash

HASH = bytes(64)
YEAR = 365 * 24 * 3600
START = 1_700_000_000

ITEMS = st.sets(st.tuples(st.integers(0, 3), st.binary(min_size=32, max_size=32)), max_size=120)


@dataclass
class Comparison:
    messages: list[bytes]
    from_opener: set[Item]
    from_other: set[Item]

    @property
    def size(self) -> int:
        return sum(map(len, self.messages))


def compared(ours: set[Item], theirs: set[Item], number: int = 0) -> Comparison:
    """Run a whole comparison; asserts that both sides end together and agree on the counts."""
    indexes = Index(ours), Index(theirs)
    opener, other = (Reconciler(index, SessionHash(HASH, 0, number)) for index in indexes)
    other.begin()
    messages = [opener.open()]
    turn = 0
    while (reply := (other, opener)[turn].receive(messages[-1])) is not None:
        messages.append(reply)
        turn ^= 1
    assert opener.done
    assert other.done
    assert opener.expected == len(other.offers)
    assert other.expected == len(opener.offers)
    return Comparison(
        messages,
        set(opener.offers),
        set(other.offers),
    )


def made(seed: int, count: int, since: int = START, span: int = YEAR) -> set[Item]:
    rng = random.Random(seed)
    return {(since + rng.randrange(span), rng.randbytes(32)) for _ in range(count)}


def mutual(common: set[Item], differing: set[Item]) -> tuple[set[Item], set[Item]]:
    """Return two sets that differ in `differing` items, half of them on each side."""
    halves = sorted(differing, key=lambda item: item[1])
    return common | set(halves[::2]), common | set(halves[1::2])


@given(ITEMS, ITEMS, ITEMS)
def test_each_side_offers_exactly_what_the_other_lacks(common: set[Item], mine: set[Item], yours: set[Item]) -> None:
    ours, theirs = common | mine, common | yours
    outcome = compared(ours, theirs)
    assert outcome.from_opener == ours - theirs
    assert outcome.from_other == theirs - ours


@pytest.mark.parametrize("count", [0, 1, LEAF, LEAF + 1, 300, 3000])
def test_an_empty_side_gets_everything_for_a_few_bytes(count: int) -> None:
    everything = made(1, count)
    there, back = compared(set(), everything), compared(everything, set())
    assert there.from_other == back.from_opener == everything
    assert there.size < 10


def test_records_made_in_the_same_second_are_told_apart_by_their_ids() -> None:
    same_second = made(2, 2000, span=1)
    ours, theirs = mutual(same_second, made(3, 6, span=1))
    outcome = compared(ours, theirs)
    assert outcome.from_opener == ours - theirs
    assert outcome.from_other == theirs - ours


@pytest.mark.parametrize(("differing", "most"), [(10, 1_700), (100, 9_500), (1_000, 42_000)])
def test_differences_cost_a_small_part_of_what_listing_would(differing: int, most: int) -> None:
    """10,000 items a side; a list of their ids would take 320,000 bytes."""
    ours, theirs = mutual(made(4, 10_000), made(5, differing))
    outcome = compared(ours, theirs)
    assert outcome.from_opener == ours - theirs
    assert outcome.size < most
    assert len(outcome.messages) <= 8


def test_the_newest_records_cost_least() -> None:
    ours, theirs = mutual(made(6, 10_000), made(7, 100, since=START + YEAR, span=3600))
    assert compared(ours, theirs).size < 700


def test_no_message_is_too_long_for_a_frame() -> None:
    """Ids with nothing in common, so that all must be listed: the answers wait for the next messages."""
    outcome = compared(made(8, 60_000), made(9, 60_000))
    assert len(outcome.from_opener) > 59_900
    assert max(map(len, outcome.messages)) < FRAME_MAX_BYTES - 16
    assert len(outcome.messages) < RECONCILE_MESSAGES_MAX


def test_a_chance_collision_does_not_come_back_in_the_next_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    """With hashes of one byte collisions hide differences all the time; comparison by comparison the sets still become equal."""
    monkeypatch.setattr(reconcile, "FINGERPRINT_BYTES", 1)
    monkeypatch.setattr(reconcile, "SHORT_BYTES", 1)
    ours, theirs = mutual(made(10, 3000), made(11, 60))
    hidden = False
    for number in range(30):
        outcome = compared(ours, theirs, number)
        hidden = hidden or outcome.from_opener != ours - theirs
        ours, theirs = ours | outcome.from_other, theirs | outcome.from_opener
        if ours == theirs:
            break
    assert hidden
    assert ours == theirs


def test_fingerprints_are_the_sessions_own_and_the_comparisons_own() -> None:
    index = Index(made(12, 100))
    roots = {
        SessionHash(hash_, phase, number).root(index)
        for hash_ in (bytes(64), bytes(63) + b"\1")
        for phase in (0, 1)
        for number in (0, 1)
    }
    assert len(roots) == 8


# --- what hostile peers send -----------------------------------------------------------------------------------------

SAME, SPLIT, LIST = 0, 1, 2
A_PRINT = bytes(FINGERPRINT_BYTES)


def answering(count: int = 1000) -> Reconciler:
    """Return a side that waits for the opening message."""
    side = Reconciler(Index(made(13, count)), SessionHash(HASH, 0, 0))
    side.begin()
    return side


def refused(message: bytes, code: Code = Code.MALFORMED, side: Reconciler | None = None) -> None:
    with pytest.raises(RemoteError) as caught:
        (side or answering()).receive(message)
    assert caught.value.code is code


def number(value: int) -> bytes:
    return reconcile._number(value)


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(b"", id="says nothing"),
        pytest.param(number(3), id="an unknown mode"),
        pytest.param(number(1 << 2 | SAME), id="a run beyond what was asked"),
        pytest.param(number(2**50 << 2 | SAME), id="a run without end"),
        pytest.param(number(SPLIT) + A_PRINT, id="cut short"),
        pytest.param(number(SPLIT) + A_PRINT + number(0) + A_PRINT, id="a bound at the range's own beginning"),
        pytest.param(
            number(1 << 2 | SPLIT) + A_PRINT + number(10) + A_PRINT + number(0) + A_PRINT, id="the same bound twice"
        ),
        pytest.param(number(SPLIT) + A_PRINT + number(1) + bytes([0]) + A_PRINT, id="a prefix of no bytes"),
        pytest.param(number(SPLIT) + A_PRINT + number(1) + bytes([33]) + bytes(33) + A_PRINT, id="a prefix too long"),
        pytest.param(number(SPLIT) + A_PRINT + b"\xff" * 9 + b"\x01" + A_PRINT, id="a number too long"),
        pytest.param(b"\x81\x00" + A_PRINT + number(2) + A_PRINT, id="a number not in its shortest form"),
        pytest.param(
            number(2 << 2 | SPLIT) + A_PRINT + (number(2**53 - 2) + A_PRINT) * 3, id="a bound beyond all time"
        ),
        pytest.param(number(1 << 2 | LIST) + b"ab", id="a list cut short"),
        pytest.param(number(0 << 2 | LIST) + b"\0", id="more than the range that was asked for"),
    ],
)
def test_a_message_that_makes_no_sense_is_refused(message: bytes) -> None:
    refused(message)


def test_the_same_split_in_its_shortest_form_is_answered() -> None:
    assert answering().receive(number(SPLIT) + A_PRINT + number(2) + A_PRINT)


def test_the_last_time_the_largest_number_and_a_whole_id_are_taken() -> None:
    far = (number(INT_MAX - 1) + A_PRINT) * 2  # two steps of 2^52 - 1 seconds: one second before the end of all time
    assert answering().receive(number(2 << 2 | SPLIT) + A_PRINT + far + number(1 << 1) + A_PRINT)
    refused(number(2 << 2 | SPLIT) + A_PRINT + far + number(2 << 1) + A_PRINT)
    assert answering().receive(
        number(SPLIT) + A_PRINT + number(10 << 1 | 1) + bytes([ID_BYTES, *range(ID_BYTES)]) + A_PRINT
    )
    side = Reconciler(Index(made(15, 3)), SessionHash(HASH, 0, 0))
    side.open()
    refused(b"\0" + number(INT_MAX), Code.OVERSIZED, side)  # a number, and too many items


def split(children: int) -> bytes:
    """Return the split of a range into so many parts, each with a bound one second after the one before."""
    return number((children - 2) << 2 | SPLIT) + A_PRINT + (number(1 << 1) + A_PRINT) * (children - 1)


def listed(count: int) -> bytes:
    return number(count << 2 | LIST) + bytes(SHORT_BYTES * count)


def test_a_range_may_be_split_and_listed_only_as_finely_as_the_caps_say() -> None:
    assert answering().receive(split(RECONCILE_CHILDREN_MAX))
    assert answering().receive(listed(RECONCILE_LIST_MAX))
    refused(split(RECONCILE_CHILDREN_MAX + 1), Code.OVERSIZED)
    refused(listed(RECONCILE_LIST_MAX + 1), Code.OVERSIZED)


@pytest.mark.parametrize(("count", "mode"), [(0, LIST), (LEAF, LIST), (LEAF + 1, SPLIT)])
def test_a_range_of_few_items_is_listed_and_one_of_more_is_split(count: int, mode: int) -> None:
    assert Reconciler(Index(made(22, count)), SessionHash(HASH, 0, 0)).open()[0] & 3 == mode


@pytest.mark.parametrize(("count", "parts"), [(LEAF + 1, 2), (3 * LEAF, 6), (1000, FANOUT)])
def test_a_range_is_split_into_parts_of_half_a_list_but_not_too_many(count: int, parts: int) -> None:
    assert Reconciler(Index(made(23, count)), SessionHash(HASH, 0, 0)).open()[0] >> 2 == parts - 2


def test_a_message_ends_with_the_answer_that_fills_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def reply(most: int) -> bytes | None:
        monkeypatch.setattr(reconcile, "RECONCILE_MESSAGE_BYTES", most)
        return answering().receive(number(SPLIT) + A_PRINT + number((START + YEAR // 2) << 1) + A_PRINT)

    first = reply(1)
    assert first
    assert reply(len(first)) == first
    both = reply(len(first) + 1)
    assert both
    assert both.startswith(first)
    assert len(both) > len(first)


def test_a_bound_beyond_the_range_that_was_asked_for_is_refused() -> None:
    """The parts of a split cannot overlap, and cannot leave the range that is split."""
    side = Reconciler(Index(made(14, 1000)), SessionHash(HASH, 0, 0))
    side.open()
    refused(number(SPLIT) + A_PRINT + number((START + 2 * YEAR) << 1) + A_PRINT, side=side)


def test_a_peer_may_offer_only_as_many_items_as_the_cap_says() -> None:
    side = Reconciler(Index(made(15, 3)), SessionHash(HASH, 0, 0))
    side.open()
    assert side.receive(b"\0" + number(RECONCILE_OFFERS_MAX)) is None
    side = Reconciler(Index(made(15, 3)), SessionHash(HASH, 0, 0))
    side.open()
    refused(b"\0" + number(RECONCILE_OFFERS_MAX + 1), Code.OVERSIZED, side)


def test_bits_beyond_the_list_are_refused() -> None:
    side = Reconciler(Index(made(16, 3)), SessionHash(HASH, 0, 0))
    side.open()
    refused(b"\x08" + number(0), side=side)


def test_a_peer_that_claims_to_differ_everywhere_gets_an_end() -> None:
    """It hashes with another key, so no range is ever the same; splitting stops where few items are left."""
    index = Index(made(17, 5000))
    side, liar = Reconciler(index, SessionHash(HASH, 0, 0)), Reconciler(index, SessionHash(HASH, 0, 1))
    liar.begin()
    message = side.open()
    turns = 0
    while (reply := (liar, side)[turns % 2].receive(message)) is not None:
        message, turns = reply, turns + 1
    assert turns < 20


def test_a_comparison_of_too_many_messages_is_broken_off_and_of_just_as_many_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sets = mutual(made(18, 5000), made(19, 5))
    most = (len(compared(*sets).messages) + 1) // 2  # each side receives every second one
    monkeypatch.setattr(reconcile, "RECONCILE_MESSAGES_MAX", most)
    compared(*sets)
    monkeypatch.setattr(reconcile, "RECONCILE_MESSAGES_MAX", most - 1)
    with pytest.raises(RemoteError) as caught:
        compared(*sets)
    assert caught.value.code is Code.OVERSIZED


@pytest.mark.parametrize("most", [1, 20, 100])
def test_however_little_fits_in_a_message_all_differences_are_found(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A side with nothing to answer sends an empty message, as long as the other one has more to say."""
    monkeypatch.setattr(reconcile, "RECONCILE_MESSAGE_BYTES", most)
    monkeypatch.setattr(reconcile, "RECONCILE_MESSAGES_MAX", 10_000)
    ours, theirs = mutual(made(20, 600), made(21, 40))
    outcome = compared(ours, theirs)
    assert outcome.from_opener == ours - theirs
    assert outcome.from_other == theirs - ours
    assert b"" in outcome.messages or most > 1


def test_only_as_many_ranges_as_the_cap_says_may_wait_for_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconcile, "RECONCILE_RANGES_MAX", 6)
    assert answering().receive(split(6))
    refused(split(7), Code.OVERSIZED)


def test_nothing_is_read_after_the_end() -> None:
    side = answering(0)
    assert side.receive(number(0 << 2 | LIST)) is not None
    assert side.done
    with pytest.raises(LocalError):
        side.receive(b"")


@given(st.binary(max_size=200))
def test_random_bytes_are_refused_or_answered_and_nothing_else(message: bytes) -> None:
    side = answering(50)
    try:
        reply = side.receive(message)
    except RemoteError:
        return
    assert side.done or reply is not None
