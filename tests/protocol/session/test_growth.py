"""A node of a newer version talks to this one: what is unknown here is passed over, and the session goes on."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from protocol import Code, Kind, Record, RemoteError, encode, photo_hash
from protocol.limits import (
    IDLE_DEAD_SECONDS,
    IDLE_PING_SECONDS,
    MINUTE,
    PROGRESS_SECONDS,
    RECHECK_SECONDS,
    UNKNOWN_FRAMES_PER_MINUTE,
)
from protocol.session import PeerIdentified, PhotoReceived, SessionState
from protocol.session.greeting import VERSIONS, highest_common
from protocol.wire.frames import (
    FRAME_TYPES,
    Bye,
    Enrol,
    Enrolled,
    Frame,
    Have,
    Hello,
    Introduce,
    Pull,
    Records,
    Want,
    Who,
    decode_frame,
    encode_frame,
)
from tests.protocol.session.test_hostile import STATES, heard, in_greeting, in_live, new_responder, refused, say
from tests.support.malformed_records import rewritten, with_further_fields
from tests.support.newer_versions import UNKNOWN_FRAME, extended_frames, with_more_fields
from tests.support.people import NOW, Person
from tests.support.session_pair import Pair, Side, kinds, settled

ALICE, BOB = Person("Alice"), Person("Bob")
OFFERS = [BOB.listing(f"offer {number}", now=NOW + number) for number in range(40)]
IN_SESSIONS = [kind for kind in FRAME_TYPES if kind not in {Enrol, Enrolled} and not kind.__name__.startswith("Meet")]
NEWER_RECORDS: dict[str, Record] = {
    "kind 7": rewritten(BOB, OFFERS[0], kind=7),
    "kind 9, other fields odd": rewritten(BOB, OFFERS[0], kind=9, author=b"x", slot=b"", expires=0),
    "kind 255": rewritten(BOB, OFFERS[0], kind=255),
    "audience 6": rewritten(BOB, OFFERS[0], audience=6),
    "audience 255": rewritten(BOB, OFFERS[0], audience=255),
    "a listing with a 13th field": with_further_fields(BOB, OFFERS[0], 0),
    "a listing with 16 fields": with_further_fields(BOB, OFFERS[0], 1, "two", None, (3,)),
    "a policy with a 13th field": with_further_fields(BOB, BOB.policy({ALICE: 700}), 0),
    "a profile with a 13th field": with_further_fields(BOB, BOB.profile(), b"more"),
}


def grows(side: Side, change: Callable[[list[bytes]], list[bytes]]) -> Side:
    """Have everything that this side sends changed."""
    send = side.session.frames_to_send
    side.session.frames_to_send = lambda: change(send())  # type: ignore[method-assign]
    return side


# --- frames ----------------------------------------------------------------------------------------------------------


def fetch_photos(pair: Pair) -> None:
    """Let each side fetch a photo of Bob's from the other."""
    photo = bytes(range(250)) * 200
    name = photo_hash(BOB.id, photo)
    for side in (pair.initiator, pair.responder):
        side.photos[name] = photo
        side.session.photos.fetch(name, len(photo), BOB.id, pair.now)
    pair.run()
    assert [side.fetched for side in (pair.initiator, pair.responder)] == [[PhotoReceived(name, photo)]] * 2


def talk(grown: Callable[[list[bytes]], list[bytes]], *, newer_dials: bool) -> Pair:
    """Two who do not know each other meet, settle, pass on news, ask for something again, wait and part; one of them grows what it sends."""
    one, other = Side(ALICE), Side(BOB)
    one.put([ALICE.certificate(), *OFFERS[:10]])
    other.put([BOB.certificate(), *OFFERS[20:]])
    pair = Pair.of(one, other, acquainted=False)
    newer = grows(one if newer_dials else other, grown)
    pair.run()
    for side, news, shown in ((one, OFFERS[11], OFFERS[20]), (other, OFFERS[12], OFFERS[0])):
        side.publish(news)
        side.ask_again(shown)
        side.session.supersede([OFFERS[1]])
    pair.run()
    assert set(one.store) == set(other.store)
    assert one.headers == other.headers == [OFFERS[1].without_body()]
    fetch_photos(pair)
    settled(pair)
    pair.wait(RECHECK_SECONDS + IDLE_PING_SECONDS)
    newer.session.bye(Code.DUPLICATE)
    pair.run()
    ended = (other if newer is one else one).ended
    assert ended is not None
    assert ended.code is Code.DUPLICATE
    return pair


