"""`device` as people type it: a code in a pipe and on a terminal, devices by name, and refused commands."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from meshnode.app.devices.joining import EnrolmentConversation
from meshnode.app.peers.conversation import Conversation
from meshnode.home import Home
from protocol import Kind
from protocol.tokens import DeviceCode
from protocol.wire import SeenEphemerals
from tests.cli.terminal import Terminal
from tests.cli.village import Village, meshnode
from tests.support.mesh_people import block, found, invite, post
from tests.support.people import Person


def test_in_a_pipe_a_code_is_its_text_alone(village: Village) -> None:
    printed = village("A", "device", "add", "--name", "Pi").out
    code = DeviceCode.parse(printed)
    assert printed == code.to_text() + "\n"
    assert code.person == village.replicas["A"].me
    assert village.networks["A"].looked == 1  # it is announced at once


def test_on_a_terminal_a_code_comes_with_a_picture_and_what_to_do_with_it(village: Village) -> None:
    with Terminal("--home", str(village.homes["A"]), "device", "add", "--name", "Pi") as terminal:
        shown = terminal.read_until("Waiting for the other computer.")
        terminal.interrupt()
        terminal.read_all()
    assert "\u2588" in shown or "\u2580" in shown
    assert "For Pi only, until " in shown
    command = re.search(r"^(mdev1\w+)\r?$", shown, re.MULTILINE)
    assert command is not None
    assert DeviceCode.parse(command[1]).person == village.replicas["A"].me


def test_a_new_device_is_asked_for_a_passphrase_as_a_new_node_is(village: Village, tmp_path: Path) -> None:
    code = village("A", "device", "add").out
    nowhere = ("--no-mdns", "--interface", "none0", "--wait", "5m")
    with Terminal("--home", str(tmp_path / "pi"), "device", "join", *nowhere) as terminal:
        terminal.read_until("Paste the code")
        terminal.type(code.strip())
        shown = terminal.read_until("(Enter for none)")
        terminal.type("new garden")
        terminal.read_until("same again")
        terminal.type("new garden")
        terminal.read_until("Trying")
        terminal.interrupt()
        shown += terminal.read_all()
    assert "new garden" not in shown
    assert Home(tmp_path / "pi").encryption.exists()


def test_devices_are_listed_with_what_they_are(village: Village) -> None:
    village.mesh.join_device("Pi", "Alice")
    lines = [line.split("\t") for line in village("A", "device", "list").out.splitlines()]
    assert [(line[0], line[2]) for line in lines] == [("First device", "this one"), ("Pi", "not connected")]
    revoked = village("A", "device", "revoke", "pi")
    assert revoked.out.splitlines()[0] == "Pi can no longer act for you. Other nodes learn this when they next connect."
    lines = [line.split("\t") for line in village("A", "device", "list").out.splitlines()]
    assert [(line[0], line[2]) for line in lines] == [("First device", "this one"), ("Pi", "revoked")]


def test_what_is_kept_and_what_is_not_is_said(village: Village) -> None:
    for discard in (False, True):
        pi = village.mesh.join_device(f"Pi {discard}", "Alice")
        post(village.mesh, pi.name, f"Drill {discard}")
        village.replicas["A"].ingest.receive(list(pi.replica.store.records.bodies(Kind.LISTING, author=pi.person)))
    assert "1 item it created was moved to this device." in village("A", "device", "revoke", "Pi False").out
    reply = village("A", "device", "revoke", "Pi True", "--discard")
    assert "1 item it created was discarded." in reply.out
    mine = json.loads(village("A", "mine", "--json").out)
    assert [one["title"] for one in mine["listings"]] == ["Drill False"]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["add", "--expires", "2h"], 2, "60 minutes"),
        (["add", "--expires", "soon"], 2, "length of time"),
        (["add", "--name", ""], 2, "name"),
        (["add", "--name", "x" * 33], 2, "name"),
        (["revoke"], 2, "Missing"),
        (["revoke", ""], 2, "Say which"),
        (["revoke", "Zed"], 3, "device list"),
        (["join"], 2, "no code"),
        (["join", "hello"], 2, "mdev1"),
        (["join", "mdev1qqqqqqqqqqqq"], 2, "has a typo"),
        (["join", "mdev1" + "q" * 9000], 2, "mdev1"),
        (["nonsense"], 2, "nonsense"),
    ],
    ids=lambda value: " ".join(value)[:30] if isinstance(value, list) else None,
)
def test_every_slip_has_one_line_and_its_own_code(village: Village, words: list[str], code: int, message: str) -> None:
    ran = village("A", "device", *words)
    assert ran.code == code, ran.err
    assert ran.out == ""
    assert ran.err.count("\n") == 1
    assert message in ran.err
    assert len(json.loads(village("A", "device", "list", "--json").out)["devices"]) == 1


def test_without_a_running_node_there_is_a_hint(tmp_path: Path) -> None:
    assert meshnode("--home", str(tmp_path / "none"), "device", "list").code in {3, 4}


@pytest.mark.parametrize(
    ("answers", "kept"),
    [(["all"], {"Bob", "Carol"}), (["none"], set()), (["each", "y", "n"], {"Bob"})],
    ids=["all", "none", "each"],
)
def test_the_owner_is_asked_what_to_keep_of_what_only_that_device_has_decided(
    village: Village, answers: list[str], kept: set[str]
) -> None:
    village.mesh.join_device("Pi", "Alice")
    village.mesh.wire("Pi", "Alice")
    village.mesh.settle()
    for name in ("Bob", "Carol"):
        block(village.mesh, "Pi", name)
    village.mesh.settle()
    with Terminal("--home", str(village.homes["A"]), "device", "revoke", "Pi") as terminal:
        shown = terminal.read_until("all, none, each")
        for answer in answers:
            terminal.type(answer)
        terminal.read_until("can no longer act for you")
    assert "you block Bob" in shown
    assert "you block Carol" in shown
    blocks = json.loads(village("A", "blocks", "--json").out)["blocks"]
    assert {one["person"]["name"] for one in blocks} == kept


def test_with_nobody_to_ask_it_is_kept_and_named(village: Village) -> None:
    village.mesh.join_device("Pi", "Alice")
    village.mesh.wire("Pi", "Alice")
    village.mesh.settle()
    block(village.mesh, "Pi", "Bob")
    village.mesh.settle()
    lines = village("A", "device", "revoke", "Pi").out.splitlines()
    assert "  you block Bob" in lines
    assert any("meshnode unblock" in line for line in lines)


@pytest.mark.parametrize(
    ("options", "answers", "members"),
    [
        ([], ["each", "y", "n"], {"Alice", "Bob"}),
        ([], ["none"], {"Alice"}),
        ([], ["all"], {"Alice", "Bob", "Carol"}),
        (["--keep-groups"], [], {"Alice", "Bob", "Carol"}),
        (["--discard", "--keep-groups"], [], {"Alice", "Bob", "Carol"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_the_owner_is_asked_whose_invitation_by_the_device_goes_on_counting(
    village: Village, options: list[str], answers: list[str], members: set[str]
) -> None:
    village.mesh.join_device("Pi", "Alice")
    for name in ("Alice", "Bob", "Carol"):
        village.mesh.wire("Pi", name)
    found(village.mesh, "Alice", "Elm Street")
    village.mesh.settle()
    invite(village.mesh, "Pi", "Elm Street", "Bob", "Carol")
    with Terminal("--home", str(village.homes["A"]), "device", "revoke", "Pi", *options) as terminal:
        shown = terminal.read_until("all, none, each") if answers else ""
        for answer in answers:
            terminal.type(answer)
        shown += terminal.read_until("can no longer act for you") + terminal.read_all()
    if answers:
        assert "Bob is invited to Elm Street" in shown
    assert ("no longer count" in shown) is (len(members) < 3)
    cell = json.loads(village("A", "cell", "show", "Elm Street", "--json").out)["groups"][0]
    assert {one["person"]["name"] for one in cell["members"]} == members


def waits(village: Village) -> tuple[EnrolmentConversation, Conversation]:
    """Let a machine use the code that Alice shows, and ask; it waits for her word."""
    alice, mesh = village.replicas["A"], village.mesh
    (code,) = alice.store.devices.codes(alice.clock.now())
    shown = DeviceCode(alice.me, alice.keys.dh_public, code.secret, code.expires, ())
    asking = EnrolmentConversation(shown, Person("Alice", "pi").keys, alice.entropy)
    answering = Conversation.answering(alice, SeenEphemerals(), mesh.time)
    for _ in range(2):
        answering.receive(asking.data_to_send(), mesh.time)
        asking.receive(answering.data_to_send())
    answering.receive(asking.data_to_send(), mesh.time)
    return asking, answering


@pytest.mark.parametrize("same", [True, False])
def test_the_owner_is_asked_whether_both_computers_show_the_same_words(village: Village, same: bool) -> None:
    with Terminal("--home", str(village.homes["A"]), "device", "add", "--name", "Pi") as terminal:
        terminal.read_until("Waiting for the other computer.")
        asking, answering = waits(village)
        shown = terminal.read_until("same words? [y/N]:")
        assert f"Its words: {' '.join(asking.words)}" in shown
        terminal.type("y" if same else "n")
        terminal.read_until("becomes one of your devices now" if same else "It was refused.")
    answering.tick(village.mesh.time)
    asking.receive(answering.data_to_send())
    assert (asking.grant is not None) is same


def test_without_a_terminal_the_words_are_typed(village: Village) -> None:
    village("A", "device", "add", "--name", "Pi")
    assert village("A", "device", "confirm").code == 3
    asking, answering = waits(village)
    words = " ".join(asking.words)
    assert village("A", "device", "confirm").out == f"A computer wants to become Pi. Its words: {words}\n"
    assert village("A", "device", "confirm", *asking.words).out == "Pi becomes one of your devices now.\n"
    answering.tick(village.mesh.time)
    asking.receive(answering.data_to_send())
    assert asking.grant is not None


def test_other_words_refuse_the_computer_that_waits(village: Village) -> None:
    village("A", "device", "add", "--name", "Pi")
    asking, answering = waits(village)
    refused = village("A", "device", "confirm", "acorn", "acorn", "acorn")
    assert (refused.code, refused.err.count("\n")) == (5, 1)
    answering.tick(village.mesh.time)
    asking.receive(answering.data_to_send())
    assert asking.grant is None
    assert village("A", "device", "confirm").code == 3
