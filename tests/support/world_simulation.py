"""Hundreds of people who act at random, by one seed: villages, bridges, groups, blocks, moves, naps and partitions.

Whatever can happen at once happens at once, and then the mesh settles. So nodes receive records in batches, as they do
when people meet again who were apart. Wires lie along vouches, between members of one group, and here and
there between neighbors.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations, pairwise

from meshnode.app.groups import groups
from meshnode.app.owner import policy
from meshnode.app.owner.profile import set_profile
from meshnode.errors import MeshnodeError
from meshnode.replica.replica import Replica
from protocol import Audience, Kind, PersonId, Precision, Preference, Record, RecordId, coarse, limits
from tests.support.mesh import Mesh
from tests.support.mesh_people import acquaint, block, found, leave, post, rewrite, unblock, vouch, withdraw

AUDIENCES = tuple(Audience)
WEIGHTS = (50, 110, 300, 500, 550, 700, 800, 900, 950, 1000)
POINTS = ((52.52, 13.40), (52.50, 13.45), (52.40, 13.06), (48.14, 11.58))
PLACES = tuple(coarse(*point, Precision.NEIGHBORHOOD) for point in POINTS)


@dataclass(frozen=True)
class Plan:
    """Number of people, size of villages, share of bridges that are mutual, and how much happens."""

    people: int = 200
    village: tuple[int, int] = (8, 24)
    answered_bridges: float = 0.1
    acts: int = 90


class SimulatedWorld:
    """The people, their nodes, and what has happened to them so far."""

    def __init__(self, seed: int, plan: Plan) -> None:
        self.chance = random.Random(seed)
        self.plan = plan
        self.mesh = Mesh(seed)
        self.names = [f"P{number:03}" for number in range(plan.people)]
        self.blocks: set[tuple[str, str]] = set()
        self.listings: list[tuple[str, RecordId]] = []
        self.groups: dict[str, str] = {}
        """Kind by name."""
        self._wired: set[frozenset[str]] = set()
        for name in self.names:
            self.mesh.add(name, audience=self.chance.choice(AUDIENCES[1:]), place=self._place())
        self.villages = self._settle_villages()
        for name in self.names:
            self.post(name)
        self.mesh.settle()
        self._gather()

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
                self._befriend(name, village[self.chance.randrange(max(0, number - 6), number)], answered=0.95)
            for _ in range(len(village) // 2 if len(village) > 1 else 0):
                self._befriend(*self.chance.sample(village, 2), answered=0.7)
            pairs = list(combinations(village, 2))
            for one, other in self.chance.sample(pairs, min(len(pairs), len(village))):
                self._wire(one, other, by_ear=True)
        for here, there in pairwise(villages):
            self._befriend(self.chance.choice(here), self.chance.choice(there), answered=self.plan.answered_bridges)
        return villages

    def _befriend(self, one: str, other: str, *, answered: float) -> None:
        """Let both vouch, as after a card; one who does not vouch back takes it back."""
        self._meet(one, other)
        vouch(self.mesh, one, other, self.chance.choice(WEIGHTS))
        vouch(self.mesh, other, one, self.chance.choice(WEIGHTS))
        if self.chance.random() >= answered:
            vouch(self.mesh, other, one, 0)

    def _meet(self, one: str, other: str) -> None:
        acquaint(self.mesh, one, other)
        self._wire(one, other)

    def _wire(self, one: str, other: str, *, by_ear: bool = False) -> None:
        if frozenset((one, other)) not in self._wired:
            self._wired.add(frozenset((one, other)))
            self.mesh.wire(one, other, by_ear=by_ear)

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
                for inviter in self._some(self.members(name), inviters):
                    self._invite(inviter, name, guests)
            self.mesh.settle()
            self._join_all()
        self.mesh.settle()

    def _invite(self, inviter: str, group: str, guests: int) -> None:
        regarded = policy.web(self.replica(inviter))
        known = [name for name in self.names if self.mesh.nodes[name].person in regarded]
        for guest in self._some(known, guests):
            try:
                groups.invite(self.replica(inviter), group, None, guest)
            except MeshnodeError:
                continue  # a member already, or not visible to the inviter
            self._wire(inviter, guest)

    def _join_all(self) -> None:
        """Let everybody who has heard of an invitation accept it."""
        for name in self.names:
            waiting = groups.show(self.replica(name), groups.GroupsQuery()).invitations
            for group in dict.fromkeys(invitation.name for invitation in waiting):
                groups.join(self.replica(name), group, None)

    # --- what happens --------------------------------------------------------------------------------------------------

    def live(self) -> None:
        """Let things happen in a world that is cut into parts twice, then once more in one piece."""
        for parted in (True, True, False):
            if parted:
                self.partition()
            for _ in range(2):
                self.churn(self.plan.acts // 6)
                self.mesh.settle()
            self.mesh.heal()
            self.mesh.settle()

    def churn(self, acts: int) -> None:
        """Let this many random things happen to random people who have not heard of each other's yet."""
        choices: list[tuple[Callable[[str], None], int]] = [
            (self.post, 6),
            (self.edit, 5),
            (self.withdraw, 2),
            (self.vouch_otherwise, 8),
            (self.quarrel, 5),
            (self.prefer, 2),
            (self.move, 2),
            (self.leave, 1),
            (self.restart, 1),
        ]
        for act in self.chance.choices([act for act, _ in choices], [often for _, often in choices], k=acts):
            act(self.chance.choice(self.names))

    def post(self, name: str) -> None:
        """Post a listing for a random audience."""
        place = self.chance.choice((None, None, *PLACES))
        record = post(self.mesh, name, f"{name} {len(self.listings)}", self.chance.choice(AUDIENCES), place=place)
        self.listings.append((name, record.header.slot))

    def edit(self, _: str) -> None:
        """Change the text or the audience of some listing."""
        name, record = self._some_listing()
        audience = self.chance.choice((None, *AUDIENCES))
        title = f"{name} edited {self.chance.randrange(1000)}"
        rewrite(
            self.mesh,
            name,
            record,
            title,
            audience,
            may_reduce_access=audience is not None or self.chance.random() < 0.5,
        )

    def withdraw(self, _: str) -> None:
        """Withdraw some listing."""
        withdraw(self.mesh, *self._some_listing())

    def vouch_otherwise(self, name: str) -> None:
        """Change a vouch; people who are new to each other vouch for each other, as after a card."""
        known = [
            other for other in self.names if other != name and policy.weight(self.replica(name), self.person(other))
        ]
        if known and self.chance.random() < 0.75:
            vouch(self.mesh, name, self.chance.choice(known), self.chance.choice((0, 0, *WEIGHTS)))
            return
        other = self.chance.choice([one for one in self._village_of(name) if one != name] or self.names[:1])
        if other != name:
            self._befriend(name, other, answered=0.8)

    def quarrel(self, name: str) -> None:
        """Let a person block somebody of their village or group, or end a block."""
        if self.blocks and self.chance.random() < 0.3:
            one, other = self.chance.choice(sorted(self.blocks))
            self.blocks.discard((one, other))
            unblock(self.mesh, one, other)
            return
        mates = sorted({mate for group in self.groups_of(name) for mate in self.members(group)})
        other = self.chance.choice(mates or self._village_of(name))
        if other != name:
            self.blocks.add((name, other))
            block(self.mesh, name, other)

    def prefer(self, name: str) -> None:
        """Change a sharing preference, and with it the listings that follow it."""
        radius = self.chance.choice((5, 25, 100))
        policy.set_preference(
            self.replica(name), Preference(self.chance.choice(AUDIENCES[1:]), Precision.NEIGHBORHOOD, radius, 0)
        )

    def move(self, name: str) -> None:
        """Let somebody publish another place."""
        set_profile(self.replica(name), place=self.chance.choice(PLACES))

    def leave(self, _: str) -> None:
        """Let somebody leave a group."""
        group = self.chance.choice(sorted(self.groups))
        for name in self._some(self.members(group), 1):
            leave(self.mesh, name, group)

    def restart(self, name: str) -> None:
        """Kill a node and start it again."""
        self.mesh.restart(name)

    def partition(self) -> None:
        """Cut the world into two or three parts, and let some nodes sleep."""
        sleepers = self._some(self.names, len(self.names) // 20)
        sides: list[list[str]] = [[] for _ in range(self.chance.choice((2, 3)))]
        for village in self.villages:
            home = self.chance.choice(sides)
            for name in village:
                if name not in sleepers:
                    (home if self.chance.random() < 0.8 else self.chance.choice(sides)).append(name)
        self.mesh.partition(*sides, *([name] for name in sleepers))

    def rest(self) -> None:
        """Let everything come to rest: broken connections are tried again, sets are compared again."""
        for _ in range(2):
            self.mesh.advance(limits.RECHECK_SECONDS + 60)

    # --- who is who ----------------------------------------------------------------------------------------------------

    def replica(self, name: str) -> Replica:
        """Return the person whose node `name` runs."""
        return self.mesh.nodes[name].replica

    def person(self, name: str) -> PersonId:
        """Return the key of `name`."""
        return self.mesh.nodes[name].person

    def members(self, group: str) -> list[str]:
        """Return the members of the group, by what they say on their own nodes."""
        return [name for name in self.names if group in self.groups_of(name)]

    def groups_of(self, name: str) -> set[str]:
        """Return a person's groups, as their own node knows them."""
        replica = self.replica(name)
        return {join.group.name for _, join in replica.trust_state.joins(replica.me)}

    def _village_of(self, name: str) -> list[str]:
        return next(village for village in self.villages if name in village)

    def _some(self, names: list[str], most: int) -> list[str]:
        return self.chance.sample(names, min(most, len(names)))

    def _place(self) -> str | None:
        return self.chance.choice((None, *PLACES))

    def _some_listing(self) -> tuple[str, Record]:
        name, slot = self.chance.choice(self.listings)
        head = self.replica(name).store.records.newest((self.person(name), Kind.LISTING, slot))
        assert head is not None
        return name, head
