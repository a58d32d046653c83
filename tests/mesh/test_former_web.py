"""A person who has left a web hears for some days which of their copies are superseded, and nothing else after that."""

from __future__ import annotations

import pytest

from meshnode.app.owner import former_web
from meshnode.app.peers import contacts
from meshnode.app.peers.conversation import Conversation
from meshnode.store import RecordState
from protocol import Audience, limits
from protocol.wire.frames import Bye, Compare, Headers, Hello, Ping, Pull, Records, Roots
from tests.support.mesh import Mesh
from tests.support.mesh_people import befriend, block, holds, knows_name, person, post, rewrite, sees, vouch
from tests.support.tap import set_tap


def parted(seed: int = 5) -> Mesh:
    """Bob and Carol: Bob took the vouch for Carol back, then Carol hers for Bob, which Bob does not know yet."""
    mesh = Mesh(seed)
    for name in ("Bob", "Carol"):
        mesh.add(name)
    befriend(mesh, "Bob", "Carol", 900, 900)
    post(mesh, "Carol", "Spare bicycle", Audience.NETWORK_WIDE)
    mesh.settle()
    assert sees(mesh, "Bob") == {"Spare bicycle"}
    vouch(mesh, "Bob", "Carol", 0)
    mesh.settle()
    mesh.cut("Bob", "Carol")
    vouch(mesh, "Carol", "Bob", 0)
    mesh.settle()
    assert sees(mesh, "Bob") == {"Spare bicycle"}
    return mesh


def presence_key(mesh: Mesh, name: str) -> bytes:
    profile = mesh.nodes[name].replica.trust_state.profile(person(mesh, name))
    assert profile is not None
    return profile.presence_key


def test_somebody_who_left_and_missed_it_is_shown_headers_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    mesh = parted()
    post(mesh, "Carol", "Something new", Audience.NETWORK_WIDE)
    tap = set_tap(monkeypatch)
    mesh.heal()
    mesh.settle()
    assert sees(mesh, "Bob") == set()
    carol, bob = mesh.nodes["Carol"].replica, mesh.nodes["Bob"].replica
    said = [said.frame for said in tap.said if said.device == carol.device]
    assert any(isinstance(frame, Headers) for frame in said)
    assert {type(frame) for frame in said} <= {Hello, Roots, Compare, Pull, Headers, Ping, Bye}
    from_bob = [said.frame for said in tap.said if said.device == bob.device]
    assert any(isinstance(frame, Records) for frame in from_bob)  # it was Bob who had something to show


