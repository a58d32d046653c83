"""Times a new offer on its way through ten nodes in a row, each in a network namespace of its own.

Every node knows only its two neighbors in the row and dials the next by its address. An offer is made at one end over
the local API; when it is committed at each node is seen from outside. A hop lasts from one node's commit to the next
one's: it has the sending, the checks and the disk of one node in it. All nodes share this machine's cores.
"""

from __future__ import annotations

import tempfile
import time
from itertools import pairwise
from pathlib import Path

from bench.harness import Bound, Report, percentile
from bench.watching import Commits
from meshnode.cli.client import Client
from meshnode.home import Home
from tests.support.lan import Host, Lan
from tests.support.namespaces import laboratory
from tests.support.waiting import eventually

MEDIAN = Bound(100, 20)
P99 = Bound(500, 100)
WITHIN = 10.0  # seconds that an offer may take to the last
CALM = 0.4  # seconds without a commit anywhere, before the next offer
PORT = 7000
SETTLE = 60.0


def measure(report: Report) -> None:
    """Make offers one after the other and see when each node has them."""
    place = laboratory()
    if isinstance(place, str):
        report.add(f"not measured: {place}", "", [0])
        return
    names = [f"node{number}" for number in range(report.size.nodes)]
    with tempfile.TemporaryDirectory() as directory, Lan(place, Path(directory), names, ipv6=False) as lan:
        hosts = [lan[name].init() for name in names]
        _row(hosts)
        with Commits({host.name: Home(host.home).store for host in hosts}) as commits:
            hops, whole = [], []
            for number in range(report.size.offers):
                commits.quiet(CALM)
                Client(Home(hosts[0].home)).post(
                    "/v1/listings", type="offer", title=f"Basket {number}", category="food", audience="network_wide"
                )
                times = commits.first_of_each(WITHIN)
                if len(times) < len(hosts):
                    raise AssertionError(f"offer {number} came to {len(times)} nodes only")
                row = [times[host.name] for host in hosts]
                hops += [1000 * (later - earlier) for earlier, later in pairwise(row)]
                whole.append(1000 * (row[-1] - row[0]))
    report.add("a hop, median", "ms", hops, bound=MEDIAN)
    report.add("a hop, p99", "ms", [percentile(hops, 99)], bound=P99)
    report.add(f"to all {len(hosts)}, median", "ms", whole)
    report.add(f"to all {len(hosts)}, p99", "ms", [percentile(whole, 99)])


def _row(hosts: list[Host]) -> None:
    """Start them and let each vouch for the next, and the next for it."""
    for number, host in enumerate(hosts):
        peer = ("--peer", f"10.77.0.{number + 2}:{PORT}") if number + 1 < len(hosts) else ()
        host.daemon("--no-mdns", "--port", str(PORT), *peer)
    for host, following in pairwise(hosts):
        host.meshnode("add", following.meshnode("card").strip(), "--trust", "0.95")
    for number, host in enumerate(hosts):
        neighbors = (number > 0) + (number + 1 < len(hosts))
        eventually(lambda: len(host.peers()) == neighbors, f"{host.name} meets its neighbors", within=SETTLE)  # noqa: B023
    time.sleep(CALM)
