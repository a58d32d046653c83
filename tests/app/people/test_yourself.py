"""What the owner says of themselves reaches others; the names that they call others by never do."""

from __future__ import annotations

import pytest

from meshnode.app import export, naming
from meshnode.app.catalog.catalog import Catalog
from meshnode.app.discover.watches import Watcher
from meshnode.app.exchanges import incoming
from meshnode.app.explain import why
from meshnode.app.people import blocks, introductions, yourself
from meshnode.app.people import people as people_cases
from meshnode.app.people.introductions import IntroductionOrder
from meshnode.app.people.people import PersonView
from meshnode.app.people.yourself import OwnName, ProfileChange
from meshnode.errors import Ambiguous, NotFound, Refused, Usage
from meshnode.replica.changes import Change
from meshnode.slices import complete
from protocol import limits, person_text
from tests.app.neighbors import Neighbor, settle_in
from tests.support.mesh import Mesh

People = tuple[Neighbor, Neighbor, Neighbor]
GARDEN = "Bob from the garden"


def change(neighbor: Neighbor, **fields: str) -> PersonView:
    return yourself.change_profile(neighbor.replica, ProfileChange(**fields), ())


def call(neighbor: Neighbor, who: str, name: str) -> PersonView:
    return yourself.call(neighbor.replica, who, OwnName(name), ())


def shown(neighbor: Neighbor, who: str) -> PersonView:
    return people_cases.person(neighbor.replica, who, ())


# --- oneself -------------------------------------------------------------------------------------------------------------


def test_a_new_name_and_description_reach_everybody_in_the_web(mesh: Mesh, people: People) -> None:
    alice, bob, carol = people
    change(carol, name=" Caroline ", about="Gardens.\nHas a van.")
    mesh.settle()
    for neighbor in (alice, bob):
        found = shown(neighbor, person_text(carol.person))
        assert (found.public_name, found.about) == ("Caroline", "Gardens.\nHas a van.")
    change(carol, about="")
    mesh.settle()
    assert (shown(alice, "Caroline").name, shown(alice, "Caroline").about) == ("Caroline", "")


def test_a_change_of_name_leaves_place_and_presence_key_as_they_are(people: People) -> None:
    alice, *_ = people
    before = alice.replica.trust_state.profile(alice.person)
    change(alice, name="Alicia")
    after = alice.replica.trust_state.profile(alice.person)
    assert before is not None
    assert after is not None
    assert (after.place, after.presence_key) == (before.place, before.presence_key)


def test_what_is_so_already_is_not_signed_again(people: People) -> None:
    alice, *_ = people
    ids = {row.id for row in alice.replica.store.records.rows(author=alice.person)}
    change(alice, name="Alice", about="")
    assert {row.id for row in alice.replica.store.records.rows(author=alice.person)} == ids


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"name": ""},
        {"name": "x" * (limits.NAME_MAX + 1)},
        {"name": "a\x07b"},
        {"about": "x" * (limits.ABOUT_MAX + 1)},
    ],
)
def test_a_profile_that_cannot_be_is_refused(people: People, fields: dict[str, str]) -> None:
    alice, *_ = people
    with pytest.raises(Usage):
        change(alice, **fields)


@pytest.mark.parametrize("typed", ["Alice\nMiller", " Alice \r\n\r\n Miller\n", "Alice\u2028Miller"])
def test_a_name_that_is_pasted_in_several_lines_is_kept_as_one(people: People, typed: str) -> None:
    alice, *_ = people
    assert change(alice, name=typed).name == "Alice Miller"


# --- others ---------------------------------------------------------------------------------------------------------------


def test_a_name_of_ones_own_is_shown_wherever_the_person_is(mesh: Mesh, people: People) -> None:
    alice, bob, carol = people
    called = call(alice, "Bob", GARDEN)
    assert (called.name, called.public_name, called.own_name) == (GARDEN, "Bob", GARDEN)
    bob.post("Rake")
    carol.post("Hoe", audience="network_wide")
    mesh.settle()
    assert {each.author.name for each in alice.discover().results} == {GARDEN, "Carol"}
    assert alice.titles("garden") == ["Rake"]  # an author is found by the name that is shown
    reason = complete(why.why(alice.replica, alice.catalog, "Hoe"))
    assert reason.regard is not None
    assert [person.name for person in reason.regard.people] == ["Alice", GARDEN, "Carol"]
    assert [
        one.person.name for one in complete(export.export(alice.replica, alice.catalog, alice.watcher)).vouches
    ] == [GARDEN]
    blocks.block(alice.replica, GARDEN)
    assert [one.person.name for one in blocks.blocks(alice.replica).blocks] == [GARDEN]


