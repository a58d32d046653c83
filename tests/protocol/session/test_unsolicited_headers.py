"""Headers that nobody asked for: how many wait, are sent and are taken in a minute."""

from __future__ import annotations

from collections.abc import Iterator
from unittest.mock import patch

import pytest

from protocol import Code, Record, RemoteError
from protocol.limits import FRAME_MAX_BYTES, MINUTE, RECORDS_PER_FRAME_MAX
from protocol.session.unsolicited_headers import HeaderRoom, UnsolicitedHeaders
from protocol.wire.frames import ENTRY_OVERHEAD, FRAME_OVERHEAD, encode_frame
from tests.support.people import Person

BOB = Person("Bob")
LISTINGS = [BOB.listing(f"offer {number}") for number in range(RECORDS_PER_FRAME_MAX + 8)]
HEADERS = [record.without_body().wire for record in LISTINGS]


@pytest.fixture
def four_a_minute() -> Iterator[UnsolicitedHeaders]:
    """The headers of a session in which a side sends four in a minute, and six wait at most."""
    path = "protocol.session.unsolicited_headers"
    with patch(f"{path}.HEADERS_PER_MINUTE", 4), patch(f"{path}.HEADERS_WAITING_MAX", 6):
        yield UnsolicitedHeaders(HeaderRoom())


def sent(post: UnsolicitedHeaders, now: float) -> list[bytes]:
    return [entry for frame in post.frames(now) for entry in frame.entries]


def test_each_is_sent_once_and_those_beyond_the_limit_of_a_minute_in_the_next_one(
    four_a_minute: UnsolicitedHeaders,
) -> None:
    post = four_a_minute
    assert post.next_timer() is None
    post.add([*LISTINGS[:6], LISTINGS[0]])
    assert sent(post, 0.0) == HEADERS[:4]
    assert sent(post, MINUTE - 1.0) == []
    assert post.next_timer() == MINUTE
    assert sent(post, MINUTE) == HEADERS[4:6]
    assert post.next_timer() is None


def test_only_so_many_wait(four_a_minute: UnsolicitedHeaders) -> None:
    four_a_minute.add(LISTINGS[:8])
    assert [*sent(four_a_minute, 0.0), *sent(four_a_minute, MINUTE)] == HEADERS[:6]


def test_no_frame_is_too_long_or_has_too_many_entries() -> None:
    post = UnsolicitedHeaders(HeaderRoom())
    post.add(LISTINGS)
    frames = post.frames(0.0)
    assert [entry for frame in frames for entry in frame.entries] == HEADERS
    assert all(len(encode_frame(frame)) <= FRAME_MAX_BYTES for frame in frames)
    assert max(len(frame.entries) for frame in frames) <= RECORDS_PER_FRAME_MAX


def test_a_frame_is_filled_to_its_last_byte() -> None:
    post = UnsolicitedHeaders(HeaderRoom())
    post.add(LISTINGS[:5])
    size = FRAME_OVERHEAD + sum(ENTRY_OVERHEAD + len(header) for header in HEADERS[:2])
    with patch("protocol.session.unsolicited_headers.FRAME_MAX_BYTES", size):
        assert [len(frame.entries) for frame in post.frames(0.0)] == [2, 2, 1]


def test_where_as_many_wait_as_may_in_all_sessions_few_wait_in_a_further_one() -> None:
    room, path = HeaderRoom(), "protocol.session.unsolicited_headers"
    with patch(f"{path}.HEADERS_IN_SESSIONS_MAX", 3), patch(f"{path}.HEADERS_WAITING_LEAST", 1):
        full, other = UnsolicitedHeaders(room), UnsolicitedHeaders(room)
        full.add(LISTINGS[:3])
        other.add(LISTINGS[:3])
    assert (len(full), len(other)) == (3, 1)


def test_twice_as_many_are_taken_in_a_minute_as_are_sent(four_a_minute: UnsolicitedHeaders) -> None:
    post = four_a_minute
    assert [record.id for record in post.take(HEADERS[:8], 0.0)] == [record.id for record in LISTINGS[:8]]
    with pytest.raises(RemoteError) as caught:
        post.take(HEADERS[:1], MINUTE - 1.0)
    assert caught.value.code is Code.UNSOLICITED
    assert len(post.take(HEADERS[:1], MINUTE)) == 1


@pytest.mark.parametrize(
    "entries",
    [pytest.param([], id="nothing"), pytest.param([LISTINGS[0]], id="a body"), pytest.param(LISTINGS[:2], id="two")],
)
def test_a_body_or_nothing_that_nobody_asked_for_is_refused(entries: list[Record]) -> None:
    with pytest.raises(RemoteError) as caught:
        UnsolicitedHeaders(HeaderRoom()).take(
            [record.wire for record in entries] + (HEADERS[3:4] if entries else []), 0.0
        )
    assert caught.value.code is Code.UNSOLICITED
