"""Fuzzes the API of a node: every route with bodies, names and queries of wrong types and absurd values."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, get_args, get_origin, get_type_hints
from urllib.parse import quote

import trio
from msgspec import Struct
from msgspec.structs import fields
from trio.testing import MockClock

from meshnode.api.app import openapi_document
from meshnode.api.handlers import ROUTES
from meshnode.api.routes import Route
from protocol import person_text
from tests.api.context import Answer, Caller
from tests.api.fits import misfits
from tests.app.neighbors import story
from tests.fuzz.harness import Harness
from tests.fuzz.source import NUMBERS, TEXTS, Source
from tests.fuzz.worlds import Reused
from tests.support.mesh import Mesh

CALLS = 400_000  # what a request reads is in a store, whose rows and statements are calls too
SERVED = tuple(route for route in ROUTES if not route.streams)
INPUTS = 60  # of one world: then so much has been posted and blocked that all answers are alike
DOCUMENT = openapi_document()
WORDS = (
    *TEXTS,
    "Bob",
    "bob",
    "Carol",
    "Ladder",
    "offer",
    "need",
    "food",
    "urgent",
    "network_wide",
    "my_cell",
    "cell",
    "community",
    "accept",
    "cancel",
    "2027-02-30",
    "tomorrow",
    "2w",
    "127.0.0.1:4747",
    "[fe80::1%eth0]:1",
    "mp1",
    "1",
    "-1",
    "\ud800",
)
ABSURD: tuple[Any, ...] = (
    *NUMBERS,
    2**53,
    10**400,
    1e308,
    5e-324,
    0.1,
    2.5,
    -0.0,
    1e400,
    None,
    True,
    False,
    [],
    {},
    [[[[]]]],
    {"a": {"b": []}},
)


class Site:
    """Alice, Bob and Carol, who know each other, and what Alice's node answers."""

    def __init__(self) -> None:
        mesh = Mesh(11)
        self.neighbors = story(mesh)
        alice, bob, _ = self.neighbors
        bob.post("Ladder", quantity=2, unit="pieces")
        alice.post("Saw")
        mesh.settle()
        self.names = (*WORDS, person_text(bob.person), person_text(bob.person)[:9])

    def answer(self, method: str, path: str, raw: bytes) -> Answer:
        """Return what the API answers; nobody waits."""
        caller = Caller(self.neighbors[0].replica)

        async def call() -> Answer:
            return await caller(method, path, raw=raw)

        answer: Answer = trio.run(call, clock=MockClock(autojump_threshold=0))
        return answer


SITES = Reused(Site, INPUTS)


def api(data: bytes) -> None:
    """Every request is answered as the description says: done, or refused in one line; never with an error of the node."""
    source = Source(data)
    site = SITES.next()
    for _ in range(1 + source.below(3)):
        route = source.pick(SERVED)
        path = route.path
        if route.takes_who:
            path = path.replace("{who:path}", quote(source.pick(site.names).encode("utf-8", "surrogatepass")))
        if (query := _query(source, route)) != "":
            path += "?" + query
        answer = site.answer(route.method, path, _body(source, route))
        assert answer.status < 500, (route.method, path, answer.body)
        wrong = list(misfits(DOCUMENT, route.method, path.partition("?")[0], answer))
        assert not wrong, wrong
        if answer.status >= 400:
            error = answer.body["error"]
            assert error["message"]
            assert "\n" not in error["message"]


def _query(source: Source, route: Route) -> str:
    names = [field.name for field in fields(route.query)] if route.query is not None else []
    pairs = []
    for _ in range(source.below(3)):
        name = source.pick([*names, "x"]) if names else "x"
        pairs.append(
            f"{name}={quote(source.pick((*WORDS, 'true', '1e999', 'nan', '9' * 5_000)).encode('utf-8', 'surrogatepass'))}"
        )
    return "&".join(pairs if names or source.below(4) == 1 else ())


def _body(source: Source, route: Route) -> bytes:
    if route.body is None:
        return b""
    if source.below(8) == 1:
        return source.take(source.byte())
    value = _shape(source, route.body)
    written = json.dumps(value)
    if source.below(8) == 1:
        return source.edited_bytes(written.encode("utf-8", "surrogatepass"))
    return written.encode("utf-8", "surrogatepass")


def _shape(source: Source, shape: Any) -> Any:
    """Return an object with fields of `shape`: most of the right types, some missing, some absurd."""
    value: dict[str, Any] = {}
    hints = get_type_hints(shape)
    for field in fields(shape):
        match source.below(4):
            case 0:
                value[field.name] = _fitting(source, hints[field.name])
            case 1:
                value[field.name] = source.pick(ABSURD)
            case 2:
                value[field.name] = source.pick(WORDS)
            case _:
                pass
    return value


def _fitting(source: Source, wanted: Any) -> Any:
    options = [one for one in get_args(wanted) if one is not type(None)] if get_origin(wanted) is not tuple else []
    wanted = options[0] if options else wanted
    if get_origin(wanted) is tuple:
        return [_fitting(source, get_args(wanted)[0]) for _ in range(source.below(4))]
    if isinstance(wanted, type) and issubclass(wanted, Struct):
        return _shape(source, wanted)
    if wanted is bool:
        return bool(source.below(2))
    if wanted is int:
        return source.pick(NUMBERS)
    if wanted in (float, Decimal):
        return source.pick((0, 1, 0.5, 2.5, 0.0005, -1, 1e9))
    return source.pick(WORDS)


def _requests() -> Iterator[bytes]:
    for number, _ in enumerate(SERVED):
        yield bytes((0, number))
        yield bytes((0, number, 24, 0, 0, 0, 0, 0, 0, 0, 0, 0))
        yield bytes((0, number, 25, 0, 1, 2, 1, 20, 1, 23, 1, 30, 1, 31))


HARNESSES = (Harness("api", api, _requests, CALLS),)
