"""Groups: founding, inviting, joining, leaving and showing them, and what is refused."""

from __future__ import annotations

import pytest

from meshnode.app.explain import why
from meshnode.app.groups import groups
from meshnode.app.groups.groups import GroupOrder, GroupsQuery
from meshnode.app.people import blocks
from meshnode.app.people import people as people_cases
from meshnode.errors import Ambiguous, NotFound, Refused, Usage
from meshnode.slices import complete
from protocol import Code, Kind, Record, limits
from protocol.trust import accepted, invitation, invitation_tag
from tests.app.neighbors import Neighbor, settle_in
from tests.support.chains import begun, join_record
from tests.support.mesh import Mesh
from tests.support.people import Person

People = tuple[Neighbor, Neighbor, Neighbor]


def new(neighbor: Neighbor, name: str = "Elm Street", kind: str = "cell") -> groups.GroupView:
    return groups.new(neighbor.replica, GroupOrder(kind, name))


def show(neighbor: Neighbor, name: str | None = None, kind: str | None = None) -> groups.GroupsView:
    return groups.show(neighbor.replica, GroupsQuery(kind, name))


def bring_in(mesh: Mesh, inviter: Neighbor, invited: Neighbor, name: str = "Elm Street") -> groups.GroupView:
    groups.invite(inviter.replica, name, None, invited.node.name)
    mesh.settle()
    joined = groups.join(invited.replica, name, None)
    mesh.settle()
    return joined


def test_an_invitation_waits_is_accepted_and_makes_a_member(mesh: Mesh, people: People) -> None:
    alice, bob, _ = people
    founded = new(alice)
    assert (founded.count, founded.forming, founded.kind) == (1, True, "cell")
    given = groups.invite(alice.replica, "elm", "cell", "Bob")
    assert given.expires == alice.replica.clock.now() + limits.INVITATION_LIFE
    assert [seen.person and seen.person.name for seen in show(alice).groups[0].invited] == ["Bob"]
    mesh.settle()
    (waiting,) = show(bob, kind="cell").invitations
    assert (waiting.name, waiting.inviter.name, waiting.expires) == ("Elm Street", "Alice", given.expires)
    joined = groups.join(bob.replica, "Elm Street", "cell")
    assert {member.person.name for member in joined.members} == {"Alice", "Bob"}
    mesh.settle()
    (seen,) = show(alice).groups
    assert (seen.count, seen.invited) == (2, ())
    assert show(bob).invitations == ()


def test_a_group_is_found_however_its_accents_are_written(people: People) -> None:
    alice, _, _ = people
    new(alice, "Caf\u00e9")
    for text in ("Caf\u00e9", "cafe\u0301"):
        assert [group.name for group in show(alice, text).groups] == ["Caf\u00e9"]


def test_members_are_labelled_and_why_names_the_group(mesh: Mesh, people: People) -> None:
    _, bob, carol = people
    dora = settle_in(mesh, "Dora")
    dora.add(bob.card(trust=0.1), 0.1)
    mesh.wire("Dora", "Bob")
    mesh.settle()
    new(bob)
    new(bob, "Downtown", "community")
    bring_in(mesh, bob, carol)
    bring_in(mesh, bob, dora)
    bring_in(mesh, bob, carol, "Downtown")
    dora.post("Drill", audience="my_cell")
    mesh.settle()
    (result,) = carol.discover().results
    assert (result.title, result.relation) == ("Drill", "cell_member")
    explained = complete(why.why(carol.replica, carol.catalog, "Drill"))
    assert (explained.groups, explained.needs) == (("Elm Street",), None)
    assert ("leave", "Elm Street") in [(each.kind, each.group) for each in explained.breaks]
    groups.leave(dora.replica, "Elm Street", None)
    mesh.settle()
    assert carol.titles() == []
    bring_in(mesh, bob, dora, "Downtown")
    dora.post("Ladder", audience="my_community")
    mesh.settle()
    assert [(found.title, found.relation) for found in carol.discover().results] == [("Ladder", "community_member")]


