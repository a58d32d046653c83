"""Who may knock: every request is checked here before any route sees it.

The socket's file mode keeps other users of the machine out. This keeps out what the user's own browser could be made
to send (DNS rebinding, cross-site requests), should the API ever be reachable by one, and bodies of any size.
"""

from __future__ import annotations

import json
from contextlib import aclosing
from typing import Any

from starlette.requests import Request

from meshnode.errors import Forbidden, Usage

HOSTS = frozenset({"localhost"})  # what our own clients send; a rebound name of a foreign page is another
BODY_MAX_BYTES = 64 * 1024  # no use-case takes more; bounds what one request can make the node hold in memory


def check_origin(request: Request) -> None:
    """Refuse what a foreign page could have sent: another Host, or any Origin."""
    if request.headers.get("host", "") not in HOSTS:
        raise Forbidden("this API answers to Host: localhost alone")
    if "origin" in request.headers:
        raise Forbidden("this API does not answer to web pages")


async def json_body(request: Request) -> Any:
    """The parsed JSON body, never more than `BODY_MAX_BYTES` of it read."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Usage("the body must be JSON", "send Content-Type: application/json")
    received = bytearray()
    async with aclosing(request.stream()) as stream:
        async for chunk in stream:
            received += chunk
            if len(received) > BODY_MAX_BYTES:
                raise Usage(f"the body is longer than {BODY_MAX_BYTES} bytes")
    try:
        return json.loads(bytes(received).decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Usage("the body is no JSON") from error


def _no_constant(name: str) -> Any:
    raise ValueError(name)
