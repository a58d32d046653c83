"""The page and the command line never disagree: in random countries both show the same posts, people, labels and counts."""

from __future__ import annotations

import random
import re
from html import unescape

import pytest

from meshnode.text import forms, people
from meshnode.text import page as text
from meshnode.text.choices import RELATIONS
from tests.api.context import Caller
from tests.app.neighbors import Neighbor, settle_in
from tests.support.mesh import Mesh
from tests.web.plain_browser import PlainBrowser

AUDIENCES = ("my_cell", "my_community", "trusted_network", "network_wide")
NAMES = ("Ana", "Bo", "Bo", "<b>Cy</b>", "Dée (you)", "Eve & co", "عمر")
TITLES = ("Drill", "Drill", "<i>Kale</i>", "Seeds, 2km away (someone you trust)", "خبز", '"Cot"')


def country(seed: int) -> tuple[Mesh, list[Neighbor]]:
    """Return neighbors who trust each other, and share, at random."""
    chance, mesh = random.Random(seed), Mesh(seed)
    everybody = [settle_in(mesh, f"{name} {number}" if number % 3 else name) for number, name in enumerate(NAMES)]
    names = list(mesh.nodes)
    for number, neighbor in enumerate(everybody[1:], 1):
        for other in chance.sample(range(number), k=min(number, chance.randint(1, 2))):
            neighbor.add(everybody[other].card(trust=chance.choice((0.4, 0.8, 0.9))), chance.choice((0.3, 0.7, 1.0)))
            mesh.wire(names[number], names[other])
    mesh.settle()
    for neighbor in everybody:
        for _ in range(chance.randint(0, 3)):
            neighbor.post(
                chance.choice(TITLES), type=chance.choice(("offer", "need")), audience=chance.choice(AUDIENCES)
            )
    mesh.settle()
    return mesh, everybody


def read(html: str) -> str:
    """Return what can be read in a piece of HTML."""
    return " ".join(unescape(re.sub(r"<[^>]*>", "", html)).split())


def pieces(html: str, tag: str) -> list[str]:
    """Return what can be read in each of these elements."""
    return [
        read(each)
        for each in re.findall(rf"<{tag}[ >].*?</{tag}>", re.sub(r"(</td>)(?=<td>)", r"\1 ", html), re.DOTALL)
    ]


def words(*parts: str) -> str:
    return " ".join(" ".join(parts).split())


@pytest.mark.parametrize("seed", range(6))
async def test_both_show_the_same_country(seed: int) -> None:
    _, everybody = country(seed)
    posts = acquaintances = 0
    for neighbor in random.Random(seed).sample(everybody, k=3):
        browser, caller = PlainBrowser(neighbor.replica), Caller(neighbor.replica)
        await browser.sign_in()

        found = (await caller("GET", "/v1/discover?anywhere=true&trust=0.1")).body
        page = await browser.get("/discover?within=any&trust=0.1")
        shown = pieces(page.html, "article")
        assert len(shown) == len(found["results"]) == found["total"]
        for one, article in zip(found["results"], shown, strict=True):
            assert one["title"] in article
            assert f"{text.TYPES[one['type']]} " in article
            assert article.endswith(
                words(f"{RELATIONS[one['relation']]},", f"{text.until(one)},", "by", one["author"]["name"])
            )
        posts += found["total"]
        said = {0: "Nothing here yet.", 1: "1 result"}.get(found["total"], f"{found['total']} results")
        assert said in page.text

        listed = (await caller("GET", "/v1/people?all=true")).body["people"]
        names = forms.apart(listed)
        table = pieces((await browser.get("/people?all=1")).html.rpartition("<table>")[2], "tr")[1:]
        assert (
            table
            == [
                words(
                    names[one["id"]],
                    forms.weight(one["trust"]),
                    forms.weight(one["vouch"]),
                    people.WAITING if one["pending"] and not one["vouch_back"] else forms.weight(one["vouch_back"]),
                    people.how_known(one),
                )
                for one in listed
            ]
            or not listed
        )

        acquaintances += len(listed)
        mine = (await caller("GET", "/v1/listings")).body["listings"]
        shown = pieces((await browser.get("/mine")).html, "article")
        assert len(shown) == len(mine)
        for one, article in zip(mine, shown, strict=True):
            assert one["title"] in article
            assert text.visible_to(one) in article

        waiting = (await caller("GET", "/v1/inbox")).body
        home = await browser.get("/")
        assert all(words(text.waits(one)) in home.text for one in waiting["waiting"])
        assert (waiting["waiting"] == []) is ("Nothing waits for you." in home.text)
    assert posts > 2
    assert acquaintances > 5
