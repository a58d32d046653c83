"""A renewed record travels as its header where the other side has its body; what is said tells nothing of what is kept."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from protocol import Code, Record, RemoteError
from protocol.limits import POLICY_MAX_BYTES, SUCCESSOR_BYTES_A_PULL, SUCCESSORS_NOTED_MAX
from protocol.session import Phase, announcing
from protocol.session.successors import GivenSuccessors
from protocol.wire.frames import Again, Frame, Have, Pull, Records, Want, decode_frame, encode_frame
from protocol.wire.successor import Successor, is_successor
from tests.support.malformed_records import rewritten
from tests.support.people import NOW, Person
from tests.support.session_pair import Pair, Side, item, settled

ALICE, BOB = Person("Alice"), Person("Bob")
FRIENDS = [Person(f"Friend {number}") for number in range(150)]
POLICY = BOB.policy(dict.fromkeys(FRIENDS, 900), now=NOW)
BODY = POLICY.body or b""


def renewed(times: int = 1, policy: Record = POLICY) -> Record:
    """Return the policy as it is after so many renewals."""
    return rewritten(BOB, policy, version=1 + times, created=NOW + times, min_valid_version=1)


def live(*, change: Callable[[Side], None] = lambda _: None) -> Pair:
    """Return a live pair of whom both have Bob's policy; `change` alters what Alice has before."""
    one, other = Side(ALICE), Side(BOB)
    for side in (one, other):
        side.put([POLICY])
    change(one)
    pair = Pair.of(one, other).run()
    assert pair.initiator.live
    return pair


def frames_since(pair: Pair, before: int) -> list[Frame]:
    return pair.frames[before:]


def entries(frames: list[Frame]) -> list[bytes | None]:
    return [entry for frame in frames if isinstance(frame, Records) for entry in frame.entries]


def test_a_renewal_is_given_as_a_header_and_is_whole_at_the_other_side() -> None:
    pair = live()
    before = len(pair.log)
    pair.responder.publish(renewed())
    pair.run()
    (entry,) = entries(frames_since(pair, before))
    assert entry is not None
    assert len(entry) <= 250
    assert pair.initiator.store[renewed().id].body == BODY
    assert [type(frame) for frame in frames_since(pair, before)] == [Have, Want, Pull, Records]
    pair.initiator.session.update(Phase.GRAPH, [], [item(POLICY)])  # as its node does, once the new one is kept
    settled(pair)


def test_one_renewal_follows_another() -> None:
    pair = live()
    for times in (1, 2, 3):
        before = len(pair.log)
        pair.responder.publish(renewed(times))
        pair.run()
        assert all(map(is_successor, filter(None, entries(frames_since(pair, before)))))
        assert pair.initiator.store[renewed(times).id].body == BODY


def test_a_changed_body_travels_whole() -> None:
    pair = live()
    before = len(pair.log)
    changed = BOB.policy(dict.fromkeys(FRIENDS, 800), now=NOW + 1, version=2)
    pair.responder.publish(changed)
    pair.run()
    assert entries(frames_since(pair, before)) == [changed.wire]


def test_a_version_that_was_announced_and_not_given_yet_is_no_base() -> None:
    pair = live()
    pair.responder.publish(renewed(1))
    pair.responder.session.frames_to_send()  # lost on the way: the other side has not pulled it
    pair.responder.publish(renewed(2))
    assert pair.responder.session._handover._given.wire_of(renewed(2)) == renewed(2).wire


@pytest.mark.parametrize("had", [True, False], ids=["kept", "refused"])
def test_nothing_is_said_that_tells_whether_the_version_before_was_kept_or_refused(had: bool) -> None:
    def refuse(side: Side) -> None:
        side.lacking = set() if had else {POLICY.id}

    pair = live(change=refuse)
    before = len(pair.log)
    pair.responder.publish(renewed())
    pair.run()
    assert [type(frame) for frame in frames_since(pair, before)] == [Have, Want, Pull, Records]
    assert (renewed().id in pair.initiator.store) is had
    if not had:
        assert pair.initiator.without_bodies == {renewed().id: POLICY.id}
        assert [record.id for record in pair.initiator.headers] == [renewed().id]


def test_a_side_that_has_refused_the_version_before_gets_the_whole_when_it_asks_again() -> None:
    def refuse(side: Side) -> None:
        side.lacking = {POLICY.id}

    pair = live(change=refuse)
    pair.responder.publish(renewed())
    pair.run()
    before = len(pair.log)
    pair.initiator.ask_again(renewed())
    pair.run()
    assert entries(frames_since(pair, before)) == [renewed().wire]
    assert pair.initiator.store[renewed().id].body == BODY


