"""Builds the page's application for one entrance: it guards the declared addresses, and shows errors as pages."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import AsyncGenerator
from hashlib import sha256
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from meshnode.app import waiting as waiting_cases
from meshnode.app.owner import pause as pause_cases
from meshnode.app.page_access import SESSION_SECONDS, form_token
from meshnode.errors import Failed, Forbidden, MeshnodeError, NotFound, StorageFailed, of_system
from meshnode.local.context import LocalContext
from meshnode.local.event_stream import EventStream
from meshnode.local.file_stream import FileStream
from meshnode.local.guests import Guests
from meshnode.local.in_language import LANGUAGE_COOKIE, InLanguage
from meshnode.replica.replica import Replica
from meshnode.text import page as text
from meshnode.text import phones as phone_text
from meshnode.text.catalog import LANGUAGES
from meshnode.web import guard
from meshnode.web.addresses import (
    LONGEST,
    STREAMED,
    Asked,
    Document,
    Elsewhere,
    Handler,
    LargeDocument,
    Method,
    Picture,
    Reply,
    TemplateReply,
    has_acted,
)
from meshnode.web.arriving import ArrivingForm
from meshnode.web.entrances import BrowserSession, Entrance, OwnEntrance, PhoneEntrance
from meshnode.web.handlers import ADDRESSES
from meshnode.web.letting_in import UNAUTHORIZED, own_ways_in, phone_ways_in, set_cookie
from meshnode.web.pages import DIRECTORY, Pages, plain
from meshnode.web.phone_forms import without_forms_of_the_computer
from meshnode.web.problems import problem
from meshnode.web.streams import Streams
from meshnode.web.subscribed import Subscribed
from meshnode.web.uploads import File
from meshnode.web.wrong_fields import pointed_out

log = logging.getLogger(__name__)

STATIC = {
    "page.css": "text/css",
    "page.js": "text/javascript",
    "page.webmanifest": "application/manifest+json",  # the name and the icon that a phone's home screen shows
    "icon.svg": "image/svg+xml",
}
ONCE = "once"  # the field by which a form that is sent twice, by a double click or the back button, is known
ONCE_MAX = 256  # forms of which the outcome is remembered


def build(context: LocalContext) -> Starlette:
    """Return the application of the page of this node, for browsers of this computer."""
    entrance = OwnEntrance(context)
    page = _Page(context, entrance)
    return page.application([*own_ways_in(entrance, page.filled), *Subscribed(context).routes()])


def build_for_phones(context: LocalContext, guests: Guests, scheme: str) -> Starlette:
    """Return the application for phones, which may do less."""
    entrance = PhoneEntrance(context, guests, scheme)
    page = _Page(context, entrance)
    return page.application(phone_ways_in(entrance, page.filled))


class _Page:
    def __init__(self, context: LocalContext, entrance: Entrance) -> None:
        self._context = context
        self._entrance = entrance
        self._streams = Streams(entrance)
        self._pages = Pages()
        self._files = {name: (DIRECTORY / "static" / name).read_bytes() for name in STATIC}
        self._edition = sha256(b"".join(self._files.values())).hexdigest()[:12]
        self._sent: OrderedDict[str, Reply] = OrderedDict()  # what a form that was sent led to

    def application(self, entry: list[Route]) -> Starlette:
        routes = [self._route(*row) for row in ADDRESSES]
        routes += [
            *entry,
            Route("/sign-out", self._sign_out, methods=["POST"]),
            Route("/language", self._choose_language, methods=["POST"]),
            Route("/events", self._events, methods=["GET"]),
            Route("/static/{edition}/{name}", self._static, methods=["GET"]),
        ]
        return Starlette(
            routes=routes,
            middleware=[Middleware(InLanguage, choice=self._language_cookie)],
            exception_handlers={HTTPException: self._no_page, MeshnodeError: self._error, Exception: self._unexpected},
        )

    # --- sessions ----------------------------------------------------------------------------------------------------

    async def _session(self, request: Request) -> BrowserSession | None:
        """Return the session of a browser that may use the page. Raises Forbidden for a request of another site."""
        session = await self._entrance.session(request)  # first, since it counts what strangers ask for
        guard.check_host(request, await self._entrance.hosts(), self._entrance.scheme)
        return session

    def _signed_out(self) -> Response:
        name = "phone_out.html" if self._entrance.is_phone else "signed_out.html"
        return self.filled(TemplateReply(name, {"spent": False}, UNAUTHORIZED))

    async def _sign_out(self, request: Request) -> Response:
        session = await self._session(request)
        if session is not None:
            await guard.read_form(request, session.secret)
            await self._entrance.sign_out(session)
        answer = self._signed_out()
        answer.status_code = 200
        answer.delete_cookie(self._entrance.cookie)
        return answer

    # --- the language ------------------------------------------------------------------------------------------------

    def _language_cookie(self) -> str:
        return f"{LANGUAGE_COOKIE}-{self._entrance.cookie}"

    async def _choose_language(self, request: Request) -> Response:
        """Keep the language that was chosen for this browser, and go back; no language is that of the browser."""
        session = await self._session(request)
        if session is None:
            return self._signed_out()
        form, _ = await guard.read_form(request, session.secret)
        back, tag = form.get("back", ""), form.get("language", "")
        answer = RedirectResponse(back if guard.is_own_address(back) else "/", 303, guard.HEADERS)
        secure = self._entrance.scheme == "https"
        if tag in LANGUAGES:
            answer.set_cookie(
                self._language_cookie(), tag, SESSION_SECONDS, secure=secure, httponly=True, samesite="strict"
            )
        else:
            answer.delete_cookie(self._language_cookie())
        return answer

    # --- the declared addresses --------------------------------------------------------------------------------------

    def _route(self, method: Method, path: str, handler: Handler) -> Route:
        most = LONGEST[method, path]

        async def endpoint(request: Request) -> Response:
            session = await self._session(request)
            if session is None:
                return self._signed_out()
            if not self._entrance.may(method, path):
                raise Forbidden(phone_text.COMPUTER_ONLY, phone_text.COMPUTER_ONLY_HINT)
            if (method, path) in STREAMED and guard.carries_files(request):
                arriving = ArrivingForm(request, most)
                try:
                    form = await guard.read_fields(arriving, session.secret)
                    content = arriving.content() if arriving.has_file else None
                    return await self._handle(request, session, path, handler, self._asked(request, form, {}, content))
                finally:
                    await arriving.drain()
            form, files = await guard.read_form(request, session.secret, most) if method == "POST" else ({}, {})
            return await self._handle(request, session, path, handler, self._asked(request, form, files))

        return Route(path, endpoint, methods=[method])

    def _asked(
        self,
        request: Request,
        form: dict[str, str],
        files: dict[str, File],
        arriving: AsyncGenerator[bytes, None] | None = None,
    ) -> Asked:
        which = request.path_params.get("which", "")
        query = dict(request.query_params)
        return Asked(self._context, which, query, form, files, arriving, is_phone=self._entrance.is_phone)

    async def _handle(
        self, request: Request, session: BrowserSession, path: str, handler: Handler, asked: Asked
    ) -> Response:
        once = asked.form.pop(ONCE, "")
        if once in self._sent:
            return await self._answer(self._sent[once], session, "", request)
        try:
            reply = await handler(asked)
        except StorageFailed as error:
            self._context.fail(error)
            raise
        if session.phone and has_acted(reply):
            act = path.split("/")[1]
            await self._context.store_thread.run(self._context.phones.note, session.phone, act, asked.which)
        return await self._answer(reply, session, once, request)

    async def _answer(self, reply: Reply, session: BrowserSession, once: str, request: Request) -> Response:
        if isinstance(reply, Picture):
            return Response(reply.data, 200, guard.HEADERS, reply.type)
        if once and has_acted(reply):
            self._sent[once] = reply
            if len(self._sent) > ONCE_MAX:
                self._sent.popitem(last=False)
        if isinstance(reply, Elsewhere):
            return RedirectResponse(reply.address, 303, guard.HEADERS)
        if isinstance(reply, Document | LargeDocument):
            headers = guard.HEADERS | {"Content-Disposition": f'attachment; filename="{reply.name}"'}
            if isinstance(reply, LargeDocument):
                return FileStream(reply.content, reply.size, headers)
            return Response(reply.content, 200, headers, reply.kind)
        count, paused = await self._context.run(_around)
        query = f"?{request.url.query}" if request.url.query else ""
        back = f"{request.url.path}{query}" if request.method == "GET" else "/"
        answer = self.filled(
            reply,
            token=form_token(session.secret),
            waiting=plain(count),
            paused=paused,
            path=request.url.path,
            back=back,
        )
        set_cookie(answer, self._entrance, session.secret)
        return answer

    def filled(self, shown: TemplateReply, **around: Any) -> Response:
        """Return the page of a template; `around` are values of the frame around it."""
        values = {"token": "", "waiting": None, "paused": None, "path": "", "back": "/", "problem": None, **around}
        values |= {"edition": self._edition, "is_phone": self._entrance.is_phone}
        values |= {"may": lambda address: self._entrance.may("GET", address)}
        values["once"] = self._context.replica.entropy(16).hex()
        page = self._pages.fill(shown.template, {**values, **shown.values})
        field = (shown.values.get("problem") or {}).get("field")
        if field is not None:
            page = pointed_out(page, around.get("path", ""), field)
        if self._entrance.is_phone and values["token"]:
            page = without_forms_of_the_computer(page)
        return Response(page, shown.status, guard.HEADERS, "text/html")

    async def _events(self, request: Request) -> Response:
        session = await self._session(request)
        if session is None:
            return Response(status_code=UNAUTHORIZED, headers=guard.HEADERS)
        return EventStream(self._streams.open(request), guard.HEADERS)

    async def _static(self, request: Request) -> Response:
        await self._entrance.session(request)  # which counts what a stranger asks for
        name = request.path_params["name"]
        if name not in self._files or request.path_params["edition"] != self._edition:
            raise NotFound(text.NO_PAGE)
        headers = guard.HEADERS | {"Cache-Control": "private, max-age=31536000, immutable"}
        return Response(self._files[name], 200, headers, STATIC[name])

    # --- errors ------------------------------------------------------------------------------------------------------

    async def _error(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, MeshnodeError)
        shown = TemplateReply("error.html", {"problem": problem(error)}, error.http_status)
        return self.filled(shown)

    async def _no_page(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        try:
            await self._entrance.session(request)
        except Forbidden as forbidden:
            return await self._error(request, forbidden)
        return self.filled(TemplateReply("error.html", {"problem": problem(NotFound(text.NO_PAGE))}, error.status_code))

    async def _unexpected(self, request: Request, error: Exception) -> Response:
        log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        ours = of_system(error) if isinstance(error, OSError) else Failed(text.FAILED, text.LOG_SHOWS_MORE)
        return self.filled(TemplateReply("error.html", {"problem": problem(ours)}, ours.http_status))


def _around(replica: Replica) -> tuple[waiting_cases.WaitingCount, int | None]:
    """Return what every page says: how many people wait for the owner, and since when the owner is away."""
    return waiting_cases.count(replica), pause_cases.since(replica)
