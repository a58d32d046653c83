"""Declares a route by one async function: its annotations are the types of input and reply, its docstring the description.

The Starlette route, the checks of the input and the OpenAPI description are all made from that declaration, so they
cannot disagree.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from inspect import getdoc
from typing import Any, Literal, get_args, get_origin, get_type_hints

from msgspec import Struct

from meshnode.errors import MeshnodeError

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Handler = Callable[..., Awaitable[Any]]


class FileReply(Struct, frozen=True):
    """A reply that is a file: how many bytes it has, and these in pieces."""

    size: int
    content: AsyncGenerator[bytes, None]


class Route(Struct, frozen=True):
    """One declared route.

    `takes_who` says whether its path ends in `{who}`, a name or an id, and `takes_bytes` whether its body is a file; a large
    one `takes_stream`. `errors` are its errors beside those of every route.
    A route that `streams` answers with server-sent events, each of which carries one `reply`.
    """

    method: Method
    path: str
    handler: Handler
    name: str
    summary: str
    details: str
    takes_who: bool
    takes_bytes: bool
    takes_stream: bool
    body: type | None
    query: type | None
    reply: type
    streams: bool
    status: int
    errors: tuple[type[MeshnodeError], ...]


class Routes:
    """A table of routes, which the decorator `add` fills."""

    def __init__(self) -> None:
        self.table: list[Route] = []

    def add(
        self, method: Method, path: str, *, status: int = 200, errors: tuple[type[MeshnodeError], ...] = ()
    ) -> Callable[[Handler], Handler]:
        """Declare the decorated function as the handler of `method path`.

        It takes `context`, and by name any of `who` (from its path), `query` and `body` (both dataclasses), or `content`, the
        bytes of a file, or `stream`, those of a large one as they arrive. A handler that returns a FileReply gives a file. One that
        returns an AsyncIterator of dataclasses is a stream, and also takes `last_event_id`, after which it resumes.
        """

        def declare(handler: Handler) -> Handler:
            types = get_type_hints(handler)
            summary, _, details = (getdoc(handler) or "").partition("\n\n")
            body: type | None = types.get("body")
            query: type | None = types.get("query")
            reply = types["return"]
            streams = get_origin(reply) is AsyncIterator
            assert all(shape is None or issubclass(shape, Struct) for shape in (body, query))
            self.table.append(
                Route(
                    method=method,
                    path=path,
                    handler=handler,
                    name=handler.__name__,
                    summary=" ".join(summary.split()),
                    details=" ".join(details.split()),
                    takes_who="who" in types,
                    takes_bytes="content" in types,
                    takes_stream="stream" in types,
                    body=body,
                    query=query,
                    reply=get_args(reply)[0] if streams else reply,
                    streams=streams,
                    status=status,
                    errors=errors,
                )
            )
            return handler

        return declare
