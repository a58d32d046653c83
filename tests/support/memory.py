"""Fills each cap on what others may store to the full, in a process of its own, and prints what memory that takes.

A cap in bytes on the wire says little about memory: a listing of 250 bytes with a place of its own takes up ten times
that. So the store counts an estimate of resident bytes for each record (`StoreUsage.resident`), and this script compares
the estimate with what the process takes up. Each process may have 512 MiB of data.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from itertools import count, islice
from pathlib import Path
from random import Random

from meshnode.app.catalog.catalog import Catalog
from meshnode.app.discover.discover import DiscoverQuery, discover
from meshnode.app.owner import policy
from meshnode.replica.replica import Replica
from meshnode.slices import complete
from meshnode.store import Store
from protocol import Audience, Record
from tests.support.network import replica_of
from tests.support.people import NOW, Person

PROCESS_BYTES = 512 * 1024 * 1024
MEMORY_MAX = 300  # MiB: what a node takes up at most, whatever others store in it
DAEMON_MEMORY = 30  # MiB that a daemon has beside what this process loads: network, page, local API
MEBIBYTE = 1024 * 1024
BATCH = 500
HUB = Person("Hub")
AUTHORS = 900  # as many as one person vouches for, beside the owner
FULL_AFTER = 4  # batches in a row of which nothing is taken


def authors() -> list[Person]:
    return [Person(f"author {number}") for number in range(AUTHORS)]


def web(owner: bytes, people: list[Person]) -> list[Record]:
    """Return the records of Hub, for whom the owner vouches, and of people for whom Hub does."""
    hub = HUB.policy({owner: 900, **dict.fromkeys(people, 900)}, now=NOW)
    own = [record for one in people for record in (one.certificate(NOW), one.policy({HUB: 900}, now=NOW))]
    return [HUB.certificate(NOW), hub, *own]


def listings(owner: bytes) -> Iterator[Record]:
    """Yield the web, and listings without end."""
    people = authors()
    yield from web(owner, people)
    for number in count():
        yield people[number % AUTHORS].listing(f"Post {number}", now=NOW, audience=Audience.NETWORK_WIDE)


def placed(owner: bytes) -> Iterator[Record]:
    """Yield the web, and listings each with a place of its own."""
    import h3

    people, chance = authors(), Random(8)
    yield from web(owner, people)
    for number in count():
        cell = h3.latlng_to_cell(chance.uniform(-80, 80), chance.uniform(-180, 180), 8)
        one = people[number % AUTHORS]
        yield one.listing(f"Post {number}", now=NOW, audience=Audience.NETWORK_WIDE, place=cell)


def words(owner: bytes) -> Iterator[Record]:
    """Yield the web, and listings of which each has hundreds of words that nobody has used."""
    people = authors()
    yield from web(owner, people)
    for number in range(1200):
        text = " ".join(f"w{number * 400 + word:x}" for word in range(250))
        yield people[number % AUTHORS].listing(f"Post {number}", now=NOW, audience=Audience.NETWORK_WIDE, text=text)


def vouches(owner: bytes) -> Iterator[Record]:
    """Yield the web, and policies with 900 vouches each."""
    people = authors()
    yield from web(owner, people)
    for number in range(AUTHORS):
        given: dict[Person | bytes, int] = {HUB: 900, **{one: 500 for one in people if one != people[number]}}
        yield people[number].policy(given, now=NOW, version=2)


def people_behind(owner: bytes) -> Iterator[Record]:
    """Yield the web, and behind each of its people others with certificates and profiles, without end."""
    people = authors()
    yield from web(owner, people)
    for number, one in enumerate(people):
        behind = [Person(f"{one.name} {other}") for other in range(30)]
        yield one.policy({HUB: 900, **dict.fromkeys(behind, 900)}, now=NOW, version=2)
        for other in behind:
            yield other.certificate(NOW)
            yield other.policy({one: 900}, now=NOW)
            yield other.profile(NOW, name=f"Name {number}")


CASES: dict[str, Callable[[bytes], Iterator[Record]]] = {
    "listings": listings,
    "listings with places": placed,
    "listings with new words": words,
    "vouches": vouches,
    "people": people_behind,
}


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def rss() -> float:
    """Return the resident memory of this process in MiB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / MEBIBYTE


def fill(replica: Replica, records: Iterator[Record], most: int) -> None:
    """Let Hub bring records, `most` at most, until no more of them are taken."""
    in_vain, records = 0, islice(records, most)
    while batch := list(islice(records, BATCH)):
        taken = replica.ingest.receive(batch, HUB.id, more=True).kept
        in_vain = 0 if taken else in_vain + 1
        if in_vain == FULL_AFTER:
            break
    replica.ingest.receive([], HUB.id)


def measure(case: str, most: int) -> None:
    """Fill one cap in this process, and print a line of the table."""
    resource.setrlimit(resource.RLIMIT_DATA, (PROCESS_BYTES, PROCESS_BYTES))
    with tempfile.TemporaryDirectory() as directory, Store.open(Path(directory) / "store.db") as store:
        replica = replica_of("Owner", store)
        policy.vouch(replica, HUB.id, 900)
        before = rss()
        fill(replica, CASES[case](replica.me), most)
        catalog = Catalog(replica)
        deque(catalog.preparing(), maxlen=0)
        begun = time.monotonic()
        complete(discover(replica, catalog, DiscoverQuery(words="post")))
        first = time.monotonic() - begun
        use = replica.quota.others()
        say(
            f"| {case} | {use.records:,} | {use.size / MEBIBYTE:.0f} | {use.resident / MEBIBYTE:.0f} |"
            f" {rss() - before:.0f} | {rss():.0f} | {first:.2f} |"
        )
        if rss() + DAEMON_MEMORY > MEMORY_MAX:
            sys.exit(f"{case}: more than {MEMORY_MAX} MiB")


def main() -> None:
    """Run each case in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, prog="scripts/memory")
    parser.add_argument("--case", choices=CASES, action="append", help="only this one")
    parser.add_argument("--most", type=int, default=10**7, help="offer at most so many records")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.here:
        measure(chosen.case[0], chosen.most)
        return
    say("| filled with | records | MiB on the wire | MiB estimated | MiB grown | MiB of the process | s of a search |")
    say("|---|---|---|---|---|---|---|")
    failed = 0
    for case in chosen.case or CASES:
        again = [sys.executable, "-m", "tests.support.memory", "--here", "--case", case, "--most", str(chosen.most)]
        failed |= subprocess.run(again, check=False).returncode
    sys.exit(failed)


if __name__ == "__main__":
    main()
