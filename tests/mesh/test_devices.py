"""One person's devices in a mesh: a new one gets what its person has, and what is said on several is merged."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import combinations

import pytest

from meshnode.app.devices import device_list as devices
from meshnode.app.devices import revocation
from meshnode.app.explain.status import NetworkState, status
from meshnode.app.owner import policy
from meshnode.app.people import blocks
from meshnode.errors import Forbidden, NotFound, Refused
from protocol import Audience, Kind, Precision, Preference, device_slot, limits
from tests.support.mesh import Mesh
from tests.support.mesh_devices import replica, village
from tests.support.mesh_people import (
    acquaint,
    block,
    found,
    members,
    person,
    post,
    sees,
    unblock,
    vouch,
)
from tests.support.tap import set_tap

# --- a new device ----------------------------------------------------------------------------------------------------


def test_a_new_device_gets_what_its_person_has_and_speaks_for_them_through_relays() -> None:
    mesh = village()
    post(mesh, "Carol", "Carol's offer")
    mesh.settle()
    assert sees(mesh, "Pi") == {"Carol's offer"}
    post(mesh, "Pi", "From the Pi")
    mesh.settle()
    assert sees(mesh, "Carol") == {"From the Pi"}
    assert policy.weight(replica(mesh, "Pi"), person(mesh, "Bob")) == 900


def test_the_name_of_a_device_is_told_to_no_other_person(monkeypatch: pytest.MonkeyPatch) -> None:
    tap = set_tap(monkeypatch)
    mesh = village()
    mesh.join_device("Attic", "Laptop")
    for name in ("Laptop", "Bob"):
        mesh.wire("Attic", name)
    post(mesh, "Attic", "Ladder")
    mesh.settle()
    assert sees(mesh, "Carol") == {"Ladder"}
    for name in ("Laptop", "Attic"):
        assert "Attic" in {one.name for one in devices.devices(replica(mesh, name), ()).devices}
    assert any(b"Ladder" in said.data for said in tap.said)
    assert not [said for said in tap.said if b"Attic" in said.data]


def test_a_new_device_keeps_what_is_published_before_it_has_heard_how() -> None:
    """Its person publishes an exact place, but the policy that says so comes later than the profile."""
    mesh = Mesh(71)
    mesh.add("Laptop")
    laptop = replica(mesh, "Laptop")
    policy.set_preference(laptop, Preference(Audience.NETWORK_WIDE, Precision.EXACT, 25, 0))
    before = laptop.trust_state.profile(laptop.me)
    mesh.join_device("Pi", "Laptop")
    mesh.advance(60)
    assert replica(mesh, "Pi").trust_state.profile(laptop.me) == before


def test_a_device_without_the_identity_key_certifies_and_revokes_nothing() -> None:
    mesh = village()
    pi = replica(mesh, "Pi")
    with pytest.raises(Forbidden, match="does not have your identity key"):
        devices.add(pi, devices.DeviceOrder(), ())
    with pytest.raises(Forbidden, match="does not have your identity key"):
        revocation.revoke(pi, "First device")
    with pytest.raises(Refused, match="that you are using"):
        revocation.revoke(pi, "Pi")
    with pytest.raises(NotFound, match="no device of yours"):
        revocation.revoke(pi, "Tablet")


def test_the_device_with_the_identity_renews_the_certificates_of_all() -> None:
    mesh = village()
    pi = replica(mesh, "Pi")
    ends = pi.trust_state.devices(pi.me)
    mesh.advance(limits.DEVICE_LIFE / 2 + limits.DAY)
    mesh.advance(60)
    assert all(one.expires > max(old.expires for old in ends) for one in pi.trust_state.devices(pi.me))


def test_a_device_cut_off_from_the_identity_is_told_well_before_its_certificate_ends() -> None:
    mesh = village()
    mesh.cut("Laptop", "Pi")
    mesh.advance(limits.DEVICE_LIFE - 59 * limits.DAY)
    problems = status(replica(mesh, "Pi"), NetworkState(ready=True)).problems
    ending = [one for one in problems if one.code.startswith("certificate")]
    assert [(one.code, "identity key" in one.hint) for one in ending] == [("certificate_ending", True)]


def test_what_a_device_that_stays_away_has_said_outlives_its_policy() -> None:
    mesh = village()
    mesh.wire("Pi", "Carol")
    mesh.settle()
    vouch(mesh, "Pi", "Carol", 700)
    block(mesh, "Pi", "Bob")
    found(mesh, "Pi", "Elm Street")
    mesh.settle()
    for other in ("Laptop", "Carol"):
        mesh.cut("Pi", other)
    for _ in range(8):
        mesh.advance(limits.POLICY_LIFE / 5)
    laptop = replica(mesh, "Laptop")
    assert laptop.store.records.current((laptop.me, Kind.POLICY, device_slot(replica(mesh, "Pi").device))) is None
    assert policy.weight(laptop, person(mesh, "Carol")) == 700
    assert policy.blocks(laptop, person(mesh, "Bob"))
    assert members(mesh, "Laptop", "Elm Street") == {"Laptop"}


def test_a_block_on_one_device_is_listed_by_name_and_ended_on_another() -> None:
    mesh = village()
    mesh.wire("Pi", "Bob")
    mesh.advance(60)
    blocks.block(replica(mesh, "Pi"), "Bob")
    mesh.advance(60)
    laptop = replica(mesh, "Laptop")
    assert [one.person.name for one in blocks.blocks(laptop).blocks] == ["Bob"]
    blocks.unblock(laptop, "Bob")
    mesh.advance(60)
    assert blocks.blocks(replica(mesh, "Pi")).blocks == ()
    assert not policy.blocks(replica(mesh, "Pi"), person(mesh, "Bob"))


# --- apart and together ----------------------------------------------------------------------------------------------


SUBJECTS = ("Bob", "Carol", "Dan", "Eva")


def edits(chance: random.Random, mesh: Mesh, device: str) -> Iterator[tuple[str, object]]:
    """A few things said on one device, and what each was about."""
    for _ in range(chance.randint(1, 4)):
        subject = chance.choice(SUBJECTS)
        what = chance.choice([vouch, vouch, block, unblock, "prefer"])
        if what is vouch:
            vouch(mesh, device, subject, chance.choice([0, 300, 600, 900]))
            yield ("vouch", subject)
        elif what == "prefer":
            audience = chance.choice([Audience.MY_CELL, Audience.TRUSTED_NETWORK, Audience.NETWORK_WIDE])
            policy.set_preference(replica(mesh, device), Preference(audience, Precision.CITY, 25, 0))
            yield ("preference", None)
        else:
            what(mesh, device, subject)  # type: ignore[operator]
            yield ("block", subject)


def said(mesh: Mesh, device: str, about: tuple[str, object]) -> object:
    """Return the value that a device has for one subject."""
    node = replica(mesh, device)
    kind, subject = about
    if kind == "preference":
        own = policy.own(node)
        assert own is not None
        return own.preference[:3]
    whom = person(mesh, str(subject))
    return policy.weight(node, whom) if kind == "vouch" else policy.blocks(node, whom)


@pytest.mark.parametrize("seed", range(12))
def test_what_devices_say_apart_merges_by_entry_and_nothing_is_lost(seed: int) -> None:
    """A word about a subject that only one device changed since they last met holds afterwards, on all devices and for others."""
    chance = random.Random(seed)
    mesh = Mesh(seed)
    for name in ("Laptop", *SUBJECTS):
        mesh.add(name, audience=Audience.NETWORK_WIDE)
    own = ["Laptop", "Pi", "Phone"]
    for name in own[1:]:
        mesh.join_device(name, "Laptop")
    for name in SUBJECTS:
        for device in own:
            acquaint(mesh, device, name)
    for a, b in combinations(own, 2):
        mesh.wire(a, b)
    mesh.settle()
    for _ in range(3):
        mesh.partition(["Laptop", *SUBJECTS], ["Pi"], ["Phone"])
        spoken = {device: {about: said(mesh, device, about) for about in edits(chance, mesh, device)} for device in own}
        spoken = {device: {about: said(mesh, device, about) for about in values} for device, values in spoken.items()}
        mesh.heal()
        mesh.advance(1)
        for device, values in spoken.items():
            others = [about for other, heard in spoken.items() if other != device for about in heard]
            for about, value in values.items():
                if about not in others:
                    assert {said(mesh, one, about) == value for one in own} == {True}, (device, about)
        assert len({repr(policy.own(replica(mesh, device))) for device in own}) == 1
