"""A node with fewer sessions than contacts serves them in turn, over a real network."""

from __future__ import annotations

from functools import partial

from tests.lan.conftest import MakeLan
from tests.support.lan import Host
from tests.support.waiting import eventually

GUESTS = ("Alice", "Bob", "Carol")
SOON = 40.0  # seconds: the shortest turn is five, and a machine of a test may be slow


def is_trusted(guest: Host) -> bool:
    """Whether nothing that this person has added waits for another node."""
    return not guest.ask("status")["pending"]


def test_three_contacts_of_a_node_with_two_sessions_are_all_served_and_its_post_reaches_them(lan: MakeLan) -> None:
    network = lan("Pi", *GUESTS, ipv6=False)
    pi = network["Pi"].init()
    (pi.home / "config.toml").write_text("sessions = 2\n")
    pi.daemon()
    guests = [network[name].init() for name in GUESTS]
    for guest in guests:
        guest.daemon()
        guest.meshnode("add", pi.meshnode("card").strip())
    for guest in guests:
        eventually(partial(is_trusted, guest), f"{guest.name} has had a turn", within=SOON)
    assert len(pi.ask("peers")["peers"]) <= 2
    pi.meshnode("offer", "Soup", "--audience", "network_wide")
    for guest in guests:
        eventually(partial(guest.finds, "Soup"), f"{guest.name} sees the offer", within=SOON)
