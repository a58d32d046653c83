"""A disk that was copied or put back: nothing is lost or forked, and of two words that clash the stricter holds."""

from __future__ import annotations

import random

import pytest

from meshnode.app.devices import copies
from meshnode.app.explain.status import NetworkState, status
from meshnode.app.owner import policy
from protocol import Audience, Kind, Listing, Record, body_of, device_slot, limits
from tests.support import mail
from tests.support.disk_images import clone, image_of, put_back, renew_if_due
from tests.support.mesh import Mesh
from tests.support.mesh_devices import replica
from tests.support.mesh_people import acquaint, befriend, block, person, post, rewrite, sees, unblock, vouch, withdraw

SUBJECTS = ("Bob", "Carol", "Dave")


def village(seed: int = 90) -> Mesh:
    """Return a mesh of Alice, her friend Bob, Carol, whom Alice knows through Bob, and Dave, whom nobody knows yet."""
    mesh = Mesh(seed)
    for name in ("Alice", *SUBJECTS):
        mesh.add(name, audience=Audience.NETWORK_WIDE)
    befriend(mesh, "Alice", "Bob", 900, 900)
    befriend(mesh, "Bob", "Carol", 900, 900)
    acquaint(mesh, "Alice", "Carol")
    acquaint(mesh, "Alice", "Dave")
    mesh.settle()
    return mesh


def settle(mesh: Mesh, *machines: str) -> None:
    """Let everybody meet, and each machine of Alice deal with what it hears."""
    for _ in range(6):
        mesh.advance(60)
        for machine in machines:
            renew_if_due(mesh, machine)
            mesh.settle()


def titles(mesh: Mesh, name: str) -> set[str]:
    return {str(title) for title in sees(mesh, name)}


# --- an image that was put back --------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", range(1, 4))
@pytest.mark.parametrize("trusted", [True, False])
def test_a_block_outlives_an_old_image_however_much_was_said_since(words: int, trusted: bool) -> None:
    mesh = village()
    post(mesh, "Alice", "Ladder")
    mesh.settle()
    assert titles(mesh, "Carol") == {"Ladder"}
    image = image_of(mesh, "Alice")
    block(mesh, "Alice", "Carol")
    mesh.settle()
    assert titles(mesh, "Carol") == set()
    mesh.partition(["Alice"], [*SUBJECTS])
    mesh.advance(limits.HOUR)
    put_back(mesh, "Alice", image)
    mesh.nodes["Alice"].clock.error = 0 if trusted else -30 * 365 * limits.DAY
    for number in range(words):
        vouch(mesh, "Alice", "Dave", 500 + number)
    mesh.nodes["Alice"].clock.error = 0
    mesh.heal()
    mesh.settle()
    assert titles(mesh, "Carol") == set()
    settle(mesh, "Alice")
    assert titles(mesh, "Carol") == set()
    alice = replica(mesh, "Alice")
    assert policy.blocks(alice, person(mesh, "Carol"))
    assert policy.weight(alice, person(mesh, "Dave")) == 499 + words
    for name in ("Alice", "Bob"):
        known = replica(mesh, name).trust_state.policy(alice.me)
        assert known is not None
        assert known == policy.own(alice)


def test_what_the_owner_says_after_an_image_was_put_back_reaches_everybody_and_what_was_lost_comes_back() -> None:
    mesh = village()
    drill = post(mesh, "Alice", "Drill")
    mesh.settle()
    image = image_of(mesh, "Alice")
    rewrite(mesh, "Alice", drill, "Drill, second word", may_reduce_access=False)
    post(mesh, "Alice", "Saw")
    mesh.settle()
    mesh.partition(["Alice"], [*SUBJECTS])
    mesh.advance(limits.HOUR)
    put_back(mesh, "Alice", image)
    rewrite(mesh, "Alice", drill, "Drill, third word", may_reduce_access=False)
    post(mesh, "Alice", "Plane")
    mesh.heal()
    settle(mesh, "Alice")
    assert titles(mesh, "Bob") == {"Drill, third word", "Saw", "Plane"}
    own = {
        title_of(one) for one in replica(mesh, "Alice").store.records.bodies(Kind.LISTING, author=person(mesh, "Alice"))
    }
    assert own == {"Drill, third word", "Saw", "Plane"}


