"""People of a simulated world whose nodes do not keep the rules. Nothing is asked of what their own nodes hold.

Each does one kind of wrong. What they bring comes to a node as from a session with a person whom that node has met.
"""

from __future__ import annotations

from itertools import pairwise
from types import MethodType
from typing import TYPE_CHECKING

from meshnode.app.owner import policy
from meshnode.app.owner.profile import set_profile
from meshnode.clock import Clock
from meshnode.errors import MeshnodeError, Refused
from meshnode.replica.access import Access, AccessPolicy
from meshnode.replica.access_keys import AccessKey
from meshnode.store import Row
from protocol import Audience, DeviceKeys, Kind, Listing, PersonId, Record, device_slot, limits, signed
from protocol.numbers import UnixTime, Version
from protocol.wire import Item, stratum
from tests.support.mesh_people import post
from tests.support.people import Person, grown

if TYPE_CHECKING:
    from tests.support.world import World

YEAR = 365 * limits.DAY
SLOWNESS = 40.0  # how many times longer everything is on its way to a slow reader
FORGED = 3  # records of others that a forger makes up at once
FLOOD = 60  # records that a flooder brings at once
SYBILS = 12  # people whom one neighbor makes up at once


class Liar:
    """Somebody who lies to their neighbors now and then, on the node called `name`."""

    eager = False
    """Whether they lie whenever others have just acted. Those whose lies cost everybody much time do not."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.name = name
        self.count = 0

    def lie(self) -> None:
        """Do wrong once. Some do it all the time instead."""

    def victims(self, most: int = 1) -> list[str]:
        """Draw nodes that this one has a session with."""
        touch = {one for pair in self.world.mesh.connections() if self.name in pair for one in pair} - {self.name}
        honest = sorted(touch - self.world.lost - self.world.liars.keys())
        return self.world.some(honest, most)

    def bring(self, victim: str, records: list[Record]) -> None:
        """Let a node receive these from the liar."""
        self.world.lied_to.add(victim)
        self.world.replica(victim).ingest.receive(records, self.world.person(self.name))


class Forger(Liar):
    """Brings versions of other people's records, signed by a device that those people never certified.

    Most are headers alone, of registers of every kind: a node that believed them would no longer use the true version.
    """

    eager = True

    def lie(self) -> None:
        for victim in self.victims(2):
            replica = self.world.replica(victim)
            rows = replica.store.records.rows(kinds=(Kind.LISTING, Kind.POLICY, Kind.PROFILE, Kind.JOIN))
            held = [row for row in rows if row.author != replica.me and row.complete]
            chosen = self.world.chance.sample(held, min(len(held), FORGED))
            self.bring(victim, [self._version_after(row, replica.clock.now()) for row in chosen])

    def _version_after(self, row: Row, now: int) -> Record:
        self.count += 1
        keys = DeviceKeys(*(grown("forger", self.name, self.count, part) for part in range(3)))
        whole = self.world.chance.random() < 0.3
        record = signed(
            kind=Kind.LISTING if whole else row.kind,
            author=row.author,
            device=keys.device_id,
            slot=device_slot(keys.device_id) if row.kind == Kind.POLICY and not whole else row.slot,
            version=Version(row.version + 1),
            audience=row.audience,
            policy_version=Version(row.policy_version),
            created=UnixTime(now),
            expires=UnixTime(now + limits.DAY),
            min_valid_version=Version(row.version + 1),
            latest_expiry=UnixTime(now + limits.LISTING_LIFE),
            body=Listing("offer", "Not mine", salt=bytes(16)).to_body(),
            sign=keys.sign,
        )
        return record if whole else record.without_body()


class Withholder(Liar):
    """Passes on listings, but not the policies by which others could tell whether they may have them.

    What a friend posts just after a change of mind is brought to another friend before the policy can get there.
    """

    eager = True

    def __init__(self, world: World, name: str) -> None:
        super().__init__(world, name)
        node = world.mesh.nodes[name]
        me, honest = node.person, node.replica.access.decide

        def decide(_: AccessPolicy, viewer: PersonId, key: AccessKey) -> Access:
            if key[0] == Kind.POLICY and me not in (viewer, key[1]):
                return Access.DENY
            return honest(viewer, key)

        node.replica.access.decide = MethodType(decide, node.replica.access)  # type: ignore[method-assign]

    def lie(self) -> None:
        friends = [name for name in self.victims(4) if name in self.world.devices(name)]
        for author, victim in pairwise(friends):
            replica = self.world.replica(author)
            held = policy.weight(replica, self.world.person(self.name))
            try:
                policy.vouch(replica, self.world.person(self.name), 900 if held != 900 else 800)
            except Refused:
                continue  # a device that cannot speak for its owner now has nothing to hurry with
            self.bring(victim, [post(self.world.mesh, author, f"hurried {author}", Audience.NETWORK_WIDE)])


class Replayer(Liar):
    """Brings old versions of what others have said: vouches that were taken back, listings that were withdrawn."""

    eager = True

    def lie(self) -> None:
        old = self.world.said.superseded
        for victim in self.victims(2):
            self.bring(victim, self.world.chance.sample(old, min(len(old), 8)))


class Equivocator(Liar):
    """Says one thing to some and another thing to others, under one version of one register."""

    eager = True

    def lie(self) -> None:
        self.count += 1
        replica, slot = self.world.replica(self.name), grown("two faces", self.name, self.count, size=16)
        now, two = replica.clock.now(), self.victims(2)
        for face, victim in enumerate(two):
            record = signed(
                kind=Kind.LISTING,
                author=replica.me,
                device=replica.device,
                slot=slot,
                version=Version(1),
                audience=Audience.NETWORK_WIDE,
                policy_version=Version(0),
                created=UnixTime(now),
                expires=UnixTime(now + 90 * limits.DAY),
                min_valid_version=Version(1),
                latest_expiry=UnixTime(now + 90 * limits.DAY),
                body=Listing("offer", f"Face {face}", salt=bytes(16)).to_body(),
                sign=replica.keys.sign,
            )
            self.bring(victim, [record])


class Flooder(Liar):
    """Brings more than anybody can use: listings of the flooder's own, and records of people whom nobody knows."""

    def lie(self) -> None:
        self.count += 1
        nobody = Person(f"nobody {self.name} {self.count}")
        now = self.world.replica(self.name).clock.now()
        for victim in self.victims(2):
            self.bring(victim, [nobody.listing(f"{number}", now=now) for number in range(FLOOD)])
        for number in range(FLOOD // 3):
            post(self.world.mesh, self.name, f"flood {self.count} {number}", Audience.NETWORK_WIDE, life=limits.DAY)


class SybilMaker(Liar):
    """Makes people up who all vouch for each other and for the victims, and vouches for one of them."""

    def lie(self) -> None:
        self.count += 1
        made = [Person(f"sybil {self.name} {self.count} {number}") for number in range(SYBILS)]
        now = self.world.replica(self.name).clock.now()
        for victim in self.victims():
            known: list[PersonId] = [*(one.id for one in made), self.world.person(victim), self.world.person(self.name)]
            records = [one.certificate(now) for one in made]
            records += [
                one.policy(dict.fromkeys((who for who in known if who != one.id), 1000), now=now) for one in made
            ]
            records += [one.listing(f"{one.name} sells", audience=Audience.NETWORK_WIDE, now=now) for one in made]
            for one in made:
                self.world.made_up[one.id] = dict.fromkeys((other for other in known if other != one.id), 1000)
            self.world.replica(self.name).ingest.receive([made[0].certificate(now)])
            policy.vouch(self.world.replica(self.name), made[0].id, 1000)
            self.bring(victim, records)


class FingerprintLiar(Liar):
    """Claims to hold records that do not exist, so that no comparison with this node ever ends in agreement."""

    def claimed(self) -> list[Item]:
        """Return what is claimed this time."""
        self.count += 1
        now = self.world.replica(self.name).clock.now()
        return [(now - number, grown("claimed", self.name, self.count, number)) for number in range(3)]


class SlowReader(Liar):
    """Takes very long to read whatever is sent."""

    def __init__(self, world: World, name: str) -> None:
        super().__init__(world, name)
        world.mesh.slow[name] = SLOWNESS


class ClockLiar(Liar):
    """Tells everybody a wrong time, and that it is certain: years from now, days from now, or long past."""

    def __init__(self, world: World, name: str) -> None:
        super().__init__(world, name)
        self.ahead = 10 * YEAR
        clock = world.mesh.nodes[name].clock

        def told(_: Clock) -> tuple[int, int]:
            return int(clock.machine.wall() + self.ahead), stratum.CERTAIN

        clock.told = MethodType(told, clock)  # type: ignore[method-assign]

    def lie(self) -> None:
        self.ahead = self.world.chance.choice((-10 * YEAR, -400 * limits.DAY, 2 * limits.DAY, YEAR, 10 * YEAR))
        for victim in self.victims(3):
            replica, me = self.world.replica(victim), self.world.person(self.name)
            vouched = replica.trust_state.graph.weight(replica.me, me) > 0
            wall = int(self.world.mesh.nodes[self.name].clock.machine.wall() + self.ahead)
            replica.clock.heard(me, wall, stratum.CERTAIN, counts=vouched)
            self.world.lied_to.add(victim)


class Thief(Liar):
    """Goes on using a device that was revoked: says things in its owner's name to all who have not heard of it."""

    def lie(self) -> None:
        for name in self.world.some(sorted(self.world.lost), 4):
            replica = self.world.replica(name)
            others = self.world.some([one for one in self.world.names if self.world.person(one) != replica.me], 2)
            try:
                post(self.world.mesh, name, "stolen", Audience.NETWORK_WIDE)
                for other in others:
                    policy.vouch(replica, self.world.person(other), 1000)
                set_profile(replica, name="A thief")
            except MeshnodeError:
                continue  # it knows that it was revoked


KINDS = (
    Forger,
    Withholder,
    Replayer,
    Equivocator,
    Flooder,
    SybilMaker,
    FingerprintLiar,
    SlowReader,
    ClockLiar,
    Thief,
    Withholder,
)
"""One of each is in every world that is large enough."""
