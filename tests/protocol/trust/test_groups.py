"""Memberships and who shares a group with whom, compared with plain sets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from protocol import Group, GroupKind, limits
from protocol.trust import Memberships
from tests.support.people import grown

PEOPLE = [grown("person", number) for number in range(5)]
GROUPS = [Group(kind, f"G{number}", grown(number, size=16), PEOPLE[0]) for number in range(3) for kind in GroupKind]


@given(st.lists(st.tuples(st.sampled_from(PEOPLE), st.sets(st.sampled_from(GROUPS))), max_size=12))
def test_memberships_are_what_was_last_said_of_each_person(said: list[tuple[bytes, set[Group]]]) -> None:
    memberships = Memberships()
    model: dict[bytes, set[Group]] = {}
    for person, groups in said:
        memberships.set(person, groups)
        model[person] = groups
    for a in PEOPLE:
        mine = model.get(a, set())
        assert memberships.groups_of(a) == {group.id: group for group in mine}
        assert memberships.co_members(a) == {b for b in PEOPLE if b != a and mine & model.get(b, set())}
        for b in PEOPLE:
            common = mine & model.get(b, set())
            assert memberships.shares_cell(a, b) == any(group.kind == GroupKind.CELL for group in common)
            assert memberships.shares_community(a, b) == any(group.kind == GroupKind.COMMUNITY for group in common)
            assert set(memberships.shared(a, b)) == common
    for group in GROUPS:
        members = {person for person in PEOPLE if group in model.get(person, ())}
        assert memberships.members_known(group.id) == members
        for person in PEOPLE:
            assert memberships.in_slot(person, group.id[:16]) == (person in members)


@given(st.permutations([Group(GroupKind.CELL, f"G{number}", bytes([number]) * 16, PEOPLE[0]) for number in range(40)]))
def test_of_one_person_the_groups_with_the_lowest_ids_count_in_whatever_order_they_come(groups: list[Group]) -> None:
    memberships = Memberships()
    memberships.set(PEOPLE[0], groups)
    memberships.set(PEOPLE[1], reversed(groups))
    lowest = sorted(group.id for group in groups)[: limits.GROUPS_MAX]
    assert list(memberships.groups_of(PEOPLE[0])) == list(memberships.groups_of(PEOPLE[1])) == lowest
    assert all(memberships.members_known(group_id) == {*PEOPLE[:2]} for group_id in lowest)
    assert sum(memberships.in_slot(PEOPLE[0], group.id[:16]) for group in groups) == limits.GROUPS_MAX
