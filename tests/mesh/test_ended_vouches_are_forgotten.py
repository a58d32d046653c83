"""A vouch that was taken back leaves the policies once no version of them anywhere can give it, and never comes back."""

from __future__ import annotations

import pytest

from meshnode.app.owner import policy
from meshnode.app.people import cards
from meshnode.replica import authoring
from protocol import Kind, Policy, Vouch, device_slot, limits
from protocol.numbers import Stamp
from protocol.trust import block_tag
from tests.support.mesh import Mesh
from tests.support.mesh_devices import replica, revoke, village
from tests.support.mesh_people import block, person, unblock, vouch
from tests.support.people import grown

LONG = 4 * limits.POLICY_LIFE  # every device has renewed its policy several times, and every older version has ended


def lone(seed: int = 73) -> Mesh:
    mesh = Mesh(seed)
    mesh.add("Laptop")
    mesh.settle()
    return mesh


def said(mesh: Mesh, device: str) -> Policy:
    """Return the policy of one of Alice's devices."""
    found = policy.register_of(replica(mesh, "Laptop"), replica(mesh, device).device)
    assert found is not None
    return found


def fill(mesh: Mesh, device: str, weight: int, people: int = limits.VOUCHES_MAX) -> None:
    """Let a device of Alice's vouch for so many people who do not exist; 0 takes it back."""
    before = policy.register_of(replica(mesh, device), replica(mesh, device).device)
    known = before.clock if before is not None else 0
    stamp = Stamp(max(known, said(mesh, "Laptop").clock) + 1)
    vouches = tuple(Vouch(grown(number), weight, stamp) for number in range(people))
    kept = (
        ()
        if before is None
        else tuple(one for one in before.vouches if one.subject not in {v.subject for v in vouches})
    )
    body = Policy(bytes(16), stamp, (*kept, *vouches)[: limits.VOUCHES_MAX])
    slot = device_slot(replica(mesh, device).device)
    authoring.write(replica(mesh, device), Kind.POLICY, slot, body, life=limits.POLICY_LIFE, may_reduce_access=True)
    mesh.settle()


