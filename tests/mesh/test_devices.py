"""One person's devices in a mesh: what they say apart comes together, and a struck one is void for everybody."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import combinations

import pytest

from meshnode.app import authoring, devices, policy, reissue, revoking
from meshnode.app.replica import Replica
from meshnode.app.status import NetworkState, status
from meshnode.errors import Forbidden, NotFound, Refused
from protocol import Audience, Kind, Precision, Preference, Profile, body_of, device_slot, limits
from tests.support.mesh import Mesh
from tests.support.mesh_people import (
    acquaint,
    befriend,
    block,
    found,
    holds,
    invite,
    members,
    person,
    post,
    rewrite,
    sees,
    unblock,
    vouch,
    withdraw,
)


def village(seed: int = 70) -> Mesh:
    """Alice's laptop and the Pi she has added; Bob, a friend of hers, behind whom Carol is."""
    mesh = Mesh(seed)
    for name in ("Laptop", "Bob", "Carol"):
        mesh.add(name, audience=Audience.NETWORK_WIDE)
    befriend(mesh, "Laptop", "Bob", 900, 900)
    befriend(mesh, "Bob", "Carol", 900, 900)
    mesh.settle()
    mesh.join_device("Pi", "Laptop")
    mesh.wire("Laptop", "Pi")
    mesh.settle()
    return mesh


def replica(mesh: Mesh, name: str) -> Replica:
    return mesh.nodes[name].replica


def revoke(mesh: Mesh, device: str = "Pi", *, discard: bool = False) -> revoking.RevokedView:
    return revoking.revoke(replica(mesh, "Laptop"), device, discard=discard)


def presence_key(mesh: Mesh, where: str) -> bytes:
    profile = replica(mesh, where).circle.profile(person(mesh, "Laptop"))
    assert isinstance(profile, Profile)
    return profile.presence_key


def problems(mesh: Mesh, name: str) -> set[str]:
    return {problem.code for problem in status(replica(mesh, name), NetworkState(ready=True)).problems}


# --- a new device ----------------------------------------------------------------------------------------------------


def test_a_new_device_gets_what_its_person_has_and_speaks_for_him_through_relays() -> None:
    mesh = village()
    post(mesh, "Carol", "Carol's offer")
    mesh.settle()
    assert sees(mesh, "Pi") == {"Carol's offer"}
    post(mesh, "Pi", "From the Pi")
    mesh.settle()
    assert sees(mesh, "Carol") == {"From the Pi"}
    assert policy.weight(replica(mesh, "Pi"), person(mesh, "Bob")) == 900


def test_a_new_device_keeps_what_is_published_before_it_has_heard_how() -> None:
    """Its person publishes his exact place, but the policy that says so comes later than the profile."""
    mesh = Mesh(71)
    mesh.add("Laptop")
    laptop = replica(mesh, "Laptop")
    policy.set_preference(laptop, Preference(Audience.NETWORK_WIDE, Precision.EXACT, 25, 0))
    before = laptop.circle.profile(laptop.me)
    mesh.join_device("Pi", "Laptop")
    mesh.advance(60)
    assert replica(mesh, "Pi").circle.profile(laptop.me) == before


def test_a_device_without_the_identity_key_certifies_and_strikes_nobody() -> None:
    mesh = village()
    pi = replica(mesh, "Pi")
    with pytest.raises(Forbidden, match="does not have your identity key"):
        devices.add(pi, devices.DeviceOrder(), ())
    with pytest.raises(Forbidden, match="does not have your identity key"):
        revoking.revoke(pi, "First")
    with pytest.raises(Refused, match="that you are at"):
        revoking.revoke(pi, "Pi")
    with pytest.raises(NotFound, match="no device of yours"):
        revoking.revoke(pi, "Tablet")


def test_the_device_with_the_identity_renews_the_certificates_of_all() -> None:
    mesh = village()
    pi = replica(mesh, "Pi")
    ends = pi.circle.devices(pi.me)
    mesh.advance(limits.DEVICE_LIFE / 2 + limits.DAY)
    mesh.advance(60)
    assert all(one.expires > max(old.expires for old in ends) for one in pi.circle.devices(pi.me))


