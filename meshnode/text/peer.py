"""Texts about addresses of other nodes that the owner has given."""

from __future__ import annotations

from collections.abc import Sequence

from meshnode.quoting import named
from meshnode.text import forms
from meshnode.text.catalog import message, plural

TYPE_CHECKING = False  # see meshnode/cli/daily/__init__.py
if TYPE_CHECKING:
    from typing import Any

HELP = message("Addresses at which to look for others, where they are not found by themselves.")
ADD_HELP = message(
    "Look for others at HOST:PORT too, from now on and after a restart.\n\n"
    "The address is what the other computer shows in 'meshnode status'. Without a port, 4747 is meant."
)
REMOVE_HELP = message("Look for others at HOST:PORT no longer.")
LIST_HELP = message("Show these addresses, and who was found there.")
COLUMNS = tuple(message("address|found there|last attempt|given by").split("|"))
EMPTY = message("You have given no address. Give one: meshnode peer add HOST:PORT")
NOBODY = message("nobody yet")
NOT_TRIED = message("not tried yet")
KEPT = message("peer add")
SETTING = message("--peer or config.toml")
SHOWN = 3  # in `status`; the rest are counted


def added(reply: dict[str, Any]) -> str:
    """Say what happens at a new address."""
    return message(
        "Your node looks for everyone it is not connected to at {address}, also after a restart. "
        "See what came of it: meshnode peer list",
        address=reply["address"],
    )


def removed(reply: dict[str, Any]) -> str:
    """Say that an address is no longer dialed."""
    return message("Your node no longer looks for anyone at {address}.", address=reply["address"])


def found(one: dict[str, Any]) -> str:
    """Return who was found at an address."""
    return named(one["person"]["name"]) if one["person"] is not None else NOBODY


def outcome(one: dict[str, Any]) -> str:
    """Return how the last attempt ended."""
    return str(one["outcome"]) or NOT_TRIED


def origin(one: dict[str, Any]) -> str:
    """Return where an address comes from."""
    return KEPT if one["kept"] else SETTING


def summary(addresses: Sequence[dict[str, Any]]) -> str:
    """Return the line of `status` about given addresses."""
    shown = [message("{address} ({found})", address=one["address"], found=found(one)) for one in addresses]
    return plural(
        len(addresses),
        "Address you gave: {addresses}.",
        "Addresses you gave: {addresses}.",
        addresses=forms.first_few(shown, SHOWN),
    )
