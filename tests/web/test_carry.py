"""Carry on the page: a parcel is made and saved, one is taken in as it arrives, and what is wrong is said in one line."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import trio.testing
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from meshnode.errors import MeshnodeError, Usage
from meshnode.replica.replica import Replica
from meshnode.web import uploads
from meshnode.web.arriving import BEGIN_SECONDS, ArrivingForm
from protocol import limits, person_text
from tests.app.neighbors import settle_in
from tests.cli.village import daemon, meshnode
from tests.support.mesh import Mesh
from tests.support.parcels import made, taken
from tests.support.pictures import camera_picture
from tests.web.chromium import PROGRAM, browser
from tests.web.plain_browser import Page, PlainBrowser, PlainPhone
from tests.web.test_card_photos import card_of
from tests.web.test_photos import BOUNDARY, multipart, post_with, send

Browsers = tuple[PlainBrowser, PlainBrowser, PlainBrowser]
NOBODYS = b"../" * 40_000


async def take_in(page: PlainBrowser, parcel: bytes, **named: str) -> Page:
    form = (await page.get("/carry")).form("/carry/in").fields
    return await send(page, "/carry/in", form, {"parcel": parcel}, **named)


async def make(page: PlainBrowser, *people: PlainBrowser, **fields: str) -> Page:
    chosen = {f"person-{person_text(one.context.replica.me)}": "on" for one in people}
    return await page.send(await page.get("/carry"), "/carry", "Make a parcel", **chosen, **fields)


async def save(page: PlainBrowser, shown: Page) -> Page:
    form = next(form for form in shown.forms if form.action.startswith("/carry/out/"))
    return await page.post(form.action, form.fields)


async def test_what_somebody_posts_reaches_another_by_a_parcel_from_page_to_page(browsers: Browsers) -> None:
    alice, bob, _ = browsers
    await bob.send(await bob.get("/post"), "/post", "Post it", title="Ladder", audience="network_wide")
    shown = await make(bob, alice)
    assert re.search(r"For Alice: \d+ items?\.", shown.text)
    assert "For Carol" not in shown.text
    saved = await save(bob, shown)
    assert re.fullmatch(r'attachment; filename="[0-9a-f]+\.parcel"', saved.headers["content-disposition"])
    assert int(saved.headers["content-length"]) == len(saved.body)
    answer = await take_in(alice, saved.body)
    assert re.search(r"From Bob: \d+ new items?\.", answer.text)
    assert "Ladder" in (await alice.get("/discover")).links
    assert "From Bob: nothing new." in (await take_in(alice, saved.body)).text


async def test_a_photo_goes_along_unless_its_sender_leaves_photos_out(browsers: Browsers) -> None:
    alice, bob, _ = browsers
    await post_with(bob, camera_picture(), audience="network_wide")
    without = await make(bob, alice, **{"no-photos": "on"})
    assert re.search(r"For Alice: \d+ items?\.", without.text)
    assert not re.search(r"\d photos?\.", without.text)
    shown = await make(bob, alice)
    assert "For Alice: 1 photo." in shown.text
    answer = await take_in(alice, (await save(bob, shown)).body)
    assert "From Bob: 1 new photo." in answer.text


async def test_without_a_choice_it_is_for_everybody_and_the_next_one_carries_nothing(browsers: Browsers) -> None:
    bob = browsers[1]
    await bob.send(await bob.get("/post"), "/post", "Post it", title="Ladder", audience="network_wide")
    shown = await make(bob)
    assert {"For Alice", "For Carol"} <= set(re.findall(r"For \w+", shown.text))
    await save(bob, shown)
    assert "nothing new to carry" in (await make(bob)).text
    assert "For Alice" in (await make(bob, again="on")).text


async def test_a_parcel_counts_as_handed_over_before_it_is_whole_and_not_before_it_is_fetched(
    browsers: Browsers,
) -> None:
    bob = browsers[1]
    first = await make(bob)
    assert "For Alice" in (await make(bob)).text
    saved = await save(bob, first)
    assert "nothing new to carry" in (await make(bob)).text
    again = await save(bob, first)
    assert again.body == saved.body, "a browser may ask twice"
    assert (await bob.post("/carry/out/x", first.form("/carry").fields)).status == 404


async def test_two_people_connect_by_parcels_between_their_pages(mesh: Mesh, browsers: Browsers) -> None:
    alice, dave = browsers[0], PlainBrowser(settle_in(mesh, "Dave").replica)
    await dave.sign_in()
    await dave.send(await dave.get("/add"), "/add", "Add them", card=card_of(alice), know="0.5")
    mine = await save(dave, await make(dave))
    dave.context.parcels.close()
    assert "You and Dave are connected now." in (await take_in(alice, mine.body)).text


async def test_a_phone_carries_too_and_its_computer_knows(browsers: Browsers) -> None:
    alice, bob, _ = browsers
    phone = PlainPhone(alice)
    await phone.let_in()
    assert (await phone.get("/more")).links["Carry"] == "/carry"
    parcel = made(bob.context.replica, person_text(alice.context.replica.me), again=True)
    assert "From Bob" in (await take_in(phone, parcel)).text
    assert (await save(phone, await make(phone, again="on"))).status == 200
    assert [one.act for one in alice.context.replica.store.phones.acts(2)] == ["carry", "carry"]


REFUSED = {
    "no parcel": (NOBODYS, "no parcel, or it is damaged"),
    "text": (b"hello" * 100, "this is no parcel"),
    "its name alone": (b"meshnode parcel", "cut short"),
    "noise": (bytes(range(256)) * 400, "this is no parcel"),
}


@pytest.mark.parametrize("kind", REFUSED)
async def test_what_is_no_parcel_is_said_on_the_form(browsers: Browsers, kind: str) -> None:
    sent, said = REFUSED[kind]
    answer = await take_in(browsers[0], sent)
    assert answer.status in (400, 409)
    assert said in answer.text.casefold()
    assert '<strong id="problem"><a href="#parcel">' in answer.html


async def test_the_page_says_of_every_parcel_what_the_command_says(browsers: Browsers) -> None:
    """Cut at any place, for somebody else, own, damaged and empty: the sentence is the same as that of the use-case."""
    alice, bob, carol = browsers
    parcel = made(bob.context.replica, person_text(alice.context.replica.me), again=True)
    others = made(bob.context.replica, person_text(carol.context.replica.me), again=True)
    own = made(alice.context.replica, person_text(bob.context.replica.me), again=True)
    damaged = bytearray(parcel)
    for at in range(len(damaged) // 2, len(damaged), 64):
        damaged[at] ^= 1
    tried = [others, own, bytes(damaged), *(parcel[:end] for end in range(1, len(parcel), len(parcel) // 8))]
    for one in tried:
        try:
            view = taken(alice.context.replica, one)
        except MeshnodeError as error:
            said = error.message.partition(" (new here")[0]
        else:
            said = f"From {view.person.name}"
        assert said in (await take_in(alice, one)).text


async def test_without_a_file_the_page_asks_for_one(browsers: Browsers) -> None:
    alice = browsers[0]
    form = (await alice.get("/carry")).form("/carry/in").fields
    for answer in (
        await send(alice, "/carry/in", form, {"parcel": b""}, name=""),
        await send(alice, "/carry/in", {**form, "once": ""}, {}),
        await alice.post("/carry/in", {**form, "once": ""}),
    ):
        assert answer.status == 400
        assert "choose the parcel" in answer.text


async def test_a_form_that_is_sent_twice_is_answered_alike(browsers: Browsers) -> None:
    alice, bob, _ = browsers
    parcel = made(bob.context.replica, person_text(alice.context.replica.me), again=True)
    form = (await alice.get("/carry")).form("/carry/in").fields
    first = await send(alice, "/carry/in", form, {"parcel": parcel})
    second = await send(alice, "/carry/in", form, {"parcel": parcel})
    assert re.findall("From Bob[^.]*", first.text) == re.findall("From Bob[^.]*", second.text) != []


async def test_a_parcel_from_another_site_or_without_the_token_is_not_taken_in(browsers: Browsers) -> None:
    alice, bob, _ = browsers
    parcel = made(bob.context.replica, person_text(alice.context.replica.me), again=True)
    form = (await alice.get("/carry")).form("/carry/in").fields
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    for fields, origin in (({**form, "token": "x"}, f"http://{alice.host}"), (form, "http://evil.example")):
        headers = {"content-type": kind, "origin": origin}
        answer = await alice.ask("POST", "/carry/in", multipart(fields, {"parcel": parcel}), headers)
        assert answer.status == 403
    behind = multipart({}, {"parcel": parcel})[: -len(f"--{BOUNDARY}--\r\n")] + multipart(form, {})
    headers = {"content-type": kind, "origin": f"http://{alice.host}"}
    assert (await alice.ask("POST", "/carry/in", behind, headers)).status == 403, "the token comes before the file"
    assert not alice.context.replica.store.parcels.came_from(bob.context.replica.me)


async def test_a_hostile_name_of_a_file_or_a_person_is_not_shown_as_markup(browsers: Browsers) -> None:
    alice, bob, _ = browsers
    hostile = "<img src=x onerror=alert(1)>"
    await bob.send(await bob.get("/me"), "/me", "Save", name=hostile)
    parcel = made(bob.context.replica, person_text(alice.context.replica.me), again=True)
    for answer in (await take_in(alice, parcel, name=hostile), await make(alice), await alice.get("/carry")):
        assert answer.status == 200
        assert "<img" not in answer.html


# --- how the form is read ----------------------------------------------------------------------------------------------


def arriving(body: bytes, step: int, most: int = 1 << 20) -> ArrivingForm:
    """Return a form of which `step` bytes arrive at a time."""
    rest = [body[start : start + step] for start in range(0, len(body), step)]

    async def receive() -> Any:
        await trio.lowlevel.checkpoint()
        piece = rest.pop(0) if rest else b""
        return {"type": "http.request", "body": piece, "more_body": bool(rest)}

    kind = f"multipart/form-data; boundary={BOUNDARY}".encode()
    return ArrivingForm(Request({"type": "http", "headers": [(b"content-type", kind)]}, receive), most)


async def read_in_pieces(body: bytes, step: int) -> tuple[list[tuple[str, str]], bytes | None]:
    return await read(arriving(body, step))


async def read(form: ArrivingForm) -> tuple[list[tuple[str, str]], bytes | None]:
    try:
        fields = await form.fields()
        return fields, b"".join([piece async for piece in form.content()]) if form.has_file else None
    finally:
        await form.drain()


@given(
    st.dictionaries(st.sampled_from(["token", "once", "a"]), st.text(max_size=40)),
    st.binary(max_size=300) | st.sampled_from([b"\r\n--" + BOUNDARY[:-1].encode(), b"\r\n" * 40, b"-" * 90]),
    st.integers(1, 400),
)
def test_however_a_form_arrives_it_is_read_as_one_that_lies_in_memory(
    fields: dict[str, str], file: bytes, step: int
) -> None:
    body = multipart(fields, {"parcel": file})
    whole = uploads.read(f"multipart/form-data; boundary={BOUNDARY}", body)
    read_fields, content = trio.run(read_in_pieces, body, step)
    assert read_fields == whole.fields
    assert (content or b"") == (whole.files["parcel"].content if "parcel" in whole.files else b"") == file


@given(st.integers(0, 500), st.integers(1, 50))
def test_a_form_that_is_cut_anywhere_gives_the_beginning_of_its_file_or_is_refused(end: int, step: int) -> None:
    file = b"z" * 300
    body = multipart({"token": "x", "once": "y"}, {"parcel": file})
    begins = body.index(file)
    if end < begins:
        with pytest.raises(Usage, match="this form cannot be read"):
            trio.run(read_in_pieces, body[:end], step)
        return
    fields, content = trio.run(read_in_pieces, body[:end], step)
    assert fields == [("token", "x"), ("once", "y")]
    assert content is not None
    assert content[:300] == file[: end - begins]


@given(st.binary(max_size=200))
def test_what_no_browser_sends_is_refused_and_never_fails(body: bytes) -> None:
    with suppress(Usage):
        trio.run(read_in_pieces, body, 7)


async def test_only_a_piece_of_the_file_lies_in_memory_at_a_time() -> None:
    form = arriving(multipart({"token": "x"}, {"parcel": bytes(2_000_000)}), 10_000, 3_000_000)
    await form.fields()
    sizes = [len(piece) async for piece in form.content()]
    await form.drain()
    assert sum(sizes) == 2_000_000
    assert max(sizes) <= 11_000


async def test_what_is_longer_than_any_parcel_is_not_read_to_its_end() -> None:
    form = arriving(multipart({"token": "x"}, {"parcel": bytes(2_000_000)}), 10_000, 100_000)
    await form.fields()
    await form.drain()
    assert form._received <= 120_000


async def test_a_node_that_is_busy_with_a_file_does_not_take_its_sender_for_slow(
    autojump_clock: trio.testing.MockClock,
) -> None:
    form = arriving(multipart({"token": "x"}, {"parcel": bytes(50_000)}), 1_000)
    await form.fields()
    size = 0
    async for piece in form.content():
        size += len(piece)
        await trio.sleep(BEGIN_SECONDS)
    await form.drain()
    assert size == 50_000


async def test_a_form_that_comes_too_slowly_is_given_up(autojump_clock: trio.testing.MockClock) -> None:
    begun = multipart({"token": "x"}, {"parcel": b"z" * 300})[:250]
    rest = [begun]

    async def receive() -> Any:
        if not rest:
            await trio.sleep_forever()
        return {"type": "http.request", "body": rest.pop(), "more_body": True}

    kind = f"multipart/form-data; boundary={BOUNDARY}".encode()
    form = ArrivingForm(Request({"type": "http", "headers": [(b"content-type", kind)]}, receive), 1_000)
    with pytest.raises(Usage, match="too long to arrive"):
        await read(form)
    assert trio.current_time() <= BEGIN_SECONDS + 1


@pytest.mark.skipif(PROGRAM is None, reason="there is no chromium here")
def test_a_real_browser_sends_a_file_is_told_what_is_wrong_and_saves_a_parcel(alice: Replica, tmp_path: Path) -> None:
    home, file = tmp_path / "home", tmp_path / "from-a-friend"
    file.write_bytes(NOBODYS)
    with daemon(alice, home), browser(tmp_path / "browser") as tab:
        tab.open(meshnode("--home", str(home), "open", "--link").out.strip())
        tab.open(f"{tab.tell('location.origin')}/carry")
        tab.choose_file("parcel", file)
        tab.press("Take it in")
        assert "this is no parcel" in tab.text()
        tab.press("Make a parcel")
        assert "For Bob" in tab.text()
        size = tab.tell(
            "(async () => { const form = document.querySelector('form[action^=\"/carry/out/\"]');"
            " const sent = { method: 'POST', body: new URLSearchParams(new FormData(form)) };"
            " return (await (await fetch(form.action, sent)).arrayBuffer()).byteLength; })()"
        )
        assert size > limits.PARCEL_CHUNKS_LEAST * limits.PARCEL_CHUNK_BYTES
        tab.press("Make a parcel")
        assert "nothing new to carry" in tab.text()