def test_a_device_cut_off_from_the_identity_is_told_well_before_its_certificate_ends() -> None:
    mesh = village()
    mesh.cut("Laptop", "Pi")
    mesh.advance(limits.DEVICE_LIFE - 59 * limits.DAY)
    told = status(replica(mesh, "Pi"), NetworkState(ready=True)).problems
    assert [(one.code, "identity key" in one.hint) for one in told] == [("certificate_ending", True)]


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
    assert laptop.store.records.used((laptop.me, Kind.POLICY, device_slot(replica(mesh, "Pi").device))) is None
    assert policy.weight(laptop, person(mesh, "Carol")) == 700
    assert policy.blocks(laptop, person(mesh, "Bob"))
    assert members(mesh, "Laptop", "Elm Street") == {"Laptop"}


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
    """What holds on a device about one thing."""
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
    """What only one of them has spoken of since they were last together holds afterwards, on all of them and for others."""
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
        spoken = {device: {about: said(mesh, device, about) for about in told} for device, told in spoken.items()}
        mesh.heal()
        mesh.advance(1)
        for device, told in spoken.items():
            others = [about for other, heard in spoken.items() if other != device for about in heard]
            for about, value in told.items():
                if about not in others:
                    assert {said(mesh, one, about) == value for one in own} == {True}, (device, about)
        assert len({repr(policy.own(replica(mesh, device))) for device in own}) == 1


# --- revoking --------------------------------------------------------------------------------------------------------


def test_a_revoked_device_is_void_everywhere_and_what_is_wanted_of_it_stays() -> None:
    mesh = village()
    mesh.wire("Pi", "Bob")
    mesh.add("Dan", audience=Audience.NETWORK_WIDE)
    befriend(mesh, "Pi", "Dan", 700, 700)
    found(mesh, "Pi", "Elm Street")
    invite(mesh, "Pi", "Elm Street", "Bob")
    drill = post(mesh, "Pi", "Drill")
    gone = post(mesh, "Pi", "Gone")
    mesh.settle()
    withdraw(mesh, "Pi", gone)
    block(mesh, "Pi", "Carol")
    mesh.settle()
    key = presence_key(mesh, "Bob")
    told = revoke(mesh)
    assert (told.name, told.dropped) == ("Pi", 0)
    mesh.settle()
    pi = replica(mesh, "Pi")
    for name in ("Laptop", "Bob"):
        node = replica(mesh, name)
        rows = node.store.records.rows(author=pi.me)
        assert not [row for row in rows if row.device == pi.device and row.kind != Kind.DEVICE], name
        assert node.circle.struck(pi.me, pi.device)
        assert not holds(mesh, name, drill)
    assert sees(mesh, "Bob") == {"Drill"}
    assert members(mesh, "Bob", "Elm Street") == {"Laptop", "Bob"}
    assert policy.weight(replica(mesh, "Laptop"), person(mesh, "Dan")) == 700
    assert policy.blocks(replica(mesh, "Laptop"), person(mesh, "Carol"))
    assert presence_key(mesh, "Bob") == presence_key(mesh, "Laptop") != key
    assert not replica(mesh, "Laptop").store.devices.owed()


def test_a_strike_reaches_through_relays_whoever_holds_something_of_the_device() -> None:
    mesh = village()
    saw = post(mesh, "Pi", "Saw")
    mesh.settle()
    assert holds(mesh, "Carol", saw)
    revoke(mesh, discard=True)
    mesh.settle()
    assert not holds(mesh, "Carol", saw)
    assert sees(mesh, "Carol") == set()


def test_what_is_discarded_is_gone_but_for_what_keeps_somebody_out() -> None:
    mesh = village()
    mesh.wire("Pi", "Carol")
    mesh.settle()
    vouch(mesh, "Pi", "Carol", 800)
    block(mesh, "Pi", "Bob")
    policy.set_preference(replica(mesh, "Pi"), Preference(Audience.MY_CELL, Precision.CITY, 25, 0))
    post(mesh, "Pi", "Drill")
    mesh.settle()
    assert revoke(mesh, discard=True).dropped == 1
    mesh.settle()
    laptop = replica(mesh, "Laptop")
    assert policy.weight(laptop, person(mesh, "Carol")) == 0
    assert policy.blocks(laptop, person(mesh, "Bob"))
    own = policy.own(laptop)
    assert own is not None
    assert own.preference.audience == Audience.MY_CELL
    assert not [record for record in laptop.store.records.bodies(Kind.LISTING, author=laptop.me) if record.body]


