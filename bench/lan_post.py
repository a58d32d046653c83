"""Measures what one post costs on a LAN of 32: bytes at all sockets, and seconds until the last node has committed it.

Each node runs in a network namespace of its own, all on one bridge and connected with all others. Offers are made one
after the other, each by another node. Bytes are those that the connections between nodes carry, without the headers of
TCP and IP, counted until nothing has been carried for a while: what is said about a post later is not in them, and is
part of the comparison that follows ten minutes after any change.
"""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.harness import Bound, Report, percentile
from bench.neighbors import let_meet
from bench.watching import Commits
from meshnode.cli.client import Client
from meshnode.home import Home
from tests.support.lan import Host, Lan
from tests.support.namespaces import laboratory

KILOBYTES = Bound(80, 40)
SECONDS = Bound(1.0, 0.3)
NODES = {"tiny": 2}  # in other sizes
NODES_USUAL = 32
POSTS = {"tiny": 1}
POSTS_USUAL = 12
WITHIN = 30.0  # seconds that an offer may take to the last node
CALM = {"tiny": 0.2}  # seconds without a commit anywhere, or without a byte, before the next offer
CALM_USUAL = 3.0
AT_LEAST = 20  # bytes of a frame: fewer were not carried


def measure(report: Report) -> None:
    """Let all nodes meet, and make offers one after the other."""
    lab = laboratory()
    if isinstance(lab, str):
        report.add(f"not measured: {lab}", "", [0])
        return
    size = report.size.name
    number, calm = NODES.get(size, NODES_USUAL), CALM.get(size, CALM_USUAL)
    names = [f"node{at}" for at in range(number)]
    with tempfile.TemporaryDirectory() as directory, Lan(lab, Path(directory), names) as lan:
        hosts = [lan[name] for name in names]
        let_meet(hosts)
        kilobytes, seconds = [], []
        with Commits({host.name: Home(host.home).store for host in hosts}) as commits:
            for post in range(POSTS.get(size, POSTS_USUAL)):
                commits.quiet(calm)
                before = _rest(hosts, calm)
                author = hosts[post % number]
                Client(Home(author.home)).post(
                    "/v1/listings", type="offer", title=f"Basket {post}", category="food", audience="network_wide"
                )
                times = commits.first_of_each(WITHIN)
                if len(times) < number:
                    raise AssertionError(f"offer {post} reached only {len(times)} nodes")
                seconds.append(max(times.values()) - times[author.name])
                kilobytes.append((_rest(hosts, calm) - before) / 1000)
    report.add(f"one post to all {number}, at the sockets", "kB", kilobytes, bound=KILOBYTES)
    report.add(f"one post to all {number}, until the last has it: median", "s", seconds, bound=SECONDS)
    report.add(f"one post to all {number}, until the last has it: most", "s", [percentile(seconds, 100)])


def _rest(hosts: Sequence[Host], calm: float) -> int:
    """Wait until the connections carry nothing, and return how many bytes they have carried."""
    carried = _carried(hosts)
    while True:
        time.sleep(calm)
        before, carried = carried, _carried(hosts)
        if carried < before + AT_LEAST:
            return carried


def _carried(hosts: Sequence[Host]) -> int:
    """Return how many bytes have come over the connections that are open between these hosts."""
    shown = (host.namespace.run("ss", "-tinH", "state", "established").stdout for host in hosts)
    return sum(int(number) for text in shown for number in re.findall(r"bytes_received:(\d+)", text))
