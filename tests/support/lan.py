"""A local network for tests: real daemons on machines of their own, joined by a switch, without a way to anywhere else.

The switch can be cut into parts and healed. No machine notices a cut by its own interface, which is what makes healing
hard. There is no default route anywhere.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from tests.support.namespaces import Laboratory, Namespace
from tests.support.waiting import eventually

PROJECT = Path(__file__).resolve().parents[2]
STOP_SECONDS = 5.0


class Daemon:
    """A running node. It is stopped with its host at the latest."""

    def __init__(self, host: Host, *options: str) -> None:
        self.log_path = host.home.with_suffix(".log")
        self._log_begin = self.log_path.stat().st_size if self.log_path.exists() else 0
        with self.log_path.open("ab") as log:
            self.process = host.namespace.start(
                *host.words("run", "--no-input", *options),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                cwd=PROJECT,
                env=host.environment,
            )

    def log(self, event: str | None = None) -> list[dict[str, Any]]:
        """Return the lines it has logged since it was started, or those of them called `event`."""
        with self.log_path.open("rb") as log:
            log.seek(self._log_begin)
            lines = log.read().splitlines(keepends=True)
        events = [json.loads(line) for line in lines if line.startswith(b"{") and line.endswith(b"}\n")]
        return [line for line in events if event in (None, line["event"])]

    def ready(self) -> dict[str, Any]:
        """Wait until it can be reached, and return the line that says so."""

        def look() -> list[dict[str, Any]]:
            assert self.process.poll() is None, f"the daemon ended: {self.log_path.read_text()[-2000:]}"
            return self.log("ready")

        return eventually(look, f"{self.log_path.name} says ready")[0]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Stop it by a signal and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS)


class Host:
    """One machine: its namespace, its node's home, and the command line on it."""

    def __init__(self, laboratory: Laboratory, name: str, directory: Path) -> None:
        self.name = name
        self.home = directory / name
        self.namespace = Namespace(laboratory)
        self.environment = {**os.environ, "PYTHONPATH": str(PROJECT), "MESHNODE_HOME": "", "NO_COLOR": "1"}
        self._daemons: list[Daemon] = []
        self.namespace.run("ip", "link", "set", "lo", "up")

    def words(self, *words: str) -> list[str]:
        """Return the command line of the program with this host's home."""
        return [sys.executable, "-m", "meshnode", "--home", str(self.home), *words]

    def meshnode(self, *words: str, code: int = 0) -> str:
        """Return what the command prints; AssertionError unless it ends with `code`."""
        done = self.namespace.run(*self.words(*words), check=False, cwd=PROJECT, env=self.environment)
        assert done.returncode == code, f"{self.name}: meshnode {' '.join(words)}: {done.returncode} {done.stderr}"
        return done.stdout

    def ask(self, *words: str) -> Any:
        """Return what the command prints with --json."""
        return json.loads(self.meshnode(*words, "--json"))

    def init(self) -> Self:
        """Make a node, named as the host is."""
        self.meshnode("init", "--name", self.name, "--no-input")
        return self

    def daemon(self, *options: str) -> Daemon:
        """Start the node and wait until it is ready."""
        daemon = Daemon(self, *options)
        self._daemons.append(daemon)
        daemon.ready()
        return daemon

    def python(self, code: str, *arguments: str) -> str:
        """Return what this piece of Python prints, run on this machine."""
        return self.namespace.run(sys.executable, "-c", code, *arguments).stdout

    def peers(self) -> set[str]:
        """Return the names of the people it is connected to, settled sessions only."""
        return {peer["name"] for peer in self.ask("peers")["peers"] if peer["live"]}

    def finds(self, title: str) -> dict[str, Any] | None:
        """Return the listing with this title, as `discover` shows it; None while it is not there."""
        found = [result for result in self.ask("discover")["results"] if result["title"] == title]
        return found[0] if found else None

    def link(self, state: str) -> None:
        """Set its interface up or down."""
        self.namespace.run("ip", "link", "set", "eth0", state)

    def lose(self, percent: int) -> None:
        """Lose that share of what comes in from the network."""
        rule = f"add rule inet lossy in iifname eth0 numgen random mod 100 < {percent} drop"
        self.namespace.run("nft", "add table inet lossy")
        self.namespace.run("nft", "add chain inet lossy in { type filter hook input priority 0 ; }")
        self.namespace.run("nft", rule)

    def drop(self, *passing: str) -> None:
        """Drop what comes in unasked, apart from what these rules of nft let pass. Loopback and answers always pass."""
        self.namespace.run("nft", "add table inet closed")
        self.namespace.run("nft", "add chain inet closed in { type filter hook input priority 0 ; policy drop ; }")
        for rule in ("iif lo accept", "ct state established,related accept", "ip6 nexthdr icmpv6 accept", *passing):
            self.namespace.run("nft", f"add rule inet closed in {rule}")

    def open(self, line: str) -> None:
        """Type the line that the doctor has named, as root."""
        self.namespace.run("sh", "-c", line.removeprefix("sudo "))

    def findings(self, *person: str) -> dict[str, dict[str, Any]]:
        """Return what the doctor finds, by code."""
        return {found["code"]: found for found in self.ask("doctor", *person)["findings"]}

    @property
    def running(self) -> Daemon:
        """The daemon that was started last."""
        return self._daemons[-1]

    def close(self) -> None:
        """Stop what runs here and let the machine go."""
        for daemon in self._daemons:
            daemon.stop(signal.SIGKILL)
        self.namespace.close()


