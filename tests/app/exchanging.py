"""What people of a simulated mesh do in exchanges, in one line each; every letter is given the time to arrive."""

from __future__ import annotations

from typing import Any

from meshnode.app.exchanges import exchanges as cases
from meshnode.app.exchanges.exchanges import ExchangesQuery, MoveOrder, Request
from meshnode.app.exchanges.view import ExchangeView
from tests.app.neighbors import Desk
from tests.support.mesh import Mesh


def respond(mesh: Mesh, desk: Desk, listing: str = "Drill", message: str = "", quantity: int | None = None) -> str:
    begun = cases.respond(desk.replica, desk.catalogue, listing, Request(message, quantity))
    assert begun.state == "requested"
    mesh.settle()
    return begun.exchange


def make(mesh: Mesh, desk: Desk, which: str, act: str, message: str = "") -> ExchangeView:
    seen = cases.move(desk.replica, which, MoveOrder(act, message))
    mesh.settle()
    return seen


def inbox(mesh: Mesh, desk: Desk) -> list[ExchangeView]:
    found = list(cases.inbox(desk.replica))
    mesh.settle()
    return found


def all_of(mesh: Mesh, desk: Desk) -> list[ExchangeView]:
    found = list(cases.exchanges(desk.replica, ExchangesQuery()))
    mesh.settle()
    return found


def states(mesh: Mesh, desk: Desk) -> list[str]:
    return [seen.state for seen in all_of(mesh, desk)]


def completed(mesh: Mesh, giver: Desk, taker: Desk, exchange: str) -> None:
    for desk, act in ((giver, "accept"), (giver, "done"), (taker, "done")):
        make(mesh, desk, exchange, act)


def offer(mesh: Mesh, desk: Desk, title: str = "Drill", **fields: Any) -> None:
    desk.post(title, **{"audience": "network_wide", "category": "tools", **fields})
    mesh.settle()
