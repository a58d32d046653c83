"""Makes test data for the bench: a village of people in a web of trust, their records, and nodes that hold some.

The web is a tree in which each person and those below them vouch for each other, so that all are in each other's web and
nobody exceeds the limits for records, vouches or bytes. A village of one size is always the same, except for its dates.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from meshnode.clock import Clock
from meshnode.replica.ingest import Verifier, verify_one_by_one
from meshnode.replica.replica import Replica
from meshnode.store import Store
from protocol import Audience, PersonId, Precision, Preference, Record
from tests.support.people import Person

BRANCHES = 30  # people below each person
WEIGHT = 900  # of every vouch, per mille
LISTINGS_EACH = 100
DAYS = 28  # the period in which the listings were made, so that differences between nodes are spread out
DAY = 24 * 60 * 60
BATCH = 1000
TEXT = "From our garden behind the mill, this week and next. Bring a basket, and knock at the green door."


class Village:
    """`size` people, the first of them at the top of the tree. `now` is the time of the newest record, in UNIX seconds."""

    def __init__(self, size: int, now: int | None = None) -> None:
        self.now = int(time.time()) if now is None else now
        self.settled = [Person(f"villager {number}") for number in range(size - 1)]
        self.newcomer = Person("newcomer")
        """A person whom only the top person knows, and whose own node holds little yet."""
        self._number = {person.id: number for number, person in enumerate(self.settled)}

    @classmethod
    def of_listings(cls, count: int) -> Village:
        """Return a village large enough to have this many listings."""
        return cls(max(2, -(-count // LISTINGS_EACH)))

    @property
    def top(self) -> Person:
        """The person at the top of the tree, nearest to everybody."""
        return self.settled[0]

    def trust_state(self, person: Person) -> list[Record]:
        """Return the certificate, policy and profile of one person."""
        made = self.now - DAYS * DAY
        preference = Preference(Audience.TRUSTED_NETWORK, Precision.NEIGHBORHOOD, 25, 1)
        vouches: dict[Person | PersonId, int] = {neighbor.id: WEIGHT for neighbor in self._neighbors(person)}
        return [
            person.certificate(made),
            person.policy(vouches, preference=preference, now=made),
            person.profile(made),
        ]

    def graph(self) -> Iterator[Record]:
        """Yield everybody's certificate, policy and profile, the newcomer's first: nobody is a stranger when they come."""
        for person in (self.newcomer, *self.settled):
            yield from self.trust_state(person)

    def acquaintance(self) -> Iterator[Record]:
        """Yield the records that the newcomer's node holds if it has met only the top person."""
        yield from self.trust_state(self.newcomer)
        yield from self.trust_state(self.top)

    def everything(self, count: int) -> Iterator[Record]:
        """Yield the records of a full node: everybody's and `count` listings."""
        yield from self.graph()
        yield from self.listings(count)

    def listings(self, count: int, *, series: str = "vegetables", days: int = DAYS) -> Iterator[Record]:
        """Yield `count` listings of the last days, spread over all but the newcomer. Another series has other listings."""
        for number in range(count):
            author = self.settled[number % len(self.settled)]
            made = self.now - (count - number) * days * DAY // (count + 1) - 1
            yield author.listing(
                f"Fresh {series}, basket {number}", text=TEXT, category="food", now=made, life=60 * DAY
            )

    def _neighbors(self, person: Person) -> list[Person]:
        if person is self.newcomer:
            return [self.top]
        number = self._number[person.id]
        below = self.settled[number * BRANCHES + 1 : (number + 1) * BRANCHES + 1]
        above = self.settled[(number - 1) // BRANCHES] if number else self.newcomer
        return [above, *below]


def _believe(records: Sequence[Record]) -> list[bool]:
    """Accept all signatures: the records that fill the stores were signed a moment ago."""
    return [True] * len(records)


def fill(replica: Replica, records: Iterable[Record], source: Person, *, all_kept: bool = True) -> None:
    """Give `records` to the node's ingest, as if `source` had sent them; with `all_kept` it must refuse none.

    It knows its own among them: else it would take a record that it does not remember for one of a copy of its disk.
    """
    remaining = iter(records)
    while batch := list(islice(remaining, BATCH)):
        for record in batch:
            if record.header.device == replica.device:
                replica.store.signed_records.remember(record)
        outcome = replica.ingest.receive(batch, source.id)
        if outcome.faults or (all_kept and outcome.refused):
            raise AssertionError(
                f"records of the village were refused: {outcome.faults[:1]} {len(outcome.refused)} refused"
            )


def village_store(village: Village, path: Path, records: Iterable[Record], *, all_kept: bool = True) -> None:
    """Put `records` into the store at `path`, which then serves as the store of anybody in the village."""
    with node_of(village.newcomer, path, _believe) as replica:
        fill(replica, records, village.top, all_kept=all_kept)


@contextmanager
def node_of(
    person: Person, path: Path | str, verifier: Verifier = verify_one_by_one, *, key: bytes | None = None
) -> Iterator[Replica]:
    """Open the node of `person` with the store at `path`, encrypted under `key` or plain, and the machine's own clock."""
    with Store.open(path, key=key) as store:
        yield Replica.open(
            store,
            person.id,
            person.keys,
            Clock(),
            os.urandom,
            identity=person.identity,
            verifier=verifier,
        )