@pytest.mark.parametrize("kind", IN_SESSIONS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("newer_dials", [True, False])
def test_further_fields_of_any_frame_change_nothing(kind: type[Frame], newer_dials: bool) -> None:
    def grown(frames: list[bytes]) -> list[bytes]:
        return [with_more_fields(data) if isinstance(decode_frame(data), kind) else data for data in frames]

    assert kinds(talk(grown, newer_dials=newer_dials))[kind]


@pytest.mark.parametrize("newer_dials", [True, False])
def test_unknown_frames_between_all_others_change_nothing(newer_dials: bool) -> None:
    one, other = Side(ALICE), Side(BOB)
    other.put(OFFERS)
    Pair.of(one, other)
    grows(one if newer_dials else other, extended_frames)
    for _ in range(100):
        for sender, receiver in ((one, other), (other, one)):
            receiver.handle(receiver.session.receive_many(sender.session.frames_to_send(), 0))
    assert one.live
    assert other.live
    assert set(one.store) == set(other.store)


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)
def test_an_unknown_frame_is_passed_over_in_every_state(state: SessionState) -> None:
    side = STATES[state]()
    heard(side)
    assert side.session.receive(UNKNOWN_FRAME, 0) == []
    assert side.session.state is state
    assert heard(side) == []


def test_too_many_unknown_frames_within_a_minute_end_the_session() -> None:
    side = in_live()
    assert side.session.receive_many([UNKNOWN_FRAME] * UNKNOWN_FRAMES_PER_MINUTE, 0) == []
    assert side.session.receive_many([UNKNOWN_FRAME] * UNKNOWN_FRAMES_PER_MINUTE, MINUTE) == []
    with pytest.raises(RemoteError) as caught:
        side.session.receive(UNKNOWN_FRAME, MINUTE + 1)
    assert caught.value.code is Code.UNSOLICITED


def test_an_unknown_frame_is_a_sign_of_life() -> None:
    side = in_live()
    side.session.receive(UNKNOWN_FRAME, IDLE_DEAD_SECONDS - 1)
    side.handle(side.session.tick(IDLE_DEAD_SECONDS))
    assert side.ended is None


def test_an_unknown_frame_is_no_progress() -> None:
    side = STATES[SessionState.TRANSFERRING]()
    assert side.session.next_timer() is not None
    for now in range(10, PROGRESS_SECONDS, 10):
        side.session.receive(UNKNOWN_FRAME, now)
    side.handle(side.session.tick(PROGRESS_SECONDS))
    assert side.ended is not None
    assert side.ended.detail == "makes no progress"


@pytest.mark.parametrize("code", [max(Code) + 1, 99, 2**53 - 1])
def test_an_unknown_code_of_bye_counts_as_closing(code: int) -> None:
    side = in_live()
    say(side, Bye(code))
    assert side.ended is not None
    assert side.ended.code is Code.CLOSING


@pytest.mark.parametrize(
    ("code", "said", "heard"), [(Code.BUSY, 60, 60), (Code.BUSY, 2**40, 600), (Code.REFUSED, 60, 0)]
)
def test_a_busy_peer_says_when_to_come_back_and_nobody_is_kept_away_for_long(code: Code, said: int, heard: int) -> None:
    side = in_live()
    say(side, Bye(code, said))
    assert side.ended is not None
    assert (side.ended.code, side.ended.pause) == (code, heard)


# --- the greeting ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ours", "theirs", "common"),
    [((1,), (1,), 1), ((1,), (3, 1, 2), 1), ((1, 2), (2, 1), 2), ((2, 1), (1, 2, 3), 2), ((1, 3), (1, 2), 1)],
)
def test_both_use_the_highest_version_that_both_have(
    ours: tuple[int, ...], theirs: tuple[int, ...], common: int
) -> None:
    assert highest_common(ours, theirs) == highest_common(theirs, ours) == common


