"""Status and doctor: what they report of the node, and of a person who is not connected."""

from __future__ import annotations

import json

import pytest
from msgspec import structs

from meshnode.app.explain import doctor, status
from meshnode.app.explain.problem import Problem
from meshnode.app.explain.reachability import CallAnswer, Firewall
from meshnode.app.explain.status import ConnectionAttempt, NetworkState, Peer
from meshnode.app.listings.view import view
from meshnode.local.schema import dump
from meshnode.text import node
from protocol import Kind, limits
from tests.app.neighbors import Neighbor, settle_in
from tests.support.mesh import Mesh

People = tuple[Neighbor, Neighbor, Neighbor]
ONLINE = NetworkState(ready=True, port=4747, addresses=(("10.0.0.2", 4747),), announcing=True)


def codes(view: doctor.DoctorView) -> dict[str, bool]:
    return {discover.code: discover.well for discover in view.findings}


def test_status_names_the_owner_the_peers_and_the_number_of_records(people: People) -> None:
    alice, bob, _ = people
    network = NetworkState(ready=True, peers=(Peer(bob.person, bytes(32), "10.0.0.3:1", True, 5, False),))
    shown = status.status(alice.replica, network)
    assert (shown.person.name, shown.ready, shown.pending, shown.problems) == ("Alice", True, 0, ())
    assert [(peer.name, peer.address, peer.live) for peer in shown.peers] == [("Bob", "10.0.0.3:1", False)]
    assert shown.records == alice.replica.store.records.count() > 3


def test_problems_of_the_network_and_the_clock_are_reported_in_words(mesh: Mesh) -> None:
    alice = settle_in(mesh, "Alice")
    trouble = NetworkState(ready=False, problems=(Problem("port_taken", "the port is taken", "choose another"),))
    shown = status.status(alice.replica, trouble)
    assert [problem.code for problem in shown.problems] == ["port_taken"]
    alice.node.clock.error = -1_800_000_000  # the computer's clock falls back to 1970
    assert status.problems(alice.replica, ONLINE) == ()  # the date is known by the time that has run since
    alice.node.clock.machine.start_again()
    mesh.restart("Alice")
    assert [problem.code for problem in status.problems(alice.replica, ONLINE)] == ["clock_doubtful"]


def test_the_doctor_tells_a_node_without_contacts_how_to_get_one(mesh: Mesh) -> None:
    alice = settle_in(mesh, "Alice")
    found = {discover.code: discover for discover in doctor.look_at_node(alice.replica, ONLINE).findings}
    assert not found["company"].well
    assert "meshnode card" in found["company"].hint
    assert found["listening"].well


def test_the_doctor_says_when_there_is_no_network(mesh: Mesh) -> None:
    alice = settle_in(mesh, "Alice")
    found = codes(doctor.look_at_node(alice.replica, NetworkState(ready=True)))
    assert found["listening"] is False
    assert found["announcing"] is False


def test_the_doctor_finds_a_connected_person_well(people: People) -> None:
    alice, bob, _ = people
    network = NetworkState(ready=True, peers=(Peer(bob.person, bytes(32), "10.0.0.3:1", True, 5, True),))
    view = doctor.look_at_person(alice.replica, doctor.person_named(alice.replica, "Bob"), network, ())
    assert codes(view) == {"connected": True}


def test_the_doctor_checks_every_cause_for_a_person_who_is_not_connected(mesh: Mesh) -> None:
    alice, bob = settle_in(mesh, "Alice"), settle_in(mesh, "Bob")
    alice.add(bob.card())
    attempts = (ConnectionAttempt(1, "127.0.0.1:4747", "nobody answered"),)
    view = doctor.look_at_person(alice.replica, bob.person, ONLINE, attempts)
    found = codes(view)
    assert found["card_pending"]
    assert found["keys"]
    assert found["addresses"]
    assert found["heard"] is False
    assert found["attempt"] is False
    assert view.person is not None
    assert view.person.name == "Bob"


def test_a_fork_is_reported_to_its_author_only(people: People) -> None:
    alice, bob, _ = people
    record = next(alice.replica.store.records.bodies(Kind.POLICY, author=alice.person))
    for neighbor in (alice, bob):
        neighbor.replica.store.records.note_fork(record, record)
    assert [problem.code for problem in status.problems(alice.replica, ONLINE)] == ["forked"]
    assert not status.problems(bob.replica, ONLINE)


UFW = Firewall("ufw", closed=None, line="sudo ufw allow 4747/tcp")


def problems(neighbor: Neighbor, network: NetworkState) -> dict[str, Problem]:
    """Return the problems in the status, by code."""
    return {problem.code: problem for problem in status.status(neighbor.replica, network).problems}


def test_a_firewall_is_a_problem_once_there_is_evidence(people: People) -> None:
    alice, bob, _ = people
    quiet = structs.replace(ONLINE, firewall=UFW)
    assert "firewall" not in problems(alice, quiet)
    shut = structs.replace(quiet, unanswered=(bob.person,))
    assert UFW.line in problems(alice, shut)["firewall"].hint
    peer = Peer(bob.person, bytes(32), "10.0.0.3:1", True, 5, True)
    assert "firewall" not in problems(alice, structs.replace(shut, peers=(peer,)))
    assert "firewall" not in problems(alice, structs.replace(shut, called_in=1_800_000_000))


def test_the_doctor_names_the_firewall_once_and_with_the_line_to_type(people: People) -> None:
    alice, bob, _ = people
    shut = structs.replace(ONLINE, firewall=UFW, unanswered=(bob.person,))
    for shown in (
        doctor.look_at_node(alice.replica, shut),
        doctor.look_at_person(alice.replica, bob.person, shut, ()),
    ):
        [found] = [finding for finding in shown.findings if finding.code == "firewall"]
        assert not found.well
        assert UFW.line in found.hint


