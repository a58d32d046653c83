"""A backup is restored at a random point of a random history: what any peer holds comes back, and nobody forks."""

from __future__ import annotations

import random

import pytest

from meshnode.app.devices import copies, lost_device, revocation
from meshnode.app.owner import policy
from protocol import Audience, Kind, Listing, Record, body_of, device_text, limits
from tests.support.disk_images import clone, image_of, put_back, renew_if_due
from tests.support.mesh import Mesh
from tests.support.mesh_devices import replica
from tests.support.mesh_people import befriend, block, person, post, rewrite, sees, vouch, withdraw

FRIENDS = ("Bob", "Carol", "Dave")
STEPS = 14
STAYS_AWAY = limits.LETTER_LIFE  # a friend who is away for longer is not waited for


def village(seed: int) -> Mesh:
    """Return a mesh of Alice and her friends, who all know each other."""
    mesh = Mesh(seed)
    for name in ("Alice", *FRIENDS):
        mesh.add(name, audience=Audience.NETWORK_WIDE)
    for name in FRIENDS:
        befriend(mesh, "Alice", name, 900, 900)
    befriend(mesh, "Bob", "Carol", 900, 900)
    mesh.settle()
    return mesh


def restore(mesh: Mesh, image: bytes, *, lost: bool) -> None:
    """Make Alice's node what a backup makes of an empty home: a new device with an old store."""
    put_back(mesh, "Alice", image)
    _mark(mesh, "Alice", lost=lost)
    renew_if_due(mesh, "Alice")


def _mark(mesh: Mesh, name: str, *, lost: bool) -> None:
    node = mesh.nodes[name].replica
    copies.note_copied_home(node.store)
    if lost:
        lost_device.note_lost(node.store, node.device)


class History:
    """What Alice says, at random; `newest` has what she would see of herself if nothing was ever lost."""

    def __init__(self, mesh: Mesh, chance: random.Random) -> None:
        self.mesh = mesh
        self.chance = chance
        self.posts: dict[str, Record] = {}
        self.trust: dict[str, int] = {}
        self.blocked: set[str] = set()
        self._count = 0

    def step(self) -> None:
        act = self.chance.choice((self._post, self._post, self._rewrite, self._withdraw, self._vouch, self._block))
        act()

    def _post(self) -> None:
        self._count += 1
        title = f"Post {self._count}"
        self.posts[title] = post(self.mesh, "Alice", title)

    def _rewrite(self) -> None:
        if self.posts:
            title = self.chance.choice(sorted(self.posts))
            self._count += 1
            written = rewrite(self.mesh, "Alice", self.posts.pop(title), f"Post {self._count}", may_reduce_access=False)
            self.posts[f"Post {self._count}"] = written

    def _withdraw(self) -> None:
        if self.posts:
            withdraw(self.mesh, "Alice", self.posts.pop(self.chance.choice(sorted(self.posts))))

    def _vouch(self) -> None:
        name = self.chance.choice([name for name in FRIENDS if name not in self.blocked])
        self.trust[name] = self.chance.randrange(500, 1000)
        vouch(self.mesh, "Alice", name, self.trust[name])

    def _block(self) -> None:
        if not self.blocked:
            self.blocked.add("Dave")
            self.trust.pop("Dave", None)
            block(self.mesh, "Alice", "Dave")


@pytest.mark.promise("A backup brings back all that anybody still holds")
@pytest.mark.parametrize(("seed", "lost"), [(0, True), (1, True), (2, True), (2, False), (3, False)])
def test_what_any_peer_holds_is_back_and_nobody_forks(seed: int, lost: bool) -> None:
    chance = random.Random(f"backup/{seed}/{lost}")
    mesh = village(seed)
    history = History(mesh, chance)
    backup_at = chance.randrange(STEPS)
    image = b""
    for number in range(STEPS):
        if number == backup_at:
            image = image_of(mesh, "Alice")
        # Some are away, so that what Bob holds, Carol may not; one of the two is there, since Dave may be blocked.
        away = [chance.choice(("Bob", "Carol")), "Dave"][chance.randrange(3) :]
        with mesh.switched_off(away):
            history.step()
            mesh.settle()
    former = replica(mesh, "Alice").device
    restore(mesh, image, lost=lost)
    first = chance.choice(("Bob", "Carol"))
    with mesh.switched_off([name for name in FRIENDS if name != first]):
        mesh.advance(limits.HOUR)
        mesh.settle()
    vouch(mesh, "Alice", first, 901)  # the restored node speaks before it has met everybody
    history.trust[first] = 901
    for _ in range(6):
        mesh.advance(limits.HOUR)
        mesh.settle()
    alice = replica(mesh, "Alice")
    assert sees_own(mesh) == set(history.posts)
    for name, weight in history.trust.items():
        assert policy.weight(alice, person(mesh, name)) == weight
    assert {name for name in FRIENDS if policy.blocks(alice, person(mesh, name))} == history.blocked
    for name in ("Alice", *FRIENDS):
        assert not replica(mesh, name).store.records.forks()
        if name not in ("Alice", *history.blocked):
            assert set(history.posts) <= {str(title) for title in sees(mesh, name)}
    assert alice.device != former
    mesh.advance(STAYS_AWAY + limits.DAY)  # Dave, who may be blocked, is not waited for for ever
    mesh.settle()
    assert alice.trust_state.revoked(alice.me, former) is lost
    assert sees_own(mesh) == set(history.posts)