def test_the_owner_is_told_and_the_computer_writes_under_a_new_key() -> None:
    mesh = village()
    before = replica(mesh, "Alice").device
    image = image_of(mesh, "Alice")
    post(mesh, "Alice", "Saw")
    mesh.settle()
    put_back(mesh, "Alice", image)
    settle(mesh, "Alice")
    alice = replica(mesh, "Alice")
    assert alice.device != before
    assert "copied" in {problem.code for problem in status(alice, NetworkState(ready=True)).problems}
    post(mesh, "Alice", "Plane")
    mesh.settle()
    assert titles(mesh, "Bob") == {"Saw", "Plane"}


def test_a_device_without_the_identity_key_goes_on_and_says_what_to_do() -> None:
    mesh = village()
    mesh.join_device("Pi", "Alice")
    mesh.wire("Alice", "Pi")
    mesh.wire("Bob", "Pi")
    settle(mesh)
    image = image_of(mesh, "Pi")
    block(mesh, "Pi", "Carol")
    mesh.settle()
    mesh.partition(["Pi"], ["Alice", *SUBJECTS])
    put_back(mesh, "Pi", image)
    vouch(mesh, "Pi", "Dave", 700)
    mesh.heal()
    settle(mesh, "Pi")
    pi = replica(mesh, "Pi")
    assert (policy.blocks(pi, person(mesh, "Carol")), policy.weight(pi, person(mesh, "Dave"))) == (True, 700)
    told = next(one for one in status(pi, NetworkState(ready=True)).problems if one.code == "copied")
    assert "meshnode device join" in told.hint
    assert len(pi.store.records.in_use((pi.me, Kind.POLICY, device_slot(pi.device)))) == 1


def test_a_node_that_hears_its_own_forgotten_words_in_order_takes_no_offence() -> None:
    """A friend who was away for long shows an old version of a post, which this node wrote itself."""
    mesh = village()
    drill = post(mesh, "Alice", "Drill")
    mesh.settle()
    mesh.partition(["Alice", "Carol", "Dave"], ["Bob"])
    before = replica(mesh, "Alice").device
    for number in range(3):
        rewrite(mesh, "Alice", drill, f"Drill {number}", may_reduce_access=False)
    mesh.restart("Alice")
    mesh.heal()
    settle(mesh, "Alice")
    assert replica(mesh, "Alice").device == before
    assert not copies.new_key_due(replica(mesh, "Alice"))
    assert titles(mesh, "Bob") == {"Drill 2"}


# --- two machines from one image -------------------------------------------------------------------------------------


def two_machines(seed: int = 91) -> Mesh:
    mesh = village(seed)
    clone(mesh, "Alice", image_of(mesh, "Alice"), "Twin")
    mesh.wire("Bob", "Twin")
    return mesh


def test_two_machines_of_one_image_part_into_two_devices_and_both_keep_everything() -> None:
    mesh = two_machines()
    mesh.partition(["Alice"], ["Twin"], [*SUBJECTS])
    post(mesh, "Alice", "From the first machine")
    post(mesh, "Twin", "From the second machine")
    mesh.heal()
    settle(mesh, "Alice", "Twin")
    assert titles(mesh, "Bob") == {"From the first machine", "From the second machine"}
    assert replica(mesh, "Alice").device != replica(mesh, "Twin").device
    for machine in ("Alice", "Twin"):
        own = replica(mesh, machine).store.records.bodies(Kind.LISTING, author=person(mesh, "Alice"))
        assert {title_of(record) for record in own} == {"From the first machine", "From the second machine"}


@pytest.mark.parametrize("last", ["Alice", "Twin"])
def test_a_post_that_one_machine_withdrew_stays_withdrawn_though_the_other_edited_it(last: str) -> None:
    mesh = village()
    drill = post(mesh, "Alice", "Drill")
    mesh.settle()
    clone(mesh, "Alice", image_of(mesh, "Alice"), "Twin")
    mesh.wire("Bob", "Twin")
    mesh.partition(["Alice"], ["Twin"], [*SUBJECTS])
    for machine in sorted(("Alice", "Twin"), key=lambda one: one == last):
        mesh.advance(limits.HOUR)
        if machine == "Alice":
            withdraw(mesh, machine, drill)
        else:
            rewrite(mesh, machine, drill, "Drill, edited", may_reduce_access=False)
    mesh.heal()
    settle(mesh, "Alice", "Twin")
    assert titles(mesh, "Bob") == set()


