"""Announcements: how many are under way, what answers mean, and what is asked for again."""

from __future__ import annotations

from unittest.mock import patch

import pytest

from protocol import Code, RemoteError
from protocol.limits import HAVE_ITEMS_MAX, HAVES_UNANSWERED_MAX, MINUTE
from protocol.session import Phase
from protocol.session.announcing import Announcer
from protocol.session.peer_set import PeerSet, peer_sets
from protocol.wire.frames import HAVE_PREFIX_BYTES, Again, Have, Want
from protocol.wire.index import Item


def item(number: int) -> Item:
    return number, number.to_bytes(8, "little") * 4


def short(number: int) -> tuple[int, bytes]:
    created, id_ = item(number)
    return created, id_[:HAVE_PREFIX_BYTES]


def with_news(count: int) -> tuple[Announcer, dict[Phase, PeerSet]]:
    """Return an announcer with so many new items of content."""
    sets = peer_sets([], [])
    sets[Phase.CONTENT].add(map(item, range(count)), news=True)
    return Announcer(sets), sets


def refused(error: pytest.ExceptionInfo[RemoteError], code: Code) -> bool:
    return error.value.code is code


def test_only_so_many_announcements_wait_for_an_answer_and_each_answer_makes_room_for_one() -> None:
    announcer, _ = with_news(HAVE_ITEMS_MAX * (HAVES_UNANSWERED_MAX + 2))
    idle = [announcer.idle]
    first = list(announcer.new_frames(0.0))
    assert [len(frame.items) for frame in first] == [HAVE_ITEMS_MAX] * HAVES_UNANSWERED_MAX
    assert list(announcer.new_frames(0.0)) == []
    nothing = Want(bytes(HAVE_ITEMS_MAX // 8))
    for frames in (1, 1, 0, 0, 0, 0):
        idle.append(announcer.idle)
        assert announcer.take_want(nothing) == (Phase.CONTENT, [])
        assert len(list(announcer.new_frames(0.0))) == frames
    assert [*idle, announcer.idle] == [True, *[False] * 6, True]


@pytest.mark.parametrize(
    ("bits", "wanted"), [(b"\0\0", []), (b"\x01\0", [0]), (b"\x80\x01", [7, 8]), (b"\xff\x01", list(range(9)))]
)
def test_each_bit_of_an_answer_says_that_an_announced_item_is_wanted(bits: bytes, wanted: list[int]) -> None:
    announcer, _ = with_news(9)
    [have] = announcer.new_frames(0.0)
    assert have == Have(Phase.CONTENT, tuple(map(short, range(9))))
    assert announcer.take_want(Want(bits)) == (Phase.CONTENT, list(map(item, wanted)))


@pytest.mark.parametrize("bits", [b"", b"\0", b"\0\0\0", b"\0\x02"])
def test_an_answer_of_another_length_is_malformed(bits: bytes) -> None:
    announcer, _ = with_news(9)
    list(announcer.new_frames(0.0))
    with pytest.raises(RemoteError) as caught:
        announcer.take_want(Want(bits))
    assert refused(caught, Code.MALFORMED)


def test_an_answer_to_no_announcement_is_refused() -> None:
    announcer, _ = with_news(0)
    with pytest.raises(RemoteError) as caught:
        announcer.take_want(Want(b""))
    assert refused(caught, Code.UNSOLICITED)


@pytest.mark.parametrize(("count", "bits"), [(7, b"\x7c"), (8, b"\xfc"), (9, b"\xfc\x01"), (10, b"\xfc\x03")])
def test_an_announcement_is_answered_with_a_bit_for_each_item_that_is_lacking(count: int, bits: bytes) -> None:
    announcer, sets = with_news(2)
    want, lacking = announcer.take_have(Have(Phase.CONTENT, tuple(map(short, range(count)))))
    assert (want, lacking) == (Want(bits), count - 2)
    assert not sets[Phase.CONTENT].has_news  # the peer has them


@pytest.mark.parametrize("frame", [Have(Phase.CONTENT, ()), Have(9, (short(1),)), Again(9, (short(1),))])
def test_an_announcement_of_nothing_or_of_an_unknown_phase_is_malformed(frame: Have | Again) -> None:
    announcer, _ = with_news(3)
    with pytest.raises(RemoteError) as caught:
        announcer.take_have(frame) if isinstance(frame, Have) else announcer.take_again(frame, 0.0)
    assert refused(caught, Code.MALFORMED)


def test_what_is_asked_for_again_is_announced_if_the_set_has_it() -> None:
    announcer, sets = with_news(0)
    sets[Phase.CONTENT].add([item(1), item(2)], news=False)
    announcer.take_again(Again(Phase.CONTENT, (short(2), short(3))), 0.0)
    assert list(announcer.new_frames(0.0)) == [Have(Phase.CONTENT, (short(2),))]


def test_a_peer_may_ask_for_twice_as_much_in_a_minute_as_this_side_does() -> None:
    with patch("protocol.session.announcing.AGAIN_PER_MINUTE", 3):
        announcer, _ = with_news(0)
    announcer.take_again(Again(Phase.CONTENT, tuple(map(short, range(6)))), 0.0)
    with pytest.raises(RemoteError) as caught:
        announcer.take_again(Again(Phase.CONTENT, (short(1),)), MINUTE - 1.0)
    assert refused(caught, Code.UNSOLICITED)
    announcer.take_again(Again(Phase.CONTENT, (short(1),)), MINUTE)


def test_what_is_to_be_announced_again_leaves_the_set_and_is_asked_for_in_portions() -> None:
    with patch("protocol.session.announcing.AGAIN_PER_MINUTE", HAVE_ITEMS_MAX + 2):
        announcer, sets = with_news(0)
    held = list(map(item, range(HAVE_ITEMS_MAX + 5)))
    sets[Phase.CONTENT].add(held, news=False)
    assert announcer.next_timer() is None
    announcer.ask_again(Phase.CONTENT, [*held, item(10_000)])
    assert not any(one in sets[Phase.CONTENT] for one in held)
    asked = list(announcer.new_frames(0.0))
    assert [(frame.phase, len(frame.items)) for frame in asked] == [(Phase.CONTENT, HAVE_ITEMS_MAX), (Phase.CONTENT, 2)]
    assert announcer.next_timer() == MINUTE
    asked += announcer.new_frames(float(MINUTE))
    assert [one for frame in asked for one in frame.items] == list(map(short, range(HAVE_ITEMS_MAX + 5)))
    assert announcer.next_timer() is None
