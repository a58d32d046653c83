"""Faults in records against a whole node: the record is refused, and a peer is dropped only if it must know better."""

from __future__ import annotations

from typing import Any

import pytest

from meshnode.app.owner import policy
from meshnode.app.peers.conversation import Conversation
from meshnode.replica import authoring
from meshnode.store import RecordState
from protocol import Audience, Code, Kind, Listing, PersonId, Record, encode, limits
from protocol.limits import DAY, INT_MAX, VERSION_MAX
from protocol.wire import presence_psk
from tests.support.chains import begun, join_record
from tests.support.intruder import Intruder
from tests.support.malformed_records import another_signature, rewritten, with_signature
from tests.support.mesh import EPOCH
from tests.support.mesh_people import found, holds, post, sees, vouch
from tests.support.people import Person, grown
from tests.support.village import Village

MALLORY = Person("Mallory")
GOOD = MALLORY.listing("Good", now=EPOCH, policy_version=0)
SALT = bytes(16)


def own_records(village: Village) -> list[Record]:
    """Return the records that an honest Mallory would bring as self-identification."""
    return [MALLORY.policy({village.alice.person: 900}, now=EPOCH), MALLORY.profile(EPOCH)]


def visited(*records: Record) -> tuple[Village, Conversation]:
    """Return a village to which Mallory brings these records, beside the usual self-identification."""
    village = Village()
    village.mallory.records = {record.id: record for record in [*own_records(village), *records]}
    return village, village.mallory.talk()


# --- form --------------------------------------------------------------------------------------------------------------

