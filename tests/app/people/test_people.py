"""People: found by name and id, and vouched for."""

from __future__ import annotations

import pytest

from meshnode.app import naming
from meshnode.app.owner import policy
from meshnode.app.owner.profile import set_profile
from meshnode.app.paging import PAGE_MAX
from meshnode.app.people import blocks, first_names
from meshnode.app.people import people as people_cases
from meshnode.app.people.people import PeopleQuery
from meshnode.errors import Ambiguous, MeshnodeError, NotFound, Refused, Usage
from meshnode.replica.replica import Replica
from meshnode.slices import Steps, complete
from protocol import person_text
from tests.app.neighbors import Neighbor, settle_in
from tests.support.mesh import Mesh

People = tuple[Neighbor, Neighbor, Neighbor]


def rename(mesh: Mesh, viewer: Neighbor, neighbor: Neighbor, name: str) -> None:
    """Let `neighbor` take another name, and `viewer` take it over."""
    set_profile(neighbor.replica, name=name)
    mesh.settle()
    first_names.take_over(viewer.replica, neighbor.person)


@pytest.mark.parametrize("text", ["Bob", "bob", " BO ", "b"])
def test_a_person_is_found_by_any_beginning_of_their_name(people: People, text: str) -> None:
    alice, bob, _ = people
    assert naming.find(alice.replica, text) == bob.person


def test_a_name_is_found_however_its_accents_are_written(mesh: Mesh, people: People) -> None:
    alice, bob, _ = people
    for name in ("Zo\u00eb", "Zoe\u0308"):
        set_profile(bob.replica, name=name)
        mesh.settle()
        for text in ("Zo\u00eb", "zoe\u0308"):
            assert naming.find(alice.replica, text) == bob.person


def test_a_person_is_found_by_their_id_and_its_beginning(people: People) -> None:
    alice, _, carol = people
    written = person_text(carol.person)
    for text in (written, written.upper(), written[:9], written[3:9]):
        assert naming.find(alice.replica, text) == carol.person


def test_a_person_one_vouches_for_goes_before_others(mesh: Mesh, people: People) -> None:
    alice, bob, _ = people
    rename(mesh, alice, bob, "Carl")
    assert naming.find(alice.replica, "car") == bob.person


def test_a_beginning_that_fits_several_lists_them(mesh: Mesh, people: People) -> None:
    alice, bob, carol = people
    policy.vouch(alice.replica, carol.person, 500)
    rename(mesh, alice, bob, "Carl")
    with pytest.raises(Ambiguous) as caught:
        naming.find(alice.replica, "car")
    assert [candidate.split(" ")[0] for candidate in caught.value.candidates] == ['"Carl"', '"Carol"']
    assert naming.find(alice.replica, "carl") == bob.person


def test_a_whole_id_cannot_be_taken_by_a_name(mesh: Mesh, people: People) -> None:
    alice, bob, carol = people
    set_profile(bob.replica, name=person_text(carol.person)[:60])
    mesh.settle()
    assert naming.find(alice.replica, person_text(carol.person)) == carol.person


@pytest.mark.parametrize("shown", [slice(3, 11), slice(0, 11), slice(3, 7)])
def test_nor_can_the_beginning_of_an_id_as_lists_show_it(mesh: Mesh, people: People, shown: slice) -> None:
    alice, bob, carol = people
    beginning = person_text(carol.person)[shown]
    rename(mesh, alice, bob, beginning)
    with pytest.raises(Ambiguous):
        naming.find(alice.replica, beginning)


def test_unknown_blocked_and_blocking_people_are_not_found_in_the_same_words(mesh: Mesh, people: People) -> None:
    alice, _, carol = people
    settle_in(mesh, "Stranger")
    blocks.block(carol.replica, "Alice")
    mesh.settle()
    lines = []
    for name in ("Carol", "Stranger", "Nobody"):
        with pytest.raises(NotFound) as caught:
            people_cases.person(alice.replica, name, ())
        lines.append(caught.value.line.replace(name, "X"))
    assert len(set(lines)) == 1