def test_groups_are_named_by_the_beginning_of_name_or_id(people: People) -> None:
    alice = people[0]
    first, second = new(alice, "Elm Street"), new(alice, "Elm Park", "community")
    assert show(alice, "elm st").groups == (first,)
    assert show(alice, second.id[:12]).groups == (second,)
    assert show(alice, "elm", "community").groups == (second,)
    with pytest.raises(Ambiguous):
        show(alice, "elm")
    with pytest.raises(NotFound):
        show(alice, "oak")


def test_what_cannot_be_is_refused_in_words(mesh: Mesh, people: People) -> None:
    alice, bob, carol = people
    new(alice)
    with pytest.raises(Refused, match="of that name"):
        new(alice)
    for name in ("", " ", "x" * 65, "a\x1bb"):
        with pytest.raises(Usage):
            new(alice, name)
    with pytest.raises(Usage, match="not a kind of group"):
        new(alice, "Oak", "party")
    with pytest.raises(NotFound):
        groups.invite(alice.replica, "Oak", "cell", "Bob")
    with pytest.raises(NotFound):
        groups.invite(alice.replica, "Elm", "community", "Bob")
    with pytest.raises(NotFound):
        groups.invite(alice.replica, "Elm", "cell", "Zed")
    with pytest.raises(Refused, match="a member yourself"):
        groups.invite(alice.replica, "Elm", "cell", "Alice")
    with pytest.raises(NotFound, match="no invitation"):
        groups.join(bob.replica, "Elm", "cell")
    with pytest.raises(NotFound):
        groups.leave(bob.replica, "Elm", "cell")
    bring_in(mesh, alice, bob)
    with pytest.raises(Refused, match="already"):
        groups.join(bob.replica, "Elm", "cell")
    with pytest.raises(Refused, match="already"):
        groups.invite(alice.replica, "Elm", "cell", "Bob")
    groups.invite(alice.replica, "Elm", "cell", "Carol")
    mesh.settle()
    with pytest.raises(Refused, match="not a member"):
        groups.invite(carol.replica, "Elm", "cell", "Bob")
    blocks.block(alice.replica, "Carol")
    with pytest.raises(Refused, match="you block"):
        groups.invite(alice.replica, "Elm", "cell", "Carol")


def test_whom_one_does_not_trust_an_invitation_would_not_reach(mesh: Mesh, people: People) -> None:
    alice, bob, _ = people
    dora = settle_in(mesh, "Dora")
    dora.add(alice.card(), 0.9)
    mesh.wire("Dora", "Alice")
    mesh.settle()
    people_cases.vouch(alice.replica, "Dora", 0.05, ())
    new(alice)
    with pytest.raises(Refused, match="you do not trust Dora"):
        groups.invite(alice.replica, "Elm", "cell", "Dora")
    assert show(bob).invitations == ()