def test_somebody_who_left_learns_from_no_count_what_they_may_not_have(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every frame that Carol sends is as long as if she had posted nothing since, however much she has posted."""

    def lengths(posts: int) -> list[int]:
        mesh = parted()
        for number in range(posts):
            post(mesh, "Carol", f"New {number}", Audience.NETWORK_WIDE)
        with monkeypatch.context() as patch:
            tap = set_tap(patch)
            mesh.heal()
            mesh.settle()
        return [len(said.data) for said in tap.said if said.device == mesh.nodes["Carol"].replica.device]

    assert lengths(0) == lengths(40)


def test_somebody_who_left_deletes_their_copies_within_a_week() -> None:
    mesh = parted()
    listing = post(mesh, "Carol", "Seen by nobody", Audience.NETWORK_WIDE)
    mesh.heal()
    mesh.settle()
    mesh.advance(limits.SUSPENDED_LIFE + limits.HOUR)
    assert not knows_name(mesh, "Bob", "Carol")
    assert not holds(mesh, "Bob", listing)
    assert not list(
        mesh.nodes["Bob"].replica.store.records.rows(author=person(mesh, "Carol"), states=(RecordState.LIVE,))
    )[1:]


def test_somebody_who_left_may_connect_for_fourteen_days_and_then_the_presence_key_changes() -> None:
    mesh = parted()
    before = presence_key(mesh, "Carol")
    carol = mesh.nodes["Carol"].replica
    mesh.advance(limits.FORMER_WEB_GRACE - limits.HOUR)
    assert former_web.left_lately(carol, person(mesh, "Bob"))
    assert presence_key(mesh, "Carol") == before
    mesh.advance(2 * limits.HOUR)
    assert not former_web.left_lately(carol, person(mesh, "Bob"))
    assert presence_key(mesh, "Carol") != before


def test_somebody_who_left_and_comes_too_late_gets_not_one_byte() -> None:
    mesh = parted()
    mesh.advance(limits.FORMER_WEB_GRACE + limits.HOUR)
    bob, carol = mesh.nodes["Bob"], mesh.nodes["Carol"]
    dials = contacts.dial_keys(bob.replica, carol.person)
    assert dials  # Bob's node still believes that it may call hers
    for dial in dials:
        calling = Conversation.dialing(bob.replica, dial, mesh.time)
        answering = Conversation.answering(carol.replica, carol.seen, mesh.time)
        answering.receive(calling.data_to_send(), mesh.time)
        assert answering.data_to_send() == b""
        assert answering.end is not None
        assert answering.end.silent


def test_a_block_ends_the_days_in_which_somebody_who_left_may_connect() -> None:
    mesh = parted()
    carol, bob = mesh.nodes["Carol"].replica, person(mesh, "Bob")
    assert former_web.left_lately(carol, bob)
    block(mesh, "Carol", "Bob")
    former_web.note(carol, [bob])  # as if the power had failed before the presence key was rotated
    assert not former_web.left_lately(carol, bob)


def test_a_block_turns_the_presence_key_at_once_and_friends_get_the_new_one() -> None:
    mesh = Mesh(6)
    for name in ("Alice", "Bob", "Carol"):
        mesh.add(name)
    befriend(mesh, "Alice", "Bob", 900, 900)
    befriend(mesh, "Bob", "Carol", 900, 900)
    mesh.settle()
    before = presence_key(mesh, "Carol")
    block(mesh, "Carol", "Alice")
    mesh.settle()
    assert presence_key(mesh, "Carol") != before
    bobs = mesh.nodes["Bob"].replica.trust_state.profile(person(mesh, "Carol"))
    assert bobs is not None
    assert bobs.presence_key == presence_key(mesh, "Carol")
    assert not knows_name(mesh, "Alice", "Carol")
    assert contacts.dial_keys(mesh.nodes["Alice"].replica, person(mesh, "Carol")) == []
    assert not former_web.left_lately(mesh.nodes["Carol"].replica, person(mesh, "Alice"))


def test_a_key_that_was_due_when_the_node_stopped_turns_when_it_runs_again(monkeypatch: pytest.MonkeyPatch) -> None:
    mesh = Mesh(7)
    for name in ("Bob", "Carol"):
        mesh.add(name)
    befriend(mesh, "Bob", "Carol", 900, 900)
    mesh.settle()
    before = presence_key(mesh, "Carol")
    with monkeypatch.context() as patch:
        patch.setattr(
            "meshnode.app.owner.policy.rotate_if_due", lambda _replica: None
        )  # the power goes between the two
        block(mesh, "Carol", "Bob")
    mesh.restart("Carol")
    assert presence_key(mesh, "Carol") == before
    mesh.advance(1)
    assert presence_key(mesh, "Carol") != before


def test_somebody_two_steps_away_leaves_with_the_bridge_and_hears_of_it() -> None:
    mesh = Mesh(8)
    for name in ("Alice", "Bob", "Carol"):
        mesh.add(name)
    befriend(mesh, "Alice", "Bob", 900, 900)
    befriend(mesh, "Bob", "Carol", 900, 900)
    listing = post(mesh, "Carol", "Spare bicycle", Audience.NETWORK_WIDE)
    mesh.settle()
    vouch(mesh, "Carol", "Bob", 0)
    assert former_web.left_lately(mesh.nodes["Carol"].replica, person(mesh, "Bob"))
    assert former_web.left_lately(mesh.nodes["Carol"].replica, person(mesh, "Alice"))
    mesh.settle()
    assert sees(mesh, "Alice") == sees(mesh, "Bob") == set()
    mesh.advance(limits.SUSPENDED_LIFE + limits.HOUR)
    assert not holds(mesh, "Alice", listing)


def test_somebody_who_is_vouched_for_again_sees_everything_again() -> None:
    mesh = parted()
    mesh.heal()
    mesh.settle()
    vouch(mesh, "Carol", "Bob", 900)
    vouch(mesh, "Bob", "Carol", 900)
    mesh.settle()
    mesh.advance(60)
    assert sees(mesh, "Bob") == {"Spare bicycle"}


def test_a_common_contact_tells_whom_the_author_does_not_meet_any_more() -> None:
    mesh = Mesh(9)
    for name in ("Alice", "Bob", "Carol"):
        mesh.add(name)
    befriend(mesh, "Alice", "Bob", 900, 900)
    befriend(mesh, "Bob", "Carol", 900, 900)
    listing = post(mesh, "Carol", "Spare bicycle", Audience.NETWORK_WIDE)
    mesh.settle()
    mesh.partition(["Alice"], ["Bob", "Carol"])
    block(mesh, "Carol", "Alice")
    rewrite(mesh, "Carol", listing, "Spare bicycle, repaired", may_reduce_access=True)
    mesh.settle()
    mesh.heal()
    mesh.settle()
    assert sees(mesh, "Alice") == set()
    mesh.advance(limits.SUSPENDED_LIFE + limits.HOUR)
    assert not holds(mesh, "Alice", listing)
