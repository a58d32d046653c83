"""Warnings before something lapses for want of renewal: own records, and the word of a bridge."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from meshnode.app.explain.lapsing import BRIDGED, WARNED
from meshnode.app.explain.problem import Problem
from meshnode.app.explain.status import NetworkState, problems
from protocol import limits
from tests.support.mesh import Mesh
from tests.support.mesh_people import befriend, found, vouch

IN_DOUBT = 400 * limits.DAY  # a leap after a start that nobody confirms


def warned(mesh: Mesh, name: str, code: str) -> list[Problem]:
    return [one for one in problems(mesh.nodes[name].replica, NetworkState(ready=True)) if one.code == code]


def alone() -> Mesh:
    """Return Alice, who trusts Bob and is in a cell, and whose machine has started again at a date that is in doubt."""
    mesh = Mesh(31)
    for name in ("Alice", "Bob"):
        mesh.add(name)
    befriend(mesh, "Alice", "Bob", 900, 900)
    found(mesh, "Alice", "Garden")
    mesh.settle()
    return mesh


def doubt(mesh: Mesh, seconds: int) -> None:
    """Let Alice's machine start again, off by `seconds`, with nobody there who knows the date."""
    mesh.partition(["Alice"], ["Bob"])
    alice = mesh.nodes["Alice"]
    alice.clock.machine.error = seconds
    alice.clock.machine.start_again()
    mesh.restart("Alice")
    assert not mesh.nodes["Alice"].clock.trusted


def test_nothing_is_said_while_everything_is_renewed_in_time() -> None:
    mesh = alone()
    for _ in range(6):
        mesh.advance(20 * limits.DAY)
        assert not warned(mesh, "Alice", "lapsing")


@pytest.mark.parametrize(
    ("left", "says"),
    [
        (WARNED + limits.DAY, None),
        (5 * limits.DAY + limits.HOUR, "ends in 5 days: "),
        (limits.DAY + limits.HOUR, "ends in 1 day: "),
        (-limits.DAY, "has ended by now: "),
    ],
)
def test_the_owner_is_warned_of_what_cannot_be_renewed_in_doubt_and_told_what_to_do(
    left: int, says: str | None
) -> None:
    mesh = alone()
    doubt(mesh, limits.POLICY_LIFE - left)
    found = warned(mesh, "Alice", "lapsing")
    if says is None:
        assert not found
        return
    [problem] = found
    assert says in problem.message
    for part in ("whom you trust and block", "your name and location", 'that you are in "Garden"'):
        assert part in problem.message
    assert "meshnode clock confirm" in problem.hint
    mesh.nodes["Alice"].clock.confirm()
    mesh.advance(limits.HOUR)
    assert not warned(mesh, "Alice", "lapsing")


def test_what_another_device_has_taken_over_is_no_loss() -> None:
    mesh = alone()
    mesh.join_device("Pi", "Alice")
    mesh.wire("Alice", "Pi")
    mesh.settle()
    vouch(mesh, "Pi", "Bob", 700)
    mesh.settle()
    mesh.partition(["Alice", "Bob"], ["Pi"])
    for days in range(0, 90, 2):
        mesh.advance(2 * limits.DAY)
        assert not warned(mesh, "Alice", "lapsing"), days


# --- bridges ---------------------------------------------------------------------------------------------------------


def web(beyond: int) -> Mesh:
    """Return Alice, her friend Bob, and this many people whom she reaches through Bob, whose computer is off then."""
    mesh = Mesh(32)
    friends = [f"Friend {number}" for number in range(beyond)]
    for name in ("Alice", "Bob", *friends):
        mesh.add(name)
    befriend(mesh, "Alice", "Bob", 900, 900)
    for name in friends:
        befriend(mesh, "Bob", name, 900, 900)
    mesh.settle()
    return mesh


def days_until(mesh: Mesh, check: Callable[[], bool]) -> int:
    """Let days pass until `check` holds, or Bob's word has ended; return how many."""
    for day in range(limits.POLICY_LIFE // limits.DAY):
        if check():
            return day
        mesh.advance(limits.DAY)
    return limits.POLICY_LIFE // limits.DAY


@pytest.mark.parametrize(("beyond", "told"), [(BRIDGED - 1, False), (BRIDGED, True)])
def test_a_bridge_that_is_away_is_named_before_its_word_ends(beyond: int, told: bool) -> None:
    mesh = web(beyond)
    mesh.partition(["Alice"], ["Bob", *(name for name in mesh.nodes if name.startswith("Friend"))])
    day = days_until(mesh, lambda: bool(warned(mesh, "Alice", "bridge_lapsing")))
    assert (day < limits.POLICY_LIFE // limits.DAY) is told
    if told:
        assert limits.POLICY_LIFE // limits.DAY - day <= WARNED // limits.DAY + 1
        [problem] = warned(mesh, "Alice", "bridge_lapsing")
        assert "Bob's word on whom they trust ends in" in problem.message
        assert f"{beyond} people" in problem.message
        assert problem.hint == "ask Bob to start their node, which renews it"
        mesh.heal()
        mesh.settle()
        assert not warned(mesh, "Alice", "bridge_lapsing")


def test_nobody_is_sent_to_a_bridge_because_this_computer_does_not_know_the_date() -> None:
    mesh = web(BRIDGED)
    doubt_of = mesh.nodes["Alice"].clock
    mesh.partition(["Alice"], [name for name in mesh.nodes if name != "Alice"])
    mesh.advance(limits.POLICY_LIFE - 5 * limits.DAY)
    assert warned(mesh, "Alice", "bridge_lapsing")
    doubt_of.machine.error = IN_DOUBT
    doubt_of.machine.start_again()
    mesh.restart("Alice")
    assert not mesh.nodes["Alice"].clock.trusted
    assert not warned(mesh, "Alice", "bridge_lapsing")
