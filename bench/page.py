"""Measures the owner's page of a real daemon as a browser asks for it, on a node to which many listings are visible."""

from __future__ import annotations

import http.client
import tempfile
import time
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

from bench import machine
from bench.daemon import Daemon, make_home
from bench.harness import Bound, Report, percentile
from bench.village import Village, village_store
from meshnode.web.ring_layout import rings

ROUNDS = 20
DRAWN = 150  # people in the web that is drawn
FIRST, LATER, FIRST_BYTE, COUNTED, DRAWING = (Bound(ms, ms / 2) for ms in (400, 60, 40, 50, 30))
SIZE, MEMORY = Bound(60, 30), Bound(6, 3)  # kB, MiB
SEARCHES = (
    "",
    "?q=vegetables",
    "?category=food",
    "?within=5&trust=0.5",
    "?q=bicycle",
    "?sort=new",
    "?sort=near",
    "?sort=trust",
    "?q=egetabl",
    "?page=90",
)
PAGES = ("/", "/post", "/mine", "/exchanges", "/more", "/groups", "/sharing", "/card")
AUDIENCES = ("my_cell", "trusted_network", "network_wide")


class PageAnswer(NamedTuple):
    """The answer to one request: the milliseconds until its first byte and its last, and its body."""

    first: float
    last: float
    body: bytes


class _Browser:
    """One connection, as a browser keeps it, with the cookie that its link gave."""

    def __init__(self, link: str) -> None:
        parts = urlsplit(link)
        self._host = parts.netloc
        self._connection = http.client.HTTPConnection("127.0.0.1", parts.port or 80, timeout=60)
        self._connection.request("GET", parts.path, headers={"Host": self._host})
        answer = self._connection.getresponse()
        answer.read()
        self._cookie = (answer.getheader("Set-Cookie") or "").partition(";")[0]

    def ask(self, address: str, form: dict[str, str] | None = None) -> PageAnswer:
        headers = {"Host": self._host, "Cookie": self._cookie}
        body = None
        if form is not None:
            headers |= {"Origin": f"http://{self._host}", "Content-Type": "application/x-www-form-urlencoded"}
            body = urlencode(form)
        begun = time.perf_counter()
        self._connection.request("GET" if form is None else "POST", address, body, headers)
        answer = self._connection.getresponse()
        first = time.perf_counter() - begun
        content = answer.read()
        last = time.perf_counter() - begun
        if answer.status != http.HTTPStatus.OK:
            raise AssertionError(f"{address}: {answer.status}")
        return PageAnswer(1000 * first, 1000 * last, content)


def measure(report: Report) -> None:
    """Fill a node, open its page, and ask for every kind of it."""
    village = Village.of_listings(report.size.many)
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        village_store(village, folder / "store.db", village.everything(report.size.many))
        home = make_home(village.newcomer, folder / "home", folder / "store.db")
        with Daemon(home) as daemon:
            daemon.api.get("/v1/discover")
            daemon.api.get("/v1/people")
            before = machine.resident(daemon.pid)
            link = daemon.api.post("/v1/page")["link"]
            begun, worked = time.perf_counter(), machine.worked(daemon.pid)
            browser = _Browser(link)
            browser.ask("/")
            report.add(
                "first page after the start, with its link", "ms", [1000 * (time.perf_counter() - begun)], bound=FIRST
            )
            report.add("the same, processor time", "ms", [1000 * (machine.worked(daemon.pid) - worked)])
            _visit(report, browser, daemon.pid)
            report.add("memory of a page that was used", "MiB", [machine.resident(daemon.pid) - before], bound=MEMORY)
    _draw(report)


def _visit(report: Report, browser: _Browser, pid: int) -> None:
    def several(address: str) -> list[PageAnswer]:
        worked = machine.worked(pid)
        answers = [browser.ask(address) for _ in range(ROUNDS)]
        report.add(f"{address}: processor time", "ms", [1000 * (machine.worked(pid) - worked) / ROUNDS])
        return answers

    for address in PAGES:
        report.add(f"{address}: for the first time", "ms", [browser.ask(address).last])  # its template is read once
        report.add(f"{address}: whole", "ms", [answer.last for answer in several(address)], bound=LATER)
    firsts, sizes = [], []
    for search in SEARCHES:
        answers = several(f"/discover{search}")
        firsts += [answer.first for answer in answers]
        sizes.append(len(answers[0].body) / 1000)
    report.add("Discover Resources: first byte", "ms", firsts)
    report.add("Discover Resources: first byte, p95", "ms", [percentile(firsts, 95)], bound=FIRST_BYTE)
    report.add("Discover Resources: the largest page", "kB", [max(sizes)], bound=SIZE)
    token = browser.ask("/post").body.partition(b'name="token" value="')[2][:64].decode()
    counted = []
    for number in range(ROUNDS):
        form = {"token": token, "check": "1", "type": "offer", "audience": AUDIENCES[number % len(AUDIENCES)]}
        counted.append(browser.ask("/post", form).last)
    report.add("who can see a post, counted", "ms", counted, bound=COUNTED)


def _draw(report: Report) -> None:
    people = [
        (f"{number:04}", 1 + (number > DRAWN // 3), f"{number // 3:04}", f"{number // 3:04}") for number in range(DRAWN)
    ]
    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        rings(people)
        times.append(1000 * (time.perf_counter() - begun))
    report.add(f"a web of {DRAWN} people laid out", "ms", times, bound=DRAWING)
