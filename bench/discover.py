"""Searching what others offer, of which all is visible: the use-case itself, without HTTP around it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench.harness import Bound, Report, percentile, timed
from bench.village import Village, node_of, village_store
from meshnode.app.catalog.catalog import Catalogue
from meshnode.app.discover.discover import Search, discover

ROUNDS = 10
P95 = Bound(100, 15)
SEARCHES = {
    "everything": Search(),
    "a category": Search(category="food"),
    "one word": Search(words="vegetables"),
    "two words, few matches": Search(words="fresh 777"),
    "no match": Search(words="bicycle"),
    "trust and distance": Search(trust=0.5, within=10),
}


def measure(report: Report) -> None:
    """Read all listings once, then ask for this and that."""
    village = Village.of_listings(report.size.many)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "store.db"
        village_store(village, path, village.everything(report.size.many))
        with node_of(village.newcomer, path) as replica:
            catalogue = Catalogue(replica)
            with timed() as timing:
                catalogue.catch_up()
            name = f"{report.size.many:,} listings"
            report.add(f"{name}: read all, once", "s", [timing.seconds])
            samples: list[float] = []
            for words, search in SEARCHES.items():
                times = []
                for _ in range(ROUNDS):
                    with timed() as timing:
                        discover(replica, catalogue, search)
                    times.append(1000 * timing.seconds)
                report.add(f"{name}: {words}", "ms", times)
                samples += times
            report.add(f"{name}: all searches, p95", "ms", [percentile(samples, 95)], bound=P95)