def test_the_node_is_told_the_version_that_both_use() -> None:
    side = in_greeting()
    say(side, Hello((9, 1), (1, 4), NOW, None))
    met = side.events[0]
    assert isinstance(met, PeerIdentified)
    assert met.version == max(VERSIONS)


@pytest.mark.parametrize("newer", NEWER_RECORDS.values(), ids=NEWER_RECORDS)
def test_records_of_newer_versions_are_passed_over_in_a_self_identification(newer: Record) -> None:
    certificate, profile = ALICE.certificate(), ALICE.profile()
    for frame in (
        Hello((1,), (1,), NOW, None, (newer.wire, certificate.wire, profile.wire)),
        Introduce((certificate.wire, newer.wire, profile.wire)),
    ):
        side = new_responder(known=False)
        if isinstance(frame, Introduce):
            say(side, Hello((1,), (1,), NOW, None))
            assert heard(side) == [Who()]
        say(side, frame)
        met = side.events[0]
        assert isinstance(met, PeerIdentified)
        assert (met.certificate, met.extra) == (certificate, [profile])


def test_a_certificate_of_a_newer_version_certifies_nothing() -> None:
    newer = with_further_fields(ALICE, ALICE.certificate(), 0)
    refused(Code.FORGED, new_responder(known=False), Hello((1,), (1,), NOW, None, (newer.wire,)))
    side = Side(BOB)
    side.knows[ALICE.keys.dh_public] = newer
    side.start(ALICE, initiator=False)
    say(side, Hello((1,), (1,), NOW, None))
    assert heard(side) == [Who()]


def test_a_certificate_with_a_body_that_cannot_be_read_certifies_nothing() -> None:
    genuine = ALICE.certificate()
    assert genuine.body
    for body in (b"\xc1", encode((bytes(16),)), genuine.body + b"\0", ALICE.profile().body):
        broken = rewritten(ALICE, genuine, body=body)
        refused(Code.FORGED, new_responder(known=False), Hello((1,), (1,), NOW, None, (broken.wire,)))
        side = new_responder(known=False)
        say(side, Hello((1,), (1,), NOW, None, (broken.wire, genuine.wire)))
        met = side.events[0]
        assert isinstance(met, PeerIdentified)
        assert met.certificate == genuine


# --- records ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("newer", NEWER_RECORDS.values(), ids=NEWER_RECORDS)
@pytest.mark.parametrize("newer_dials", [True, False])
def test_a_record_of_a_newer_version_counts_as_the_peers_though_it_is_refused(newer: Record, newer_dials: bool) -> None:
    old, new = Side(ALICE), Side(BOB)
    new.put([*OFFERS, newer])
    old.refused = {newer.id}
    pair = (Pair.of(new, old) if newer_dials else Pair.of(old, new)).run()
    assert set(old.store) == {record.id for record in OFFERS}
    assert sum(len(frame.entries) for frame in pair.frames if isinstance(frame, Records)) == len(OFFERS) + 1
    settled(pair)


def test_a_record_of_a_newer_version_may_be_announced() -> None:
    newer = NEWER_RECORDS["kind 9, other fields odd"]
    pair = Pair.of(Side(ALICE), Side(BOB)).run()
    pair.initiator.refused = {newer.id}
    pair.responder.publish(newer, OFFERS[0])
    pair.run()
    assert set(pair.initiator.store) == {OFFERS[0].id}
    settled(pair)


@pytest.mark.parametrize("kind", [int(Kind.LISTING), 9])
def test_a_record_made_before_all_time_never_enters_the_set(kind: int) -> None:
    """Bounds count seconds from 0, so an item before that could not be compared."""
    bad = rewritten(BOB, OFFERS[0], kind=kind, created=-5)
    side = in_live()
    say(side, Have(1, ((NOW, bad.id[:12]),)))
    assert heard(side) == [Want(b"\1"), Pull(1)]
    refused(Code.MALFORMED, side, Records((bad.wire,)))


def test_frames_of_an_enrolment_may_not_come_in_a_session() -> None:
    side = in_live()
    frame = Enrol(bytes(32), bytes(32), bytes(64))
    with pytest.raises(RemoteError) as caught:
        side.session.receive(with_more_fields(encode_frame(frame)), 0)
    assert caught.value.code is Code.OUT_OF_ORDER