BODIES: dict[str, bytes] = {
    "9 a doubled key, for maps have no place": b"\x82\x01\x02\x01\x03",
    "9 a long integer": b"\x92\xc4\x10" + bytes(16) + b"\xcd\x00\x05",
    "9 bytes after the end": (GOOD.body or b"") + b"\x00",
    "10 a float": b"\x92\xc4\x10" + bytes(16) + b"\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00",
    "10 NaN": b"\x92\xc4\x10" + bytes(16) + b"\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00",
    "10 an integer above 2^53": b"\x92\xc4\x10" + bytes(16) + b"\xcf\x00\x20\x00\x00\x00\x00\x00\x01",
    "5 nesting": b"\x91" * 500,
    "a body of another kind": MALLORY.profile(EPOCH).body or b"",
    "a title with an escape": encode((SALT, "offer", "\x1b]52;c;evil\x07")),
    "nothing but a salt": encode((SALT,)),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_faults_9_and_10_a_signed_body_that_is_no_listing(body: bytes) -> None:
    """Fault 9, 10, 38: the signature is valid, the record cannot be read. A later version might read it, so nobody is dropped
    for passing it on, but it is not kept, and the sound records of the same batch are."""
    bad = rewritten(MALLORY, GOOD, body=body)
    village, conversation = visited(bad, MALLORY.listing("Also good", now=EPOCH, policy_version=0))
    assert conversation.end is None
    assert bad.id not in village.contents()
    assert sees(village.mesh, "Alice") >= {"Also good"}
    assert village.is_unharmed()


HEADERS = {
    "a life beyond its kind's": ({"expires": EPOCH + 400 * DAY, "latest_expiry": EPOCH + 400 * DAY}, Code.EXPIRED),
    "that expires before it was made": ({"expires": EPOCH - 1}, Code.MALFORMED),
    "a floor above its version": ({"min_valid_version": 2}, Code.MALFORMED),
    "outliving less than itself": ({"latest_expiry": EPOCH + 1}, Code.MALFORMED),
    "version zero": ({"version": 0, "min_valid_version": 0}, Code.MALFORMED),
    "an audience no version can have": ({"audience": 256}, Code.MALFORMED),
    "a kind no version can have": ({"kind": 256}, Code.MALFORMED),
    "a membership with an audience": ({"kind": int(Kind.JOIN)}, Code.MALFORMED),
}


@pytest.mark.parametrize(("changes", "code"), HEADERS.values(), ids=HEADERS)
def test_faults_10_and_16_a_signed_header_that_breaks_its_own_rules(changes: dict[str, Any], code: Code) -> None:
    """Fault 10, 16: no matter who signs the record, and what its body says."""
    bad = rewritten(MALLORY, GOOD, **changes)
    village, conversation = visited(bad)
    assert village.dropped(conversation, code)
    assert bad.id not in village.contents()
    assert village.is_unharmed()


# --- signatures ----------------------------------------------------------------------------------------------------------


def test_fault_12_a_bad_signature_first_does_not_keep_the_good_record_out() -> None:
    """Fault 12: the same id under a bad signature, then under a good one, in one batch and from one peer after another."""
    village = Village()
    village.alice.replica.ingest.receive([MALLORY.certificate(EPOCH), *own_records(village)])
    bad = with_signature(GOOD, bytes(64))
    outcome = village.alice.replica.ingest.receive([bad, GOOD], MALLORY.id)
    assert [code for _, code in outcome.faults] == [Code.FORGED]
    assert village.in_use(GOOD)

    other = MALLORY.listing("Another", now=EPOCH, policy_version=0)
    village, conversation = visited(with_signature(other, grown("noise", size=64)))
    assert village.dropped(conversation, Code.FORGED)
    village.alice.replica.ingest.receive([other], village.mesh.nodes["Bob"].person)
    assert village.in_use(other)
    assert village.is_unharmed()


def test_fault_13_several_valid_signatures_make_one_record() -> None:
    """Fault 13: the signature is not part of what a record is."""
    seed = grown("Mallory", "laptop", "sign")
    twins = [GOOD, *(another_signature(GOOD, seed, grown("nonce", number, size=64)) for number in range(3))]
    assert len({record.signature for record in twins}) == 4
    village, _ = visited()
    outcome = village.alice.replica.ingest.receive(twins, MALLORY.id)
    assert outcome.faults == []
    assert set(outcome.kept) == {GOOD.id}
    village.alice.replica.ingest.receive([twins[2]], MALLORY.id)
    rows = list(village.alice.replica.store.records.rows(kinds=(Kind.LISTING,), author=MALLORY.id))
    assert [row.id for row in rows] == [GOOD.id]
    assert village.alice.replica.store.records.forks() == []
    assert village.is_unharmed()


@pytest.mark.parametrize(
    "changes",
    [{"version": 2}, {"audience": int(Audience.MY_CELL)}, {"slot": bytes(16)}, {"expires": EPOCH + DAY}],
    ids=lambda changes: next(iter(changes)),
)
def test_fault_14_a_signature_moved_to_another_header_is_forged(changes: dict[str, Any]) -> None:
    """Fault 14: the signature covers kind, version, slot and audience."""
    moved = with_signature(rewritten(MALLORY, GOOD, **changes), GOOD.signature)
    village, conversation = visited(moved)
    assert village.dropped(conversation, Code.FORGED)
    assert moved.id not in village.contents()
    assert village.is_unharmed()


def test_fault_14_a_certificate_signed_by_the_device_itself_certifies_nothing() -> None:
    """Fault 14: only the identity says which devices speak for it."""
    other = MALLORY.on("stolen phone")
    certificate = other.certificate(EPOCH)
    forged = with_signature(certificate, other.keys.sign(b"meshnode record signature v1\0" + certificate.id))
    village, conversation = visited(forged)
    assert village.dropped(conversation, Code.FORGED)
    assert not village.alice.replica.trust_state.certified(MALLORY.id, other.device)
    assert village.is_unharmed()


def in_the_name_of(village: Village, name: str, record: Record, **header: Any) -> Record:
    """Return `record` by Mallory's device in that person's name."""
    return rewritten(MALLORY, record, author=village.mesh.nodes[name].person, **header)


@pytest.mark.parametrize("form", ["whole", "header alone", "withdrawal"])
def test_fault_17_another_authors_tombstone_ends_nothing(form: str) -> None:
    """Fault 17: Mallory signs newer versions of Bob's listing with a device that Bob never certified."""
    village = Village()
    target = next(iter(village.mesh.nodes["Bob"].replica.store.records.bodies(Kind.LISTING)))
    newer = in_the_name_of(
        village, "Bob", target, version=9, min_valid_version=9, body=b"" if form == "withdrawal" else None
    )
    village.mallory.records = {record.id: record for record in own_records(village)}
    village.mallory.talk()
    if form == "header alone":
        village.mallory.supersede(newer)
    else:
        village.mallory.offer(newer)
    assert village.in_use(target)
    assert village.contents().get(newer.id, RecordState.PENDING) == RecordState.PENDING
    assert village.is_unharmed()
    village.mesh.advance(limits.PENDING_LIFE + DAY)
    assert newer.id not in village.contents()


def test_fault_17_a_tombstone_that_comes_before_its_target_ends_it() -> None:
    """Fault 17: a withdrawn listing stays withdrawn, in whatever order its versions come."""
    village, _ = visited(MALLORY.withdrawal(GOOD, EPOCH + 1))
    village.mallory.offer(GOOD)
    assert not village.in_use(GOOD)
    assert "Good" not in sees(village.mesh, "Alice")
    assert village.is_unharmed()


def test_fault_15_a_fork_has_the_same_winner_in_any_order_and_leaves_a_proof() -> None:
    """Fault 15: one device, one slot, one version, two records."""
    one = MALLORY.listing("Heads", slot=bytes(16), now=EPOCH, policy_version=0)
    other = MALLORY.listing("Tails", slot=bytes(16), now=EPOCH, policy_version=0)
    winner = max(one, other, key=lambda record: record.rank)
    for order in ([one, other], [other, one]):
        village, _ = visited()
        for record in order:
            village.mallory.offer(record)
        assert [row.id for row in village.alice.replica.store.records.rows(author=MALLORY.id, kinds=(5,))] == [
            winner.id
        ]
        ((first, second),) = village.alice.replica.store.records.forks()
        assert {first.id, second.id} == {one.id, other.id}
        assert village.is_unharmed()


def test_fault_16_the_highest_version_there_is_harms_only_its_own_register() -> None:
    """Fault 16: nothing can follow version 2^52, and only its author loses by that."""
    last = MALLORY.listing("The last word", slot=bytes(16), version=VERSION_MAX, now=EPOCH, policy_version=0)
    village, _ = visited(last, GOOD)
    village.mallory.offer(MALLORY.listing("Too late", slot=bytes(16), version=7, now=EPOCH, policy_version=0))
    assert sees(village.mesh, "Alice") >= {"The last word", "Good"}
    assert "Too late" not in sees(village.mesh, "Alice")
    assert village.is_unharmed()


def test_fault_16_a_last_version_in_somebody_elses_name_takes_nothing_from_them() -> None:
    """Fault 16, 17: Bob's register cannot be closed by anybody but Bob."""
    village = Village()
    bob = village.mesh.nodes["Bob"].replica
    target = next(iter(bob.store.records.bodies(Kind.LISTING)))
    village.mallory.records = {record.id: record for record in own_records(village)}
    village.mallory.talk()
    village.mallory.offer(in_the_name_of(village, "Bob", target, version=VERSION_MAX, min_valid_version=VERSION_MAX))
    authoring.withdraw(bob, Kind.LISTING, target.header.slot)
    village.mesh.settle()
    assert not holds(village.mesh, "Alice", target)


# --- trust ---------------------------------------------------------------------------------------------------------------


def crooked_policy(weight: int, subject: bytes) -> Record:
    vouches = ((subject, weight, 1),)
    body = encode((SALT, 1, vouches, (), (2, 8, 25, 0)))
    return rewritten(MALLORY, MALLORY.policy({}, now=EPOCH), body=body)


@pytest.mark.parametrize("weight", [1001, -1, INT_MAX])
def test_fault_18_a_weight_out_of_range_counts_for_nothing(weight: int) -> None:
    """Fault 18: 1001, -1 and worse: the whole policy is refused."""
    village = Village()
    bad = crooked_policy(weight, village.alice.person)
    village.mallory.records = {bad.id: bad}
    village.mallory.talk()
    assert bad.id not in village.contents()
    assert village.alice.replica.trust_state.policy(MALLORY.id) is None
    assert village.is_unharmed()


@pytest.mark.parametrize("for_oneself", [False, True], ids=["zero", "for oneself"])
def test_fault_18_a_weight_of_zero_and_a_vouch_for_oneself_give_nothing(for_oneself: bool) -> None:
    """Fault 18: such a policy raises nobody's trust."""
    village = Village()
    post(village.mesh, "Bob", "For the trusted", Audience.TRUSTED_NETWORK)
    village.mesh.settle()
    said = MALLORY.policy({MALLORY: 1000}, now=EPOCH)
    if not for_oneself:
        said = MALLORY.policy({village.alice.person: 0}, now=EPOCH)
    village.mallory.records = {said.id: said}
    village.mallory.talk()
    graph = village.alice.replica.trust_state.graph
    assert graph.weight(MALLORY.id, village.alice.person) == 0
    assert graph.weight(MALLORY.id, MALLORY.id) == 0
    assert graph.trust(MALLORY.id, MALLORY.id) is None
    assert village.is_unharmed()


@pytest.mark.promise("SHALL NOT expose people to those with no trust connection")
def test_fault_20_a_stranger_who_vouches_for_everyone_sees_nothing() -> None:
    """Fault 20: Eve vouches for all of them; nobody vouches for her. She receives the policies of those she
    names, and no listing, name or place."""
    village = Village()
    eve = Person("Eve")
    everyone: dict[Person | PersonId, int] = {node.person: 1000 for node in village.mesh.nodes.values()}
    eves = [eve.certificate(EPOCH), eve.policy(everyone, now=EPOCH), eve.profile(EPOCH)]
    village.alice.replica.ingest.receive(eves, village.mesh.nodes["Bob"].person)
    intruder = Intruder(village.mesh, village.alice, eve, weight=0, records=eves)
    own = village.alice.replica.trust_state.profile(village.alice.person)
    assert own is not None
    intruder.talk(presence_psk(own.presence_key))
    assert [record for record in intruder.given if record.header.kind in {Kind.LISTING, Kind.PROFILE}] == []
    assert village.is_unharmed()


def test_fault_22_after_a_bridge_is_revoked_nothing_more_is_served_over_it() -> None:
    """Fault 22: Mallory saw Bob's offers through Alice; once she takes back her vouch, Mallory gets no further byte of Bob's."""
    village, conversation = visited()
    served = {record.header.author for record in village.mallory.given}
    assert village.mesh.nodes["Bob"].person in served
    village.mallory.given.clear()
    post(village.mesh, "Bob", "One more")
    village.mesh.settle()
    village.mallory.go_on()
    assert [record.header.kind for record in village.mallory.given] == [Kind.LISTING]
    village.mallory.given.clear()
    policy.vouch(village.alice.replica, MALLORY.id, 0)
    post(village.mesh, "Bob", "Not for Mallory")
    village.mesh.settle()
    village.mallory.go_on()
    assert [record for record in village.mallory.given if not record.header_only] == []
    again = village.mallory.talk()
    assert [record for record in village.mallory.given if not record.header_only] == []
    assert again.peer in {None, MALLORY.id}
    assert conversation is not again


def test_fault_24_who_founds_a_cell_of_the_same_name_does_not_see_offers_to_the_first() -> None:
    """Fault 24: a group is its founding, not its name; without a chain of invitations from it nobody is a member."""
    village = Village()
    found(village.mesh, "Bob", "Elm Street")
    post(village.mesh, "Bob", "For my cell", Audience.MY_CELL)
    claim = join_record(MALLORY, begun(MALLORY, "Elm Street"), now=EPOCH, policy_version=0)
    village.mallory.records = {record.id: record for record in [*own_records(village), claim]}
    village.mallory.talk()
    assert village.in_use(claim)
    titles = [_title(record) for record in village.mallory.given if record.header.kind == Kind.LISTING]
    assert "For my cell" not in titles
    assert village.is_unharmed()


def _title(record: Record) -> str:
    return Listing.parse(record.body or b"").title


# --- authorship ------------------------------------------------------------------------------------------------------------


def test_records_of_devices_that_nobody_certified_wait_unseen_and_block_no_room() -> None:
    """Mallory floods Alice with records in Bob's name: they wait apart, capped, and Bob's own go on being taken."""
    village = Village()
    bob = village.mesh.nodes["Bob"].person
    flood = [
        rewritten(MALLORY, MALLORY.listing(f"Flood {number}", now=EPOCH), author=bob)
        for number in range(limits.PENDING_FROM_ONE_MAX + 50)
    ]
    village.mallory.records = {record.id: record for record in [*own_records(village), *flood]}
    village.mallory.talk()
    waiting = [record_id for record_id, state in village.contents().items() if state == RecordState.PENDING]
    assert len(waiting) == limits.PENDING_FROM_ONE_MAX
    assert not any(title.startswith("Flood") for title in sees(village.mesh, "Alice"))
    assert village.is_unharmed()


def test_a_revoked_device_is_refused_for_good_and_all_it_wrote_goes() -> None:
    phone = MALLORY.on("phone")
    lost = phone.listing("From a stolen phone", now=EPOCH, policy_version=0)
    village, _ = visited(phone.certificate(EPOCH), lost, GOOD)
    assert village.in_use(lost)
    village.mallory.offer(phone.revocation(EPOCH))
    assert lost.id not in village.contents()
    assert village.in_use(GOOD)
    village.mallory.offer(
        phone.listing("From the grave", now=EPOCH, policy_version=0), lost, phone.certificate(EPOCH, version=2)
    )
    assert sees(village.mesh, "Alice") >= {"Good"}
    assert not {"From a stolen phone", "From the grave"} & sees(village.mesh, "Alice")
    village.mesh.restart("Alice")
    assert not village.alice.replica.trust_state.certified(MALLORY.id, phone.device)
    vouch(village.mesh, "Alice", "Bob", 800)
    village.mesh.settle()


def test_the_tombstone_of_a_revocation_revokes_as_well() -> None:
    phone = MALLORY.on("phone")
    lost = phone.listing("From a stolen phone", now=EPOCH, policy_version=0)
    village, _ = visited(phone.certificate(EPOCH), lost)
    village.mallory.supersede(phone.revocation(EPOCH))
    assert lost.id not in village.contents()
    assert not village.alice.replica.trust_state.certified(MALLORY.id, phone.device)
    assert village.is_unharmed()


def test_a_peer_who_shows_what_a_revoked_device_wrote_is_told_of_the_revocation() -> None:
    phone = MALLORY.on("phone")
    lost = phone.listing("From a stolen phone", now=EPOCH, policy_version=0)
    village = Village()
    village.alice.replica.ingest.receive(
        [MALLORY.certificate(EPOCH), phone.certificate(EPOCH), phone.revocation(EPOCH)]
    )
    village.mallory.records = {record.id: record for record in [*own_records(village), lost]}
    village.mallory.talk()
    assert phone.revocation(EPOCH).id in {record.id for record in village.mallory.given}


def test_one_author_cannot_fill_a_node() -> None:
    """Fault 40, in small: beyond 2,000 records of one author nothing new is taken, and nobody else's is touched."""
    village = Village()
    store = village.alice.replica.store.records
    many = [
        MALLORY.listing(f"Number {number}", now=EPOCH, policy_version=0)
        for number in range(limits.AUTHOR_RECORDS_MAX + 20)
    ]
    village.mallory.records = {record.id: record for record in [*own_records(village), *many]}
    conversation = village.mallory.talk()
    assert conversation.end is None  # it is no fault to have much
    assert store.count(MALLORY.id) == limits.AUTHOR_RECORDS_MAX
    assert village.is_unharmed()
    newer = MALLORY.listing("Number 5", now=EPOCH + 1, version=2, policy_version=0)
    village.mallory.offer(newer)
    assert village.in_use(newer)  # existing records can still be changed
