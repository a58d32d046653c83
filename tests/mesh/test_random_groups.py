"""Random people, vouches, groups and blocks: at rest every node shows exactly what the model says."""

from __future__ import annotations

import random
from itertools import combinations

import pytest

from meshnode.app.groups import groups
from meshnode.app.owner import policy
from meshnode.errors import MeshnodeError
from meshnode.replica.replica import Replica
from protocol import Audience
from tests.support.mesh import Mesh
from tests.support.mesh_people import befriend, found, leave, post, sees
from tests.support.model import BruteListing, World, brute_visible

NAMES = ("Ann", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gil")
AUDIENCES = [audience for audience in Audience if audience not in (Audience.FOLLOWS, Audience.ANYONE_LOCAL)]
GROUPS = {"Elm Street": "cell", "Oak Street": "cell", "Downtown": "community"}


class Story:
    """A mesh and the model's world, in which the same things happen."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.mesh = Mesh(seed)
        self.world = World()
        self.members: dict[str, set[str]] = {group: set() for group in GROUPS}
        for name in NAMES:
            self.mesh.add(name)

    def replica(self, name: str) -> Replica:
        return self.mesh.nodes[name].replica

    def acquaint(self) -> None:
        for a, b in combinations(NAMES, 2):
            if self.chance.random() < 0.35:
                weight, back = self.chance.choice([100, 400, 900]), self.chance.choice([100, 400, 900])
                befriend(self.mesh, a, b, weight, back)
                self.world.vouches |= {(a, b): weight, (b, a): back}
            else:
                self.mesh.wire(a, b)
        self.mesh.settle()

    def gather(self) -> None:
        """Groups are founded, and members invite the people they can; everybody who hears of an invitation accepts."""
        for group, kind in GROUPS.items():
            founder = self.chance.choice(NAMES)
            found(self.mesh, founder, group, kind)
            self.members[group].add(founder)
            for _ in range(4):
                inviter = self.chance.choice(sorted(self.members[group]))
                invited = self.chance.choice(NAMES)
                try:
                    groups.invite(self.replica(inviter), group, None, invited)
                except MeshnodeError:
                    continue  # not in the inviter's web, or a member already
                self.mesh.settle()
                groups.join(self.replica(invited), group, None)
                self.members[group].add(invited)
                self.mesh.settle()

    def quarrel(self) -> None:
        """Blocks between people without a vouch: a block between two who vouch may cut the mesh, and news would not cross."""
        pairs = [pair for pair in combinations(NAMES, 2) if pair not in self.world.vouches]
        for a, b in self.chance.sample(pairs, 2):
            policy.block(self.replica(a), self.mesh.nodes[b].person)
            self.world.blocks.add((a, b))
            self.mesh.settle()

    def part(self) -> None:
        for group, members in self.members.items():
            if len(members) > 2:
                leaver = self.chance.choice(sorted(members))
                leave(self.mesh, leaver, group)
                members.discard(leaver)
                self.mesh.settle()

    def rest(self) -> None:
        """Let connections that were refused or timed out be tried again, and let everything settle."""
        for _ in range(4):
            self.mesh.advance(60)

    def shown(self) -> dict[str, set[str]]:
        return {name: sees(self.mesh, name) for name in NAMES}

    def ought(self, listings: dict[str, BruteListing]) -> dict[str, set[str]]:
        """What the model says everybody sees of other people's listings."""
        self.world.cells = [members for group, members in self.members.items() if GROUPS[group] == "cell"]
        self.world.communities = [members for group, members in self.members.items() if GROUPS[group] == "community"]
        return {
            name: {
                title
                for title, listing in listings.items()
                if listing.author != name and brute_visible(self.world, listing, name)
            }
            for name in NAMES
        }


@pytest.mark.parametrize("seed", range(12))
def test_at_rest_everybody_sees_exactly_what_the_model_says(seed: int) -> None:
    story = Story(seed)
    story.acquaint()
    listings = {}
    for name in NAMES:
        for audience in AUDIENCES:
            title = f"{name} {audience.word}"
            post(story.mesh, name, title, audience)
            listings[title] = BruteListing(name, audience.word)
    story.rest()
    assert story.shown() == story.ought(listings)
    for event in (story.gather, story.part, story.quarrel):
        event()
        story.rest()
        assert story.shown() == story.ought(listings), event.__name__
