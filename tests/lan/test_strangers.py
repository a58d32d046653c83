"""A stranger on the same network can see that a node is there, and nothing else."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path

import pytest

from tests.lan.conftest import MakeLan, need
from tests.support.waiting import eventually

# Sends what it is given and prints in hex all that comes back until the other side ends it.
PROBE = """
import socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=20) as probe:
    probe.sendall(bytes.fromhex(sys.argv[3]))
    answer = b""
    try:
        while data := probe.recv(4096):
            answer += data
    except ConnectionResetError:
        pass
    print(answer.hex() or "nothing")
"""

# Floods the network with announcements of our service type, made without any key.
FLOOD = """
import os, socket, struct, sys
def name(text): return b"".join(bytes([len(part)]) + part.encode() for part in text.split(".")) + b"\\0"
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
out.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(sys.argv[1]))
def record(owner, kind, data): return owner + struct.pack("!HHIH", kind, 1, 120, len(data)) + data
def strings(*parts): return b"".join(bytes([len(part)]) + part for part in parts)
for _ in range(int(sys.argv[2])):
    label = os.urandom(5).hex()
    instance, host = name(label + "._meshnode._tcp.local"), name(label + ".local")
    text = strings(b"v=1", b"n=" + os.urandom(16), b"t=" + os.urandom(204), b"4=" + socket.inet_aton(sys.argv[1]))
    answers = [
        record(name("_meshnode._tcp.local"), 12, instance),
        record(instance, 33, struct.pack("!HHH", 0, 0, 7000) + host),
        record(instance, 16, text),
        record(host, 1, socket.inet_aton(sys.argv[1])),
    ]
    packet = struct.pack("!HHHHHH", 0, 0x8400, 0, len(answers), 0, 0) + b"".join(answers)
    out.sendto(packet, ("224.0.0.251", 5353))
# Names that point to themselves and to each other (RFC 1035, 4.1.4).
for loop in (b"\\xc0\\x0c", b"\\x01a\\xc0\\x0e\\xc0\\x0c", b"\\x3f" + b"a" * 63 + b"\\xc0\\x0c"):
    out.sendto(struct.pack("!HHHHHH", 0, 0x8400, 0, 1, 0, 0) + loop + struct.pack("!HHIH", 12, 1, 120, 2) + b"\\xc0\\x0c",
               ("224.0.0.251", 5353))
"""

AVAHI = """
[server]
host-name=stranger
use-ipv4=yes
use-ipv6=yes
allow-interfaces=eth0
enable-dbus=yes
[wide-area]
enable-wide-area=no
[publish]
publish-hinfo=no
publish-workstation=no
[rlimits]
"""

# Runs avahi with a system bus of its own and prints what it finds of our service type.
BROWSE = """
set -e
mount -t tmpfs none /run
mkdir -p /run/dbus /run/avahi-daemon
chown avahi:avahi /run/avahi-daemon
dbus-daemon --system --nofork --nopidfile & bus=$!
trap 'kill $browser $bus 2>/dev/null' EXIT
until [ -S /run/dbus/system_bus_socket ]; do sleep 0.05; done
avahi-daemon -f "$1" --no-rlimits >&2 & browser=$!
for _ in $(seq 100); do
    found=$(avahi-browse -prt _meshnode._tcp 2>/dev/null | grep '^=' || true)
    [ -z "$found" ] || break
    sleep 0.2
done
printf '%s\\n' "$found"
"""


@pytest.mark.promise("SHALL NOT expose people to those with no trust connection")
def test_a_stranger_gets_not_one_byte_from_the_port(lan: MakeLan) -> None:
    network = lan("Alice", "Mallory")
    port = str(network["Alice"].init().daemon().ready()["port"])
    for sent in ("", "00" * 66, "47455420 2f20485454502f312e310d0a0d0a", "ff" * 4096):
        assert network["Mallory"].python(PROBE, "10.77.0.1", port, sent).strip() == "nothing"


def test_a_flood_of_announcements_keeps_no_contact_from_being_found(lan: MakeLan) -> None:
    network = lan("Alice", "Bob", "Mallory")
    alice, bob = network["Alice"].init(), network["Bob"].init()
    alices = alice.daemon()
    network["Mallory"].python(FLOOD, "10.77.0.3", "5000")
    bob.daemon()
    alice.meshnode("offer", "Apples", "--audience", "network_wide")
    bob.meshnode("add", alice.meshnode("card").strip())
    network["Mallory"].python(FLOOD, "10.77.0.3", "5000")
    eventually(lambda: bob.finds("Apples"), "the offer crosses")
    assert alices.process.poll() is None


def test_another_stack_sees_announcements_that_name_nobody(lan: MakeLan, tmp_path: Path) -> None:
    need(["avahi-daemon", "avahi-browse", "dbus-daemon"], "avahi-daemon, avahi-utils and dbus")
    if os.geteuid() != 0:
        pytest.skip("avahi and dbus do not start in a user namespace")
    network = lan("Alice", "Stranger")
    alice = network["Alice"].init()
    alice.daemon()
    person = alice.ask("status")["person"]["id"]
    alice.meshnode("card")
    settings = tmp_path / "avahi.conf"
    settings.write_text(AVAHI)
    browsed = network["Stranger"].namespace.run("unshare", "-m", "sh", "-c", BROWSE, "sh", str(settings), timeout=60.0)
    seen = browsed.stdout.splitlines()
    assert seen
    for line in seen:
        # interface, protocol, instance, type, domain, host, address, port, text (avahi-browse(1), --parsable)
        _, _, _, instance, kind, _, host, _, _, text = line.split(";", 9)
        assert kind == "_meshnode._tcp"
        assert re.fullmatch(r"[a-z2-7]{13}", instance)
        assert re.fullmatch(r"[a-z2-7]{13}\.local", host)
        assert '"v=1"' in text
        # A whole word: a machine with a short name may find it in random letters.
        assert platform.node().lower() not in re.split(r"[^a-z0-9-]+", line.lower())
        for secret in ("alice", person[3:15]):
            assert secret not in line.lower()
