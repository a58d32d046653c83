"""Kills real daemons in the middle of syncing thousands of records, and looks at what they still hold.

Two nodes meet over TCP on loopback: one is full, the other knows only the full one. While records move, both post and
edit, and write down what was acknowledged to them. One of them is killed at a random moment; its store is read and it is
started again, until the second node holds everything. Then two new nodes begin.
"""

from __future__ import annotations

import random
import shutil
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.daemon import Daemon, free_port, make_home, wait_until
from bench.machine import processor_seconds
from bench.village import Village, fill, node_of
from meshnode.cli.client import Client
from meshnode.errors import MeshnodeError
from meshnode.home import Home
from meshnode.store import Store
from protocol import Kind, Listing, Record, RecordId, body_of
from tests.support.people import Person

PAGE = 50  # results of a search that are read at once
POSTS = 40  # of each node: then it only edits
KILLS_TOP = 0.3  # how many of the kills hit the node that gives
LONGEST = 1.2  # seconds of the processor's for which a node runs before it is killed: about as long as the sync takes
PATIENCE = 60  # seconds by the clock after which a node is killed all the same, on a machine that does much else


@dataclass
class Kills:
    """How often nodes were killed, how often while records were moving, what was acknowledged, and what was wrong."""

    kills: int = 0
    amid: int = 0
    acknowledged: int = 0
    shown: int = 0
    """Posts of others that a killed node had shown; each is counted once a kill."""
    versions: int = 0
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.kills} kills, {self.amid} of them while records came; {self.acknowledged} posts and edits acknowledged, "
            f"{self.shown:,} posts of others shown before a kill, {self.versions:,} versions compared; {len(self.faults)} faults"
        )


class Author(threading.Thread):
    """Posts and edits on one node until that is killed, and remembers what was acknowledged: the newest text by title."""

    def __init__(self, node: KilledNode) -> None:
        super().__init__(daemon=True)
        self._node = node
        self._ended = threading.Event()

    def run(self) -> None:
        with suppress(MeshnodeError, OSError):
            while not self._ended.is_set():
                self._node.write()
                self._node.look()

    def end(self) -> None:
        """Wait until it has noticed that its node is gone."""
        self._ended.set()
        self.join()


