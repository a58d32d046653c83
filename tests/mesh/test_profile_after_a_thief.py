"""After a device was revoked and what it wrote discarded, the owner's profile says what their other devices have said."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from meshnode.app.devices import reissue
from meshnode.app.owner import places, policy
from meshnode.app.people.yourself import ProfileChange, change_profile
from meshnode.replica import authoring
from protocol import PROFILE_SLOT, Kind, Precision, Preference, Profile, limits
from tests.support.mesh import Mesh
from tests.support.mesh_devices import replica, revoke, village
from tests.support.mesh_people import block, person, unblock

HOME = places.Coordinates(52.52, 13.405)


def say(mesh: Mesh, device: str, *, name: str | None = None, about: str | None = None) -> None:
    """Let a device of Alice's change her profile, and everybody hear of it."""
    change_profile(replica(mesh, device), ProfileChange(name, about), ())
    mesh.settle()


def seen(mesh: Mesh, node: str = "Bob") -> Profile:
    """Return Alice's profile as it is known on a node."""
    found = replica(mesh, node).trust_state.profile(person(mesh, "Laptop"))
    assert found is not None
    return found


def carried_on(mesh: Mesh) -> None:
    """Let the laptop write the thief's texts again, as it does with each new presence key."""
    block(mesh, "Laptop", "Carol")
    unblock(mesh, "Laptop", "Carol")
    mesh.settle()


def nothing(_: Mesh) -> None:
    """Let the thief's version be the last."""


def short_lived(mesh: Mesh) -> None:
    """Let the thief's version end soon, so that the laptop renews it."""
    authoring.write(replica(mesh, "Pi"), Kind.PROFILE, PROFILE_SLOT, seen(mesh, "Pi"), life=2 * limits.HOUR)
    mesh.settle()
    with mesh.switched_off({"Pi"}):
        for _ in range(3):
            mesh.advance(limits.HOUR)


@pytest.mark.parametrize("since", [nothing, carried_on, short_lived], ids=["last", "carried on", "short-lived"])
def test_the_texts_of_a_thief_go_even_if_another_device_has_carried_them_on(since: Callable[[Mesh], None]) -> None:
    mesh = village()
    say(mesh, "Laptop", name="Alice", about="Plumber")
    say(mesh, "Pi", name="Mallory", about="Send me money")
    since(mesh)
    revoke(mesh, discard=True)
    mesh.settle()
    for node in ("Laptop", "Bob"):
        assert (seen(mesh, node).name, seen(mesh, node).about) == ("Alice", "Plumber"), node


def test_the_texts_that_a_third_device_said_last_hold() -> None:
    mesh = village()
    mesh.join_device("Phone", "Laptop")
    mesh.wire("Laptop", "Phone")
    mesh.settle()
    say(mesh, "Laptop", name="Alice", about="Plumber")
    say(mesh, "Phone", about="Plumber and baker")
    say(mesh, "Pi", name="Mallory", about="Plumber and thief")
    revoke(mesh, discard=True)
    mesh.settle()
    assert (seen(mesh).name, seen(mesh).about) == ("Alice", "Plumber and baker")


def test_what_the_owner_keeps_of_a_revoked_device_is_theirs_afterwards() -> None:
    mesh = village()
    mesh.join_device("Phone", "Laptop")
    mesh.wire("Laptop", "Phone")
    mesh.settle()
    say(mesh, "Laptop", name="Alice")
    say(mesh, "Pi", name="Alice the baker")
    revoke(mesh)
    mesh.settle()
    assert seen(mesh).name == "Alice the baker"
    say(mesh, "Phone", name="Mallory")
    revoke(mesh, "Phone", discard=True)
    mesh.settle()
    assert seen(mesh).name == "Alice the baker"


@pytest.mark.parametrize("then", [Precision.REGION, None], ids=["coarser", "no longer"])
def test_a_place_that_was_made_coarser_or_removed_is_not_told_more_exactly_again(then: Precision | None) -> None:
    mesh = village()
    places.set_place(replica(mesh, "Laptop"), HOME, Precision.NEIGHBORHOOD)
    mesh.settle()
    pi = replica(mesh, "Pi")
    if then is None:
        places.set_place(pi, None, Precision.NEIGHBORHOOD)
    else:
        policy.set_preference(pi, Preference(precision=then))
        places.publish(pi, then)
    say(mesh, "Pi", name="Mallory")
    revoke(mesh, discard=True)
    mesh.settle()
    place = seen(mesh).place
    assert seen(mesh).name != "Mallory"
    assert place == (None if then is None else places.cell_of(HOME, then))


def test_a_node_that_stops_after_the_revocation_puts_the_texts_back_later(monkeypatch: pytest.MonkeyPatch) -> None:
    mesh = village()
    say(mesh, "Laptop", name="Alice")
    say(mesh, "Pi", name="Mallory")

    def power_cut(*_: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(reissue, "write_pending", power_cut)
        with pytest.raises(KeyboardInterrupt):
            revoke(mesh, discard=True)
    mesh.restart("Laptop")
    mesh.advance(60)
    assert seen(mesh).name == "Alice"
