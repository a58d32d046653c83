"""What a session is told of a record that has ended here: whether it stays to be asked for again, and what follows on it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from meshnode.replica.changes import Change, Superseding
from meshnode.replica.served_set import ServedSet
from meshnode.store import RecordState, Row
from protocol import Audience, Record
from protocol.limits import DAY
from protocol.session import Phase
from tests.support.people import NOW, Person
from tests.support.relay import ALICE, CAROL, LADDER, MALLORY, PHONE, TABLET, Relay, item, told

NARROW = ALICE.listing("Ladder", now=NOW, version=2, audience=Audience.MY_CELL)
FORGED = TABLET.listing("Ladder", now=NOW, version=3, audience=Audience.TRUSTED_NETWORK)


@pytest.fixture
def relay() -> Relay:
    return Relay()


# --- what stays, to be asked for again -------------------------------------------------------------------------------


def test_a_post_that_only_the_peer_may_have_any_longer_stays(relay: Relay) -> None:
    served = relay.serve(CAROL)
    assert item(LADDER) in served.items(Phase.CONTENT)
    change = relay.bring(relay.says(2, bob=1))
    assert LADDER.id in {row.id for row in change.ended}
    delta = served.apply(change)
    assert {row.id for row in delta.lost} == {LADDER.id, ALICE.profile(NOW).id}
    assert delta.removed[Phase.CONTENT] == []


def test_a_post_that_the_peer_may_not_have_leaves(relay: Relay) -> None:
    served = relay.serve(MALLORY)
    row = relay.row(LADDER)
    delta = served.apply(Change(ended=(row,)))
    assert (delta.lost, delta.removed[Phase.CONTENT]) == ([], [item(LADDER)])


def test_what_was_dropped_waiting_stays_since_the_peer_has_shown_it(relay: Relay) -> None:
    """Nobody but a peer that has shown it has it in their set."""
    waiting = TABLET.listing("Rake", now=NOW, audience=Audience.MY_CELL)
    relay.bring(waiting)
    row = relay.row(waiting)
    assert row.state == RecordState.PENDING
    relay.replica.store.records.delete([row.id])
    delta = relay.serve(CAROL).apply(Change(ended=(row,)))
    assert (delta.lost, delta.removed[Phase.CONTENT]) == ([row], [])


def test_certificates_and_policies_come_again_by_themselves(relay: Relay) -> None:
    certificate, said = relay.row(ALICE.certificate(NOW)), relay.row(relay.says())
    delta = relay.serve(CAROL).apply(Change(ended=(certificate, said)))
    assert delta.lost == []
    assert set(delta.removed[Phase.GRAPH]) == {item(ALICE.certificate(NOW)), item(relay.says())}


def _unchanged(_: Relay, row: Row) -> Row:
    return row


def _suspended(_: Relay, row: Row) -> Row:
    return row._replace(state=RecordState.SUSPENDED)


def _nothing_held(relay: Relay, row: Row) -> Row:
    relay.replica.store.records.delete([row.id])
    return row


def _past(_: Relay, row: Row) -> Row:
    return row._replace(state=RecordState.PAST)


def _withdrawn(_: Relay, row: Row) -> Row:
    return row._replace(withdrawn=True)


def _superseded(relay: Relay, row: Row) -> Row:
    relay.bring(NARROW.without_body())
    return row


def _ended(relay: Relay, row: Row) -> Row:
    relay.clock.advance(row.expires - NOW)
    return row


@pytest.mark.parametrize(
    ("happens", "stays"),
    [
        (_unchanged, True),
        (_suspended, True),
        (_nothing_held, True),
        (_past, False),
        (_withdrawn, False),
        (_superseded, False),
        (_ended, False),
    ],
    ids=lambda value: value.__name__ if callable(value) else str(value),
)
def test_what_was_dropped_and_may_be_here_again_by_now_stays_if_it_would_still_be_in_use(
    relay: Relay, happens: Callable[[Relay, Row], Row], *, stays: bool
) -> None:
    """A session follows a commit some time later: what it dropped may be wanted again."""
    served, row = relay.serve(CAROL), relay.row(LADDER)
    row = happens(relay, row)
    delta = served.apply(Change(ended=(row,)))
    assert [one.id for one in delta.lost] == [LADDER.id] * stays
    assert delta.removed[Phase.CONTENT] == [item(LADDER)] * (not stays)


def test_a_post_of_a_device_that_was_revoked_is_not_asked_for_again(relay: Relay) -> None:
    rake = PHONE.listing("Rake", now=NOW, policy_version=0, audience=Audience.TRUSTED_NETWORK)
    relay.bring(rake)
    served = relay.serve(CAROL)
    assert item(rake) in served.items(Phase.CONTENT)
    row = relay.row(rake)
    relay.bring(PHONE.revocation(NOW).without_body())
    delta = served.apply(Change(ended=(row,)))
    assert (delta.lost, delta.removed[Phase.CONTENT]) == ([], [item(rake)])


def test_an_own_post_is_never_asked_for_again(relay: Relay) -> None:
    own = Person("Bob").listing("Saw", now=NOW, audience=Audience.TRUSTED_NETWORK)
    row = relay.row(LADDER)._replace(
        id=own.id, author=relay.replica.me, device=relay.replica.device, slot=own.header.slot
    )
    served = relay.serve(ALICE)
    delta = served.apply(Change(ended=(row,)))
    assert (delta.lost, delta.removed[Phase.CONTENT]) == ([], [item(own)])


# --- what the peer has just shown, of people whom nobody connects -----------------------------------------------------


def shown_and_dropped(relay: Relay) -> tuple[list[Record], tuple[Row, ...]]:
    """Drop Alice's certificate and policy and her post; return them and their rows of before."""
    records = [ALICE.certificate(NOW), relay.says(), LADDER]
    rows = tuple(map(relay.row, records))
    relay.replica.store.records.drop_bodies([row.id for row in rows])
    return records, rows


