"""Checks every request for the page before a handler sees it, and says what browsers may do with the answers.

A page of another site must neither read this one nor act on it: its requests carry another Host (DNS rebinding), or
another Origin, or not the token that each form of this page carries.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import aclosing
from urllib.parse import parse_qsl

import trio
from starlette.requests import Request

from meshnode.app.page_access import is_form_token
from meshnode.errors import Forbidden, Usage
from meshnode.local.media_type import media_type
from meshnode.web import uploads
from meshnode.web.addresses import FORM_MAX_BYTES
from meshnode.web.arriving import ArrivingForm

FORM_SECONDS = 20.0  # for which a form may be on its way; a slow one holds a connection
BYTES_A_SECOND = 256 * 1024  # at which the files of a larger form may come at least
FIELDS_MAX = 256  # 200 people to choose from, and some more
TOKEN = "token"

# A referrer is sent within the page alone: without one, browsers send the Origin `null` with a form.
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
        " manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def check_host(request: Request, hosts: Collection[str], scheme: str) -> None:
    """Raise Forbidden if the request is for none of these hosts, or a page of another site has sent it."""
    host = request.headers.get("host", "")
    if host not in hosts:
        raise Forbidden("this page has another address", "type 'meshnode open' in a terminal")
    if request.method != "GET" and request.headers.get("origin") != f"{scheme}://{host}":
        raise Forbidden("another page has sent this form", "go back to your own page")


def is_own_address(address: str) -> bool:
    """Whether this leads to a page of this node, and to no other host."""
    return address.startswith("/") and not address.startswith("//") and address.isprintable() and "\\" not in address


async def read_form(
    request: Request, secret: str, most: int = FORM_MAX_BYTES
) -> tuple[dict[str, str], dict[str, uploads.File]]:
    """Return the fields of a form that this browser was given, and the files that were chosen in it.

    Raises Usage if it is none, or longer than `most` bytes, and Forbidden if its token is another browser's. Without
    files it may have `FORM_MAX_BYTES`.
    """
    kind = media_type(request)
    if kind not in ("application/x-www-form-urlencoded", uploads.TYPE):
        raise Usage("this is not a form")
    if kind != uploads.TYPE:
        most = min(most, FORM_MAX_BYTES)
    received, is_long = bytearray(), False
    with trio.move_on_after(FORM_SECONDS + (most - FORM_MAX_BYTES) / BYTES_A_SECOND) as patience:
        async with aclosing(request.stream()) as stream:
            async for chunk in stream:
                is_long = is_long or len(received) + len(chunk) > most
                if is_long:  # read on all the same: browsers show no answer that comes before they have sent all
                    received.clear()
                else:
                    received += chunk
    if patience.cancelled_caught:
        raise Usage("this form took too long to arrive", "send it again")
    if is_long and kind == uploads.TYPE:
        raise Usage("these files are too large", "choose smaller pictures, or fewer")
    if is_long:
        raise Usage("this is too long")
    files: dict[str, uploads.File] = {}
    try:
        if kind == uploads.TYPE:
            fields, files = uploads.read(request.headers["content-type"], bytes(received))
        else:
            typed = received.decode("ascii")
            fields = parse_qsl(typed, keep_blank_values=True, errors="strict", max_num_fields=FIELDS_MAX)
    except ValueError:
        raise Usage("this form cannot be read") from None
    return _ours(fields, secret), files


async def read_fields(form: ArrivingForm, secret: str) -> dict[str, str]:
    """Return the fields of a form whose file is still to come. Errors as `read_form`."""
    return _ours(await form.fields(), secret)


def carries_files(request: Request) -> bool:
    """Whether a form was sent in the way that can carry files."""
    return media_type(request) == uploads.TYPE


def _ours(fields: Iterable[tuple[str, str]], secret: str) -> dict[str, str]:
    """Return the fields by their names. Raises Forbidden if the token among them is another browser's."""
    # Browsers end the lines of a text with CR and LF.
    form = {name: value.replace("\r\n", "\n") for name, value in fields}
    if not is_form_token(secret, form.pop(TOKEN, "")):
        raise Forbidden("this form is from another browser", "open it again")
    return form
