"""Two honest sessions meet and settle, in spite of all that each of them holds, hides and refuses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import Code, Kind, Record
from protocol.limits import (
    BATCH_RECORDS,
    PASSES_MAX,
)
from protocol.session import Ended, PeerIdentified, Phase, TimeTold
from protocol.wire.frames import Have, Hello, Introduce, Records, Roots, Who
from tests.support.people import NOW, Person
from tests.support.session_pair import Pair, Side, item, kinds, settled
from tests.support.stolen_keys import claim

ALICE, BOB = Person("Alice"), Person("Bob")
MANY = [BOB.listing(f"offer {number}", now=NOW + number) for number in range(3000)]


# --- meeting ---------------------------------------------------------------------------------------------------------


def test_with_nothing_new_both_are_live_after_one_round_trip_and_few_bytes() -> None:
    one, other = Side(ALICE), Side(BOB)
    for side in (one, other):
        side.put([ALICE.certificate(), BOB.certificate(), *MANY[:500]])
    pair = Pair.of(one, other).run()
    assert pair.round_trips == 1
    assert pair.bytes_on_the_wire() <= 200
    assert one.live
    assert other.live


def test_each_learns_who_the_other_is_before_anything_is_admitted() -> None:
    pair = Pair.of(acquainted=False).run()
    for side, peer in ((pair.initiator, BOB), (pair.responder, ALICE)):
        met = side.events[0]
        assert isinstance(met, PeerIdentified)
        assert (met.person, met.device, met.told.wall) == (peer.id, peer.device, NOW)
        assert met.certificate == peer.certificate()
        assert side.live
    assert kinds(pair)[Who] == kinds(pair)[Introduce] == 2


@pytest.mark.parametrize("moment", [Hello, Who, Introduce, Roots, None])
@pytest.mark.parametrize("changes", ["initiator", "responder", "both"])
def test_a_time_that_changes_at_any_moment_is_known_to_the_other_in_the_end(moment: type | None, changes: str) -> None:
    pair = Pair.of(acquainted=False)
    pair = pair.run() if moment is None else pair.run_until(moment)
    for side in {"initiator": [pair.initiator], "responder": [pair.responder]}.get(
        changes, [pair.initiator, pair.responder]
    ):
        side.wall += 86_400
        side.session.tell_time()
    pair.run()
    for side, peer in ((pair.initiator, pair.responder), (pair.responder, pair.initiator)):
        told = [event.told.wall for event in side.events if isinstance(event, PeerIdentified | TimeTold)]
        assert told[-1] == peer.wall


def test_the_user_of_a_card_identifies_themselves_at_once() -> None:
    one, other = Side(ALICE), Side(BOB)
    one.learn(BOB)
    one.start(BOB, initiator=True, introduce=True, more=(ALICE.profile(),))
    other.start(ALICE, initiator=False)
    pair = Pair(one, other).run()
    met = other.events[0]
    assert isinstance(met, PeerIdentified)
    assert met.extra == [ALICE.profile()]
    assert not kinds(pair)[Who]
    assert one.live
    assert other.live


def test_a_shown_certificate_counts_before_what_others_claim_of_the_key() -> None:
    mallory = Person("Mallory")
    one, other = Side(ALICE), Side(BOB)
    one.learn(BOB)
    other.knows[ALICE.keys.dh_public] = claim(mallory, ALICE.keys)  # all that Bob knows of this key is a lie
    one.start(BOB, initiator=True, introduce=True)
    other.start(ALICE, initiator=False)
    Pair(one, other).run()
    met = other.events[0]
    assert isinstance(met, PeerIdentified)
    assert met.person == ALICE.id


@pytest.mark.parametrize("misled", ["initiator", "responder"])
def test_a_speaker_is_asked_for_a_certificate_where_only_a_false_one_is_held(misled: str) -> None:
    mallory = Person("Mallory")
    one, other = Side(ALICE), Side(BOB)
    one.learn(BOB)
    other.learn(ALICE)
    victim, peer = (one, BOB) if misled == "initiator" else (other, ALICE)
    victim.knows[peer.keys.dh_public] = claim(mallory, peer.keys)
    one.start(BOB, initiator=True)
    other.start(ALICE, initiator=False)
    pair = Pair(one, other).run()
    assert kinds(pair)[Who] == 1
    met = victim.events[0]
    assert isinstance(met, PeerIdentified)
    assert met.person == peer.id


def test_a_responder_says_nothing_but_who_until_its_node_admits() -> None:
    one, other = Side(ALICE), Side(BOB)
    one.start(BOB, initiator=True)
    other.start(ALICE, initiator=False)
    other.session.receive_many(one.session.frames_to_send(), 0)
    asked = other.session.frames_to_send()
    assert len(asked) == 1
    one.session.receive_many(asked, 0)
    events = other.session.receive_many(one.session.frames_to_send(), 0)
    assert isinstance(events[0], PeerIdentified)
    assert other.session.frames_to_send() == []
    other.session.bye(Code.REFUSED)
    pair = Pair(one, other).run()
    assert pair.initiator.ended is not None
    assert pair.initiator.ended.code is Code.REFUSED


def test_a_node_that_sends_a_revoked_device_away_shows_it_the_revocation() -> None:
    phone = ALICE.on("phone")
    one, other = Side(phone), Side(BOB)
    one.start(BOB, initiator=True, introduce=True)
    other.start(phone, initiator=False)
    events = other.session.receive_many(one.session.frames_to_send(), 0)
    assert isinstance(events[0], PeerIdentified)
    other.session.bye(Code.REFUSED, [phone.revocation()])
    met, ended = one.session.receive_many(other.session.frames_to_send(), 0)
    assert isinstance(met, PeerIdentified)
    assert (met.person, met.extra) == (BOB.id, [phone.revocation()])
    assert isinstance(ended, Ended)
    assert ended.code is Code.REFUSED


def test_an_initiator_that_does_not_know_the_key_asks_too() -> None:
    """Dialed at an address, admitted early or not: what it may have is compared once it is known."""
    one, other = Side(ALICE), Side(BOB)
    other.learn(ALICE)
    one.put(MANY[:20])
    one.start(BOB, initiator=True)
    other.start(ALICE, initiator=False)
    one.admit()
    one.admitted = True
    pair = Pair(one, other).run()
    assert set(other.store) == set(one.store)
    settled(pair)


# --- comparing --------------------------------------------------------------------------------------------------------


def test_an_empty_node_gets_everything_in_large_batches() -> None:
    one, other = Side(ALICE), Side(BOB)
    other.put([*MANY, BOB.certificate(), BOB.policy({ALICE: 700})])
    pair = Pair.of(one, other).run()
    assert set(one.store) == set(other.store)
    assert len(one.batches) <= 2 + len(MANY) // BATCH_RECORDS + 1
    record_bytes = sum(len(record.wire) for record in other.store.values())
    assert pair.bytes_on_the_wire() < 1.02 * record_bytes
    settled(pair)


def test_certificates_and_policies_come_before_listings() -> None:
    one, other = Side(ALICE), Side(BOB)
    other.put([*MANY[:50], BOB.certificate(), BOB.policy(), BOB.profile()])
    Pair.of(one, other).run()
    order = [record.header.kind for batch in one.batches for record in batch]
    assert set(order[:3]) == {Kind.DEVICE, Kind.POLICY, Kind.PROFILE}


@pytest.mark.parametrize("differing", [1, 10, 1000])
def test_differences_both_ways_are_made_up(differing: int) -> None:
    one, other = Side(ALICE), Side(BOB)
    common, rest = MANY[: 3000 - differing], MANY[3000 - differing :]
    one.put([*common, *rest[::2]])
    other.put([*common, *rest[1::2]])
    pair = Pair.of(one, other).run()
    assert set(one.store) == set(other.store) == {record.id for record in MANY}
    assert sum(len(frame.entries) for frame in pair.frames if isinstance(frame, Records)) == differing
    settled(pair)


PEOPLE = [ALICE, BOB, Person("Carol")]
POOL = [
    *(person.certificate() for person in PEOPLE),
    *(person.policy() for person in PEOPLE),
    *(person.profile() for person in PEOPLE),
    *(person.listing(f"thing {number}", now=NOW + number % 3) for number in range(20) for person in PEOPLE),
]
SOME = st.sets(st.integers(0, len(POOL) - 1))


@given(SOME, SOME, SOME, SOME)
def test_each_gets_what_the_other_shows_and_nothing_else(
    mine: set[int], yours: set[int], hidden_from_you: set[int], hidden_from_me: set[int]
) -> None:
    one, other = Side(ALICE), Side(BOB)
    for side, held, hidden in ((one, mine, hidden_from_you), (other, yours, hidden_from_me)):
        for number in held:
            side.put([POOL[number]], hidden=number in hidden)
    pair = Pair.of(one, other).run()
    assert set(one.store) == {POOL[number].id for number in mine | (yours - hidden_from_me)}
    assert set(other.store) == {POOL[number].id for number in yours | (mine - hidden_from_you)}
    settled(pair)


def test_what_came_in_the_first_phase_may_show_more_in_the_first_and_second() -> None:
    """The policy that arrives is what lets its author have the other side's policy and more of its listings."""

    class Opening(Side):
        def take(self, records: list[Record]) -> None:
            opens = any(record.header.kind == Kind.POLICY for record in records)
            super().take(records)
            if opens and self.hidden:
                shown = [self.store[id_] for id_ in self.hidden]
                self.hidden.clear()
                self.publish(*shown)

    one, other = Side(ALICE), Opening(BOB)
    one.put([ALICE.certificate(), ALICE.policy({BOB: 700})])
    other.put([BOB.certificate(), *MANY[:40]])
    other.put([BOB.policy({ALICE: 500}), *MANY[40:60]], hidden=True)
    pair = Pair.of(one, other).run()
    assert set(one.store) == set(other.store)
    assert not kinds(pair)[Have]
    settled(pair)


