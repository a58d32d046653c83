"""The date in words: what is said when it is in doubt or disputed, and the owner's word on it."""

from __future__ import annotations

import pytest

from meshnode.app import date
from meshnode.app.explain import status
from meshnode.app.explain.status import NetworkState
from meshnode.app.people import cards
from meshnode.errors import Usage
from protocol import limits
from protocol.wire import stratum
from tests.app.neighbors import Neighbor, settle_in
from tests.support.mesh import EPOCH, Mesh

MONTH = 30 * limits.DAY
ONLINE = NetworkState(ready=True, port=4747, addresses=(("10.0.0.2", 4747),), announcing=True)

People = tuple[Neighbor, Neighbor, Neighbor]


def told(alice: Neighbor, bob: Neighbor, by: float, level: int = stratum.MACHINE) -> None:
    """Let Alice hear Bob's time, which differs by so many seconds from the simulation's."""
    alice.replica.clock.heard(bob.person, int(EPOCH + by), level)


def problems(neighbor: Neighbor) -> dict[str, tuple[str, str]]:
    return {one.code: (one.message, one.hint) for one in status.problems(neighbor.replica, ONLINE)}


def test_the_date_and_those_who_agree_are_shown(people: People) -> None:
    alice, bob, _ = people
    told(alice, bob, 30)
    shown = date.state(alice.replica)
    assert (shown.doubtful, shown.basis, shown.problem) == (False, "machine", None)
    assert [(one.person.name, one.agrees, one.doubtful) for one in shown.people] == [("Bob", True, False)]


def test_two_who_disagree_are_both_in_doubt_and_each_names_the_other_and_the_way_out(mesh: Mesh) -> None:
    alice, bob = settle_in(mesh, "Alice"), settle_in(mesh, "Bob")
    alice.add(bob.card())
    bob.add(alice.card())
    told(alice, bob, MONTH)
    told(bob, alice, -MONTH)
    for one, other in ((alice, "Bob"), (bob, "Alice")):
        message, hint = problems(one)["clock_doubtful"]
        assert other in message
        assert "meshnode clock confirm" in hint
        assert "meshnode clock set" in hint
        assert "\n" not in message + hint


def test_a_majority_against_the_computer_is_named_also_where_it_loses(people: People) -> None:
    alice, bob, _ = people
    alice.node.clock.machine.is_synchronized = True
    told(alice, bob, MONTH)
    message, hint = problems(alice)["clock_differs"]
    assert "Bob" in message
    assert "meshnode clock confirm" in hint


def test_the_owners_word_ends_the_doubt_and_goes_backwards_too(people: People) -> None:
    alice, bob, _ = people
    told(alice, bob, MONTH)
    shown = date.set_date(alice.replica, date.OwnersDate(EPOCH - MONTH))
    assert (shown.doubtful, shown.basis, shown.now) == (False, "owner", EPOCH - MONTH)
    shown = date.set_date(alice.replica, date.OwnersDate())
    assert (shown.doubtful, shown.basis) == (False, "owner")
    assert abs(shown.now - EPOCH) < limits.MINUTE


@pytest.mark.parametrize("when", [0, -5, 2**53 - 1, EPOCH + 200 * 365 * limits.DAY])
def test_a_date_that_cannot_be_right_is_not_taken(people: People, when: int) -> None:
    alice = people[0]
    with pytest.raises(Usage):
        date.set_date(alice.replica, date.OwnersDate(when))


def test_a_computer_in_1970_cannot_be_confirmed(people: People) -> None:
    alice = people[0]
    alice.node.clock.machine.error = -EPOCH
    with pytest.raises(Usage, match="cannot be right"):
        date.confirm(alice.replica)


def test_what_is_signed_in_doubt_says_so(people: People) -> None:
    alice, bob, _ = people
    assert alice.post("Bread").warning is None
    told(alice, bob, MONTH)
    posted = alice.post("Jam").warning
    carded = cards.make(alice.replica, cards.CardOrder(), ()).warning
    for warning in (posted, carded):
        assert warning is not None
        assert "in doubt" in warning
        assert "meshnode clock confirm" in warning


def test_what_has_expired_already_for_somebody_met_says_so(people: People) -> None:
    alice, bob, _ = people
    alice.node.clock.machine.is_synchronized = True
    told(alice, bob, 3 * limits.DAY)
    brief = alice.post("Soup", category="food", expires_in=2 * limits.DAY).warning
    assert brief is not None
    assert "Bob" in brief
    assert alice.post("Ladder").warning is None
