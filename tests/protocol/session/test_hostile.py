"""A session whose other side lies, floods, repeats itself or falls silent (faults 4 to 7 and 40, as far as frames go)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import Code, Record, RemoteError
from protocol.limits import HEADERS_PER_MINUTE, IDLE_DEAD_SECONDS, PREAUTH_SECONDS, PROGRESS_SECONDS, PULLED_MAX
from protocol.session import Ended, PeerIdentified, Session, SessionState
from protocol.session.events import Phase
from protocol.session.states import ALLOWED
from protocol.session.transfer import Outgoing
from protocol.wire.frames import (
    Again,
    Bye,
    Compare,
    Frame,
    Have,
    Headers,
    Hello,
    Introduce,
    Ping,
    Pull,
    Records,
    Roots,
    Want,
    Who,
    decode_frame,
    decode_known,
    encode_frame,
)
from protocol.wire.index import Item
from tests.support.people import NOW, Person
from tests.support.session_pair import Pair, Side

ALICE, BOB, MALLORY = Person("Alice"), Person("Bob"), Person("Mallory")
OFFERS = [BOB.listing(f"offer {number}", now=NOW + number) for number in range(300)]
GREETING = Hello((1,), (1,), NOW, None)
ROOT = bytes(8)

SAMPLES: dict[type[Frame], Frame] = {
    Hello: GREETING,
    Who: Who(),
    Introduce: Introduce((ALICE.certificate().wire,)),
    Roots: Roots(0, 0, ROOT),
    Compare: Compare(b"\x02"),
    Pull: Pull(1),
    Records: Records((OFFERS[0].wire,)),
    Headers: Headers((OFFERS[0].without_body().wire,)),
    Have: Have(1, ((NOW, bytes(12)),)),
    Want: Want(b"\1"),
    Again: Again(1, ((NOW, bytes(12)),)),
    Ping: Ping(),
    Bye: Bye(0),
}


def new_responder(known: bool = True) -> Side:
    side = Side(BOB)
    side.put(OFFERS[:50])
    if known:
        side.learn(ALICE)
    side.start(ALICE, initiator=False)
    return side


def say(side: Side | Session, *frames: Frame, now: float = 0) -> None:
    if isinstance(side, Session):
        side.receive_many([encode_frame(frame) for frame in frames], now)
    else:
        side.handle(side.session.receive_many([encode_frame(frame) for frame in frames], now))


def heard(side: Side) -> list[Frame]:
    return [decode_frame(data) for data in side.session.frames_to_send()]


def refused(code: Code, side: Side, *frames: Frame, now: float = 0) -> None:
    with pytest.raises(RemoteError) as caught:
        say(side, *frames, now=now)
    assert caught.value.code is code


def in_greeting() -> Side:
    return new_responder()


def in_admitting() -> Side:
    side = new_responder()
    say(side.session, GREETING)
    return side


def in_comparing() -> Side:
    side = new_responder()
    say(side, GREETING)
    return side


def in_exchanging() -> Side:
    """The peer claims another root in the second phase; in the first, both sets are empty."""
    side = in_comparing()
    empty = heard(side)[0]
    assert isinstance(empty, Hello)
    assert empty.roots is not None
    say(side, Roots(0, 0, empty.roots[0]), Roots(1, 1, ROOT))
    return side


def in_transferring() -> Side:
    """The peer claims to have nothing in the second phase, and so is offered fifty records."""
    side = in_exchanging()
    say(side, Compare(b"\x02"))
    return side


def in_live() -> Side:
    return Pair.of(Side(ALICE), Side(BOB)).run().responder


STATES: dict[SessionState, Callable[[], Side]] = {
    SessionState.GREETING: in_greeting,
    SessionState.ADMITTING: in_admitting,
    SessionState.COMPARING: in_comparing,
    SessionState.EXCHANGING: in_exchanging,
    SessionState.TRANSFERRING: in_transferring,
    SessionState.LIVE: in_live,
}


# --- frames out of turn ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", STATES)
def test_the_ways_into_each_state_lead_there(state: SessionState) -> None:
    assert STATES[state]().session.state is state


@pytest.mark.parametrize("kind", SAMPLES, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)
def test_a_frame_that_its_state_does_not_allow_is_refused(state: SessionState, kind: type[Frame]) -> None:
    if kind not in ALLOWED[state]:
        refused(Code.OUT_OF_ORDER, STATES[state](), SAMPLES[kind])


def test_the_initiator_too_waits_for_a_hello() -> None:
    for frame in (Roots(0, 0, ROOT), Compare(b"\x02"), Pull(1), Records((None,)), Want(b"\1")):
        side = Side(ALICE)
        side.start(BOB, initiator=True)
        refused(Code.OUT_OF_ORDER, side, frame)


def test_a_peer_that_starts_over_is_refused() -> None:
    side = new_responder(known=False)
    say(side, GREETING)
    refused(Code.OUT_OF_ORDER, side, GREETING)


def test_an_introduction_that_nobody_asked_for_is_refused() -> None:
    refused(Code.UNSOLICITED, new_responder(), Introduce((ALICE.certificate().wire,)))


def test_a_root_is_said_once() -> None:
    side = in_transferring()
    say(side, Roots(1, 2, ROOT))
    refused(Code.OUT_OF_ORDER, side, Roots(1, 2, ROOT))


def test_who_is_answered_once() -> None:
    side = in_comparing()
    say(side, Who())
    refused(Code.OUT_OF_ORDER, side, Who())


def test_only_the_initiator_compares_again_and_not_too_often() -> None:
    refused(Code.BUSY, in_live(), Roots(0, 1, ROOT))
    initiator = Pair.of(Side(ALICE), Side(BOB)).run().initiator
    refused(Code.OUT_OF_ORDER, initiator, Roots(0, 1, ROOT), now=1000)


def test_a_root_of_another_comparison_is_refused() -> None:
    refused(Code.OUT_OF_ORDER, in_comparing(), Roots(1, 0, ROOT))
    refused(Code.OUT_OF_ORDER, in_comparing(), Roots(0, 1, ROOT))


# --- lies ------------------------------------------------------------------------------------------------------------


def test_a_certificate_for_another_key_proves_nothing() -> None:
    for records in (
        (MALLORY.certificate().wire,),
        (ALICE.revocation().wire,),
        (ALICE.certificate().without_body().wire,),
        (ALICE.profile().wire,),
        (),
    ):
        side = new_responder(known=False)
        say(side, GREETING)
        refused(Code.FORGED, side, Introduce(records))
        assert not any(isinstance(event, PeerIdentified) for event in side.events)


def test_a_certificate_that_the_identity_did_not_sign_proves_nothing() -> None:
    genuine = ALICE.certificate()
    forged = Record(genuine.header, genuine.header_bytes, bytes(64), genuine.body)
    side = new_responder(known=False)
    refused(Code.FORGED, side, Hello((1,), (1,), NOW, None, (forged.wire,)))


def test_a_certificate_on_file_for_another_key_is_not_believed() -> None:
    side = Side(BOB)
    side.knows[ALICE.keys.dh_public] = MALLORY.certificate()
    side.start(ALICE, initiator=False)
    say(side, GREETING)
    assert heard(side) == [Who()]


def test_without_a_common_version_or_algorithm_there_is_no_session() -> None:
    refused(Code.VERSION, in_greeting(), Hello((2, 3), (1,), NOW, None))
    refused(Code.VERSION, in_greeting(), Hello((1,), (2,), NOW, None))
    refused(Code.VERSION, in_greeting(), Hello((), (), NOW, None))
    side = in_greeting()
    say(side, Hello((3, 2, 1), (7, 1), NOW, None))
    assert side.session.state is SessionState.COMPARING


def test_records_that_nobody_pulled_are_refused() -> None:
    for reach in (in_comparing, in_exchanging, in_transferring, in_live):
        refused(Code.UNSOLICITED, reach(), Records((OFFERS[0].wire,)))
        refused(Code.UNSOLICITED, reach(), Records((None,)))
        refused(Code.UNSOLICITED, reach(), Records(()))


def pulling() -> Side:
    """A live side that has been told of three records and has pulled them."""
    side = in_live()
    say(side, Have(1, tuple((record.header.created, record.id[:12]) for record in OFFERS[:3])))
    assert heard(side) == [Want(b"\7"), Pull(3)]
    return side


def test_one_record_more_than_was_pulled_is_refused() -> None:
    wires = tuple(record.wire for record in OFFERS[:4])
    refused(Code.UNSOLICITED, pulling(), Records(wires))
    side = pulling()
    say(side, Records(wires[:3]))
    refused(Code.UNSOLICITED, side, Records(wires[:3]))  # the same frame again


def test_a_pulled_record_must_be_whole_and_well_formed() -> None:
    record = OFFERS[0]
    refused(Code.MALFORMED, pulling(), Records((record.without_body().wire,)))
    refused(Code.MALFORMED, pulling(), Records((record.wire[:-1],)))
    refused(Code.MALFORMED, pulling(), Records((b"",)))
    swapped = Record(record.header, record.header_bytes, record.signature, OFFERS[1].body)
    refused(Code.FORGED, pulling(), Records((swapped.wire,)))


def test_a_body_that_nobody_asked_for_is_refused() -> None:
    refused(Code.UNSOLICITED, in_live(), Headers((OFFERS[0].wire,)))
    refused(Code.UNSOLICITED, in_live(), Headers(()))


def test_a_withdrawal_may_come_unasked_since_its_body_is_empty() -> None:
    side = in_live()
    say(side, Headers((BOB.withdrawal(OFFERS[0]).wire,)))
    assert side.batches == [[BOB.withdrawal(OFFERS[0])]]


def test_a_flood_of_headers_is_refused() -> None:
    header = OFFERS[0].without_body().wire
    refused(Code.UNSOLICITED, in_live(), *[Headers((header,) * 250)] * (2 * HEADERS_PER_MINUTE // 250 + 1))


def test_what_was_not_offered_cannot_be_pulled() -> None:
    refused(Code.OUT_OF_ORDER, in_live(), Pull(1))
    refused(Code.OUT_OF_ORDER, in_transferring(), Pull(51))
    refused(Code.OUT_OF_ORDER, in_transferring(), Pull(0))
    side = in_transferring()
    say(side, Pull(50))
    refused(Code.OUT_OF_ORDER, side, Pull(50))  # the same frame again


def test_nobody_can_pull_without_end() -> None:
    items: list[Item] = [(NOW, number.to_bytes(32, "big")) for number in range(2 * PULLED_MAX)]
    outgoing = Outgoing()
    outgoing.offer(Phase.CONTENT, items)
    outgoing.pulled(PULLED_MAX)
    with pytest.raises(RemoteError) as caught:
        outgoing.pulled(1)
    assert caught.value.code is Code.OVERSIZED


def test_an_answer_to_no_announcement_is_refused() -> None:
    refused(Code.UNSOLICITED, in_live(), Want(b"\0"))


@pytest.mark.parametrize("bits", [b"", b"\2", b"\1\0", b"\x80"])
def test_an_answer_of_the_wrong_length_is_refused(bits: bytes) -> None:
    pair = Pair.of(Side(ALICE), Side(BOB)).run()
    pair.responder.publish(OFFERS[0])
    assert isinstance(heard(pair.responder)[0], Have)
    refused(Code.MALFORMED, pair.responder, Want(bits))


def test_an_announcement_of_nothing_or_of_no_phase_is_refused() -> None:
    refused(Code.MALFORMED, in_live(), Have(1, ()))
    refused(Code.MALFORMED, in_live(), Have(2, ((NOW, bytes(12)),)))


def test_a_message_of_the_comparison_that_comes_twice_is_refused() -> None:
    side = in_exchanging()
    say(side, Compare(b"\x02"))
    refused(Code.OUT_OF_ORDER, side, Compare(b"\x02"))
    refused(Code.MALFORMED, in_exchanging(), Compare(b""))


# --- silence ---------------------------------------------------------------------------------------------------------


def ended(side: Side) -> Ended:
    assert side.ended is not None
    return side.ended


def test_a_peer_that_is_not_introduced_in_time_is_dropped() -> None:
    side = new_responder(known=False)
    say(side, GREETING, now=1)
    assert side.session.next_timer() == PREAUTH_SECONDS
    side.handle(side.session.tick(PREAUTH_SECONDS))
    assert ended(side).code is Code.TIMEOUT
    assert heard(side) == [Who(), Bye(Code.TIMEOUT)]


def test_a_silent_peer_is_dropped() -> None:
    side = in_live()
    side.handle(side.session.tick(IDLE_DEAD_SECONDS - 1))
    assert side.ended is None
    side.handle(side.session.tick(IDLE_DEAD_SECONDS))
    assert ended(side).code is Code.TIMEOUT


@pytest.mark.parametrize("reach", [in_exchanging, in_transferring, pulling])
def test_a_peer_that_only_pings_while_it_owes_something_is_dropped(reach: Callable[[], Side]) -> None:
    side = reach()
    assert side.session.next_timer() is not None  # as every driver of a session asks after each call
    for now in range(10, PROGRESS_SECONDS, 10):
        say(side, Ping(), now=now)
        side.handle(side.session.tick(now))
        assert side.ended is None
    side.handle(side.session.tick(PROGRESS_SECONDS))
    assert ended(side).detail == "makes no progress"


def test_a_timer_asked_for_is_never_asked_for_again_in_vain() -> None:
    """Whatever state a session is in, ticking when it asks moves its next timer on: no driver spins."""
    for reach in STATES.values():
        side = reach()
        now = 0.0
        for _ in range(200):
            timer = side.session.next_timer()
            if timer is None:
                break
            assert timer > now or timer == now == 0.0
            now = timer
            side.handle(side.session.tick(now))
            side.session.frames_to_send()
        assert side.ended is not None


# --- noise -----------------------------------------------------------------------------------------------------------


@given(st.sampled_from(list(STATES)), st.lists(st.sampled_from(list(SAMPLES.values())), max_size=6))
def test_any_frames_in_any_order_are_taken_or_refused(state: SessionState, frames: list[Frame]) -> None:
    side = STATES[state]()
    try:
        for frame in frames:
            say(side, frame)
    except RemoteError:
        side.session.bye(Code.MALFORMED)
        assert heard(side)[-1] == Bye(Code.MALFORMED)
        assert side.session.state is SessionState.ENDED


@given(st.sampled_from(list(STATES)), st.binary(max_size=100))
def test_random_bytes_never_hurt_more_than_their_sender(state: SessionState, data: bytes) -> None:
    side = STATES[state]()
    try:
        side.handle(side.session.receive(data, 0))
    except RemoteError:
        return
    assert isinstance(decode_known(data), (*SAMPLES, type(None)))
