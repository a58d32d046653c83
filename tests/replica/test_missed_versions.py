"""A node that has missed a version of a policy: what was taken back in it stays so, though its entry has made room since."""

from __future__ import annotations

import pytest

from meshnode.app.owner import policy
from meshnode.replica.replica import Replica
from protocol import Block, Kind, Policy, Record, Vouch, limits
from protocol.numbers import Stamp
from protocol.trust import block_tag
from tests.support.network import replica_of
from tests.support.people import Person

ALICE, CAROL, DAVE = Person("Alice"), Person("Carol"), Person("Dave")
SALT = bytes(16)


def said(bob: Replica, version: int, clock: int, *vouches: Vouch, floor: int, blocks: tuple[Block, ...] = ()) -> Record:
    """Return a version of Alice's policy whose minimum valid version is `floor`; she always vouches for Bob."""
    body = Policy(SALT, Stamp(clock), (Vouch(bob.me, 900, 1), *vouches), blocks)
    now = bob.clock.now()
    return ALICE.record(
        Kind.POLICY, ALICE.slot, body, now, version=version, life=limits.POLICY_LIFE, min_valid_version=floor
    )


def node() -> Replica:
    """Return the node of Bob, who vouches for Alice and holds her certificate."""
    bob = replica_of("Bob")
    policy.vouch(bob, ALICE.id, 900)
    bob.ingest.receive([ALICE.certificate(bob.clock.now())], ALICE.id)
    return bob


@pytest.mark.parametrize("missed", [True, False])
def test_a_vouch_that_was_taken_back_stays_so_though_the_entry_has_made_room(missed: bool) -> None:
    bob = node()
    first = said(bob, 1, 2, Vouch(CAROL.id, 900, 2), floor=1)
    taken_back = said(bob, 2, 3, Vouch(CAROL.id, 0, 3), floor=2)
    dropped = said(bob, 3, 4, Vouch(DAVE.id, 800, 4), floor=2)
    for one in [first, dropped] if missed else [first, taken_back, dropped]:
        bob.ingest.receive([one], ALICE.id)
    graph = bob.trust_state.graph
    assert graph.weight(ALICE.id, CAROL.id) == 0
    assert graph.weight(ALICE.id, DAVE.id) == 800
    assert graph.weight(ALICE.id, bob.me) == 900


def test_a_block_whose_end_was_missed_holds_until_the_version_that_made_it_has_expired() -> None:
    bob = node()
    tag = block_tag(ALICE.id, CAROL.id)
    bob.ingest.receive([said(bob, 1, 2, floor=1, blocks=(Block(tag, True, 2),))], ALICE.id)
    later = said(bob, 3, 4, Vouch(DAVE.id, 800, 4), floor=1)  # version 2 ended the block
    bob.ingest.receive([later], ALICE.id)
    assert bob.trust_state.graph.blocks(ALICE.id, CAROL.id)
    assert bob.trust_state.graph.weight(ALICE.id, DAVE.id) == 800
