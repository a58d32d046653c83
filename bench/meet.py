"""Measures how long two people need to be connected once one of them has typed the word code that the other has said.

Two real daemons on one bridge find each other by multicast DNS alone. A figure runs from the request that carries the
typed code to its answer, which comes once both vouch for each other over a session: the time that a person waits.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from bench.harness import Bound, Report
from meshnode.cli.client import Client
from meshnode.home import Home
from tests.support.lan import Lan
from tests.support.namespaces import laboratory

WITHIN = Bound(3.0, 1.0)


def measure(report: Report) -> None:
    """Let pairs of strangers meet, one after the other."""
    lab = laboratory()
    if isinstance(lab, str):
        report.add(f"not measured: {lab}", "", [0])
        return
    names = [name for number in range(report.size.runs) for name in (f"shows{number}", f"types{number}")]
    with tempfile.TemporaryDirectory() as directory, Lan(lab, Path(directory), names) as lan:
        clients = []
        for name in names:
            lan[name].init().daemon()
            clients.append(Client(Home(lan[name].home)))
        seconds = []
        for shower, typer in zip(clients[::2], clients[1::2], strict=True):
            words = shower.post("/v1/meeting")["words"]
            begun = time.perf_counter()
            added = typer.post("/v1/meetings", words=words, wait=10.0)
            seconds.append(time.perf_counter() - begun)
            if added["state"] != "connected":
                raise AssertionError(f"two people with the right words are not connected: {added['state']}")
    report.add("from typing a word code to being connected", "s", seconds, bound=WITHIN)
