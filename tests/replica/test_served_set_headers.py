"""Headers and certificates that a peer is given beside its served set, so that it does not believe too much."""

from __future__ import annotations

import pytest

from meshnode.app.owner import policy
from meshnode.replica.changes import Superseding
from meshnode.replica.replica import Replica
from meshnode.replica.served_set import ServedSet
from meshnode.store import RecordState
from protocol import Audience, Record
from protocol.limits import DAY, POLICY_LIFE
from protocol.session import Phase
from tests.support.clock import FakeClock
from tests.support.network import replica_of
from tests.support.people import NOW, Person

ALICE, CAROL, MALLORY = Person("Alice"), Person("Carol"), Person("Mallory")
PHONE = ALICE.on("phone")
CERTIFICATES = [ALICE.certificate(NOW), PHONE.certificate(NOW)]
OF_PHONE = PHONE.policy({CAROL: 800}, now=NOW)


def bob() -> tuple[Replica, Record]:
    """Return the node of Bob, whom Alice trusts, with what both her devices say; and the policy of her laptop."""
    replica = replica_of("Bob", clock=FakeClock(NOW))
    policy.vouch(replica, ALICE.id, 900)
    of_laptop = ALICE.policy({replica.me: 900}, now=NOW)
    replica.ingest.receive([*CERTIFICATES, of_laptop, OF_PHONE, ALICE.profile(NOW)], ALICE.id)
    return replica, of_laptop


def served(replica: Replica, peer: Person) -> ServedSet:
    """Return what Bob's node serves to this person."""
    return ServedSet(replica.store, replica.access, replica.clock, replica.me, peer.id)


def ids(view: ServedSet) -> set[bytes]:
    """Return the ids of all that is in a served set."""
    return {record_id for phase in Phase for _, record_id in view.items(phase)}


def test_somebody_who_shows_one_policy_of_a_person_hears_that_another_device_has_one_too() -> None:
    replica, of_laptop = bob()
    found = served(replica, MALLORY).other_policies([of_laptop])
    assert [(one.newest.id, one.older_device) for one in found] == [(OF_PHONE.id, b"")]
    assert served(replica, MALLORY).other_policies([of_laptop, OF_PHONE]) == []


def test_the_author_of_the_policies_hears_of_none() -> None:
    """They may have all of them, also one of which only the header is here."""
    replica, of_laptop = bob()
    newer = PHONE.policy({CAROL: 700}, now=NOW, version=2, stamp=2)
    replica.ingest.receive([newer.without_body()], CAROL.id)
    assert [one.newest.id for one in served(replica, MALLORY).other_policies([of_laptop])] == [newer.id]
    assert served(replica, ALICE).other_policies([of_laptop]) == []


@pytest.mark.parametrize("what", ["its header", "a profile", "a certificate", "nothing"])
def test_somebody_who_shows_anything_else_of_a_person_hears_of_no_policy(what: str) -> None:
    replica, of_laptop = bob()
    shown = {
        "its header": [of_laptop.without_body()],
        "a profile": [ALICE.profile(NOW)],
        "a certificate": CERTIFICATES,
        "nothing": [],
    }
    assert served(replica, MALLORY).other_policies(shown[what]) == []


def test_somebody_who_may_have_the_policies_is_given_them_and_no_headers() -> None:
    replica, of_laptop = bob()
    assert {of_laptop.id, OF_PHONE.id} <= ids(served(replica, CAROL))
    assert served(replica, CAROL).other_policies([of_laptop]) == []


def test_somebody_who_may_have_all_but_the_policy_of_a_device_too_many_hears_only_of_what_is_a_header_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("protocol.limits.DEVICES_MAX", 2)
    monkeypatch.setattr("protocol.trust.policies.DEVICES_MAX", 2)
    replica, of_laptop = bob()
    first, last = sorted([(ALICE.device, of_laptop), (PHONE.device, OF_PHONE)], key=lambda one: one[0])
    third = next(one for one in (ALICE.on(f"{number}") for number in range(99)) if one.device < last[0])
    of_third = third.policy({CAROL: 700}, now=NOW)
    replica.ingest.receive([third.certificate(NOW), of_third], ALICE.id)
    assert replica.trust_state.is_surplus(ALICE.id, last[0])
    view = served(replica, CAROL)
    assert {first[1].id, of_third.id} <= ids(view)
    assert last[1].id not in ids(view)
    assert view.other_policies([last[1]]) == []
    newer = third.policy({CAROL: 600}, now=NOW, version=2, stamp=2, min_valid_version=1)
    replica.ingest.receive([newer.without_body()], ALICE.id)
    assert [one.newest.id for one in view.other_policies([last[1]])] == [newer.id]


