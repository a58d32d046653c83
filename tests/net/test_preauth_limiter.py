"""Who may wait at the door, and who goes when it is full."""

from __future__ import annotations

from dataclasses import dataclass, field

from meshnode.net.preauth_limiter import PreauthLimiter, Waiting


@dataclass
class Door:
    """A gate, and the names of those who were sent away."""

    preauth_limiter: PreauthLimiter = field(default_factory=lambda: PreauthLimiter(places=4, places_per_address=2))
    sent_away: list[str] = field(default_factory=list)

    def enter(self, name: str, host: str) -> Waiting:
        waiting = Waiting(host, lambda: self.sent_away.append(name))
        self.preauth_limiter.enter(waiting)
        return waiting


def test_the_oldest_of_an_address_makes_room_for_its_third() -> None:
    door = Door()
    for name in ("first", "second", "third"):
        door.enter(name, "192.168.1.9")
    assert door.sent_away == ["first"]
    assert len(door.preauth_limiter) == 2


def test_the_oldest_of_all_makes_room_when_every_place_is_taken() -> None:
    door = Door()
    for number in range(5):
        door.enter(str(number), f"192.168.1.{number}")
    assert door.sent_away == ["0"]


def test_nodes_of_this_machine_share_an_address_without_using_it_up() -> None:
    door = Door()
    for host in ("127.0.0.1", "127.0.0.1", "::1", "::1"):
        door.enter(host, host)
    assert not door.sent_away


def test_loopback_too_has_no_more_than_all_the_places() -> None:
    door = Door()
    for number in range(6):
        door.enter(str(number), "127.0.0.1")
    assert len(door.preauth_limiter) == 4


def test_two_hosts_with_one_link_local_address_on_two_links_are_two_hosts() -> None:
    door = Door()
    for number, host in enumerate(("fe80::1%2", "fe80::1%2", "fe80::1%3")):
        door.enter(str(number), host)
    assert not door.sent_away


def test_who_has_proven_himself_leaves_his_place_to_others() -> None:
    door = Door()
    first = door.enter("first", "192.168.1.9")
    door.enter("second", "192.168.1.9")
    door.preauth_limiter.leave(first)
    door.enter("third", "192.168.1.9")
    assert not door.sent_away
