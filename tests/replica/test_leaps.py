"""Numbers keep headroom: what a contact may write, what a device of the owner may write, and what is void."""

from __future__ import annotations

import pytest

from meshnode.app.owner import policy
from meshnode.replica.batch import IngestResult
from meshnode.replica.replica import Replica
from protocol import (
    PROFILE_SLOT,
    Code,
    Kind,
    Policy,
    Record,
    RemoteError,
    check_header,
    device_slot,
    encode,
    limits,
    signed,
)
from protocol.numbers import UnixTime, Version
from tests.support.mesh import EPOCH, Mesh
from tests.support.mesh_devices import problems, replica, village
from tests.support.people import Person, grown

BOB = Person("Bob")
DATED = EPOCH + 10 * limits.DAY
"""The latest expiry of what is written here: versions up to it and the headroom need nothing known before."""
KNOWN = DATED + limits.HEADROOM
KINDS = [Kind.POLICY, Kind.PROFILE, Kind.JOIN, Kind.LISTING, Kind.LETTER]
BEYOND = [2**52 + 1, 2**53 - 1]
FAR = [2**52 - 1, 2**52]


def withdrawn(sender: Replica | Person, kind: Kind, version: int, *, latest_expiry: int = DATED) -> Record:
    """Return a record without content, of any kind and version, by a device of the owner's or by a contact.

    It is signed by hand: no function of this program signs what its own checks refuse.
    """
    me, device = (sender.id, sender.device) if isinstance(sender, Person) else (sender.me, sender.device)
    slot = {Kind.POLICY: device_slot(device), Kind.PROFILE: PROFILE_SLOT}.get(kind, grown("slot", int(kind), size=16))
    record = signed(
        kind=kind,
        author=me,
        device=device,
        slot=slot,
        version=Version(1),
        created=UnixTime(EPOCH),
        expires=UnixTime(DATED),
        min_valid_version=Version(1),
        latest_expiry=UnixTime(latest_expiry),
        body=b"",
        sign=sender.keys.sign,
    )
    header = record.header._replace(version=Version(version), min_valid_version=Version(0))
    data = encode(header)
    unsigned = Record(header, data, bytes(64), b"")
    signature = sender.keys.sign(b"meshnode record signature v1\0" + unsigned.id)
    return Record(header, data, signature, b"")


def taken(outcome: IngestResult, record: Record) -> str:
    if outcome.faults:
        assert outcome.faults == [(record, Code.MALFORMED)]
        return "fault"
    return "kept" if record.id in outcome.kept else "void"


@pytest.mark.parametrize("kind", KINDS)
def test_a_contact_may_write_every_version_up_to_the_cap_and_none_beyond_it(kind: Kind) -> None:
    alice = Mesh(62).add("Alice").replica
    alice.ingest.receive([BOB.certificate(EPOCH), BOB.policy({alice.me: 900}, now=EPOCH)], BOB.id)
    table = dict.fromkeys([KNOWN, KNOWN + limits.HEADROOM, KNOWN + 2 * limits.HEADROOM + 1, *FAR], "kept")
    table |= dict.fromkeys(BEYOND, "fault")
    seen = {}
    for version in table:
        record = withdrawn(BOB, kind, version)
        seen[version] = taken(alice.ingest.receive([record], BOB.id), record)
    assert seen == table


@pytest.mark.parametrize("kind", KINDS)
def test_a_device_of_the_owner_may_write_no_version_that_the_others_cannot_follow(kind: Kind) -> None:
    mesh = village()
    laptop, pi = replica(mesh, "Laptop"), replica(mesh, "Pi")
    top = KNOWN + limits.HEADROOM
    table = {KNOWN + 1: "void", KNOWN: "kept", top + 1: "void", top: "kept"}
    table |= dict.fromkeys(FAR, "void") | dict.fromkeys(BEYOND, "fault")
    seen = {}
    for version in table:
        record = withdrawn(pi, kind, version)
        seen[version] = taken(laptop.ingest.receive([record], laptop.me), record)
    assert seen == table
    newest = laptop.store.records.newest(withdrawn(pi, kind, 1).register)
    assert newest is not None
    assert newest.header.version == top
    assert "device_leaps" in problems(mesh, "Laptop")


