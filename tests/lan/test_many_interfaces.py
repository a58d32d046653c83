"""Machines with many interfaces: cables, bridges for containers, tunnels; and what each network hears of the others."""

from __future__ import annotations

import signal

import pytest

from tests.lan.conftest import MakeLan
from tests.support.lan import Host
from tests.support.waiting import eventually

CABLES = 25
GROUP = "224.0.0.251"

# Prints which of the given addresses occur in what is heard by multicast DNS within some seconds, and in the answers to
# a question that is sent from another port and so is answered directly (RFC 6762, section 6.7).
LISTEN = """
import socket, struct, sys, time
own, seconds, wanted = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
heard = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
heard.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
heard.bind(("224.0.0.251", 5353))
heard.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton("224.0.0.251") + socket.inet_aton(own))
asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
asking.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(own))
question = struct.pack("!HHHHHH", 7, 0, 1, 0, 0, 0)
question += b"".join(bytes([len(part)]) + part for part in (b"_meshnode", b"_tcp", b"local")) + bytes(1) + struct.pack("!HH", 12, 1)
end, found = time.monotonic() + seconds, set()
while time.monotonic() < end:
    asking.sendto(question, ("224.0.0.251", 5353))
    for one in (heard, asking):
        one.settimeout(0.2)
        try:
            while True:
                data = one.recv(9000)
                found |= {text for text in wanted if socket.inet_aton(text) in data}
        except TimeoutError:
            pass
print(" ".join(sorted(found)))
"""


def add_bridge(host: Host, name: str, address: str) -> None:
    """Give the host a bridge without ports, as programs that run containers do."""
    run = host.namespace.run
    run("ip", "link", "add", name, "type", "bridge")
    run("ip", "addr", "add", address, "dev", name)
    run("ip", "link", "set", name, "up")


def addresses(host: Host) -> list[str]:
    """Return at which IPv4 addresses the node says that it is reached, without ports."""
    return [address.rpartition(":")[0] for address in host.ask("status")["addresses"] if "[" not in address]


def test_a_machine_with_many_networks_for_containers_is_met_at_its_real_address(lan: MakeLan) -> None:
    network = lan("Alice", "Bob", ipv6=False)
    alice, bob = network["Alice"].init(), network["Bob"].init()
    for number in range(9):
        add_bridge(bob, f"br-{number}", f"172.{17 + number}.0.1/16")
    bob.daemon("--no-mdns")
    alice.daemon("--no-mdns")
    assert addresses(bob) == ["10.77.0.2"]
    assert bob.ask("card")["addresses"] == ["10.77.0.2:4747"]
    assert bob.ask("status")["left_out"] == [f"br-{number}" for number in range(9)]
    assert "br-0" in bob.meshnode("status")
    alice.meshnode("add", bob.meshnode("card").strip())
    eventually(lambda: "Bob" in alice.peers(), "they meet")


def test_patterns_choose_and_exclude_interfaces(lan: MakeLan) -> None:
    alice = lan("Alice", ipv6=False)["Alice"].init()
    add_bridge(alice, "docker0", "172.17.0.1/16")
    add_bridge(alice, "br-1", "172.18.0.1/16")
    for options, expected in (
        (("--interface", "*"), ["10.77.0.1", "172.18.0.1", "172.17.0.1"]),
        (("--interface", "*", "--interface", "!docker*"), ["10.77.0.1", "172.18.0.1"]),
        (("--interface", "docker?"), ["172.17.0.1"]),
        (("--interface", "!br-*"), ["10.77.0.1"]),
    ):
        daemon = alice.daemon(*options)
        assert addresses(alice) == expected, options
        daemon.stop()


def test_a_network_hears_nothing_of_the_others_whichever_way_it_asks(lan: MakeLan) -> None:
    network = lan("Alice", "Stranger", ipv6=False)
    alice, stranger = network["Alice"].init(), network["Stranger"]
    add_bridge(alice, "docker0", "172.17.0.1/16")
    add_bridge(alice, "vpn0", "100.101.102.103/32")
    alice.daemon("--interface", "*")
    eventually(lambda: alice.ask("status")["announcing"], "Alice is announced")
    heard = stranger.python(LISTEN, "10.77.0.2", "4", "10.77.0.1", "172.17.0.1", "100.101.102.103", "127.0.0.1")
    assert heard.split() == ["10.77.0.1"]


