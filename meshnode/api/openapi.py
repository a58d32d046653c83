"""Describes the API in OpenAPI 3.1, from the declared routes alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from meshnode import CONTRACT, __version__
from meshnode.api import guard
from meshnode.api.routes import FileReply, Route
from meshnode.errors import Failed, Forbidden, MeshnodeError, Usage
from meshnode.local.event_stream import EVENTS
from meshnode.local.schema import named_schemas, query_parameters, schema


class ErrorView(Struct, frozen=True):
    """An error: a stable code for programs, a line for people, and the next step.

    Where a name fits several people or things, `candidates` lists them. `field` names the part of the request that is
    wrong, if it is one.
    """

    code: str
    message: str
    hint: str
    candidates: tuple[str, ...] = ()
    field: str | None = None


class ErrorReply(Struct, frozen=True):
    """The answer to every request that fails (a status of 400 or more)."""

    error: ErrorView


ALWAYS: tuple[type[MeshnodeError], ...] = (Usage, Forbidden, Failed)  # the errors of every route


def describe(routes: Iterable[Route]) -> dict[str, Any]:
    """Return the OpenAPI document of `routes`."""
    routes = list(routes)
    paths: dict[str, Any] = {}
    for route in routes:
        path = route.path.replace("{who:path}", "{who}")
        paths.setdefault(path, {})[route.method.lower()] = _operation(route)
    bodies = [route.body for route in routes if route.body is not None]
    replies = [route.reply for route in routes if route.reply is not FileReply]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "meshnode",
            "version": __version__,
            "description": "The local API of one node, on a Unix socket that only its owner may open.",
            "x-contract": CONTRACT,
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
    if route.takes_who:
        described = "A name or an id, or the beginning of either if it fits only one."
        parameters.insert(
            0,
            {"name": "who", "in": "path", "required": True, "description": described, "schema": {"type": "string"}},
        )
    if route.streams:
        described = "The id of the last event that you received; the stream resumes after it."
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
    file = {"type": "string", "contentMediaType": guard.FILE_TYPE}
    if route.reply is FileReply:
        done = {"description": "The file.", "content": {guard.FILE_TYPE: {"schema": file}}}
    else:
        done = _stream(route) if route.streams else _response("Done.", schema(route.reply))
    if route.takes_bytes or route.takes_stream:
        operation["requestBody"] = {"required": True, "content": {guard.FILE_TYPE: {"schema": file}}}
    operation["responses"] = {str(route.status): done, **_errors(route)}
    return operation


def _stream(route: Route) -> dict[str, Any]:
    """Describe the text of a stream by the JSON in the `data` of each event. OpenAPI 3.1 cannot describe a sequence."""
    text = {"type": "string", "contentMediaType": "application/json", "contentSchema": schema(route.reply)}
    return {
        "description": "Server-sent events. The data of each is one line of JSON.",
        "content": {EVENTS: {"schema": text}},
    }


def _errors(route: Route) -> dict[str, Any]:
    codes: dict[int, list[str]] = {}
    for error in (*ALWAYS, *route.errors):
        names = codes.setdefault(error.http_status, [])
        if error.word not in names:
            names.append(error.word)
    return {
        str(status): _response(f"Failed: {' or '.join(names)}.", schema(ErrorReply))
        for status, names in sorted(codes.items())
    }


def _response(description: str, described: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": described}}}
