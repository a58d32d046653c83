"""Events: which kinds a commit makes, how they are numbered, and what a reader gets who was away."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from meshnode.app.events import KINDS, REMEMBERED, SUBJECTS_MAX, Journal, merged, subjects_of
from meshnode.app.groups import groups
from meshnode.app.listings import lifecycle
from meshnode.app.owner.profile import set_profile
from meshnode.app.people import people as people_cases
from meshnode.replica.changes import Change
from protocol import person_text
from tests.app.neighbors import Neighbor
from tests.support.mesh import Mesh

NOW = 1_800_000_000
People = tuple[Neighbor, Neighbor, Neighbor]


def heard_by(neighbor: Neighbor) -> list[Change]:
    heard: list[Change] = []
    neighbor.replica.changes.subscribe(heard.append)
    return heard


def kinds(changes: list[Change]) -> set[str]:
    found = set[str]().union(*map(subjects_of, changes))
    changes.clear()
    return found


def test_a_commit_makes_an_event_of_each_kind_that_it_changed(mesh: Mesh, people: People) -> None:
    alice, bob, carol = people
    heard = heard_by(alice)
    carol.post("Vegetables", audience="network_wide")
    mesh.settle()
    assert kinds(heard) == {"listings"}
    lifecycle.withdraw(carol.replica, carol.catalog, "Vegetables")
    mesh.settle()
    assert kinds(heard) == {"listings"}
    groups.new(bob.replica, groups.GroupOrder("cell", "Elm Street"))
    groups.invite(bob.replica, "Elm", None, "Alice")
    mesh.settle()
    assert "groups" in kinds(heard)


def test_a_change_of_trust_makes_events_for_people_and_listings(mesh: Mesh, people: People) -> None:
    alice, bob, carol = people
    carol.post("Vegetables", audience="network_wide")
    mesh.settle()
    heard = heard_by(alice)
    people_cases.unvouch(bob.replica, "Carol", ())
    mesh.settle()
    assert kinds(heard) == {"people", "listings"}


def test_expiry_makes_an_event_too(mesh: Mesh, people: People) -> None:
    alice = people[0]
    alice.post("Soup", category="food")
    heard = heard_by(alice)
    mesh.advance(2 * 86_400 + 1)
    assert kinds(heard) == {"listings"}


# --- the journal -----------------------------------------------------------------------------------------------------------


def test_events_come_in_order_with_ids_that_find_them_again() -> None:
    journal = Journal("run")
    assert journal.after(0, NOW) is None
    journal.add({"people": None, "listings": frozenset({"b", "a"})}, NOW)
    first = journal.after(0, NOW)
    assert first is not None
    assert (first.kind, first.at) == ("listings", NOW)
    second = journal.after(journal.number_of(first.id), NOW)
    assert second is not None
    assert second.kind == "people"
    assert journal.after(journal.number_of(second.id), NOW) is None


def test_an_id_of_another_run_and_no_id_at_all_get_a_reset() -> None:
    journal = Journal("run")
    journal.add({"people": None}, NOW)
    for unknown in (
        "other.1",
        "run.2",
        "run.",
        "run.-1",
        "run.x",
        "1",
        "",
        "run.1.1",
        "run." + "9" * 5000,
        "run.\u0661",
    ):
        number = journal.number_of(unknown)
        assert number is None
        reset = journal.after(number, NOW)
        assert reset is not None
        assert (reset.kind, reset.id) == ("reset", "run.1")


@given(st.lists(st.sampled_from(KINDS), max_size=2 * REMEMBERED), st.integers(0, 2 * REMEMBERED))
@settings(max_examples=60, deadline=None)
def test_a_reader_who_comes_back_gets_all_missed_events_or_a_reset(kinds: list[str], left_off: int) -> None:
    journal = Journal("run")
    for kind in kinds:
        journal.add({kind: None}, NOW)
    number: int | None = min(left_off, len(kinds))
    got = []
    while (event := journal.after(number, NOW)) is not None:
        got.append(event.kind)
        number = journal.number_of(event.id)
    missed = kinds[min(left_off, len(kinds)) :]
    assert got == (missed if len(missed) <= REMEMBERED else ["reset"])


def test_an_event_names_what_has_changed_unless_that_is_too_much(mesh: Mesh, people: People) -> None:
    alice, bob, carol = people
    heard = heard_by(alice)
    posted = carol.post("Vegetables", audience="network_wide")
    mesh.settle()
    assert [subjects_of(change) for change in heard] == [{"listings": frozenset({posted.id})}]
    heard.clear()
    set_profile(carol.replica, name="Caroline")
    mesh.settle()
    assert merged({}, subjects_of(heard[-1])) == {"people": frozenset({person_text(carol.person)})}
    heard.clear()
    people_cases.unvouch(bob.replica, "Caroline", ())
    mesh.settle()
    assert subjects_of(heard[0])["listings"] is None
    many = {"listings": frozenset(map(str, range(SUBJECTS_MAX)))}
    assert merged(many, many) == many
    assert merged(many, {"listings": frozenset({"one more"})}) == {"listings": None}
    assert merged({"listings": None}, many) == {"listings": None}
