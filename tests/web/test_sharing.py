"""Sharing on the page: what a change would do is shown first, places stay coarse, and the map has what the list has."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshnode.web.map_layout import RINGS_KM, chart
from protocol import Precision, coarse, distance_km, outline
from tests.support.mesh import Mesh
from tests.web.plain_browser import Page, PlainBrowser

Browsers = tuple[PlainBrowser, PlainBrowser, PlainBrowser]


async def press(browser: PlainBrowser, button: str, **fields: str) -> Page:
    """Press this button on the page of sharing."""
    page = await browser.get("/sharing")
    form = next(form for form in page.forms if button in form.buttons)
    name = form.buttons[button]
    assert name is not None
    return await browser.post(form.action, form.fields | fields | dict([name]))


async def change(browser: PlainBrowser, button: str, **fields: str) -> Page:
    """Press this button on the page of sharing, and say yes."""
    return await browser.send(await press(browser, button, **fields), "/sharing", "Yes, do it")


async def test_what_a_change_of_sharing_does_is_shown_before_it_is_made(mesh: Mesh, browsers: Browsers) -> None:
    alice = browsers[0]
    await alice.send(await alice.get("/post"), "/post", "Post it", title="Ladder", audience="trusted_network")
    page = await alice.get("/sharing")
    form = next(form for form in page.forms if "See what it changes" in form.buttons)
    asked = await alice.post(form.action, form.fields | {"audience": "my_cell", "radius": "30", "act": "settings"})
    assert "Change how you share?" in asked.text
    assert "would stop seeing everything you share by default" in asked.text
    assert "By default, people you're connected to through trust" in (await alice.get("/sharing")).text
    done = await alice.send(asked, "/sharing", "Yes, do it")
    assert "It is changed." in done.text
    assert "By default, people in your cell can see your posts." in done.text
    assert "Nearby means within 30 km." in done.text


async def test_a_place_is_shown_on_the_map_only_as_coarsely_as_it_is_published(mesh: Mesh, browsers: Browsers) -> None:
    alice, _, carol = browsers
    await carol.send(await carol.get("/post"), "/post", "Post it", title="Drill", audience="network_wide")
    done = await change(alice, "Set it", place="52.52, 13.405")
    assert "Your exact location (52.52,13.405) stays on this computer." in done.text
    assert 'class="yours"' in done.html
    await change(carol, "Set it", place="N52.53 E13.41")
    mesh.settle()
    page = await alice.get("/sharing")
    cell = coarse(52.53, 13.41, Precision.NEIGHBORHOOD)
    away = round(distance_km(coarse(52.52, 13.405, Precision.EXACT), cell))
    assert f"{away}km away, an area about 1 km wide: Drill" in page.text
    assert page.html.count('class="area"') == 1
    assert "52.53" not in page.html
    gone = await change(alice, "Stop sharing your location")
    assert "Your location is not shared." in gone.text
    assert "Set your location to see a map." in gone.text
    assert "An area about 1 km wide: Drill" in gone.text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"act": "settings", "radius": "far"}, "say how many kilometers away is nearby"),
        ({"act": "settings", "radius": "0"}, "includes only yourself"),
        ({"act": "settings", "radius": "99999999"}, "larger than the earth"),
        ({"act": "settings", "audience": "nonsense"}, "is not an audience"),
        ({"act": "settings", "precision": "nonsense"}, "is not a precision"),
        ({"act": "settings", "audience": "anyone_local"}, "needs your location"),
        ({"act": "place", "place": ""}, "this is not a location"),
        ({"act": "place", "place": "over there"}, "this is not a location"),
        ({"act": "place", "place": "91, 13"}, "nowhere on earth"),
        ({"act": "place", "place": "1" * 400 + ", 13"}, "this is not a location"),
    ],
)
async def test_a_setting_that_cannot_be_is_said_on_the_page(
    browsers: Browsers, fields: dict[str, str], said: str
) -> None:
    alice = browsers[0]
    page = await alice.get("/sharing")
    form = page.forms[0] if fields["act"] == "settings" else page.forms[1]
    answer = await alice.post("/sharing", form.fields | fields)
    assert answer.status == 400
    assert said in answer.text
    for name, value in fields.items():
        assert name == "act" or name in ("audience", "precision") or value in answer.html


async def test_a_place_that_looks_mistyped_needs_a_yes(browsers: Browsers) -> None:
    alice = browsers[0]
    await change(alice, "Set it", place="52.52, 13.405")
    page = await alice.get("/sharing")
    form = next(form for form in page.forms if "Set it" in form.buttons)
    asked = await alice.post("/sharing", form.fields | {"act": "place", "place": "13.405, 52.52"})
    assert "--yes" not in asked.text
    assert "Did you mean 52.52,13.405?" in asked.text
    done = await alice.send(asked, "/sharing", "Yes, do it", anyway="on")
    assert "Your exact location (13.405,52.52)" in done.text


async def test_receipts_are_switched_off_and_on_by_a_button(browsers: Browsers) -> None:
    alice = browsers[0]
    for button, said in (
        ("Do not let them learn it", "Nobody learns when this computer has opened their messages."),
        ("Let them learn it", "People learn when this computer has opened their messages"),
    ):
        page = await alice.get("/sharing")
        form = next(form for form in page.forms if button in form.buttons)
        act = form.buttons[button]
        assert act is not None
        done = await alice.post("/sharing", form.fields | dict([act]))
        assert said in done.text
        assert "It is changed." in done.text


latitudes, longitudes = st.floats(-75, 75), st.floats(-180, 180)


@given(latitudes, longitudes, st.lists(st.tuples(st.floats(-0.3, 0.3), st.floats(-0.5, 0.5)), max_size=8))
def test_the_map_is_true_to_distance_and_direction_anywhere_on_earth(
    lat: float, lon: float, offsets: list[tuple[float, float]]
) -> None:
    cells = {coarse(lat, lon, Precision.NEIGHBORHOOD)}
    for north, east in offsets:
        cells.add(coarse(lat + north, (lon + east + 180) % 360 - 180, Precision.NEIGHBORHOOD))
    found = chart((lat, lon), [(cell, outline(cell)) for cell in cells])
    middle = coarse(lat, lon, Precision.EXACT)
    for cell in cells:
        km = distance_km(middle, cell)
        if cell not in found.shapes:
            assert km > RINGS_KM[-1] - 1.5
            continue
        corners = [tuple(map(float, each.split(","))) for each in found.shapes[cell].split()]
        x, y = (sum(axis) / len(corners) for axis in zip(*corners, strict=True))
        assert math.hypot(x, y) == pytest.approx(km, abs=0.05 + km / 50)
        assert km > RINGS_KM[-1] - 1.5 or max(map(abs, (x, y))) <= found.reach + 1.5
    assert found.rings == RINGS_KM[: len(found.rings)]


async def test_all_posts_are_hidden_and_shown_again_by_a_button_and_every_page_says_so(
    mesh: Mesh, browsers: Browsers
) -> None:
    alice, bob, _ = browsers
    await alice.send(await alice.get("/post"), "/post", "Post it", title="Ladder", audience="network_wide")
    mesh.settle()
    assert "Ladder" in (await bob.get("/discover")).text
    away = await press(alice, "Hide all my posts")
    assert "You are away. Nobody else sees your posts until you come back." in away.text
    mesh.settle()
    assert "Ladder" not in (await bob.get("/discover")).text
    assert "You are away since" in (await alice.get("/discover")).text
    assert "You are away" not in (await bob.get("/discover")).text
    back = await press(alice, "Show my posts again")
    assert "You are back." in back.text
    mesh.settle()
    assert "Ladder" in (await bob.get("/discover")).text
    assert "You are away since" not in (await alice.get("/discover")).text
