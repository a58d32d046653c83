"""Copies follow their authors: when a listing is narrowed, withdrawn or no longer for somebody, its copies disappear."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from meshnode.app.owner import policy
from meshnode.store import RecordState
from protocol import Audience, Precision, Preference, Record, limits
from tests.support.mesh import Mesh
from tests.support.mesh_people import (
    acquaint,
    befriend,
    block,
    holds,
    knows_name,
    person,
    post,
    rewrite,
    row,
    sees,
    state,
    unblock,
    vouch,
    withdraw,
)


def prefer(mesh: Mesh, name: str, audience: Audience) -> None:
    policy.set_preference(mesh.nodes[name].replica, Preference(audience, Precision.NEIGHBORHOOD, 25, 0))


# --- tombstones ------------------------------------------------------------------------------------------------------


def test_a_header_alone_supersedes_where_the_author_is_never_met() -> None:
    mesh = row("Alice", "Bob", "Carol")
    listing = post(mesh, "Carol", "Spare bicycle", Audience.NETWORK_WIDE)
    mesh.settle()
    assert sees(mesh, "Alice") == sees(mesh, "Bob") == {"Spare bicycle"}
    narrowed = rewrite(mesh, "Carol", listing, "Spare bicycle, for my cell", Audience.MY_CELL, may_reduce_access=True)
    mesh.settle()
    assert sees(mesh, "Alice") == sees(mesh, "Bob") == set()
    assert not holds(mesh, "Bob", narrowed)
    assert not holds(mesh, "Alice", narrowed)
    assert state(mesh, "Alice", narrowed) is RecordState.HEADER


def test_a_relay_that_may_not_read_the_new_version_still_ends_the_old_one_and_the_reader_gets_it_from_its_author() -> (
    None
):
    mesh = Mesh(1)
    for name in ("Alice", "Rita", "Carol"):
        mesh.add(name)
    befriend(mesh, "Carol", "Rita", 400, 900)
    befriend(mesh, "Rita", "Alice", 900, 900)
    acquaint(mesh, "Alice", "Carol")
    vouch(mesh, "Carol", "Alice", 900)
    vouch(mesh, "Alice", "Carol", 900)
    listing = post(mesh, "Carol", "Ladder", Audience.NETWORK_WIDE)
    mesh.settle()
    assert sees(mesh, "Alice") == {"Ladder"}
    newer = rewrite(mesh, "Carol", listing, "Long ladder", Audience.TRUSTED_NETWORK, may_reduce_access=True)
    mesh.settle()
    assert sees(mesh, "Rita") == sees(mesh, "Alice") == set()  # Rita may not read it, so Alice knows its header only
    assert not holds(mesh, "Rita", newer)
    mesh.wire("Carol", "Alice")
    mesh.settle()
    assert sees(mesh, "Alice") == {"Long ladder"}
    assert sees(mesh, "Rita") == set()


def test_a_harmless_older_version_stays_in_use_until_the_new_body_comes() -> None:
    mesh = row("Alice", "Bob", "Carol")
    vouch(mesh, "Carol", "Bob", 300)
    listing = post(mesh, "Carol", "Apples", Audience.NETWORK_WIDE)
    mesh.settle()
    newer = rewrite(mesh, "Carol", listing, "Apples and pears", Audience.TRUSTED_NETWORK, may_reduce_access=False)
    mesh.settle()
    assert state(mesh, "Bob", newer) is RecordState.HEADER
    assert sees(mesh, "Bob") == sees(mesh, "Alice") == {"Apples"}
    mesh.restart("Bob")
    mesh.advance(limits.SUSPENDED_LIFE + limits.DAY)
    assert sees(mesh, "Bob") == sees(mesh, "Alice") == {"Apples"}
    vouch(mesh, "Carol", "Bob", 900)
    mesh.settle()
    assert sees(mesh, "Bob") == sees(mesh, "Alice") == {"Apples and pears"}


def test_a_header_that_came_before_its_old_version_supersedes_it_all_the_same() -> None:
    mesh = row("Alice", "Bob", "Carol")
    mesh.cut("Alice", "Bob")
    listing = post(mesh, "Carol", "Spare bicycle", Audience.NETWORK_WIDE)
    mesh.settle()
    mesh.partition(["Carol"], ["Alice", "Bob"])
    mesh.heal()
    mesh.settle()
    mesh.partition(["Carol", "Bob"], ["Alice"])
    rewrite(mesh, "Carol", listing, "For my cell", Audience.MY_CELL, may_reduce_access=True)
    mesh.settle()
    mesh.heal()
    mesh.settle()
    assert sees(mesh, "Alice") == sees(mesh, "Bob") == set()
    assert state(mesh, "Bob", listing) is RecordState.SUSPENDED


def test_what_is_suspended_is_deleted_after_seven_days() -> None:
    mesh = row("Alice", "Bob")
    listing = post(mesh, "Bob", "Spare bicycle", Audience.NETWORK_WIDE)
    mesh.settle()
    rewrite(mesh, "Bob", listing, "For my cell", Audience.MY_CELL, may_reduce_access=True)
    mesh.settle()
    mesh.advance(limits.SUSPENDED_LIFE - limits.HOUR)
    assert state(mesh, "Alice", listing) is RecordState.SUSPENDED
    mesh.advance(2 * limits.HOUR)
    assert state(mesh, "Alice", listing) is None


# --- nothing comes back from a partition -----------------------------------------------------------------------------

Act = Callable[[Mesh, Record], object]


def drop(mesh: Mesh, pairs: list[tuple[str, str]]) -> None:
    for who, whom in pairs:
        vouch(mesh, who, whom, 0)


ACTS: dict[str, Act] = {
    "withdrawn by its author": lambda mesh, listing: withdraw(mesh, "Carol", listing),
    "narrowed by its author": lambda mesh, listing: rewrite(
        mesh, "Carol", listing, "For my cell", Audience.MY_CELL, may_reduce_access=True
    ),
    "the bridges drop its author": lambda mesh, _: drop(mesh, [("Bob", "Carol"), ("Dan", "Carol")]),
    "its author drops the bridges": lambda mesh, _: drop(mesh, [("Carol", "Bob"), ("Carol", "Dan")]),
    "the bridges drop the viewer": lambda mesh, _: drop(mesh, [("Bob", "Alice"), ("Dan", "Alice")]),
    "its author blocks the viewer": lambda mesh, _: block(mesh, "Carol", "Alice"),
    "the viewer blocks its author": lambda mesh, _: block(mesh, "Alice", "Carol"),
    "its author prefers a smaller audience": lambda mesh, _: prefer(mesh, "Carol", Audience.MY_CELL),
}

PARTITIONS = {
    "the viewer alone": (["Alice"], ["Bob", "Dan", "Carol"]),
    "the author alone": (["Alice", "Bob", "Dan"], ["Carol"]),
    "in two halves": (["Alice", "Bob"], ["Dan", "Carol"]),
}


@pytest.mark.parametrize("first_healed", ["Bob", "Dan"])
@pytest.mark.parametrize("parts", PARTITIONS.values(), ids=PARTITIONS)
@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_nothing_comes_back_from_a_partition(act: Act, parts: tuple[list[str], list[str]], first_healed: str) -> None:
    """Alice and Carol know each other through two bridges. What ended on one side of a cut has ended once it heals."""
    mesh = Mesh(3)
    for name in ("Alice", "Bob", "Dan", "Carol"):
        mesh.add(name, audience=Audience.NETWORK_WIDE)
    for bridge in ("Bob", "Dan"):
        befriend(mesh, "Alice", bridge, 900, 900)
        befriend(mesh, bridge, "Carol", 900, 900)
    listing = post(mesh, "Carol", "Spare bicycle")
    mesh.settle()
    assert sees(mesh, "Alice") == {"Spare bicycle"}

    mesh.partition(*parts)
    act(mesh, listing)
    mesh.settle()
    mesh.restart("Alice")
    second = "Dan" if first_healed == "Bob" else "Bob"
    mesh.partition(["Alice", "Carol", first_healed], [second])
    mesh.heal_between({"Alice", "Carol", first_healed})
    mesh.settle()
    mesh.heal()
    mesh.settle()

    assert sees(mesh, "Alice") == set()
    mesh.advance(limits.RECHECK_SECONDS + 60)
    assert sees(mesh, "Alice") == set()
    mesh.advance(limits.SUSPENDED_LIFE + limits.DAY)
    mesh.advance(limits.RECHECK_SECONDS + 60)
    assert sees(mesh, "Alice") == set()
    assert not holds(mesh, "Alice", listing)


# --- narrowing -------------------------------------------------------------------------------------------------------


def test_a_smaller_preference_takes_along_every_listing_that_follows_it_and_no_other() -> None:
    mesh = row("Alice", "Bob", "Carol")
    following = post(mesh, "Carol", "Follows")
    own = post(mesh, "Carol", "Names its own", Audience.NETWORK_WIDE)
    mesh.settle()
    assert sees(mesh, "Alice") == sees(mesh, "Bob") == {"Follows", "Names its own"}
    prefer(mesh, "Carol", Audience.MY_CELL)
    mesh.settle()
    assert sees(mesh, "Alice") == sees(mesh, "Bob") == {"Names its own"}
    for name in ("Alice", "Bob"):
        assert not holds(mesh, name, following)
        assert holds(mesh, name, own)


def test_a_larger_preference_brings_the_listings_that_follow_it_to_more_people() -> None:
    mesh = Mesh(1)
    for name in ("Alice", "Bob", "Carol"):
        mesh.add(name)
    befriend(mesh, "Alice", "Bob", 900, 500)
    befriend(mesh, "Bob", "Carol", 900, 900)
    post(mesh, "Carol", "Follows")
    mesh.settle()
    assert sees(mesh, "Alice") == set()
    prefer(mesh, "Carol", Audience.NETWORK_WIDE)
    mesh.settle()
    assert sees(mesh, "Alice") == {"Follows"}
    prefer(mesh, "Carol", Audience.TRUSTED_NETWORK)
    mesh.settle()
    assert sees(mesh, "Alice") == set()
    assert sees(mesh, "Bob") == {"Follows"}


def test_a_lowered_vouch_drops_what_asked_for_more() -> None:
    mesh = row("Alice", "Bob", "Carol")
    trusted = post(mesh, "Carol", "For the trusted", Audience.TRUSTED_NETWORK)
    wide = post(mesh, "Carol", "For the web", Audience.NETWORK_WIDE)
    mesh.settle()
    vouch(mesh, "Carol", "Bob", 400)
    mesh.settle()
    for name in ("Alice", "Bob"):
        assert sees(mesh, name) == {"For the web"}
        assert not holds(mesh, name, trusted)
        assert holds(mesh, name, wide)


def test_an_unvouched_person_loses_copies_names_and_all_that_is_behind() -> None:
    mesh = row("Alice", "Bob", "Carol", "Dan")
    listing = post(mesh, "Dan", "Spare bicycle", Audience.NETWORK_WIDE)
    mesh.settle()
    assert sees(mesh, "Alice") == sees(mesh, "Bob") == {"Spare bicycle"}
    assert knows_name(mesh, "Alice", "Dan")
    vouch(mesh, "Bob", "Carol", 0)
    mesh.settle()
    assert sees(mesh, "Alice") == set()
    assert not holds(mesh, "Alice", listing)
    assert not knows_name(mesh, "Alice", "Dan")
    assert sees(mesh, "Bob") == {"Spare bicycle"}  # Carol still vouches for Bob, and Dan for Carol
    vouch(mesh, "Carol", "Bob", 0)
    mesh.settle()
    assert sees(mesh, "Bob") == set()
    assert sees(mesh, "Carol") == {"Spare bicycle"}


# --- blocks ----------------------------------------------------------------------------------------------------------


@pytest.mark.promise("Block lists respected network-wide")
@pytest.mark.parametrize(("who", "whom"), [("Alice", "Carol"), ("Carol", "Alice")])
def test_fault_23_a_block_holds_against_full_trust_in_both_directions_and_through_relays(who: str, whom: str) -> None:
    """Fault 23: Alice and Carol trust each other wholly, directly and through Bob; either one's block hides both."""
    mesh = row("Alice", "Bob", "Carol")
    acquaint(mesh, "Alice", "Carol")
    vouch(mesh, "Alice", "Carol", 1000)
    vouch(mesh, "Carol", "Alice", 1000)
    mesh.wire("Alice", "Carol")
    theirs = {name: post(mesh, name, f"{name}'s", Audience.NETWORK_WIDE) for name in ("Alice", "Carol")}
    mesh.settle()
    assert sees(mesh, "Alice") == {"Carol's"}
    assert sees(mesh, "Carol") == {"Alice's"}
    block(mesh, who, whom)
    mesh.settle()
    assert sees(mesh, "Alice") == sees(mesh, "Carol") == set()
    assert not knows_name(mesh, "Alice", "Carol")
    assert not knows_name(mesh, "Carol", "Alice")
    assert sees(mesh, "Bob") == {"Alice's", "Carol's"}
    assert not holds(mesh, who, theirs[whom])  # one's own block is known for sure at once
    mesh.advance(limits.SUSPENDED_LIFE + limits.HOUR)
    assert not holds(mesh, whom, theirs[who])
    assert holds(mesh, "Bob", theirs["Carol"])