def test_what_a_node_writes_itself_never_leaps() -> None:
    """Only what others bring is measured: the writer itself knows what it follows."""
    laptop = replica(village(), "Laptop")
    record = withdrawn(laptop, Kind.PROFILE, KNOWN + 2 * limits.HEADROOM)
    assert taken(laptop.ingest.receive([record]), record) == "kept"


def test_a_version_that_follows_a_clock_that_was_ahead_by_a_century_is_taken_from_an_own_device() -> None:
    """The clock of the writer was put right since: only the latest expiry still tells how far it was ahead."""
    mesh = village()
    laptop, pi = replica(mesh, "Laptop"), replica(mesh, "Pi")
    ahead = EPOCH + 100 * 365 * limits.DAY
    record = withdrawn(pi, Kind.PROFILE, ahead + 3, latest_expiry=ahead + limits.PROFILE_LIFE)
    assert taken(laptop.ingest.receive([record], laptop.me), record) == "kept"


def test_no_date_that_a_record_names_lets_a_version_leap_to_where_none_can_follow() -> None:
    mesh = village()
    laptop, pi = replica(mesh, "Laptop"), replica(mesh, "Pi")
    for version in (limits.VERSION_DATE_MAX + limits.HEADROOM + 1, limits.VERSION_MAX):
        record = withdrawn(pi, Kind.PROFILE, version, latest_expiry=limits.TIME_MAX)
        check_header(record.header)
        assert taken(laptop.ingest.receive([record], laptop.me), record) == "void"


def said(sender: Replica | Person, clock: int, version: int) -> Record:
    """Return a policy with this clock, which has no entries."""
    me, device = (sender.id, sender.device) if isinstance(sender, Person) else (sender.me, sender.device)
    return signed(
        kind=Kind.POLICY,
        author=me,
        device=device,
        slot=device_slot(device),
        version=Version(version),
        created=UnixTime(EPOCH),
        expires=UnixTime(DATED),
        min_valid_version=Version(version),
        latest_expiry=UnixTime(DATED),
        body=encode((bytes(16), clock, (), (), (2, 8, 25, 0))),
        sign=sender.keys.sign,
    )


def test_a_contact_may_use_every_stamp_up_to_the_cap_and_none_beyond_it() -> None:
    alice = Mesh(62).add("Alice").replica
    alice.ingest.receive([BOB.certificate(EPOCH), BOB.policy({alice.me: 900}, now=EPOCH)], BOB.id)
    table = dict.fromkeys([1 + limits.HEADROOM, 2 + 2 * limits.HEADROOM, *FAR], "kept") | dict.fromkeys(BEYOND, "void")
    seen = {}
    for version, stamp in enumerate(table, 2):
        record = said(BOB, stamp, version)
        seen[stamp] = taken(alice.ingest.receive([record], BOB.id), record)
    assert seen == table


def test_a_device_of_the_owner_may_use_no_stamp_that_the_others_cannot_follow() -> None:
    mesh = village()
    laptop, pi = replica(mesh, "Laptop"), replica(mesh, "Pi")
    held = policy.register_of(laptop, laptop.device)
    assert isinstance(held, Policy)
    top = held.clock + limits.HEADROOM
    table = {top + 1: "void", top: "kept"} | dict.fromkeys([*FAR, *BEYOND], "void")
    seen = {}
    for version, stamp in enumerate(table, EPOCH):
        record = said(pi, stamp, version)
        seen[stamp] = taken(laptop.ingest.receive([record], laptop.me), record)
    assert seen == table
    assert "device_leaps" in problems(mesh, "Laptop")
    policy.vouch(laptop, BOB.id, 700)
    assert policy.weight(laptop, BOB.id) == 700


@pytest.mark.parametrize("header_first", [True, False])
def test_the_header_of_a_void_policy_does_not_suspend_the_one_in_use(header_first: bool) -> None:
    mesh = village()
    laptop, pi = replica(mesh, "Laptop"), replica(mesh, "Pi")
    void = said(pi, limits.STAMP_MAX, EPOCH)
    for record in (void.without_body(), void) if header_first else (void, void.without_body()):
        laptop.ingest.receive([record], laptop.me)
    assert laptop.trust_state.policy(laptop.me) is not None
    assert laptop.trust_state.graph_with_suspended() is None


def test_a_time_beyond_the_cap_is_malformed() -> None:
    with pytest.raises(RemoteError):
        check_header(withdrawn(BOB, Kind.PROFILE, 1).header._replace(latest_expiry=UnixTime(limits.TIME_MAX + 1)))
