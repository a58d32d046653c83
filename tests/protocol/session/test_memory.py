"""A session remembers no more of its peer than its caps allow."""

from __future__ import annotations

from unittest.mock import patch

from protocol.session.unsolicited_headers import HeaderRoom, UnsolicitedHeaders
from tests.support.people import Person

BOB = Person("Bob")


def test_headers_that_a_peer_draws_out_faster_than_they_may_be_sent_do_not_pile_up() -> None:
    post = UnsolicitedHeaders(HeaderRoom())
    with patch("protocol.session.unsolicited_headers.HEADERS_WAITING_MAX", 20):
        post.add(BOB.listing(f"offer {number}") for number in range(50))
    assert sum(len(frame.entries) for frame in post.frames(0.0)) == 20


def test_headers_that_wait_in_all_sessions_of_a_node_are_bounded_together() -> None:
    room = HeaderRoom()
    with (
        patch("protocol.session.unsolicited_headers.HEADERS_IN_SESSIONS_MAX", 50),
        patch("protocol.session.unsolicited_headers.HEADERS_WAITING_LEAST", 5),
    ):
        posts = [UnsolicitedHeaders(room) for _ in range(10)]
        for post in posts:
            post.add(BOB.listing(f"offer {number}") for number in range(30))
        assert [len(post) for post in posts] == [30, 30, *[5] * 8]


def test_a_session_that_has_sent_its_headers_or_is_over_leaves_its_room_to_others() -> None:
    room = HeaderRoom()
    offers = [BOB.listing(f"offer {number}") for number in range(30)]
    with (
        patch("protocol.session.unsolicited_headers.HEADERS_IN_SESSIONS_MAX", 50),
        patch("protocol.session.unsolicited_headers.HEADERS_WAITING_LEAST", 5),
    ):
        sent, over, late = (UnsolicitedHeaders(room) for _ in range(3))
        sent.add(offers)
        over.add(offers)
        sent.frames(0.0)
        late.add(offers)
        assert len(late) == 30
        sent.add(offers)
        assert len(sent) == 5
        sent.frames(0.0)
        del over
        sent.add(offers)
        assert len(sent) == 30
