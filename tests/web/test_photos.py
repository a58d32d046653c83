"""Photos are given to posts by a form of the page, and shown by it to whom the post is shown, and to nobody else."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshnode.errors import Usage
from meshnode.photos import child
from meshnode.replica.replica import Replica
from meshnode.web import uploads
from tests.cli.village import daemon, meshnode
from tests.support.mesh import Mesh
from tests.support.pictures import PLACE, SVG, bomb, camera_picture, size_of
from tests.web.chromium import PROGRAM, browser
from tests.web.plain_browser import Page, PlainBrowser

Browsers = tuple[PlainBrowser, PlainBrowser, PlainBrowser]
BOUNDARY = "----a-browser"


def multipart(fields: dict[str, str], files: dict[str, bytes], name: str = "IMG 1.jpg") -> bytes:
    """Return a form with files as browsers send it."""
    parts = [(f'name="{field}"', value.encode()) for field, value in fields.items()]
    parts += [(f'name="{field}"; filename="{name}"', data) for field, data in files.items()]
    sent = b"".join(
        f"--{BOUNDARY}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + data + b"\r\n"
        for head, data in parts
    )
    return sent + f"--{BOUNDARY}--\r\n".encode()


async def send(page: PlainBrowser, action: str, fields: dict[str, str], files: dict[str, bytes], **named: str) -> Page:
    """Send a form with files, and follow where it leads."""
    headers = {"content-type": f"multipart/form-data; boundary={BOUNDARY}", "origin": f"http://{page.host}"}
    answer = await page.ask("POST", action, multipart(fields, files, **named), headers)
    return await page.get(answer.headers["location"]) if answer.status == 303 else answer


async def post_with(page: PlainBrowser, *pictures: bytes, title: str = "Ladder", **fields: str) -> Page:
    form = (await page.get("/post")).form("/post").fields
    files = {f"photo{number}": picture for number, picture in enumerate(pictures, 1)}
    return await send(page, "/post", form | {"title": title, "audience": "network_wide"} | fields, files)


def pictures_in(page: Page) -> list[str]:
    return re.findall(r'src="(/photos/[0-9a-f]+)"', page.html)


async def test_a_photo_of_the_form_is_on_the_post_without_the_place_where_it_was_taken(browsers: Browsers) -> None:
    alice, _, _ = browsers
    posted = await post_with(alice, camera_picture(), words1="A ladder at the wall")
    assert "It is posted." in posted.text
    assert "A ladder at the wall" in posted.text
    (address,) = set(pictures_in(posted)[:1])
    answer = await alice.ask("GET", address)
    assert answer.headers["content-type"] == child.MEDIA_TYPE
    picture = answer.body
    assert max(size_of(picture)) == 1600
    assert PLACE not in picture


async def test_a_photo_is_nothing_to_somebody_who_may_not_see_its_post(mesh: Mesh, browsers: Browsers) -> None:
    alice, bob, _ = browsers
    hidden = pictures_in(await post_with(alice, camera_picture(), audience="my_cell"))[0]
    mesh.settle()
    answers = [await bob.ask("GET", address) for address in (hidden, "/photos/" + 64 * "0", "/photos/x")]
    assert [answer.status for answer in answers] == [404, 404, 404]
    assert answers[0].text == answers[1].text
    alice.cookies = {}
    assert (await alice.ask("GET", hidden)).status == 401


async def test_four_photos_are_added_given_words_and_taken_away_one_by_one(browsers: Browsers) -> None:
    alice, _, _ = browsers
    posted = await post_with(alice, *(camera_picture(size=(400, 200 + 50 * n)) for n in range(4)))
    form = next(form for form in posted.forms if form.action.startswith("/photos-of/"))
    changed = await send(
        alice, form.action, form.fields | {"words2": "From behind", "remove1": "on", "remove4": "on"}, {}
    )
    left = re.findall(r'<figure><img class="photo" src="(/photos/[0-9a-f]+)" alt="([^"]*)"', changed.html)
    assert len(left) == 2
    assert left[0][1] == "From behind"


@pytest.mark.parametrize(
    "picture", [SVG, bomb(), b"hello", camera_picture()[:4000]], ids=["SVG", "bomb", "text", "cut"]
)
async def test_what_is_no_photo_is_said_on_the_form_and_nothing_is_posted(browsers: Browsers, picture: bytes) -> None:
    alice, _, _ = browsers
    answer = await post_with(alice, picture)
    assert answer.status == 400
    assert answer.form("/post").fields["title"] == "Ladder"
    assert "You have posted nothing yet." in (await alice.get("/mine")).text


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b""),
        ("multipart/form-data; boundary=", b""),
        ("multipart/form-data; boundary=x", b""),
        ("multipart/form-data; boundary=x", b"--x"),
        ("multipart/form-data; boundary=x", b"--x--more"),
        ("multipart/form-data; boundary=x", b"--x\r\n--x--\r\n"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x--\r\n"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="\xff"\r\n\r\na\r\n--x--\r\n',
        ),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\xff\r\n--x--\r\n',
        ),
        ("multipart/form-data; boundary=x", b"--x\r\n" + b"a" * 5000 + b"\r\n\r\nb\r\n--x--\r\n"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n' * 99 + b"--x--\r\n",
        ),
    ],
    ids=itertools.count(),
)
def test_what_no_browser_sends_is_no_form(content_type: str, body: bytes) -> None:
    with pytest.raises(Usage, match="this form cannot be read"):
        uploads.read(content_type, body)


@given(
    st.dictionaries(
        st.from_regex("[a-z0-9]{1,8}", fullmatch=True), st.text().filter(lambda text: BOUNDARY not in text)
    ),
    st.dictionaries(st.from_regex("[A-Z]{1,8}", fullmatch=True), st.binary(min_size=1, max_size=200)),
)
def test_fields_and_files_are_read_as_they_were_sent(fields: dict[str, str], files: dict[str, bytes]) -> None:
    read = uploads.read(f"multipart/form-data; boundary={BOUNDARY}", multipart(fields, files))
    assert dict(read.fields) == fields
    assert read.files == {name: ("IMG 1.jpg", data) for name, data in files.items()}


@pytest.mark.skipif(PROGRAM is None, reason="there is no chromium here")
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_browser_adds_a_photo_by_the_form(alice: Replica, tmp_path: Path, *, scripts: bool) -> None:
    home, file = tmp_path / "home", tmp_path / "ladder.jpg"
    file.write_bytes(camera_picture())
    with daemon(alice, home), browser(tmp_path / "browser") as tab:
        tab.resize(360, 740)
        tab.use_scripts(on=scripts)
        tab.open(meshnode("--home", str(home), "open", "--link").out.strip())
        tab.press("Post")
        tab.fill("title", "Ladder")
        tab.fill("audience", "network_wide")
        tab.choose_file("photo1", file)
        tab.press("Post it")
        assert "It is posted." in tab.text()
        assert tab.tell("document.querySelector('img.photo').naturalWidth") == 1600
        assert tab.complaints() == []
