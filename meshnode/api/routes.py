"""How a route is declared: one async function whose annotations say what goes in and out, and whose docstring says why.

From that declaration come the Starlette route, the checks on what is sent, and the OpenAPI description; there is
nothing to keep in step.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, is_dataclass
from inspect import getdoc
from typing import Any, Literal, get_args, get_origin, get_type_hints

from meshnode.errors import MeshnodeError

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Handler = Callable[..., Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Route:
    """One declared route. `who` says whether its path ends in a name or id; `errors` are what it may answer beside.

    Where it `streams`, it answers with server-sent events, each of which carries one `reply`.
    """

    method: Method
    path: str
    handler: Handler
    name: str
    summary: str
    details: str
    who: str | None
    body: type | None
    query: type | None
    reply: type
    streams: bool
    status: int
    errors: tuple[type[MeshnodeError], ...]


class Routes:
    """A table of routes, filled by its own decorators."""

    def __init__(self) -> None:
        self.table: list[Route] = []

    def add(
        self, method: Method, path: str, *, status: int = 200, errors: tuple[type[MeshnodeError], ...] = ()
    ) -> Callable[[Handler], Handler]:
        """Declare the decorated function as the handler of `method path`.

        Its parameters: `context`, then by name any of `body` and `query` (dataclasses) and the path's own `who`. One that
        returns an AsyncIterator of dataclasses is a stream, and takes `last_event_id`, where its reader left off.
        """

        def declare(handler: Handler) -> Handler:
            known = get_type_hints(handler)
            summary, _, details = (getdoc(handler) or "").partition("\n\n")
            body: type | None = known.get("body")
            query: type | None = known.get("query")
            reply = known["return"]
            streams = get_origin(reply) is AsyncIterator
            assert all(shape is None or is_dataclass(shape) for shape in (body, query))
            self.table.append(
                Route(
                    method=method,
                    path=path,
                    handler=handler,
                    name=handler.__name__,
                    summary=" ".join(summary.split()),
                    details=" ".join(details.split()),
                    who="who" if "who" in known else None,
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
