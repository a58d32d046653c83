"""Lets browsers in, each entrance in its way: by a link that signs in at once, or by a link, three words and the owner's word."""

from __future__ import annotations

from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from meshnode.app.page_access import SESSION_SECONDS, form_token
from meshnode.web import guard
from meshnode.web.addresses import TemplateReply
from meshnode.web.entrances import Entrance, OwnEntrance, PhoneEntrance, host_of
from meshnode.web.phone_names import guessed_name

UNAUTHORIZED = 401
WAIT_SECONDS = 3  # between two looks of a phone whether it was let in, without scripts


class Fill(Protocol):
    """Fills a template."""

    def __call__(self, shown: TemplateReply, **around: Any) -> Response:
        """Return the answer."""


def own_ways_in(entrance: OwnEntrance, fill: Fill) -> list[Route]:
    """Return the address by which a browser of this computer signs in."""
    page, run = entrance.context.page, entrance.context.store_thread.run

    async def sign_in(request: Request) -> Response:
        guard.check_host(request, await entrance.hosts(), entrance.scheme)
        secret = await run(page.sign_in, request.path_params["link"])
        if secret is None:
            return fill(TemplateReply("signed_out.html", {"spent": True}, UNAUTHORIZED))
        return set_cookie(RedirectResponse("/", 303, guard.HEADERS), entrance, secret)

    return [Route("/in/{link}", sign_in, methods=["GET"])]


def phone_ways_in(entrance: PhoneEntrance, fill: Fill) -> list[Route]:
    """Return the addresses by which a phone asks to be let in, and waits for it."""
    phones, run = entrance.context.phones, entrance.context.store_thread.run

    async def show_link(request: Request) -> Response:
        """Show one button. What only looks at a link, such as a preview in a chat, does not spend it."""
        await entrance.session(request)
        guard.check_host(request, await entrance.hosts(), entrance.scheme)
        link = request.path_params["link"]
        if not await run(phones.is_link, link):
            return fill(TemplateReply("phone_out.html", {"spent": True}, UNAUTHORIZED))
        return fill(TemplateReply("phone_in.html", {"link": link, "link_token": form_token(link)}))

    async def spend_link(request: Request) -> Response:
        await entrance.session(request)
        guard.check_host(request, await entrance.hosts(), entrance.scheme)
        link = request.path_params["link"]
        await guard.read_form(request, link)
        name = guessed_name(request.headers.get("user-agent", ""))
        secret = await run(phones.ask, link, host_of(request), name)
        if secret is None:
            return fill(TemplateReply("phone_out.html", {"spent": True}, UNAUTHORIZED))
        return set_cookie(RedirectResponse("/waiting", 303, guard.HEADERS), entrance, secret)

    async def wait(request: Request) -> Response:
        """Show the three words until the owner has said yes or no."""
        session = await entrance.session(request)
        guard.check_host(request, await entrance.hosts(), entrance.scheme)
        if session is not None:
            return RedirectResponse("/", 303, guard.HEADERS)
        words = await run(phones.words_of, entrance.secret(request))
        if words is None:
            return fill(TemplateReply("phone_out.html", {"spent": False}, UNAUTHORIZED))
        answer = fill(TemplateReply("phone_wait.html", {"words": words}))
        answer.headers["Refresh"] = str(WAIT_SECONDS)
        return answer

    return [
        Route("/in/{link}", show_link, methods=["GET"]),
        Route("/in/{link}", spend_link, methods=["POST"]),
        Route("/waiting", wait, methods=["GET"]),
    ]


def set_cookie(answer: Response, entrance: Entrance, secret: str) -> Response:
    """Have the browser keep its secret for as long again as a session may rest."""
    secure = entrance.scheme == "https"
    answer.set_cookie(entrance.cookie, secret, max_age=SESSION_SECONDS, httponly=True, samesite="strict", secure=secure)
    return answer
