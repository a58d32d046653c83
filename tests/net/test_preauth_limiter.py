"""Which connections may be open unproven, and which is ended when there are too many."""

from __future__ import annotations

from dataclasses import dataclass, field

from meshnode.net.preauth_limiter import PreauthConnection, PreauthLimiter


@dataclass
class Limited:
    """A limiter, and the names of the connections that it evicted."""

    limiter: PreauthLimiter = field(default_factory=lambda: PreauthLimiter(slots=4, slots_per_address=2))
    evicted: list[str] = field(default_factory=list)

    def add(self, name: str, host: str, *, in_progress: bool = False) -> PreauthConnection:
        connection = PreauthConnection(host, lambda: self.evicted.append(name), lambda: in_progress)
        self.limiter.add(connection)
        return connection


def test_the_oldest_of_an_address_makes_room_for_its_third() -> None:
    limited = Limited()
    for name in ("first", "second", "third"):
        limited.add(name, "192.168.1.9")
    assert limited.evicted == ["first"]
    assert len(limited.limiter) == 2


def test_the_oldest_of_all_makes_room_when_every_slot_is_taken() -> None:
    limited = Limited()
    for number in range(5):
        limited.add(str(number), f"192.168.1.{number}")
    assert limited.evicted == ["0"]


def test_nodes_of_this_machine_share_an_address_without_using_it_up() -> None:
    limited = Limited()
    for host in ("127.0.0.1", "127.0.0.1", "::1", "::1"):
        limited.add(host, host)
    assert not limited.evicted


def test_loopback_too_has_at_most_all_the_slots() -> None:
    limited = Limited()
    for number in range(6):
        limited.add(str(number), "127.0.0.1")
    assert len(limited.limiter) == 4


def test_two_hosts_with_one_link_local_address_on_two_links_are_two_hosts() -> None:
    limited = Limited()
    for number, host in enumerate(("fe80::1%2", "fe80::1%2", "fe80::1%3")):
        limited.add(str(number), host)
    assert not limited.evicted


def test_a_connection_that_has_proven_itself_frees_its_slot() -> None:
    limited = Limited()
    first = limited.add("first", "192.168.1.9")
    limited.add("second", "192.168.1.9")
    limited.limiter.remove(first)
    limited.add("third", "192.168.1.9")
    assert not limited.evicted


def test_a_caller_who_waits_for_this_node_stays_and_the_oldest_silent_one_goes() -> None:
    limited = Limited()
    for number in range(4):
        limited.add(str(number), f"192.168.1.{number}", in_progress=number < 2)
    limited.add("new", "192.168.1.9")
    assert limited.evicted == ["2"]


def test_when_all_wait_for_this_node_the_first_are_answered_and_the_new_one_is_turned_away() -> None:
    limited = Limited()
    for number in range(4):
        limited.add(str(number), f"192.168.1.{number}", in_progress=True)
    limited.add("new", "192.168.1.9")
    assert limited.evicted == ["new"]
    assert len(limited.limiter) == 4


def test_one_address_gets_no_third_slot_though_its_first_two_are_in_progress() -> None:
    limited = Limited()
    for name in ("first", "second", "third"):
        limited.add(name, "192.168.1.9", in_progress=True)
    assert limited.evicted == ["third"]
