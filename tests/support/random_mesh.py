"""A mesh in which people act at random, compared with what the brute-force model says they must see.

People vouch, mutually or not, block, post for all audiences, move, edit, narrow, withdraw, restart and are cut off from
each other, all by one seed. The truth is read from the authors' own nodes alone; the tests ask whether
copies have followed it.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations, pairwise

from meshnode.app.owner import policy
from meshnode.app.owner.profile import set_profile
from meshnode.replica.access import Access
from meshnode.store import RecordState
from protocol import Audience, Kind, PersonId, Precision, Preference, Record, RecordId, coarse, distance_km, limits
from tests.support.mesh import Mesh, Node
from tests.support.mesh_people import acquaint, block, post, rewrite, unblock, vouch, withdraw
from tests.support.model import BruteListing, World, brute_best_path, brute_mesh, brute_visible, brute_web

AUDIENCES = tuple(Audience)
WEIGHTS = (50, 110, 300, 500, 550, 700, 800, 900, 950, 1000)
PLACES = tuple(coarse(latitude, longitude, Precision.NEIGHBORHOOD) for latitude, longitude in ((52.52, 13.40), (52.50, 13.45), (52.40, 13.06), (48.14, 11.58)))  # fmt: skip


@dataclass(frozen=True)
class Seen:
    """A listing that somebody should see or does."""

    viewer: str
    author: str
    slot: bytes
    version: int


class RandomMesh:
    """`size` people whose nodes could all reach each other, were it not for partitions."""

    def __init__(self, seed: int, size: int) -> None:
        self.chance = random.Random(seed)
        self.mesh = Mesh(seed)
        self.names = [f"P{number:02}" for number in range(size)]
        self.blocks: set[tuple[str, str]] = set()
        self.listings: list[tuple[str, RecordId]] = []
        for name in self.names:
            self.mesh.add(name, audience=self.chance.choice(AUDIENCES[1:]), place=self._place())
        self._wire_up()

    def _wire_up(self) -> None:
        """A sparse web: a random tree of mutual vouches and some more, so that all its paths can be listed."""
        for one, other in combinations(self.names, 2):
            acquaint(self.mesh, one, other)
        for number, name in enumerate(self.names[1:], start=1):
            other = self.names[self.chance.randrange(max(0, number - 5), number)]
            self._vouch(name, other)
            self._vouch(other, name)
        for _ in range(len(self.names) // 2):
            one, other = self.chance.sample(self.names, 2)
            self._vouch(one, other)
            if self.chance.random() < 0.5:
                self._vouch(other, one)
        for one, other in combinations(self.names, 2):
            self.mesh.wire(one, other)

    def _vouch(self, one: str, other: str) -> None:
        vouch(self.mesh, one, other, self.chance.choice(WEIGHTS))

    def _place(self) -> str | None:
        return self.chance.choice((None, *PLACES))

    # --- life ----------------------------------------------------------------------------------------------------------

    def live(self, steps: int) -> None:
        """Do `steps` random things, at times letting the mesh settle in between, and heal in the end."""
        acts: list[tuple[Callable[[], None], int]] = [
            (self.post, 8),
            (self.edit, 5),
            (self.withdraw, 2),
            (self.change_a_vouch, 5),
            (self.change_a_block, 2),
            (self.prefer, 2),
            (self.move, 2),
            (self.restart, 2),
            (self.partition, 2),
            (self.heal, 1),
            (self.mesh.settle, 8),
        ]
        for act in self.chance.choices([act for act, _ in acts], [often for _, often in acts], k=steps):
            act()
        self.heal()

    def post(self) -> None:
        name = self.chance.choice(self.names)
        title = f"{name} {len(self.listings)}"
        record = post(self.mesh, name, title, self.chance.choice(AUDIENCES))
        self.listings.append((name, record.header.slot))

    def edit(self) -> None:
        found = self._some_listing()
        if found is not None:
            name, record = found
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

    def withdraw(self) -> None:
        found = self._some_listing()
        if found is not None:
            withdraw(self.mesh, *found)

    def change_a_vouch(self) -> None:
        one, other = self.chance.sample(self.names, 2)
        known = [name for name in self.names if policy.weight(self.node(one).replica, self.node(name).person)]
        if known and self.chance.random() < 0.6:
            other = self.chance.choice(known)
        weight = self.chance.choice((0, 0, *WEIGHTS))
        if weight:
            acquaint(self.mesh, one, other)  # people vouch only for those they have met or were shown
        vouch(self.mesh, one, other, weight)

    def change_a_block(self) -> None:
        if self.blocks and self.chance.random() < 0.4:
            one, other = self.chance.choice(sorted(self.blocks))
            self.blocks.discard((one, other))
            unblock(self.mesh, one, other)
        else:
            one, other = self.chance.sample(self.names, 2)
            self.blocks.add((one, other))
            block(self.mesh, one, other)

    def prefer(self) -> None:
        node = self.node(self.chance.choice(self.names))
        chosen = Preference(
            self.chance.choice(AUDIENCES[1:]), Precision.NEIGHBORHOOD, self.chance.choice((5, 25, 100)), 0
        )
        policy.set_preference(node.replica, chosen)

    def move(self) -> None:
        set_profile(self.node(self.chance.choice(self.names)).replica, place=self.chance.choice(PLACES))

    def restart(self) -> None:
        self.mesh.restart(self.chance.choice(self.names))

    def partition(self) -> None:
        sides: list[list[str]] = [[], [], []]
        for name in self.names:
            self.chance.choice(sides[: self.chance.choice((2, 3))]).append(name)
        self.mesh.partition(*sides)

    def heal(self) -> None:
        self.mesh.heal()

    def rest(self) -> None:
        """Let everything come to rest: broken connections are tried again, sets are compared again."""
        for _ in range(3):
            self.mesh.advance(limits.RECHECK_SECONDS + 60)

    def node(self, name: str) -> Node:
        return self.mesh.nodes[name]

    def _some_listing(self) -> tuple[str, Record] | None:
        if not self.listings:
            return None
        name, slot = self.chance.choice(self.listings)
        head = self.node(name).replica.store.records.newest((self.node(name).person, Kind.LISTING, slot))
        assert head is not None
        return name, head

    # --- truth and copies ----------------------------------------------------------------------------------------------

    def world(self) -> World:
        """Return the model's world, made of what all people say on their own nodes."""
        of = {node.person: name for name, node in self.mesh.nodes.items()}
        vouches: dict[tuple[str, str], int] = {}
        for name, node in self.mesh.nodes.items():
            own = policy.own(node.replica)
            assert own is not None
            vouches |= {(name, of[subject]): weight for subject, weight in own.vouches.items()}
        places = {}
        for name, node in self.mesh.nodes.items():
            profile = node.replica.trust_state.profile(node.person)
            if profile is not None and profile.place is not None:
                places[name] = profile.place
        km = {(one, other): distance_km(one, other) for one in PLACES for other in PLACES}
        return World(vouches=vouches, blocks=set(self.blocks), places=places, km=km)

    def may_see(self) -> set[Seen]:
        """Return who may see what, by the model; versions that their author has called harmless count as the newest."""
        floors = {
            (name, row.slot): row.min_valid_version
            for name, node in self.mesh.nodes.items()
            for row in node.replica.store.records.rows(kinds=(Kind.LISTING,), author=node.person)
        }
        versions: dict[tuple[PersonId, bytes], set[int]] = {}
        for node in self.mesh.nodes.values():
            for row in node.replica.store.records.rows(kinds=(Kind.LISTING,)):
                versions.setdefault((row.author, row.slot), set()).add(row.version)
        return {
            replace(seen, version=version)
            for seen, _ in self._truth()
            for version in versions[self.mesh.nodes[seen.author].person, seen.slot]
            if floors[seen.author, seen.slot] <= version <= seen.version
        }

    def must_see(self) -> set[Seen]:
        """Return the listings that people may see and that can reach them.

        The viewer must be connected with the author, directly or along the people of the best path, each of whom may see
        the listing too. The viewer must be told the policies of all these people to follow the path (people who block the
        next on the path tell the viewer nothing). Where the viewer's place decides, it must be told to the author.
        """
        world = self.world()
        talks = {frozenset(pair) for pair in self.mesh.connections()}
        may: dict[tuple[str, bytes], set[str]] = {}
        for seen, _ in self._truth():
            may.setdefault((seen.author, seen.slot), {seen.author}).add(seen.viewer)
        found = set()
        for seen, audience in self._truth():
            path = brute_best_path(world, seen.author, seen.viewer)
            assert path is not None
            along = all(frozenset(pair) in talks for pair in pairwise(path))
            passed_on = along and set(path) <= may[seen.author, seen.slot]
            knows_path = all(self._is_told(world, giver, seen.viewer) for giver in path[:-1])
            knows_path = knows_path and not any(world.blocked_either_way(one, other) for one, other in pairwise(path))
            placed = audience != Audience.ANYONE_LOCAL or brute_web(world, seen.viewer, seen.author)
            if knows_path and placed and (passed_on or {seen.author, seen.viewer} in talks):
                found.add(seen)
        return found

    def _is_told(self, world: World, giver: str, viewer: str) -> bool:
        """Whether the policy of `giver` is for `viewer`, leaving aside that a vouch alone would do."""
        return brute_web(world, giver, viewer) or viewer in brute_mesh(world, giver)

    def in_touch(self, seen: Seen) -> bool:
        """Whether both are connected. A person who blocks their only contact unheard can tell nobody."""
        talkers = {name for pair in self.mesh.connections() for name in pair}
        return {seen.viewer, seen.author} <= talkers

    def _truth(self) -> list[tuple[Seen, Audience]]:
        world = self.world()
        found = []
        for author, node in self.mesh.nodes.items():
            own = node.replica.trust_state.policy(node.person)
            assert own is not None
            for record in node.replica.store.records.bodies(Kind.LISTING, author=node.person):
                header = record.header
                followed = header.audience == Audience.FOLLOWS
                audience = Audience(own.preference.audience if followed else header.audience)
                facts = BruteListing(
                    author, audience.word, world.places.get(author), own.preference.radius_km, header.expires
                )
                now = node.replica.clock.now()
                found += [
                    (Seen(viewer, author, header.slot, header.version), audience)
                    for viewer in self.names
                    if viewer != author and brute_visible(world, facts, viewer, now=now)
                ]
        return found

    def does_see(self) -> set[Seen]:
        """Return what each person's own node shows them."""
        return {seen for seen, shown in self._copies() if shown}

    def holds(self) -> set[Seen]:
        """Return the listings whose bodies nodes store, shown or not; held records are left out, since nobody uses them."""
        return {seen for seen, _ in self._copies()}

    def _copies(self) -> list[tuple[Seen, bool]]:
        of = {node.person: name for name, node in self.mesh.nodes.items()}
        found = []
        for viewer, node in self.mesh.nodes.items():
            records, now = node.replica.store.records, node.replica.clock.now()
            for row in records.rows(kinds=(Kind.LISTING,), states=(RecordState.LIVE, RecordState.SUSPENDED)):
                record = records.get(row.id)
                if row.author == node.person or record is None or not record.body:
                    continue
                shown = (
                    row.state == RecordState.LIVE
                    and node.replica.access.may_have(node.person, row, now) is Access.ALLOW
                )
                found.append((Seen(viewer, of[row.author], row.slot, row.version), shown))
        return found