class KilledNode:
    """One of the two nodes, over all its lives."""

    def __init__(self, person: Person, home: Home, *options: str) -> None:
        self.person = person
        self.home = home
        self.acknowledged: dict[str, int] = {}
        """The number in the newest text of each own post."""
        self.counted = 0
        self.shown: set[str] = set()
        """The titles of posts of others that a search has found."""
        self._ids: dict[str, str] = {}
        self.options = ("--no-mdns", *options)
        self._api = Client(home)
        self._next = 0
        self._pages = 1

    def start(self) -> None:
        """Start the daemon and the one who writes on it."""
        self.daemon = Daemon(self.home, *self.options)
        self._author = Author(self)
        self._author.start()

    def kill(self) -> None:
        """Kill the daemon, whatever it is doing."""
        self.daemon.kill()
        self._author.end()

    def stop_writing(self) -> None:
        """Let the daemon run, but write no longer."""
        self._author.end()

    def write(self) -> None:
        """Post, or edit what was posted; what is acknowledged is remembered when the answer is there."""
        self._next += 1
        if not self._ids or (len(self._ids) < POSTS and self._next % 2):
            title = f"Eggs {self._next}"
            view = self._api.post("/v1/listings", type="offer", title=title, text=str(self._next))
            self._ids[title] = view["id"]
        else:
            title = sorted(self._ids)[self._next % len(self._ids)]
            self._api.patch(f"/v1/listings/{self._ids[title]}", text=str(self._next))
        self.acknowledged[title] = self._next

    def look(self) -> None:
        """Ask how many records the node holds, and read a page of what others share with its owner."""
        self.counted = max(self.counted, int(self._api.get("/v1/status")["records"]))
        page = self._next % self._pages + 1
        found = self._api.get("/v1/discover", words="basket", limit=PAGE, page=page)
        self._pages = max(1, found["total"] // PAGE)
        self.shown |= {view["title"] for view in found["results"]}


class Loop:
    """Two nodes and their kills. `versions` has the record of every version that any of their devices has signed."""

    def __init__(self, village: Village, stores: Path, directory: Path, chance: random.Random, kills: Kills) -> None:
        port = str(free_port())
        top = make_home(village.top, directory / "top", stores / "full")
        newcomer = make_home(village.newcomer, directory / "newcomer", stores / "empty")
        self.giver = KilledNode(village.top, top, "--port", port)
        self.taker = KilledNode(village.newcomer, newcomer, "--peer", f"127.0.0.1:{port}")
        self._chance = chance
        self._kills = kills
        self._first, self._whole = _count(stores / "empty"), _count(stores / "full")
        self._versions: dict[tuple[Any, ...], bytes] = {}

    def run(self, most: int) -> None:
        """Kill until the second node holds everything, at most so often; then both must agree."""
        self.giver.start()
        self.taker.start()
        try:
            for number in range(most):
                self._wait()
                if number and self.taker.counted >= self._whole:
                    break  # the first kill comes all the same where the sync was faster: every round has one
                node = self.giver if self._chance.random() < KILLS_TOP else self.taker
                before = self.taker.counted
                node.kill()
                self._kills.kills += 1
                self._kills.amid += self._first < before < self._whole
                self._kills.faults += [f"{node.person.name}: {fault}" for fault in self._look(node)]
                node.start()
            self._meet()
        finally:
            for node in (self.giver, self.taker):
                node.kill()
        for node in (self.giver, self.taker):
            self._kills.faults += [f"{node.person.name}, in the end: {fault}" for fault in self._look(node)]
            self._kills.acknowledged += len(node.acknowledged)
        self._kills.versions += len(self._versions)

    def _wait(self) -> None:
        """Let the taker work for some time, or until the first records come, to kill in the middle of the others."""
        first = self._chance.random() < 0.5
        worked = processor_seconds(self.taker.daemon.pid) + LONGEST * (1 if first else self._chance.random())
        end, before = time.monotonic() + PATIENCE, self.taker.counted
        while processor_seconds(self.taker.daemon.pid) < worked and time.monotonic() < end:
            if first and self.taker.counted != before:
                return
            time.sleep(0.01)

    def _meet(self) -> None:
        """Wait until both hold the same. What they write while others sync, and while they compare, is told at once."""
        for node in (self.giver, self.taker):
            node.stop_writing()
        giver, taker = self.giver.daemon, self.taker.daemon
        wait_until(lambda: taker.records() >= self._whole and taker.records() == giver.records())

    def _look(self, node: KilledNode) -> Iterator[str]:
        """Read a copy of the store of a node that is not running, and yield what is wrong with it."""
        self._kills.shown += len(node.shown)
        with tempfile.TemporaryDirectory(prefix="meshnode-killed-") as directory:
            for file in node.home.path.glob("store.db*"):
                shutil.copy(file, directory)
            with Store.open(Path(directory) / "store.db") as store:
                yield from (f"it opens with a problem: {problem.message}" for problem in store.problems)
                sound = store._database.all("PRAGMA integrity_check")
                if sound != [("ok",)]:
                    yield f"SQLite finds {sound}"
                if store.records.forks():
                    yield "it has a proof that somebody has used a version twice"
                texts, others = self._follow(store, node)
        if not node.shown <= others:
            yield f"{len(node.shown - others)} posts of others that it has shown are gone"
        for title, number in node.acknowledged.items():
            if texts.get(title, -1) < number:
                yield f"{title!r} was acknowledged with text {number}, and has {texts.get(title)}"

    def _follow(self, store: Store, node: KilledNode) -> tuple[dict[str, int], set[str]]:
        """Compare the versions held with those seen before.

        Return the numbers in the texts of the node's own posts by title, and the titles of others' posts.
        """
        texts, others = dict[str, int](), set[str]()
        for row in store.records.rows():
            seen = self._versions.setdefault((row.author, row.kind, row.slot, row.version, row.device), row.id)
            if seen != row.id:
                self._kills.faults.append(f"version {row.version} of a register was used twice")
            body = _listing(store, row.id) if row.kind == Kind.LISTING else None
            if body is not None and row.author != node.person.id:
                others.add(body.title)
            elif body is not None and body.text.isdigit():
                texts[body.title] = int(body.text)
        return texts, others


def kill_often(kills: int, records: int, seed: int, directory: Path, done: Kills) -> None:
    """Kill so often, in as many syncs of so many records as it takes, and add to `done` what was seen."""
    chance = random.Random(seed)
    village = Village.of_listings(records)
    stores = directory / "stores"
    stores.mkdir()
    _fill(stores / "full", village.top, village.newcomer, village.everything(records))
    _fill(stores / "empty", village.newcomer, village.top, village.acquaintance())
    while done.kills < kills:
        with ExitStack() as stack:
            homes = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="round-", dir=directory)))
            Loop(village, stores, homes, chance, done).run(kills - done.kills)


def _fill(path: Path, owner: Person, source: Person, records: Iterable[Record]) -> None:
    """Make the store of `owner`, who has written their own records themselves and heard of all others from `source`."""
    every = list(records)
    with node_of(owner, path) as replica:
        own = [record for record in every if record.header.author == owner.id]
        assert len(replica.ingest.receive(own).kept) == len(own)
        fill(replica, (record for record in every if record.header.author != owner.id), source)


def _count(store: Path) -> int:
    with Store.open(store) as opened:
        return opened.records.count()


def _listing(store: Store, record_id: RecordId) -> Listing | None:
    record = store.records.get(record_id)
    body = body_of(record) if record is not None and record.body else None
    return body if isinstance(body, Listing) else None
