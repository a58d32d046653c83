"""Whatever is typed into a field of a form, the sentence that says what is wrong leads to a field of that form."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import pytest

from meshnode.errors import Field
from meshnode.replica.replica import Replica
from meshnode.web.wrong_fields import NAMES, pointed_out
from protocol import person_text
from tests.cli.village import daemon, meshnode
from tests.support.mesh import Mesh
from tests.web.chromium import PROGRAM, browser
from tests.web.plain_browser import PlainBrowser

Browsers = tuple[PlainBrowser, PlainBrowser, PlainBrowser]

TYPED = ("", " ", "x" * 9000, "a\u202eb", "-1", "0", "7", "1e400", "nonsense", "9" * 30, "2001-01-01", "91, 200")
"""What is typed into each field. The guard of forms, which knows no fields, refuses what is longer than 64 kB."""


@dataclass
class Sent:
    """A form of a page: its fields as they are, and the controls that can be seen, by their names."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    controls: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class Forms(HTMLParser):
    """The forms of a page, and where its problem leads."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[Sent] = []
        self._inside = False
        self.feed(html)
        self.leads_to = re.findall(r'<strong id="problem"><a href="#([^"]+)">', html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = given["method"] == "post"
            if self._inside:
                self.forms.append(Sent(given["action"]))
        elif self._inside and "name" in given and tag in ("input", "select", "textarea"):
            kind = given.get("type")
            if kind not in ("radio", "checkbox", "file") or "checked" in given:
                self.forms[-1].fields[given["name"]] = given.get("value", "")
            if kind not in ("hidden", "checkbox", "file"):
                self.forms[-1].controls.setdefault(given["name"], []).append(given)
        elif self._inside and tag == "button":
            self.forms[-1].buttons.append((given.get("name", ""), given.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False


async def pages(mesh: Mesh, browsers: Browsers) -> list[str]:
    """Return the addresses of pages that together have every form, on the page of Alice."""
    alice, bob, carol = browsers
    await carol.send(await carol.get("/post"), "/post", "Post it", title="Drill", quantity="3", audience="network_wide")
    await alice.send(await alice.get("/groups"), "/groups", "Create it", kind="cell", name="Garden row")
    mesh.settle()
    listing = (await alice.get("/discover")).links["Drill"]
    talk = await alice.send(await alice.get(listing), listing.replace("/posts/", "/ask/"), "Ask for it")
    exchange = next(form.action for form in talk.forms if form.action.startswith("/exchanges/"))
    await bob.send(await bob.get("/post"), "/post", "Post it", title="Ladder", audience="network_wide")
    mesh.settle()
    other = (await alice.get("/discover")).links["Ladder"]
    person = f"/people/{person_text(bob.context.replica.me)}"
    return [
        "/post",
        "/add",
        "/card",
        "/meet",
        "/carry",
        "/groups",
        "/sharing",
        "/me",
        "/devices",
        "/phones",
        person,
        exchange,
        other,
    ]


async def test_whatever_is_typed_the_problem_leads_to_a_field_of_the_form(mesh: Mesh, browsers: Browsers) -> None:
    alice = browsers[0]
    wrong, actions, led = [], set(), 0
    for address in await pages(mesh, browsers):
        for form in Forms((await alice.get(address)).html).forms:
            actions |= {form.action} if form.controls else set()
            for name in form.controls:
                for typed in TYPED:
                    for button in form.buttons:
                        values = {**form.fields, **dict([button] if button[0] else []), name: typed, "once": ""}
                        answer = await alice.post(form.action, values)
                        if answer.status == 400:
                            led += 1
                            wrong += fault(answer.html, form.action, f"{name}={typed[:20]!r} {button}")
    assert not wrong, "\n".join(wrong)
    assert led > 100
    assert {action.split("/")[1] for action in actions} >= {
        "post", "add", "card", "groups", "sharing", "me", "devices", "people", "exchanges", "ask",
    }  # fmt: skip


def fault(html: str, action: str, what: str) -> list[str]:
    """Return what is wrong with a page that says what is wrong with the form that goes to `action`."""
    shown = Forms(html)
    controls = [one for form in shown.forms if form.action == action for all_ in form.controls.values() for one in all_]
    led = [one for one in controls if one.get("id") in shown.leads_to]
    if len(led) != 1:
        return [
            f"{action} {what}: leads to {shown.leads_to}: {re.findall('<strong id=.problem.>(.*?)</strong>', html)}"
        ]
    marked = led[0].get("aria-invalid") == "true" and "problem" in led[0].get("aria-describedby", "").split()
    return [] if marked else [f"{action} {what}: not marked"]


@pytest.mark.parametrize(
    ("address", "typed", "leads_to"),
    [
        ("/post", {"title": ""}, "title"),
        ("/post", {"title": "Kale", "until": "2001-01-01"}, "until"),
        ("/post", {"title": "Kale", "quantity": "many"}, "quantity"),
        ("/post", {"title": "Kale", "category": "nonsense"}, "wrong-category"),
        ("/card", {"uses": "0"}, "uses"),
        ("/meet", {"words": "7-falcon", "act": "type"}, "words"),
        ("/card", {"trust": "7"}, "trust"),
        ("/add", {"card": "mesh1nonsense"}, "card"),
        ("/sharing", {"radius": "0", "act": "settings"}, "radius"),
        ("/sharing", {"place": "91, 200", "act": "place"}, "place"),
        ("/sharing", {"audience": "anyone_local", "act": "settings"}, "place"),
        ("/groups", {"name": ""}, "name"),
        ("/add", {"card": "nobody at all"}, "card"),
        ("/me", {"about": "x" * 9000}, "about"),
    ],
)
async def test_the_field_is_the_one_that_is_wrong(
    browsers: Browsers, address: str, typed: dict[str, str], leads_to: str
) -> None:
    page = await browsers[0].get(address)
    form = next(form for form in page.forms if form.action == address and form.fields.keys() & typed.keys())
    answer = await browsers[0].post(address, form.fields | typed)
    assert Forms(answer.html).leads_to == [leads_to]


async def test_a_search_that_makes_no_sense_leads_to_its_filter(browsers: Browsers) -> None:
    answer = await browsers[0].get("/discover?category=nonsense")
    assert Forms(answer.html).leads_to == ["category"]


@pytest.mark.parametrize("part", Field)
def test_every_part_of_a_request_is_found_by_its_name_in_a_form(part: Field) -> None:
    name = NAMES.get(part, (part.value,))[0]
    said = '<strong id="problem">no</strong>'
    form = f'<form method="post" action="/x"><input type="hidden" name="{name}"><input name="{name}"></form>'
    page = pointed_out(said + form, "/x", part)
    assert f'<a href="#wrong-{name}">no</a>' in page
    assert page.count("aria-invalid") == 1
    assert pointed_out(said + form, "/y", part) == said + form


@pytest.mark.skipif(PROGRAM is None, reason="there is no chromium here")
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_the_problem_has_the_focus_and_one_key_leads_to_the_field(
    alice: Replica, tmp_path: Path, *, scripts: bool
) -> None:
    home = tmp_path / "home"
    with daemon(alice, home), browser(tmp_path / "browser") as tab:
        tab.use_scripts(on=scripts)
        tab.open(meshnode("--home", str(home), "open", "--link").out.strip())
        tab.press("Post")
        tab.press("Post it")
        tab.wait_until("document.activeElement.className === 'problem'")
        tab.key("Tab")
        tab.key("Enter")
        tab.wait_until("document.activeElement.name === 'title'")
        assert not scripts or tab.barriers() == []


def test_json_names_the_part_and_a_command_its_option(alice: Replica, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with daemon(alice, home):
        for words, part, option in (
            (("card", "--uses", "0"), "uses", "--uses"),
            (("card", "--expires", "4000d"), "expires_in", "--expires"),
            (("offer", "Kale", "--until", "2001-01-01"), "available_until", None),
            (("share", "set", "--radius", "0"), "radius_km", None),
            (("offer", "x" * 500), "title", None),
            (("--language", "de", "share", "set", "--radius", "0"), "radius_km", "--radius"),
            (("--language", "de", "offer", "Kale", "--until", "2001-01-01"), "available_until", "--until"),
        ):
            said = json.loads(meshnode("--home", str(home), "--json", *words).err)["error"]
            assert said["field"] == part, words
            line = meshnode("--home", str(home), *words).err
            assert line.startswith(f"meshnode: {option}: ") if option else ": --" not in line, words
        assert json.loads(meshnode("--home", str(home), "--json", "person", "Nobody").err)["error"]["field"] is None
