"""A revoked device is void for everybody, what its person still wants of it stays, and the device itself hears of it."""

from __future__ import annotations

import pytest

from meshnode.app.devices import device_list as devices
from meshnode.app.devices import reissue, revocation
from meshnode.app.owner import policy
from meshnode.app.people import blocks
from meshnode.errors import Refused, StorageFull, Usage
from meshnode.replica import authoring
from protocol import (
    PROFILE_SLOT,
    Audience,
    Block,
    Kind,
    Policy,
    Precision,
    Preference,
    Vouch,
    body_of,
    device_slot,
    limits,
)
from protocol.numbers import Stamp
from protocol.trust import block_tag
from tests.support.mesh import Mesh
from tests.support.mesh_devices import presence_key, problems, replica, revoke, village
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
    vouch,
    withdraw,
)


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
    result = revoke(mesh)
    assert (result.name, result.dropped) == ("Pi", 0)
    mesh.settle()
    pi = replica(mesh, "Pi")
    for name in ("Laptop", "Bob"):
        node = replica(mesh, name)
        rows = node.store.records.rows(author=pi.me)
        assert not [row for row in rows if row.device == pi.device and row.kind != Kind.DEVICE], name
        assert node.trust_state.revoked(pi.me, pi.device)
        assert not holds(mesh, name, drill)
    assert sees(mesh, "Bob") == {"Drill"}
    assert members(mesh, "Bob", "Elm Street") == {"Laptop", "Bob"}
    assert policy.weight(replica(mesh, "Laptop"), person(mesh, "Dan")) == 700
    assert policy.blocks(replica(mesh, "Laptop"), person(mesh, "Carol"))
    assert presence_key(mesh, "Bob") == presence_key(mesh, "Laptop") != key
    assert not replica(mesh, "Laptop").store.devices.pending_reissues()


def test_a_revocation_reaches_through_relays_everybody_who_holds_something_of_the_device() -> None:
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
    result = revoke(mesh, discard=True, keep_blocks=True)
    assert (result.dropped, [one.what for one in result.decisions]) == (1, ["block"])
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
    rewrite(mesh, "Pi", ladder, "Ladder, for my cell", Audience.MY_CELL, may_reduce_access=True)
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
def test_a_revoked_device_that_was_away_hears_of_it_from_anybody_it_meets(whom: str) -> None:
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


@pytest.mark.parametrize(("days", "told"), [(13, True), (15, False)])
def test_the_owners_other_devices_tell_a_revoked_device_so_for_fourteen_days(days: int, *, told: bool) -> None:
    mesh = village()
    mesh.cut("Pi", "Laptop")
    revoke(mesh)
    mesh.advance(days * limits.DAY)
    mesh.heal()
    mesh.settle()
    mesh.advance(60)
    assert ("device_revoked" in problems(mesh, "Pi")) is told