def pass_by(mesh: Mesh, seconds: int) -> None:
    """Let time pass, a few days at a time."""
    for _ in range(seconds // (5 * limits.DAY)):
        mesh.advance(5 * limits.DAY)


def taken_back(mesh: Mesh, device: str) -> int:
    register = said(mesh, device)
    return sum(one.weight == 0 for one in register.vouches) + sum(not one.blocked for one in register.blocks)


def test_what_was_taken_back_on_the_only_device_is_forgotten() -> None:
    mesh = lone()
    fill(mesh, "Laptop", 500, 60)
    fill(mesh, "Laptop", 0, 60)
    policy.block(replica(mesh, "Laptop"), grown("Eve"))
    policy.unblock(replica(mesh, "Laptop"), grown("Eve"))
    pass_by(mesh, limits.POLICY_LIFE)
    assert taken_back(mesh, "Laptop") == 61  # a version from before may be in use somewhere
    pass_by(mesh, 20 * limits.DAY)
    assert (taken_back(mesh, "Laptop"), said(mesh, "Laptop").vouches) == (0, ())


def test_what_was_given_on_one_device_and_taken_back_on_another_is_forgotten_on_both_and_makes_room() -> None:
    mesh = village()
    fill(mesh, "Laptop", 10)
    fill(mesh, "Pi", 0)
    assert policy.weight(replica(mesh, "Laptop"), grown(0)) == 0
    pass_by(mesh, LONG)
    assert (taken_back(mesh, "Laptop"), taken_back(mesh, "Pi")) == (0, 0)
    for device in ("Laptop", "Pi"):
        assert not [one for one in said(mesh, device).vouches if one.subject == grown(0)]
        assert policy.weight(replica(mesh, device), grown(0)) == 0
    policy.vouch(replica(mesh, "Laptop"), grown("somebody new"), 700)
    assert policy.weight(replica(mesh, "Laptop"), grown("somebody new")) == 700


def test_a_device_that_says_nothing_of_its_own_tells_that_it_has_heard() -> None:
    mesh = village()
    vouch(mesh, "Laptop", "Carol", 500)
    vouch(mesh, "Laptop", "Carol", 0)
    mesh.settle()
    pass_by(mesh, LONG)
    assert taken_back(mesh, "Laptop") == 0


def test_nothing_is_forgotten_while_a_device_is_away_that_would_give_it_again() -> None:
    mesh = village()
    vouch(mesh, "Pi", "Carol", 500)
    block(mesh, "Pi", "Bob")
    mesh.settle()
    mesh.cut("Laptop", "Pi")
    vouch(mesh, "Laptop", "Carol", 0)
    unblock(mesh, "Laptop", "Bob")
    mesh.settle()
    pass_by(mesh, LONG)
    mesh.heal()
    mesh.settle()
    for device in ("Laptop", "Pi"):
        assert policy.weight(replica(mesh, device), person(mesh, "Carol")) == 0
        assert not policy.blocks(replica(mesh, device), person(mesh, "Bob"))
    pass_by(mesh, LONG)
    assert taken_back(mesh, "Laptop") == taken_back(mesh, "Pi") == 0
    assert policy.weight(replica(mesh, "Laptop"), person(mesh, "Carol")) == 0


def test_a_revoked_device_keeps_nothing_from_being_forgotten() -> None:
    mesh = village()
    vouch(mesh, "Pi", "Carol", 500)
    mesh.settle()
    with mesh.switched_off({"Pi"}):
        vouch(mesh, "Laptop", "Carol", 0)
        revoke(mesh)
        pass_by(mesh, LONG)
    assert taken_back(mesh, "Laptop") == 0


def test_the_end_of_a_block_that_another_device_has_made_is_forgotten_too() -> None:
    mesh = village()
    block(mesh, "Pi", "Bob")
    mesh.settle()
    unblock(mesh, "Laptop", "Bob")
    mesh.settle()
    pass_by(mesh, LONG)
    tag = block_tag(person(mesh, "Laptop"), person(mesh, "Bob"))
    for device in ("Laptop", "Pi"):
        assert tag not in {one.tag for one in said(mesh, device).blocks}
        assert not policy.blocks(replica(mesh, device), person(mesh, "Bob"))


def test_what_a_thief_takes_back_is_not_made_the_owners_word_before_they_can_revoke_the_device() -> None:
    mesh = village()
    stamp = Stamp(said(mesh, "Laptop").clock + 1)
    stolen = Policy(bytes(16), stamp, (Vouch(person(mesh, "Bob"), 0, stamp),))
    pi = replica(mesh, "Pi")
    authoring.write(pi, Kind.POLICY, device_slot(pi.device), stolen, life=limits.POLICY_LIFE, may_reduce_access=True)
    mesh.settle()
    pass_by(mesh, limits.POLICY_LIFE // 4 - 5 * limits.DAY)
    policy.renew(replica(mesh, "Laptop"))
    revoke(mesh, discard=True)
    mesh.settle()
    assert policy.weight(replica(mesh, "Laptop"), person(mesh, "Bob")) == 900


@pytest.mark.parametrize("device", ["Laptop", "Pi"])
def test_a_card_on_a_notice_board_undoes_no_taking_back_that_the_policies_have_forgotten(device: str) -> None:
    mesh = village()
    vouch(mesh, "Laptop", "Carol", 500)
    vouch(mesh, "Laptop", "Carol", 0)
    mesh.settle()
    pass_by(mesh, LONG)
    node = replica(mesh, device)
    assert person(mesh, "Carol") not in policy.spoken_of(node)
    cards.make(node, cards.CardOrder(uses=20), [("127.0.0.1", 4747)])
    cards.redeem(node, node.store.cards.issued_live(node.clock.now())[-1].id, person(mesh, "Carol"))
    assert policy.weight(node, person(mesh, "Carol")) == 0


def test_a_vouch_that_is_given_again_in_time_is_not_forgotten() -> None:
    mesh = lone()
    fill(mesh, "Laptop", 500, 60)
    fill(mesh, "Laptop", 0, 60)
    pass_by(mesh, 80 * limits.DAY)
    policy.vouch(replica(mesh, "Laptop"), grown(0), 300)
    pass_by(mesh, LONG)
    assert policy.weight(replica(mesh, "Laptop"), grown(0)) == 300
    assert [one.subject for one in said(mesh, "Laptop").vouches] == [grown(0)]


def test_nothing_is_written_for_what_ended_more_often_than_the_policy_is_renewed() -> None:
    mesh = village()
    for number in range(20):
        policy.vouch(replica(mesh, "Laptop"), grown(number), 500)
        policy.vouch(replica(mesh, "Laptop"), grown(number), 0)
    mesh.settle()
    versions: set[tuple[bytes, int]] = set()
    for _ in range(LONG // limits.DAY):
        mesh.advance(limits.DAY)
        for name in ("Laptop", "Pi"):
            node = replica(mesh, name)
            record = node.store.records.current((node.me, Kind.POLICY, device_slot(node.device)))
            if record is not None:
                versions.add((record.header.device, record.header.version))
    assert taken_back(mesh, "Laptop") == 0
    assert len(versions) <= 2 * (2 * LONG // limits.POLICY_LIFE + 2)