class Lan:
    """Hosts on one switch. `ipv4` and `ipv6` say which addresses they get; IPv6 is link-local alone."""

    def __init__(
        self,
        laboratory: Laboratory,
        directory: Path,
        names: Sequence[str],
        *,
        ipv4: bool = True,
        ipv6: bool = True,
        plugged: bool = True,
    ) -> None:
        self._stack = ExitStack()
        self._ipv4, self._ipv6 = ipv4, ipv6
        self._switch = Namespace(laboratory)
        self._stack.callback(self._switch.close)
        self._hosts: dict[str, Host] = {}
        try:
            self._bridge("br0")
            for name in names:
                self._add(Host(laboratory, name, directory))
            if plugged:
                for name in names:
                    self.plug_in(name)
        except BaseException:
            self._stack.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def __getitem__(self, name: str) -> Host:
        return self._hosts[name]

    def plug_in(self, name: str) -> None:
        """Give the host its interface, eth0, and addresses that work at once."""
        host = self._hosts[name]
        number = list(self._hosts).index(name) + 1
        port, run = self._port(name), host.namespace.run
        self._switch.run(
            "ip", "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", str(host.namespace.pid)
        )
        self._switch.run("ip", "link", "set", port, "master", "br0", "up")
        run(
            "sysctl", "-qw", "net.ipv6.conf.eth0.accept_dad=0", f"net.ipv6.conf.eth0.disable_ipv6={int(not self._ipv6)}"
        )
        if self._ipv4:
            run("ip", "addr", "add", f"10.77.0.{number}/24", "brd", "+", "dev", "eth0")
        run("ip", "link", "set", "eth0", "up")
        if self._ipv6:
            look = ("ip", "-6", "addr", "show", "dev", "eth0", "scope", "link", "-tentative")
            eventually(lambda: "fe80" in run(*look).stdout, f"{name} has a link-local address")

    def join(self, name: str, part: int) -> None:
        """Plug the host into that part of the switch too, by a second interface with a link-local IPv6 address alone."""
        run, port = self._hosts[name].namespace.run, f"mx{list(self._hosts).index(name) + 1}"
        holder = str(self._hosts[name].namespace.pid)
        self._switch.run("ip", "link", "add", port, "type", "veth", "peer", "name", "eth1", "netns", holder)
        self._switch.run("ip", "link", "set", port, "master", f"br{part}", "up")
        run("sysctl", "-qw", "net.ipv6.conf.eth1.accept_dad=0")
        run("ip", "link", "set", "eth1", "up")
        look = ("ip", "-6", "addr", "show", "dev", "eth1", "scope", "link", "-tentative")
        eventually(lambda: "fe80" in run(*look).stdout, f"{name} has a second address")

    def part(self, *groups: Sequence[str]) -> None:
        """Cut the switch into parts; the hosts that are not named form a part of their own."""
        for number, group in enumerate(groups, 1):
            self._bridge(f"br{number}")
            for name in group:
                self._switch.run("ip", "link", "set", self._port(name), "master", f"br{number}")

    def heal(self) -> None:
        """Join everybody again."""
        for name in self._hosts:
            self._switch.run("ip", "link", "set", self._port(name), "master", "br0")

    def carried(self) -> int:
        """Return how many bytes the hosts have sent into the switch so far; a packet to all counts once."""
        ports = json.loads(self._switch.run("ip", "-s", "-j", "link").stdout)
        return sum(int(port["stats64"]["rx"]["bytes"]) for port in ports if port["ifname"].startswith("mn"))

    def _add(self, host: Host) -> None:
        self._hosts[host.name] = host
        self._stack.callback(host.close)

    def _bridge(self, name: str) -> None:
        if self._switch.run("ip", "link", "show", name, check=False).returncode == 0:
            return
        options = ("mcast_snooping", "0", "stp_state", "0", "forward_delay", "0")
        self._switch.run("ip", "link", "add", name, "type", "bridge", *options)
        self._switch.run("ip", "link", "set", name, "up")

    def _port(self, name: str) -> str:
        return f"mn{list(self._hosts).index(name) + 1}"
