"""The bench calls every route of the API: none may hold the node for long without anybody noticing."""

from __future__ import annotations

from bench.tour import TOUR
from meshnode.api.handlers import ROUTES


def test_the_bench_of_holds_calls_every_route() -> None:
    called = {(call.method, call.route) for call in TOUR}
    assert called == {(route.method, route.path) for route in ROUTES}
