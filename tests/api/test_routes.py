"""The routes do what they say, reading changes nothing, and bad input is refused in one clear line."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock

from meshnode.api.handlers import ROUTES
from meshnode.api.routes import FileReply
from meshnode.app.listings import photos
from meshnode.app.people.cards import WAIT_SECONDS_MAX
from meshnode.errors import StorageFailed
from meshnode.local.people import FOLLOW_SECONDS
from protocol import person_text
from tests.api.context import Caller
from tests.support.mesh import Mesh

Callers = tuple[Caller, Caller, Caller]


def contents(caller: Caller) -> list[bytes]:
    store = caller.replica.store
    cards = store.cards.issued_live(caller.replica.clock.now())
    return sorted([row.id for row in store.records.rows()] + [card.id for card in cards])


async def test_the_story_runs_over_http(mesh: Mesh, callers: Callers) -> None:
    alice, bob, carol = callers
    posted = await carol(
        "POST",
        "/v1/listings",
        {"type": "offer", "title": "Fresh vegetables", "category": "food", "audience": "network_wide"},
    )
    assert posted.status == 201
    mesh.settle()
    found = await alice("GET", "/v1/discover")
    (result,) = found.body["results"]
    assert (result["id"], result["trust"], result["relation"]) == (posted.body["id"], 0.56, "trusted_friend_of_friend")
    assert found.body["hidden"] == 0
    reason = await alice("GET", "/v1/why/Fresh%20veg")
    assert [person["name"] for person in reason.body["regard"]["people"]] == ["Alice", "Bob", "Carol"]
    assert (await bob("DELETE", "/v1/vouches/Carol")).status == 200
    mesh.settle()
    assert (await alice("GET", "/v1/discover")).body == {
        "results": [],
        "hidden": 0,
        "total": 0,
        "set_aside": 0,
        "next": None,
    }


async def test_cards_are_made_and_added(callers: Callers) -> None:
    alice, _, carol = callers
    card = await carol("POST", "/v1/cards", {"uses": 2})
    assert card.status == 201
    assert card.body["addresses"] == ["127.0.0.1:4747"]
    added = await alice("POST", "/v1/contacts", {"card": card.body["text"], "trust": 0.9})
    assert added.status == 201
    assert (added.body["person"]["name"], added.body["trust"], added.body["pending"]) == ("Carol", 0.9, True)
    assert (await alice("GET", "/v1/status")).body["pending"] == 1
    assert alice.network.looked == carol.network.looked == 1


async def test_the_answer_to_an_added_card_waits_for_the_two_to_connect_and_holds_nobody_up(
    callers: Callers, mesh: Mesh, autojump_clock: MockClock
) -> None:
    alice, _, carol = callers
    card = (await carol("POST", "/v1/cards", {})).body["text"]
    answers = []

    async def add() -> None:
        answers.append(await alice("POST", "/v1/contacts", {"card": card, "wait": 3.0}))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(add)
        await trio.sleep(1.0)
        assert (await alice("GET", "/v1/status")).body["pending"] == 1
        assert not answers
        mesh.wire("Alice", "Carol")
        mesh.settle()
        alice.network.connect(carol.replica.me)
        connected_at = trio.current_time()
    assert trio.current_time() - connected_at <= 2 * FOLLOW_SECONDS
    assert (answers[0].body["state"], answers[0].body["met"], answers[0].body["pending"]) == ("connected", True, False)


async def test_the_answer_to_an_added_card_comes_in_time_where_nobody_is_met(
    callers: Callers, autojump_clock: MockClock
) -> None:
    alice, _, carol = callers
    card = (await carol("POST", "/v1/cards", {})).body["text"]
    begun = trio.current_time()
    added = await alice("POST", "/v1/contacts", {"card": card, "wait": 1_000_000.0})
    assert trio.current_time() - begun <= WAIT_SECONDS_MAX + FOLLOW_SECONDS
    assert added.body["state"] == "not_met"


async def test_people_are_vouched_for_and_blocked(callers: Callers) -> None:
    alice, bob, _ = callers
    alice.network.connect(bob.replica.me)
    assert (await alice("GET", "/v1/people?all=true")).body["others"] == 0
    assert (await alice("GET", "/v1/people/bo")).body["connected"]
    assert (await alice("PUT", "/v1/vouches/Bob", {"trust": 0.25})).body["vouch"] == 0.25
    assert (await alice("GET", "/v1/peers")).body["peers"][0]["name"] == "Bob"
    assert (await alice("PUT", "/v1/blocks/Bob")).body["person"]["name"] == "Bob"
    assert len((await alice("GET", "/v1/blocks")).body["blocks"]) == 1
    assert (await alice("GET", "/v1/people/Bob")).status == 404
    assert (await alice("DELETE", "/v1/blocks/Bob")).status == 200
    assert (await alice("GET", "/v1/doctor")).status == 200
    assert (await alice("POST", "/v1/doctor")).status == 200
    assert (await alice("GET", "/v1/doctor/Bob")).body["findings"][0]["code"] == "connected"


async def test_own_listings_are_posted_shown_edited_and_withdrawn(alice: Caller) -> None:
    body = {"type": "need", "title": "Ladder", "place": {"lat": 52.5, "lon": 13}, "tags": ["tall"], "lend": True}
    posted = await alice("POST", "/v1/listings", body)
    assert (await alice("GET", f"/v1/listings/{posted.body['id']}")).body == posted.body
    edited = await alice("PATCH", "/v1/listings/Ladder", {"title": "Long ladder", "text": None, "clear": ["tags"]})
    assert (edited.body["title"], edited.body["tags"]) == ("Long ladder", [])
    assert len((await alice("GET", "/v1/listings")).body["listings"]) == 1
    assert (await alice("DELETE", "/v1/listings/long%20ladder")).status == 200
    assert (await alice("GET", "/v1/listings")).body["listings"] == []


async def test_reading_changes_nothing(mesh: Mesh, callers: Callers) -> None:
    alice, bob, _ = callers
    await alice("POST", "/v1/listings", {"type": "offer", "title": "Bob"})
    mesh.settle()
    await bob("POST", "/v1/requests/Bob", {})
    mesh.settle()
    assert (
        len((await alice("GET", "/v1/inbox")).body["exchanges"]) == 1
    )  # the first request takes in the letter that has arrived
    device = (await alice("GET", "/v1/devices")).body["devices"][0]["id"]
    photo = photos.keep(alice.replica, b"photo", b"small").photo
    before = contents(alice)
    for route in ROUTES:
        if route.method == "GET" and route.reply is not FileReply:
            others = {"/v1/decisions/{who:path}": device, "/v1/photos/{who:path}": photo}
            who = others.get(route.path, "Bob")
            assert (await alice("GET", route.path.replace("{who:path}", who))).status == 200
    assert contents(alice) == before
    assert alice.network.looked == 0


async def test_an_ambiguous_name_is_answered_with_the_candidates(alice: Caller) -> None:
    for title in ("Red chair", "Red table"):
        await alice("POST", "/v1/listings", {"type": "offer", "title": title})
    answer = await alice("GET", "/v1/listings/red")
    assert (answer.status, answer.body["error"]["code"]) == (409, "ambiguous")
    assert len(answer.body["error"]["candidates"]) == 2


async def test_people_who_are_not_visible_get_the_same_answer_as_people_who_do_not_exist(
    mesh: Mesh, callers: Callers
) -> None:
    alice, _, carol = callers
    await carol("PUT", f"/v1/blocks/{person_text(alice.replica.me)}")
    mesh.settle()
    blocked, unknown = await alice("GET", "/v1/people/Carol"), await alice("GET", "/v1/people/Zzzzz")
    assert blocked.status == unknown.status == 404
    assert str(blocked.body).replace("Carol", "X") == str(unknown.body).replace("Zzzzz", "X")


BAD: list[tuple[str, str, Any, int]] = [
    ("POST", "/v1/cards", {"uses": "3"}, 400),
    ("POST", "/v1/cards", {"uses": 3.0}, 400),
    ("POST", "/v1/cards", {"uses": True}, 400),
    ("POST", "/v1/cards", {"uses": 0}, 400),
    ("POST", "/v1/cards", {"trust": 2}, 400),
    ("POST", "/v1/cards", {"expires_in": 10**30}, 400),
    ("POST", "/v1/cards", {"nonsense": 1}, 400),
    ("POST", "/v1/cards", [], 400),
    ("POST", "/v1/cards", "text", 400),
    ("POST", "/v1/contacts", {}, 400),
    ("POST", "/v1/contacts", {"card": "mesh1abc"}, 400),
    ("POST", "/v1/contacts", {"card": None}, 400),
    ("POST", "/v1/contacts", {"card": "\ud800"}, 400),
    ("PUT", "/v1/vouches/Bob", {"trust": 0}, 400),
    ("PUT", "/v1/vouches/Bob", {"trust": -0.1}, 400),
    ("PUT", "/v1/vouches/Bob", {"trust": 1.0001}, 400),
    ("PUT", "/v1/vouches/Bob", {"trust": "1"}, 400),
    ("PUT", "/v1/vouches/Bob", {}, 400),
    ("PUT", "/v1/vouches/Alice", {"trust": 1}, 409),
    ("PUT", "/v1/vouches/Nobody", {"trust": 1}, 404),
    ("PUT", "/v1/vouches/", {"trust": 1}, 400),
    ("DELETE", "/v1/vouches/Carol", None, 404),
    ("PUT", "/v1/blocks/Alice", None, 409),
    ("DELETE", "/v1/blocks/Bob", None, 404),
    ("POST", "/v1/listings", {"type": "offer"}, 400),
    ("POST", "/v1/listings", {"type": "offer", "title": "x" * 201}, 400),
    ("POST", "/v1/listings", {"type": "offer", "title": "\x1b]52;c;aGk=\x07"}, 400),
    ("POST", "/v1/listings", {"type": "offer", "title": "a", "audience": "all"}, 400),
    ("POST", "/v1/listings", {"type": "offer", "title": "a", "tags": "b"}, 400),
    ("POST", "/v1/listings", {"type": "offer", "title": "a", "tags": [1]}, 400),
    ("POST", "/v1/listings", {"type": "offer", "title": "a", "place": {"lat": 91, "lon": 0}}, 400),
    ("POST", "/v1/listings", {"type": "offer", "title": "a", "place": {"lat": 1}}, 400),
    ("POST", "/v1/listings", {"type": "offer", "title": "a", "available_from": -5}, 400),
    ("POST", "/v1/listings", {"type": "offer", "title": "a", "available_from": 2**60}, 400),
    ("PATCH", "/v1/listings/Nothing", {"title": "b"}, 404),
    ("PATCH", "/v1/listings/Nothing", {"titel": "b"}, 400),
    ("DELETE", "/v1/listings/Nothing", None, 404),
    ("GET", "/v1/listings/", None, 400),
    ("GET", "/v1/discover?trust=lots", None, 400),
    ("GET", "/v1/discover?trust=nan", None, 400),
    ("GET", "/v1/discover?within=inf", None, 400),
    ("GET", "/v1/discover?limit=0", None, 400),
    ("GET", "/v1/discover?limit=1&limit=2", None, 400),
    ("GET", "/v1/discover?anywhere=maybe", None, 400),
    ("GET", "/v1/discover?color=red", None, 400),
    ("GET", "/v1/discover?sort=luck", None, 400),
    ("GET", "/v1/discover?page=0", None, 400),
    ("GET", f"/v1/discover?words={'x' * 201}", None, 400),
    ("POST", "/v1/requests/Nothing", {}, 404),
    ("POST", "/v1/requests/Nothing", {"quantity": "2"}, 400),
    ("POST", "/v1/requests/", {}, 400),
    ("POST", "/v1/moves/Nothing", {"act": "accept"}, 404),
    ("POST", "/v1/moves/Nothing", {"act": "ask"}, 400),
    ("POST", "/v1/moves/Nothing", {"act": "approve"}, 400),
    ("POST", "/v1/moves/Nothing", {}, 400),
    ("GET", "/v1/exchanges?limit=0", None, 400),
    ("GET", "/v1/exchanges/Nothing", None, 404),
    ("GET", "/v1/status?verbose=1", None, 400),
    ("GET", "/v1/people/%ff", None, 400),
    ("GET", "/v1/nothing", None, 404),
    ("PATCH", "/v1/status", None, 405),
    ("GET", "/v1/cards", None, 405),
]


@pytest.mark.parametrize(("method", "path", "body", "status"), BAD)
async def test_bad_input_is_refused_in_one_line_and_changes_nothing(
    alice: Caller, method: str, path: str, body: Any, status: int
) -> None:
    before = contents(alice)
    answer = await alice(method, path, body)
    assert answer.status == status
    error = answer.body["error"]
    assert error["message"]
    assert "\n" not in error["message"] + error["hint"]
    assert contents(alice) == before


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"\xff\xfe", b'{"uses": NaN}', b"[" * 60_000, b'{"uses": 1' + b" " * 70_000 + b"}", b"null", b"1"],
)
async def test_a_body_that_is_too_long_or_not_a_json_object_is_refused(alice: Caller, raw: bytes) -> None:
    assert (await alice("POST", "/v1/cards", raw=raw)).status == 400


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"titel": "x"}, "there is no field 'titel' here"),
        ({"place": {"lat": 1, "lon": 1, "height": 1}}, "there is no field 'height' here"),
        ({"title": 3}, "'title' must be a text"),
        ({"title": None}, "'title' must be a text"),
        ({"title": "\ud800"}, "'title' is not Unicode text"),
        ({"quantity": 2.0625}, "quantity must have at most three decimals"),
        ({"quantity": "2.5"}, "'quantity' must be a number"),
        ({"quantity": True}, "'quantity' must be a number"),
        ({"quantity": 2**53}, "quantity must be more than 0, and at most 1000000"),
        ({"available_from": 2**53}, "'available_from' is too large"),
        ({"lend": 1}, "'lend' must be true or false"),
        ({"tags": "b"}, "'tags' must be a list"),
        ({"tags": ["b", None]}, "'tags' must be a text"),
        ({"place": 5}, "'place' must be an object"),
        ({"place": {"lat": 1}}, "'lon' is missing"),
        ({"place": {"lat": "1", "lon": 1}}, "'lat' must be a number"),
        ({"place": {"lat": 10**400, "lon": 1}}, "'lat' must be a number"),
    ],
)
async def test_the_first_wrong_field_is_named(alice: Caller, body: dict[str, Any], message: str) -> None:
    answer = await alice("POST", "/v1/listings", {"type": "offer", "title": "a"} | body)
    assert (answer.status, answer.body["error"]["message"]) == (400, message)


async def test_the_fields_that_exist_are_listed_when_one_does_not(alice: Caller) -> None:
    answer = await alice("PATCH", "/v1/sharing", {"presicion": "city"})
    assert (
        answer.body["error"]["hint"] == "there are: audience, precision, radius_km, place, no_place, receipts, anyway"
    )


async def test_a_failed_disk_is_answered_with_an_error_and_ends_the_api(
    alice: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise StorageFailed("the disk failed", "check it")

    monkeypatch.setattr(alice.replica.store.cards, "issued_live", broken)
    answer = await alice("POST", "/v1/cards", {})
    assert (answer.status, answer.body["error"]["code"]) == (500, "storage_failed")
    assert alice.context.stop.is_set()
    assert isinstance(alice.context.broken, StorageFailed)


@pytest.mark.parametrize(
    "path", ["/v1/status", "/v1/peers", "/v1/devices", "/v1/people", "/v1/people/Bob", "/v1/doctor", "/v1/doctor/Bob"]
)
async def test_a_request_that_shows_who_is_connected_has_it_checked_first(callers: Callers, path: str) -> None:
    alice, *_ = callers
    assert (await alice("GET", path)).status == 200
    assert alice.network.checked == 1
