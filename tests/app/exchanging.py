"""Exchanges in a simulated mesh, one line for each move; every letter gets the time to arrive."""

from __future__ import annotations

from typing import Any

from meshnode.app import waiting
from meshnode.app.exchanges import exchanges as cases
from meshnode.app.exchanges.exchanges import ExchangesQuery, MoveOrder, Request
from meshnode.app.exchanges.view import ExchangeView
from meshnode.slices import complete
from protocol import Quantity
from tests.app.neighbors import Neighbor
from tests.support.mesh import Mesh


def respond(
    mesh: Mesh, neighbor: Neighbor, listing: str = "Drill", message: str = "", quantity: Quantity | None = None
) -> str:
    begun = cases.respond(neighbor.replica, neighbor.catalog, listing, Request(message, quantity))
    assert begun.state == "requested"
    mesh.settle()
    return begun.exchange


def make(mesh: Mesh, neighbor: Neighbor, which: str, act: str, message: str = "") -> ExchangeView:
    seen = cases.move(neighbor.replica, which, MoveOrder(act, message))
    mesh.settle()
    return seen


def inbox(mesh: Mesh, neighbor: Neighbor) -> list[ExchangeView]:
    found = list(waiting.inbox(neighbor.replica).exchanges)
    mesh.settle()
    return found


def all_of(mesh: Mesh, neighbor: Neighbor) -> list[ExchangeView]:
    found = list(complete(cases.exchanges(neighbor.replica, ExchangesQuery())).exchanges)
    mesh.settle()
    return found


def states(mesh: Mesh, neighbor: Neighbor) -> list[str]:
    return [seen.state for seen in all_of(mesh, neighbor)]


def completed(mesh: Mesh, giver: Neighbor, taker: Neighbor, exchange: str) -> None:
    for neighbor, act in ((giver, "accept"), (giver, "done"), (taker, "done")):
        make(mesh, neighbor, exchange, act)


def offer(mesh: Mesh, neighbor: Neighbor, title: str = "Drill", **fields: Any) -> None:
    neighbor.post(title, **{"audience": "network_wide", "category": "tools", **fields})
    mesh.settle()