def test_certificates_and_policies_that_the_peer_has_just_shown_and_were_dropped_stay_apart(relay: Relay) -> None:
    served = relay.serve(MALLORY)
    records, rows = shown_and_dropped(relay)
    with served.receiving(records):
        delta = served.apply(Change(ended=rows))
    assert delta.apart == list(rows[:2])
    assert (delta.removed[Phase.GRAPH], delta.removed[Phase.CONTENT]) == ([], [item(LADDER)])
    delta = served.apply(Change(ended=rows))
    assert delta.apart == []
    assert delta.removed[Phase.GRAPH] == [item(one) for one in records[:2]]


def test_so_do_those_that_the_peer_has_shown_in_an_earlier_part_of_what_it_brings(relay: Relay) -> None:
    served = relay.serve(MALLORY)
    records, rows = shown_and_dropped(relay)
    with served.receiving(records, more=True):
        pass
    with served.receiving([]):
        assert served.apply(Change(ended=rows)).apart == list(rows[:2])


def test_what_another_has_shown_or_is_held_still_leaves(relay: Relay) -> None:
    served = relay.serve(MALLORY)
    records, rows = [ALICE.certificate(NOW)], (relay.row(ALICE.certificate(NOW)),)
    with served.receiving(records):
        assert served.apply(Change(ended=rows)).apart == []
    _, dropped = shown_and_dropped(relay)
    with served.receiving([CAROL.certificate(NOW)]):
        assert served.apply(Change(ended=dropped)).apart == []


# --- what supersedes it -----------------------------------------------------------------------------------------------


def narrowed(relay: Relay, peer: Person = CAROL) -> tuple[ServedSet, Change]:
    """Let Alice post the ladder again, for her group alone; return what is served to `peer`, and that change."""
    served = relay.serve(peer)
    return served, relay.bring(NARROW.without_body())


def test_the_peer_is_told_unless_it_has_shown_the_newer_version_itself(relay: Relay) -> None:
    served, change = narrowed(relay)
    with served.receiving([NARROW]):
        assert told(served.apply(change)) == []


def test_a_newer_version_of_which_only_the_header_is_here_is_told_of_though_the_peer_may_have_it(relay: Relay) -> None:
    served = relay.serve(CAROL)
    newer = ALICE.listing("Ladder", now=NOW, version=2, audience=Audience.TRUSTED_NETWORK)
    delta = served.apply(relay.bring(newer.without_body()))
    assert told(delta) == [newer.id]
    assert delta.added[Phase.CONTENT] == []