def test_a_revocation_that_was_cut_short_goes_on_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    mesh = village()
    post(mesh, "Pi", "Drill")
    found(mesh, "Pi", "Elm Street")
    mesh.settle()

    def power_cut(*_: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(reissue, "write_pending", power_cut)
        with pytest.raises(KeyboardInterrupt):
            revoke(mesh)
    mesh.restart("Laptop")
    mesh.advance(60)
    assert sees(mesh, "Bob") == {"Drill"}
    assert members(mesh, "Laptop", "Elm Street") == {"Laptop"}
    assert not replica(mesh, "Laptop").store.devices.pending_reissues()


def test_a_thief_who_gave_records_the_highest_versions_keeps_nothing_alive() -> None:
    mesh = village()
    thief = replica(mesh, "Pi")
    drill = post(mesh, "Laptop", "Drill")
    mesh.settle()
    body = body_of(drill)
    authoring.write(
        thief,
        Kind.LISTING,
        drill.header.slot,
        body,
        life=limits.DAY,
        audience=Audience.NETWORK_WIDE,
        above=limits.VERSION_MAX - 1,
    )
    mesh.settle()
    revoke(mesh)
    mesh.settle()
    assert replica(mesh, "Carol").trust_state.revoked(thief.me, thief.device)
    assert sees(mesh, "Carol") == {"Drill"}
    withdraw(mesh, "Laptop", drill)
    post(mesh, "Laptop", "Drill again")
    mesh.settle()
    assert sees(mesh, "Carol") == {"Drill again"}


def test_a_thief_who_gave_a_policy_the_highest_stamp_has_no_word_at_home_and_no_last_word_elsewhere() -> None:
    mesh = village()
    mesh.wire("Pi", "Carol")
    mesh.settle()
    thief, bob, carol = replica(mesh, "Pi"), person(mesh, "Bob"), person(mesh, "Carol")
    top = Stamp(limits.STAMP_MAX)
    blocked = (Block(block_tag(thief.me, carol), True, top),)
    said = Policy(bytes(16), top, (Vouch(bob, 0, top),), blocked, Preference(Audience.NETWORK_WIDE, stamp=top))
    authoring.write(thief, Kind.POLICY, device_slot(thief.device), said, life=limits.DAY, may_reduce_access=True)
    mesh.settle()
    laptop = replica(mesh, "Laptop")
    assert policy.weight(laptop, bob) == 900
    assert replica(mesh, "Carol").trust_state.graph.weight(laptop.me, bob) == 0
    assert "device_leaps" in problems(mesh, "Laptop")
    revoke(mesh)
    mesh.settle()
    assert "device_leaps" not in problems(mesh, "Laptop")
    assert policy.weight(laptop, bob) == 900
    assert not policy.blocks(laptop, carol)
    vouch(mesh, "Laptop", "Bob", 700)
    mesh.settle()
    for name in ("Bob", "Carol"):
        assert replica(mesh, name).trust_state.graph.weight(laptop.me, bob) == 700, name


@pytest.mark.parametrize("kind", [Kind.POLICY, Kind.PROFILE])
def test_an_owner_of_whom_a_thief_has_used_up_all_numbers_goes_on_and_revokes(kind: Kind) -> None:
    """What the thief wrote is near its end, so that the owner's upkeep has to do something about it."""
    mesh = village()
    thief, laptop, top = replica(mesh, "Pi"), replica(mesh, "Laptop"), Stamp(limits.STAMP_MAX)
    if kind == Kind.PROFILE:
        profile = laptop.trust_state.profile(laptop.me)
        assert profile is not None
        authoring.write(thief, kind, PROFILE_SLOT, profile, life=limits.DAY, above=limits.VERSION_MAX - 1)
    else:
        said = Policy(bytes(16), top, preference=Preference(Audience.NETWORK_WIDE, stamp=top))
        authoring.write(thief, kind, device_slot(thief.device), said, life=limits.DAY)
    mesh.settle()
    with mesh.switched_off({"Pi"}):
        mesh.advance(2 * limits.DAY)
        vouch(mesh, "Laptop", "Bob", 800)
        mesh.restart("Laptop")
        mesh.advance(60)
        assert "device_leaps" in problems(mesh, "Laptop")
        revoke(mesh)
        mesh.restart("Laptop")
        mesh.advance(60)
        vouch(mesh, "Laptop", "Bob", 700)
        mesh.settle()
    laptop, carol = replica(mesh, "Laptop"), replica(mesh, "Carol")
    assert carol.trust_state.revoked(laptop.me, thief.device)
    assert carol.trust_state.graph.weight(laptop.me, person(mesh, "Bob")) == 700
    assert laptop.trust_state.profile(laptop.me) == carol.trust_state.profile(laptop.me) is not None


def test_what_a_full_disk_keeps_from_being_published_again_stays_pending(monkeypatch: pytest.MonkeyPatch) -> None:
    mesh = village()
    post(mesh, "Pi", "Drill")
    mesh.settle()

    def full(*_: object, **__: object) -> None:
        raise StorageFull("no room is left")

    with monkeypatch.context() as patch:
        patch.setattr(authoring, "write_again", full)
        assert revoke(mesh).name == "Pi"
    mesh.settle()
    assert sees(mesh, "Bob") == set()
    mesh.advance(60)
    assert sees(mesh, "Bob") == {"Drill"}


@pytest.mark.parametrize("years", [-10, -1, 1, 10])
@pytest.mark.parametrize("withdrawn", [False, True])
def test_what_a_device_wrote_by_a_clock_that_was_years_wrong_is_written_again(years: int, *, withdrawn: bool) -> None:
    mesh = village()
    pi = mesh.nodes["Pi"].clock
    pi.machine.error = years * 365.0 * limits.DAY
    pi.confirm()
    drill = post(mesh, "Pi", "Drill")
    post(mesh, "Pi", "Ladder")
    if withdrawn:
        withdraw(mesh, "Pi", drill)
    mesh.settle()
    revoke(mesh)
    mesh.advance(60)
    assert not problems(mesh, "Laptop")
    assert not replica(mesh, "Laptop").store.devices.pending_reissues()
    assert sees(mesh, "Bob") == ({"Drill", "Ladder"} if years > 0 else set()) - ({"Drill"} if withdrawn else set())


# --- what a thief has decided ------------------------------------------------------------------------------------------


def robbed() -> Mesh:
    """Return a mesh in which Alice trusts Bob and Carol, and a thief has her Pi, who blocks both and trusts Dan."""
    mesh = village()
    mesh.add("Dan", audience=Audience.NETWORK_WIDE)
    befriend(mesh, "Laptop", "Carol", 800, 800)
    acquaint(mesh, "Pi", "Dan")
    mesh.settle()
    block(mesh, "Pi", "Bob")
    block(mesh, "Pi", "Carol")
    vouch(mesh, "Pi", "Dan", 1000)
    mesh.settle()
    return mesh


def blocked(mesh: Mesh) -> set[str]:
    """Return the people whom Alice blocks, as her laptop names them."""
    return {one.person.name for one in blocks.blocks(replica(mesh, "Laptop")).blocks}


def test_what_only_a_device_has_decided_is_shown_with_names_before_it_is_revoked() -> None:
    mesh = robbed()
    shown = revocation.decided_on(replica(mesh, "Laptop"), "Pi")
    said = [(one.what, one.person.name if one.person else None, one.trust) for one in shown.decisions]
    assert said[:2] == [("block", "Bob", None), ("block", "Carol", None)]
    assert [(what, trust) for what, _, trust in said[2:]] == [("vouch", 1.0)]


@pytest.mark.parametrize("keep", [(), ("Bob",), ("Carol",), ("Bob", "Carol")], ids="+".join)
def test_of_what_it_decided_only_that_is_kept_which_the_owner_chooses(keep: tuple[str, ...]) -> None:
    mesh = robbed()
    laptop = replica(mesh, "Laptop")
    shown = revocation.decided_on(laptop, "Pi").decisions
    ids = tuple(one.id for one in shown if one.person is not None and one.person.name in keep)
    result = revoke(mesh, keep=ids)
    assert {one.person.name for one in result.decisions if one.person} == set(keep)
    for _ in range(3):
        mesh.advance(limits.HOUR)
    assert blocked(mesh) == set(keep)
    for name in ("Bob", "Carol"):
        assert policy.blocks(laptop, person(mesh, name)) is (name in keep)
    assert policy.weight(laptop, person(mesh, "Dan")) == 0
    assert not laptop.store.devices.pending_reissues()


def test_discarding_everything_restores_the_contacts_that_a_thief_has_blocked() -> None:
    mesh = robbed()
    post(mesh, "Laptop", "Ladder")
    assert sees(mesh, "Bob") == set()
    revoke(mesh, discard=True)
    mesh.advance(60)
    mesh.advance(60)
    assert blocked(mesh) == set()
    assert sees(mesh, "Bob") == sees(mesh, "Carol") == {"Ladder"}


def test_nothing_is_kept_that_the_device_has_not_decided() -> None:
    mesh = robbed()
    with pytest.raises(Usage, match="no decision"):
        revoke(mesh, keep=("00" * 16,))
    assert not replica(mesh, "Laptop").trust_state.revoked(person(mesh, "Laptop"), replica(mesh, "Pi").device)


def test_upkeep_does_not_make_the_words_of_a_thief_the_owners_because_they_end_soon() -> None:
    mesh = village()
    thief, laptop = replica(mesh, "Pi"), replica(mesh, "Laptop")
    tags = tuple(sorted(block_tag(thief.me, person(mesh, name)) for name in ("Bob", "Carol")))
    stamp = Stamp(50)
    said = Policy(
        bytes(16), stamp, (), tuple(Block(tag, True, stamp) for tag in tags), Preference(Audience.NETWORK_WIDE)
    )
    authoring.write(thief, Kind.POLICY, device_slot(thief.device), said, life=limits.DAY, may_reduce_access=True)
    mesh.settle()
    for _ in range(3):
        mesh.advance(limits.HOUR)
    assert policy.blocks(laptop, person(mesh, "Bob"))
    revoke(mesh, discard=True)
    mesh.advance(60)
    assert not policy.blocks(laptop, person(mesh, "Bob"))


def test_a_withdrawn_policy_of_a_stolen_device_stops_neither_its_revocation_nor_what_follows() -> None:
    mesh = village()
    thief = replica(mesh, "Pi")
    vouch(mesh, "Pi", "Bob", 700)
    mesh.settle()
    authoring.withdraw(thief, Kind.POLICY, device_slot(thief.device))
    mesh.settle()
    revoke(mesh)
    for _ in range(3):
        mesh.advance(limits.HOUR)
    assert not replica(mesh, "Laptop").store.devices.pending_reissues()
    assert replica(mesh, "Laptop").guard.failures() == ()