def test_a_search_finds_an_author_by_the_new_name_at_once(mesh: Mesh, people: People) -> None:
    alice, bob, _ = people
    bob.post("Rake")
    mesh.settle()
    assert alice.titles("garden") == []
    call(alice, "Bob", GARDEN)
    assert alice.titles("garden") == ["Rake"]
    yourself.stop_calling(alice.replica, GARDEN, ())
    assert alice.titles("garden") == []


def test_a_change_of_a_name_is_told_to_who_listens(people: People) -> None:
    alice, bob, _ = people
    told: list[Change] = []
    alice.replica.changes.subscribe(told.append)
    call(alice, "Bob", GARDEN)
    assert [change.people for change in told] == [{bob.person}]


def test_a_person_is_found_by_the_own_name_and_by_the_public_one_which_nobody_else_can_take(
    mesh: Mesh, people: People
) -> None:
    alice, bob, carol = people
    call(alice, "Bob", "Plumber")
    assert naming.find(alice.replica, "plumb") == bob.person
    assert naming.find(alice.replica, "bob") == bob.person
    change(carol, name="Bob")
    mesh.settle()
    assert naming.find(alice.replica, "bob") == bob.person
    assert shown(alice, "Bob (mp1").id == person_text(carol.person)
    with pytest.raises(NotFound):
        naming.find(alice.replica, "Carol")


def test_two_people_of_one_name_are_told_apart(mesh: Mesh, people: People) -> None:
    alice, bob, carol = people
    call(alice, "Carol", "Carol")
    change(carol, name="Bob")
    alice.add(carol.card())
    mesh.settle()
    call(alice, "Bob", GARDEN)
    assert naming.find(alice.replica, "bob from") == bob.person
    assert naming.find(alice.replica, "Carol") == carol.person
    with pytest.raises(Refused, match="somebody else"):
        call(alice, "Carol", GARDEN.upper())


def test_the_name_stays_when_the_person_renames_themselves_and_goes_when_it_is_cleared(
    mesh: Mesh, people: People
) -> None:
    alice, bob, _ = people
    call(alice, "Bob", GARDEN)
    change(bob, name="Robert")
    mesh.settle()
    assert (shown(alice, GARDEN).name, shown(alice, GARDEN).public_name) == (GARDEN, "Robert")
    assert yourself.stop_calling(alice.replica, "Robert", ()).name == "Robert"
    with pytest.raises(NotFound, match="no name of your own"):
        yourself.stop_calling(alice.replica, "Robert", ())


def test_a_name_outlives_a_transaction_that_failed(people: People) -> None:
    alice, bob, _ = people
    call(alice, "Bob", GARDEN)

    def fail_in_the_middle() -> None:
        with alice.replica.transaction():
            alice.replica.store.own_names.set(bob.person, "Somebody")
            assert naming.name_of(alice.replica, bob.person) == "Somebody"
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_in_the_middle()
    assert naming.name_of(alice.replica, bob.person) == GARDEN


def test_the_export_has_the_names(people: People) -> None:
    alice, *_ = people
    call(alice, "Bob", GARDEN)
    exported = complete(export.export(alice.replica, Catalog(alice.replica), Watcher(alice.replica, alice.catalog)))
    assert [(one.person.name, one.public_name) for one in exported.names] == [(GARDEN, "Bob")]


def test_others_never_learn_what_somebody_calls_them(mesh: Mesh, people: People) -> None:
    alice, *_ = people
    dan = settle_in(mesh, "Dan")
    alice.add(dan.card())
    mesh.wire("Alice", "Dan")
    mesh.settle()
    call(alice, "Bob", "The grumpy one")
    alice.post("Saw")
    introductions.introduce(alice.replica, IntroductionOrder("The grumpy one", "Dan"))
    mesh.settle()
    wires = b"".join(r.wire for kind in range(1, 7) for r in dan.replica.store.records.bodies(kind))  # type: ignore[arg-type]
    assert b"grumpy" not in wires
    incoming.open_letters(dan.replica)
    assert [met.person.name for met in introductions.introductions(dan.replica).introductions] == ["Bob"]


def test_only_other_people_who_may_be_named_are_given_names(people: People) -> None:
    alice, *_ = people
    with pytest.raises(Refused, match="that is you"):
        call(alice, "Alice", "Me")
    with pytest.raises(NotFound):
        call(alice, "Zoe", "Somebody")
    with pytest.raises(Usage):
        call(alice, "Bob", " ")
    with pytest.raises((Ambiguous, NotFound)):
        call(alice, "mp1", "Somebody")
