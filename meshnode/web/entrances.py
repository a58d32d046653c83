"""Tells the two ways to the page apart: from this computer, with all rights, and from a phone, with fewer.

A entrance says under which hosts the page answers, and who is let in with which secret. A session of one entrance is worth nothing
at the other: they have different hosts, cookies and tables.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from msgspec import Struct
from starlette.requests import Request

from meshnode.errors import Forbidden
from meshnode.local.context import LocalContext
from meshnode.local.guests import Guests
from meshnode.web.addresses import Method
from meshnode.web.rights import phone_may


class BrowserSession(Struct, frozen=True):
    """A browser that was let in: the secret that it showed, and the phone's name if it is a phone."""

    secret: str
    phone: str = ""


class Entrance(Protocol):
    """One way to the page."""

    context: LocalContext
    scheme: str
    is_phone: bool

    @property
    def cookie(self) -> str:
        """The cookie's name. Cookies are kept by host and not by port, so the port is in it."""

    async def hosts(self) -> Collection[str]:
        """Return the hosts, with the port, under which the page answers here."""

    async def session(self, request: Request) -> BrowserSession | None:
        """Return the session of a request; None if it has none. Raises Forbidden where too many came."""

    async def sign_out(self, session: BrowserSession) -> None:
        """End a session."""

    def may(self, method: Method, path: str) -> bool:
        """Whether browsers that come this way may use the address declared as `method path`."""


class OwnEntrance:
    """The way from this computer."""

    scheme = "http"
    is_phone = False

    def __init__(self, context: LocalContext) -> None:
        self.context = context

    @property
    def cookie(self) -> str:
        """The cookie's name."""
        return f"meshnode-{self.context.page.port}"

    async def hosts(self) -> Collection[str]:
        """Return the name of its own that the page has below `localhost`."""
        return (await self.context.store_thread.run(lambda: self.context.page.host),)

    async def session(self, request: Request) -> BrowserSession | None:
        """Return the session of a browser of this computer."""
        secret = request.cookies.get(self.cookie, "")
        return BrowserSession(secret) if await self.context.store_thread.run(self.context.page.admits, secret) else None

    async def sign_out(self, session: BrowserSession) -> None:
        """End a session."""
        await self.context.store_thread.run(self.context.page.sign_out, session.secret)

    def may(self, method: Method, path: str) -> bool:
        """Return True: the owner may do everything here."""
        return True


class PhoneEntrance:
    """The way from a phone, over one of the addresses of this computer on its home network."""

    is_phone = True

    def __init__(self, context: LocalContext, guests: Guests, scheme: str) -> None:
        self.context = context
        self.scheme = scheme
        self._guests = guests

    @property
    def cookie(self) -> str:
        """The cookie's name. It has the scheme too, as a session over TLS must never be one without."""
        site = self.context.phones.site
        return f"meshnode-phone-{self.scheme}-{0 if site is None else site.port}"

    async def hosts(self) -> Collection[str]:
        """Return the addresses of this computer, and its name on the network."""
        site = self.context.phones.site
        return () if site is None else site.hosts

    async def session(self, request: Request) -> BrowserSession | None:
        """Return the session of a phone. Raises Forbidden for an address that asks too often."""
        secret, host = self.secret(request), host_of(request)
        run, phones = self.context.store_thread.run, self.context.phones
        name = await run(phones.admits, secret, host) if secret else None
        waits = name is None and bool(secret) and await run(phones.words_of, secret) is not None
        if self._guests.note_request(host, known=name is not None or waits):
            raise Forbidden("this phone asks too often", "wait a minute")
        return None if name is None else BrowserSession(secret, name)

    def secret(self, request: Request) -> str:
        """Return the secret that a phone shows, whatever it is worth."""
        return request.cookies.get(self.cookie, "")

    async def sign_out(self, session: BrowserSession) -> None:
        """End a session."""
        await self.context.store_thread.run(self.context.phones.sign_out, session.secret)

    def may(self, method: Method, path: str) -> bool:
        """Whether phones may use this address."""
        return phone_may(method, path)


def host_of(request: Request) -> str:
    """Return the address from which a request came."""
    return request.client.host if request.client is not None else ""
