"""Posts and letters that their author has withdrawn leave a node at once, whatever it knows of the author's policy by then.

A withdrawal must not become a way to fill the room of others: one of a letter that is not held here is decided about like
any other letter.
"""

from __future__ import annotations

from itertools import product

import pytest

from meshnode.app.owner import policy
from meshnode.replica.replica import Replica
from meshnode.store import RecordState
from protocol import Kind, Letter, Record, limits
from protocol.limits import DAY
from tests.support.clock import FakeClock
from tests.support.network import replica_of
from tests.support.people import NOW, Person, grown

ALICE, BOB, CAROL = Person("Alice"), Person("Bob"), Person("Carol")
PHONE = ALICE.on("phone")
KINDS = ("letter", "listing")
KNOWN, TO_COME = 1, 2
"""Versions of Alice's policy: Bob has the first, and the second is still on its way."""


def bob() -> Replica:
    """Return the node of Bob, who carries letters of Alice's and may see what she posts."""
    replica = replica_of("Bob", clock=FakeClock(NOW))
    policy.vouch(replica, ALICE.id, 900)
    replica.ingest.receive([ALICE.certificate(), ALICE.policy({BOB.id: 900})], ALICE.id)
    return replica


def written(kind: str, under: int = KNOWN, number: int = 0) -> Record:
    """Return a letter to somebody else, or a post, that Alice has written under this version of her policy."""
    if kind == "listing":
        return ALICE.listing(f"Ladder {number}", policy_version=under)
    body = Letter(
        grown("salt", size=16),
        grown("tag", number, size=16),
        tuple(bytes([box]) * 80 for box in range(4)),
        bytes(24),
        bytes(528),
    )
    slot = grown("letter", number, size=16)
    return ALICE.record(Kind.LETTER, slot, body, life=limits.LETTER_LIFE, policy_version=under)


def by_phone(record: Record, under: int) -> Record:
    """Return the withdrawal of it by another device of Alice's."""
    return PHONE.withdrawal(record, policy_version=under)


def is_held(replica: Replica, record: Record) -> bool:
    """Whether its text is held, and served to others."""
    rows = replica.store.records.rows_of([record.id])
    return any(row.state == RecordState.LIVE and row.complete for row in rows)


def started_again(replica: Replica) -> Replica:
    return Replica.open(
        replica.store, replica.me, replica.keys, replica.clock, replica.entropy, identity=replica.identity
    )


@pytest.mark.parametrize("starts_again", [False, True], ids=["it runs on", "it starts again"])
@pytest.mark.parametrize("under", [KNOWN, TO_COME], ids=["policy known", "policy to come"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_was_withdrawn_is_gone_in_whatever_order_both_come(kind: str, under: int, *, starts_again: bool) -> None:
    thing = written(kind)
    withdrawal = ALICE.withdrawal(thing, policy_version=under)
    for order in ([thing], [withdrawal]), ([withdrawal], [thing]), ([thing, withdrawal], []), ([withdrawal, thing], []):
        replica = bob()
        replica.ingest.receive(order[0], ALICE.id)
        if starts_again:
            replica = started_again(replica)
        replica.ingest.receive(order[1], ALICE.id)
        if order[0] == [thing]:
            replica.ingest.receive([withdrawal], ALICE.id)
        assert not is_held(replica, thing), order
        assert replica.store.records.newest(thing.register) == withdrawal


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_withdrawn_is_gone_however_late_certificate_and_policies_come(kind: str) -> None:
    """All orders in which a thing, its withdrawal by another device, the certificate of that and a policy may come."""
    for under, before in product((KNOWN, TO_COME), repeat=2):
        thing = written(kind, before)
        parts = [thing, by_phone(thing, under), PHONE.certificate(), PHONE.policy(version=1)]
        parts.append(ALICE.policy({BOB.id: 900}, version=2))
        for order in range(len(parts)):
            replica = bob()
            for part in (*parts[order:], *parts[:order]):
                replica.ingest.receive([part], ALICE.id)
            assert not is_held(replica, thing), (under, before, order)


@pytest.mark.parametrize("kind", KINDS)
def test_a_withdrawal_by_a_device_without_a_certificate_takes_back_what_is_held_as_soon_as_that_comes(
    kind: str,
) -> None:
    replica, thing = bob(), written(kind)
    replica.ingest.receive([thing], ALICE.id)
    replica.ingest.receive([by_phone(thing, TO_COME)], ALICE.id)
    assert is_held(replica, thing)  # anybody could have written it
    replica.ingest.receive([PHONE.certificate()], ALICE.id)
    assert not is_held(replica, thing)


def test_nobody_withdraws_the_letter_of_another_person() -> None:
    replica, letter = bob(), written("letter")
    replica.ingest.receive([letter, CAROL.certificate()], ALICE.id)
    replica.ingest.receive([CAROL.withdrawal(letter)], CAROL.id)
    assert is_held(replica, letter)


def test_withdrawals_of_letters_that_are_not_held_take_no_room_while_their_policy_is_unknown() -> None:
    replica = bob()
    for number in range(40):
        letter = written("letter", number=number)
        replica.ingest.receive([ALICE.withdrawal(letter, policy_version=TO_COME)], ALICE.id)
    assert replica.store.records.usage_of(ALICE.id).letter_records == 0
    assert replica.store.records.count_pending() == 40  # a room of its own, which is shared out by introducer


def test_a_letter_that_is_withdrawn_again_and_again_takes_less_room_than_it_did() -> None:
    replica, letter = bob(), written("letter")
    replica.ingest.receive([letter], ALICE.id)
    size = replica.store.records.usage_of(ALICE.id).letter_bytes
    newest = letter
    for day in range(5):
        newest = ALICE.withdrawal(newest, NOW + day, expires=NOW + 20 * DAY, policy_version=TO_COME)
        replica.ingest.receive([newest], ALICE.id)
    use = replica.store.records.usage_of(ALICE.id)
    assert (use.letters, use.letter_records) == (0, 1)
    assert use.letter_tombstone_bytes < size


@pytest.mark.parametrize("kind", KINDS)
def test_a_carrier_tells_those_who_have_it_from_it(kind: str) -> None:
    """The withdrawal ends the use of what was held, so it is among what a commit says has ended."""
    replica, thing = bob(), written(kind)
    replica.ingest.receive([thing], ALICE.id)
    ended: list[bytes] = []
    replica.changes.subscribe(lambda change: ended.extend(row.id for row in change.ended))
    replica.ingest.receive([ALICE.withdrawal(thing, policy_version=TO_COME)], ALICE.id)
    assert ended == [thing.id]


def test_a_letter_that_is_taken_back_as_soon_as_it_comes_counts_as_neither_stored_nor_held() -> None:
    replica, letter = bob(), written("letter")
    withdrawal = ALICE.withdrawal(letter, policy_version=TO_COME)
    replica.ingest.receive([withdrawal], ALICE.id)
    stored: list[bytes] = []
    replica.changes.subscribe(lambda change: stored.extend(row.id for row in change.stored))
    assert replica.ingest.receive([letter], ALICE.id).stored == stored == [withdrawal.id]
