"""Compares the copies that nodes of a simulated world hold with those that the brute-force model grants.

The truth is what the authors' own devices have signed. A listing that the rule grants reaches its viewer along a chain of
connected nodes, each of whose owners may have it too and is told enough to know that the next may have it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

from meshnode.replica.access import Access
from meshnode.store import RecordState, Row
from protocol import Audience, Kind, PersonId, limits
from tests.support.large_world import LargeWorld
from tests.support.mesh import EPOCH, Node
from tests.support.model import BruteListing, brute_visible, brute_web
from tests.support.places import KM
from tests.support.statements import Stance, Statement, merged, own_register
from tests.support.world_simulation import SimulatedWorld

_KNOWN = (RecordState.LIVE, RecordState.SUSPENDED, RecordState.HEADER)


@dataclass(frozen=True, order=True)
class Copy:
    """The copy of a listing on one node. `author` is a person's name, `viewer` a node's."""

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
        self._nodes = {node.name: node for node in simulated.nodes()}
        made_up = {person: f"made up {person.hex()[:8]}" for person in simulated.made_up}
        self._of = {**simulated.name_of, **made_up}
        self.stances = {name: self._stance(name) for name in simulated.names}
        self.world = self._world()
        self._touch: dict[str, set[str]] = {name: set() for name in simulated.mesh.nodes}
        for one, other in simulated.mesh.connections():
            self._touch[one].add(other)
            self._touch[other].add(one)
        self._in_groups = {name: simulated.groups_of(name) for name in simulated.names}
        misled = {simulated.owner(name) for name in self._nodes if simulated.is_misled(name)}
        self._unreliable = simulated.liars.keys() | simulated.cramped | misled
        """People of whom it is not asked that they pass on what comes to them."""
        self._hearers_of: dict[str, set[str]] = {}
        self.listings = list(self._listings())
        self.may = {
            (viewer, listing.author, listing.slot): listing.versions
            for listing in self.listings
            for viewer in listing.viewers
        }
        """The listings that the rule grants to people, with the versions that may be used."""
        self.must = {copy for listing in self.listings for copy in self._reached(listing)}
        """Those copies that can be brought to a person to whom they are granted."""

    def owner(self, node: str) -> str:
        """Return the name of the person whose node this is."""
        return self._of[self._simulated.person(node)]

    def _stance(self, name: str) -> Stance:
        devices = [node for node in self._nodes.values() if self.owner(node.name) == name]
        stance = merged(register for node in devices if (register := own_register(node)) is not None)
        known = {subject: weight for subject, weight in stance.vouches.items() if subject in self._of}
        return replace(stance, vouches=known)

    def _world(self) -> LargeWorld:
        """Return the model's world, made of what all people say on their own nodes."""
        simulated = self._simulated
        vouches: dict[tuple[str, str], int] = {}
        blocks: set[tuple[str, str]] = set()
        places: dict[str, str] = {}
        for name, stance in self.stances.items():
            me = simulated.person(name)
            vouches |= {(name, self._of[subject]): weight for subject, weight in stance.vouches.items()}
            if stance.tags:
                blocks |= {(name, other) for other in simulated.names if stance.blocks(me, simulated.person(other))}
            profile = simulated.replica(name).trust_state.profile(me)
            if profile is not None and profile.place is not None:
                places[name] = profile.place
        for person, given in simulated.made_up.items():
            vouches |= {(self._of[person], self._of[subject]): weight for subject, weight in given.items()}
        kinds: dict[str, list[set[str]]] = {"cell": [], "community": []}
        for group, kind in simulated.groups.items():
            kinds[kind].append(set(simulated.members(group)))
        return LargeWorld(vouches, blocks, kinds["cell"], kinds["community"], places, KM)

    def _listings(self) -> Iterator[Told]:
        for (person, slot), said in self._newest().items():
            author = self._of[person]
            stance = self.stances[author]
            if said.withdrawn or said.expires <= self.now:
                continue
            audience = Audience(stance.preference.audience if said.audience == Audience.FOLLOWS else said.audience)
            place = said.place or self.world.places.get(author)
            facts = BruteListing(author, audience.word, place, stance.preference.radius_km)
            viewers = {
                name
                for name in self._simulated.names
                if name != author and not stance.preference.paused and brute_visible(self.world, facts, name)
            }
            versions = range(max(1, said.min_valid_version), said.version + 1)
            yield Told(author, slot, audience, versions, frozenset(viewers))

    @property
    def now(self) -> float:
        """The time that all clocks of the world go by."""
        return EPOCH + self._simulated.mesh.time + self._simulated.mesh.slept

    def _newest(self) -> dict[tuple[PersonId, bytes], Statement]:
        said = self._simulated.said
        newest = ((slot, said.newest(slot)) for slot in sorted(said.listings))
        return {slot: one for slot, one in newest if one is not None}

    # --- what is lost --------------------------------------------------------------------------------------------------

    def lost(self) -> Iterator[str]:
        """Yield what people have said and their own devices no longer know: acknowledged records, and what they took back."""
        for (person, slot), said in self._newest().items():
            guards = said.withdrawn or said.expires < said.latest_expiry
            until = said.latest_expiry + limits.TOMBSTONE_GRACE - limits.HOUR if guards else said.expires
            for node in self._nodes.values():
                if node.replica.device == said.device and self.now < until:
                    held = node.replica.store.records.newest((person, Kind.LISTING, slot))
                    if held is None or held.header.version < said.version:
                        yield f"{node.name} has lost version {said.version} of its own {slot.hex()[:8]}"
                    elif said.expires > self.now and said.id == held.id and held.header_only:
                        yield f"{node.name} has lost the text of its own {slot.hex()[:8]}"

    # --- what may remain where nobody is told ----------------------------------------------------------------------------

    def is_cut_off(self, copy: Copy) -> bool:
        """Whether the news that decides about this copy can have reached neither the viewer nor anybody who would tell them.

        Blocks do that: people who are blocked either way with an author are not shown the author's old copies, and are not
        asked for newer ones. A viewer in touch with the author is not cut off.
        """
        viewer = self._nodes[copy.viewer]
        author, now = self._simulated.person(copy.author), viewer.replica.clock.now()
        if any(self._simulated.person(name) == author for name in self._touch[copy.viewer]):
            return False
        name_of = self._simulated.name_of
        near = author in viewer.replica.trust_state.reach_to(viewer.person)
        path = viewer.replica.trust_state.graph.trust(author, viewer.person) if near else None
        people = (
            {copy.author, *(name_of[person] for person in path.people if person in name_of)}
            if path is not None
            else {copy.author}
        )
        knows = self._heard(viewer, people, copy)
        truth: dict[tuple[str, int, bytes], Row] = {}
        for node in self._nodes.values():
            if self.owner(node.name) in people:
                for known, row in self._heard(node, {self.owner(node.name)}, copy).items():
                    if known not in truth or truth[known].version < row.version:
                        truth[known] = row
        if all(known not in truth or row.version >= truth[known].version for known, row in knows.items()):
            return False
        for name in self._touch[copy.viewer] & self._nodes.keys():
            peer = self._nodes[name]
            better = self._heard(peer, people, copy)
            for known, row in knows.items():
                if known in better and better[known].version > row.version:
                    news, mine = better[known], row
                    given = peer.replica.access.may_have(viewer.person, news, now) is Access.ALLOW
                    shown = viewer.replica.access.may_have(peer.person, mine, now) is Access.ALLOW
                    if given or (shown and news.min_valid_version > mine.version):
                        return False
        return True

    def deletes_nothing(self, copy: Copy) -> bool:
        """Whether the viewer's node has only one witness of the date, and so waits with deleting."""
        return self._nodes[copy.viewer].replica.clock.purge_before() < self.now - limits.DAY

    def _heard(self, node: Node, people: set[str], copy: Copy) -> dict[tuple[str, int, bytes], Row]:
        """Return the newest versions that a node knows of these people's policies, and of the author's own records.

        Held records do not count: they supersede nothing and are passed on to nobody.
        """
        heard: dict[tuple[str, int, bytes], Row] = {}
        for author in people:
            for row in node.replica.store.records.rows(tuple(Kind), self._simulated.person(author), _KNOWN):
                of_the_author = author == copy.author and row.kind in (Kind.PROFILE, Kind.JOIN)
                if of_the_author or row.kind == Kind.POLICY or (row.kind == Kind.LISTING and row.slot == copy.slot):
                    known = (author, row.kind, row.slot)
                    if known not in heard or heard[known].version < row.version:
                        heard[known] = row
        return heard

    # --- what reaches whom ---------------------------------------------------------------------------------------------

    def _reached(self, listing: Told) -> set[Copy]:
        """Whether nodes in touch can pass it on, whose owners each may have it and can tell that the next one may."""
        start = {name for name in self._nodes if self.owner(name) == listing.author}
        reached, waiting = set(start), deque(sorted(start))
        while waiting:
            giver = waiting.popleft()
            if self.owner(giver) in self._unreliable:
                continue
            for taker in sorted(self._touch[giver] & self._nodes.keys() - reached):
                person = self.owner(taker)
                tellers = (self.owner(giver), person)
                if person in listing.viewers and all(self._can_tell(one, listing, person) for one in tellers):
                    reached.add(taker)
                    waiting.append(taker)
        return {Copy(viewer, listing.author, listing.slot) for viewer in reached - start}

    def _can_tell(self, teller: str, listing: Told, viewer: str) -> bool:
        """Whether `teller` may have everything on which the author's consent to `viewer` depends."""
        world, author = self.world, listing.author
        by_trust = listing.audience not in (Audience.MY_CELL, Audience.MY_COMMUNITY)
        if listing.audience == Audience.ANYONE_LOCAL and not (teller == viewer or brute_web(world, viewer, teller)):
            return False
        common = self._in_groups[author] & self._in_groups[viewer]
        if listing.audience == Audience.TRUSTED_NETWORK:
            common = set()  # to share a group is not to be trusted
        if common & self._in_groups[teller] or (common and brute_web(world, viewer, teller)):
            return True
        if not by_trust or world.trust(author, viewer) is None:
            return False
        path = world.path(author, viewer)
        return all(teller in self._hearers(one) for one in path[:-1])

    def _hearers(self, speaker: str) -> set[str]:
        """Return everybody whom the policy of `speaker` can reach, along nodes whose owners may have it too."""
        if speaker not in self._hearers_of:
            reached = {name for name in self._nodes if self.owner(name) == speaker}
            waiting = sorted(reached)
            while waiting:
                giver = waiting.pop()
                if self.owner(giver) in self._unreliable and self.owner(giver) != speaker:
                    continue
                takers = self._touch[giver] & self._nodes.keys() - reached
                told = {name for name in takers if self._is_told(speaker, self.owner(name))}
                reached |= told
                waiting += sorted(told)
            self._hearers_of[speaker] = {self.owner(name) for name in reached}
        return self._hearers_of[speaker]

    def _mesh_known_to(self, listener: str) -> set[str]:
        """Return everybody joined to the listener by mutual vouches, all of which the listener can know.

        People who block the listener let them have no policy: somebody joined to the listener through these alone seems
        to be joined by nothing.
        """
        found, waiting = {listener}, [listener]
        while waiting:
            here = waiting.pop()
            more = {
                other
                for other in self.world.mesh(here) - found
                if self.world.mutual(here, other) and (other, listener) not in self.world.blocks
            }
            found |= more
            waiting += sorted(more)
        return found

    def _is_told(self, speaker: str, listener: str) -> bool:
        """Whether `listener` may have the policy of `speaker`, and can tell that they may."""
        if (speaker, listener) in self.world.blocks:
            return False
        world = self.world
        return (
            speaker in self._mesh_known_to(listener)
            or world.vouches_for(speaker, listener)
            or brute_web(world, speaker, listener)
        )


