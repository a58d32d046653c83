"""A renewed record travels as its header where the other side has its body; what is said tells nothing of what is kept."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from protocol import Code, Policy, Record, RemoteError, Vouch
from protocol.limits import (
    POLICY_MAX_BYTES,
    SUCCESSOR_BYTES_A_PULL,
    SUCCESSORS_NOTED_BYTES,
    SUCCESSORS_NOTED_MAX,
    VOUCHES_MAX,
)
from protocol.numbers import Stamp
from protocol.records.policy_changes import PolicyChanges
from protocol.session import Base, Phase, announcing
from protocol.session.successors import GivenSuccessors
from protocol.wire.frames import Again, Frame, Have, Pull, Records, Want, decode_frame, encode_frame
from protocol.wire.index import Item
from protocol.wire.successor import Successor, is_successor
from tests.support.malformed_records import rewritten
from tests.support.people import NOW, Person
from tests.support.session_pair import Pair, Side, item, settled

ALICE, BOB = Person("Alice"), Person("Bob")
FRIENDS = [Person(f"Friend {number}") for number in range(150)]
POLICY = BOB.policy(dict.fromkeys(FRIENDS, 900), now=NOW)
BODY = POLICY.body or b""
BASE = item(POLICY)


def renewed(times: int = 1, policy: Record = POLICY) -> Record:
    """Return the policy as it is after so many renewals."""
    return rewritten(BOB, policy, version=1 + times, created=NOW + times, min_valid_version=1)


def base(policy: Record = POLICY) -> Base:
    return Base(item(policy), policy.body or b"")


def successor(record: Record, item_: Item = BASE, body: bytes = BODY) -> Successor:
    """Return `record` as a successor of that item, as if it had that body."""
    made = Successor.of(record, item_, body)
    assert made is not None
    return made


def edited(vouches: dict[Person, int], *, of: Record = POLICY, stamp: int = 2) -> Record:
    """Return Bob's policy with these vouches in place of others; 0 takes one back."""
    before = Policy.parse(of.body or b"")
    changed = {person.id: Vouch(person.id, weight, Stamp(stamp)) for person, weight in vouches.items()}
    kept = [one for one in before.vouches if one.subject not in changed]
    body = replace(before, salt=bytes([stamp] * 16), clock=Stamp(stamp), vouches=(*kept, *changed.values())).to_body()
    return rewritten(BOB, of, body=body, version=stamp, created=NOW + stamp, min_valid_version=1)


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


def test_of_an_edited_policy_what_changed_travels() -> None:
    pair = live()
    held = POLICY
    for stamp, vouches in enumerate(({FRIENDS[3]: 500}, {FRIENDS[3]: 0, Person("New"): 700}), 2):
        before = len(pair.log)
        held = edited(vouches, of=held, stamp=stamp)
        pair.responder.publish(held)
        pair.run()
        (entry,) = entries(frames_since(pair, before))
        assert entry is not None
        assert len(entry) <= 400
        assert pair.initiator.store[held.id].body == held.body


def test_a_policy_with_very_many_changes_travels_whole() -> None:
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
    short = replace(successor(other_body, body=other_body.body or b""), size=size)
    assert after(pair, short.wire) == []
    assert other_body.id not in pair.initiator.store
    assert pair.initiator.without_bodies == {other_body.id: POLICY.id}


def test_a_length_that_is_too_small_gains_nothing() -> None:
    """The lengths that are said bound how much memory successors take."""
    pair = live()
    assert after(pair, replace(successor(renewed()), size=1).wire) == []
    assert renewed().id not in pair.initiator.store


def test_more_bodies_at_once_than_memory_is_for_are_refused() -> None:
    count = 2 * SUCCESSOR_BYTES_A_PULL // POLICY_MAX_BYTES + 1
    flood = replace(successor(renewed()), size=POLICY_MAX_BYTES).wire
    with pytest.raises(RemoteError) as refused:
        after(live(), *[flood] * count, announced=count)
    assert refused.value.code is Code.OVERSIZED


def test_a_writer_gives_the_whole_once_so_many_bodies_have_not_traveled() -> None:
    noted = GivenSuccessors()
    versions = [renewed(times) for times in range(1, SUCCESSOR_BYTES_A_PULL // len(BODY) + 2)]
    for record in versions[:SUCCESSORS_NOTED_MAX]:
        noted.note(record.id, base())
    short = [is_successor(noted.wire_of(record)) for record in versions]
    assert short == [True] * (len(versions) - 1) + [False]
    noted.note(versions[0].id, base())
    assert not is_successor(noted.wire_of(versions[0]))
    noted.pulled()
    noted.note(versions[0].id, base())
    assert is_successor(noted.wire_of(versions[0]))


def test_what_is_noted_for_a_peer_that_pulls_nothing_is_bounded() -> None:
    noted = GivenSuccessors()
    small = BOB.policy({}, now=NOW)
    versions = [renewed(times, small) for times in range(1, SUCCESSORS_NOTED_MAX + 2)]
    for record in versions:
        noted.note(record.id, base(small))
    assert [is_successor(noted.wire_of(record)) for record in versions] == [False] + [True] * SUCCESSORS_NOTED_MAX


def test_what_waits_to_be_asked_for_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announcing, "AGAIN_PER_MINUTE", 2)
    pair = live()
    unknown = [successor(renewed(times), (NOW, bytes(32))).wire for times in range(1, 6)]
    said = after(pair, *unknown, announced=5)
    assert sum(len(frame.items) for frame in said if isinstance(frame, Again)) == 2


def test_the_bodies_that_are_kept_for_a_peer_that_pulls_nothing_are_bounded() -> None:
    noted = GivenSuccessors()
    count = SUCCESSORS_NOTED_BYTES // len(BODY) + 1
    versions = [renewed(times) for times in range(1, count + 1)]
    for record in versions:
        noted.note(record.id, base())
    assert sum(one.size for one in noted._bases.values()) <= SUCCESSORS_NOTED_BYTES
    assert noted.wire_of(versions[0]) == versions[0].wire


_ENTRIES = st.dictionaries(st.integers(0, 30), st.integers(0, 1000), max_size=20)


@given(_ENTRIES, _ENTRIES, st.sets(st.integers(0, 30)), st.sets(st.integers(0, 30)))
def test_changes_of_any_policy_make_the_newer_one(
    old: dict[int, int], new: dict[int, int], blocked_before: set[int], blocked: set[int]
) -> None:
    older, newer = (
        BOB.policy_body(
            {FRIENDS[who]: weight for who, weight in vouches.items()}, [FRIENDS[who] for who in blocks], stamp=stamp
        )
        for vouches, blocks, stamp in ((old, blocked_before, 1), (new, blocked, 2))
    )
    changes = PolicyChanges.between(older, newer)
    assert PolicyChanges.from_value(changes.to_value()).applied(older) == newer


def test_changes_that_lead_to_no_policy_lead_nowhere() -> None:
    full = BOB.policy_body({Person(f"Full {number}"): 900 for number in range(VOUCHES_MAX)})
    more = PolicyChanges.between(BOB.policy_body(), BOB.policy_body({ALICE: 900}))
    assert more.applied(full) is None
