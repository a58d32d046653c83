"""Sets up a simulated world by one seed: villages of people who vouch for each other, their devices, groups and posts.

Wires lie along vouches, between members of one group, and here and there between neighbors. Some people have a second
device. `world_simulation` lets things happen in it.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from itertools import combinations, pairwise

from meshnode.app.groups import groups
from meshnode.app.owner import policy
from meshnode.errors import MeshnodeError
from meshnode.replica.replica import Replica
from protocol import Audience, Kind, PersonId, Record, RecordId, limits
from tests.support.invariants import SMALL_ROOM
from tests.support.liars import Liar
from tests.support.mesh import EPOCH, Mesh, Node
from tests.support.mesh_people import acquaint, found, post, vouch
from tests.support.places import PLACES
from tests.support.statements import Statements

AUDIENCES = tuple(Audience)
WEIGHTS = (50, 110, 300, 500, 550, 700, 800, 900, 950, 1000)
LIVES = (3 * limits.DAY, 30 * limits.DAY, 90 * limits.DAY)  # seconds that listings live
SYNCHRONIZED = 0.7  # how many computers have the time of the internet
ONE_WAY = 0.1  # how many wires can be called over from one end only
NARROW = 0.05  # how many connections carry little in a second
FADING = 0.3  # how many of the connections that end do so without a word, so that each end finds out by itself
DOUBLED = 0.1  # how often two nodes call each other at once
FEW_PLACES = 6  # sessions that a crowded computer has at once
LATENCY = (0.02, 0.7)  # seconds on the way: long enough for people to act while records are between nodes


@dataclass(frozen=True)
class Plan:
    """Number of people, size of villages, share of bridges that are mutual, of people with two devices, and of acts."""

    people: int = 200
    village: tuple[int, int] = (8, 24)
    answered_bridges: float = 0.1
    second_devices: float = 0.2
    acts: int = 90
    hours: int = 0
    """How long people live, some acts each hour; 0: as long as it takes to be apart, to sleep and to meet again."""


class World:
    """The people, their nodes, and who is who. `name` is a person's; that of their second device ends with "+"."""

    def __init__(self, seed: int, plan: Plan) -> None:
        self.chance = random.Random(seed)
        self.plan = plan
        self.mesh = Mesh(seed, LATENCY)
        self.said = Statements()
        self.mesh.started += [self.said.follow, self._cramp]
        self.mesh.narrow, self.mesh.fading, self.mesh.doubled = NARROW, FADING, DOUBLED
        self.names = [f"P{number:03}" for number in range(plan.people)]
        self.cramped = set(self.some(self.names, plan.people // 20))
        """People whose computers have little room for what others say."""
        self.listings: list[tuple[str, RecordId]] = []
        self.groups: dict[str, str] = {}
        """Kind by name."""
        self.lost: set[str] = set()
        """Devices that were revoked."""
        self.liars: dict[str, Liar] = {}
        """People whose nodes do not keep the rules."""
        self.lied_to: set[str] = set()
        """Nodes that have been lied to and not been looked at since."""
        self.made_up: dict[PersonId, dict[PersonId, int]] = {}
        """People who do not exist, and their vouches, as some node was told."""
        self.asleep: set[str] = set()
        """Nodes that are off."""
        self._wired: set[frozenset[str]] = set()
        for name in self.names:
            node = self.mesh.add(name, audience=self.chance.choice(AUDIENCES[1:]), place=self._place())
            node.clock.machine.is_synchronized = self.chance.random() < SYNCHRONIZED
        self.name_of = {node.person: name for name, node in self.mesh.nodes.items()}
        self.villages = self._settle_villages()
        self._add_devices()
        for name in self.names:
            self.post(name)
        self.mesh.settle()
        self._gather()
        self.crowded = self._crowd(plan.people // 20)
        """Computers with fewer sessions than people who call them."""

    # --- how it begins -------------------------------------------------------------------------------------------------

    def _settle_villages(self) -> list[list[str]]:
        villages: list[list[str]] = []
        left = list(self.names)
        while left:
            size = self.chance.randint(*self.plan.village)
            villages.append(left[:size])
            left = left[size:]
        for village in villages:
            for number, name in enumerate(village[1:], start=1):
                self.befriend(name, village[self.chance.randrange(max(0, number - 6), number)], answered=0.95)
            for _ in range(len(village) // 2 if len(village) > 1 else 0):
                self.befriend(*self.chance.sample(village, 2), answered=0.7)
            pairs = list(combinations(village, 2))
            for one, other in self.chance.sample(pairs, min(len(pairs), len(village))):
                self.wire(one, other, by_ear=True)
        for here, there in pairwise(villages):
            self.befriend(self.chance.choice(here), self.chance.choice(there), answered=self.plan.answered_bridges)
        return villages

    def befriend(self, one: str, other: str, *, answered: float) -> None:
        """Let both vouch, as after a card; one who does not vouch back takes it back."""
        acquaint(self.mesh, one, other)
        self.wire(one, other)
        vouch(self.mesh, one, other, self.chance.choice(WEIGHTS))
        vouch(self.mesh, other, one, self.chance.choice(WEIGHTS))
        if self.chance.random() >= answered:
            vouch(self.mesh, other, one, 0)

    def wire(self, one: str, other: str, *, by_ear: bool = False) -> None:
        """Let two nodes reach each other."""
        if frozenset((one, other)) not in self._wired:
            self._wired.add(frozenset((one, other)))
            self.mesh.wire(one, other, by_ear=by_ear, one_way=not by_ear and self.chance.random() < ONE_WAY)

    def _add_devices(self) -> None:
        """Give some people a second device, in touch with the first and with some of their friends."""
        for name in self.some(self.names, int(len(self.names) * self.plan.second_devices)):
            second = self.mesh.join_device(f"{name}+", name).name
            friends = [other for other in self.village_of(name) if frozenset((name, other)) in self._wired]
            for other in (name, *self.some(friends, 3)):
                self.wire(second, other)

    def _gather(self) -> None:
        """In every village a cell or two and a community are founded; members bring in others, who bring in others."""
        for number, village in enumerate(self.villages):
            for kind in ("cell", "community", "cell")[: self.chance.randint(1, 3)]:
                name = f"{kind} {number}.{len(self.groups)}"
                found(self.mesh, self.chance.choice(village), name, kind)
                self.groups[name] = kind
        for inviters, guests in ((1, 4), (2, 2)):
            self.mesh.settle()
            for name in self.groups:
                for inviter in self.some(self.members(name), inviters):
                    self._invite(inviter, name, guests)
            self.mesh.settle()
            self._join_all()
        self.mesh.settle()

    def _invite(self, inviter: str, group: str, guests: int) -> None:
        regarded = policy.web(self.replica(inviter))
        known = [name for name in self.names if self.mesh.nodes[name].person in regarded]
        for guest in self.some(known, guests):
            try:
                groups.invite(self.replica(inviter), group, None, guest)
            except MeshnodeError:
                continue  # a member already, or not visible to the inviter
            self.wire(inviter, guest)

    def _join_all(self) -> None:
        """Let everybody who has heard of an invitation accept it."""
        for name in self.names:
            waiting = groups.show(self.replica(name), groups.GroupsQuery()).invitations
            for group in dict.fromkeys(invitation.name for invitation in waiting):
                groups.join(self.replica(name), group, None)

    def post(self, name: str) -> None:
        """Post a listing for a random audience."""
        place, life = self.chance.choice((None, None, *PLACES)), self.chance.choice(LIVES)
        title = f"{name} {len(self.listings)}"
        record = post(self.mesh, self.hand(name), title, self.chance.choice(AUDIENCES), place=place, life=life)
        self.listings.append((name, record.header.slot))

    def _crowd(self, count: int) -> list[str]:
        """Let the computers that most others can reach have few sessions at once, from their next start on."""
        wires = Counter(name for pair in self._wired for name in pair)
        most = sorted(wires, key=lambda name: (-wires[name], name))[:count]
        found = [name for name in most if wires[name] > FEW_PLACES]
        for name in found:
            self.mesh.nodes[name].places = FEW_PLACES
            self.mesh.restart(name)
        return found

    def _cramp(self, node: Node) -> None:
        """Give a node little room, if it is to have little."""
        if node.name in self.cramped:
            node.replica.quota.caps = node.replica.quota.caps._replace(**SMALL_ROOM)

    # --- who is who ----------------------------------------------------------------------------------------------------

    def replica(self, name: str) -> Replica:
        """Return the replica of the node called `name`."""
        return self.mesh.nodes[name].replica

    def person(self, name: str) -> PersonId:
        """Return the key of `name`."""
        return self.mesh.nodes[name].person

    def owner(self, node: str) -> str:
        """Return the name of the person whose node this is."""
        return node.removesuffix("+")

    def is_misled(self, node: str) -> bool:
        """Whether a node goes by a date that is wrong: people who lie, and are vouched for, can do that.

        It then judges by that date what has ended. It deletes nothing by it, see `lost` in oracle.py.
        """
        return abs(self.replica(node).clock.now() - EPOCH - self.mesh.time - self.mesh.slept) > limits.DAY

    def nodes(self) -> list[Node]:
        """Return the nodes of all devices that speak for their person."""
        return [node for node in self.mesh.nodes.values() if node.name not in self.lost]

    def devices(self, name: str) -> list[str]:
        """Return the nodes of a person that are on, the first device first."""
        return [one for one in (name, f"{name}+") if one in self.mesh.nodes and one not in self.lost | self.asleep]

    def awake(self) -> list[str]:
        """Return the people who have a node that is on."""
        return [name for name in self.names if self.devices(name)]

    def hand(self, name: str) -> str:
        """Return the device on which a person acts now."""
        return self.chance.choice(self.devices(name))

    def members(self, group: str) -> list[str]:
        """Return the members of the group, by what they say on their own nodes."""
        return [name for name in self.names if group in self.groups_of(name)]

    def groups_of(self, name: str) -> set[str]:
        """Return a person's groups, as their own node knows them."""
        replica = self.replica(name)
        return {join.group.name for _, join in replica.trust_state.joins(replica.me)}

    def village_of(self, name: str) -> list[str]:
        """Return everybody of the village that `name` lives in."""
        return next(village for village in self.villages if name in village)

    def some(self, names: list[str], most: int) -> list[str]:
        """Draw at most this number of names."""
        return self.chance.sample(names, min(most, len(names)))

    def _place(self) -> str | None:
        return self.chance.choice((None, *PLACES))

    def some_listing(self) -> tuple[str, Record] | None:
        """Draw a listing, and the device of its author that acts; None if that device does not hold it."""
        name, slot = self.chance.choice(self.listings)
        if not self.devices(name):
            return None
        hand = self.hand(name)
        newest = self.replica(hand).store.records.newest((self.person(name), Kind.LISTING, slot))
        return None if newest is None else (hand, newest)
