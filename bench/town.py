"""Makes the web in which the longest hold is measured: thousands of people who vouch for each other at random.

It is a village with more vouches. Some people block others, have places of their own, and share with different
audiences, so that listings fall into many buckets and searches for paths have to go around people. The store is kept in
the directory for temporary files between runs, since it takes a minute to make.
"""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

from bench.village import DAY, DAYS, TEXT, Village, village_store
from protocol import Audience, PersonId, Precision, Preference, Record, coarse
from tests.support.people import Person

SEED = 7
VOUCHES_EACH = 16  # beside those of the tree, about half given and half received
KNOWN_TO_OWNER = 60
BLOCKERS_PART, BLOCKED_EACH = 100, 3  # one in a hundred blocks three others
OWN_LISTINGS = 40
FAVORITES = (Audience.TRUSTED_NETWORK, Audience.NETWORK_WIDE, Audience.ANYONE_LOCAL)
AUDIENCES = (Audience.FOLLOWS, Audience.FOLLOWS, Audience.NETWORK_WIDE, Audience.ANYONE_LOCAL)
THINGS = (
    "ladder",
    "bicycle",
    "jam",
    "tent",
    "drill",
    "piano",
    "rake",
    "books",
    "apples",
    "lessons",
    "cot",
    "wheelbarrow",
)
KINDS = ("green", "small", "old", "sturdy", "spare", "fresh", "red", "borrowed", "heavy", "quiet", "good", "blue")
KEPT = Path(tempfile.gettempdir())
KEPT_DAYS = 20  # a store older than this has too few listings left that have not expired


class Town(Village):
    """A village in which people also vouch for others at random. Its newcomer is the owner of the measured node."""

    def __init__(self, size: int, now: int | None = None) -> None:
        super().__init__(size, now)
        self._chance = random.Random(SEED)
        count = len(self.settled)
        self._more: list[dict[int, int]] = [{} for _ in range(count)]
        for number in range(count):
            for other in self._chance.sample(range(count), min(VOUCHES_EACH // 2, count - 1)):
                if other != number:
                    self._more[number][other] = self._chance.randint(100, 1000)
                    self._more[other][number] = self._chance.randint(100, 1000)
        self.friends = self._chance.sample(self.settled[1:], min(KNOWN_TO_OWNER, count - 1))
        """The people for whom the owner vouches, beside the top person; all of them vouch back."""
        self._knows_owner = {friend.id for friend in self.friends}

    def trust_state(self, person: Person) -> list[Record]:
        """Return the certificate, policy and profile of one person."""
        return [person.certificate(self._made), self.policy(person), self._profile(person)]

    def policy(self, person: Person, version: int = 1, *, changed: bool = False) -> Record:
        """Return the policy of one person; with `changed`, the person trusts somebody less than before."""
        vouches: dict[Person | PersonId, int] = {neighbor.id: 900 for neighbor in self._neighbors(person)}
        blocks: list[Person | PersonId] = []
        preference = Preference(Audience.TRUSTED_NETWORK, Precision.NEIGHBORHOOD, 25, 1)
        if person is self.newcomer:
            vouches |= {friend.id: 800 for friend in self.friends}
        else:
            number = self._number[person.id]
            vouches |= {self.settled[other].id: weight for other, weight in self._more[number].items()}
            if person.id in self._knows_owner:
                vouches[self.newcomer.id] = 700
            if number % BLOCKERS_PART == 1:
                blocks = [
                    self.settled[(number * 31 + step) % len(self.settled)].id for step in range(2, 2 + BLOCKED_EACH)
                ]
            preference = Preference(FAVORITES[number % len(FAVORITES)], Precision.NEIGHBORHOOD, 25, 1)
        if changed:
            least = min(vouches, key=lambda subject: vouches[subject])
            vouches[least] = vouches[least] // 2 + 50
        made = self._made + version - 1
        return person.policy(vouches, blocks, preference=preference, now=made, version=version, stamp=version)

    def _profile(self, person: Person) -> Record:
        number = self._number.get(person.id, 45)
        place = (
            coarse(52.3 + number % 97 / 400, 13.1 + number % 89 / 300, Precision.NEIGHBORHOOD) if number % 4 else None
        )
        return person.profile(self._made, name=self.name_of(person), place=place)

    def everything(self, count: int) -> Iterator[Record]:
        """Yield the records of a full node: everybody's, the owner's own listings, and `count` listings."""
        yield from super().everything(count)
        yield self.newcomer.on("phone").certificate(self._made)
        for number in range(OWN_LISTINGS):
            yield self.newcomer.listing(
                self.own_title(number), category="tools", now=self.now - number * 60, life=60 * DAY
            )

    def listings(self, count: int, *, series: str = "vegetables", days: int = DAYS) -> Iterator[Record]:
        """Yield `count` listings of the last days, spread over all but the owner."""
        for number in range(count):
            author = self.settled[number % len(self.settled)]
            made = self.now - (count - number) * days * DAY // (count + 1) - 1
            title = self.title(number, series)
            audience = AUDIENCES[number // len(self.settled) % len(AUDIENCES)]
            yield author.listing(title, category="food", audience=audience, now=made, life=60 * DAY, text=TEXT)

    def name_of(self, person: Person) -> str:
        """Return the name in a person's profile."""
        number = self._number.get(person.id, 0)
        return f"{KINDS[number % 12].title()} {number} of the town"

    def title(self, number: int, series: str = "vegetables") -> str:
        """Return the title of one listing."""
        return f"{KINDS[number % 12]} {THINGS[number // 12 % 12]} from {series} street {number}"

    def own_title(self, number: int) -> str:
        """Return the title of one of the owner's listings."""
        return f"Own {KINDS[number % 12]} {THINGS[number % 12]} {number}"

    @property
    def _made(self) -> int:
        return self.now - DAYS * DAY


def kept_store(people: int, listings: int) -> tuple[Town, Path]:
    """Return the town of this size and the store of its owner's node, made now or by an earlier run."""
    stem = f"meshnode-bench-town-{people}-{listings}-{_form()}"
    for path in sorted(KEPT.glob(f"{stem}-*.db")):
        made = int(path.stem.rpartition("-")[2])
        if time.time() - made < KEPT_DAYS * DAY:
            return Town(people, made), path
        path.unlink()
    town = Town(people)
    path = KEPT / f"{stem}-{town.now}.db"
    begun = path.with_suffix(f".{os.getpid()}")
    village_store(town, begun, town.everything(listings), all_kept=False)
    begun.rename(path)
    return town, path


def _form() -> str:
    """Return some letters that change with the form of records: a store from before is of no use then."""
    somebody = Person("somebody")
    records = (somebody.certificate(), somebody.policy(), somebody.profile(), somebody.listing())
    return blake2b(b"".join(record.wire for record in records), digest_size=4).hexdigest()
