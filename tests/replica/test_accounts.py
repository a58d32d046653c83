"""Accounts: what others take up counts for the person who answers for its author."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from random import Random

import h3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from meshnode.app.explain.status import NetworkState, problems
from meshnode.app.owner import policy
from meshnode.app.people import blocks
from meshnode.replica.accounts import Accounts
from meshnode.replica.introducers import Introducers
from meshnode.replica.quota import Shortage
from meshnode.replica.replica import Replica
from meshnode.store import RecordState, Store, StoreUsage
from protocol import Kind, PersonId, Record, RecordId, limits, person_text
from tests.support.network import replica_of
from tests.support.people import NOW, Person

ALICE, CAROL, MALLORY, BOB = (Person(name) for name in ("Alice", "Carol", "Mallory", "Bob"))
ROOM = 160  # certificates, policies, profiles and joins; a sixteenth for strangers, a quarter of that for bare ones
STRANGERS, BARE = 10, 2


@pytest.fixture(autouse=True)
def _small_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "GRAPH_RECORDS_MAX", ROOM)


@pytest.fixture
def bob() -> Replica:
    """Bob, who vouches for Alice, Carol and Mallory, and they for Bob."""
    bob = replica_of("Bob")
    for person in (ALICE, CAROL, MALLORY):
        policy.vouch(bob, person.id, 800)
        bob.ingest.receive(behind(person, []), person.id)
    return bob


def crowd(of: str, count: int) -> list[Person]:
    return [Person(f"{of} {number}") for number in range(count)]


def behind(introducer: Person, people: Iterable[Person]) -> list[Record]:
    """Return the introducer's records and those of people for whom they vouch, and who vouch back."""
    people = list(people)
    vouches: dict[Person | bytes, int] = {BOB: 900, **dict.fromkeys(people, 900)}
    mine = [introducer.certificate(NOW), introducer.policy(vouches, now=NOW, version=1 + len(people))]
    return mine + [
        record for one in people for record in (one.certificate(NOW), one.policy({introducer: 900}, now=NOW))
    ]


def puppet(name: str) -> list[Record]:
    """Return the records of somebody who vouches for Bob, and for whom nobody vouches."""
    return [Person(name).certificate(NOW), Person(name).policy({BOB: 1000}, now=NOW)]


def held(bob: Replica, people: Sequence[Person]) -> int:
    """Return of how many of these people a policy is held."""
    return sum(bob.trust_state.has_policy(person.id) for person in people)


def in_parts(bob: Replica, records: Sequence[Record], source: PersonId, size: int = 25) -> list[Shortage | str]:
    """Let `source` bring the records as a session does; return the reasons for which some were not taken."""
    later = []
    for start in range(0, len(records), size):
        outcome = bob.ingest.receive(records[start : start + size], source, more=start + size < len(records))
        later += outcome.later
    while bob.ingest.make_room():
        pass
    return [one.reason for one in later]


