"""Writing own records: versions, minimum versions, lives, and the errors of a revoked device."""

from __future__ import annotations

import pytest

from meshnode.errors import Failed, Refused
from meshnode.replica import authoring
from meshnode.replica.replica import Replica
from protocol import REVOCATION_VERSION, Audience, Device, Kind, Listing, Record, device_slot, limits, signed
from protocol.numbers import UnixTime
from tests.support.mesh import EPOCH, Mesh

SLOT = bytes(range(16))


def alice() -> Replica:
    return Mesh(64).add("Alice").replica


def write(replica: Replica, title: str = "Ladder", **how: object) -> Record:
    body = Listing(salt=authoring.fresh_salt(replica), type="offer", title=title)
    settings = {"life": 30 * limits.DAY, "audience": Audience.NETWORK_WIDE, **how}
    return authoring.write(replica, Kind.LISTING, SLOT, body, **settings)  # type: ignore[arg-type]


def test_versions_count_up_and_the_minimum_version_rises_only_where_access_is_reduced() -> None:
    replica = alice()
    headers = [
        write(replica).header,
        write(replica, "Long ladder").header,
        write(replica, "For my cell", audience=Audience.MY_CELL, may_reduce_access=True).header,
        write(replica, "Still for my cell", audience=Audience.MY_CELL).header,
    ]
    first, *_ = versions = [header.version for header in headers]
    assert versions == [first, first + 1, first + 2, first + 3]
    assert [header.min_valid_version for header in headers] == [1, 1, first + 2, first + 2]


def test_a_first_post_says_that_it_takes_nothing_back_and_other_first_versions_do_not() -> None:
    """A node whose store was lost does not know which versions of its profile and policy there were."""
    replica = alice()
    post = write(replica).header
    assert post.min_valid_version < post.version
    first = [row for row in replica.store.records.rows(kinds=(Kind.PROFILE, Kind.POLICY)) if row.author == replica.me]
    assert first
    assert all(row.min_valid_version == row.version for row in first)


def test_a_version_is_above_all_that_an_older_copy_of_the_disk_can_have_given_out() -> None:
    """One for each second at most: so those of an image that is put back do not come again."""
    mesh = Mesh(64)
    node = mesh.add("Alice")
    first = write(node.replica).header.version
    assert first >= EPOCH
    mesh.advance(limits.HOUR)
    assert write(node.replica).header.version == EPOCH + limits.HOUR
    assert write(node.replica).header.version == EPOCH + limits.HOUR + 1


def test_a_listing_names_the_policy_version_it_was_written_under() -> None:
    replica = alice()
    assert write(replica).header.policy_version == authoring.own_policy_version(replica) > 0


def test_a_shorter_life_keeps_the_latest_expiry_of_the_longer_one() -> None:
    replica = alice()
    long = write(replica, life=90 * limits.DAY).header
    short = write(replica, life=limits.DAY).header
    assert short.expires < long.expires == short.latest_expiry


def test_a_withdrawal_has_no_body_and_lasts_as_long_as_any_version_may_live() -> None:
    replica = alice()
    long = write(replica, life=90 * limits.DAY).header
    write(replica, life=limits.DAY)
    withdrawn = authoring.withdraw(replica, Kind.LISTING, SLOT)
    assert withdrawn.body == b""
    assert withdrawn.header.latest_expiry == long.expires
    assert withdrawn.header.min_valid_version == withdrawn.header.version
    assert replica.store.records.current((replica.me, Kind.LISTING, SLOT)) is None


def test_a_record_dated_far_ahead_by_a_wrong_clock_can_be_withdrawn() -> None:
    mesh = Mesh(65)
    node = mesh.add("Alice")
    node.clock.error = 50 * 365 * limits.DAY
    node.clock.confirm()
    write(node.replica)
    node.clock.error = 0
    node.clock.confirm()
    withdrawn = authoring.withdraw(node.replica, Kind.LISTING, SLOT)
    assert withdrawn.header.created == EPOCH
    assert withdrawn.header.latest_expiry > EPOCH + 49 * 365 * limits.DAY


def test_withdrawing_an_empty_register_fails() -> None:
    with pytest.raises(Failed, match="nothing here"):
        authoring.withdraw(alice(), Kind.LISTING, SLOT)


def test_a_revoked_device_writes_nothing_and_says_why() -> None:
    replica = alice()
    assert replica.identity is not None
    keys = replica.keys
    revocation = signed(
        kind=Kind.DEVICE,
        author=replica.me,
        device=keys.device_id,
        slot=device_slot(keys.device_id),
        version=REVOCATION_VERSION,
        created=UnixTime(EPOCH),
        expires=UnixTime(limits.FOREVER),
        min_valid_version=REVOCATION_VERSION,
        latest_expiry=UnixTime(limits.FOREVER),
        body=Device(bytes(16), keys.dh_public, keys.letter_public, revoked=True).to_body(),
        sign=replica.identity.sign,
    )
    replica.ingest.receive([revocation])
    with pytest.raises(Refused, match="no longer act for you"):
        write(replica)
    assert not [row for row in replica.store.records.rows(author=replica.me) if row.kind != Kind.DEVICE]
