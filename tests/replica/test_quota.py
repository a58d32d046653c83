"""Quotas: how much one author may store here, and what always fits. test_accounts.py has who answers for authors."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from meshnode.app import upkeep
from meshnode.app.explain.status import NetworkState, problems
from meshnode.app.owner import policy
from meshnode.clock import ClockMemory
from meshnode.replica.policy_pace import PolicyPace
from meshnode.replica.quota import Quota
from meshnode.replica.replica import Replica
from meshnode.store import Store
from protocol import Kind, Record, limits
from protocol.letters import Introduction, seal
from tests.support.chains import begun, join_record
from tests.support.clock import FakeClock
from tests.support.network import replica_of
from tests.support.people import NOW, Person, grown

MEGABYTE = 1024 * 1024
ALICE, CAROL, MALLORY, NORA = (Person(name) for name in ("Alice", "Carol", "Mallory", "Nora"))


def crowd(count: int, now: int) -> Iterator[Record]:
    """Certificates of Sybils."""
    for number in range(count):
        yield Person(f"nobody {number}").certificate(now)


@pytest.fixture
def bob(monkeypatch: pytest.MonkeyPatch) -> Replica:
    """A node that stores thirty certificates, policies, profiles and joins of others."""
    monkeypatch.setattr(limits, "GRAPH_RECORDS_MAX", 30)
    bob = replica_of("Bob")
    policy.vouch(bob, ALICE.id, 800)
    return bob


def test_people_i_vouch_for_are_admitted_when_the_store_is_full(bob: Replica) -> None:
    now = bob.clock.now()
    bob.ingest.receive(list(crowd(100, now)), MALLORY.id)
    bob.ingest.receive(list(crowd(200, now))[100:], NORA.id)
    assert bob.ingest.receive([CAROL.certificate(now)], NORA.id).kept == []
    mine = [ALICE.certificate(now), ALICE.policy({bob.me: 800}, now=now), ALICE.profile(now)]
    assert len(bob.ingest.receive(mine, MALLORY.id).kept) == 3


def test_a_withdrawal_is_admitted_when_its_author_is_at_the_limit(
    bob: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = bob.clock.now()
    offer = ALICE.listing(now=now)
    bob.ingest.receive([ALICE.certificate(now), ALICE.policy({bob.me: 800}, now=now), offer], ALICE.id)
    monkeypatch.setattr(limits, "AUTHOR_BYTES_MAX", bob.store.records.bytes_of(ALICE.id))
    monkeypatch.setattr(limits, "AUTHOR_RECORDS_MAX", bob.store.records.count(ALICE.id))
    withdrawal = ALICE.withdrawal(offer, now)
    outcome = bob.ingest.receive([ALICE.listing("Another", now=now), withdrawal], ALICE.id)
    assert outcome.kept == [withdrawal.id]


@pytest.mark.parametrize("backwards", [False, True], ids=["ascending", "descending"])
def test_the_same_joins_of_a_person_count_in_whatever_order_they_come(
    monkeypatch: pytest.MonkeyPatch, *, backwards: bool
) -> None:
    monkeypatch.setattr(limits, "GROUPS_MAX", 3)
    bob = replica_of("Bob")
    policy.vouch(bob, ALICE.id, 800)
    now = bob.clock.now()
    bob.ingest.receive([ALICE.certificate(now), ALICE.policy({bob.me: 800}, now=now)], ALICE.id)
    joins = sorted((begun(ALICE, f"Group {number}") for number in range(8)), key=lambda join: join.group_id)
    for join in reversed(joins) if backwards else joins:
        bob.ingest.receive([join_record(ALICE, join, now=now)], ALICE.id)
    assert list(bob.trust_state.groups.groups_of(ALICE.id)) == [join.group_id for join in joins[:3]]


def letter_of(author: Person, number: int, now: int, to: bytes = NORA.id) -> Record:
    """A letter that nobody here can open."""
    slot = grown(author.name, "letter", number, size=16)
    sealed = seal(
        Introduction(NORA.id, "Nora", "", (NORA.certificate(now),)),
        author=author.id,
        addressee=to,
        slot=slot,
        letter_keys=[NORA.keys.letter_public],
        entropy=grown("entropy", number),
    )
    return author.record(Kind.LETTER, slot, sealed, now, life=limits.LETTER_LIFE)


def known(bob: Replica, *people: Person) -> int:
    """Let Bob hold the certificates and policies of these people, whom Bob knows through Alice; return the time."""
    now = bob.clock.now()
    policy.vouch(bob, ALICE.id, 800)
    vouches: dict[Person | bytes, int] = {bob.me: 900, **{one: 900 for one in people if one != ALICE}}
    bob.ingest.receive([ALICE.certificate(now), ALICE.policy(vouches, now=now)], ALICE.id)
    for one in people:
        bob.ingest.receive([one.certificate(now), one.policy({bob.me: 900, ALICE: 900}, now=now)], one.id)
    return now


@pytest.mark.parametrize("vouched", [True, False], ids=["whom I vouch for", "who is brought by others"])
def test_letters_and_withdrawn_letters_never_take_the_place_of_what_their_author_posts(
    monkeypatch: pytest.MonkeyPatch, *, vouched: bool
) -> None:
    bob = replica_of("Bob")
    author = ALICE if vouched else CAROL
    policy.vouch(bob, ALICE.id, 800)
    now = known(bob, ALICE, author)
    monkeypatch.setattr(limits, "AUTHOR_RECORDS_MAX", 2 + 3)  # certificate, policy, and three posts
    sent = [letter_of(author, number, now) for number in range(20)]
    assert len(bob.ingest.receive(sent, ALICE.id).kept) == 20
    taken_back = [author.withdrawal(letter, now) for letter in sent[:15]]
    assert len(bob.ingest.receive(taken_back, ALICE.id).kept) == 15
    posts = [author.listing(f"Post {number}", now=now) for number in range(5)]
    assert len(bob.ingest.receive(posts, ALICE.id).kept) == 3
    assert len(bob.ingest.receive([letter_of(author, 99, now)], ALICE.id).kept) == 1  # nor the other way round


def test_letters_of_others_take_no_room_from_posts_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "FOREIGN_BYTES_MAX", 12_000)
    bob = replica_of("Bob")
    now = known(bob, MALLORY, CAROL)
    letters = [letter_of(MALLORY, number, now) for number in range(40)]
    assert sum(len(letter.wire) for letter in letters) > 12_000
    assert len(bob.ingest.receive(letters, MALLORY.id).kept) == 40
    bob.ingest.receive([MALLORY.withdrawal(letter, now) for letter in letters], MALLORY.id)
    assert len(bob.ingest.receive([CAROL.listing(now=now)], MALLORY.id).kept) == 1


def test_letters_to_others_leave_room_for_letters_to_me(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LETTERS_MAX", 6)
    bob = replica_of("Bob")
    now = known(bob, MALLORY)
    many = [letter_of(MALLORY, number, now) for number in range(10)]
    assert len(bob.ingest.receive(many, MALLORY.id).kept) == 6
    to_me = [letter_of(MALLORY, number, now, bob.me) for number in range(20, 40)]
    assert len(bob.ingest.receive(to_me, MALLORY.id).kept) == 6
    assert len(bob.ingest.receive([MALLORY.listing(now=now)], MALLORY.id).kept) == 1


def test_who_writes_and_withdraws_letters_without_end_fills_one_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "AUTHOR_LETTER_REGISTERS_MAX", 30)
    bob = replica_of("Bob")
    now = known(bob, MALLORY)
    for number in range(50):
        letter = letter_of(MALLORY, number, now)
        bob.ingest.receive([letter], MALLORY.id)
        bob.ingest.receive([MALLORY.withdrawal(letter, now)], MALLORY.id)
    assert bob.store.records.usage_of(MALLORY.id).letter_records == 30
    assert len(bob.ingest.receive([MALLORY.listing(now=now)], MALLORY.id).kept) == 1


def test_on_a_nearly_full_disk_only_own_records_are_stored(bob: Replica, monkeypatch: pytest.MonkeyPatch) -> None:
    now = bob.clock.now()
    monkeypatch.setattr(Store, "disk", lambda _: (49 * MEGABYTE, 10_000 * MEGABYTE))
    assert bob.ingest.receive([ALICE.certificate(now)], ALICE.id).kept == []
    policy.vouch(bob, CAROL.id, 500)
    assert policy.weight(bob, CAROL.id) == 500
    assert [problem.code for problem in problems(bob, NetworkState(ready=True))][:1] == ["disk_full"]


@pytest.mark.parametrize(
    ("size", "enough"), [(1_000_000, 50), (5000, 50), (4000, 40), (1000, 10), (800, 8), (200, 8), (20, 8)]
)
def test_a_hundredth_of_the_disk_or_enough_to_go_on_with_is_not_nearly_full(
    bob: Replica, monkeypatch: pytest.MonkeyPatch, size: int, enough: int
) -> None:
    """The table is in megabytes."""
    for free in (enough, enough + 1, enough - 1):
        quota = Quota(bob.store, bob.trust_state, bob.introducers, bob.me, PolicyPace(bob.clock))
        monkeypatch.setattr(Store, "disk", lambda _, free=free: (free * MEGABYTE, size * MEGABYTE))
        assert quota.disk_is_full == (free < enough)


def test_a_disk_that_was_full_must_have_a_quarter_more_free_to_count_as_free(
    bob: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    for free in (50, 49, 50, 62, 63, 50, 49):
        monkeypatch.setattr(Store, "disk", lambda _, free=free: (free * MEGABYTE, 10_000 * MEGABYTE))
        seen.append(bob.quota.disk_is_full)
    assert seen == [False, True, True, True, False, False, True]


def test_certificates_of_people_without_other_records_are_deleted_after_a_while() -> None:
    clock = FakeClock(NOW, memory=ClockMemory(floor=NOW, careful=NOW))
    bob = replica_of("Bob", clock=clock)
    now = bob.clock.now()
    policy.vouch(bob, ALICE.id, 800)
    bob.ingest.receive([ALICE.certificate(now), NORA.certificate(now), NORA.policy({bob.me: 500}, now=now)], MALLORY.id)
    bob.ingest.receive([*crowd(5, now), CAROL.revocation(now)], MALLORY.id)
    clock.advance(limits.PENDING_LIFE)
    upkeep.upkeep(bob)
    assert len(bob.trust_state.people()) == 9
    clock.advance(limits.HOUR)
    upkeep.upkeep(bob)
    assert bob.trust_state.people() == {bob.me, ALICE.id, NORA.id}
