"""The ASGI application: declared routes behind the guard, and every error as JSON."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from functools import cache
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as StarletteRoute

from meshnode.api import guard, schema
from meshnode.api.context import ApiContext
from meshnode.api.event_stream import EventStream
from meshnode.api.handlers import ROUTES
from meshnode.api.openapi import describe
from meshnode.api.routes import Route
from meshnode.errors import Ambiguous, Failed, MeshnodeError, StorageFailed, Usage

log = logging.getLogger(__name__)

HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def build(context: ApiContext) -> Starlette:
    """The application that serves `context`."""
    routes = [_endpoint(route, context) for route in ROUTES]
    routes.append(StarletteRoute("/openapi.json", _openapi, methods=["GET"]))
    return Starlette(
        routes=routes,
        exception_handlers={HTTPException: _http_error, MeshnodeError: _meshnode_error, Exception: _unexpected},
    )


def _endpoint(route: Route, context: ApiContext) -> StarletteRoute:
    async def endpoint(request: Request) -> Response:
        guard.check_origin(request)
        given: dict[str, Any] = {}
        if route.who is not None:
            given["who"] = _text(request.path_params["who"])
        pairs = [(name, _text(value)) for name, value in request.query_params.multi_items()]
        if route.query is not None:
            given["query"] = schema.read_query(route.query, pairs)
        elif pairs:
            raise Usage(f"there is no parameter {pairs[0][0]!r} here")
        if route.body is not None:
            given["body"] = schema.read(route.body, await guard.json_body(request))
        if route.streams:
            given["last_event_id"] = request.headers.get("last-event-id")
            return EventStream(await route.handler(context, **given), HEADERS)
        try:
            reply = await route.handler(context, **given)
        except StorageFailed as error:
            context.break_off(error)
            raise
        return answer(schema.write(reply), route.status)

    return StarletteRoute(route.path, endpoint, methods=[route.method], name=route.name)


def _text(value: str) -> str:
    """What stood percent-encoded in the address; refused where it was no UTF-8."""
    if "\ufffd" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise Usage("the address holds what is no text", "bytes that are not UTF-8")
    return value


def answer(content: Any, status: int = 200) -> Response:
    """A JSON response."""
    encoded = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    return Response(encoded, status, HEADERS, media_type="application/json")


@cache
def openapi_document() -> dict[str, Any]:
    """The description of the API, made once."""
    return describe(ROUTES)


async def _openapi(request: Request) -> Response:
    guard.check_origin(request)
    return answer(openapi_document())


def _error(code: str, message: str, hint: str, status: int, candidates: Sequence[str] = ()) -> Response:
    told = {"code": code, "message": message, "hint": hint, "candidates": list(candidates)}
    return answer({"error": told}, status)


async def _meshnode_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, MeshnodeError)
    candidates = error.candidates if isinstance(error, Ambiguous) else ()
    return _error(error.word, error.message, error.hint, error.http_status, candidates)


async def _http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = "not_found" if error.status_code == 404 else "usage"
    return _error(code, "there is nothing at this address", "GET /openapi.json lists what there is", error.status_code)


async def _unexpected(request: Request, error: Exception) -> Response:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return _error(Failed.word, "the node failed to do this", "its log shows more", Failed.http_status)
