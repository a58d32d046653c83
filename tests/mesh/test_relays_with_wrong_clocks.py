"""A relay whose clock is wrong, and whose owner insists on it, passes on everything that takes something back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from protocol import Audience, Record, limits
from protocol.limits import DAY
from tests.support.mesh import Mesh
from tests.support.mesh_people import befriend, block, post, rewrite, sees, vouch, withdraw

YEAR = 365 * DAY


def row_of_three(error: float) -> tuple[Mesh, Record]:
    """Return Alice, a relay and Carol in a row, after Carol has got Alice's ladder and the relay's clock was set wrong."""
    mesh = Mesh(83)
    for name in ("Alice", "Relay", "Carol"):
        mesh.add(name)
    befriend(mesh, "Alice", "Relay", 900, 900)
    befriend(mesh, "Relay", "Carol", 900, 900)
    ladder = post(mesh, "Alice", "Ladder", Audience.NETWORK_WIDE)
    mesh.settle()
    assert sees(mesh, "Carol") == {"Ladder"}
    for name in ("Alice", "Carol"):
        mesh.nodes[name].clock.confirm()
    relay = mesh.nodes["Relay"].clock
    relay.machine.error = error
    relay.confirm()
    return mesh, ladder


def withdrawing(mesh: Mesh, ladder: Record) -> None:
    withdraw(mesh, "Alice", ladder)


def blocking(mesh: Mesh, ladder: Record) -> None:
    block(mesh, "Alice", "Carol")


def distrusting(mesh: Mesh, ladder: Record) -> None:
    vouch(mesh, "Alice", "Relay", 0)


def narrowing(mesh: Mesh, ladder: Record) -> None:
    rewrite(mesh, "Alice", ladder, "Ladder", Audience.MY_CELL, may_reduce_access=True)


@pytest.mark.parametrize("take_back", [withdrawing, blocking, distrusting, narrowing], ids=lambda one: one.__name__)
@pytest.mark.parametrize(
    "error", [-9 * YEAR, -3 * DAY, 0, 3 * DAY, 50 * DAY, 300 * DAY], ids=lambda by: f"{by // DAY} d"
)
def test_taking_back_reaches_everybody_behind_a_relay_with_a_wrong_clock(
    take_back: Callable[[Mesh, Record], None], error: float
) -> None:
    mesh, ladder = row_of_three(error)
    for _ in range(4):
        mesh.advance(20)
    take_back(mesh, ladder)
    for _ in range(2 * limits.RECHECK_SECONDS // 20):
        mesh.advance(20)
    assert sees(mesh, "Carol") == set()


@pytest.mark.parametrize("error", [-9 * YEAR, -3 * DAY, 3 * DAY, 300 * DAY], ids=lambda by: f"{by // DAY} d")
def test_what_a_relay_with_a_wrong_clock_missed_comes_when_its_clock_is_right(error: float) -> None:
    mesh, _ = row_of_three(error)
    mesh.advance(20)
    short = post(mesh, "Alice", "Bread", Audience.NETWORK_WIDE, life=2 * DAY)
    for _ in range(4):
        mesh.advance(20)
    relay = mesh.nodes["Relay"].clock
    relay.machine.error = 0.0
    relay.confirm()
    for _ in range(2 * limits.RECHECK_SECONDS // 20):
        mesh.advance(20)
    assert sees(mesh, "Relay") == sees(mesh, "Carol") == {"Ladder", "Bread"}
    assert short.header.expires > mesh.nodes["Carol"].clock.now()
