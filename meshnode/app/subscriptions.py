"""Keeps the secret addresses under which other programs of the owner fetch their calendar, and what is new, as a feed.

A calendar program or feed reader signs in nowhere, so the address itself is the secret. It shows what the page shows and
changes nothing. Its host is the number of this computer: such programs may not know the names that browsers do.
"""

from __future__ import annotations

import hmac

from msgspec import Struct

from meshnode.app.page_access import PageAccess
from meshnode.errors import Usage
from meshnode.replica.replica import Replica

SECRET_BYTES = 16
KINDS = {"calendar": "calendar/{secret}.ics", "feed": "feed/{secret}.atom"}
"""What can be subscribed to, each with its path on the page."""


class SubscriptionsView(Struct, frozen=True):
    """The secret addresses of your calendar and of the feed of what others share, for programs on this computer."""

    calendar: str
    feed: str


class AddressOrder(Struct, frozen=True):
    """The address to change before both are shown: `calendar` or `feed`; null: none. The one before works no longer."""

    change: str | None = None


def show(replica: Replica, page: PageAccess, order: AddressOrder) -> SubscriptionsView:
    """Return both addresses, which are made where there are none yet.

    Usage for an unknown one to change, Refused if the page is off, which serves them.
    """
    host = page.number_host
    if order.change is not None:
        if order.change not in KINDS:
            raise Usage(
                "{which} has no address", "use one of {words}", which=repr(order.change), words=", ".join(KINDS)
            )
        replica.store.meta.set(_key(order.change), replica.entropy(SECRET_BYTES).hex())
    return SubscriptionsView(
        **{kind: f"http://{host}/{path.format(secret=_secret(replica, kind))}" for kind, path in KINDS.items()}
    )


def admits(replica: Replica, kind: str, secret: str) -> bool:
    """Whether `secret` is that of the address of this kind."""
    return hmac.compare_digest(_secret(replica, kind).encode(), secret.encode())


def _secret(replica: Replica, kind: str) -> str:
    found = replica.store.meta.get(_key(kind))
    if found is None:
        found = replica.entropy(SECRET_BYTES).hex()
        replica.store.meta.set(_key(kind), found)
    return found


def _key(kind: str) -> str:
    return f"{kind}_secret"
