"""Measures what one post costs on a LAN of 32: bytes, and seconds until the last node has committed it.

Each node runs in a network namespace of its own, all on one bridge and connected with all others. A few people make
offers, several each, one after the other. Bytes are counted until nothing is carried for a while: those that come into
the bridge, with all headers and acknowledgements, and those that the connections carry. What nodes leave to the
comparison that follows ten minutes after any change is in it, and not here.
"""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from bench.harness import Bound, Report
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
AUTHORS = {"tiny": 1}
AUTHORS_USUAL = 3
POSTS_EACH = 4
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
        authors = hosts[number - AUTHORS.get(size, AUTHORS_USUAL) :]
        costs = [cost for author in authors for cost in post_some(lan, hosts, author, calm)]
    add_figures(report, number, costs)


class Cost(NamedTuple):
    """The cost of one post; `first` says whether its author had not posted since these nodes met."""

    first: bool
    bridge_bytes: int
    socket_bytes: int
    seconds: float


def post_some(lan: Lan, hosts: Sequence[Host], author: Host, calm: float) -> list[Cost]:
    """Let the author make offers, one after the other. AssertionError if one does not reach all."""
    costs = []
    with Commits({host.name: Home(host.home).store for host in hosts}) as commits:
        for post in range(POSTS_EACH):
            commits.quiet(calm)
            _rest(hosts, calm)
            bridge, sockets = lan.carried(), _carried(hosts)
            Client(Home(author.home)).post(
                "/v1/listings", type="offer", title=f"Basket {post}", category="food", audience="network_wide"
            )
            times = commits.first_of_each(WITHIN)
            if len(times) < len(hosts):
                raise AssertionError(f"offer {post} reached only {len(times)} nodes")
            seconds = max(times.values()) - times[author.name]
            sockets = _rest(hosts, calm) - sockets
            costs.append(Cost(post == 0, lan.carried() - bridge, sockets, seconds))
    return costs


def add_figures(report: Report, number: int, costs: Sequence[Cost]) -> None:
    """Add the figures for posts to so many nodes."""
    for first, whose in ((False, "a post to all"), (True, "the first post of a person to all")):
        some = [cost for cost in costs if cost.first == first]
        bound = None if first else KILOBYTES
        report.add(f"{whose} {number}, bridge", "kB", [cost.bridge_bytes / 1000 for cost in some], bound=bound)
        report.add(f"{whose} {number}, sockets", "kB", [cost.socket_bytes / 1000 for cost in some])
    seconds = [cost.seconds for cost in costs]
    report.add(f"a post to all {number}, until the last has it", "s", seconds, bound=SECONDS)


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
