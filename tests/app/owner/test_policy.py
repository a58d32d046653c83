"""The owner's policy: edits stamped above all others, versions that withdraw older ones, and who leaves the web."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from meshnode.app.owner import former_web, policy
from meshnode.errors import StorageFull
from meshnode.replica.replica import Replica
from protocol import Audience, DeviceId, Kind, Policy, Precision, Preference, Record, body_of, device_slot
from tests.support.mesh import EPOCH, Mesh
from tests.support.people import Person

BOB, CAROL = Person("Bob"), Person("Carol")


def alice() -> Replica:
    return Mesh(63).add("Alice", audience=Audience.NETWORK_WIDE).replica


def own(replica: Replica) -> Record:
    record = replica.store.records.current((replica.me, Kind.POLICY, device_slot(replica.device)))
    assert record is not None
    return record


def said(replica: Replica) -> Policy:
    body = body_of(own(replica))
    assert isinstance(body, Policy)
    return body


def test_an_edit_that_says_what_holds_already_signs_nothing() -> None:
    replica = alice()
    policy.vouch(replica, BOB.id, 700)
    policy.block(replica, CAROL.id)
    before = own(replica)
    policy.vouch(replica, BOB.id, 700)
    policy.block(replica, CAROL.id)
    policy.unblock(replica, BOB.id)
    assert own(replica) == before


def test_every_edit_is_stamped_above_all_that_any_device_has_said() -> None:
    replica = alice()
    policy.vouch(replica, BOB.id, 700)
    first = said(replica).clock
    policy.vouch(replica, BOB.id, 800)
    assert said(replica).clock > first
    assert [vouch.stamp for vouch in said(replica).vouches] == [said(replica).clock]


def test_the_floor_rises_when_something_is_taken_and_only_then() -> None:
    replica = alice()
    policy.vouch(replica, BOB.id, 700)
    given = own(replica).header
    policy.vouch(replica, CAROL.id, 900)
    assert own(replica).header.min_valid_version == given.min_valid_version
    policy.vouch(replica, BOB.id, 600)
    assert own(replica).header.min_valid_version == own(replica).header.version
    policy.block(replica, CAROL.id)
    assert own(replica).header.min_valid_version == own(replica).header.version
    policy.set_preference(replica, Preference(Audience.MY_CELL, Precision.CITY, 25, 0))
    assert own(replica).header.min_valid_version == own(replica).header.version
    policy.vouch(replica, BOB.id, 0)
    assert own(replica).header.min_valid_version == own(replica).header.version


def test_a_renewed_policy_says_the_same_and_leaves_older_ones_in_use() -> None:
    replica = alice()
    policy.vouch(replica, BOB.id, 700)
    before = own(replica)
    policy.renew(replica)
    assert own(replica).header.version == before.header.version + 1
    assert own(replica).header.min_valid_version == before.header.min_valid_version
    assert said(replica).vouches == body_of(before).vouches  # type: ignore[union-attr]
    assert own(replica).header.body_hash == before.header.body_hash  # to all who have the body, a header is enough


def test_only_people_who_fall_out_of_the_web_count_as_having_left_it() -> None:
    replica = alice()
    policy.vouch(replica, BOB.id, 700)
    policy.vouch(replica, CAROL.id, 900)
    policy.vouch(replica, BOB.id, 200)
    assert not former_web.left_lately(replica, BOB.id)
    policy.vouch(replica, BOB.id, 50)
    assert former_web.left_lately(replica, BOB.id)
    assert not former_web.left_lately(replica, CAROL.id)


def test_a_blocked_person_may_not_come_back_to_learn_of_it() -> None:
    replica = alice()
    policy.vouch(replica, BOB.id, 700)
    policy.block(replica, BOB.id)
    assert not former_web.left_lately(replica, BOB.id)


def test_a_block_rotates_the_key_so_nobody_who_left_may_come_back() -> None:
    """Carol, for whom only Bob vouched, leaves together with Bob, but the key that she has no longer finds this
    node."""
    replica = alice()
    replica.ingest.receive([BOB.certificate(EPOCH), BOB.policy({replica.me: 900, CAROL: 900}, now=EPOCH)], BOB.id)
    policy.vouch(replica, BOB.id, 700)
    assert CAROL.id in replica.trust_state.regard_from(replica.me)
    before = replica.trust_state.profile(replica.me)
    policy.block(replica, BOB.id)
    after = replica.trust_state.profile(replica.me)
    assert before is not None
    assert after is not None
    assert before.presence_key != after.presence_key
    assert not former_web.left_lately(replica, CAROL.id)


def test_an_edit_that_cannot_be_committed_changes_nothing_not_even_who_left() -> None:
    replica = alice()
    policy.vouch(replica, BOB.id, 700)
    before = own(replica)
    commit = replica.store._database.before_commit  # the disk fills up at the very end

    def full() -> None:
        raise StorageFull("the disk is full", "make room")

    commit.append(full)
    try:
        policy.vouch(replica, BOB.id, 0)
    except StorageFull:
        pass
    else:
        raise AssertionError("it was committed all the same")
    commit.remove(full)
    assert own(replica) == before
    assert policy.weight(replica, BOB.id) == 700
    assert not former_web.left_lately(replica, BOB.id)


def test_an_edit_reads_each_of_the_owners_policies_once(monkeypatch: pytest.MonkeyPatch) -> None:
    replica = alice()
    read: list[DeviceId] = []
    register_of = policy.register_of

    def counted(replica: Replica, device: DeviceId) -> Policy | None:
        read.append(device)
        return register_of(replica, device)

    monkeypatch.setattr(policy, "register_of", counted)
    edits: list[Callable[[], None]] = [
        lambda: policy.vouch(replica, BOB.id, 700),
        lambda: policy.block(replica, CAROL.id),
        lambda: policy.renew(replica),
        lambda: policy.unblock(replica, CAROL.id),
    ]
    for edit in edits:
        read.clear()
        edit()
        assert read == [replica.device]
