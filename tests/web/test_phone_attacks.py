"""Attacks on the page for phones, by others on the home network, by other sites in a phone's browser, and by a phone."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock

from meshnode.api.handlers import ROUTES
from meshnode.app.phones import phones as phone_cases
from meshnode.local.guests import REQUESTS_PER_WINDOW, UNKNOWN_PER_WINDOW, WINDOW_SECONDS, Guests
from meshnode.web.guard import FORM_SECONDS
from meshnode.web.streams import OF_PHONES_MAX
from tests.api.context import Caller
from tests.web.plain_browser import PlainBrowser, PlainPhone

Browsers = tuple[PlainBrowser, PlainBrowser, PlainBrowser]
FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture
async def phone(browsers: Browsers) -> PlainPhone:
    """Return a phone that Alice has let in."""
    phone = PlainPhone(browsers[0])
    await phone.let_in()
    return phone


# --- other sites in the browser of a phone ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:4768", "192.168.1.10", "192.168.1.10:80", "192.168.1.11:4768", "localhost:4768",
     "127.0.0.1:4768", "other.local:4768", "laptop.local", "laptop.local.evil.example:4768", ""],
)  # fmt: skip
async def test_a_name_that_was_rebound_to_this_computer_is_refused(phone: PlainPhone, host: str) -> None:
    link = phone.context.phones.new_link().link.partition(phone.host)[2]
    for address in ("/", "/post", link, "/waiting", "/events"):
        page = await phone.ask("GET", address, headers={"host": host})
        assert page.status == 403
        assert "Bob" not in page.text


async def test_the_computers_own_name_and_its_addresses_are_hosts_of_the_page(phone: PlainPhone) -> None:
    for host in ("192.168.1.10:4768", "laptop.local:4768"):
        assert (await phone.ask("GET", "/", headers={"host": host})).status == 200


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "http://192.168.1.10", "https://192.168.1.10:4768", "http://laptop.local:4768", ""],
)
async def test_a_form_of_another_site_does_nothing(phone: PlainPhone, origin: str) -> None:
    fields = (await phone.get("/post")).form("/post").fields | {"title": "Ladder"}
    headers = {"origin": origin} if origin else {}
    body = "&".join(f"{name}={value}" for name, value in fields.items()).encode()
    for address in ("/post", "/sign-out", "/in/" + "0" * 32):
        assert (await phone.ask("POST", address, body, FORM | headers)).status == 403
    assert "You have posted nothing yet." in (await phone.get("/mine")).text


async def test_a_form_needs_the_token_of_this_phone(browsers: Browsers, phone: PlainPhone) -> None:
    other = PlainPhone(browsers[0])
    theirs = (await other.let_in()).form("/sign-out").fields["token"]
    fields = (await phone.get("/post")).form("/post").fields | {"title": "Ladder"}
    owners = (await browsers[0].get("/post")).form("/post").fields["token"]
    for token in (theirs, owners, "", "0" * 64):
        assert (await phone.post("/post", fields | {"token": token})).status == 403
    assert "You have posted nothing yet." in (await phone.get("/mine")).text


async def test_a_link_is_spent_only_by_the_button_of_its_own_page(browsers: Browsers) -> None:
    phone = PlainPhone(browsers[0])
    link = phone.context.phones.new_link().link
    for token in ("", "0" * 64):
        assert (await phone.post(link, {"token": token})).status == 403
    assert phone.context.phones.waiting().words is None
    assert (await phone.get(link)).status == 200


async def test_no_page_can_be_framed_or_run_what_is_not_ours(phone: PlainPhone) -> None:
    link = phone.context.phones.new_link().link
    for address in ("/", "/post", "/waiting", "/nowhere", link, "/phones"):
        headers = (await phone.get(address)).headers
        assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"


# --- links and secrets -----------------------------------------------------------------------------------------------


async def test_links_can_be_guessed_only_so_often(browsers: Browsers, autojump_clock: MockClock) -> None:
    thief, phone = PlainPhone(browsers[0], address="192.168.1.66"), PlainPhone(browsers[0])
    link = phone.context.phones.new_link().link
    answers = [await thief.get(f"/in/{number:032x}") for number in range(UNKNOWN_PER_WINDOW + 1)]
    assert {page.status for page in answers[:-1]} == {401}
    assert answers[-1].status == 403
    assert (await thief.get(link)).status == 403
    assert (await phone.get(link)).status == 200
    await trio.sleep(WINDOW_SECONDS)
    assert (await thief.get("/in/0")).status == 401


async def test_a_link_that_was_used_gives_nothing_to_those_who_replay_it(browsers: Browsers) -> None:
    phone, thief = PlainPhone(browsers[0]), PlainPhone(browsers[0], address="192.168.1.66")
    link = phone.context.phones.new_link().link
    page = await phone.get(link)
    await phone.send(page, page.forms[0].action, "Use this phone")
    assert (await thief.get(link)).status == 401
    assert (await thief.send(page, page.forms[0].action, "Use this phone")).status == 401
    assert thief.cookies == {}
    assert phone.context.phones.waiting().address == "192.168.1.20"


async def test_a_secret_is_worth_nothing_before_the_owner_has_said_yes(browsers: Browsers) -> None:
    phone = PlainPhone(browsers[0])
    await phone.use_link()
    for address in ("/", "/discover", "/post", "/mine", "/exchanges", "/events", "/phones"):
        assert (await phone.get(address)).status == 401
    assert (await phone.post("/post", {"title": "Ladder"})).status == 401


@pytest.mark.parametrize("address", ["192.168.2.20", "10.0.0.5", "127.0.0.1", "8.8.8.8"])
async def test_a_stolen_cookie_counts_for_nothing_in_another_network(
    browsers: Browsers, phone: PlainPhone, address: str
) -> None:
    thief = PlainPhone(browsers[0], address=address)
    thief.cookies = dict(phone.cookies)
    assert (await thief.get("/")).status == 401
    assert (await phone.get("/")).status == 200


async def test_a_phone_keeps_its_session_when_its_router_gives_it_another_address(
    browsers: Browsers, phone: PlainPhone
) -> None:
    moved = PlainPhone(browsers[0], address="192.168.1.99")
    moved.cookies = dict(phone.cookies)
    assert (await moved.get("/")).status == 200


async def test_a_session_without_encryption_is_none_with_it_and_the_other_way_round(browsers: Browsers) -> None:
    for first, second in (("http", "https"), ("https", "http")):
        phone = PlainPhone(browsers[0], scheme=first)
        await phone.let_in()
        assert (await phone.get("/")).status == 200
        (secret,) = phone.cookies.values()
        other = PlainPhone(browsers[0], scheme=second)
        other.cookies = {f"meshnode-phone-{second}-4768": secret} | phone.cookies
        assert (await other.get("/")).status == 401


async def test_a_secret_over_tls_is_never_sent_without(browsers: Browsers) -> None:
    phone = PlainPhone(browsers[0], scheme="https")
    await phone.let_in()
    assert "; Secure" in (await phone.get("/")).headers["set-cookie"]


async def test_a_session_of_one_entrance_is_none_at_the_other(browsers: Browsers, phone: PlainPhone) -> None:
    alice = browsers[0]
    (secret,) = phone.cookies.values()
    stranger = PlainBrowser(alice.context.replica)
    stranger.cookies = {f"meshnode-{alice.context.page.port}": secret} | phone.cookies
    assert (await stranger.get("/")).status == 401
    (owners,) = alice.cookies.values()
    phone.cookies = dict.fromkeys(phone.cookies, owners) | alice.cookies
    assert (await phone.get("/")).status == 401


async def test_a_link_of_one_entrance_is_none_at_the_other(browsers: Browsers) -> None:
    alice, phone = browsers[0], PlainPhone(browsers[0])
    own = alice.context.page.new_link().partition("/in/")[2]
    for_phones = phone.context.phones.new_link().link.partition("/in/")[2]
    assert (await phone.get(f"/in/{own}")).status == 401
    assert (await alice.get(f"/in/{for_phones}")).status == 401


# --- a phone that wants more than it may -----------------------------------------------------------------------------


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
async def test_no_route_of_the_api_is_on_a_phones_page(browsers: Browsers, route: Any) -> None:
    phone = PlainPhone(browsers[0])
    token = (await phone.let_in()).form("/sign-out").fields["token"]
    sent = {"origin": f"http://{phone.host}", "content-type": "application/json"}
    page = await phone.ask(
        route.method, route.path.replace("{who:path}", "Bob"), f'{{"token":"{token}"}}'.encode(), sent
    )
    assert page.status == 404


async def test_a_phones_session_is_none_at_the_api(phone: PlainPhone) -> None:
    ((name, secret),) = phone.cookies.items()
    caller = Caller(phone.context.replica)
    cookie = {"cookie": f"{name}={secret}"}
    for headers in ({"host": phone.host}, {"origin": f"http://{phone.host}"}, {"host": "laptop.local:4768"}):
        assert (await caller("GET", "/v1/status", headers=cookie | headers)).status == 403


async def test_a_page_that_a_removed_phone_left_open_hears_of_nothing_further(
    browsers: Browsers, phone: PlainPhone
) -> None:
    context = phone.context
    async with trio.open_nursery() as nursery:
        nursery.start_soon(context.feed.run)
        send, blocks = trio.open_memory_channel[str](0)
        nursery.start_soon(phone.stream, "/events", send)
        assert (await blocks.receive()).startswith("id: ")
        phone_cases.revoke(context.replica, "Android phone")
        assert [block async for block in blocks] == []
        nursery.cancel_scope.cancel()


# --- floods ----------------------------------------------------------------------------------------------------------


async def test_ten_thousand_requests_silence_one_address_and_nobody_else(
    browsers: Browsers, phone: PlainPhone, autojump_clock: MockClock
) -> None:
    guests = Guests()
    asked = [guests.note_request("192.168.1.66", known=False) for _ in range(10_000)]
    assert asked.index(True) == UNKNOWN_PER_WINDOW
    asked = [guests.note_request("192.168.1.20", known=True) for _ in range(10_000)]
    assert asked.index(True) == REQUESTS_PER_WINDOW
    assert not guests.note_request("192.168.1.30", known=True)


async def test_pages_left_open_on_phones_leave_room_for_programs_of_the_computer(
    phone: PlainPhone, browsers: Browsers
) -> None:
    async with trio.open_nursery() as nursery:
        for _ in range(OF_PHONES_MAX):
            send, blocks = trio.open_memory_channel[str](0)
            nursery.start_soon(phone.stream, "/events", send)
            await blocks.receive()
        assert "too many pages are open on phones" in (await phone.get("/events")).text
        phone.context.feed.listen(None).close()
        nursery.cancel_scope.cancel()


async def test_requests_of_any_kind_count(browsers: Browsers) -> None:
    for address in ("/", "/static/x/page.css", "/nowhere", "/events", "/waiting", "/in/x", "/v1/status"):
        thief = PlainPhone(browsers[0], address="192.168.1.66")
        statuses = [(await thief.get(address)).status for _ in range(UNKNOWN_PER_WINDOW + 1)]
        assert statuses[-1] == 403
        assert 403 not in statuses[:-1]
    thief = PlainPhone(browsers[0], address="192.168.1.66")
    asked = [
        (await thief.ask("GET", "/", headers={"host": "evil.example"})).text for _ in range(UNKNOWN_PER_WINDOW + 1)
    ]
    assert "this phone asks too often" in asked[-1]
    assert "this page has another address" in asked[0]


async def test_a_form_that_comes_slowly_is_given_up(phone: PlainPhone, autojump_clock: MockClock) -> None:
    began = trio.current_time()
    page = await phone.send_slowly("/post", b"title=Ladder")
    assert page.status == 400
    assert "this form took too long to arrive" in page.text
    assert trio.current_time() - began == pytest.approx(FORM_SECONDS)
