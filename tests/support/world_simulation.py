"""Hundreds of people who act at random, by one seed: vouches, groups, blocks, moves, second devices, naps, partitions.

People act while records are on their way, and at times so hastily that what they take back has only just been named to
others. Then the mesh settles, and every node holds what the rule says. Some nodes sleep for weeks. Some lie.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from meshnode.app.devices import revocation
from meshnode.app.owner import policy
from meshnode.app.owner.profile import set_profile
from meshnode.app.upkeep import UPKEEP_SECONDS
from protocol import Precision, Preference, device_text, limits
from tests.support.bargains import Bargains
from tests.support.liars import KINDS
from tests.support.mesh_people import block, leave, rewrite, unblock, vouch, withdraw
from tests.support.places import PLACES
from tests.support.statements import tag
from tests.support.witness import Witness
from tests.support.world import AUDIENCES, WEIGHTS, Plan, World

FLAKY = 0.002  # how many deliveries end their connection
AWAY = 0.2  # the share of changed preferences that hide everything, until the next change
CLOCKS_ARE_OFF = 2 * limits.HOUR
COMPARED_EVERY = 4  # hours: every ten minutes in truth, which finds nothing most of the time
NAP = 20 * limits.DAY  # longer than anything that is only suspended, shorter than the grace of a tombstone


class SimulatedWorld(World):
    """A world, and what has happened to its people so far."""

    def __init__(self, seed: int, plan: Plan) -> None:
        super().__init__(seed, plan)
        self.mesh.flaky = FLAKY
        roomy = [name for name in self.names if name not in self.cramped]
        chosen = self.some(roomy, max(min(len(KINDS), max(4, len(self.names) // 8)), len(self.names) // 12))
        kinds = [kind for _ in range(-(-len(chosen) // len(KINDS))) for kind in self.chance.sample(KINDS, len(KINDS))]
        kinds = kinds[: len(chosen)]
        self.liars |= {name: kind(self, name) for name, kind in zip(chosen, kinds, strict=True)}
        self.witness = Witness(self)
        self.bargains = Bargains(self)
        self.restless: list[str] = []
        """What people gave to each other again and again, in the end."""

    # --- what happens --------------------------------------------------------------------------------------------------

    def live(self) -> None:
        """Let everything happen that the plan says."""
        if self.plan.hours:
            self._live_hours()
        else:
            self._live_eventfully()

    def _live_hours(self) -> None:
        """Let hours pass. Each has some acts; nodes go off and come back, the world is cut into parts and heals."""
        back_at: dict[str, int] = {}
        with self.witness.watching():
            for hour in range(self.plan.hours):
                self._switch_on([name for name, until in back_at.items() if until == hour])
                for name in self._some_honest(len(self.names) // 25):
                    back_at[name] = hour + self.chance.randint(1, 8)
                    self._switch_off([name])
                if hour % 8 == 2:
                    self._partition()
                elif hour % 8 == 5:
                    self.mesh.heal()
                self._churn(max(1, self.plan.acts // self.plan.hours))
                self._settle()
                self.mesh.lull(limits.HOUR, compares=hour % COMPARED_EVERY == COMPARED_EVERY - 1)
            self._switch_on(sorted(self.asleep))
            self.mesh.heal()
            self._settle()

    def _live_eventfully(self) -> None:
        """Let things happen in a world that is cut into parts twice, then while some nodes are off, then in one piece."""
        portion = self.plan.acts // 8
        with self.witness.watching():
            for _ in range(2):
                self._partition()
                self._live_portion(portion)
                of_two_minds = self._two_minds()
                self._settle()
                self._live_portion(portion)
                self.mesh.heal()
                self._settle()
                for name in of_two_minds:
                    self.witness.judge(name)
            with self._nap():
                self._live_portion(portion)
                self._settle()
                self.mesh.advance(NAP)
            self.mesh.heal()
            self.mesh.lull(UPKEEP_SECONDS, compares=False)  # those who have no clock know the date again, and act on it
            self._settle()
            for _ in range(3):
                self._live_portion(portion)
                self._settle()

    def _live_portion(self, acts: int) -> None:
        """Let some things happen, and then everybody lie who lies whenever others have just acted."""
        self._churn(acts)
        self._let_lie([name for name, liar in sorted(self.liars.items()) if liar.eager])

    def rest(self) -> None:
        """Let everything come to rest: broken connections are tried again, sets are compared again."""
        with self.witness.watching():
            self.mesh.advance(limits.RECHECK_SECONDS + 60)
            for _ in range(3):
                self.witness.peace.begin_round()
                self._wait()
            self.restless = self.witness.peace.end()
            self.witness.listen(len(self.names))
            for disagreement in self.bargains.disagreements():
                self.witness.complain(disagreement)

    def age(self) -> None:
        """Let so much time pass that everything suspended is gone.

        Where people live through hours, their sessions last: to begin all of them again would cost as much as a day.
        """
        with self.witness.watching():
            if self.plan.hours:
                self.mesh.lull(limits.SUSPENDED_LIFE + limits.DAY, compares=False)
            else:
                self.mesh.advance(limits.SUSPENDED_LIFE + limits.DAY)
            self._wait()
            self.mesh.lull(
                UPKEEP_SECONDS, compares=False
            )  # who was told a wrong date for so long signs again what bears it
            self.mesh.settle()

    def _wait(self) -> None:
        """Let an hour pass, in which sessions compare their sets."""
        self.mesh.lull(limits.HOUR, compares=True)

    def _settle(self) -> None:
        self.mesh.settle()
        self.witness.look(6)
        self.witness.listen(12)
        for name in sorted(self.liars.keys() - self.asleep):
            for victim in self.liars[name].victims():
                self.witness.judge(victim)

    def _churn(self, acts: int) -> None:
        """Let this many random things happen to random people, at times before others have heard of the last one."""
        choices: list[tuple[Callable[[str], None], int]] = [
            (self.post, 6),
            (self._edit, 5),
            (self._withdraw, 2),
            (self._vouch_otherwise, 8),
            (self._quarrel, 5),
            (self._regret, 5),
            (self._prefer, 2),
            (self._move, 2),
            (self._leave, 1),
            (self._restart, 1),
            (self._revoke, 1),
            (self._lie, 5),
            (self._ask, 6),
            (self._answer, 6),
            (self._crash, 2),
            (self._jump, 1),
            (self._hang, 2),
        ]
        drawn = self.chance.choices([act for act, _ in choices], [often for _, often in choices], k=acts)
        for number, act in enumerate(drawn):
            act(self.chance.choice(self.awake()))
            self.mesh.run_for(self.chance.choice((0.0, 0.1, 0.5, 2.0)))
            if number % 4 == 0:
                self.witness.look(1)

    def _edit(self, _: str) -> None:
        """Change the text or the audience of some listing."""
        found = self.some_listing()
        if found is not None and found[1].body:
            audience = self.chance.choice((None, *AUDIENCES))
            title = f"{found[0]} edited {self.chance.randrange(1000)}"
            narrows = audience is not None or self.chance.random() < 0.5
            rewrite(self.mesh, *found, title, audience, may_reduce_access=narrows)

    def _withdraw(self, _: str) -> None:
        found = self.some_listing()
        if found is not None and found[1].body:
            withdraw(self.mesh, *found)

    def _vouch_otherwise(self, name: str) -> None:
        """Change a vouch; people who are new to each other vouch for each other, as after a card."""
        known = self._vouched(name)
        if known and self.chance.random() < 0.75:
            vouch(self.mesh, self.hand(name), self.chance.choice(known), self.chance.choice((0, 0, *WEIGHTS)))
            return
        others = [one for one in self.village_of(name) if one in self.devices(one) and one != name]
        if others and name in self.devices(name):
            self.befriend(name, self.chance.choice(others), answered=0.8)

    def _quarrel(self, name: str) -> None:
        """Let a person block somebody of their village or group, or end a block."""
        hand = self.hand(name)
        blocked = self._blocked(hand)
        if blocked and self.chance.random() < 0.4:
            unblock(self.mesh, hand, self.chance.choice(blocked))
            return
        mates = sorted({mate for group in self.groups_of(name) for mate in self.members(group)})
        other = self.chance.choice(mates or self.village_of(name))
        if other != name:
            block(self.mesh, hand, other)

    def _regret(self, name: str) -> None:
        """Post something, and take trust in some people back as soon as others have heard that there is something."""
        self.post(name)
        self.mesh.run_for(self.chance.uniform(0.1, 1.5))
        for other in self.some(self._vouched(name), 2):
            vouch(self.mesh, self.hand(name), other, self.chance.choice((110, 300, 300)))

    def _prefer(self, name: str) -> None:
        """Change a sharing preference, and with it the listings that follow it; or go away, which hides them all."""
        audience, radius = self.chance.choice(AUDIENCES[1:]), self.chance.choice((5, 25, 100))
        away = 1 + int(self.mesh.time) if self.chance.random() < AWAY else 0
        chosen = Preference(audience, Precision.NEIGHBORHOOD, radius, 0, away)
        policy.set_preference(self.replica(self.hand(name)), chosen)

    def _move(self, name: str) -> None:
        set_profile(self.replica(self.hand(name)), place=self.chance.choice(PLACES))

    def _leave(self, _: str) -> None:
        group = self.chance.choice(sorted(self.groups))
        for name in self.some([one for one in self.members(group) if one in self.devices(one)], 1):
            leave(self.mesh, name, group)

    def _restart(self, name: str) -> None:
        """Kill a node and start it again."""
        if name not in self.liars:
            self.mesh.restart(self.hand(name))

    def _revoke(self, _: str) -> None:
        """Let somebody lose their second device, and revoke it; a finder may go on using it."""
        owners = [name for name in self.names if len(self.devices(name)) == 2]
        for name in self.some(owners, 1):
            second = self.mesh.nodes[f"{name}+"]
            if self.replica(name).trust_state.certificate(self.person(name), second.replica.device) is not None:
                self.lost.add(second.name)
                self.said.revoked.add(second.replica.device)
                revocation.revoke(self.replica(name), device_text(second.replica.device))

    def _lie(self, _: str) -> None:
        """Let some liars do what they do."""
        self._let_lie(self.some(sorted(self.liars), 3))

    def _let_lie(self, names: list[str]) -> None:
        for name in names:
            if name not in self.asleep:
                self.liars[name].lie()
        for victim in sorted(self.lied_to):
            self.witness.judge(victim)
        self.lied_to.clear()

    def _ask(self, name: str) -> None:
        if name in self.devices(name):
            self.bargains.ask(name)

    def _answer(self, name: str) -> None:
        if name in self.devices(name):
            self.bargains.answer(name)

    def _crash(self, name: str) -> None:
        """Let the next commit on a node fail, so that the node ends and starts again."""
        if name not in self.liars:
            self.mesh.crashing.add(self.hand(name))

    def _jump(self, name: str) -> None:
        """Let the clock of a machine be wrong from now on, by less than anybody notices."""
        self.mesh.nodes[self.hand(name)].clock.error = self.chance.uniform(-CLOCKS_ARE_OFF, CLOCKS_ARE_OFF)

    def _hang(self, name: str) -> None:
        """Let a computer read nothing for some time, at times for longer than others try to write to it."""
        self.mesh.hang(self.mesh.nodes[self.hand(name)], self.chance.choice((5.0, 40.0, 90.0)))

    def _two_minds(self) -> list[str]:
        """Let people whose devices are apart change their mind as often on each of them, about the same two people.

        Returns the nodes of these people.
        """
        found: list[str] = []
        for name in self.names:
            known = self._vouched(name) if len(self.devices(name)) == 2 else []
            if len(known) < 2 or self.chance.random() < 0.2:
                continue
            pair, edits, by_vouch = self.some(known, 2), self.chance.randint(1, 3), self.chance.random() < 0.5
            for hand in self.devices(name):
                found.append(hand)
                for number in range(edits):
                    last = number == edits - 1
                    self._change_mind(hand, pair[0 if last else self.chance.randrange(2)], by_vouch=by_vouch)
        return found

    def _change_mind(self, hand: str, other: str, *, by_vouch: bool) -> None:
        """Make one edit about somebody."""
        if by_vouch:
            held = policy.weight(self.replica(hand), self.person(other))
            vouch(self.mesh, hand, other, self.chance.choice([weight for weight in (0, *WEIGHTS) if weight != held]))
        else:
            (unblock if other in self._blocked(hand) else block)(self.mesh, hand, other)

    def _partition(self) -> None:
        """Cut the world into two or three parts, and let some nodes be alone."""
        alone = self.some(self.names, len(self.names) // 20)
        sides: list[list[str]] = [[] for _ in range(self.chance.choice((2, 3)))]
        for village in self.villages:
            home = self.chance.choice(sides)
            for name in village:
                if name not in alone:
                    (home if self.chance.random() < 0.8 else self.chance.choice(sides)).append(name)
        for name in sorted(self.mesh.nodes.keys() - self.names):
            self.chance.choice(sides).append(name)
        self.mesh.partition(*sides, *([name] for name in alone))

    @contextmanager
    def _nap(self) -> Iterator[None]:
        """Let some nodes be off inside the block."""
        self._switch_off(self._some_honest(len(self.names) // 12))
        yield
        self._switch_on(sorted(self.asleep))

    def _some_honest(self, most: int) -> list[str]:
        """Draw nodes that are on, of people who do not lie."""
        honest = [name for name in self.mesh.nodes if self.owner(name) not in self.liars and name not in self.asleep]
        return self.some(honest, most)

    def _switch_off(self, names: list[str]) -> None:
        self.asleep |= set(names)
        self.mesh.switch_off(names)

    def _switch_on(self, names: list[str]) -> None:
        self.mesh.switch_on(names)
        self.asleep -= set(names)

    # --- who says what -------------------------------------------------------------------------------------------------

    def _vouched(self, name: str) -> list[str]:
        replica = self.replica(self.hand(name))
        return [other for other in self.names if other != name and policy.weight(replica, self.person(other))]

    def _blocked(self, hand: str) -> list[str]:
        own, me = policy.own(self.replica(hand)), self.person(hand)
        tags = frozenset[bytes]() if own is None else own.block_tags
        return [other for other in self.names if tag(me, self.person(other)) in tags] if tags else []