def sees_own(mesh: Mesh) -> set[str]:
    """Return the titles of Alice's own posts on her node."""
    alice = replica(mesh, "Alice")
    bodies = [body_of(one) for one in alice.store.records.bodies(Kind.LISTING, author=alice.me)]
    return {body.title for body in bodies if isinstance(body, Listing)}


def test_the_old_and_the_restored_device_go_on_side_by_side() -> None:
    mesh = village(40)
    post(mesh, "Alice", "Before")
    mesh.settle()
    image = image_of(mesh, "Alice")
    clone(mesh, "Alice", image, "Alice's new Pi")
    for name in ("Alice", *FRIENDS):
        mesh.wire(name, "Alice's new Pi")
    _mark(mesh, "Alice's new Pi", lost=False)
    renew_if_due(mesh, "Alice's new Pi")
    post(mesh, "Alice", "On the old one")
    post(mesh, "Alice's new Pi", "On the new one")
    for _ in range(3):
        mesh.advance(limits.HOUR)
        mesh.settle()
    old, new = replica(mesh, "Alice"), replica(mesh, "Alice's new Pi")
    assert old.device != new.device
    assert not copies.new_key_due(old)
    assert {one.device for one in old.trust_state.devices(old.me)} == {old.device, new.device}
    for name in ("Bob", "Carol"):
        assert {str(title) for title in sees(mesh, name)} >= {"Before", "On the old one", "On the new one"}
    for name in mesh.nodes:
        assert not replica(mesh, name).store.records.forks()


def test_a_device_that_was_said_to_be_lost_learns_that_it_was_revoked_if_it_runs_after_all() -> None:
    mesh = village(41)
    image = image_of(mesh, "Alice")
    clone(mesh, "Alice", image, "Alice's new Pi")
    for name in ("Alice", *FRIENDS):
        mesh.wire(name, "Alice's new Pi")
    _mark(mesh, "Alice's new Pi", lost=True)
    renew_if_due(mesh, "Alice's new Pi")
    post(mesh, "Alice", "On the old one")
    for _ in range(4):
        mesh.advance(limits.HOUR)
        mesh.settle()
    old, new = replica(mesh, "Alice"), replica(mesh, "Alice's new Pi")
    assert new.trust_state.revoked(new.me, old.device)
    assert old.trust_state.revoked(old.me, old.device)
    for name in ("Bob", "Carol"):
        assert "On the old one" in {str(title) for title in sees(mesh, name)}


def test_a_lost_device_that_its_owner_has_revoked_is_no_longer_waited_for() -> None:
    mesh = village(43)
    image = image_of(mesh, "Alice")
    mesh.switch_off(FRIENDS)
    former = replica(mesh, "Alice").device
    restore(mesh, image, lost=True)
    alice = replica(mesh, "Alice")
    assert lost_device.waiting(alice) == (former, 0, 3)
    revocation.revoke(alice, device_text(former))
    assert lost_device.waiting(alice) is None


def test_it_waits_for_each_contact_but_for_no_longer_than_thirty_days() -> None:
    mesh = village(42)
    image = image_of(mesh, "Alice")
    with mesh.switched_off(["Bob", "Carol"]):
        post(mesh, "Alice", "Only Dave has it")
        mesh.settle()
    former = replica(mesh, "Alice").device
    mesh.switch_off(["Dave"])
    restore(mesh, image, lost=True)
    mesh.advance(2 * limits.HOUR)
    mesh.settle()
    alice = replica(mesh, "Alice")
    assert lost_device.waiting(alice) == (former, 2, 3)
    assert not alice.trust_state.revoked(alice.me, former)
    mesh.switch_on(["Dave"])
    for _ in range(3):
        mesh.advance(limits.HOUR)
        mesh.settle()
    alice = replica(mesh, "Alice")
    assert alice.trust_state.revoked(alice.me, former)
    assert "Only Dave has it" in {str(title) for title in sees(mesh, "Bob")}
