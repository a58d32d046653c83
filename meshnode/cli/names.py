"""Offers the shell the names of people, listings, groups and exchanges, as the daemon knows them now.

A name was written by somebody else and lands in a command line. It is offered only if all its characters are visible,
otherwise its id is; `completion` quotes it for the shell. Where no daemon answers at once, nothing is offered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import click

from meshnode.cli.command import settings
from meshnode.errors import MeshnodeError

OFFERED_MAX = 50  # names; more than a person reads
PATIENCE_SECONDS = 1.0
ID_LETTERS_MIN = 4  # letters; the daemon reads this many as the beginning of an id

Complete = Callable[[click.Context, click.Parameter, str], list[str]]
Named = Iterable[tuple[str, str]]
"""Pairs of a name and an id."""


def _offering(find: Callable[[click.Context, str], Named]) -> Complete:
    def complete(context: click.Context, _: click.Parameter, begun: str) -> list[str]:
        try:
            found = list(find(context, begun))
        except (MeshnodeError, OSError, ValueError, LookupError, TypeError):
            return []
        return _fitting(found, begun)

    return complete


def _fitting(found: Named, begun: str) -> list[str]:
    """Return the names that begin with `begun`, or the ids where no name does."""
    wanted = begun.casefold()
    names = [name if name.isprintable() else id_ for name, id_ in found if name.casefold().startswith(wanted)]
    ids = [id_ for _, id_ in found if len(wanted) >= ID_LETTERS_MIN and id_.startswith(wanted)]
    return list(dict.fromkeys(names or ids))[:OFFERED_MAX]


def _ask(context: click.Context, path: str, **query: Any) -> Any:
    return settings(context).client(patience=PATIENCE_SECONDS).get(path, **query)


def _people(context: click.Context, begun: str) -> Named:
    reply = _ask(context, "/v1/completions", begin=begun or None)
    return ((person["name"], person["id"]) for person in reply["people"])


def _blocked(context: click.Context, _: str) -> Named:
    reply = _ask(context, "/v1/blocks")
    return ((block["person"]["name"], block["person"]["id"]) for block in reply["blocks"])


def _given_addresses(context: click.Context, _: str) -> Named:
    reply = _ask(context, "/v1/addresses")
    return ((one["address"], one["address"]) for one in reply["addresses"] if one["kept"])


def _own_listings(context: click.Context, _: str) -> Named:
    return ((listing["title"], listing["id"]) for listing in _ask(context, "/v1/listings")["listings"])


def _renewable(context: click.Context, _: str) -> Named:
    reply = _ask(context, "/v1/listings")
    return ((listing["title"], listing["id"]) for listing in (*reply["listings"], *reply["ended"]))


def _listings(context: click.Context, begun: str) -> Named:
    yield from _others_listings(context, begun)
    yield from _own_listings(context, begun)


def _others_listings(context: click.Context, begun: str) -> Named:
    reply = _ask(context, "/v1/discover", words=begun or None, trust=0.1, anywhere="true")
    return ((listing["title"], listing["id"]) for listing in reply["results"])


def _listings_or_people(context: click.Context, begun: str) -> Named:
    yield from _people(context, begun)
    yield from _listings(context, begun)


def _groups(context: click.Context, _: str) -> Named:
    kind = context.parent.info_name if context.parent is not None else None
    reply = _ask(context, "/v1/groups", kind=kind if kind in ("cell", "community") else None)
    invited = context.info_name == "join"
    return ((group["name"], group["id"]) for group in reply["invitations" if invited else "groups"])


def _exchanges(context: click.Context, _: str) -> Named:
    """Return all exchanges, or those in which the command can make its move now."""
    wanted = context.info_name
    reply = _ask(context, "/v1/exchanges")
    fitting = (each for each in reply["exchanges"] if wanted == "exchanges" or wanted in each["next"])
    return ((each["listing"]["title"], each["exchange"]) for each in fitting)


people = _offering(_people)
blocked = _offering(_blocked)
given_addresses = _offering(_given_addresses)
own_listings = _offering(_own_listings)
renewable = _offering(_renewable)
listings = _offering(_listings)
others_listings = _offering(_others_listings)
listings_or_people = _offering(_listings_or_people)
groups = _offering(_groups)
exchanges = _offering(_exchanges)