def test_a_person_is_described_from_both_sides(people: People) -> None:
    alice, bob, _ = people
    seen = people_cases.person(alice.replica, "Bob", [bob.person])
    assert (seen.vouch, seen.vouch_back, seen.trust, seen.reach) == (0.7, 0.8, 0.7, 0.8)
    assert seen.connected
    assert not seen.pending
    assert seen.relation == "someone_you_trust"
    assert people_cases.person(alice.replica, "Alice", ()).relation == "yourself"


def test_direct_contacts_are_listed_and_the_rest_of_the_web_is_counted(people: People) -> None:
    alice = people[0]
    near = complete(people_cases.listing_people(alice.replica, (), PeopleQuery()))
    assert ([person.name for person in near.people], near.others) == (["Bob"], 1)
    web = complete(people_cases.listing_people(alice.replica, (), PeopleQuery(all=True)))
    assert ([person.name for person in web.people], web.others) == (["Bob", "Carol"], 0)


def test_long_lists_of_people_come_a_page_at_a_time(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people_cases, "PER_PAGE", 1)
    alice, found, page = people[0], [], 1
    while True:
        seen = complete(people_cases.listing_people(alice.replica, (), PeopleQuery(all=True, page=page)))
        assert (seen.total, seen.others) == (2, 0)
        found += [person.name for person in seen.people]
        if seen.next is None:
            break
        page = seen.next
    assert (found, page) == (["Bob", "Carol"], 2)
    assert complete(people_cases.listing_people(alice.replica, (), PeopleQuery(all=True, page=3))).people == ()


@pytest.mark.parametrize("page", [0, -1, PAGE_MAX + 1, 2**64])
def test_a_page_that_there_cannot_be_is_refused(people: People, page: int) -> None:
    with pytest.raises(Usage, match="page goes from 1"):
        complete(people_cases.listing_people(people[0].replica, (), PeopleQuery(page=page)))


def test_those_whom_i_vouch_for_are_offered_most_trusted_first(people: People) -> None:
    alice, _, carol = people
    assert [one.name for one in people_cases.vouched_for(alice.replica)] == ["Bob"]
    people_cases.vouch(alice.replica, person_text(carol.person), 0.9, (), anyway=True)
    assert [one.name for one in people_cases.vouched_for(alice.replica)] == ["Carol", "Bob"]
    assert [one.name for one in people_cases.vouched_for(alice.replica, mutual=True)] == ["Bob"]
    people_cases.unvouch(alice.replica, "Bob", ())
    assert [one.name for one in people_cases.vouched_for(alice.replica)] == ["Carol"]


def test_a_new_vouch_replaces_the_old_one(people: People) -> None:
    alice = people[0]
    assert people_cases.vouch(alice.replica, "Bob", 0.45, ()).vouch == 0.45
    assert people_cases.vouch(alice.replica, "Bob", 1, ()).vouch == 1


def test_saying_the_same_again_signs_nothing(people: People) -> None:
    alice = people[0]
    before = alice.replica.store.records.count()
    version = alice.replica.trust_state.policy_version(alice.person, alice.replica.device)
    people_cases.vouch(alice.replica, "Bob", 0.7, ())
    assert alice.replica.store.records.count() == before
    assert alice.replica.trust_state.policy_version(alice.person, alice.replica.device) == version


@pytest.mark.parametrize(
    ("who", "trust", "error"),
    [
        ("Bob", 0, Usage),
        ("Bob", -0.5, Usage),
        ("Bob", 1.001, Usage),
        ("Bob", 0.0004, Usage),
        ("Bob", 0.12345, Usage),
        ("Alice", 0.5, Refused),
        ("Zed", 0.5, NotFound),
        ("", 0.5, Usage),
    ],
)
def test_a_vouch_that_cannot_be_changes_nothing(
    people: People, who: str, trust: float, error: type[MeshnodeError]
) -> None:
    alice = people[0]
    version = alice.replica.trust_state.policy_version(alice.person, alice.replica.device)
    with pytest.raises(error):
        people_cases.vouch(alice.replica, who, trust, ())
    assert alice.replica.trust_state.policy_version(alice.person, alice.replica.device) == version