# --- differing views (FAULT 34) --------------------------------------------------------------------------------------


def test_what_a_node_refuses_is_not_offered_to_it_again() -> None:
    one, other = Side(ALICE), Side(BOB)
    other.put(MANY[:30])
    one.refused = {record.id for record in MANY[:10]}
    pair = Pair.of(one, other).run()
    assert len(one.store) == 20
    assert sum(len(frame.entries) for frame in pair.frames if isinstance(frame, Records)) == 30
    settled(pair)


def test_what_cannot_be_given_after_all_holds_nobody_up() -> None:
    class Forgetful(Side):
        def give(self, ids: list[bytes]) -> None:
            self.session.supply([])

    one, other = Side(ALICE), Forgetful(BOB)
    other.put(MANY[:300])
    pair = Pair.of(one, other).run()
    assert one.store == {}
    settled(pair)


def test_nodes_that_never_agree_stop_comparing_and_go_on() -> None:
    """This one forgets at once whatever it was given, so its set never becomes the other's."""

    class Amnesiac(Side):
        def take(self, records: list[Record]) -> None:
            for phase in Phase:
                self.session.update(phase, [], [item(record) for record in records])
            self.session.committed()

    one, other = Side(ALICE), Amnesiac(BOB)
    one.put([ALICE.certificate(), *MANY[:20]])
    pair = Pair.of(one, other).run()
    assert one.live
    assert other.live
    assert kinds(pair)[Records] == 2 * PASSES_MAX
    assert kinds(pair)[Roots] <= 4 * (PASSES_MAX + 1)


def test_a_set_that_changes_under_every_comparison_stops_being_compared_too() -> None:
    class Restless(Side):
        count = 0

        def take(self, records: list[Record]) -> None:
            super().take(records)
            self.count += 1
            self.publish(BOB.listing(f"restless {self.count}"))

    one, other = Side(ALICE), Restless(BOB)
    one.put(MANY[:1])
    pair = Pair.of(one, other).run()
    assert set(one.store) == set(other.store)
    settled(pair)