def copies(simulated: SimulatedWorld, *, shown: bool) -> dict[Copy, int]:
    """Return the version of each copy that a node stores; with `shown`, only of copies that the node shows its owner."""
    found = {}
    for node in simulated.nodes():
        records, now = node.replica.store.records, node.replica.clock.now()
        states = (RecordState.LIVE,) if shown else (RecordState.LIVE, RecordState.SUSPENDED)
        rows = [row for row in records.rows(kinds=(Kind.LISTING,), states=states) if row.author != node.person]
        full = {record.id for record in records.get_many([row.id for row in rows]) if record.body}
        for row in rows:
            known = row.author in simulated.name_of  # a liar may have made the author up
            if (
                known
                and row.id in full
                and (not shown or node.replica.access.may_have(node.person, row, now) is Access.ALLOW)
            ):
                found[Copy(node.name, simulated.name_of[row.author], row.slot)] = row.version
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
    misled = {name for name in simulated.mesh.nodes if simulated.is_misled(name)}
    lying = {
        copy
        for copy in (*held, *truth.must)
        if {truth.owner(copy.viewer), copy.author} & simulated.liars.keys()
        or copy.viewer in misled
        or copy.author in {simulated.owner(name) for name in misled}  # what such a device wrote may seem to have ended
    }
    held = {copy: version for copy, version in held.items() if copy not in lying}
    forbidden = [
        (copy, version)
        for copy, version in held.items()
        if version not in truth.may.get((truth.owner(copy.viewer), copy.author, copy.slot), range(0))
    ]
    stale = [copy for copy, _ in forbidden if truth.is_cut_off(copy) or (not shown and truth.deletes_nothing(copy))]
    complaints = [
        f"{copy.viewer} holds version {version} of {copy.author}'s {copy.slot.hex()[:8]}"
        for copy, version in sorted(forbidden)
        if copy not in stale
    ]
    complaints += truth.lost()
    complaints += [
        f"{name} goes by a wrong date, though its own clock is synchronized"
        for name in sorted(misled - simulated.lost)
        if simulated.mesh.nodes[name].clock.machine.is_synchronized and truth.owner(name) not in simulated.liars
    ]
    if shown:
        complaints += [
            f"{copy.viewer} lacks {copy.author}'s {copy.slot.hex()[:8]}"
            for copy in sorted(truth.must - held.keys() - lying)
            if truth.owner(copy.viewer) not in simulated.cramped
        ]
    return Verdict(len(held), len(truth.may), len(truth.must), len(stale), complaints)
