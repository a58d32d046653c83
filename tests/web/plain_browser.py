"""A browser without scripts: it follows links, fills in forms and keeps cookies, on the real application of one node."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from ipaddress import IPv4Interface
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import trio

from meshnode.app.catalog.catalog import Catalog
from meshnode.app.phones.access import PhoneAnswer, PhoneSite
from meshnode.local.context import LocalContext
from meshnode.local.feed import Feed
from meshnode.local.guests import Guests
from meshnode.replica.replica import Replica
from meshnode.web.app import build, build_for_phones
from tests.api.context import InlineStoreThread, StillNetwork

PORT = 4748
PHONE_PORT = 4768
COMPUTER = IPv4Interface("192.168.1.10/24")
REDIRECTS = {302, 303}


@dataclass
class Form:
    """A form of a page: where it goes, the fields as they are filled in, and its buttons by what stands on them."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: dict[str, tuple[str, str] | None] = field(default_factory=dict)


class Page(HTMLParser):
    """What one answer of the page says, as text, links and forms."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        super().__init__()
        self.status, self.headers, self.body = status, headers, body
        self.html = body.decode(errors="replace")
        self.forms: list[Form] = []
        self.links: dict[str, str] = {}
        self._texts: list[str] = []
        self._open: list[str] = []
        self._button: tuple[str, str] | None = None
        self._link = ""
        self._words: list[str] = []
        self._area = self._select = ""
        if "content-disposition" not in headers:  # a file to save is no page
            self.feed(self.html)

    @property
    def text(self) -> str:
        """Everything that can be read."""
        return " ".join(" ".join(self._texts).split())

    def form(self, action: str) -> Form:
        """Return the form that goes to this address."""
        return next(form for form in self.forms if form.action == action)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given["action"], given["method"]))
        elif tag == "input" and self.forms and "name" in given:
            if given.get("type") not in ("radio", "checkbox") or "checked" in given:
                self.forms[-1].fields[given["name"]] = given.get("value", "on")
        elif tag == "select":
            self._select = given["name"]
        elif tag == "option" and ("selected" in given or self._select not in self.forms[-1].fields):
            self.forms[-1].fields[self._select] = given["value"]
        elif tag == "textarea":
            self._area = given["name"]
            self.forms[-1].fields[self._area] = ""
        elif tag == "button":
            self._words, self._button = [], (given["name"], given["value"]) if "name" in given else None
        elif tag == "a":
            self._words, self._link = [], given["href"]
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        words = " ".join(" ".join(self._words).split())
        if tag == "button" and self.forms:
            self.forms[-1].buttons[words] = self._button
        elif tag == "a":
            self.links[words] = self._link
        elif tag == "textarea":
            self._area = ""
        self._open.append("/" + tag)

    def handle_data(self, data: str) -> None:
        if self._area:
            self.forms[-1].fields[self._area] += data
        self._texts.append(data)
        self._words.append(data)


class PlainBrowser:
    """A browser without scripts on the page of one node."""

    def __init__(self, replica: Replica) -> None:
        self.network = StillNetwork()
        self.context = LocalContext(
            InlineStoreThread(), replica, self.network, Catalog(replica), Feed(replica, self.network)
        )
        self.context.page.port = PORT
        self.scheme, self.host = "http", self.context.page.host
        self.address: str | None = None
        self.cookies: dict[str, str] = {}
        self.visited: list[str] = []
        self.language = ""  # what it says in Accept-Language
        self._application: Any = build(self.context)

    async def sign_in(self) -> Page:
        """Open the page by a new link."""
        return await self.get(self.context.page.new_link())

    async def get(self, address: str) -> Page:
        """Open an address, and follow where it leads."""
        return await self._go("GET", address, b"", {})

    async def send(self, page: Page, action: str, button: str, **fields: str) -> Page:
        """Fill in the form that goes to `action`, and press a button of it."""
        form = page.form(action)
        values = form.fields | fields
        name = form.buttons[button]
        if name is not None:
            values[name[0]] = name[1]
        return await self.post(form.action, values)

    async def post(self, action: str, values: dict[str, str], **headers: str) -> Page:
        """Send a form, as a page of `origin` would."""
        sent = {
            "content-type": "application/x-www-form-urlencoded",
            "origin": f"{self.scheme}://{self.host}",
            **headers,
        }
        return await self._go("POST", action, urlencode(values).encode(), sent)

    async def _go(self, method: str, address: str, body: bytes, headers: dict[str, str]) -> Page:
        for _ in range(3):
            page = await self.ask(method, address, body, headers)
            if page.status not in REDIRECTS:
                return page
            method, address, body, headers = "GET", page.headers["location"], b"", {}
        raise AssertionError("the page leads in a circle")

    async def ask(self, method: str, address: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Page:
        """Send one request, and return the answer."""
        scope = self._scope(method, address, headers or {})
        waiting = [{"type": "http.request", "body": body, "more_body": False}]
        answered: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return waiting.pop() if waiting else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            answered.append(dict(message))

        await self._application(scope, receive, send)
        start, *rest = answered
        received = {name.decode().lower(): value.decode("latin-1") for name, value in start["headers"]}
        cookie = received.get("set-cookie", "")
        if cookie:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return Page(start["status"], received, b"".join(message.get("body", b"") for message in rest))

    def _scope(self, method: str, address: str, headers: dict[str, str]) -> dict[str, Any]:
        parts = urlsplit(urljoin(f"{self.scheme}://{self.host}/", address))
        self.visited.append(parts.path)
        sent = {"host": self.host, **headers}
        if self.language:
            sent["accept-language"] = self.language
        if self.cookies:
            sent["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": parts.path,
            "raw_path": parts.path.encode(),
            "query_string": parts.query.encode(),
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in sent.items()],
            "server": ("127.0.0.1", PORT),
            "client": None if self.address is None else (self.address, 50_000),
        }


class PlainPhone(PlainBrowser):
    """A phone without scripts on the page of the node of `browser`, which is that of the owner on the computer."""

    def __init__(self, browser: PlainBrowser, *, address: str = "192.168.1.20", scheme: str = "http") -> None:
        super().__init__(browser.context.replica)
        self.context = browser.context
        self.context.phone_page.runs = True
        self.context.phone_page.follow(1 << 30)  # there is no server that could follow
        self.scheme, self.host, self.address = scheme, f"{COMPUTER.ip}:{PHONE_PORT}", address
        self.context.phones.site = PhoneSite(scheme, PHONE_PORT, (COMPUTER,), "laptop.local")
        self._application = build_for_phones(self.context, Guests(), scheme)
        self.agent = "Mozilla/5.0 (Linux; Android 15) AppleWebKit"

    async def ask(self, method: str, address: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Page:
        """Send one request, and return the answer."""
        return await super().ask(method, address, body, {"user-agent": self.agent, **(headers or {})})

    async def use_link(self) -> Page:
        """Open a new link, press its button, and return the page with the words."""
        link = self.context.phones.new_link().link
        page = await self.get(link)
        return await self.send(page, page.forms[0].action, "Use this phone")

    async def let_in(self) -> Page:
        """Use a link, have the owner say that the words are the same, and return the phone's first page."""
        await self.use_link()
        self.context.phones.answer(PhoneAnswer(self.context.phones.waiting().words or ""))
        return await self.get("/waiting")

    async def send_slowly(self, address: str, begun: bytes) -> Page:
        """Send the beginning of a form and nothing further, and return the answer."""
        headers = {"content-type": "application/x-www-form-urlencoded", "origin": f"{self.scheme}://{self.host}"}
        first = [{"type": "http.request", "body": begun, "more_body": True}]
        answered: list[Any] = []

        async def receive() -> Any:
            if not first:
                await trio.sleep_forever()
            return first.pop()

        async def send(message: Any) -> None:
            answered.append(message)

        await self._application(self._scope("POST", address, headers), receive, send)
        return Page(answered[0]["status"], {}, answered[1]["body"])

    async def stream(self, address: str, blocks: trio.MemorySendChannel[str]) -> None:
        """Open an event stream, pass its blocks on, and return when it ends."""

        async def send(message: Any) -> None:
            if message.get("body"):
                await blocks.send(message["body"].decode())

        async with blocks:
            await self._application(self._scope("GET", address, {}), trio.sleep_forever, send)
