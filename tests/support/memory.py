"""Fills each cap on what others may store to the full, and measures a real daemon that may take up 512 MiB meanwhile.

A cap in bytes on the wire says little about memory: a vouch of 38 bytes is held in several tables. So the store counts an
estimate of resident bytes for each record (`StoreUsage.resident`), and this script compares the estimate with what the
daemon takes up. It also says which command takes longest, the first search after the start apart.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

from bench.daemon import PROGRAM, Daemon, free_port, make_home
from bench.village import node_of
from meshnode.app.owner import policy
from meshnode.app.owner.certificates import write_first_records
from meshnode.app.owner.places import Coordinates
from meshnode.replica.replica import Replica
from meshnode.replica.served_set import ServedSet
from meshnode.store.photos import Named
from protocol import Audience, Precision, Preference, Record
from protocol.session import Phase
from tests.support.attacks import ATTACKS, CALLS, GUESTS, HOME, HUB, NOW, Call, photos_here
from tests.support.callers import Held, Way, calling
from tests.support.people import Person

PROCESS_KIBIBYTES = 512 * 1024
MEMORY_MAX = 300  # MiB: what a node takes up at most, whatever others store in it
MEBIBYTE = 1024 * 1024
BATCH = 500
SHOWN = 10_000  # records that each guest shows beside those that the daemon holds
PHOTOS_A_COMMIT = 20
CALLING_SECONDS = 240.0
FULL_AFTER = 4  # batches in a row of which nothing is taken
OWNER = Person("Owner")
# All of this by `ulimit`, so that it holds from the daemon's first allocation on.
LIMITED = ["sh", "-c", f'ulimit -d {PROCESS_KIBIBYTES}; exec "$@"', "sh", *PROGRAM]

EVERYTHING = {"trust": 0.1, "anywhere": "true"}
COMMANDS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("/v1/discover", {}),
    ("/v1/discover", EVERYTHING),
    ("/v1/discover", {"words": "post 7"}),
    ("/v1/discover", {"sort": "near", "page": 20, **EVERYTHING}),
    ("/v1/news", {}),
    ("/v1/watches", {}),
    ("/v1/status", {}),
    ("/v1/people", {}),
    ("/v1/people", {"all": "true"}),
    ("/v1/peers", {}),
    ("/v1/inbox", {}),
    ("/v1/listings", {}),
    ("/v1/blocks", {}),
    ("/v1/doctor", {}),
)
SAVED = ({"words": "bicycle", "within": 7}, {"words": "ladder", "trust": 0.4}, {"words": "saw", "anywhere": True})
"""Saved searches with limits of their own: each has its own answers of the rule."""


class Filled(NamedTuple):
    """What others have stored: the number of records, their bytes on the wire, and the bytes estimated in memory."""

    records: int
    wire: int
    resident: int


class Measured(NamedTuple):
    """What a daemon took up, in bytes, at the end and at most, and for how long commands took, in seconds."""

    resident: int
    most: int
    first_search: float
    slowest: float
    which: str


def fill(replica: Replica, records: Iterator[Record], most: int) -> None:
    """Let Hub bring records, `most` at most, until no more of them are taken."""
    in_vain, records = 0, islice(records, most)
    while batch := list(islice(records, BATCH)):
        taken = replica.ingest.receive(batch, HUB.id, more=True).kept
        in_vain = 0 if taken else in_vain + 1
        if in_vain == FULL_AFTER:
            break
    replica.ingest.receive([], HUB.id)


def fill_photos(replica: Replica, named: Sequence[Named]) -> None:
    """Have the node keep these photos, until there is no room for any of an author's."""
    left = iter(named)
    while portion := list(islice(left, PHOTOS_A_COMMIT)):
        with replica.transaction():
            for one in portion:
                data = random.Random(one.hash).randbytes(one.size)
                if replica.photos.keep(one, data, NOW):
                    replica.store.photos.note_checked(one.hash, data)


def filled_store(attack: str, path: Path, most: int, shown: int) -> tuple[Filled, Held]:
    """Make the owner's store at `path`, and let the attacker fill it; return what guests hold who call then."""
    call = CALLS.get(attack)
    with node_of(OWNER, path) as replica:
        preference = Preference(Audience.TRUSTED_NETWORK, Precision.NEIGHBORHOOD, 25, 0)
        write_first_records(replica, name="Owner", place=Coordinates(*HOME), preference=preference)
        policy.vouch(replica, HUB.id, 900)
        for guest in GUESTS if call is not None else ():
            policy.vouch(replica, guest.id, 900)
        replica.ingest.receive([guest.certificate(NOW) for guest in GUESTS if call is not None])
        records = ATTACKS[attack if call is None else call.filled_with](replica.me)
        fill(replica, records, most)
        fill_photos(replica, photos_here(attack, most))
        use = replica.quota.others()
        held = Held(Way.REST) if call is None else _held(replica, call, islice(records, shown))
        return Filled(use.records, use.size, use.resident), held