def test_a_side_that_lost_the_version_before_meanwhile_is_given_the_whole_in_the_same_session() -> None:
    pair = live()
    pair.initiator.session.update(Phase.GRAPH, [], [item(POLICY)])  # the other may not have it any longer, say
    before = len(pair.log)
    pair.responder.publish(renewed())
    pair.run()
    kinds = [type(frame) for frame in frames_since(pair, before)]
    assert kinds == [Have, Want, Pull, Records, Again, Have, Want, Pull, Records]
    assert pair.initiator.store[renewed().id].body == BODY


def test_a_peer_that_has_not_been_shown_the_version_before_is_given_the_whole() -> None:
    one, other = Side(ALICE), Side(BOB)
    other.put([POLICY], hidden=True)
    pair = Pair.of(one, other).run()
    before = len(pair.log)
    other.publish(renewed())
    pair.run()
    assert entries(frames_since(pair, before)) == [renewed().wire]


def after(pair: Pair, *entries: bytes, announced: int = 1) -> list[Frame]:
    """Let Bob announce so many records and give these entries, whatever they are; return what Alice says to them."""
    alice = pair.initiator
    items = tuple((NOW + 1, number.to_bytes(12, "big")) for number in range(announced))
    alice.handle(alice.session.receive(encode_frame(Have(0, items)), pair.now))
    assert [type(decode_frame(frame)) for frame in alice.session.frames_to_send()] == [Want, Pull]
    frames = [encode_frame(Records((entry,))) for entry in entries]
    alice.handle(alice.session.receive_many(frames, pair.now))
    return [decode_frame(frame) for frame in alice.session.frames_to_send()]


@pytest.mark.parametrize("size", [len(BODY), len(BODY) - 1, 1])
def test_a_body_that_is_not_the_headers_is_not_taken_and_nothing_is_said(size: int) -> None:
    pair = live()
    other_body = BOB.policy(dict.fromkeys(FRIENDS, 800), now=NOW + 1, version=2)
    successor = replace(Successor.of(other_body, item(POLICY)), size=size)
    assert after(pair, successor.wire) == []
    assert other_body.id not in pair.initiator.store
    assert pair.initiator.without_bodies == {other_body.id: POLICY.id}


def test_a_length_that_is_too_small_gains_nothing() -> None:
    """The lengths that are said bound how much memory successors take."""
    pair = live()
    assert after(pair, replace(Successor.of(renewed(), item(POLICY)), size=1).wire) == []
    assert renewed().id not in pair.initiator.store


def test_more_bodies_at_once_than_memory_is_for_are_refused() -> None:
    count = 2 * SUCCESSOR_BYTES_A_PULL // POLICY_MAX_BYTES + 1
    flood = replace(Successor.of(renewed(), item(POLICY)), size=POLICY_MAX_BYTES).wire
    with pytest.raises(RemoteError) as refused:
        after(live(), *[flood] * count, announced=count)
    assert refused.value.code is Code.OVERSIZED


def test_a_writer_gives_the_whole_once_so_many_bodies_have_not_traveled() -> None:
    given = GivenSuccessors()
    versions = [renewed(times) for times in range(1, SUCCESSOR_BYTES_A_PULL // len(BODY) + 2)]
    for record in versions[:SUCCESSORS_NOTED_MAX]:
        given.note(record.id, item(POLICY))
    short = [is_successor(given.wire_of(record)) for record in versions]
    assert short == [True] * (len(versions) - 1) + [False]
    given.note(versions[0].id, item(POLICY))
    assert not is_successor(given.wire_of(versions[0]))
    given.pulled()
    given.note(versions[0].id, item(POLICY))
    assert is_successor(given.wire_of(versions[0]))


def test_what_is_noted_for_a_peer_that_pulls_nothing_is_bounded() -> None:
    given = GivenSuccessors()
    small = BOB.policy({}, now=NOW)
    versions = [renewed(times, small) for times in range(1, SUCCESSORS_NOTED_MAX + 2)]
    for record in versions:
        given.note(record.id, item(small))
    assert [is_successor(given.wire_of(record)) for record in versions] == [False] + [True] * SUCCESSORS_NOTED_MAX


def test_what_waits_to_be_asked_for_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announcing, "AGAIN_PER_MINUTE", 2)
    pair = live()
    unknown = [Successor.of(renewed(times), (NOW, bytes(32))).wire for times in range(1, 6)]
    said = after(pair, *unknown, announced=5)
    assert sum(len(frame.items) for frame in said if isinstance(frame, Again)) == 2
