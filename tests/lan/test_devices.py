"""One person's two machines on a local network: added by announcements alone, and found again after a change of address."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

from protocol.tokens import DeviceCode
from tests.lan.conftest import MakeLan
from tests.support.lan import Host
from tests.support.waiting import eventually


def words_of_what_waits(shower: Host) -> str | None:
    """Return the words of the machine that has used the code of this one; None while there is none."""
    with suppress(AssertionError):
        words: str = shower.ask("device", "confirm")["words"]
        return words
    return None


def said(host: Host) -> list[tuple[str, str]]:
    """Return what was said in the exchanges that a machine shows, each with the state of its exchange."""
    found = host.ask("exchanges")["exchanges"]
    return [(one["state"], message["text"]) for one in found for message in one["messages"]]


WORDS = [("agreed", "May I?"), ("agreed", "Gladly.")]


def test_a_second_machine_is_added_and_found_by_announcements_alone(lan: MakeLan) -> None:
    network = lan("Laptop", "Pi", "Bob")
    laptop, pi, bob = network["Laptop"].init(), network["Pi"], network["Bob"].init()
    at_home = laptop.daemon()
    bob.daemon()
    bob.meshnode("add", laptop.meshnode("card").strip())
    bob.meshnode("offer", "Ladder")
    eventually(lambda: laptop.finds("Ladder"), "the laptop finds what Bob offers")
    exchange = laptop.ask("respond", "Ladder", "--message", "May I?")["exchange"]
    eventually(lambda: bob.ask("inbox")["exchanges"], "Bob reads the request")
    bob.meshnode("accept", exchange, "--message", "Gladly.")
    eventually(lambda: said(laptop) == WORDS, "the laptop has the answer")
    shown = laptop.meshnode("device", "add", "--name", "Pi").strip()
    nowhere = replace(DeviceCode.parse(shown), addresses=()).to_text()  # the laptop's addresses have changed since
    with ThreadPoolExecutor() as threads:
        joining = threads.submit(pi.meshnode, "device", "join", nowhere)
        waiting = eventually(lambda: words_of_what_waits(laptop), "the laptop knows the words of the Pi")
        laptop.meshnode("device", "confirm", *waiting.split())
        joining.result()
    pi.daemon()
    eventually(lambda: said(pi) == WORDS, "the Pi knows what was said before it was there")
    pi.meshnode("offer", "Saw")
    eventually(lambda: bob.finds("Saw"), "Bob finds what the Pi offers")
    assert at_home.stop() == 0
    laptop.daemon("--port", "7654")  # neither knows the other's address now
    eventually(lambda: laptop.ask("device", "list")["devices"][1]["connected"], "the laptop and the Pi meet again")
    laptop.meshnode("offer", "Drill")
    eventually(lambda: len(pi.ask("mine")["listings"]) == 2, "the Pi has both offers")
    laptop.meshnode("device", "revoke", "Pi", "--discard")
    eventually(lambda: bob.finds("Saw") is None, "what the Pi offered is void for Bob")
    eventually(lambda: pi.ask("status")["problems"], "the Pi knows that it was revoked")
    assert pi.meshnode("offer", "Hammer", code=5) == ""
    assert bob.finds("Drill") is not None
