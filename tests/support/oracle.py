"""Compares the copies that nodes of a simulated world hold with those that the brute-force model grants.

The truth is read from the authors' own nodes alone. A listing that the rule grants reaches its viewer along a chain of
connected people, each of whom may have it too and is told enough to know that the next may have it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from meshnode.app.owner import policy
from meshnode.replica.access import Access
from meshnode.store import RecordState, Row
from protocol import Audience, Kind, Listing, body_of, distance_km
from tests.support.large_world import LargeWorld
from tests.support.model import BruteListing, brute_visible, brute_web
from tests.support.world_simulation import PLACES, SimulatedWorld

_KNOWN = (RecordState.LIVE, RecordState.SUSPENDED, RecordState.HEADER)


@dataclass(frozen=True, order=True)
class Copy:
    """A person's copy of a listing."""

    viewer: str
    author: str
    slot: bytes


@dataclass(frozen=True)
class Told:
    """A listing as its author has it, the people who may see it by the rule, and the versions still allowed."""

    author: str
    slot: bytes
    audience: Audience
    versions: range
    viewers: frozenset[str]


class Truth:
    """The copies that the model grants at this moment."""

    def __init__(self, simulated: SimulatedWorld) -> None:
        self._simulated = simulated
        self.world = _world(simulated)
        self._touch: dict[str, set[str]] = {name: set() for name in simulated.names}
        for one, other in simulated.mesh.connections():
            self._touch[one].add(other)
            self._touch[other].add(one)
        self._in_groups = {name: simulated.groups_of(name) for name in simulated.names}
        self.listings = list(self._listings())
        self.may = {
            Copy(viewer, listing.author, listing.slot): listing.versions
            for listing in self.listings
            for viewer in listing.viewers
        }
        """The copies that the rule grants, with the versions that may be used."""
        self.must = {copy for listing in self.listings for copy in self._reached(listing)}
        """Those of them that can be brought to the person to whom they are granted."""

    def is_cut_off(self, copy: Copy) -> bool:
        """Whether the news that decides about this copy can have reached neither the viewer nor anybody who would tell them.

        Blocks do that: people who are blocked either way with an author are not shown the author's old copies, and are not
        asked for newer ones.
        """
        viewer = self._simulated.mesh.nodes[copy.viewer]
        of = {node.person: name for name, node in self._simulated.mesh.nodes.items()}
        author, now = self._simulated.person(copy.author), viewer.replica.clock.now()
        near = author in viewer.replica.trust_state.reach_to(viewer.person)
        path = viewer.replica.trust_state.graph.trust(author, viewer.person) if near else None
        people = {copy.author, *(of[person] for person in path.people)} if path is not None else {copy.author}
        knows = self._heard(copy.viewer, people, copy)
        truth = {known: row for name in people for known, row in self._heard(name, {name}, copy).items()}
        if all(known not in truth or row.version >= truth[known].version for known, row in knows.items()):
            return False
        for name in self._touch[copy.viewer]:
            better = self._heard(name, people, copy)
            for known, row in knows.items():
                if known in better and better[known].version > row.version:
                    shown = viewer.replica.access.may_have(self._simulated.person(name), row, now)
                    if shown is Access.ALLOW:
                        return False
        return True

    def _heard(self, name: str, people: set[str], copy: Copy) -> dict[tuple[str, int, bytes], Row]:
        """Return the newest versions that `name` knows of these people's policies, and of the author's own records.

        Held records do not count: they supersede nothing and are passed on to nobody.
        """
        records = self._simulated.replica(name).store.records
        heard: dict[tuple[str, int, bytes], Row] = {}
        for author in people:
            for row in records.rows(tuple(Kind), self._simulated.person(author), _KNOWN):
                of_the_author = author == copy.author and row.kind in (Kind.PROFILE, Kind.JOIN)
                if of_the_author or row.kind == Kind.POLICY or (row.kind == Kind.LISTING and row.slot == copy.slot):
                    known = (author, row.kind, row.slot)
                    if known not in heard or heard[known].version < row.version:
                        heard[known] = row
        return heard

    def _listings(self) -> Iterator[Told]:
        for author, node in self._simulated.mesh.nodes.items():
            own = policy.own(node.replica)
            assert own is not None
            for record in node.replica.store.records.bodies(Kind.LISTING, author=node.person):
                header = record.header
                if header.expires <= node.replica.clock.now() or record.withdrawn:
                    continue
                followed = header.audience == Audience.FOLLOWS
                audience = Audience(own.preference.audience if followed else header.audience)
                body = body_of(record)
                assert isinstance(body, Listing)
                place = body.place or self.world.places.get(author)
                facts = BruteListing(author, audience.word, place, own.preference.radius_km)
                viewers = {
                    name for name in self._simulated.names if name != author and brute_visible(self.world, facts, name)
                }
                versions = range(max(1, header.min_valid_version), header.version + 1)
                yield Told(author, header.slot, audience, versions, frozenset(viewers))

    # --- what reaches whom ---------------------------------------------------------------------------------------------

    def _reached(self, listing: Told) -> set[Copy]:
        """Whether people in touch can pass it on, each of whom may have it and can tell that the next one may."""
        reached, waiting = {listing.author}, deque([listing.author])
        while waiting:
            giver = waiting.popleft()
            for taker in sorted(self._touch[giver] & listing.viewers - reached):
                if self._can_tell(giver, listing, taker) and self._can_tell(taker, listing, taker):
                    reached.add(taker)
                    waiting.append(taker)
        return {Copy(viewer, listing.author, listing.slot) for viewer in reached - {listing.author}}

    def _can_tell(self, teller: str, listing: Told, viewer: str) -> bool:
        """Whether `teller` may have everything on which the author's consent to `viewer` depends."""
        world, author = self.world, listing.author
        by_trust = listing.audience not in (Audience.MY_CELL, Audience.MY_COMMUNITY)
        if listing.audience == Audience.ANYONE_LOCAL and not (teller == viewer or brute_web(world, viewer, teller)):
            return False
        common = self._in_groups[author] & self._in_groups[viewer]
        if common & self._in_groups[teller] or (common and brute_web(world, viewer, teller)):
            return True
        if not by_trust or world.trust(author, viewer) is None:
            return False
        path = world.path(author, viewer)
        return all(self._is_told(one, teller) for one in path[:-1])

    def _is_told(self, speaker: str, listener: str) -> bool:
        """Whether `listener` may have the policy of `speaker`."""
        if (speaker, listener) in self.world.blocks:
            return False
        world = self.world
        return (
            listener in world.mesh(speaker)
            or world.vouches_for(speaker, listener)
            or brute_web(world, speaker, listener)
        )


