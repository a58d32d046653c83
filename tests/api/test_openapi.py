"""The OpenAPI document describes every route, its input and its answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from starlette.routing import Route as StarletteRoute

from meshnode.api.app import build, openapi_document
from meshnode.api.handlers import ROUTES
from tests.api.context import Caller
from tests.api.fits import faults

Callers = tuple[Caller, Caller, Caller]
DOCS = Path(__file__).resolve().parents[2] / "docs" / "api.md"


def references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if "$ref" in value else set()
        return own.union(*(references(item) for item in value.values()))
    return set[str]().union(*(references(item) for item in value)) if isinstance(value, list) else set()


def test_every_route_that_is_served_is_described(alice: Caller) -> None:
    served = {
        (method, route.path.replace("{who:path}", "{who}"))
        for route in build(alice.context).routes
        if isinstance(route, StarletteRoute)
        for method in (route.methods or set()) - {"HEAD"}
    }
    described = {(method.upper(), path) for path, methods in openapi_document()["paths"].items() for method in methods}
    assert served - described == {("GET", "/openapi.json")}
    assert described <= served


def test_every_operation_has_a_name_a_summary_and_its_responses() -> None:
    operations = [operation for methods in openapi_document()["paths"].values() for operation in methods.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names) == len(ROUTES)
    for operation in operations:
        assert operation["summary"].endswith(".")
        assert {"400", "403", "500"} < set(operation["responses"])
        assert any(status.startswith("2") for status in operation["responses"])


def test_every_schema_that_is_referred_to_is_there() -> None:
    document = openapi_document()
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert references(document) == known


async def test_the_description_is_served(alice: Caller) -> None:
    answer = await alice("GET", "/openapi.json")
    assert answer.status == 200
    assert answer.body["openapi"] == "3.1.0"
    assert answer.body == json.loads(json.dumps(openapi_document()))


def test_the_comparison_finds_answers_that_do_not_fit() -> None:
    document = openapi_document()
    schema = {"$ref": "#/components/schemas/PersonRef"}
    assert not list(faults(document, schema, {"id": "mp1", "name": "Bob"}))
    wrongs: list[Any] = [{"id": "mp1"}, {"id": "mp1", "name": None}, {"id": "mp1", "name": "Bob", "age": 5}, [], True]
    for wrong in wrongs:
        assert list(faults(document, schema, wrong))


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_the_page_about_the_api_lists_every_route(route: Any) -> None:
    assert f"`{route.method} {route.path.replace('{who:path}', '{who}')}`" in DOCS.read_text()