def test_a_cell_of_fifty_known_members_takes_nobody_more(
    mesh: Mesh, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob, carol = people
    monkeypatch.setattr(limits, "CELL_MEMBERS_MAX", 2)
    new(alice)
    new(alice, "Downtown", "community")
    bring_in(mesh, alice, bob)
    bring_in(mesh, alice, bob, "Downtown")
    with pytest.raises(Refused, match="the cell is full"):
        groups.invite(alice.replica, "Elm", "cell", "Carol")
    groups.invite(alice.replica, "Downtown", "community", "Carol")
    assert show(carol).groups == ()


def test_nobody_is_in_more_groups_than_may_be(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    alice = people[0]
    monkeypatch.setattr(limits, "GROUPS_MAX", 2)
    new(alice, "One")
    new(alice, "Two")
    with pytest.raises(Refused, match="which is the most"):
        new(alice, "Three")


def test_open_invitations_are_as_many_as_a_join_holds(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    alice = people[0]
    monkeypatch.setattr(limits, "INVITATIONS_MAX", 1)
    new(alice)
    groups.invite(alice.replica, "Elm", "cell", "Bob")
    groups.invite(alice.replica, "Elm", "cell", "Bob")  # the same invitation again
    with pytest.raises(Refused, match="are open"):
        groups.invite(alice.replica, "Elm", "cell", "Carol")


def test_a_restart_changes_nothing_about_groups(mesh: Mesh, people: People) -> None:
    alice, bob, _ = people
    new(alice)
    bring_in(mesh, alice, bob)
    before = show(alice)
    mesh.restart("Alice")
    assert groups.show(mesh.nodes["Alice"].replica, GroupsQuery()) == before


def test_an_own_join_is_renewed_long_before_it_ends(mesh: Mesh, people: People) -> None:
    alice = people[0]
    new(alice)
    (record,) = alice.replica.store.records.bodies(Kind.JOIN, author=alice.person)
    mesh.advance(limits.JOIN_LIFE // 2 + limits.DAY)
    (renewed,) = alice.replica.store.records.bodies(Kind.JOIN, author=alice.person)
    assert renewed.header.expires > record.header.expires
    assert renewed.header.version > record.header.version


# --- fault 24 --------------------------------------------------------------------------------------------------------


def stolen(alice: Neighbor, mallory: Person) -> Record:
    """Alice's join as Mallory would show it: signed by Mallory, chain and all."""
    ((_, join),) = alice.replica.trust_state.joins(alice.person)
    return join_record(mallory, join, policy_version=0, now=alice.replica.clock.now())


def test_fault_24_a_claim_without_a_chain_is_a_fault_and_gives_nothing(people: People) -> None:
    alice = people[0]
    mallory = Person("Mallory")
    new(alice)
    alice.post("Drill", audience="my_cell")
    claim = stolen(alice, mallory)
    now = alice.replica.clock.now()
    proofs = [mallory.certificate(now), mallory.policy(now=now), claim]
    outcome = alice.replica.ingest.receive(proofs, mallory.id)
    assert outcome.faults == [(claim, Code.FORGED)]
    assert not alice.replica.trust_state.standing(alice.person, mallory.id).shares_group
    assert alice.replica.store.records.get(claim.id) is None


def test_a_group_of_ones_own_is_no_way_into_anybody_elses(people: People) -> None:
    alice = people[0]
    mallory, now = Person("Mallory"), people[0].replica.clock.now()
    new(alice)
    own = join_record(mallory, begun(mallory), policy_version=0, now=now)
    outcome = alice.replica.ingest.receive([mallory.certificate(now), mallory.policy(now=now), own], mallory.id)
    assert outcome.faults == []
    assert not alice.replica.trust_state.standing(alice.person, mallory.id).shares_group
    assert alice.replica.store.records.current(own.register) is None


def test_a_join_counts_once_its_authors_policy_is_known(people: People) -> None:
    """Until then they might have blocked us."""
    alice = people[0]
    now = alice.replica.clock.now()
    member = Person("Member")
    new(alice)
    ((_, join),) = alice.replica.trust_state.joins(alice.person)
    given = invitation(join, alice.person, invitation_tag(join.group_id, member.id), now + 60, alice.replica.keys.sign)
    certificate = next(alice.replica.store.records.bodies(Kind.DEVICE, author=alice.person))
    proved = join_record(member, accepted(bytes(16), join, given, certificate), policy_version=1, now=now)
    alice.replica.ingest.receive([member.certificate(now), proved], member.id)
    assert not alice.replica.trust_state.standing(alice.person, member.id).shares_cell
    alice.replica.ingest.receive([member.policy(now=now)], member.id)
    assert alice.replica.trust_state.standing(alice.person, member.id).shares_cell
    alice.replica.ingest.receive([member.withdrawal(proved, now)], member.id)
    assert not alice.replica.trust_state.standing(alice.person, member.id).shares_cell


def test_an_invitation_that_was_answered_is_not_open_again_when_its_member_has_left(mesh: Mesh, people: People) -> None:
    alice, bob, _ = people
    new(alice)
    bring_in(mesh, alice, bob)
    mesh.time += 60
    groups.leave(bob.replica, "Elm Street", None)
    mesh.settle()
    (seen,) = show(alice).groups
    assert (seen.count, seen.invited) == (1, ())
    assert show(bob).invitations == ()
    mesh.time += 60
    groups.invite(alice.replica, "Elm", None, "Bob")
    mesh.settle()
    assert [each.person and each.person.name for each in show(alice).groups[0].invited] == ["Bob"]
    assert len(show(bob).invitations) == 1
