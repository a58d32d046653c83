"""Checks every request before a handler sees it: where it comes from, and that its body is JSON of a bounded size.

The socket's file mode keeps other users of the machine out. The checks here keep out requests that a web page could make
the user's own browser send (DNS rebinding, cross-site requests), should a browser ever be able to reach the API.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from starlette.requests import Request

from meshnode.errors import Forbidden, Usage
from meshnode.local.media_type import media_type

HOSTS = frozenset({"localhost"})  # sent by our own clients; a page that rebinds its DNS name sends that name
BODY_MAX_BYTES = 64 * 1024  # no use case takes more; bounds the memory that one request can take
FILE_TYPE = "application/octet-stream"
FILE_MAX_BYTES = 24 * 1024 * 1024  # of a photo that is added: phones make photos of 4 to 20 MB


def check_origin(request: Request) -> None:
    """Raise Forbidden if a web page could have sent the request: it has another Host, or any Origin."""
    if request.headers.get("host", "") not in HOSTS:
        raise Forbidden("this API answers only requests to the host localhost", "send Host: localhost")
    if "origin" in request.headers:
        raise Forbidden("this API does not answer web pages")


async def json_body(request: Request) -> Any:
    """Return the parsed JSON body. Raises Usage if it is not JSON, or longer than `BODY_MAX_BYTES`."""
    if media_type(request) != "application/json":
        raise Usage("the body must be JSON", "send Content-Type: application/json")
    received = await _received(request, BODY_MAX_BYTES)
    try:
        return json.loads(received.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise Usage("the body is not valid JSON") from error


async def file_body(request: Request) -> bytes:
    """Return the bytes of a file. Raises Usage if they are sent as anything else, or more than `FILE_MAX_BYTES`."""
    _check_file(request)
    return await _received(request, FILE_MAX_BYTES)


def file_stream(request: Request) -> AsyncGenerator[bytes, None]:
    """Return the bytes of a large file as they arrive; the reader bounds them. Raises Usage if they are sent as anything else."""
    _check_file(request)
    return request.stream()


def _check_file(request: Request) -> None:
    if media_type(request) != FILE_TYPE:
        raise Usage("the body must be a file", "send Content-Type: {file_type}", file_type=FILE_TYPE)


async def _received(request: Request, most: int) -> bytes:
    received = bytearray()
    async with aclosing(request.stream()) as stream:
        async for chunk in stream:
            received += chunk
            if len(received) > most:
                raise Usage("the body is longer than {most} bytes", most=most)
    return bytes(received)


def _refuse_constant(name: str) -> Any:
    """Refuse NaN and the infinities, which Python reads though they are not JSON."""
    raise ValueError(name)
