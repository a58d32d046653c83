"""Answers the programs that have a secret address: with the owner's calendar, and with what others share as a feed.

They sign in nowhere and send no cookie. An address with another secret is one that does not exist.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from meshnode.app import calendar as calendar_cases
from meshnode.app import subscriptions as subscription_cases
from meshnode.app.discover import discover as discover_cases
from meshnode.errors import NotFound
from meshnode.local.context import LocalContext
from meshnode.text import page as text
from meshnode.web import guard
from meshnode.web.handlers.discover import query_of
from meshnode.web.pages import plain


class Subscribed:
    """The addresses of one node's calendar and feed."""

    def __init__(self, context: LocalContext) -> None:
        self._context = context

    def routes(self) -> list[Route]:
        """Return both addresses."""
        return [
            Route("/calendar/{secret}.ics", self._calendar, methods=["GET"]),
            Route("/feed/{secret}.atom", self._feed, methods=["GET"]),
        ]

    async def _calendar(self, request: Request) -> Response:
        from meshnode.web import icalendar

        page = await self._page_for(request, "calendar")
        found = plain(await self._context.run_steps(calendar_cases.calendar))
        file = icalendar.calendar_file(found["entries"], page)
        return Response(file, 200, guard.HEADERS, icalendar.MEDIA_TYPE)

    async def _feed(self, request: Request) -> Response:
        """Answer with the newest posts. The address can have the filters of Discover Resources."""
        from meshnode.web import atom  # with what writes XML, which few ask for

        page = await self._page_for(request, "feed")
        query = query_of({**request.query_params, "sort": "new"}, 1)
        found = plain(await self._context.run_steps(discover_cases.discover, self._context.catalog, query))
        file = atom.feed_file(found["results"], str(request.url), page)
        return Response(file, 200, guard.HEADERS, atom.MEDIA_TYPE)

    async def _page_for(self, request: Request, kind: str) -> str:
        """Return the address of the page for a request with the secret of this kind. Forbidden or NotFound for others."""
        page, run = self._context.page, self._context.store_thread.run
        guard.check_host(request, (page.number_host,), "http")
        if not await run(subscription_cases.admits, self._context.replica, kind, request.path_params["secret"]):
            raise NotFound(text.NO_PAGE)
        return f"http://{await run(lambda: page.host)}"