def test_the_doctor_says_that_a_node_listens_until_somebody_has_called_in(people: People) -> None:
    alice = people[0]

    def listening(network: NetworkState) -> str:
        found = doctor.look_at_node(alice.replica, network).findings
        return next(finding.message for finding in found if finding.code == "listening")

    assert "Nobody has called it" in listening(ONLINE)
    assert "Others have reached this node" in listening(structs.replace(ONLINE, called_in=1_800_000_000))


def test_the_doctor_looks_at_the_latest_call_to_each_address(people: People) -> None:
    alice, bob, _ = people
    attempts = [
        ConnectionAttempt(1, "10.0.0.3:4747", "dropped", CallAnswer.DROPPED, near=True),
        ConnectionAttempt(2, "10.0.0.3:4747", "closed", CallAnswer.CLOSED, near=True),
    ]
    found = codes(doctor.look_at_person(alice.replica, bob.person, ONLINE, attempts))
    assert found["not_running"] is False
    assert "firewall_there" not in found
    found = codes(doctor.look_at_person(alice.replica, bob.person, ONLINE, attempts[:1]))
    assert found["firewall_there"] is False


def test_the_doctor_knows_that_one_direction_works(people: People) -> None:
    alice, bob, _ = people
    attempts = [ConnectionAttempt(1, "10.0.0.3:4747", "dropped", CallAnswer.DROPPED, near=True)]
    network = structs.replace(ONLINE, peers=(Peer(bob.person, bytes(32), "10.0.0.3:1", False, 5, True),))
    found = codes(doctor.look_at_person(alice.replica, bob.person, network, attempts))
    assert found == {"connected": True, "firewall_there": True}


def test_the_doctor_says_when_a_busy_node_is_connected_with_again(people: People) -> None:
    alice, bob, _ = people
    view = doctor.look_at_person(alice.replica, bob.person, structs.replace(ONLINE, turns={bob.person: 40}), ())
    [turn] = [finding for finding in view.findings if finding.code == "turn"]
    assert turn.well
    assert "40 seconds" in turn.message


# --- a device that is met twice ------------------------------------------------------------------------------------------


def connected_with(neighbor: Neighbor, *sessions: tuple[bytes, bytes, int]) -> NetworkState:
    """Return a network with these sessions: with whom, with which device, and for how many seconds."""
    now = neighbor.replica.clock.now()
    return structs.replace(
        ONLINE,
        peers=tuple(
            Peer(person, device, f"10.0.0.3:{port}", True, now - seconds, True)
            for port, (person, device, seconds) in enumerate(sessions, start=1)
        ),
    )


LONG = 10 * limits.MINUTE


@pytest.mark.parametrize(
    ("seconds", "same", "told"),
    [((LONG, LONG), True, True), ((LONG, 30), True, False), ((LONG, LONG), False, False), ((LONG,), True, False)],
)
def test_a_friend_is_told_of_two_computers_with_one_device(
    people: People, seconds: tuple[int, ...], same: bool, told: bool
) -> None:
    """A computer that has just started again leaves a dead session behind for a minute: that is no copy."""
    alice, bob, _ = people
    sessions = [
        (bob.person, bob.replica.device if same else bytes([number]) * 32, lasted)
        for number, lasted in enumerate(seconds)
    ]
    found = problems(alice, connected_with(alice, *sessions))
    assert ("device_met_twice" in found) is told
    if told:
        assert "2 computers have the keys of one device of Bob" in found["device_met_twice"].message
        assert "tell Bob" in found["device_met_twice"].hint


def test_the_owner_is_told_by_their_other_device_too(people: People) -> None:
    alice = people[0]
    pi = bytes([7]) * 32
    network = connected_with(alice, (alice.person, pi, LONG), (alice.person, pi, LONG))
    assert "your device" in problems(alice, network)["device_met_twice"].message
    own = connected_with(alice, *[(alice.person, alice.replica.device, LONG)] * 2)
    assert "device_met_twice" not in problems(alice, own)  # the problem `copied` says what to do


# --- a date in doubt ---------------------------------------------------------------------------------------------------


def test_what_is_held_in_doubt_of_the_date_is_counted_and_marked(mesh: Mesh, people: People) -> None:
    alice, bob, _ = people
    bob.post("Bread", expires_in=limits.DAY)
    bob.post("Soup", available_until=alice.replica.clock.now() + 2 * limits.DAY)
    bob.post("Ladder")
    mesh.settle()
    assert status.status(alice.replica, ONLINE).held_in_doubt == 0
    mesh.partition(["Alice"], ["Bob", "Carol"])
    alice.node.clock.machine.error = 60 * limits.DAY
    alice.node.clock.machine.start_again()
    mesh.restart("Alice")
    assert not alice.replica.clock.trusted
    shown = status.status(alice.replica, ONLINE)
    assert shown.held_in_doubt == 2
    assert any("2 items may have ended" in line for line in node.status(json.loads(dump(shown))))
    assert marked(alice, bob) == {"Bread", "Soup"}
    alice.node.clock.machine.error = 0
    alice.replica.clock.confirm()
    assert (status.status(alice.replica, ONLINE).held_in_doubt, marked(alice, bob)) == (0, set())


def marked(neighbor: Neighbor, author: Neighbor) -> set[str]:
    """Return the titles of the author's posts that are shown as perhaps ended."""
    records = neighbor.replica.store.records.bodies(Kind.LISTING, author=author.person)
    views = [view(neighbor.replica, record) for record in records]
    return {one.title for one in views if one.perhaps_ended}