def test_a_record_that_waited_draws_out_no_header_of_what_its_author_has_written(relay: Relay) -> None:
    """It is not proved who wrote it, though the peer has shown it."""
    served, _ = narrowed(relay)
    relay.bring(FORGED)
    row = relay.row(FORGED)
    assert row.state == RecordState.PENDING
    assert told(served.apply(Change(ended=(row,)), shares=lambda *_: True)) == []


def test_a_certificate_that_was_lent_is_followed_by_its_revocation(relay: Relay) -> None:
    said = PHONE.policy({CAROL: 800}, now=NOW)
    relay.bring(said)
    served = relay.serve(MALLORY)
    assert served.add_certificates_for([Superseding(said, ALICE.device)]) == [item(PHONE.certificate(NOW))]
    revocation = PHONE.revocation(NOW)
    assert told(served.apply(relay.bring(revocation.without_body()))) == [revocation.id]


@pytest.mark.parametrize("shown", [False, True])
def test_who_may_not_have_a_post_is_told_what_follows_on_it_only_if_they_have_shown_it(
    relay: Relay, *, shown: bool
) -> None:
    served, change = narrowed(relay, MALLORY)
    delta = served.apply(change, shares=lambda phase, one: shown and (phase, one) == (Phase.CONTENT, item(LADDER)))
    assert told(delta) == [NARROW.id] * shown


def test_who_could_have_a_post_before_is_told_once_what_follows_on_it(relay: Relay) -> None:
    served = relay.serve(CAROL)
    served.apply(relay.bring(relay.says(2, carol=1)))
    change = relay.bring(NARROW.without_body())
    assert told(served.apply(change)) == [NARROW.id]
    assert told(served.apply(change)) == []


def test_who_was_told_of_a_header_is_told_of_the_one_that_follows_on_it(relay: Relay) -> None:
    """It may go on with an older version that the first leaves valid."""
    served, change = narrowed(relay)
    [newer] = served.apply(change).newer
    served.note_told([newer])
    row = relay.row(NARROW)
    last = ALICE.listing("Ladder", now=NOW, version=4, audience=Audience.MY_CELL)
    relay.bring(last.without_body())
    assert told(served.apply(Change(ended=(row,)))) == [last.id]
    assert told(relay.serve(CAROL).apply(Change(ended=(row,)))) == []


# --- what is asked for ------------------------------------------------------------------------------------------------


def test_a_version_that_is_out_of_use_is_not_given_and_what_supersedes_it_is_told(relay: Relay) -> None:
    served, _ = narrowed(relay)
    assert relay.row(LADDER).state == RecordState.SUSPENDED
    given, newer = served.supply([LADDER.id])
    assert (given, [one.newest.id for one in newer]) == ([], [NARROW.id])


def test_a_version_in_use_is_given_and_nothing_is_told_of_a_newer_one_that_leaves_it_valid(relay: Relay) -> None:
    newer = ALICE.listing("Ladder", now=NOW, version=2, min_valid_version=1, audience=Audience.MY_CELL)
    relay.bring(newer.without_body())
    given, told_of = relay.serve(CAROL).supply([LADDER.id])
    assert ([one.id for one in given], told_of) == ([LADDER.id], [])


@pytest.mark.parametrize(("left", "allows"), [(1, True), (0, False)])
def test_a_peer_has_a_permission_as_long_as_one_of_these_records_is_in_use(
    relay: Relay, left: int, *, allows: bool
) -> None:
    rake = ALICE.listing("Rake", now=NOW, life=DAY, audience=Audience.TRUSTED_NETWORK)
    relay.bring(rake)
    served = relay.serve(CAROL)
    relay.clock.advance(DAY - left)
    assert served.allows_any([rake.id]) is allows
    assert served.allows_any([rake.id, LADDER.id])
    assert not served.allows_any([])
    relay.bring(NARROW.without_body())
    assert not served.allows_any([LADDER.id])


@pytest.mark.parametrize(("left", "there"), [(1, True), (0, False)])
def test_a_record_leaves_in_the_second_that_it_names(relay: Relay, left: int, *, there: bool) -> None:
    rake = ALICE.listing("Rake", now=NOW, life=DAY, audience=Audience.TRUSTED_NETWORK)
    relay.bring(rake)
    relay.clock.advance(DAY - left)
    served = relay.serve(CAROL)
    assert (item(rake) in served.items(Phase.CONTENT)) is there
    assert [one.id for one in served.supply([rake.id])[0]] == [rake.id] * there
