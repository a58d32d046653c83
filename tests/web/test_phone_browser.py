"""A phone's browser, a real Chromium of its size, gets in and posts; the owner answers on the computer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from meshnode.app.phones.settings import LocalSubnet
from meshnode.replica.replica import Replica
from tests.cli.village import daemon, meshnode
from tests.web.chromium import PROGRAM, Tab, browser

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="there is no chromium here")

WIDTH, HEIGHT = 360, 740


@pytest.fixture(scope="module")
def phone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    """Yield a tab of the phone's browser."""
    with browser(tmp_path_factory.mktemp("phone")) as tab:
        tab.resize(WIDTH, HEIGHT)
        yield tab


@contextmanager
def computer(replica: Replica, home: Path) -> Iterator[None]:
    """Run a node on a computer whose home network is its loopback interface."""
    with daemon(replica, home) as network:
        network.now = replace(network.now, subnets=(LocalSubnet("lo", "127.0.0.1", 8),))
        yield


def owner(home: Path, *words: str) -> str:
    """Run a command of the owner, and return what it prints."""
    ran = meshnode("--home", str(home), *words)
    assert ran.code == 0, ran.err
    return ran.out


def ask_in(phone: Tab, home: Path) -> list[str]:
    """Open a new link on the phone, press its button, and return the words that it shows."""
    link = json.loads(owner(home, "page", "phone", "--interface", "lo", "--json"))["link"]
    phone.open(link)
    phone.press("Use this phone")
    return str(phone.tell("document.querySelector('.compared').textContent")).split()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_phone_gets_in_discovers_and_posts_by_tapping_alone(
    phone: Tab, alice: Replica, tmp_path: Path, *, scripts: bool
) -> None:
    home = tmp_path / "home"
    with computer(alice, home):
        phone.use_scripts(on=scripts)
        words = ask_in(phone, home)
        assert " ".join(words) in owner(home, "page", "answer")
        assert "Kitchen may use your page now." in owner(home, "page", "answer", *words, "--name", "Kitchen")
        while "What waits for you" not in phone.text():
            phone.wait_for_page()
        phone.press("Discover")
        phone.press("Drill")
        phone.press("Ask for it")
        assert "Your request is on its way" in phone.text()
        phone.press("Post")
        phone.fill("title", "Fresh vegetables")
        phone.fill("category", "food")
        phone.fill("audience", "network_wide")
        if scripts:
            phone.wait_for("2 people can see it now.")
        assert phone.tell("document.documentElement.scrollWidth <= innerWidth")
        phone.press("Post it")
        assert "It is posted." in phone.text()
        manifest, wrong = phone.manifest()
        assert (manifest["name"], wrong) == ("meshnode", [])
        assert phone.complaints() == []
        assert "Fresh vegetables" in owner(home, "mine")
        phone.open(str(phone.tell("location.origin")) + "/phones")
        assert "do this on the computer itself" in phone.text().casefold()
        done = [one["act"] for one in json.loads(owner(home, "page", "phones", "--json"))["acts"]]
        assert done == ["post", "ask", "in"]


def test_a_phone_stays_in_when_the_node_starts_again_and_is_out_when_it_is_removed(
    phone: Tab, alice: Replica, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    phone.use_scripts(on=True)
    with computer(alice, home):
        owner(home, "page", "answer", *ask_in(phone, home))
        origin = str(phone.tell("location.origin"))
    with computer(alice, home):
        owner(home, "page", "phones")
        owner(home, "page", "phone", "--interface", "lo", "--json")  # its networks are looked at again at once
        phone.open(f"{origin}/mine")
        assert "Your posts" in phone.text()
        name = json.loads(owner(home, "page", "phones", "--json"))["phones"][0]["name"]
        owner(home, "page", "revoke", name)
        phone.open(f"{origin}/mine")
        assert "This phone is not let in" in phone.text()


def test_the_owner_sees_the_code_and_the_words_on_their_own_page_and_lets_the_phone_in(
    phone: Tab, alice: Replica, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    phone.use_scripts(on=True)
    with computer(alice, home), browser(tmp_path / "laptop") as laptop:
        words = ask_in(phone, home)
        laptop.open(owner(home, "open", "--link").strip())
        laptop.press("More")
        laptop.press("Phones")
        assert " ".join(words) in laptop.text()
        phone.keep_picture("words-phone")
        laptop.keep_picture("words-laptop")
        laptop.press("The words are the same: let it in")
        assert "The phone is let in." in laptop.text()
        laptop.press("Add a phone")
        assert laptop.tell("document.querySelector('.qr').naturalWidth") > 0
        assert laptop.complaints() == []
        laptop.keep_picture("link-laptop")
        while "What waits for you" not in phone.text():
            phone.wait_for_page()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_wrong_on_the_way_in(phone: Tab, alice: Replica, tmp_path: Path, *, dark: bool) -> None:
    home = tmp_path / "home"
    phone.use_scripts(on=True)
    phone.be_dark(dark=dark)
    with computer(alice, home), browser(tmp_path / "laptop") as laptop:
        laptop.resize(WIDTH, HEIGHT)
        laptop.be_dark(dark=dark)
        laptop.open(owner(home, "open", "--link").strip())
        origin = str(laptop.tell("location.origin"))
        link = json.loads(owner(home, "page", "phone", "--interface", "lo", "--tls", "--json"))["link"]
        laptop.open(f"{origin}/phones")
        assert laptop.barriers() == []
        link = json.loads(owner(home, "page", "phone", "--no-tls", "--json"))["link"]
        phone.open(link)
        assert phone.barriers() == []
        phone.press("Use this phone")
        assert phone.barriers() == []
        laptop.open(f"{origin}/phones")
        assert laptop.barriers() == []
        laptop.press("The words are the same: let it in")
        assert laptop.barriers() == []
        phone.open(link)
        assert "This link was used already" in phone.text()
        assert phone.barriers() == []
