"""The last device of a person takes back all that others have of them before it goes; another one takes back nothing."""

from __future__ import annotations

import pytest
from msgspec.structs import asdict

from meshnode.app import leaving
from meshnode.app.devices import device_list, wiped
from meshnode.app.leaving import LeavingOrder, LeavingView
from meshnode.errors import Usage
from meshnode.slices import complete
from meshnode.text import devices as text
from protocol import Audience, Kind, limits
from protocol.letters import Note, NoteKind
from tests.app.exchanging import inbox, make, offer, respond, states
from tests.app.neighbors import neighbor
from tests.support.mesh import Mesh
from tests.support.mesh_devices import problems, replica, revoke, village
from tests.support.mesh_people import found, holds, invite, members, person, post, row, sees


def leave(mesh: Mesh, name: str, typed: str | None = None) -> LeavingView:
    """Let a device leave as the command does: the others hear what ends before trust ends too."""
    node = replica(mesh, name)
    typed = leaving.view(node).name if typed is None else typed
    left = complete(leaving.leave(node, LeavingOrder(typed)))
    mesh.settle()
    complete(leaving.leave(node, LeavingOrder(typed, vouches=True)))
    mesh.settle()
    return left


def test_everything_is_taken_back_also_where_only_a_relay_hears_of_it() -> None:
    mesh = row("Ann", "Bob", "Cleo", audience=Audience.NETWORK_WIDE, seed=51)
    found(mesh, "Ann", "Elm Street")
    invite(mesh, "Ann", "Elm Street", "Bob")
    ladder, bench = post(mesh, "Ann", "Ladder"), post(mesh, "Ann", "Bench")
    mesh.settle()
    assert sees(mesh, "Cleo") == {"Ladder", "Bench"}
    assert members(mesh, "Bob", "Elm Street") == {"Ann", "Bob"}
    left = leave(mesh, "Ann")
    assert (left.listings, left.groups, left.vouches, left.exchanges) == (2, 1, 1, 0)
    assert left.devices == ()
    for name in ("Bob", "Cleo"):
        assert not holds(mesh, name, ladder)
        assert not holds(mesh, name, bench)
        assert replica(mesh, name).trust_state.graph.weight(person(mesh, "Ann"), person(mesh, "Bob")) == 0
    assert members(mesh, "Bob", "Elm Street") == {"Bob"}
    after = leaving.view(replica(mesh, "Ann"))
    assert (after.listings, after.groups, after.vouches) == (0, 0, 0)


def test_exchanges_are_called_off_so_that_nobody_waits() -> None:
    mesh = row("Ann", "Bob", audience=Audience.NETWORK_WIDE, seed=52)
    ann, bob = neighbor(mesh, "Ann"), neighbor(mesh, "Bob")
    offer(mesh, ann, title="Drill", quantity=1)
    offer(mesh, ann, title="Saw", quantity=1)
    agreed, asked = respond(mesh, bob, "Drill"), respond(mesh, bob, "Saw")
    assert {one.exchange for one in inbox(mesh, ann)} == {agreed, asked}
    make(mesh, ann, agreed, "accept")
    assert leave(mesh, "Ann").exchanges == 2
    assert sorted(states(mesh, bob)) == ["cancelled", "declined"]


def test_with_other_devices_nothing_is_taken_back_and_one_of_them_takes_over() -> None:
    mesh = village()
    ladder = post(mesh, "Pi", "Ladder")
    mesh.settle()
    left = leave(mesh, "Pi")
    assert len(left.devices) == 1
    assert not left.identity
    assert holds(mesh, "Carol", ladder)
    revoke(mesh, "Pi")
    mesh.settle()
    assert sees(mesh, "Carol") == {"Ladder"}


@pytest.mark.parametrize("typed", ["", "ann", "Ann ", "Anna", "Bob"])
def test_only_the_own_name_as_it_is_written_confirms_it(typed: str) -> None:
    mesh = row("Ann", "Bob", audience=Audience.NETWORK_WIDE, seed=53)
    post(mesh, "Ann", "Ladder")
    mesh.settle()
    if typed == "Ann ":  # blanks around it do not matter
        assert leave(mesh, "Ann", typed).listings == 1
        return
    before = list(replica(mesh, "Ann").store.records.rows(kinds=(Kind.LISTING, Kind.POLICY)))
    with pytest.raises(Usage, match="not your name"):
        leave(mesh, "Ann", typed)
    assert list(replica(mesh, "Ann").store.records.rows(kinds=(Kind.LISTING, Kind.POLICY))) == before


def test_the_others_learn_that_a_device_was_wiped_until_it_is_revoked() -> None:
    mesh = village()
    post(mesh, "Pi", "Ladder")
    mesh.settle()
    leave(mesh, "Pi")
    mesh.switch_off(["Pi"])
    mesh.advance(1)
    assert "wiped_device" in problems(mesh, "Laptop")
    laptop = replica(mesh, "Laptop")
    (pi,) = [one for one in device_list.devices(laptop, ()).devices if one.name == "Pi"]
    assert pi.wiped is not None
    assert not pi.struck
    assert text.state(asdict(pi)) == "wiped, to be revoked"
    assert sees(mesh, "Carol") == {"Ladder"}  # nothing of it is void meanwhile
    revoke(mesh, "Pi")
    mesh.settle()
    assert "wiped_device" not in problems(mesh, "Laptop")
    assert sees(mesh, "Carol") == {"Ladder"}


def test_a_device_that_goes_on_after_all_is_no_longer_said_to_be_wiped() -> None:
    mesh = village()
    leave(mesh, "Pi")
    mesh.advance(1)
    assert "wiped_device" in problems(mesh, "Laptop")
    laptop = replica(mesh, "Laptop")
    mesh.advance(2 * limits.HOUR)
    laptop.store.devices.saw(replica(mesh, "Pi").device, laptop.clock.now())
    assert "wiped_device" not in problems(mesh, "Laptop")


@pytest.mark.parametrize("value", [b"", b"\0" * 7, b"\xff" * 8, b"\0" * 9])
def test_a_note_that_makes_no_sense_says_nothing_of_a_device(value: bytes) -> None:
    mesh = village()
    laptop = replica(mesh, "Laptop")
    laptop.store.own_notes.set(Note(NoteKind.WIPED_DEVICE, replica(mesh, "Pi").device, value, 1))
    assert wiped.wiped(laptop) == {}
