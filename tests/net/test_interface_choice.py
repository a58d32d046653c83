"""Which interfaces of a machine are used and in which order: tables of machines, and properties over all of them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshnode.net.interface_kinds import LOOPBACK_FLAG, InterfaceKind, kinds_of
from meshnode.net.interfaces import Interfaces, LocalAddress, chosen
from meshnode.net.kernel_links import KernelLink
from tests.net.test_interfaces import at

LO = KernelLink(1, "lo", hardware_type=772, flags=LOOPBACK_FLAG)
LAN, CABLE, VIRTUAL, TUNNEL, LOOPBACK = InterfaceKind

# What an interface is: how the kernel describes it, among which others, and its kind.
KINDS: dict[str, tuple[KernelLink, tuple[KernelLink, ...], InterfaceKind]] = {
    "loopback": (LO, (), LOOPBACK),
    "a network card": (KernelLink(2, "enp3s0", hardware=True), (), LAN),
    "a card with a docker-like name": (KernelLink(2, "docker0", hardware=True), (), LAN),
    "a cellular modem": (KernelLink(2, "wwan0", "wwan", hardware=True, hardware_type=65534), (), LAN),
    "a port of a switch chip": (KernelLink(2, "lan1", "dsa"), (), LAN),
    "a card on a kernel that names no hardware": (KernelLink(2, "eth0"), (LO,), LAN),
    "a driver of a hypervisor beside a card": (KernelLink(2, "vboxnet0"), (KernelLink(3, "eth0", hardware=True),), CABLE),
    "a VLAN of a card": (KernelLink(2, "eth0.7", "vlan", lower=3), (KernelLink(3, "eth0", hardware=True),), LAN),
    "a VLAN of a VLAN of a card": (
        KernelLink(2, "eth0.7.8", "vlan", lower=3),
        (KernelLink(3, "eth0.7", "vlan", lower=4), KernelLink(4, "eth0", hardware=True)),
        LAN,
    ),
    "a VLAN of a bridge for containers": (
        KernelLink(2, "docker0.7", "vlan", lower=3), (KernelLink(3, "docker0", "bridge"),), VIRTUAL,
    ),
    "a VLAN whose card is in another namespace": (KernelLink(2, "eth0", "macvlan", lower=3, elsewhere=True), (), CABLE),
    "a VLAN of something unknown": (KernelLink(2, "eth0.7", "vlan", lower=9), (), CABLE),
    "VLANs in a circle": (KernelLink(2, "a", "vlan", lower=3), (KernelLink(3, "b", "vlan", lower=2),), CABLE),
    "a bond": (KernelLink(2, "bond0", "bond"), (KernelLink(3, "eth0", hardware=True, master=2),), LAN),
    "a bridge with a card": (KernelLink(2, "br0", "bridge"), (KernelLink(3, "eth0", hardware=True, master=2),), LAN),
    "a bridge with a bond": (KernelLink(2, "br0", "bridge"), (KernelLink(3, "bond0", "bond", master=2),), LAN),
    "a bridge with a VLAN of a card": (
        KernelLink(2, "br0", "bridge"),
        (KernelLink(3, "eth0.7", "vlan", lower=4, master=2), KernelLink(4, "eth0", hardware=True)),
        LAN,
    ),
    "a bridge with containers": (KernelLink(2, "br-0af", "bridge"), (KernelLink(3, "veth1", "veth", master=2),), VIRTUAL),
    "a bridge with virtual machines": (KernelLink(2, "virbr0", "bridge"), (KernelLink(3, "vnet0", "tun", master=2),), VIRTUAL),
    "an empty bridge": (KernelLink(2, "docker0", "bridge"), (), VIRTUAL),
    "a dummy": (KernelLink(2, "kube-ipvs0", "dummy"), (), VIRTUAL),
    "the cable of a container": (KernelLink(2, "eth0", "veth", lower=2, elsewhere=True), (), CABLE),
    "a kind of the future": (KernelLink(2, "new0", "quantum"), (), CABLE),
    "WireGuard": (KernelLink(2, "home", "wireguard", hardware_type=65534), (), TUNNEL),
    "tailscale, OpenVPN, a tap": (KernelLink(2, "eth1", "tun"), (), TUNNEL),
    "a VLAN of a tunnel": (KernelLink(2, "v", "vlan", lower=3), (KernelLink(3, "tap0", "tun"),), TUNNEL),
    "PPP on an old kernel": (KernelLink(2, "ppp0", hardware_type=512), (KernelLink(3, "eth0", hardware=True),), TUNNEL),
    "6to4": (KernelLink(2, "sit0", "sit", hardware_type=776), (), TUNNEL),
    "an overlay of a cluster": (KernelLink(2, "flannel.1", "vxlan"), (), TUNNEL),
}  # fmt: skip


@pytest.mark.parametrize("case", KINDS)
def test_the_kind_of_an_interface_comes_from_the_kernel_and_not_from_its_name(case: str) -> None:
    link, others, expected = KINDS[case]
    beside = (KernelLink(8, "card", hardware=True),) if not link.hardware and LO not in others else ()
    assert kinds_of((link, *others, *beside))[link.index] is expected


@dataclass(frozen=True)
class Machine:
    """Interfaces by name with their kinds and addresses, and those with a default route."""

    interfaces: dict[str, tuple[InterfaceKind, str]]
    routes: tuple[str, ...] = ()

    def chosen(self, *patterns: str, order: Sequence[str] | None = None) -> Interfaces:
        """Return the choice, with the interfaces listed in this order."""
        names = list(order if order is not None else self.interfaces)
        addresses = [
            at(name, self.interfaces[name][1], index) for index, name in enumerate(names, 2) if self.interfaces[name][1]
        ]
        kinds = {name: kind for name, (kind, _) in self.interfaces.items()}
        return chosen([*addresses, at("lo", "127.0.0.1", 1)], {**kinds, "lo": LOOPBACK}, self.routes, patterns)

    def used(self, *patterns: str) -> list[str]:
        """The names of the interfaces in use, best first, without loopback."""
        return [link.id.name for link in self.chosen(*patterns).links if link.id.name != "lo"]


DOCKERS = {f"br-{number:012x}": (VIRTUAL, f"172.{18 + number}.0.1/16") for number in range(8)}
PI = Machine({"docker0": (VIRTUAL, "172.17.0.1/16"), **DOCKERS, "wlan0": (LAN, "192.168.1.2/24")}, routes=("wlan0",))
LAPTOP = Machine(
    {"eth0": (LAN, "10.0.0.2/24"), "tailscale0": (TUNNEL, "100.64.0.9/32"), "wlan0": (LAN, "192.168.1.3/24")},
    routes=("wlan0", "eth0"),
)
# A machine, the patterns of its owner, what it uses, and what is left out without the owner's word.
MACHINES: dict[str, tuple[Machine, tuple[str, ...], list[str], set[str]]] = {
    "nine docker networks beside Wi-Fi": (PI, (), ["wlan0"], {"docker0", *DOCKERS}),
    "all of them by choice": (PI, ("*",), ["wlan0", *sorted(DOCKERS), "docker0"], set()),
    "one more by choice": (PI, ("wlan0", "docker0"), ["wlan0", "docker0"], set()),
    "all but some": (PI, ("*", "!br-*"), ["wlan0", "docker0"], set()),
    "exclusions alone": (PI, ("!docker*",), ["wlan0"], set(DOCKERS)),
    "no network card at all": (PI, ("!wlan0",), [], {"docker0", *DOCKERS}),
    "two cards and a VPN": (LAPTOP, (), ["wlan0", "eth0"], {"tailscale0"}),
    "only the VPN, by choice": (LAPTOP, ("tail*",), ["tailscale0"], set()),
    "any one letter": (LAPTOP, ("?lan0",), ["wlan0"], set()),
    "a VPN with the default route": (
        Machine({"wlan0": (LAN, "192.168.1.3/24"), "tun0": (TUNNEL, "10.8.0.2/24")}, routes=("tun0",)),
        (), ["wlan0"], {"tun0"},
    ),
    "a laptop without a network": (
        Machine({"wlan0": (LAN, ""), "docker0": (VIRTUAL, "172.17.0.1/16")}), (), [], {"docker0"},
    ),
    "a container on two networks": (
        Machine({"eth0": (CABLE, "172.18.0.2/16"), "eth1": (CABLE, "172.19.0.2/16")}, routes=("eth1",)),
        (), ["eth1", "eth0"], set(),
    ),
    "a container with containers": (
        Machine({"eth0": (CABLE, "172.18.0.2/16"), "docker0": (VIRTUAL, "172.17.0.1/16")}, routes=("eth0",)),
        (), ["eth0"], {"docker0"},
    ),
    "a bridge with the default route beside a card": (
        Machine({"br0": (VIRTUAL, "192.168.1.4/24"), "eth0": (LAN, "10.0.0.4/24")}, routes=("br0",)),
        (), ["br0", "eth0"], set(),
    ),
    "nothing but a tunnel": (Machine({"tun0": (TUNNEL, "10.8.0.2/24")}), (), ["tun0"], set()),
    "nothing": (Machine({}), (), [], set()),
    "a name that does not exist": (PI, ("eth9",), [], set()),
}  # fmt: skip


@pytest.mark.parametrize("case", MACHINES)
def test_a_machine_uses_its_real_networks_or_what_its_owner_says(case: str) -> None:
    machine, patterns, expected, left_out = MACHINES[case]
    assert machine.used(*patterns) == expected
    assert set(machine.chosen(*patterns).names_left_out) == left_out


def test_what_an_owner_named_and_is_not_there_is_said() -> None:
    offline = Machine({"wlan0": (LAN, "")})
    assert PI.chosen("eth9", "wlan0", "!docker0").missing == ("eth9",)
    assert offline.chosen("wlan0").missing == ("wlan0",)
    assert offline.chosen("wlan0").present == ("lo", "wlan0")


NAMES = ("eth0", "wlan0", "docker0", "br-1", "wg0", "veth1")
machines = st.builds(
    lambda kinds, addressed, routes: Machine(
        {
            name: (kind, f"10.{number}.0.1/24" if has else "")
            for number, (name, kind, has) in enumerate(zip(NAMES, kinds, addressed, strict=True))
        },
        tuple(routes),
    ),
    st.lists(st.sampled_from([LAN, CABLE, VIRTUAL, TUNNEL]), min_size=len(NAMES), max_size=len(NAMES)),
    st.lists(st.booleans(), min_size=len(NAMES), max_size=len(NAMES)),
    st.lists(st.sampled_from(NAMES), unique=True, max_size=3),
)


@given(machines, st.permutations(NAMES))
def test_the_order_in_which_interfaces_appear_changes_nothing(machine: Machine, order: list[str]) -> None:
    """The indexes differ, and nothing else."""

    def plain(found: Interfaces) -> list[tuple[str, bytes]]:
        return [(address.interface, address.packed) for address in found.addresses]

    assert plain(machine.chosen(order=order)) == plain(machine.chosen())


@given(machines)
def test_real_networks_are_always_used_and_always_come_before_others(machine: Machine) -> None:
    found = machine.chosen()
    kinds = {name: kind for name, (kind, _) in machine.interfaces.items()}
    cards = {name for name, (kind, address) in machine.interfaces.items() if kind is LAN and address}
    used = [link.id.name for link in found.links if link.id.name != "lo"]
    assert cards <= set(used)
    plain = [name for name in used if name not in machine.routes]
    assert all(kinds[one] <= kinds[other] for one, other in itertools.pairwise(plain))
    if LAN in kinds.values():
        assert not any(kinds[name] is TUNNEL for name in used)


@given(machines, st.lists(st.sampled_from([*NAMES, "*", "e*", "!docker*", "!eth0", "!*"]), max_size=4))
def test_every_address_is_used_left_out_or_excluded_by_the_owner(machine: Machine, patterns: list[str]) -> None:
    found = machine.chosen(*patterns)
    everything = {address.interface for address in machine.chosen("*").addresses}
    used = {address.interface for address in found.addresses}
    assert not used & set(found.names_left_out)
    assert "lo" in used
    if not patterns:
        assert used | set(found.names_left_out) == everything
    if any(not one.startswith("!") for one in patterns):
        assert not found.left_out


def test_a_card_carries_the_address_of_the_real_network_first() -> None:
    for patterns in ((), ("*",)):
        assert PI.chosen(*patterns).for_others()[0].host == "192.168.1.2"


def test_routable_addresses_of_every_network_go_before_link_local_ones() -> None:
    addresses: list[LocalAddress] = [
        at("wlan0", "fe80::1"),
        at("wlan0", "192.168.1.2/24"),
        at("eth0", "10.0.0.1/24", 3),
    ]
    found = chosen(addresses, {"wlan0": LAN, "eth0": LAN}, ("wlan0",), ())
    assert [address.host for address in found.for_others()] == ["192.168.1.2", "10.0.0.1", "fe80::1%2"]
