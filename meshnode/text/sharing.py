"""Texts about who can see what: the default setting, audiences, and previews."""

from __future__ import annotations

from typing import Any

from meshnode.quoting import named
from meshnode.text import forms, pause
from meshnode.text.catalog import message, plural
from meshnode.text.choices import PRECISIONS, audience

HELP = message("Your default sharing settings: audience and location.")
SHOW_HELP = message("Show your default sharing settings.")
SET_HELP = message("Change your default sharing settings. Posts that follow them change too, on every node.")
AUDIENCE = message("Who can see the posts that follow this setting.")
PRECISION = message("How exactly others see your locations.")
RADIUS = message("How far 'anyone nearby' reaches (default 25).")
PLACE = message("Your location. It stays on this computer; others see only an area around it.")
NO_PLACE = message("Stop sharing your location.")

RECEIPTS = message("Whether people learn, 10 to 60 minutes later, that this computer has opened their messages.")
RECEIPTS_ON = message("People learn when this computer has opened their messages, 10 to 60 minutes later.")
RECEIPTS_OFF = message("Nobody learns when this computer has opened their messages.")

AUDIENCE_HELP = message("Show who can see one of your posts now, as far as this node knows.")
WHAT_IF = message("Change nothing; only show who would start or stop seeing what.")
PREVIEW = message("Post nothing; only show who could see it.")
VIEWER_COLUMNS = tuple(message("name|id|how").split("|"))
NO_CHANGE = message("Nothing would change for anyone you know of.")
NOTHING_CHANGED = message("Nothing was changed. Run it without --what-if to do it.")


def default_audience(reply: dict[str, Any]) -> str:
    """Say who can see posts by default."""
    return message("By default, {whom} can see your posts.", whom=audience(reply))


def settings(reply: dict[str, Any]) -> list[str]:
    """Return the default settings (SharingView of the API), a sentence a line."""
    follows = plural(reply["follows"], "1 post follows this.", "{n} posts follow this.")
    if not reply["follows"]:
        follows = message("No post follows this yet.")
    return [
        *([] if reply["paused"] is None else [pause.away(reply["paused"])]),
        f"{default_audience(reply)} {follows}",
        location(reply),
        message("Nearby means within {km} km.", km=reply["radius_km"]),
        str(RECEIPTS_ON if reply["receipts"] else RECEIPTS_OFF),
    ]


def location(reply: dict[str, Any]) -> str:
    """Say what others see of your location."""
    if reply["published"] is None:
        return message(
            "Your location is not shared. If you set one, others see it to about {width}.",
            width=forms.width(PRECISIONS[reply["precision"]]),
        )
    area = forms.area(reply["published"])
    if reply["place"] is None:
        return message("Others see that you are in {area}. This computer does not know your exact location.", area=area)
    return message(
        "Your exact location ({lat},{lon}) stays on this computer. Others see {area}.",
        lat=reply["place"]["lat"],
        lon=reply["place"]["lon"],
        area=area,
    )


def no_viewers(reply: dict[str, Any]) -> str:
    """Say that nobody known can see a post."""
    return message("Visible to {whom}: nobody you know of.", whom=audience(reply))


def viewers(reply: dict[str, Any]) -> str:
    """Say how many people can see a post."""
    return plural(
        reply["count"],
        "Visible to {whom}: 1 person you know of.",
        "Visible to {whom}: {n} people you know of.",
        whom=audience(reply),
    )


def changes_of_sight(reply: dict[str, Any]) -> list[str]:
    """Return a sentence for everybody who would start or stop seeing something (WhatIfView of the API)."""
    return [
        *(_viewer_loses(change) for change in reply["viewers_lost"]),
        *(_viewer_gains(change) for change in reply["viewers_gained"]),
        *(_author_lost(change) for change in reply["authors_lost"]),
        *(_author_gained(change) for change in reply["authors_gained"]),
    ]


def _viewer_loses(change: dict[str, Any]) -> str:
    return message("{name} would stop seeing {what}.", name=named(change["person"]["name"]), what=_yours(change))


def _viewer_gains(change: dict[str, Any]) -> str:
    return message("{name} would start seeing {what}.", name=named(change["person"]["name"]), what=_yours(change))


def _author_lost(change: dict[str, Any]) -> str:
    return message(
        "From {name}, you would stop seeing {what}.", name=named(change["person"]["name"]), what=_theirs(change)
    )


def _author_gained(change: dict[str, Any]) -> str:
    return message(
        "From {name}, you would start seeing {what}.", name=named(change["person"]["name"]), what=_theirs(change)
    )


def _yours(change: dict[str, Any]) -> str:
    return _seen(change, message("everything you share by default"))


def _theirs(change: dict[str, Any]) -> str:
    return _seen(change, message("everything shared by default"))


def _seen(change: dict[str, Any], by_default: str) -> str:
    titles = [named(listing["title"]) for listing in change["listings"]]
    more = change["count"] - len(titles)
    parts = titles + ([plural(more, "1 more post", "{n} more posts")] if more else [])
    return forms.listed(parts + ([by_default] if change["usual"] else []))
