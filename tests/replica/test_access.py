"""Access decisions: allow, deny, and unknown where trust is not known well enough."""

from __future__ import annotations

from typing import Any

from meshnode.app.owner import policy
from meshnode.replica.access import Access, access_key, key_for
from meshnode.replica.replica import Replica
from meshnode.store import RecordState, Row
from protocol import Audience, Kind, PersonId, Precision, Preference, Record, coarse, limits
from protocol.letters import Opened, Receipt, seal
from tests.support.mesh import EPOCH, Mesh
from tests.support.people import Person

BOB, CAROL = Person("Bob"), Person("Carol")
HERE, NEAR = coarse(52.52, 13.40, Precision.NEIGHBORHOOD), coarse(52.50, 13.45, Precision.NEIGHBORHOOD)


def alice(place: str | None = HERE) -> Replica:
    return Mesh(61).add("Alice", place=place).replica


def put(replica: Replica, *records: Record, state: RecordState = RecordState.LIVE) -> None:
    """Store these records without ingest."""
    for record in records:
        replica.store.records.put(record, state=state, received_from=BOB.id, arrived=EPOCH)
    replica.trust_state.refresh(replica.store, {record.header.author for record in records})


def row_of(replica: Replica, record: Record) -> Row:
    return replica.store.records.rows_of([record.id])[0]


def answer(replica: Replica, record: Record, viewer: PersonId | None = None) -> Access:
    return replica.access.decide(viewer or replica.me, access_key(row_of(replica, record)))


def known(replica: Replica, **said: Any) -> None:
    put(replica, BOB.certificate(EPOCH), BOB.policy({replica.me: 900}, now=EPOCH, **said))


def test_without_the_policy_of_the_author_access_is_unknown() -> None:
    replica = alice()
    put(replica, BOB.certificate(EPOCH), BOB.listing(now=EPOCH))
    assert answer(replica, BOB.listing(now=EPOCH)) is Access.UNKNOWN


def test_with_an_older_policy_than_the_record_names_access_is_unknown() -> None:
    replica = alice()
    known(replica)
    newer = BOB.listing(now=EPOCH, policy_version=2)
    put(replica, newer, BOB.listing("Older", now=EPOCH))
    assert answer(replica, newer) is Access.UNKNOWN
    assert answer(replica, BOB.listing("Older", now=EPOCH)) is Access.ALLOW


def test_the_last_letter_of_an_author_who_blocks_the_addressee_is_for_the_addressee() -> None:
    """Its author withdraws every other one; and nothing else of an author who blocks them is for the addressee."""
    replica = alice()
    carols = letter_to(CAROL.id, b"b" * 16)
    known(replica, blocks=[CAROL])
    put(replica, carols, BOB.listing(now=EPOCH))
    assert answer(replica, carols, CAROL.id) is Access.ALLOW
    assert answer(replica, BOB.listing(now=EPOCH), CAROL.id) is Access.DENY


def test_the_block_of_the_viewer_denies_whatever_the_policy_of_the_author_says() -> None:
    replica = alice()
    put(replica, BOB.certificate(EPOCH), BOB.listing(now=EPOCH), BOB.profile(EPOCH))
    policy.block(replica, BOB.id)
    put(replica, BOB.listing(now=EPOCH), BOB.profile(EPOCH))
    assert answer(replica, BOB.listing(now=EPOCH)) is Access.DENY
    assert answer(replica, BOB.profile(EPOCH)) is Access.DENY


def test_access_that_only_a_suspended_policy_gives_is_unknown() -> None:
    """Carol reaches Alice through Bob, whose policy is suspended: Bob may have taken back the vouch for Carol."""
    replica = alice()
    put(replica, BOB.certificate(EPOCH), CAROL.certificate(EPOCH))
    put(replica, CAROL.policy({BOB: 900}, now=EPOCH), CAROL.listing(now=EPOCH))
    put(replica, BOB.policy({CAROL: 900, replica.me: 900}, now=EPOCH))
    assert answer(replica, CAROL.listing(now=EPOCH)) is Access.ALLOW
    put(replica, BOB.policy({}, version=2, now=EPOCH + 1).without_body(), state=RecordState.HEADER)
    assert answer(replica, CAROL.listing(now=EPOCH)) is Access.UNKNOWN
    put(replica, BOB.policy({}, version=2, now=EPOCH + 1))
    assert answer(replica, CAROL.listing(now=EPOCH)) is Access.DENY


def local(replica: Replica, record: Record, viewer: PersonId | None = None) -> Access:
    put(replica, record)
    return answer(replica, record, viewer)


def test_whether_a_listing_is_nearby_is_unknown_until_both_places_are_known() -> None:
    replica = alice()
    listing = BOB.listing(now=EPOCH, audience=Audience.ANYONE_LOCAL)
    known(replica)
    assert local(replica, listing) is Access.UNKNOWN  # the author's profile has not come yet
    put(replica, BOB.profile(EPOCH, place=NEAR))
    assert answer(replica, listing) is Access.ALLOW
    put(replica, BOB.profile(EPOCH + 1, version=2))
    assert answer(replica, listing) is Access.DENY  # the author's profile has no place


