"""Every field, parameter and name of every route takes values of its own type alone, and refuses all others in one line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from msgspec.structs import fields

from meshnode.api.app import openapi_document
from meshnode.api.handlers import ROUTES
from meshnode.api.routes import Route
from tests.api.context import Answer, Caller
from tests.api.fits import faults

WRONG: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    2**53,
    -(2**64),
    10**400,
    0.5,
    1e308,
    5e-324,
    "",
    "x",
    "\0",
    "\n",
    "\ud800",
    "\u202e",
    "x" * 5_000,
    [],
    [None],
    [[]],
    ["x"] * 2_000,
    {},
    {"lat": 1},
    {"": None},
)
NAMES = ("", "x", "..", "%", "\0", "\n", "\u202e", "x" * 5_000, "mp1", "mp1qqqq", "-1", "9" * 5_000, "../nobody", "💐")
TEXTS = ("", "x", "true", "1e999", "nan", "-1", "9" * 5_000, "1_000", "\0", "\u202e", "💐")
DOCUMENT = openapi_document()
ROUTES_OF = {
    "bodies": [route for route in ROUTES if route.body is not None],
    "names": [route for route in ROUTES if route.takes_who],
    "queries": [route for route in ROUTES if route.query is not None],
    "others": [route for route in ROUTES if route.body is None],
}


def named(route: Route) -> str:
    return f"{route.method} {route.path}"


def path_of(route: Route, who: str = "Bob") -> str:
    return route.path.replace("{who:path}", quote(who, safe=""))


def holds(answer: Answer, *, refused: bool) -> bool:
    """Whether the request was refused in one line; where it need not be, it may also have been carried out."""
    if answer.status < 400:
        return not refused
    message = answer.body["error"]["message"]
    return answer.status < 500 and bool(message) and "\n" not in message and answer.body["error"]["code"] != "failed"


def fields_of(route: Route) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the fields of a route's body, each with the JSON Schema of what it takes."""
    assert route.body is not None
    properties = DOCUMENT["components"]["schemas"][route.body.__name__]["properties"]
    yield from properties.items()


@pytest.mark.parametrize("route", ROUTES_OF["bodies"], ids=named)
async def test_a_field_of_another_type_is_refused_by_its_name(route: Route, alice: Caller) -> None:
    for name, schema in fields_of(route):
        for value in WRONG:
            answer = await alice(route.method, path_of(route), {name: value})
            misfit = bool(list(faults(DOCUMENT, schema, value)))
            assert holds(answer, refused=misfit), (name, value, answer.status, answer.body)
            if misfit:
                assert answer.status == 400, (name, value, answer.body)


@pytest.mark.parametrize("route", ROUTES_OF["bodies"], ids=named)
async def test_a_body_that_is_no_object_of_known_fields_is_refused(route: Route, alice: Caller) -> None:
    for value in (*WRONG, {"no such field": 1}):
        if not isinstance(value, dict) or value:
            assert (await alice(route.method, path_of(route), value, raw=None)).status == 400 or value is None
    for raw in (
        b"",
        b"{",
        b"\xff",
        b'{"a":1,}',
        b"[" * 5_000,
        b'{"a":' * 3_000,
        b"NaN",
        b"1" * 5_000,
        b"{" + b" " * 70_000,
    ):
        assert (await alice(route.method, path_of(route), raw=raw)).status == 400


@pytest.mark.parametrize("route", ROUTES_OF["names"], ids=named)
async def test_a_name_that_nobody_has_is_refused(route: Route, alice: Caller) -> None:
    for name in NAMES:
        answer = await alice(route.method, path_of(route, name), {} if route.body is not None else None)
        assert holds(answer, refused=True), (name, answer.status, answer.body)


@pytest.mark.parametrize("route", ROUTES_OF["queries"], ids=named)
async def test_a_parameter_of_another_type_is_refused(route: Route, alice: Caller) -> None:
    assert route.query is not None
    for field in fields(route.query):
        for text in TEXTS:
            answer = await alice(route.method, f"{path_of(route)}?{field.name}={quote(text)}")
            assert holds(answer, refused=False), (field.name, text, answer.status, answer.body)
        twice = await alice(route.method, f"{path_of(route)}?{field.name}=1&{field.name}=2")
        assert holds(twice, refused=False)
    assert (await alice(route.method, f"{path_of(route)}?no-such=1")).status == 400
    assert (await alice(route.method, f"{path_of(route)}?{next(iter(fields(route.query))).name}=%ff")).status == 400


@pytest.mark.parametrize("route", [route for route in ROUTES if route.query is None], ids=named)
async def test_a_parameter_where_there_is_none_is_refused(route: Route, alice: Caller) -> None:
    assert (await alice(route.method, f"{path_of(route)}?x=1", {} if route.body is not None else None)).status == 400
