"""Serves the page to phones on the private networks that its owner has chosen, while the owner wants it.

One socket listens on each address, at one port. What does not come from the subnet of that address is dropped as soon as it
is accepted.
"""

from __future__ import annotations

import errno
import logging
import re
import socket
from functools import partial
from ipaddress import IPv4Address, IPv4Interface
from typing import TYPE_CHECKING, Any

import trio

from meshnode import background
from meshnode.app.phones.access import PhoneSite
from meshnode.app.phones.settings import PhoneSettings, keep_port, kept_port, settings
from meshnode.web.loaded_later import LoadedLater

if TYPE_CHECKING:
    from collections.abc import Callable

    from meshnode.local.certificate import TlsContext
    from meshnode.local.context import LocalContext
    from meshnode.local.guests import Guests
    from meshnode.local.serving import Admission

log = logging.getLogger(__name__)

DEFAULT_PORT = 4768  # beside that of the page itself
PORTS_TRIED = 20  # then any that is free
BACKLOG = 64
FOLLOW_SECONDS = 5.0  # while phones are served, their networks are looked at this often
LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")  # of a host name
_CERTIFICATE = "phone_page_certificate"  # in the store's small values


async def serve_phones(context: LocalContext, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
    """Serve the page of the node of `context` to phones, as the settings say, until cancelled.

    `task_status` is told once the settings were followed. An error is noted, and ends neither the page nor the node.
    """
    async with trio.open_nursery() as nursery:
        nursery.start_soon(background.run, context.replica.guard, "serving your page to phones", _run, context)
        context.phone_page.runs = True
        await context.phone_page.settle()
        task_status.started()


async def _run(context: LocalContext) -> None:
    async with trio.open_nursery() as nursery:
        await _PhoneServer(context, nursery).run()


class _Served:
    """One address that is served."""

    def __init__(self, listener: socket.socket) -> None:
        self.listener = listener
        self.scope = trio.CancelScope()
        self.closed = trio.Event()


class _PhoneServer:
    def __init__(self, context: LocalContext, nursery: trio.Nursery) -> None:
        self._context = context
        self._nursery = nursery
        self._served: dict[IPv4Interface, _Served] = {}
        self._scheme = ""
        self._port: int | None = None
        self._fingerprint = ""
        self._tls: TlsContext | None = None
        self._guests: Guests | None = None
        self._application: LoadedLater | None = None

    async def run(self) -> None:
        """Follow the settings and the networks until cancelled."""
        try:
            while True:
                number = self._context.phone_page.asked
                await self._follow()
                self._context.phone_page.follow(number)
                found = await self._context.store_thread.run(settings, self._context.replica)
                with trio.move_on_after(FOLLOW_SECONDS if found.on else float("inf")):
                    await self._context.phone_page.change()
        finally:
            self._context.phones.site = None

    async def _follow(self) -> None:
        """Open and close sockets so that they are as the settings say."""
        found = await self._context.store_thread.run(settings, self._context.replica)
        wanted = found.choose(self._context.network.state().subnets)
        changed = found.scheme != self._scheme
        for address in [one for one in self._served if changed or one not in wanted]:
            await self._end(self._served.pop(address))
        if wanted and changed:
            await self._choose_scheme(found, wanted)
        for address in wanted:
            if address not in self._served:
                await self._open(address)
        self._tell(wanted)

    async def _choose_scheme(self, found: PhoneSettings, wanted: tuple[IPv4Interface, ...]) -> None:
        self._tls, self._fingerprint = await self._certificate(wanted) if found.tls else (None, "")
        self._scheme = found.scheme
        from meshnode.local.guests import Guests

        self._guests = Guests()
        self._application = LoadedLater(_imported, self._context, self._guests, self._scheme)

    def _tell(self, wanted: tuple[IPv4Interface, ...]) -> None:
        """Say where phones find the page now, best first."""
        served = tuple(address for address in wanted if address in self._served)
        site = None
        if served and self._port is not None:
            site = PhoneSite(self._scheme, self._port, served, own_name(socket.gethostname()), self._fingerprint)
        self._context.phones.site = site

    async def _open(self, address: IPv4Interface) -> None:
        context = self._context
        if self._port is None:
            self._port = await context.store_thread.run(kept_port, context.replica)
        listener = _bind(str(address.ip), self._port, may_move=not self._served)
        if listener is None:
            log.warning("phones cannot be served at %s", address.ip)
            return
        port = listener.getsockname()[1]
        if port != self._port:
            self._port = port
            await context.store_thread.run(keep_port, context.replica, port)
        served = self._served[address] = _Served(listener)
        self._nursery.start_soon(self._serve, address, served)

    async def _serve(self, address: IPv4Interface, served: _Served) -> None:
        assert self._guests is not None
        admission = partial(self._guests.connection, address.network)
        serving = partial(_serve, self._context, self._application, served.listener, admission, self._tls)
        try:
            with served.scope:
                work = "serving your page to phones on one network"
                await background.run(self._context.replica.guard, work, serving)
        finally:
            served.listener.close()
            served.closed.set()

    async def _end(self, served: _Served) -> None:
        served.scope.cancel()
        await served.closed.wait()

    async def _certificate(self, wanted: tuple[IPv4Interface, ...]) -> tuple[TlsContext, str]:
        """Return what encrypts, and the fingerprint. A certificate is kept, so that phones warn of it once."""
        replica, run = self._context.replica, self._context.store_thread.run
        kept = await run(replica.store.meta.get, _CERTIFICATE)
        names = [name for name in (own_name(socket.gethostname()),) if name]
        addresses = [one.ip for one in wanted]
        pem, tls, fingerprint = await trio.to_thread.run_sync(_certified, kept, replica.clock.now(), names, addresses)
        if pem != kept:
            await run(replica.store.meta.set, _CERTIFICATE, pem)
        return tls, fingerprint


def _certified(
    kept: str | None, now: int, names: list[str], addresses: list[IPv4Address]
) -> tuple[str, TlsContext, str]:
    """Return the certificate, a new one if none was kept or it has ended, and what encrypts, and the fingerprint.

    Runs in a thread of its own, since importing what it takes holds others up.
    """
    from meshnode.local.certificate import fingerprint_of, is_valid, make_certificate, tls_context

    pem = kept if kept is not None and is_valid(kept, now) else make_certificate(now, names, addresses)
    return pem, tls_context(pem), fingerprint_of(pem)


async def _serve(
    context: LocalContext, application: Any, listener: socket.socket, admission: Admission, tls: TlsContext | None
) -> None:
    from meshnode.local.serving import serve_application

    await serve_application(application, listener, context.stop, admission=admission, tls=tls)


def _imported() -> Callable[..., Any]:
    from meshnode.web.app import build_for_phones

    return build_for_phones


def own_name(host: str) -> str:
    """Return the name under which multicast DNS may know this computer (RFC 6762); empty for one that it cannot have."""
    label = host.partition(".")[0].lower()
    return f"{label}.local" if LABEL.fullmatch(label) and label != "localhost" else ""


def _bind(host: str, port: int | None, *, may_move: bool) -> socket.socket | None:
    """Return a socket that listens at `port`; at another one that is free, if it may move. None if there is none."""
    others = (*range(DEFAULT_PORT, DEFAULT_PORT + PORTS_TRIED), 0) if may_move or port is None else ()
    for tried in (*((port,) if port is not None else ()), *others):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, tried))
            listener.listen(BACKLOG)
        except OSError as error:
            listener.close()
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                return None  # the address is gone; the next look at the networks says so
        else:
            return listener
    return None