def test_a_block_on_the_revoked_device_holds_without_a_gap() -> None:
    mesh = village()
    post(mesh, "Laptop", "Ladder")
    mesh.settle()
    block(mesh, "Pi", "Carol")
    mesh.settle()
    assert sees(mesh, "Carol") == set()
    seen: list[bool] = []
    mesh.tap = lambda *_: seen.append("Ladder" in sees(mesh, "Carol"))
    revoke(mesh)
    mesh.settle()
    mesh.advance(60)
    assert seen
    assert not any(seen)
    assert sees(mesh, "Carol") == set()


def test_an_older_version_does_not_come_back_when_the_device_that_narrowed_it_is_revoked() -> None:
    mesh = village()
    ladder = post(mesh, "Laptop", "Ladder")
    mesh.settle()
    mesh.cut("Bob", "Carol")
    rewrite(mesh, "Pi", ladder, "Ladder, for my cell", Audience.MY_CELL, narrows=True)
    mesh.settle()
    revoke(mesh)
    mesh.settle()
    mesh.heal()
    mesh.settle()
    assert "Ladder" not in sees(mesh, "Carol")
    mesh.advance(limits.SUSPENDED_LIFE + limits.DAY)
    assert not holds(mesh, "Carol", ladder)


def test_a_revoked_device_hears_of_it_says_so_and_posts_nothing() -> None:
    mesh = village()
    post(mesh, "Pi", "Drill")
    mesh.settle()
    revoke(mesh)
    mesh.settle()
    pi = replica(mesh, "Pi")
    assert "device_revoked" in problems(mesh, "Pi")
    with pytest.raises(Refused, match="revoked"):
        post(mesh, "Pi", "Another")
    mesh.advance(limits.DAY)
    assert mesh.connections() == [("Laptop", "Bob"), ("Bob", "Carol")]
    assert devices.devices(pi, ()).devices[0].struck


@pytest.mark.parametrize("whom", ["Laptop", "Bob"])
def test_a_revoked_device_that_was_away_hears_of_it_from_whomever_it_meets(whom: str) -> None:
    mesh = village()
    mesh.wire("Pi", "Bob")
    mesh.settle()
    for other in ("Laptop", "Bob"):
        mesh.cut("Pi", other)
    revoke(mesh)
    post(mesh, "Laptop", "Not for the thief")
    mesh.settle()
    mesh.heal_between(["Pi", whom])
    mesh.settle()
    mesh.advance(60)
    assert "device_revoked" in problems(mesh, "Pi")
    pi = replica(mesh, "Pi")
    titles = [body_of(record) for record in pi.store.records.bodies(Kind.LISTING, author=pi.me) if record.body]
    assert titles == []
    assert ("Pi", whom) not in mesh.connections()


def test_a_revocation_that_was_cut_short_goes_on_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    mesh = village()
    post(mesh, "Pi", "Drill")
    found(mesh, "Pi", "Elm Street")
    mesh.settle()

    def power_cut(*_: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(reissue, "carry_on", power_cut)
        with pytest.raises(KeyboardInterrupt):
            revoke(mesh)
    mesh.restart("Laptop")
    mesh.advance(60)
    assert sees(mesh, "Bob") == {"Drill"}
    assert members(mesh, "Laptop", "Elm Street") == {"Laptop"}
    assert not replica(mesh, "Laptop").store.devices.owed()


def test_a_thief_who_numbered_his_records_sky_high_keeps_nothing_alive() -> None:
    mesh = village()
    thief = replica(mesh, "Pi")
    drill = post(mesh, "Laptop", "Drill")
    mesh.settle()
    body = body_of(drill)
    authoring.write(
        thief, Kind.LISTING, drill.header.slot, body, life=limits.DAY, audience=Audience.NETWORK_WIDE, above=2**53 - 10
    )
    mesh.settle()
    revoke(mesh)
    mesh.settle()
    assert replica(mesh, "Carol").circle.struck(thief.me, thief.device)
    assert sees(mesh, "Carol") == set()
    post(mesh, "Laptop", "Drill again")
    mesh.settle()
    assert sees(mesh, "Carol") == {"Drill again"}