@pytest.mark.parametrize(("who", "whom"), [("Alice", "Carol"), ("Carol", "Alice")])
def test_an_unblock_brings_both_back_to_each_other_even_after_all_was_deleted(who: str, whom: str) -> None:
    mesh = row("Alice", "Bob", "Carol")
    for name in ("Alice", "Carol"):
        post(mesh, name, f"{name}'s", Audience.NETWORK_WIDE)
    mesh.settle()
    block(mesh, who, whom)
    mesh.settle()
    mesh.advance(limits.SUSPENDED_LIFE + limits.HOUR)
    unblock(mesh, who, whom)
    mesh.settle()
    mesh.advance(limits.RECHECK_SECONDS + 60)
    assert sees(mesh, "Alice") == {"Carol's"}
    assert sees(mesh, "Carol") == {"Alice's"}


def test_nobody_reaches_another_through_somebody_whom_either_blocks() -> None:
    mesh = row("Alice", "Bob", "Carol")
    listing = post(mesh, "Carol", "Spare bicycle", Audience.NETWORK_WIDE)
    mesh.settle()
    block(mesh, "Alice", "Bob")
    mesh.settle()
    assert sees(mesh, "Alice") == set()
    assert not holds(mesh, "Alice", listing)
    assert person(mesh, "Carol") not in mesh.nodes["Alice"].replica.trust_state.reach_to(person(mesh, "Alice"))