def _world(simulated: SimulatedWorld) -> LargeWorld:
    """Return the model's world, made of what all people say on their own nodes."""
    of = {node.person: name for name, node in simulated.mesh.nodes.items()}
    vouches: dict[tuple[str, str], int] = {}
    places: dict[str, str] = {}
    for name, node in simulated.mesh.nodes.items():
        own, profile = policy.own(node.replica), node.replica.trust_state.profile(node.person)
        assert own is not None
        vouches |= {(name, of[subject]): weight for subject, weight in own.vouches.items()}
        if profile is not None and profile.place is not None:
            places[name] = profile.place
    kinds: dict[str, list[set[str]]] = {"cell": [], "community": []}
    for group, kind in simulated.groups.items():
        kinds[kind].append(set(simulated.members(group)))
    km = {(one, other): distance_km(one, other) for one in PLACES for other in PLACES}
    return LargeWorld(vouches, set(simulated.blocks), kinds["cell"], kinds["community"], places, km)


def copies(simulated: SimulatedWorld, *, shown: bool) -> dict[Copy, int]:
    """Return the version of each copy that a node stores; with `shown`, only of copies that the node shows its owner."""
    of = {node.person: name for name, node in simulated.mesh.nodes.items()}
    found = {}
    for viewer, node in simulated.mesh.nodes.items():
        records, now = node.replica.store.records, node.replica.clock.now()
        states = (RecordState.LIVE,) if shown else (RecordState.LIVE, RecordState.SUSPENDED)
        rows = [row for row in records.rows(kinds=(Kind.LISTING,), states=states) if row.author != node.person]
        full = {record.id for record in records.get_many([row.id for row in rows]) if record.body}
        for row in rows:
            if row.id in full and (not shown or node.replica.access.may_have(node.person, row, now) is Access.ALLOW):
                found[Copy(viewer, of[row.author], row.slot)] = row.version
    return found


@dataclass(frozen=True)
class Verdict:
    """The result of a comparison: copies held, copies granted and within reach, and in words each difference.

    `stale` are copies that should be gone, and whose holders are in touch with nobody who would tell them.
    """

    held: int
    granted: int
    within_reach: int
    stale: int
    faults: list[str]


def verdict(simulated: SimulatedWorld, *, shown: bool) -> Verdict:
    """Compare the nodes with the model; missing copies count only with `shown`."""
    truth, held = Truth(simulated), copies(simulated, shown=shown)
    forbidden = [(copy, version) for copy, version in held.items() if version not in truth.may.get(copy, range(0))]
    stale = [copy for copy, _ in forbidden if truth.is_cut_off(copy)]
    complaints = [
        f"{copy.viewer} holds version {version} of {copy.author}'s {copy.slot.hex()[:8]}"
        for copy, version in sorted(forbidden)
        if copy not in stale
    ]
    if shown:
        complaints += [
            f"{copy.viewer} lacks {copy.author}'s {copy.slot.hex()[:8]}" for copy in sorted(truth.must - held.keys())
        ]
    return Verdict(len(held), len(truth.may), len(truth.must), len(stale), complaints)
