"""Shows your saved searches with their new matches, saves the one that Discover shows, and removes one."""

from __future__ import annotations

from meshnode.app.discover import watches as watch_cases
from meshnode.app.discover.search import SearchQuery
from meshnode.errors import MeshnodeError, NotFound
from meshnode.text import page as page_text
from meshnode.web.addresses import Addresses, Asked, Elsewhere, Reply, TemplateReply
from meshnode.web.handlers.discover import query_of
from meshnode.web.pages import plain
from meshnode.web.problems import problem

_addresses = Addresses()
ADDRESSES = _addresses.table


@_addresses.add("GET", "/searches")
async def searches(asked: Asked) -> Reply:
    """List your saved searches."""
    return await _searches(asked)


@_addresses.add("POST", "/searches")
async def save(asked: Asked) -> Reply:
    """Save a search, as Discover has it."""
    context, form = asked.context, asked.form
    try:
        found = query_of(form)
        query = SearchQuery(
            words=found.words,
            type=found.type,
            category=found.category,
            within=found.within,
            anywhere=found.anywhere,
            trust=found.trust,
        )
        await context.run_steps(watch_cases.preparing_watches, context.catalog, context.watcher, query)
        await context.run(watch_cases.add, context.catalog, context.watcher, query)
    except MeshnodeError as error:
        return await _searches(asked, error)
    return Elsewhere("/searches?done=search-saved")


@_addresses.add("POST", "/searches/{which:path}")
async def remove(asked: Asked) -> Reply:
    """Remove a saved search."""
    if asked.form.get("act") != "remove":
        raise NotFound(page_text.NO_PAGE)
    try:
        await asked.context.run(watch_cases.remove, asked.which)
    except MeshnodeError as error:
        return await _searches(asked, error)
    return Elsewhere("/searches?done=search-removed")


async def _searches(asked: Asked, error: MeshnodeError | None = None) -> TemplateReply:
    context = asked.context
    await context.run_steps(watch_cases.preparing_watches, context.catalog, context.watcher)
    found = plain(await context.run(watch_cases.watches, context.catalog, context.watcher))
    values = {"watches": found["watches"], "form": asked.form, "done": asked.query.get("done", "")}
    if error is not None:
        values["problem"] = problem(error)
    return TemplateReply("searches.html", values, 200 if error is None else error.http_status)
