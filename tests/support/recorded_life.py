"""Lets a node live for a while on a disk that is recorded, in a process of its own, and says what it has acknowledged."""

from __future__ import annotations

import os
import random
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from meshnode.replica import authoring
from meshnode.replica.replica import Replica
from meshnode.store import Store, database, watermark
from protocol import Kind, Listing, Record
from protocol.limits import DAY
from tests.support.clock import FakeClock
from tests.support.people import Person, grown
from tests.support.recorded_disk import DiskRecorder, RecordedSystem, Step, recorded_run, write_steps

ALICE, BOB = Person("Alice"), Person("Bob")
WAL_PAGES = 24  # instead of thousands, so that the write-ahead log goes into the database many times in a short life
WAL_BYTES = 64 * 1024
BATCH = (5, 60)  # records that come together
LIFE_SECONDS = 600
LIVE = "import sys; from tests.support.recorded_life import main; main(*sys.argv[1:])"

Register = tuple[Any, ...]


@dataclass(frozen=True)
class Promise:
    """What the node has told somebody: that it has this version, whole or only its header."""

    register: Register
    version: int
    id: bytes
    whole: bool

    @property
    def own(self) -> bool:
        """Whether the node has signed it itself."""
        return bool(self.register[0] == ALICE.id)


@dataclass(frozen=True)
class Begun:
    """Records that are about to be committed together."""

    ids: tuple[bytes, ...]


class Life:
    """Alice's node on a recorded disk, with records from Bob. It says what it has committed, as a node acknowledges."""

    def __init__(self, path: Path, steps: list[Step], seed: int) -> None:
        self.chance = random.Random(seed)
        self.steps = steps
        self._path = path
        self._titles: list[str] = []
        self._from_bob: dict[str, int] = {}
        self._open()
        for person in (ALICE, BOB):
            other = BOB if person is ALICE else ALICE
            source = None if person is ALICE else BOB
            self._receive([person.certificate(), person.policy({other: 900}), person.profile()], source)

    def live(self, rounds: int) -> None:
        """Let so many things happen."""
        acts = (self._post, self._edit, self._withdraw, self._hear, self._hear, self._hear_news, self._tidy)
        for _ in range(rounds):
            self.chance.choice(acts)()
        self._store.close()

    def _open(self) -> None:
        self._store = Store.open(self._path)
        self._replica = replica_of(self._store)

    def _post(self) -> None:
        self._titles.append(f"Apples {len(self._titles)}")
        self._write(self._titles[-1])

    def _edit(self) -> None:
        if self._titles:
            self._write(self.chance.choice(self._titles))

    def _write(self, title: str) -> None:
        self._say([write(self._replica, title)])

    def _withdraw(self) -> None:
        if self._titles:
            title = self._titles.pop(self.chance.randrange(len(self._titles)))
            self._say([authoring.withdraw(self._replica, Kind.LISTING, slot_of(title))])

    def _hear(self) -> None:
        begin = len(self._from_bob)
        titles = [f"Pears {number}" for number in range(begin, begin + self.chance.randint(*BATCH))]
        self._from_bob |= dict.fromkeys(titles, 1)
        self._receive([BOB.listing(title) for title in titles])

    def _hear_news(self) -> None:
        titles = self.chance.sample(sorted(self._from_bob), min(len(self._from_bob), self.chance.randint(*BATCH)))
        for title in titles:
            self._from_bob[title] += 1
        self._receive([BOB.listing(title, version=self._from_bob[title]) for title in titles])

    def _tidy(self) -> None:
        """Empty the write-ahead log, as upkeep does, or stop and start again."""
        if self.chance.random() < 0.5:
            self._store.erase()
            return
        self._store.close()
        self._open()

    def _receive(self, records: list[Record], source: Person | None = BOB) -> None:
        self._note(Begun(tuple(record.id for record in records)))
        outcome = self._replica.ingest.receive(records, source.id if source else None)
        assert len(outcome.kept) == len(records)
        self._say(records)

    def _say(self, records: Iterable[Record]) -> None:
        self._note([Promise(one.register, one.header.version, one.id, bool(one.body)) for one in records])

    def _note(self, note: Begun | list[Promise]) -> None:
        self.steps.append(Step("note", note=note))


def replica_of(store: Store) -> Replica:
    """Return Alice's node with this store. Her clock stands still, so that versions do not grow by it."""
    return Replica.open(store, ALICE.id, ALICE.keys, FakeClock(), os.urandom, identity=ALICE.identity)


def slot_of(title: str) -> bytes:
    """Return the register of an own listing."""
    return grown("Alice", title, size=16)


def write(replica: Replica, title: str) -> Record:
    """Write an own listing, or its next version."""
    body = Listing("offer", title, salt=authoring.fresh_salt(replica))
    return authoring.write(replica, Kind.LISTING, slot_of(title), body, life=30 * DAY)


def record_life(directory: Path, seed: int, rounds: int) -> list[Step]:
    """Let a node live, and return all that happened to its disk."""
    return recorded_run(LIVE, directory, str(seed), str(rounds), seconds=LIFE_SECONDS)


def main(directory: str, seed: str, rounds: str) -> None:
    """Live, and write down what happened to the disk."""
    database.WAL_PAGES, database.WAL_BYTES_MAX = WAL_PAGES, WAL_BYTES
    recorder = DiskRecorder()
    watermark.os = RecordedSystem(recorder.steps)  # type: ignore[attr-defined]
    Life(Path(directory) / "store.db", recorder.steps, int(seed)).live(int(rounds))
    write_steps(Path(directory), recorder.steps)
