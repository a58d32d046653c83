"""The API's description of itself: OpenAPI 3.1, made from the declared routes and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from meshnode import __version__
from meshnode.api.routes import Route
from meshnode.api.schema import named_schemas, query_parameters, schema
from meshnode.errors import Failed, Forbidden, MeshnodeError, Usage


@dataclass(frozen=True, slots=True)
class ErrorView:
    """What is wrong, in a stable word, one line for people, what to do next, and who or what could have been meant."""

    code: str
    message: str
    hint: str
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ErrorReply:
    """Every answer with a status of 400 or more."""

    error: ErrorView


EVENTS = "text/event-stream"
ALWAYS: tuple[type[MeshnodeError], ...] = (Usage, Forbidden, Failed)  # what any route may answer


def describe(routes: Iterable[Route]) -> dict[str, Any]:
    """The OpenAPI document of `routes`."""
    routes = list(routes)
    paths: dict[str, Any] = {}
    for route in routes:
        path = route.path.replace("{who:path}", "{who}")
        paths.setdefault(path, {})[route.method.lower()] = _operation(route)
    bodies = [route.body for route in routes if route.body is not None]
    replies = [route.reply for route in routes]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "meshnode",
            "version": __version__,
            "description": "The local API of one node, on a Unix socket that only its owner may open.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "http://localhost"}],
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": named_schemas(bodies, [ErrorReply, *replies])},
    }


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {"operationId": route.name, "summary": route.summary}
    if route.details:
        operation["description"] = route.details
    parameters = query_parameters(route.query) if route.query else []
    if route.who:
        described = "A name or an id, or a prefix of either that fits one only."
        parameters.insert(
            0,
            {"name": "who", "in": "path", "required": True, "description": described, "schema": {"type": "string"}},
        )
    if route.streams:
        described = "The id of the last event that arrived; the stream goes on behind it."
        parameters.append(
            {
                "name": "Last-Event-ID",
                "in": "header",
                "required": False,
                "description": described,
                "schema": {"type": "string"},
            }
        )
    if parameters:
        operation["parameters"] = parameters
    if route.body:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema(route.body)}}}
    done = _stream(route) if route.streams else _response("Done.", schema(route.reply))
    operation["responses"] = {str(route.status): done, **_errors(route)}
    return operation


def _stream(route: Route) -> dict[str, Any]:
    """Text of which each event's `data` is a reply in JSON: OpenAPI 3.1 has no words for a sequence."""
    text = {"type": "string", "contentMediaType": "application/json", "contentSchema": schema(route.reply)}
    return {"description": "Server-sent events; the data of each is one line.", "content": {EVENTS: {"schema": text}}}


def _errors(route: Route) -> dict[str, Any]:
    words: dict[int, list[str]] = {}
    for error in (*ALWAYS, *route.errors):
        names = words.setdefault(error.http_status, [])
        if error.word not in names:
            names.append(error.word)
    return {
        str(status): _response(f"Not done: {' or '.join(names)}.", schema(ErrorReply))
        for status, names in sorted(words.items())
    }


def _response(description: str, described: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": described}}}
