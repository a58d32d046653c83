"""Measures searches among listings that are all visible, by calling the use-case directly, without HTTP."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench.harness import Bound, Report, percentile, timed
from bench.village import Village, node_of, village_store
from meshnode.app.catalog.catalog import Catalog
from meshnode.app.discover.discover import DiscoverQuery, discover
from meshnode.slices import complete

ROUNDS = 10
P95 = Bound(100, 15)
SEARCHES = {
    "everything": DiscoverQuery(),
    "a category": DiscoverQuery(category="food"),
    "one word": DiscoverQuery(words="vegetables"),
    "two words, few matches": DiscoverQuery(words="fresh 777"),
    "no match": DiscoverQuery(words="bicycle"),
    "trust and distance": DiscoverQuery(trust=0.5, within=10),
}


def measure(report: Report) -> None:
    """Read all listings once, then search for different things."""
    village = Village.of_listings(report.size.many)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "store.db"
        village_store(village, path, village.everything(report.size.many))
        with node_of(village.newcomer, path) as replica:
            catalog = Catalog(replica)
            with timed() as timing:
                catalog.catch_up()
            name = f"{report.size.many:,} listings"
            report.add(f"{name}: read all, once", "s", [timing.seconds])
            samples: list[float] = []
            for words, search in SEARCHES.items():
                times = []
                for _ in range(ROUNDS):
                    with timed() as timing:
                        complete(discover(replica, catalog, search))
                    times.append(1000 * timing.seconds)
                report.add(f"{name}: {words}", "ms", times)
                samples += times
            report.add(f"{name}: all searches, p95", "ms", [percentile(samples, 95)], bound=P95)
