"""Builds the page's application: it lets browsers in, guards the declared addresses, and shows errors as pages."""

from __future__ import annotations

import logging
from collections import OrderedDict
from hashlib import sha256
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from meshnode.app import waiting as waiting_cases
from meshnode.app.page_access import SESSION_SECONDS, form_token
from meshnode.errors import Failed, MeshnodeError, NotFound, StorageFailed, of_system
from meshnode.local.context import LocalContext
from meshnode.local.event_stream import EventStream
from meshnode.text import page as text
from meshnode.web import guard
from meshnode.web.addresses import Asked, Document, Elsewhere, Handler, Method, Reply, TemplateReply
from meshnode.web.handlers import ADDRESSES
from meshnode.web.pages import DIRECTORY, Pages, plain
from meshnode.web.problems import problem
from meshnode.web.subscribed import Subscribed

log = logging.getLogger(__name__)

STATIC = {"page.css": "text/css", "page.js": "text/javascript"}
ONCE = "once"  # the field by which a form that is sent twice, by a double click or the back button, is known
ONCE_MAX = 256  # forms of which the outcome is remembered
UNAUTHORIZED = 401


def build(context: LocalContext) -> Starlette:
    """Return the application of the page of this node."""
    return _Page(context).application()


class _Page:
    def __init__(self, context: LocalContext) -> None:
        self._context = context
        self._pages = Pages()
        self._files = {name: (DIRECTORY / "static" / name).read_bytes() for name in STATIC}
        self._edition = sha256(b"".join(self._files.values())).hexdigest()[:12]
        self._sent: OrderedDict[str, Reply] = OrderedDict()  # what a form that was sent led to

    def application(self) -> Starlette:
        routes = [self._route(*row) for row in ADDRESSES]
        routes += [
            Route("/in/{link}", self._sign_in, methods=["GET"]),
            Route("/sign-out", self._sign_out, methods=["POST"]),
            Route("/events", self._events, methods=["GET"]),
            Route("/static/{edition}/{name}", self._static, methods=["GET"]),
            *Subscribed(self._context).routes(),
        ]
        return Starlette(
            routes=routes,
            exception_handlers={HTTPException: self._no_page, MeshnodeError: self._error, Exception: self._unexpected},
        )

    # --- letting browsers in -----------------------------------------------------------------------------------------

    @property
    def _cookie(self) -> str:
        """The cookie's name. Cookies are kept by host and not by port, so the port is in it."""
        return f"meshnode-{self._context.page.port}"

    async def _admitted(self, request: Request) -> str | None:
        """Return the secret of a browser that may use the page. Raises Forbidden for a request of another site."""
        page, run = self._context.page, self._context.store_thread.run
        guard.check_host(request, await run(lambda: page.host))
        secret = request.cookies.get(self._cookie, "")
        return secret if await run(page.admits, secret) else None

    async def _sign_in(self, request: Request) -> Response:
        page, run = self._context.page, self._context.store_thread.run
        guard.check_host(request, await run(lambda: page.host))
        secret = await run(page.sign_in, request.path_params["link"])
        if secret is None:
            return self._filled(TemplateReply("signed_out.html", {"spent": True}, UNAUTHORIZED))
        answer = RedirectResponse("/", 303, guard.HEADERS)
        answer.set_cookie(self._cookie, secret, max_age=SESSION_SECONDS, httponly=True, samesite="strict")
        return answer

    async def _sign_out(self, request: Request) -> Response:
        secret = await self._admitted(request)
        if secret is not None:
            await guard.read_form(request, secret)
            await self._context.store_thread.run(self._context.page.sign_out, secret)
        answer = self._filled(TemplateReply("signed_out.html", {"spent": False}))
        answer.delete_cookie(self._cookie)
        return answer

    # --- the declared addresses --------------------------------------------------------------------------------------

    def _route(self, method: Method, path: str, handler: Handler) -> Route:
        async def endpoint(request: Request) -> Response:
            secret = await self._admitted(request)
            if secret is None:
                return self._filled(TemplateReply("signed_out.html", {"spent": False}, UNAUTHORIZED))
            form = await guard.read_form(request, secret) if method == "POST" else {}
            once = form.pop(ONCE, "")
            if once in self._sent:
                return await self._answer(self._sent[once], secret, "", request.url.path)
            asked = Asked(self._context, request.path_params.get("which", ""), dict(request.query_params), form)
            try:
                reply = await handler(asked)
            except StorageFailed as error:
                self._context.fail(error)
                raise
            return await self._answer(reply, secret, once, request.url.path)

        return Route(path, endpoint, methods=[method])

    async def _answer(self, reply: Reply, secret: str, once: str, path: str) -> Response:
        if once and (isinstance(reply, Elsewhere) or (isinstance(reply, TemplateReply) and reply.acted)):
            self._sent[once] = reply
            if len(self._sent) > ONCE_MAX:
                self._sent.popitem(last=False)
        if isinstance(reply, Elsewhere):
            return RedirectResponse(reply.address, 303, guard.HEADERS)
        if isinstance(reply, Document):
            saved = {"Content-Disposition": f'attachment; filename="{reply.name}"'}
            return Response(reply.content, 200, guard.HEADERS | saved, reply.kind)
        count = plain(await self._context.run(waiting_cases.count))
        return self._filled(reply, token=form_token(secret), waiting=count, path=path)

    def _filled(self, shown: TemplateReply, **around: Any) -> Response:
        values = {"token": "", "waiting": None, "path": "", "edition": self._edition, "problem": None, **around}
        values["once"] = self._context.replica.entropy(16).hex()
        return Response(
            self._pages.fill(shown.template, {**values, **shown.values}), shown.status, guard.HEADERS, "text/html"
        )

    async def _events(self, request: Request) -> Response:
        if await self._admitted(request) is None:
            return Response(status_code=UNAUTHORIZED, headers=guard.HEADERS)
        return EventStream(self._context.feed.listen(request.headers.get("last-event-id")), guard.HEADERS)

    async def _static(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in self._files or request.path_params["edition"] != self._edition:
            raise NotFound(text.NO_PAGE)
        headers = guard.HEADERS | {"Cache-Control": "private, max-age=31536000, immutable"}
        return Response(self._files[name], 200, headers, STATIC[name])

    # --- errors ------------------------------------------------------------------------------------------------------

    async def _error(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, MeshnodeError)
        shown = TemplateReply("error.html", {"problem": problem(error)}, error.http_status)
        return self._filled(shown)

    async def _no_page(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return self._filled(
            TemplateReply("error.html", {"problem": problem(NotFound(text.NO_PAGE))}, error.status_code)
        )

    async def _unexpected(self, request: Request, error: Exception) -> Response:
        log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        ours = of_system(error) if isinstance(error, OSError) else Failed(text.FAILED, text.LOG_SHOWS_MORE)
        return self._filled(TemplateReply("error.html", {"problem": problem(ours)}, ours.http_status))
