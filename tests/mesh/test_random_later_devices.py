"""Random histories of exchanges, introductions, names and what is hidden or seen, with devices added and revoked: in the end all devices tell alike."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress

import pytest

from meshnode.app.devices import revocation
from meshnode.app.exchanges import exchanges as cases
from meshnode.app.people import introductions, yourself
from meshnode.errors import MeshnodeError
from meshnode.replica.replica import Replica
from protocol import Audience, Letter, body_of, limits
from protocol.letters import open_letter
from tests.app.exchanging import make, offer
from tests.app.neighbors import neighbor
from tests.mesh.test_later_devices import told
from tests.support.mail import stored
from tests.support.mesh import Mesh
from tests.support.mesh_people import befriend

PEOPLE = ("Alice", "Bob", "Carol")
DEVICES_MAX = 3  # of one person
ACTS = ("accept", "decline", "done", "cancel", "say")
LOOKS = ("hide", "unhide", "news")


class History:
    """A mesh in which people do things at random on the devices that they have at the time."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.mesh = Mesh(seed)
        self.devices: dict[str, list[str]] = {}
        self.revoked: list[tuple[Replica, int]] = []
        """Devices that were revoked, and when."""
        self.shown: defaultdict[str, set[str]] = defaultdict(set)
        """What was shown as news on each device."""
        for name in PEOPLE:
            self.mesh.add(name, audience=Audience.NETWORK_WIDE)
            self.devices[name] = [name]
        for number, one in enumerate(PEOPLE):
            for other in PEOPLE[number + 1 :]:
                befriend(self.mesh, one, other, 900, 900)
        self.mesh.settle()
        for name in PEOPLE:
            offer(self.mesh, neighbor(self.mesh, name), f"Drill of {name}", quantity=9)
        self.mesh.advance(60)

    def run(self, steps: int) -> None:
        """Do so many things, with partitions and pauses between them, and come together in the end."""
        for number in range(steps):
            with suppress(MeshnodeError):  # such as a move that cannot be made now
                self._do(number)
            self._move_about()
            self.check_quotas()
        self.mesh.heal()
        for _ in range(30):
            self.mesh.advance(limits.RECEIPT_DELAY_MAX + 1)
            self.check_quotas()

    def _do(self, number: int) -> None:
        chance, name = self.chance, self.chance.choice(PEOPLE)
        on = neighbor(self.mesh, chance.choice(self.devices[name]))
        what = chance.choice(
            ("ask", "ask", "move", "move", "move", "introduce", "call", "add", "add", "revoke", *LOOKS)
        )
        other = chance.choice([one for one in PEOPLE if one != name])
        if what == "ask":
            cases.respond(on.replica, on.catalog, f"Drill of {other}", cases.Request(f"ask {number}"))
        elif what == "move":
            found = told(self.mesh, on.node.name)
            if found:
                make(self.mesh, on, str(chance.choice(found)[0]), chance.choice(ACTS), f"word {number}")
        elif what == "introduce":
            third = next(one for one in PEOPLE if one not in (name, other))
            introductions.introduce(on.replica, introductions.IntroductionOrder(other, third, f"meet {number}"))
        elif what == "call":
            yourself.call(on.replica, other, yourself.OwnName(f"{other[0]} {number}"), ())
        elif what == "hide":
            on.hide(f"Drill of {other}")
        elif what == "unhide":
            on.unhide(f"Drill of {other}")
        elif what == "news":
            self.shown[on.node.name] |= set(on.news())
        elif what == "add" and len(self.devices[name]) < DEVICES_MAX:
            self._add(name, f"{name} {number}")
        elif what == "revoke" and len(self.devices[name]) > 1:
            self._revoke(name, self.devices[name].pop())

    def _add(self, name: str, device: str) -> None:
        self.mesh.join_device(device, name)
        for one in self.devices[name]:
            self.mesh.wire(one, device)
        for other in PEOPLE:
            if other != name:
                self.mesh.wire(device, self.chance.choice(self.devices[other]))
        self.devices[name].append(device)
        self.mesh.settle()

    def _revoke(self, name: str, device: str) -> None:
        revocation.revoke(self.mesh.nodes[name].replica, device)
        gone = self.mesh.nodes[device].replica
        for (
            node
        ) in self.mesh.nodes.values():  # its revocation is known at once: what is sealed later must not be for it
            if node.replica is not gone:
                node.replica.ingest.receive(list(self.mesh.nodes[name].replica.store.records.bodies(1)))  # type: ignore[arg-type]
        self.revoked.append((gone, self.mesh.nodes[name].replica.clock.now()))
        self.mesh.settle()

    def _move_about(self) -> None:
        chance = self.chance
        for wire in self.mesh.wires:
            if chance.random() < 0.3:
                self.mesh.cut(wire.a.name, wire.b.name)
        if chance.random() < 0.4:
            self.mesh.heal()
        self.mesh.advance(chance.choice((1, 60, limits.HOUR, limits.HOUR, limits.DAY)))

    def check_quotas(self) -> None:
        for name in self.mesh.nodes:
            replica = self.mesh.nodes[name].replica
            assert len(replica.store.letters.in_transit(to=replica.me)) <= limits.HANDOVERS_MAX + DEVICES_MAX
            use = replica.store.records.usage_of(replica.me)
            assert use.letter_bytes <= limits.AUTHOR_LETTER_BYTES_MAX
            assert replica.guard.failures() == ()

    def after_revocations(self) -> Iterator[str]:
        """Yield the nodes that hold a letter which a revoked device could open and which was written after its end."""
        for gone, when in self.revoked:
            for name in self.mesh.nodes:
                for record in stored(self.mesh, name):
                    body = body_of(record)
                    assert isinstance(body, Letter)
                    is_later = record.header.created > when and record.header.device != gone.device
                    if is_later and open_letter(record.header, body, gone.keys.letter_private) is not None:
                        yield name


@pytest.mark.promise("All devices of one person know the same")
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_all_devices_of_a_person_tell_the_same_in_the_end_and_a_revoked_one_gets_nothing(seed: int) -> None:
    history = History(seed)
    history.run(steps=24)
    mesh = history.mesh
    for name, devices in history.devices.items():
        seen = {device: told(mesh, device) for device in devices}
        assert all(of_one == seen[name] for of_one in seen.values()), seen
        for of_one in seen.values():
            for exchange in of_one:
                messages = exchange[3]
                assert isinstance(messages, tuple)
                assert len(set(messages)) == len(messages)
        names = [mesh.nodes[device].replica.store.own_names.chosen() for device in devices]
        assert all(of_one == names[0] for of_one in names)
        hidden = [{one.listing for one in mesh.nodes[device].replica.store.discover.hidden()} for device in devices]
        assert all(of_one == hidden[0] for of_one in hidden)
        shown = set.union(*(history.shown[device] for device in devices))
        assert all(shown.isdisjoint(neighbor(mesh, device).peek()) for device in devices)
        met = [
            sorted(
                (one.person.id, one.by.id, one.message) for one in introductions.introductions(replica).introductions
            )
            for replica in (mesh.nodes[device].replica for device in devices)
        ]
        assert all(of_one == met[0] for of_one in met)
    assert list(history.after_revocations()) == []
    assert any(told(mesh, name) for name in PEOPLE)
