"""Answers searches for what others share, news, saved searches (watches), and the hiding of listings."""

from __future__ import annotations

from meshnode.api.handlers.errors import NAMED, WRITES
from meshnode.api.routes import Route, Routes
from meshnode.app.discover import discover as discover_cases
from meshnode.app.discover import hiding as hiding_cases
from meshnode.app.discover import news as news_cases
from meshnode.app.discover import watches as watching_cases
from meshnode.app.discover.search import SearchQuery
from meshnode.errors import NotFound
from meshnode.local.context import LocalContext

_routes = Routes()
ROUTES: list[Route] = _routes.table


@_routes.add("GET", "/v1/discover")
async def discover(context: LocalContext, query: discover_cases.DiscoverQuery) -> discover_cases.Discovery:
    """Search what others share with you."""
    return await context.run_steps(discover_cases.discover, context.catalog, query)


@_routes.add("GET", "/v1/news")
async def peek_at_news(context: LocalContext, query: news_cases.NewsQuery) -> news_cases.NewsView:
    """List what has become visible to you since you last looked. It stays new."""
    return await context.run_steps(news_cases.peek, context.catalog, context.watcher, query.limit)


@_routes.add("POST", "/v1/news", errors=WRITES)
async def look_at_news(context: LocalContext, body: news_cases.NewsLook) -> news_cases.NewsView:
    """List what has become visible to you since you last looked. What is listed is no longer new."""
    return await context.run_steps(news_cases.look, context.catalog, context.watcher, body)


@_routes.add("GET", "/v1/watches")
async def watches(context: LocalContext) -> watching_cases.WatchesView:
    """List your saved searches and their new matches."""
    await context.run_steps(watching_cases.preparing_watches, context.catalog, context.watcher)
    return await context.run(watching_cases.watches, context.catalog, context.watcher)


@_routes.add("POST", "/v1/watches", status=201, errors=WRITES)
async def add_watch(context: LocalContext, body: SearchQuery) -> watching_cases.WatchView:
    """Save a search: you get an alert when something that matches becomes visible to you."""
    await context.run_steps(watching_cases.preparing_watches, context.catalog, context.watcher, body)
    return await context.run(watching_cases.add, context.catalog, context.watcher, body)


@_routes.add("DELETE", "/v1/watches/{who:path}", errors=(NotFound, *WRITES))
async def remove_watch(context: LocalContext, who: str) -> watching_cases.WatchView:
    """Delete the saved search with this number."""
    return await context.run(watching_cases.remove, who)


@_routes.add("GET", "/v1/hidden")
async def hidden(context: LocalContext) -> hiding_cases.HiddenListView:
    """List what you have hidden from yourself."""
    return await context.run(hiding_cases.hidden, context.catalog)


@_routes.add("PUT", "/v1/hidden/{who:path}", errors=(*NAMED, *WRITES))
async def hide(context: LocalContext, who: str) -> hiding_cases.HiddenView:
    """Hide a listing from yourself, in searches, news and saved searches."""
    return await context.run(hiding_cases.hide, context.catalog, who)


@_routes.add("DELETE", "/v1/hidden/{who:path}", errors=(*NAMED, *WRITES))
async def unhide(context: LocalContext, who: str) -> hiding_cases.HiddenView:
    """Show a hidden listing again."""
    return await context.run(hiding_cases.unhide, context.catalog, who)
