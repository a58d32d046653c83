"""Answers each request in the language that it asks for: by the cookie of a choice, else by its Accept-Language header."""

from __future__ import annotations

from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from typing import Any

from meshnode.text.catalog import ENGLISH, LANGUAGES, language, speak

ASKED_MAX = 20  # languages that one header may name; browsers name a handful
LANGUAGE_COOKIE = "meshnode-language"


class InLanguage:
    """An ASGI application around another one. Without `choice`, which names a cookie, the header alone decides."""

    def __init__(self, application: Any, choice: Callable[[], str] = str) -> None:
        self._application = application
        self._choice = choice

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request. After an error the language stays: whatever answers instead says it in the same."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        before = language()
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        speak(_chosen(headers.get(b"cookie", ""), self._choice()) or asked(headers.get(b"accept-language", "")))
        await self._application(scope, receive, send)
        speak(before)


def _chosen(cookies: str, name: str) -> str:
    if not name or name not in cookies:
        return ""
    try:
        found = SimpleCookie(cookies).get(name)
    except CookieError:
        return ""
    return found.value if found is not None and found.value in LANGUAGES else ""


def asked(header: str) -> str:
    """Return the language that is wanted most (RFC 9110, section 12.5.4) of those that are here; English where none is."""
    best, most = ENGLISH, 0.0
    for part in header.split(",")[:ASKED_MAX]:
        tag, _, weight = part.strip().lower().partition(";")
        tag = tag.strip().partition("-")[0]
        wanted = _weight(weight)
        if tag in LANGUAGES and wanted > most:
            best, most = tag, wanted
    return best


def _weight(written: str) -> float:
    name, _, value = written.strip().partition("=")
    if not name:
        return 1.0
    digits = value.strip()
    return float(digits) if name == "q" and digits.replace(".", "", 1).isdecimal() and digits.isascii() else 0.0
