"""Simulates communities whose clocks go wrong in every way, and says what should not have happened.

Clocks jump by up to ten years in either direction, computers are off for up to 400 days, the network falls apart and
comes together, and some owners or time services know the date. Chance comes from one seed.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count

from meshnode.app.owner import policy
from meshnode.app.peers import contacts
from meshnode.app.people import cards
from meshnode.store import RecordState
from protocol import Audience, DeviceId, Kind, PersonId, Record, RecordId, limits
from tests.support.mesh import EPOCH, Mesh, Node
from tests.support.mesh_people import post, sees, withdraw

PEOPLE_MAX = 12
STEPS_MAX = 10
YEARS = 10 * 365 * limits.DAY
ABSENCE_MAX = 400 * limits.DAY
NAMES = tuple(f"P{number}" for number in range(PEOPLE_MAX))
ROUNDS_SPARE = 4  # beyond one for each person: connections are made again, and what is misdated is signed again

Version = tuple[PersonId, DeviceId, int, bytes, int]


@dataclass
class Posted:
    """A listing: who posted it, and when it really ends; `gone` once it was withdrawn.

    Where its author firmly believed another date, nobody can know when it should end, and `ends` is now.
    """

    author: str
    title: str
    slot: bytes
    ends: float
    gone: bool = False


class ClockWorld:
    """A community with wrong clocks. `live` lets it live; `faults` says in words what went wrong."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(f"clocks {seed}")
        self.mesh = Mesh(seed)
        self.faults: list[str] = []
        self.posted: list[Posted] = []
        self.friends: set[tuple[str, str]] = set()
        self._used_errors: set[int] = set()
        self._versions: dict[Version, RecordId] = {}
        self._held: dict[str, dict[RecordId, Record]] = {}
        people = min(self.chance.randint(2, PEOPLE_MAX) for _ in range(3))  # small ones show most, and take no time
        self.names = NAMES[:people]
        fresh = self.chance.random() < 0.3  # nobody has ever known the date
        for name in self.names:
            self.mesh.add(name, error=self._error() if fresh and self.chance.random() < 0.5 else None)
        for number, name in enumerate(self.names[1:], 1):
            self._befriend(self.names[self.chance.randrange(number)], name)
        for _ in range(people // 2):
            one, other = self.chance.sample(self.names, 2)
            self._befriend(min(one, other), max(one, other))
        for _ in range(3):
            self.mesh.advance(limits.MINUTE)
        self._keep_keys()
        self.friends = {pair for pair in self.friends if self._trust_each_other(*pair)}
        for name in self.names:
            self._post(name)
        self._look()

    @property
    def now(self) -> float:
        """The true date, in UNIX seconds."""
        return EPOCH + self.mesh.time

    def live(self) -> list[str]:
        """Let everything happen, then mend what can be mended; return the faults."""
        steps: tuple[Callable[[], None], ...] = (
            self._jump,
            self._jump,
            self._leave_for_long,
            self._partition,
            self._post,
            self._post,
            self._take_back,
            self._learn_the_date,
            self._pass_time,
        )
        for _ in range(self.chance.randint(1, STEPS_MAX)):
            self.chance.choice(steps)()
            self._look()
        self._come_together()
        return self.faults

    # --- what happens --------------------------------------------------------------------------------------------------

    def _befriend(self, one: str, other: str) -> None:
        if (one, other) not in self.friends:
            self.friends.add((one, other))
            card = cards.make(self.mesh.nodes[one].replica, cards.CardOrder(), ())
            cards.add(self.mesh.nodes[other].replica, cards.CardToAdd(card.text), ())
            self.mesh.wire(one, other)

    def _trust_each_other(self, one: str, other: str) -> bool:
        first, second = self.mesh.nodes[one], self.mesh.nodes[other]
        pairs = ((first.replica, second.person), (second.replica, first.person))
        return all(policy.weight(replica, person) > 0 for replica, person in pairs)

    def _keep_keys(self) -> None:
        """Let all who are connected keep each other's keys, as the network does for a session that has settled."""
        for one, other in self.mesh.connections():
            for node, peer in (
                (self.mesh.nodes[one], self.mesh.nodes[other]),
                (self.mesh.nodes[other], self.mesh.nodes[one]),
            ):
                contacts.keep_keys(node.replica, peer.person)

    def _error(self) -> float:
        """Return how far a clock is off: by seconds, or by two days to ten years, and by as much as no other clock ever.

        Two clocks that are wrong by the same days would be two witnesses for one date, and rightly so.
        """
        if self.chance.random() < 0.1:
            return self.chance.uniform(-60, 60)
        largest = self.chance.choice([8, 20, 60, YEARS // limits.DAY])
        unused = [day for day in range(2, largest, 2) if day not in self._used_errors]
        more = next(day for day in count(largest, 2) if day not in self._used_errors)
        days = self.chance.choice(unused or [more])
        self._used_errors.add(days)
        return self.chance.choice([-1, 1]) * days * limits.DAY

    def _someone(self) -> Node:
        return self.mesh.nodes[self.chance.choice(self.names)]

    def _jump(self) -> None:
        """Somebody's clock is set, while the computer runs or before it starts again."""
        node = self._someone()
        machine = node.clock.machine
        machine.is_synchronized = False
        machine.error = self._error()
        starts_again = self.chance.random() < 0.6
        if starts_again:
            machine.start_again()
        if starts_again or self.chance.random() < 0.5:
            self.mesh.restart(node.name)
        if self.chance.random() < 0.5:  # alone with it for a while
            with self.mesh.switched_off([name for name in self.names if name != node.name]):
                self.mesh.advance(limits.HOUR)
        self.mesh.advance(limits.MINUTE)

    def _leave_for_long(self) -> None:
        """Some computers are off for a while, perhaps all; the clocks of some of them are wrong afterwards."""
        gone = self.chance.sample(self.names, self.chance.randint(1, len(self.names)))
        with self.mesh.switched_off(gone):
            for _ in range(2):
                self.mesh.advance(self.chance.uniform(0, ABSENCE_MAX / 2))
        for name in gone:
            machine = self.mesh.nodes[name].clock.machine
            if self.chance.random() < 0.4 and not machine.is_synchronized:
                machine.error = self._error()
        self.mesh.advance(limits.MINUTE)

    def _partition(self) -> None:
        if self.chance.random() < 0.5:
            self.mesh.heal()
        else:
            side = set(self.chance.sample(self.names, self.chance.randint(1, len(self.names))))
            self.mesh.partition(side, set(self.names) - side)
        self.mesh.advance(limits.MINUTE)

    def _pass_time(self) -> None:
        for _ in range(3):
            self.mesh.advance(self.chance.uniform(0, 20 * limits.DAY))

    def _post(self, name: str | None = None) -> None:
        node, life = self.mesh.nodes[name] if name else self._someone(), self.chance.choice([2, 7, 30, 90]) * limits.DAY
        title = f"Thing {len(self.posted)}"
        record = post(self.mesh, node.name, title, Audience.NETWORK_WIDE, life=life)
        misled = node.clock.trusted and abs(node.clock.now() - self.now) > limits.DAY
        self.posted.append(Posted(node.name, title, record.header.slot, self.now + (0 if misled else life)))
        self.mesh.settle()

    def _take_back(self) -> None:
        """Somebody withdraws a listing: it must be gone at once from everybody who is connected, whatever their clocks."""
        there = [one for one in self.posted if not one.gone and self._newest(one) is not None]
        if not there:
            return
        listing = self.chance.choice(there)
        newest = self._newest(listing)
        assert newest is not None
        withdraw(self.mesh, listing.author, newest)
        listing.gone = True
        self.mesh.settle()
        for name in self._connected_with(listing.author):
            if listing.title in sees(self.mesh, name):
                self.faults.append(f"{name} still shows {listing.title}, which {listing.author} has withdrawn")

    def _learn_the_date(self) -> None:
        """Somebody's computer gets the time from the network, or its owner looks at a calendar."""
        node = self._someone()
        machine = node.clock.machine
        if self.chance.random() < 0.5:
            machine.error, machine.is_synchronized = 0.0, True
        elif self.chance.random() < 0.5:
            machine.error = 0.0
            node.clock.confirm()
        else:
            node.clock.set_date(int(self.now))
        self.mesh.advance(limits.MINUTE)

    # --- what must hold ------------------------------------------------------------------------------------------------

    def _newest(self, listing: Posted) -> Record | None:
        """The version of a listing that its author's node has in use, with a body; None if there is none."""
        node = self.mesh.nodes[listing.author]
        record = node.replica.store.records.current((node.person, Kind.LISTING, listing.slot))
        return record if record is not None and record.body else None

    def _in_reach(self, people: set[str]) -> set[str]:
        """These people, and everybody whom trust connects with them, over any number of others."""
        reached: set[str] = set()
        while people - reached:
            reached |= people
            people = people | {name for pair in self.friends if people & set(pair) for name in pair}
        return reached

    def _connected_with(self, name: str) -> set[str]:
        """Everybody to whom sessions that have settled lead from `name`."""
        pairs, reached, new = self.mesh.connections(), {name}, {name}
        while new:
            new = {b if a in new else a for a, b in pairs if (a in new) != (b in new)} - reached
            reached |= new
        return reached - {name}

    def _look(self) -> None:
        self._keep_keys()
        for name in self.names:
            self._see_that_nothing_was_lost(name)
            self._see_that_no_version_was_given_out_twice(name)
        for listing in self.posted:
            if self._has_ended_for_its_author(listing):
                listing.ends = min(listing.ends, self.now)
            if not listing.gone and listing.ends > self.now and self._newest(listing) is None:
                self.faults.append(f"{listing.author} has lost {listing.title}, which is of their own")
                listing.gone = True

    def _has_ended_for_its_author(self, listing: Posted) -> bool:
        """Whether its author firmly goes by a date that is too late, by which the listing is over."""
        clock, newest = self.mesh.nodes[listing.author].clock, self._newest(listing)
        too_late = clock.trusted and clock.now() - self.now > limits.DAY
        return too_late and newest is not None and newest.header.expires <= clock.now()

    def _bodies(self, name: str) -> Iterator[Record]:
        records = self.mesh.nodes[name].replica.store.records
        states = (RecordState.LIVE, RecordState.SUSPENDED)
        for row in records.rows(kinds=(Kind.LISTING,), states=states):
            record = records.get(row.id)
            if record is not None and record.body:
                yield record

    def _see_that_nothing_was_lost(self, name: str) -> None:
        """No copy that a right clock would keep may go, unless its author has written or withdrawn it since."""
        holds = {record.id: record for record in self._bodies(name)}
        newest = {record.id for one in self.posted if (record := self._newest(one)) is not None}
        for record_id, record in self._held.get(name, {}).items():
            if record_id not in holds and record_id in newest and record.header.expires > self.now:
                self.faults.append(f"{name} has lost a listing that ends in {record.header.expires - self.now:.0f} s")
        near = {person for pair in self.friends if name in pair for person in pair}
        people = {self.mesh.nodes[one].person for one in near}
        self._held[name] = {id_: record for id_, record in holds.items() if record.header.author in people}

    def _see_that_no_version_was_given_out_twice(self, name: str) -> None:
        replica = self.mesh.nodes[name].replica
        if replica.store.signed_records.was_copied or replica.store.meta.get("new_device_key_due") is not None:
            self.faults.append(f"{name} takes words of its own for those of a copy")
        if list(replica.store.records.forks()):
            self.faults.append(f"{name} has the proof of a fork")
        for row in replica.store.records.rows():
            version = (row.author, row.device, row.kind, row.slot, row.version)
            if self._versions.setdefault(version, row.id) != row.id:
                self.faults.append(f"{name} holds another record with a number that was given out before")

    def _come_together(self) -> None:
        """Heal the network. If somebody is sure of the date, everybody must be, and see what their friends share."""
        self.mesh.heal()
        sure = {name for name in self.names if self.mesh.nodes[name].clock.stratum == 0}
        if not sure:
            node = self._someone()
            node.clock.machine.error, node.clock.machine.is_synchronized = 0.0, True
            sure = {node.name}
        for _ in range(len(self.names) + ROUNDS_SPARE):
            self.mesh.advance(limits.MINUTE)
        self._look()
        for name in self._in_reach(sure):
            reading = self.mesh.nodes[name].clock.reading()
            if not reading.trusted or abs(reading.now - self.now) > limits.DAY:
                self.faults.append(f"{name} goes by {reading.now} ({reading.basis.value}), and it is {self.now:.0f}")
        for pair in self.friends & {(a, b) for a in self._in_reach(sure) for b in self._in_reach(sure)}:
            for name, other in (pair, reversed(pair)):
                missing = self._shared_by(other) - sees(self.mesh, name)
                if missing:
                    self.faults.append(f"{name} does not see {sorted(missing)} of {other}")

    def _shared_by(self, name: str) -> set[str]:
        return {one.title for one in self.posted if one.author == name and not one.gone and one.ends > self.now}
