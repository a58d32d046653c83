"""A stolen device has written what it can into a node's store: the node runs, and its owner can act with and without it."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from meshnode.app.owner import certificates, policy
from meshnode.clock import Clock
from meshnode.home import Home
from meshnode.keyring import Keyring
from meshnode.replica.replica import Replica
from meshnode.store import Store
from protocol import DeviceKeys, Kind, person_text
from tests.support import hostile_sibling
from tests.support.people import Person, grown
from tests.support.processes import Start, ask, meshnode, ready
from tests.support.waiting import eventually

pytestmark = pytest.mark.fails_unattended
THIEF = DeviceKeys(*(grown("Thief", part) for part in ("sign", "dh", "letter")))
BOB = Person("Bob")


@contextmanager
def opened(home: Path) -> Iterator[Replica]:
    """Open the store of a node that does not run."""
    keyring, place = Keyring.open(Home(home)), Home(home)
    with place.lock(), Store.open(place.store) as store:
        yield Replica.open(
            store,
            keyring.person,
            keyring.device,
            Clock(),
            lambda size: grown("chance", size=size),
            identity=keyring.identity,
        )


@pytest.fixture
def robbed(home: Path) -> Path:
    """Alice's node, with a Pi that was stolen and has signed records of every kind; it blocks Bob, whom she trusts."""
    with opened(home) as replica:
        certificates.certify(replica, THIEF.device_id, THIEF.dh_public, THIEF.letter_public)
        replica.store.devices.call(THIEF.device_id, "Pi")
        policy.vouch(replica, BOB.id, 900)
        thief = hostile_sibling.Thief(replica.me, THIEF, replica.clock)
        for kind in (Kind.PROFILE, Kind.LISTING, Kind.LETTER, Kind.JOIN, Kind.POLICY):
            extreme = [
                record
                for record in hostile_sibling.records(thief, kind, (), (BOB.id,))
                if record.header.version == hostile_sibling.TOP
                and record.header.expires - record.header.created == hostile_sibling.BRIEF
            ]
            hostile_sibling.slip_in(replica, extreme[-1])
    return home


def codes(found: list[dict[str, str]]) -> set[str]:
    return {one["code"] for one in found}


def test_the_daemon_runs_all_the_same_and_the_device_is_revoked_in_one_command(robbed: Path, start: Start) -> None:
    for _ in range(2):
        daemon = start(robbed)
        ready(robbed)
        eventually(lambda: "set_aside" in codes(ask(robbed, "status")["problems"]), "the owner is told")
        assert daemon.poll() is None
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(20) == 0
    start(robbed)
    ready(robbed)
    assert meshnode(robbed, "device", "revoke", "Pi", "--discard").returncode == 0
    assert ask(robbed, "blocks")["blocks"] == []
    assert meshnode(robbed, "offer", "Saw").returncode == 0


def test_without_a_daemon_the_owner_looks_revokes_blocks_and_takes_the_data_away(robbed: Path, start: Start) -> None:
    findings = ask(robbed, "doctor")["findings"]
    assert {"home", "disk", "running"} <= codes(findings)
    shown = meshnode(robbed, "device", "revoke", "Pi")
    assert shown.returncode == 0, shown.stderr
    assert "The node is not running" in shown.stderr
    assert "you block" in shown.stdout  # it was made there, and is kept: nobody could be asked
    assert meshnode(robbed, "device", "revoke", "Pi").returncode == 5
    assert [(one["name"], one["struck"]) for one in ask(robbed, "device", "list")["devices"]][-1] == ("Pi", True)
    mallory = person_text(Person("Mallory").id)
    assert meshnode(robbed, "block", mallory).returncode == 0
    exported = json.loads(meshnode(robbed, "export").stdout)
    assert mallory in {one["person"]["id"] for one in exported["blocks"]}
    start(robbed)
    ready(robbed)
    assert meshnode(robbed, "offer", "Saw").returncode == 0


def test_while_a_daemon_runs_nothing_is_done_beside_it(home: Path, start: Start) -> None:
    start(home)
    ready(home)
    Home(home).socket.unlink()
    blocked = meshnode(home, "block", person_text(BOB.id))
    assert blocked.returncode == 5
    assert "already running" in blocked.stderr


def test_a_home_without_a_node_says_so(tmp_path: Path) -> None:
    for words in (("device", "revoke", "Pi"), ("block", "Bob"), ("export",)):
        assert meshnode(tmp_path / "nobody", *words).returncode == 4