def test_a_listing_of_somebody_who_is_away_is_denied_though_a_place_is_still_missing() -> None:
    replica = alice()
    known(replica, preference=Preference(stamp=1, paused=EPOCH))
    assert local(replica, BOB.listing(now=EPOCH, audience=Audience.ANYONE_LOCAL)) is Access.DENY


def test_a_person_without_a_published_place_is_near_nobody() -> None:
    replica = alice(place=None)
    known(replica)
    put(replica, BOB.profile(EPOCH, place=NEAR))
    assert local(replica, BOB.listing(now=EPOCH, audience=Audience.ANYONE_LOCAL)) is Access.DENY


def test_a_listing_without_an_audience_follows_the_preference_of_its_author() -> None:
    replica = alice()
    known(replica, preference=Preference(Audience.MY_CELL, Precision.CITY, 25, 1))
    listing = BOB.listing(now=EPOCH, audience=Audience.FOLLOWS)
    assert local(replica, listing) is Access.DENY
    known(replica, preference=Preference(Audience.NETWORK_WIDE, Precision.CITY, 25, 2), version=2, stamp=2)
    assert answer(replica, listing) is Access.ALLOW


def test_everybody_may_have_their_own_records() -> None:
    replica = alice()
    put(replica, BOB.listing(now=EPOCH, audience=Audience.MY_CELL))
    assert answer(replica, BOB.listing(now=EPOCH, audience=Audience.MY_CELL), BOB.id) is Access.ALLOW


def test_only_its_author_may_have_an_expired_record() -> None:
    replica = alice()
    known(replica)
    listing = BOB.listing(now=EPOCH)
    put(replica, listing)
    late = listing.header.expires
    assert replica.access.may_have(replica.me, row_of(replica, listing), late - 1) is Access.ALLOW
    assert replica.access.may_have(replica.me, row_of(replica, listing), late) is Access.DENY
    assert replica.access.may_have(BOB.id, row_of(replica, listing), late) is Access.ALLOW


def test_a_certificate_and_a_policy_go_to_the_mesh_and_to_people_they_name() -> None:
    replica = alice()
    known(replica)
    dan = Person("Dan")
    put(replica, dan.certificate(EPOCH), dan.policy({BOB: 100}, now=EPOCH))
    assert answer(replica, dan.policy({BOB: 100}, now=EPOCH), BOB.id) is Access.ALLOW
    assert answer(replica, dan.policy({BOB: 100}, now=EPOCH)) is Access.DENY
    assert row_of(replica, dan.certificate(EPOCH)).kind == Kind.DEVICE


def letter_to(addressee: PersonId, slot: bytes = bytes(16)) -> Record:
    body = seal(
        Receipt((Opened(bytes(16), (bytes(8),)),)),
        author=BOB.id,
        addressee=addressee,
        slot=slot,
        letter_keys=[CAROL.keys.letter_public],
        entropy=bytes(32),
    )
    return BOB.record(Kind.LETTER, slot, body, EPOCH, life=limits.LETTER_LIFE, policy_version=1)


def test_a_letter_goes_to_the_web_of_its_author_and_to_its_addressee() -> None:
    replica = alice()
    letter = letter_to(CAROL.id)
    known(replica)
    put(replica, letter)
    assert answer(replica, letter) is Access.ALLOW  # Alice carries it
    assert answer(replica, letter, CAROL.id) is Access.ALLOW
    assert answer(replica, letter, Person("Dan").id) is Access.DENY


def test_a_letter_to_me_needs_no_policy_of_its_author_and_one_to_others_does() -> None:
    """Without the policy nobody knows whom the author blocks; the addressee is named by the letter itself."""
    replica = alice()
    mine, carols = letter_to(replica.me), letter_to(CAROL.id, b"b" * 16)
    put(replica, BOB.certificate(EPOCH), mine, carols)
    assert answer(replica, mine) is Access.ALLOW
    assert answer(replica, carols) is Access.UNKNOWN
    assert answer(replica, carols, CAROL.id) is Access.UNKNOWN
    known(replica)
    assert answer(replica, carols, CAROL.id) is Access.ALLOW
    put(replica, CAROL.certificate(EPOCH), CAROL.policy({}, now=EPOCH, blocks=[BOB]))
    assert answer(replica, carols, CAROL.id) is Access.DENY
    policy.block(replica, BOB.id)
    put(replica, mine)
    assert answer(replica, mine) is Access.DENY


def test_all_letters_of_one_author_to_others_share_one_key() -> None:
    replica = alice()
    letters = [letter_to(CAROL.id, bytes([number]) * 16) for number in range(3)]
    mine = letter_to(replica.me, b"m" * 16)
    put(replica, BOB.certificate(EPOCH), mine, *letters)
    keys = {key_for(replica.me, access_key(row_of(replica, letter))) for letter in letters}
    assert len(keys) == 1
    own = access_key(row_of(replica, mine))
    assert key_for(replica.me, own) == own
