"""A session remembers no more of its peer than its caps allow."""

from __future__ import annotations

from unittest.mock import patch

from protocol.session.unsolicited_headers import UnsolicitedHeaders
from tests.support.people import Person

BOB = Person("Bob")


def test_headers_that_a_peer_draws_out_faster_than_they_may_be_sent_do_not_pile_up() -> None:
    post = UnsolicitedHeaders()
    with patch("protocol.session.unsolicited_headers.HEADERS_WAITING_MAX", 20):
        post.add(BOB.listing(f"offer {number}") for number in range(50))
    assert sum(len(frame.entries) for frame in post.frames(0.0)) == 20