@pytest.mark.parametrize("last", ["Alice", "Twin"])
def test_a_post_that_one_machine_narrowed_stays_narrow_though_the_other_edited_it(last: str) -> None:
    mesh = village()
    drill = post(mesh, "Alice", "Drill", Audience.NETWORK_WIDE)
    mesh.settle()
    clone(mesh, "Alice", image_of(mesh, "Alice"), "Twin")
    mesh.wire("Bob", "Twin")
    mesh.partition(["Alice"], ["Twin"], [*SUBJECTS])
    for machine in sorted(("Alice", "Twin"), key=lambda one: one == last):
        mesh.advance(limits.HOUR)
        narrow = machine == "Alice"
        audience = Audience.MY_CELL if narrow else Audience.NETWORK_WIDE
        rewrite(mesh, machine, drill, f"Drill by {machine}", audience, may_reduce_access=narrow)
    mesh.heal()
    settle(mesh, "Alice", "Twin")
    assert titles(mesh, "Bob") == set()
    (kept,) = replica(mesh, "Alice").store.records.bodies(Kind.LISTING, author=person(mesh, "Alice"))
    assert (title_of(kept), kept.header.audience) == (f"Drill by {last}", Audience.MY_CELL)


def edit(mesh: Mesh, machine: str, chance: random.Random) -> tuple[str, str] | None:
    """Let Alice say something about somebody on one of her machines; return about what and whom, if that was new."""
    subject = chance.choice(SUBJECTS)
    what = chance.choice(["vouch", "vouch", "block", "unblock"])
    about = ("vouch" if what == "vouch" else "block", subject)
    before = said(mesh, machine, about)
    if what == "vouch":
        vouch(mesh, machine, subject, chance.choice([0, 300, 600, 900]))
    else:
        (block if what == "block" else unblock)(mesh, machine, subject)
    return about if said(mesh, machine, about) != before else None


@pytest.mark.parametrize("seed", range(12))
def test_of_what_two_machines_say_apart_the_stricter_holds_everywhere(seed: int) -> None:
    chance = random.Random(seed)
    mesh = two_machines(200 + seed)
    mesh.wire("Alice", "Twin")
    for name in ("Carol", "Dave"):
        for machine in ("Alice", "Twin"):
            acquaint(mesh, machine, name)
    mesh.partition(["Alice"], ["Twin"], [*SUBJECTS])
    before = {about: said(mesh, "Alice", about) for about in ABOUT}
    spoken = {
        machine: [edit(mesh, machine, chance) for _ in range(chance.randint(0, 4))] for machine in ("Alice", "Twin")
    }
    apart = {machine: {about: said(mesh, machine, about) for about in ABOUT} for machine in spoken}
    mesh.advance(limits.HOUR)
    mesh.heal()
    settle(mesh, "Alice", "Twin")
    for about in ABOUT:
        values = [apart[machine][about] for machine in spoken if about in spoken[machine]] or [before[about]]
        expected = min(values) if about[0] == "vouch" else max(values)
        assert {said(mesh, machine, about) for machine in ("Alice", "Twin")} == {expected}, (about, spoken, apart)
    assert policy.own(replica(mesh, "Alice")) == policy.own(replica(mesh, "Twin"))


ABOUT = [(kind, subject) for kind in ("vouch", "block") for subject in SUBJECTS]


def said(mesh: Mesh, machine: str, about: tuple[str, str]) -> int:
    kind, subject = about
    node, whom = replica(mesh, machine), person(mesh, subject)
    return policy.weight(node, whom) if kind == "vouch" else int(policy.blocks(node, whom))


def title_of(record: Record) -> str:
    body = body_of(record)
    assert isinstance(body, Listing)
    return body.title


def test_a_letter_on_its_way_to_the_former_key_is_read(heard: list[tuple[bytes, str]]) -> None:
    mesh = mail.village(92)
    mesh.cut("Bob", "Carol")
    image = image_of(mesh, "Carol")
    mail.write(mesh, "Alice", "Carol")
    mesh.settle()
    put_back(mesh, "Carol", image)
    carol = replica(mesh, "Carol")
    carol.store.signed_records.hear(next(carol.store.records.bodies(Kind.PROFILE, author=carol.me)), None)
    mesh.advance(1)
    renew_if_due(mesh, "Carol")
    mesh.heal()
    mail.settle_down(mesh)
    assert heard == [(replica(mesh, "Carol").device, mail.SECRET)]