def test_a_policy_that_nobody_has_certified_draws_out_no_header() -> None:
    """It is signed by a device of Mallory's in Alice's name."""
    replica, _ = bob()
    forged = ALICE.on("Mallory's").policy({MALLORY: 900}, now=NOW)
    replica.ingest.receive([forged], MALLORY.id)
    assert [row.state for row in replica.store.records.rows_of([forged.id])] == [RecordState.PENDING]
    assert served(replica, MALLORY).other_policies([forged]) == []


def test_a_header_comes_with_the_certificate_of_its_device_unless_the_peer_has_that_already() -> None:
    replica, _ = bob()
    certificate = CERTIFICATES[1]
    view = served(replica, MALLORY)
    assert view.supply([certificate.id])[0] == []
    assert view.add_certificates_for([Superseding(OF_PHONE, PHONE.device)]) == []
    assert view.supply([certificate.id])[0] == []
    item = (certificate.header.created, certificate.id)
    assert view.add_certificates_for([Superseding(OF_PHONE, ALICE.device)]) == [item]
    assert [one.id for one in view.supply([certificate.id])[0]] == [certificate.id]


def test_a_certificate_that_is_in_the_set_anyway_is_not_added() -> None:
    replica, _ = bob()
    assert served(replica, CAROL).add_certificates_for([Superseding(OF_PHONE, b"")]) == []


def test_a_certificate_that_was_taken_back_is_not_added() -> None:
    """Of the revocation, which is not for everybody, only the header is here."""
    replica, _ = bob()
    replica.ingest.receive([PHONE.revocation().without_body()], ALICE.id)
    assert [row.state for row in replica.store.records.rows_of([CERTIFICATES[1].id])] == [RecordState.SUSPENDED]
    assert served(replica, MALLORY).add_certificates_for([Superseding(OF_PHONE, b"")]) == []


def test_a_header_by_a_device_without_a_certificate_here_brings_none() -> None:
    replica, _ = bob()
    lost = ALICE.on("lost").policy({CAROL: 800}, now=NOW)
    assert served(replica, MALLORY).add_certificates_for([Superseding(lost, b"")]) == []


def test_a_policy_that_had_ended_when_it_came_is_passed_on_to_those_whom_it_names_and_nothing_else_of_its_author() -> (
    None
):
    clock = FakeClock(NOW)
    replica = replica_of("Bob", clock=clock)
    clock.confirm()
    policy.vouch(replica, ALICE.id, 900)
    then = NOW - POLICY_LIFE - DAY
    ended = ALICE.policy({replica.me: 900, CAROL: 800}, now=then)
    post = ALICE.listing("Ladder", now=NOW, audience=Audience.NETWORK_WIDE)
    replica.ingest.receive([CERTIFICATES[0], ended, ALICE.profile(NOW), post], ALICE.id)
    assert [row.state for row in replica.store.records.rows_of([ended.id])] == [RecordState.PAST]
    of_alice = {CERTIFICATES[0].id, ended.id}
    assert ids(served(replica, CAROL)) & {*of_alice, ALICE.profile(NOW).id, post.id} == of_alice
    assert ids(served(replica, MALLORY)) & of_alice == set()


@pytest.mark.parametrize("question", ["the items", "a record", "a permission", "other policies"])
def test_a_set_answers_by_what_is_known_at_that_moment(question: str) -> None:
    """Also between a commit and the moment at which the set is told of it."""
    replica, of_laptop = bob()
    view = served(replica, MALLORY)
    both = [of_laptop.id, OF_PHONE.id]
    assert (view.supply(both)[0], view.allows_any(both)) == ([], False)
    replica.ingest.receive([PHONE.policy({CAROL: 800, MALLORY: 800}, now=NOW, version=2, stamp=2)], ALICE.id)
    match question:
        case "the items":
            assert of_laptop.id in ids(view)
        case "a record":
            assert [one.id for one in view.supply([of_laptop.id])[0]] == [of_laptop.id]
        case "a permission":
            assert view.allows_any([of_laptop.id])
        case _:
            assert view.other_policies([of_laptop]) == []