def test_whose_turn_it_is_to_make_way_is_found_out_once_a_batch(bob: Replica, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many parts the batch has."""
    in_parts(bob, behind(MALLORY, crowd("sybil", 80)), MALLORY.id)
    asked: list[PersonId | None] = []
    plain = Accounts.authors_of

    def counted(accounts: Accounts, account: PersonId | None) -> Iterable[tuple[PersonId, StoreUsage, int]]:
        asked.append(account)
        return plain(accounts, account)

    monkeypatch.setattr(Accounts, "authors_of", counted)
    friends = crowd("friend", 30)
    in_parts(bob, behind(ALICE, friends), ALICE.id, size=3)
    assert held(bob, friends) == len(friends)
    assert asked.count(MALLORY.id) == 1


def codes(bob: Replica) -> list[str]:
    return [problem.code for problem in problems(bob, NetworkState(ready=True))]


# --- people for whom nobody answers ----------------------------------------------------------------------------------


def test_those_who_only_vouch_for_me_share_one_small_account_however_many_connect(bob: Replica) -> None:
    puppets = crowd("puppet", 40)
    for one in puppets:
        bob.ingest.receive(puppet(one.name), one.id)
        bob.ingest.receive([other.certificate(NOW) for other in crowd(f"of {one.name}", 40)], one.id)
    in_all = bob.quota.others().graph_records
    assert in_all <= 6 + STRANGERS
    assert "strangers" in codes(bob)
    friends = crowd("friend", 60)
    assert in_parts(bob, behind(ALICE, friends), ALICE.id) == []
    assert held(bob, friends) == 60


def test_certificates_alone_have_a_smaller_room_inside_of_that(bob: Replica) -> None:
    source = Person("puppet")
    outcome = bob.ingest.receive([one.certificate(NOW) for one in crowd("bare", 40)], source.id)
    assert {one.reason for one in outcome.later} == {Shortage.STRANGERS}
    assert bob.quota.others().graph_records == 6 + BARE
    bob.ingest.receive(puppet("late"), source.id)
    assert held(bob, [Person("late")]) == 0


def test_what_a_neighbor_brings_of_strangers_is_cut_down_to_their_room_when_all_is_here(bob: Replica) -> None:
    made_up = [one.certificate(NOW) for one in crowd("nobody", 140)]
    in_parts(bob, made_up, MALLORY.id)
    bob.quota.accounts.refresh()
    assert bob.quota.accounts.bare <= BARE
    assert bob.quota.others().graph_records <= 6 + BARE


def test_a_stranger_finds_room_once_somebody_i_vouch_for_vouches_for_them(bob: Replica) -> None:
    in_parts(bob, [one.certificate(NOW) for one in crowd("nobody", 140)], MALLORY.id)
    friend = Person("friend")
    vouch, certificate, *rest = behind(ALICE, [friend])[1:]
    bob.ingest.receive([vouch], ALICE.id)
    assert bob.ingest.receive([certificate, *rest], Person("a passer-by").id).later == []
    assert held(bob, [friend]) == 1


# --- fair shares -----------------------------------------------------------------------------------------------------


def test_one_introducer_alone_may_fill_all_the_room(bob: Replica) -> None:
    people = crowd("friend", 76)
    assert in_parts(bob, behind(ALICE, people), ALICE.id) == []
    assert held(bob, people) == 76


def test_what_was_borrowed_is_given_back_when_another_needs_it_and_only_that(bob: Replica) -> None:
    of_mallory, of_alice = crowd("sybil", 77), crowd("friend", 20)
    in_parts(bob, behind(MALLORY, of_mallory), MALLORY.id)
    assert codes(bob)[:1] == ["crowded"]
    for _ in range(4):  # asked for again, as a session does
        in_parts(bob, behind(ALICE, of_alice), ALICE.id)
    assert held(bob, of_alice) == 20
    assert 77 - 20 - 5 <= held(bob, of_mallory) <= 77 - 20 + 2


def test_a_second_flood_gets_an_equal_share_and_cannot_take_more(bob: Replica) -> None:
    of_mallory, of_alice = crowd("sybil", 77), crowd("friend", 100)
    in_parts(bob, behind(MALLORY, of_mallory), MALLORY.id)
    for _ in range(12):
        in_parts(bob, behind(ALICE, of_alice), ALICE.id)
        in_parts(bob, behind(MALLORY, of_mallory), MALLORY.id)
    assert abs(held(bob, of_mallory) - held(bob, of_alice)) <= 10
    assert bob.quota.others().graph_records <= ROOM + 4  # Alice and Mallory always find room
    assert {ALICE.id, MALLORY.id} <= set(bob.quota.filling())


def test_of_one_introducers_people_the_nearest_stay(bob: Replica) -> None:
    far = crowd("far", 70)
    hub = Person("hub")
    chain = [*behind(MALLORY, [hub]), *behind(hub, far)[1:]]
    in_parts(bob, [*chain[:3], hub.policy({MALLORY: 900, **dict.fromkeys(far, 900)}, now=NOW), *chain[5:]], MALLORY.id)
    assert held(bob, far) == 70
    near = crowd("near", 20)
    for _ in range(4):
        in_parts(bob, behind(MALLORY, [hub, *near]), MALLORY.id)
    assert held(bob, near) == 20
    assert held(bob, far) >= 45


def test_people_i_vouch_for_and_what_takes_something_back_always_find_room(bob: Replica) -> None:
    offer = CAROL.listing(now=NOW)
    bob.ingest.receive([offer], CAROL.id)
    in_parts(bob, behind(MALLORY, crowd("sybil", 80)), MALLORY.id)
    assert bob.ingest.receive([CAROL.profile(NOW), CAROL.withdrawal(offer, NOW)], CAROL.id).later == []


@pytest.mark.parametrize("seed", range(6))
def test_nodes_with_the_same_room_keep_the_same_people_in_whatever_order_they_come(bob: Replica, seed: int) -> None:
    """Each record is offered again until nothing changes, as sessions do."""

    def fill(node: Replica, chance: Random) -> set[PersonId]:
        offers = [(behind(MALLORY, crowd("sybil", 70)), MALLORY.id), (behind(ALICE, crowd("friend", 50)), ALICE.id)]
        for _ in range(20):
            chance.shuffle(offers)
            for records, source in offers:
                in_parts(node, records, source, chance.choice([10, 40, 500]))
        return {row.author for row in node.store.records.rows(kinds=(Kind.POLICY,), states=(RecordState.LIVE,))}

    other = replica_of("Bob")
    for person in (ALICE, CAROL, MALLORY):
        policy.vouch(other, person.id, 800)
        other.ingest.receive(behind(person, []), person.id)
    one_way, other_way = fill(bob, Random(seed)), fill(other, Random(seed + 100))
    assert len(one_way ^ other_way) <= 4  # at the edge of the room a person's certificate may be here and no policy


# --- certificates without policies ----------------------------------------------------------------------------------


def certificates(bob: Replica, author: PersonId) -> int:
    """Return how many certificates of this person are in use."""
    return len(list(bob.store.records.rows(kinds=(Kind.DEVICE,), author=author, states=(RecordState.LIVE,))))


def with_two_places_left(bob: Replica) -> Person:
    """Let Alice bring people until two places are left; return somebody for whom she vouches too, and is to bring.

    That person makes way for all the others.
    """
    *friends, last = sorted(crowd("friend", 20), key=lambda one: one.id)
    in_parts(bob, behind(ALICE, [*friends, last])[:-2], ALICE.id)
    assert (held(bob, friends), held(bob, [last])) == (19, 0)
    bob.quota.caps = bob.quota.caps._replace(graph_records=bob.quota.others().graph_records + 2)
    return last


def test_a_certificate_goes_when_no_room_is_found_for_the_policy(bob: Replica) -> None:
    last = with_two_places_left(bob)
    bob.ingest.receive([last.certificate(NOW), last.on("phone").certificate(NOW)], ALICE.id)
    assert certificates(bob, last.id) == 2
    gone: list[RecordId] = []
    bob.changes.subscribe(lambda change: gone.extend(row.id for row in change.ended))
    outcome = bob.ingest.receive([last.policy({ALICE: 900}, now=NOW)], ALICE.id)
    assert [one.reason for one in outcome.later] == [Shortage.INTRODUCER]
    assert certificates(bob, last.id) == 0
    assert sorted(gone) == sorted([last.certificate(NOW).id, last.on("phone").certificate(NOW).id])


def test_a_certificate_stays_when_no_room_is_found_for_another_certificate(bob: Replica) -> None:
    last = with_two_places_left(bob)
    bob.ingest.receive([last.certificate(NOW), last.on("phone").certificate(NOW)], ALICE.id)
    outcome = bob.ingest.receive([last.on("tablet").certificate(NOW)], ALICE.id)
    assert [one.reason for one in outcome.later] == [Shortage.INTRODUCER]
    assert certificates(bob, last.id) == 2


def test_a_policy_whose_certificate_was_let_go_in_the_same_batch_waits_for_it(bob: Replica) -> None:
    """There is room for it by then, since two certificates have gone."""
    last = with_two_places_left(bob)
    devices = (last, last.on("phone"))
    batch = [*(one.certificate(NOW) for one in devices), *(one.policy({ALICE: 900}, now=NOW) for one in devices)]
    bob.ingest.receive(batch, ALICE.id)
    policies = list(bob.store.records.rows(kinds=(Kind.POLICY,), author=last.id))
    assert [row.state for row in policies] == [RecordState.PENDING]
    assert held(bob, [last]) == 0


def test_a_certificate_stays_while_the_disk_is_too_full_for_the_policy(
    bob: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    friend = Person("friend")
    bob.ingest.receive([behind(ALICE, [friend])[1], friend.certificate(NOW)], ALICE.id)
    monkeypatch.setattr(Store, "disk", lambda _: (2**20, 10_000 * 2**20))
    outcome = bob.ingest.receive([friend.policy({ALICE: 900}, now=NOW)], ALICE.id)
    assert [one.reason for one in outcome.later] == [Shortage.DISK]
    assert certificates(bob, friend.id) == 1


# --- clearing --------------------------------------------------------------------------------------------------------


def test_a_block_deletes_whatever_hung_on_that_person_and_nothing_else(bob: Replica) -> None:
    of_mallory, of_alice, both = crowd("sybil", 30), crowd("friend", 10), Person("both")
    in_parts(bob, behind(MALLORY, [*of_mallory, both]), MALLORY.id)
    in_parts(bob, [*behind(ALICE, of_alice), *behind(ALICE, [*of_alice, both])[1:2]], ALICE.id)
    bob.ingest.receive([both.policy({MALLORY: 900, ALICE: 900}, now=NOW, version=2)], ALICE.id)
    blocks.block(bob, person_text(MALLORY.id))
    while bob.ingest.make_room():
        pass
    assert held(bob, of_mallory) == 0
    assert held(bob, [*of_alice, both]) == 11


def test_clearing_goes_in_slices(bob: Replica, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "EVICTED_AT_ONCE", 7)
    sybils = crowd("sybil", 30)
    in_parts(bob, behind(MALLORY, sybils), MALLORY.id)
    blocks.block(bob, person_text(MALLORY.id))
    left = [held(bob, sybils)]
    while bob.ingest.make_room():
        left.append(held(bob, sybils))
    assert left == [16, 9, 2]
    assert held(bob, sybils) == 0


def test_a_slice_of_clearing_ends_after_some_records_however_few_people_wrote_them(
    bob: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "EVICTED_RECORDS_AT_ONCE", 25)
    sybils = crowd("sybil", 8)
    in_parts(bob, behind(MALLORY, sybils), MALLORY.id)
    for one in sybils:
        bob.ingest.receive([one.listing(f"Post {number}", now=NOW) for number in range(20)], MALLORY.id)
    blocks.block(bob, person_text(MALLORY.id))
    left = [held(bob, sybils)]
    while bob.ingest.make_room():
        left.append(held(bob, sybils))
    assert left[0] > 0
    assert [before - after for before, after in pairwise(left)] == [2] * (len(left) - 1)
    assert held(bob, sybils) == 0


def test_after_unvouching_those_behind_share_the_room_of_strangers(bob: Replica) -> None:
    in_parts(bob, behind(MALLORY, crowd("sybil", 60)), MALLORY.id)
    policy.vouch(bob, MALLORY.id, 0)
    while bob.ingest.make_room():
        pass
    bob.quota.accounts.refresh()
    assert bob.quota.accounts.use(None).graph_records <= STRANGERS


@pytest.mark.parametrize("beside", [[], ["post"]])
def test_those_behind_whom_a_contact_drops_stay_until_room_is_short(bob: Replica, beside: list[str]) -> None:
    """Only the owner's own word clears at once: what others change moves records to the account of strangers."""
    of_mallory = crowd("sybil", 60)
    in_parts(bob, behind(MALLORY, of_mallory), MALLORY.id)
    in_parts(bob, [one.policy({MALLORY: 900, BOB: 900}, now=NOW, version=2) for one in of_mallory], MALLORY.id)
    before = held(bob, of_mallory)
    posts = [BOB.listing(title, now=NOW) for title in beside]
    bob.ingest.receive([MALLORY.policy({BOB: 900}, now=NOW, version=99, stamp=99), *posts])
    while bob.ingest.make_room():
        pass
    assert held(bob, of_mallory) == before > STRANGERS


def test_a_block_from_another_own_device_clears_though_other_records_come_with_it(bob: Replica) -> None:
    of_mallory, phone = crowd("sybil", 30), BOB.on("phone")
    in_parts(bob, behind(MALLORY, of_mallory), MALLORY.id)
    bob.ingest.receive([phone.certificate(NOW)])
    bob.ingest.receive([phone.policy({}, [MALLORY], now=NOW), ALICE.listing(now=NOW)], BOB.id)
    while bob.ingest.make_room():
        pass
    assert held(bob, of_mallory) == 0


# --- held records ----------------------------------------------------------------------------------------------------


def test_records_that_wait_count_for_the_introducer_of_the_people_who_bring_them(
    bob: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PENDING_FROM_ONE_MAX", 10)
    monkeypatch.setattr(limits, "PENDING_FROM_STRANGERS_MAX", 4)
    puppets, sybils = crowd("puppet", 5), crowd("sybil", 5)
    in_parts(bob, behind(MALLORY, sybils), MALLORY.id)
    posts = [Person(f"unknown {number}").listing(now=NOW) for number in range(100)]
    for at, one in enumerate([*puppets, *sybils, ALICE]):
        bob.ingest.receive(posts[8 * at : 8 * at + 8], one.id)
    by_source = bob.store.records.pending_by_source()
    assert sum(by_source.get(one.id, 0) for one in puppets) == 4
    assert sum(by_source.get(one.id, 0) for one in sybils) == 10
    assert by_source[ALICE.id] == 8


# --- the figures -----------------------------------------------------------------------------------------------------


PEOPLE = crowd("person", 5)
STEPS = st.tuples(st.sampled_from(range(5)), st.lists(st.sampled_from(range(8)), max_size=3), st.integers(0, 900))


@settings(max_examples=40, deadline=None)
@given(st.lists(STEPS, max_size=12))
def test_figures_that_are_kept_equal_those_that_are_counted_again(steps: list[tuple[int, list[int], int]]) -> None:
    everybody = [*PEOPLE, BOB, Person("far"), Person("farther")]
    bob = replica_of("Bob")
    accounts = bob.quota.accounts
    for version, (who, vouches, weight) in enumerate(steps, 1):
        given: dict[Person | bytes, int] = {everybody[other]: 900 for other in vouches if other != who}
        records = [PEOPLE[who].certificate(NOW), PEOPLE[who].policy(given, now=NOW, version=version)]
        bob.ingest.receive([*records, PEOPLE[who].listing(f"{version}", now=NOW)], PEOPLE[who].id)
        policy.vouch(bob, PEOPLE[who].id, weight)
        if weight % 3 == 0:
            bob.store.records.delete([records[0].id])
            bob.trust_state.refresh(bob.store, [PEOPLE[who].id])
        accounts.refresh()
        again = Accounts(bob.store.records, Introducers(bob.trust_state, bob.me), bob.me)
        bob.store.records._usage._changed = None  # the new object counts everything
        again.refresh()
        assert again.uses() == {account: use for account, use in accounts.uses().items() if use != StoreUsage()}
        assert again.bare == accounts.bare
        total = StoreUsage()
        for use in accounts.uses().values():
            total.add_all(replace(use))
        assert total == bob.quota.others()


# --- memory ----------------------------------------------------------------------------------------------------------


def test_listings_each_with_a_place_of_its_own_fill_only_the_memory_that_is_meant_for_them(
    bob: Replica,
) -> None:
    """A listing with its own place is small on the wire and large in memory; its room goes by the latter."""
    friend, cells = Person("friend"), sorted(h3.grid_disk(h3.latlng_to_cell(52.5, 13.4, 8), 10))
    in_parts(bob, behind(ALICE, [friend]), ALICE.id)
    room = 40 * (limits.LISTING_MEMORY + limits.PLACE_MEMORY)
    bob.quota.caps = bob.quota.caps._replace(resident=bob.quota.others().resident + room)
    posts = [friend.listing(f"Post {number}", now=NOW, place=cell) for number, cell in enumerate(cells)]
    outcome = bob.ingest.receive(posts, ALICE.id)
    assert len(outcome.kept) == 40
    assert {one.reason for one in outcome.later} == {Shortage.INTRODUCER}
    assert bob.quota.others().placed == bob.quota.others().listings == 40
    bob.ingest.receive([friend.withdrawal(posts[0], NOW)], ALICE.id)
    assert bob.quota.others().placed == 39


def test_memory_is_shared_by_introducers_like_all_other_room(bob: Replica) -> None:
    sybil, friend = Person("sybil"), Person("friend")
    in_parts(bob, behind(MALLORY, [sybil]), MALLORY.id)
    in_parts(bob, behind(ALICE, [friend]), ALICE.id)
    bob.quota.caps = bob.quota.caps._replace(resident=bob.quota.others().resident + 40 * limits.LISTING_MEMORY)
    bob.ingest.receive([sybil.listing(f"Post {number}", now=NOW) for number in range(60)], MALLORY.id)
    assert len(bob.ingest.receive([friend.listing("Ladder", now=NOW)], ALICE.id).kept) == 1


@pytest.mark.parametrize("seed", range(20))
def test_no_policy_is_in_use_whose_certificate_has_made_way(seed: int) -> None:
    """Where room is short, people bring parts of what they know of a web, in any order and again and again."""
    chance, bob = Random(seed), replica_of("Bob")
    bob.quota.caps = bob.quota.caps._replace(graph_records=chance.choice((16, 24, 48)))
    near, everybody = (ALICE, CAROL, MALLORY), [ALICE, CAROL, MALLORY, *crowd("neighbor", 40)]
    for person in near:
        bob.ingest.receive([person.certificate(NOW)], person.id)
        policy.vouch(bob, person.id, chance.choice((300, 600, 900)))
    records = []
    for person in everybody:
        friends = chance.sample([other for other in everybody if other is not person], 4)
        vouches: dict[Person | bytes, int] = {friend: chance.choice((500, 900)) for friend in friends}
        vouches |= {BOB: 900} if person in near else {}
        records.append((person.certificate(NOW), person.policy(vouches, now=NOW)))
    for _ in range(60):
        known = chance.sample(records, chance.randint(1, 6))
        bob.ingest.receive([one for both in known for one in both if chance.random() < 0.9], chance.choice(near).id)
        in_use = bob.store.records.rows(kinds=(Kind.POLICY,), states=(RecordState.LIVE,))
        assert all(bob.trust_state.certified(row.author, row.device) for row in in_use)
