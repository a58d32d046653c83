"""Builds the ASGI application: it guards the declared routes, and answers every error as JSON."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import cache
from typing import Any

import trio
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as StarletteRoute

from meshnode.api import guard
from meshnode.api.handlers import ROUTES
from meshnode.api.openapi import ErrorReply, ErrorView, describe
from meshnode.api.routes import FileReply, Route
from meshnode.errors import Ambiguous, Failed, Field, MeshnodeError, StorageFailed, Usage, of_system
from meshnode.local import schema
from meshnode.local.context import LocalContext
from meshnode.local.event_stream import EventStream
from meshnode.local.file_stream import FileStream
from meshnode.local.in_language import InLanguage

log = logging.getLogger(__name__)

HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def build(context: LocalContext) -> Starlette:
    """Return the application that answers for the node of `context`."""
    routes = [_endpoint(route, context) for route in ROUTES]
    routes.append(StarletteRoute("/openapi.json", _openapi, methods=["GET"]))
    return Starlette(
        routes=routes,
        middleware=[Middleware(InLanguage)],
        exception_handlers={HTTPException: _http_error, MeshnodeError: _meshnode_error, Exception: _unexpected},
    )


def _endpoint(route: Route, context: LocalContext) -> StarletteRoute:
    async def endpoint(request: Request) -> Response:
        guard.check_origin(request)
        arguments = await _arguments(route, request)
        if route.streams:
            arguments["last_event_id"] = request.headers.get("last-event-id")
            return EventStream(await route.handler(context, **arguments), HEADERS)
        try:
            reply = await route.handler(context, **arguments)
        except StorageFailed as error:
            context.fail(error)
            raise
        if isinstance(reply, FileReply):
            return FileStream(reply.content, reply.size, HEADERS)
        written: list[bytes] = []
        for part in schema.parts(reply):
            if written:
                await trio.lowlevel.checkpoint()  # a long reply must not keep others from the event loop
            written.append(part.encode())
        return _answered(b"".join(written), route.status)

    return StarletteRoute(route.path, endpoint, methods=[route.method], name=route.name)


async def _arguments(route: Route, request: Request) -> dict[str, Any]:
    """Return what the handler of `route` takes beside its context. Raises Usage for what it cannot take."""
    arguments: dict[str, Any] = {}
    if route.takes_who:
        arguments["who"] = _decoded(request.path_params["who"])
    pairs = [(name, _decoded(value)) for name, value in request.query_params.multi_items()]
    if route.query is not None:
        arguments["query"] = schema.read_query(route.query, pairs)
    elif pairs:
        raise Usage("there is no parameter {pairs} here", pairs=repr(pairs[0][0]))
    if route.body is not None:
        arguments["body"] = schema.read(route.body, await guard.json_body(request))
    if route.takes_bytes:
        arguments["content"] = await guard.file_body(request)
    if route.takes_stream:
        arguments["stream"] = guard.file_stream(request)
    return arguments


def _decoded(value: str) -> str:
    """Return a part of the address that Starlette has percent-decoded. Raises Usage if its bytes were not UTF-8."""
    if "\ufffd" in value or not schema.is_unicode(value):
        raise Usage("the address is not UTF-8 text", "percent-encode names as UTF-8")
    return value


def answer(content: Any, status: int = 200) -> Response:
    """Return a response with `content` as JSON: dataclasses, or what `json` knows."""
    return _answered(schema.dump(content).encode(), status)


def _answered(body: bytes, status: int) -> Response:
    return Response(body, status, HEADERS, media_type="application/json")


@cache
def openapi_document() -> dict[str, Any]:
    """Return the OpenAPI description of the API, which is built once."""
    return describe(ROUTES)


async def _openapi(request: Request) -> Response:
    guard.check_origin(request)
    return answer(openapi_document())


def _error(
    code: str, message: str, hint: str, status: int, candidates: Sequence[str] = (), field: Field | None = None
) -> Response:
    return answer(ErrorReply(ErrorView(code, message, hint, tuple(candidates), field and field.value)), status)


async def _meshnode_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, MeshnodeError)
    candidates = error.candidates if isinstance(error, Ambiguous) else ()
    return _error(error.word, error.message, error.hint, error.http_status, candidates, error.field)


async def _http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = "not_found" if error.status_code == 404 else "usage"
    return _error(code, "the API has no such address or method", "GET /openapi.json lists them", error.status_code)


async def _unexpected(request: Request, error: Exception) -> Response:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    if isinstance(error, OSError):
        return await _meshnode_error(request, of_system(error))
    return _error(Failed.word, "the node failed to do this", "its log shows more", Failed.http_status)
