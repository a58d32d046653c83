"""A parcel gives its readers what a session with them would, and nothing else: in random webs with blocks and audiences."""

from __future__ import annotations

import random
from itertools import combinations

import pytest

from meshnode.app.peers.contacts import admits
from meshnode.errors import Refused
from meshnode.replica.served_set import ServedSet
from protocol import Audience, RecordId, RemoteError, person_text
from protocol.parcels import PARCEL_HEAD_BYTES
from protocol.session import Phase
from tests.support.mesh import Mesh
from tests.support.mesh_people import acquaint, block, post, vouch, withdraw
from tests.support.parcels import made, records_in, taken

NAMES = ("Alice", "Bob", "Carol", "Dora", "Eve")
AUDIENCES = (Audience.FOLLOWS, Audience.MY_CELL, Audience.TRUSTED_NETWORK, Audience.NETWORK_WIDE)


def random_web(seed: int) -> Mesh:
    """People who vouch for some, block some, and post for different audiences; parcels have gone to and fro."""
    chance, mesh = random.Random(seed), Mesh(seed)
    for name in NAMES:
        mesh.add(name, audience=Audience.NETWORK_WIDE)
    for one, other in combinations(NAMES, 2):
        if chance.random() < 0.7:
            acquaint(mesh, one, other)
            for a, b in ((one, other), (other, one)):
                if chance.random() < 0.8:
                    vouch(mesh, a, b, chance.randint(200, 1000))
    for _ in range(3):
        for name in NAMES:
            offer = post(mesh, name, f"Offer of {name}", chance.choice(AUDIENCES))
            if chance.random() < 0.2:
                withdraw(mesh, name, offer)
        carry_around(mesh, chance)
        if chance.random() < 0.5:
            block(mesh, *chance.sample(NAMES, 2))
    return mesh


def carry_around(mesh: Mesh, chance: random.Random) -> None:
    """Let each write a parcel for everybody, and some of the others take it in."""
    for name in NAMES:
        parcel = made(mesh.nodes[name].replica)
        for other in NAMES:
            if parcel and other != name and chance.random() < 0.8 and list(readable(mesh, other, parcel)):
                try_taking(mesh, other, parcel)


def readable(mesh: Mesh, name: str, parcel: bytes) -> list[object]:
    """Return what somebody can read of a parcel."""
    try:
        return list(records_in(parcel, mesh.nodes[name].replica))
    except RemoteError:
        return []


def try_taking(mesh: Mesh, name: str, parcel: bytes) -> None:
    """Take a parcel in, unless its sender is not admitted there."""
    said = "not connected"
    try:
        taken(mesh.nodes[name].replica, parcel)
    except Refused as refused:
        said = refused.line
    assert "not connected" in said


def in_a_session(mesh: Mesh, giver: str, reader: str) -> set[RecordId]:
    """Return the ids of what a session would offer at this moment."""
    replica = mesh.nodes[giver].replica
    served = ServedSet(replica.store, replica.access, replica.clock, replica.me, mesh.nodes[reader].person)
    return {record_id for phase in Phase for _, record_id in served.items(phase)}


@pytest.mark.promise("Two who never share a network connect and exchange")
@pytest.mark.parametrize("seed", range(3))
def test_what_is_in_a_part_is_what_a_session_would_give(seed: int) -> None:
    mesh = random_web(seed)
    for giver in NAMES:
        replica = mesh.nodes[giver].replica
        for reader in NAMES:
            other = mesh.nodes[reader].replica
            graph = replica.trust_state.graph
            blocked = graph.blocked_either_way(replica.me, other.me)
            if giver == reader or blocked or graph.weight(replica.me, other.me) == 0:
                continue
            parcel = made(replica, person_text(other.me), again=True, lost=True)
            carried = records_in(parcel, other) if parcel else []
            bodies = {record.id for record in carried if not record.header_only}
            offered = in_a_session(mesh, giver, reader)
            lent = {record.id for record in carried if record.header.kind == 1}  # to check headers with
            assert bodies - lent <= offered
            if admits(replica, other.me, frozenset()):
                assert offered <= bodies


@pytest.mark.promise("Two who never share a network connect and exchange")
@pytest.mark.parametrize("seed", range(2))
def test_a_parcel_tells_its_finder_only_its_size_class_and_version(seed: int) -> None:
    """No key, id or name of anybody is in it, two with the same in them share no bytes, and most sizes are the same."""
    mesh = random_web(seed)
    alice = mesh.nodes["Alice"].replica
    one, other = (made(alice, again=True, lost=True) for _ in range(2))
    assert len(one) == len(other)
    assert one[:PARCEL_HEAD_BYTES] == other[:PARCEL_HEAD_BYTES]
    pieces = {one[at : at + 16] for at in range(PARCEL_HEAD_BYTES, len(one) - 16, 16)}
    assert not pieces & {other[at : at + 16] for at in range(PARCEL_HEAD_BYTES, len(other) - 16, 16)}
    for node in mesh.nodes.values():
        secrets = (node.person, node.replica.device, node.replica.keys.letter_public, node.replica.keys.dh_public)
        assert not any(secret[:8] in one for secret in secrets)
        assert node.name.encode() not in one
