"""Filter first: records that are hidden from a peer leave no trace in what the peer hears.

Each test runs the same session twice, once with records that the peer may not have and once without, and compares the
plaintext frames: content, lengths, number, order.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import Record
from tests.support.people import NOW, Person
from tests.support.session_pair import Pair, Side

ALICE, BOB = Person("Alice"), Person("Bob")
SHOWN = [BOB.certificate(), BOB.policy({ALICE: 700}), *(BOB.listing(f"shown {n}", now=NOW + n) for n in range(60))]
OTHERS = [ALICE.certificate(), *(ALICE.listing(f"theirs {n}", now=NOW + n) for n in range(40))]
SECRET = [
    BOB.profile(),
    Person("Carol").certificate(),
    Person("Carol").policy(),
    *(BOB.listing(f"secret {n}", now=NOW + n) for n in range(60)),
]


def talk(prepare: Callable[[Side, Side], None], *, secret_holder_dials: bool) -> list[tuple[str, bytes]]:
    """Everything that is said when Bob, who has secrets or not, and Alice meet, settle, and pass on news."""
    bob, alice = Side(BOB), Side(ALICE)
    bob.put(SHOWN)
    alice.put(OTHERS)
    prepare(bob, alice)
    one, other = (bob, alice) if secret_holder_dials else (alice, bob)
    pair = Pair.of(one, other).run()
    assert one.live
    assert other.live
    bob.publish(BOB.listing("news"))
    alice.publish(ALICE.listing("news"))
    return pair.wait(700).log


@pytest.mark.parametrize("dials", [True, False])
def test_a_session_says_the_same_with_and_without_hidden_records(dials: bool) -> None:
    without = talk(lambda bob, alice: None, secret_holder_dials=dials)
    with_secrets = talk(lambda bob, alice: bob.put(SECRET, hidden=True), secret_holder_dials=dials)
    assert with_secrets == without


@pytest.mark.parametrize("dials", [True, False])
def test_that_a_node_has_what_it_is_given_already_does_not_show(dials: bool) -> None:
    """Bob holds some of Alice's records already, by another way, and does not think that she may have them."""
    without = talk(lambda bob, alice: None, secret_holder_dials=dials)
    had = talk(lambda bob, alice: bob.put(OTHERS[:20], hidden=True), secret_holder_dials=dials)
    assert had == without


@given(st.sets(st.sampled_from(SECRET)), st.sets(st.sampled_from(OTHERS)))
def test_any_hidden_records_leave_no_trace(secret: set[Record], held: set[Record]) -> None:
    def prepare(bob: Side, alice: Side) -> None:
        bob.put([*secret, *held], hidden=True)

    assert talk(prepare, secret_holder_dials=True) == talk(lambda bob, alice: None, secret_holder_dials=True)
