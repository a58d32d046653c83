"""One person with very many devices: 16 of them count, by rank; 1,000 vouches over all; only a changed policy is parsed."""

from __future__ import annotations

import random
from unittest.mock import patch

import pytest

from meshnode.app.owner import policy
from meshnode.errors import Refused
from meshnode.replica import trust_state as module
from meshnode.replica.access import AccessPolicy
from meshnode.replica.bodies import readable_body
from meshnode.replica.replica import Replica
from protocol import Audience, Kind, Record, limits
from protocol.trust import devices_that_count, merge
from tests.support.knowledge import Knowledge
from tests.support.mesh import EPOCH, Mesh, Node
from tests.support.people import Person, grown
from tests.support.statements import merged

MALLORY = Person("Mallory")
DEVICES = sorted((MALLORY.on(f"device {number}") for number in range(40)), key=lambda one: one.device)
COUNTING = {one.device for one in DEVICES[: limits.DEVICES_MAX]}


def node() -> Node:
    """Return the node of Alice, who vouches for Mallory."""
    alone = Mesh(62).add("Alice")
    policy.vouch(alone.replica, MALLORY.id, 900)
    return alone


def alice() -> Replica:
    return node().replica


def records() -> list[Record]:
    """Return what all devices of Mallory write: each vouches for Alice and for one more person, and posts something."""
    return [
        record
        for number, one in enumerate(DEVICES)
        for record in (
            one.certificate(EPOCH),
            one.policy({grown("somebody", number): 500}, now=EPOCH),
            one.listing(f"Drill {number}", now=EPOCH, audience=Audience.NETWORK_WIDE),
        )
    ] + [DEVICES[0].policy({grown("somebody", 0): 500}, now=EPOCH, version=2, min_valid_version=1)]


def receive(replica: Replica, order: list[Record]) -> None:
    for start in range(0, len(order), 7):
        replica.ingest.receive(order[start : start + 7], MALLORY.id)


def counted(replica: Replica) -> tuple[set[bytes], dict[bytes, int], set[bytes]]:
    """Return which devices count, for whom Mallory vouches, and which devices' posts Alice may have."""
    held = replica.trust_state.policy(MALLORY.id)
    access = AccessPolicy(replica.trust_state, replica.me)
    shown = {
        row.device
        for row in replica.store.records.rows(kinds=(Kind.LISTING,), author=MALLORY.id)
        if access.may_have(replica.me, row, EPOCH).value == "allow"
    }
    assert held is not None
    return {one.device for one in replica.trust_state.devices(MALLORY.id)}, dict(held.vouches), shown


def settled(replica: Replica, order: list[Record]) -> Replica:
    """Let the replica receive everything, and again what was not kept, as a later session would bring it."""
    befriends = [DEVICES[0].certificate(EPOCH), DEVICES[0].policy({replica.me: 900}, now=EPOCH)]
    replica.ingest.receive(befriends, MALLORY.id)
    receive(replica, [*order, DEVICES[0].policy({replica.me: 900}, now=EPOCH, version=3, stamp=3, min_valid_version=1)])
    return replica


def test_the_sixteen_with_the_lowest_keys_count_in_whatever_order_they_come() -> None:
    outcomes = []
    for seed in range(4):
        order = records()
        random.Random(seed).shuffle(order)
        outcomes.append(counted(settled(alice(), order)))
    devices, vouches, shown = outcomes[0]
    assert devices == COUNTING
    assert {grown("somebody", number) for number in range(1, 16)} <= vouches.keys()
    assert not {grown("somebody", number) for number in range(16, 40)} & vouches.keys()
    assert shown <= COUNTING
    assert all(other[0] == devices and other[1].keys() - {bytes(32)} == vouches.keys() for other in outcomes[1:])


@pytest.mark.parametrize("seed", range(6))
def test_the_model_counts_the_same_devices_after_every_batch_in_any_order(seed: int) -> None:
    """Also while some devices are revoked: the model works out from the held records which of the others count."""
    alone, chance = node(), random.Random(seed)
    order = [one for one in records() if one.register != DEVICES[0].policy(now=EPOCH).register]
    order += [one.revocation(EPOCH) for one in chance.sample(DEVICES[1:], 8)]
    chance.shuffle(order)
    first = [DEVICES[0].certificate(EPOCH), DEVICES[0].policy({alone.person: 900}, now=EPOCH, stamp=2)]
    alone.replica.ingest.receive(first, MALLORY.id)
    for start in range(0, len(order), 15):
        alone.replica.ingest.receive(order[start : start + 15], MALLORY.id)
        assert list(Knowledge(alone).faults()) == []


def test_the_model_counts_the_same_of_too_many_vouches() -> None:
    chance = random.Random(5)
    people = [grown("somebody", number) for number in range(1300)]
    for _ in range(5):
        said = [
            one.policy_body({who: chance.choice([0, 400, 800]) for who in chance.sample(people, 700)}, stamp=stamp)
            for one, stamp in zip(DEVICES[:4], chance.choices(range(1, 4), k=4), strict=True)
        ]
        effective, model = merge(said), merged(said)
        assert len(effective.vouches) <= limits.VOUCHES_MAX
        assert dict(effective.vouches) == dict(model.vouches)


def test_when_one_of_the_sixteen_is_revoked_the_next_one_counts() -> None:
    replica = settled(alice(), records())
    replica.ingest.receive([DEVICES[3].revocation(EPOCH)], MALLORY.id)
    devices, vouches, _ = counted(replica)
    assert devices == (COUNTING | {DEVICES[16].device}) - {DEVICES[3].device}
    assert grown("somebody", 16) in vouches
    assert grown("somebody", 3) not in vouches


def test_devices_whose_certificates_are_past_count_after_all_others() -> None:
    keys = [bytes([number]) * 32 for number in range(20)]
    assert devices_that_count(keys[4:], keys[:4]) == frozenset(keys[4:])
    assert devices_that_count(keys[10:], keys[:10]) == frozenset([*keys[10:], *keys[:6]])


def test_a_change_of_one_policy_parses_no_policy_of_its_author_again() -> None:
    replica = settled(alice(), records())
    changed = DEVICES[5].policy({grown("another"): 700}, now=EPOCH, version=9, stamp=9)
    with patch.object(module, "readable_body", wraps=readable_body) as parsed:
        replica.ingest.receive([changed], MALLORY.id)
    kinds = [call.args[0].header.kind for call in parsed.call_args_list]
    assert Kind.POLICY not in kinds
    held = replica.trust_state.policy(MALLORY.id)
    assert held is not None
    assert held.vouches[grown("another")] == 700


def test_the_owner_cannot_vouch_for_more_people_than_count() -> None:
    replica = Mesh(62).add("Alice").replica
    with patch("protocol.limits.VOUCHES_MAX", 2):
        for number in range(2):
            policy.vouch(replica, grown("one", number), 500)
        with pytest.raises(Refused):
            policy.vouch(replica, grown("one", 3), 500)
        policy.vouch(replica, grown("one", 0), 0)
        policy.vouch(replica, grown("one", 3), 500)
