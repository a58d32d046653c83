"""Measures what nodes at rest cost on one network: how often each wakes, and how many bytes cross the bridge in a minute.

Each node runs in a network namespace of its own, all on one bridge. Everybody has used a card of one of the first two, so all
are in one web, recognize each other and keep sessions. A wake is a voluntary context switch of any thread of a node: its
processor had gone to sleep and is woken again. Bytes are those that come into the bridge from the nodes, so a packet to
all counts once.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from bench.harness import Bound, Report
from bench.neighbors import let_meet
from tests.support.lan import Host, Lan
from tests.support.namespaces import laboratory

WAKES = Bound(120, 60)
MEGABYTES = Bound(0.2, 0.1)
NODES = {"tiny": 2}  # in other sizes
NODES_USUAL = 30
CALM_SECONDS = {"tiny": 0.1}  # after that, until what they had to say to each other is said
CALM_USUAL = 60.0


def measure(report: Report) -> None:
    """Let all nodes meet, wait until they rest, and count for a while."""
    lab = laboratory()
    if isinstance(lab, str):
        report.add(f"not measured: {lab}", "", [0])
        return
    number = NODES.get(report.size.name, NODES_USUAL)
    names = [f"node{at}" for at in range(number)]
    with tempfile.TemporaryDirectory() as directory, Lan(lab, Path(directory), names) as lan:
        hosts = [lan[name] for name in names]
        let_meet(hosts)
        time.sleep(CALM_SECONDS.get(report.size.name, CALM_USUAL))
        wakes, carried = [_wakes(host) for host in hosts], lan.carried()
        time.sleep(report.size.idle_seconds)
        minutes = report.size.idle_seconds / 60
        each = [_more(before, _wakes(host)) / minutes for before, host in zip(wakes, hosts, strict=True)]
        megabytes = (lan.carried() - carried) / minutes / 1e6
    report.add(f"wakes of one of {number} nodes, a minute", "", each, bound=WAKES)
    report.add("over the bridge, a minute", "MB", [megabytes], bound=MEGABYTES)


def _wakes(host: Host) -> dict[str, int]:
    """Return how often each thread of this host's node has gone to sleep so far."""
    found = {}
    for task in Path(f"/proc/{host.running.process.pid}/task").iterdir():
        lines = (task / "status").read_text().splitlines()
        found[task.name] = next(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt_switches"))
    return found


def _more(before: dict[str, int], after: dict[str, int]) -> int:
    """Return how often the threads have gone to sleep in between; one that has ended is left out."""
    return sum(count - before.get(task, 0) for task, count in after.items())
