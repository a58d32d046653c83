"""The table of the one rule, played by real daemons: one row of each kind, by the commands that people type."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lan.conftest import MakeLan
from tests.support.conformance import SERVED, SHOWN, Row, judged
from tests.support.lan import Host
from tests.support.waiting import eventually

HOME = "52.52,13.405"
PLACES = {"inside the radius": "52.74,13.405", "outside the radius": "52.75,13.405", "farther than the viewer looks": "54.0,13.405"}  # fmt: skip
"""Where listings are, by the names of the table; the author publishes no place."""
LISTINGS = [
    *((audience, "lasting", "nowhere") for audience in ("my_cell", "my_community", "trusted_network", "network_wide")),
    *((audience, "lasting", place) for audience in ("anyone_local", "network_wide") for place in PLACES),
    ("network_wide", "expired", "inside the radius"),
]
LATER = "import time; told = time.time; time.time = lambda: told() + 7200\n"
"""Imported first by a daemon that is to run two hours ahead."""


class ThreeHosts:
    """An author with a listing of every kind, a viewer, and a person who may connect them."""

    def __init__(self, author: Host, viewer: Host, between: Host) -> None:
        self.author, self.viewer, self.between = author, viewer, between
        for audience, expiry, place in LISTINGS:
            where = ("--place", PLACES[place]) if place in PLACES else ()
            life = ("--expires", "1h") if expiry == "expired" else ()
            author.meshnode("offer", f"{audience} {expiry} {place}", "--audience", audience, *where, *life)

    def trust(self, weight: str, back: str) -> None:
        """Let author and viewer vouch for each other; 0 takes a vouch back."""
        for one, other, said in ((self.author, self.viewer, weight), (self.viewer, self.author, back)):
            one.meshnode("unvouch", other.name) if said == "0" else one.meshnode("vouch", other.name, "--trust", said)

    def gather(self, kind: str, name: str) -> None:
        """The author founds a group and invites the viewer, who joins as soon as they hear of it."""
        self.author.meshnode(kind, "new", name)
        self.author.meshnode(kind, "invite", name, self.viewer.name)
        eventually(lambda: self.viewer.ask(kind, "show")["invitations"], f"the viewer hears of {name}")
        self.viewer.meshnode(kind, "join", name)

    def is_as_in(self, connection: str, block: str = "nobody blocks", *, expired: bool = False) -> None:
        """Wait until the viewer is shown what the table says, and as much is hidden only by the viewer's own wishes."""
        rows = [Row(connection, block, audience, expiry, place) for audience, expiry, place in LISTINGS]
        outcomes = {row: judged(row if expired else row._replace(expiry="lasting")) for row in rows}
        shown = {f"{row.audience} {row.expiry} {row.place}" for row in rows if outcomes[row] == SHOWN}
        # Listings of people whom the viewer does not trust at all are carried, and no limits of the viewer's show them.
        limited = 0 if connection == "the author alone vouches" else list(outcomes.values()).count(SERVED)

        def look() -> bool:
            reply = self.viewer.ask("discover")
            return {result["title"] for result in reply["results"]} == shown and reply["hidden"] == limited

        eventually(look, f"{connection}, {block}: {sorted(shown)} and {limited} more")


@pytest.mark.promise("Discovery shows resources based on trust + visibility")
def test_daemons_do_what_the_table_says(lan: MakeLan, tmp_path: Path) -> None:
    network = lan("Author", "Viewer", "Between")
    author, viewer, between = network["Author"].init(), network["Viewer"], network["Between"]
    for host in (viewer, between):
        host.meshnode("init", "--name", host.name, "--place", HOME, "--no-input")
    author.daemon()
    between.daemon()
    viewers = viewer.daemon()
    stage = ThreeHosts(author, viewer, between)
    stage.is_as_in("strangers")
    viewer.meshnode("add", author.meshnode("card").strip())
    eventually(lambda: viewer.name in author.peers() and author.name in viewer.peers(), "they meet")
    for weight, back, connection in (
        ("0.9", "0.9", "friends"),
        ("0.5", "0.3", "just enough trust"),
        ("0.499", "0.299", "just too little trust"),
        ("0.1", "0.1", "the edge of the web"),
        ("0.9", "0", "the author alone vouches"),
        ("0.9", "0.9", "friends"),
    ):
        stage.trust(weight, back)
        stage.is_as_in(connection)
    for host, other, block in ((author, viewer, "the author blocks"), (viewer, author, "the viewer blocks")):
        host.meshnode("block", other.name)
        stage.is_as_in("friends", block)
        host.meshnode("unblock", other.name)
        stage.is_as_in("friends")
    stage.gather("cell", "Elm Street")
    stage.gather("community", "Downtown")
    stage.trust("0", "0")
    viewer.meshnode("community", "leave", "Downtown")
    stage.is_as_in("one cell")
    author.meshnode("community", "invite", "Downtown", "Viewer")
    eventually(lambda: viewer.ask("community", "show")["invitations"], "the viewer may come back")
    viewer.meshnode("community", "join", "Downtown")
    viewer.meshnode("cell", "leave", "Elm Street")
    stage.is_as_in("one community")
    viewer.meshnode("community", "leave", "Downtown")
    stage.is_as_in("strangers")
    between.meshnode("add", author.meshnode("card", "--trust", "0.7").strip(), "--trust", "0.7")
    viewer.meshnode("add", between.meshnode("card", "--trust", "0.8").strip(), "--trust", "0.8")
    stage.is_as_in("a friend of a friend")
    later = tmp_path / "later"
    later.mkdir()
    (later / "sitecustomize.py").write_text(LATER)
    viewers.stop()
    viewer.environment["PYTHONPATH"] = f"{later}:{viewer.environment['PYTHONPATH']}"
    viewer.daemon()
    stage.is_as_in("a friend of a friend", expired=True)
    author.meshnode("block", "Between")
    stage.is_as_in("a friend of a friend", "the author blocks the one between", expired=True)
