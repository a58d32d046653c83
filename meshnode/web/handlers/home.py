"""Shows what waits for the owner, and what is new."""

from __future__ import annotations

from meshnode.app import backup_state
from meshnode.app import waiting as waiting_cases
from meshnode.app.discover import news as news_cases
from meshnode.app.recovery import words as word_cases
from meshnode.web.addresses import Addresses, Asked, Elsewhere, Reply, TemplateReply
from meshnode.web.pages import plain

_addresses = Addresses()
ADDRESSES = _addresses.table

NEWS_SHOWN = 20


@_addresses.add("GET", "/")
async def home(asked: Asked) -> Reply:
    """Show what waits, then the news, which stay new."""
    context = asked.context
    through = asked.query.get("through") or None
    query = waiting_cases.InboxQuery(everybody="all" in asked.query, through=through)
    inbox = await context.run(waiting_cases.inbox, query)
    news = await context.run_steps(news_cases.peek, context.catalog, context.watcher, NEWS_SHOWN)
    values = {"inbox": plain(inbox), "news": plain(news), "done": asked.query.get("done", "")}
    values["words_confirmed"] = asked.is_phone or await context.run(word_cases.is_confirmed)
    values["backup_wanted"] = not asked.is_phone and await context.run(backup_state.is_wanted)
    values["narrowed"] = query.everybody or through is not None
    return TemplateReply("home.html", values)


@_addresses.add("POST", "/seen")
async def seen(asked: Asked) -> Reply:
    """Mark the news as seen."""
    context = asked.context
    await context.run_steps(news_cases.look, context.catalog, context.watcher, news_cases.NewsLook(clear=True))
    return Elsewhere("/?done=seen")
