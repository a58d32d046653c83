"""A real browser on the page of a real daemon adds somebody by a picture of their card, and the two nodes connect."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lan.conftest import MakeLan
from tests.web.chromium import PROGRAM, browser


@pytest.mark.skipif(PROGRAM is None, reason="there is no chromium here")
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_picture_of_a_card_connects_one_and_tells_the_next_that_it_was_used(
    lan: MakeLan, tmp_path: Path, *, scripts: bool
) -> None:
    network = lan("Alice", "Bob", "Carol")
    alice, bob, carol = (network[name].init() for name in ("Alice", "Bob", "Carol"))
    for host in (alice, bob, carol):
        host.daemon()
    picture = tmp_path / "card.png"
    alice.meshnode("card", "--trust", "0.7", "--png", str(picture))
    for host, said in ((bob, "You are connected."), (carol, "This card was used by somebody else")):
        with browser(tmp_path / f"browser of {host.name}", host.namespace.command) as tab:
            tab.resize(360, 740)
            tab.use_scripts(on=scripts)
            tab.open(host.meshnode("open", "--link").strip())
            tab.press("People")
            tab.press("Add somebody")
            tab.choose_file("picture", picture)
            tab.press("Add them")
            assert said in tab.text()
            assert tab.complaints() == []
    assert alice.ask("person", "Bob")["vouch"] == 0.7
    assert [one["name"] for one in alice.ask("people")["people"]] == ["Bob"]
    assert bob.ask("person", "Alice")["vouch"] == 0.8