def _held(replica: Replica, call: Call, records: Iterator[Record]) -> Held:
    """Return what guests hold who call in this way; they show what there was no room for."""
    if call.way is Way.SHOW:
        found = {record.id: record for record in records}
        return Held(call.way, (), [(one.header.created, one.id) for one in found.values()], found)
    if call.way is Way.STALL:
        return Held(call.way)
    served = ServedSet(replica.store, replica.access, replica.clock, replica.me, GUESTS[0].id)
    return Held(call.way, served.items(Phase.GRAPH), served.items(Phase.CONTENT))


def measured(daemon: Daemon) -> Measured:
    """Call the daemon as its owner does."""
    first, slowest, which = _seconds(daemon, "/v1/discover", {}), 0.0, ""
    for search in SAVED:
        daemon.api.post("/v1/watches", **search)
    for path, query in COMMANDS:
        seconds = _seconds(daemon, path, query)
        if seconds > slowest:
            slowest, which = seconds, f"{path}?{urlencode(query)}" if query else path
    return Measured(_memory(daemon, "VmRSS"), _memory(daemon, "VmHWM"), first, slowest, which)


def _seconds(daemon: Daemon, path: str, query: dict[str, Any]) -> float:
    begun = time.monotonic()
    daemon.api.get(path, **query)
    return time.monotonic() - begun


def _memory(daemon: Daemon, name: str) -> int:
    lines = Path(f"/proc/{daemon.pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) * 1024


def attacked(attack: str, directory: Path, most: int, shown: int = SHOWN) -> tuple[Filled, Measured]:
    """Fill a store, and measure a daemon with it; callers show so many records beside."""
    store = directory / "filled.db"
    filled, held = filled_store(attack, store, most, shown)
    home = make_home(OWNER, directory / "home", store)
    store.unlink()
    port = free_port()
    with Daemon(home, "--no-mdns", "--port", str(port), program=LIMITED) as daemon:
        if attack not in CALLS:
            return filled, measured(daemon)
        with calling(GUESTS, OWNER, port, NOW, held, CALLING_SECONDS) as sessions:
            found = measured(daemon)
        if sessions < len(GUESTS) // 2 and held.way is Way.REST:
            raise AssertionError(f"{sessions} sessions are left")
        return filled, found


def _line(attack: str, filled: Filled, found: Measured) -> str:
    sizes = [filled.wire, filled.resident, found.resident, found.most]
    figures = [f"{filled.records:,}", *(f"{size / MEBIBYTE:.0f}" for size in sizes)]
    seconds = f"{found.first_search:.2f}", f"{found.slowest:.2f} {found.which}"
    return f"| {' | '.join((attack, *figures, *seconds))} |\n"


HEAD = """\
| filled with | records | MiB on the wire | MiB estimated | MiB of the daemon | at most | s of the first search | slowest command, s |
|---|---|---|---|---|---|---|---|
"""


def _measure(attack: str, most: int) -> None:
    """Print the line of one attack. Exits with an error where the daemon takes up too much."""
    with tempfile.TemporaryDirectory() as directory:
        filled, found = attacked(attack, Path(directory), most)
    sys.stdout.write(_line(attack, filled, found))
    if found.most > MEMORY_MAX * MEBIBYTE:
        sys.exit(f"{attack}: more than {MEMORY_MAX} MiB")


def main() -> None:
    """Make each attack in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, prog="scripts/memory")
    parser.add_argument("--attack", choices=[*ATTACKS, *CALLS], action="append", help="only this one")
    parser.add_argument("--most", type=int, default=10**7, help="offer at most so many records")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.here:
        _measure(chosen.attack[0], chosen.most)
        return
    sys.stdout.write(HEAD)
    sys.stdout.flush()
    failed = 0
    for attack in chosen.attack or [*ATTACKS, *CALLS]:
        again = [sys.executable, "-m", "tests.support.memory", "--here", "--attack", attack, "--most", str(chosen.most)]
        failed |= subprocess.run(again, check=False, env=os.environ).returncode
    sys.exit(failed)


if __name__ == "__main__":
    main()
