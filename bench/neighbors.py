"""Lets daemons meet on one bridge, each in a network namespace of its own, for the measures of a LAN.

Everybody has used a card of one of the first two, so all are in one web, recognize each other and keep sessions.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat

from protocol import limits
from tests.support.lan import Host
from tests.support.waiting import eventually

SETTLE = 300.0  # seconds within which all are connected
AT_ONCE = 2  # commands that are run at the same time


def let_meet(hosts: Sequence[Host], *options: str) -> None:
    """Make the nodes and let everybody use a card of one of the first two; then wait until all have met all."""
    for host in hosts:
        host.init().daemon(*options)  # not in a thread of a pool: a daemon ends with the thread that has started it
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for giver, takers in ((hosts[0], hosts[1 : limits.GUESTS_A_DAY]), (hosts[1], hosts[limits.GUESTS_A_DAY :])):
            card = giver.meshnode("card", "--uses", str(limits.GUESTS_A_DAY)).strip()
            list(pool.map(Host.meshnode, takers, repeat("add"), repeat(card)))
    for host in hosts:
        eventually(lambda: len(_met(host)) == len(hosts) - 1, f"{host.name} meets all", within=SETTLE)  # noqa: B023


def _met(host: Host) -> set[str]:
    """Return the people whom the node of this host has met so far, as its log names them."""
    return {line["peer"] for line in host.running.log("met")}
