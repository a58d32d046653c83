"""Sides that take long to find out what the other may have: they say Hello before, read nothing meanwhile, and nobody gives up."""

from __future__ import annotations

import pytest

from protocol import Record
from protocol.limits import ADMITTING_SECONDS, PREAUTH_SECONDS, PROGRESS_SECONDS
from protocol.session import SessionState
from protocol.wire.frames import Hello, Who, decode_frame
from tests.support.people import NOW, Person
from tests.support.session_pair import Pair, Side

ALICE, BOB = Person("Alice"), Person("Bob")
LONG = 4 * PROGRESS_SECONDS


class Slow(Side):
    """Has others before it when it learns who calls; `admit` is called when its turn has come."""

    def meet(self) -> None:
        self.session.greet()


def listings(person: Person) -> list[Record]:
    return [person.listing(f"offer {number}", now=NOW + number) for number in range(3)]


def pair(initiator: Side, responder: Side) -> Pair:
    """Return two sides who hold something of their own, of whom neither has admitted the other."""
    for side, other in ((initiator, responder), (responder, initiator)):
        side.put(listings(side.person))
        side.learn(other.person)
    initiator.start(responder.person, initiator=True)
    responder.start(initiator.person, initiator=False)
    return Pair(initiator, responder)


def tell(pair: Pair, sender: Side, now: float) -> list[bytes]:
    """Carry what one side has to say to the other, who reads at once; return it."""
    receiver = pair.responder if sender is pair.initiator else pair.initiator
    frames = sender.session.frames_to_send()
    receiver.handle(receiver.session.receive_many(frames, now))
    return frames


def wait(side: Side, begun: float, end: float) -> None:
    """Let time pass for one side, as its driver does."""
    now: float | None = begun
    while now is not None and now <= end:
        side.handle(side.session.tick(now))
        now = max(now + 1, side.session.next_timer() or now)
    side.handle(side.session.tick(end))


def greeted(at: float) -> Pair:
    """Return a caller who compares, and one who has greeted them at this time and has others before them."""
    both = pair(Side(ALICE), Slow(BOB))
    both.initiator.admit()
    both.initiator.admitted = True
    tell(both, both.initiator, 0)
    tell(both, both.responder, at)
    return both


def settle(pair: Pair, unread: list[bytes], reader: Side) -> None:
    """Let the reader read what has waited, and both go on until nothing is left to say."""
    pair.now = LONG
    reader.handle(reader.session.receive_many(unread, LONG))
    pair.run()
    assert (pair.initiator.ended, pair.responder.ended) == (None, None)
    assert pair.initiator.live
    assert pair.responder.live
    assert pair.initiator.store.keys() == pair.responder.store.keys()


def test_a_caller_waits_for_one_who_has_others_before_them() -> None:
    both = greeted(3)
    alice, bob = both.initiator, both.responder
    wait(alice, 3, LONG)
    bob.admit()
    wait(bob, LONG, LONG)
    settle(both, alice.session.frames_to_send(), bob)


@pytest.mark.parametrize("responder", [Side, Slow])
def test_a_caller_who_takes_long_is_waited_for(responder: type[Side]) -> None:
    both = pair(Side(ALICE), responder(BOB))
    alice, bob = both.initiator, both.responder
    alice.session.greet()
    tell(both, alice, PREAUTH_SECONDS - 1)
    if isinstance(bob, Slow):
        bob.admit()
    unread = bob.session.frames_to_send()
    wait(bob, PREAUTH_SECONDS, LONG)
    alice.admit()
    alice.admitted = True
    wait(alice, LONG, LONG)
    settle(both, unread, alice)


def test_nobody_is_waited_for_without_end() -> None:
    alice = greeted(0).initiator
    wait(alice, 0, ADMITTING_SECONDS - 1)
    assert alice.session.state is SessionState.COMPARING
    wait(alice, ADMITTING_SECONDS - 1, ADMITTING_SECONDS)
    assert alice.ended is not None
    assert alice.ended.detail == "makes no progress"


def test_once_both_have_begun_to_compare_progress_is_asked_for_as_always() -> None:
    both = greeted(0)
    alice, bob = both.initiator, both.responder
    bob.admit()
    tell(both, alice, 1)
    tell(both, bob, 1)
    alice.session.frames_to_send()
    wait(alice, 1, PROGRESS_SECONDS + 1)
    assert alice.ended is not None
    assert alice.ended.detail == "makes no progress"


def test_an_early_hello_shows_the_certificate_so_that_nobody_has_to_ask_for_it() -> None:
    both = pair(Side(ALICE), Slow(BOB))
    alice, bob = both.initiator, both.responder
    alice.knows.clear()
    alice.session.greet()
    tell(both, alice, 0)
    said = [decode_frame(data) for data in tell(both, bob, 0)]
    assert [type(frame) for frame in said] == [Hello]
    assert not any(isinstance(decode_frame(data), Who) for data in alice.session.frames_to_send())
    assert alice.events


def test_hello_is_said_once_and_to_nobody_unknown() -> None:
    both = pair(Side(ALICE), Slow(BOB))
    alice, bob = both.initiator, both.responder
    bob.session.greet()
    assert bob.session.frames_to_send() == []
    alice.session.greet()
    alice.session.greet()
    tell(both, alice, 0)
    bob.session.greet()
    bob.admit()
    sent = [decode_frame(data) for data in bob.session.frames_to_send()]
    assert sum(isinstance(frame, Hello) for frame in sent) == 1