def test_only_who_is_vouched_for_can_be_unvouched(people: People) -> None:
    alice, bob, _ = people
    with pytest.raises(NotFound):
        people_cases.unvouch(alice.replica, "Carol", ())
    assert people_cases.unvouch(alice.replica, "Bob", ()).vouch is None
    with pytest.raises(NotFound):
        people_cases.unvouch(alice.replica, "Bob", ())
    assert bob.person not in alice.replica.trust_state.graph.vouched_by(alice.person)


NAMES = (
    "Anna Müller",
    "anna",
    "Zoë",
    "Łukasz from the mill",
    "José",
    "我家",
    "O'Brien",
    "🚲 Bob",
    "Ann-Marie",
    "q2wer",
)
TYPED = (
    *NAMES, "an", "ANN", "mull", "müller an", "zoe", "Zoe\u0308", "jose", "家", "brien", "🚲", "bob", "marie", "mill the",
    "nobody", "q2we", "mp1q2we", "e", " ",
)  # fmt: skip


def test_people_are_found_as_if_the_text_were_compared_with_everybody(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    near = naming._near
    replica = people[0].replica
    known = sorted(naming.known(replica) - {replica.me})
    for first in range(0, len(NAMES), len(known)):
        for person, name in zip(known, NAMES[first:], strict=False):
            replica.store.own_names.set(person, name)
        ids = [person_text(person)[begin:end] for person in known for begin, end in ((0, 9), (3, 7), (3, 62), (0, 62))]
        for text in (*TYPED, *ids):
            found = _found(replica, text)
            with monkeypatch.context() as patched:
                patched.setattr(naming, "_near", lambda replica, _text, people: near(replica, "", people))
                assert _found(replica, text) == found


def _found(replica: Replica, text: str) -> object:
    try:
        return naming.find(replica, text)
    except (Ambiguous, NotFound, Usage) as error:
        return error.message


def test_completion_offers_the_people_whose_name_begins_so(people: People) -> None:
    alice, bob, carol = people
    assert people_cases.names(alice.replica, people_cases.NamesQuery("b")).people == (
        naming.reference(alice.replica, bob.person),
    )
    beginning = person_text(carol.person)[:9]
    assert [found.name for found in people_cases.names(alice.replica, people_cases.NamesQuery(beginning)).people] == [
        "Carol"
    ]
    assert len(people_cases.names(alice.replica, people_cases.NamesQuery()).people) == 3
    assert people_cases.names(alice.replica, people_cases.NamesQuery("zed")).people == ()


def test_completion_says_how_many_more_there_are(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("meshnode.app.naming.NAMES_OFFERED", 1)
    found = people_cases.names(people[0].replica, people_cases.NamesQuery())
    assert ([each.name for each in found.people], found.more) == (["Bob"], 2)


def test_a_name_is_looked_for_without_going_through_the_whole_web_each_time(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob, carol = people
    naming.find(alice.replica, "Carol")
    read: list[bytes] = []
    regard_from = alice.replica.trust_state.regard_from

    def counted(person: bytes) -> object:
        read.append(person)
        return regard_from(person)

    monkeypatch.setattr(alice.replica.trust_state, "regard_from", counted)
    for text, found in (("Carol", carol), ("b", bob)):
        assert naming.find(alice.replica, text) == found.person
    naming.named(alice.replica, "c")
    assert read == []
    policy.vouch(alice.replica, carol.person, 500)  # trust has changed: now it is read again
    assert naming.find(alice.replica, "Carol") == carol.person
    assert read


def test_everybody_is_listed_without_a_search_for_each_person(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """A search for each of ten thousand people would stop the node for minutes."""
    from protocol.trust import TrustGraph

    searches: list[object] = []
    search = TrustGraph._lengths

    def counted(self: TrustGraph, viewer: bytes, floor: int, *, towards: bool) -> Steps[dict[int, int]]:
        searches.append(viewer)
        return search(self, viewer, floor, towards=towards)

    def single(*_: object) -> None:
        raise AssertionError("a search for one person")

    monkeypatch.setattr(TrustGraph, "_lengths", counted)
    monkeypatch.setattr(TrustGraph, "trust", single)
    listed = complete(people_cases.listing_people(people[0].replica, (), PeopleQuery(all=True)))
    assert {seen.name: seen.relation for seen in listed.people}["Carol"] == "trusted_friend_of_friend"
    assert len(searches) <= 2