def test_no_interface_is_deaf_however_many_there_are(lan: MakeLan) -> None:
    """More cables than one socket may have memberships; the neighbor is on the last, and has moved since they met."""
    network = lan("Alice", "Bob", ipv6=False)
    alice, bob = network["Alice"].init(), network["Bob"].init()
    alice.namespace.run("sysctl", "-qw", "net.ipv4.igmp_max_memberships=20")
    for number in range(1, CABLES + 1):
        add_cable(alice, f"a{number:02}", f"10.78.{number}.1/24")
    alice.daemon()
    bobs = bob.daemon()
    alice.meshnode("add", bob.meshnode("card").strip())
    eventually(lambda: "Bob" in alice.peers(), "they meet")
    listening = alice.namespace.run("ip", "-4", "maddr", "show").stdout.count(GROUP)
    assert listening == CABLES + 2  # with eth0 and loopback
    assert not [one for one in alice.ask("status")["problems"] if one["code"] == "mdns_deaf"]
    bobs.stop(signal.SIGKILL)
    bob.namespace.run("ip", "addr", "flush", "dev", "eth0")
    bob.namespace.run("ip", "addr", "add", "10.77.0.77/24", "brd", "+", "dev", "eth0")
    bob.daemon("--port", "4800")
    eventually(lambda: "Bob" in alice.peers(), "they meet again", within=40.0)


def add_cable(host: Host, name: str, address: str) -> None:
    """Give the host a further cable, which leads nowhere."""
    run = host.namespace.run
    run("ip", "link", "add", name, "type", "veth", "peer", "name", f"{name}-end")
    run("ip", "addr", "add", address, "brd", "+", "dev", name)
    run("ip", "link", "set", f"{name}-end", "up")
    run("ip", "link", "set", name, "up")


def test_an_interface_made_again_under_its_name_with_its_address_is_heard_on(lan: MakeLan) -> None:
    network = lan("Alice", "Bob", ipv6=False)
    alice, bob = network["Alice"].init(), network["Bob"].init()
    alice.daemon()
    alice.namespace.run("ip", "link", "del", "eth0")
    network.plug_in("Alice")
    bob.daemon()
    bob.meshnode("offer", "Bread", "--audience", "network_wide")
    # Alice has a card without any address that works: only multicast DNS on the new interface can help.
    card = bob.meshnode("card").strip()
    bob.namespace.run("ip", "addr", "flush", "dev", "eth0")
    bob.namespace.run("ip", "addr", "add", "10.77.0.99/24", "brd", "+", "dev", "eth0")
    alice.meshnode("add", card)
    eventually(lambda: alice.finds("Bread"), "they meet")


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT])
def test_every_signal_that_ends_a_node_lets_it_say_goodbye(lan: MakeLan, number: signal.Signals) -> None:
    network = lan("Alice", "Bob", ipv6=False)
    alice, bob = network["Alice"].init(), network["Bob"].init()
    alices, bobs = alice.daemon(), bob.daemon()
    bob.meshnode("add", alice.meshnode("card").strip())
    eventually(lambda: "Alice" in bob.peers(), "they meet")
    assert alices.stop(number) == 0
    ended = eventually(lambda: bobs.log("link ended"), "Bob's link ends")
    assert ended[-1]["code"] == "closing"
    assert not list(alice.home.glob("*-wal"))


def test_an_interface_that_is_not_there_is_named_at_the_start_with_those_that_are(lan: MakeLan) -> None:
    alice = lan("Alice")["Alice"].init()
    alice.daemon("--interface", "eth9")
    [problem] = alice.ask("status")["problems"]
    assert problem["code"] == "no_interface"
    assert problem["message"] == "There is no network interface eth9"
    assert "eth0" in problem["hint"]


def test_an_interface_on_which_no_group_can_be_joined_is_named_until_it_works_again(lan: MakeLan) -> None:
    alice = lan("Alice", ipv6=False)["Alice"].init()
    alice.namespace.run("sysctl", "-qw", "net.ipv4.igmp_max_memberships=0")
    alice.daemon()

    def deaf() -> list[str]:
        return [one["message"] for one in alice.ask("status")["problems"] if one["code"] == "mdns_deaf"]

    eventually(deaf, "status names the interfaces", within=40.0)
    assert "eth0" in deaf()[0]
    alice.namespace.run("sysctl", "-qw", "net.ipv4.igmp_max_memberships=20")
    eventually(lambda: not deaf(), "it works again", within=20.0)
    assert alice.ask("status")["announcing"]
