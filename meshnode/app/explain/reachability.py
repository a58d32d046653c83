"""Says why two nodes do not reach each other: a firewall here, a firewall there, no computer, no node, no common network.

Pure decisions over what the network has seen: how calls to each address ended, whether anybody ever called in, and
which firewall is switched on here. There are two tables, one for this node and one for a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from msgspec import Struct

MDNS_PORT = 5353


class CallAnswer(Enum):
    """How a call to one address ended, as far as the network below the node can tell; the value says it in words."""

    ANSWERED = "somebody answered"
    DROPPED = "no answer at all: what was sent is dropped on the way"
    PROHIBITED = "a firewall has said no"
    CLOSED = "the computer is there, and nothing listens at this port"
    SILENT = "no computer has this address on this network"
    NO_WAY = "there is no way to this address from here"
    OTHER = "something else, or not tried"


class Firewall(Struct, frozen=True):
    """The firewall that is switched on here. `closed`: whether it drops callers, None if this user may not know.

    `line` is the command that lets them in, empty if they are let in already.
    """

    name: str
    closed: bool | None
    line: str


class CallMade(Struct, frozen=True):
    """The latest call to an address; `near`: it is on a network that this computer is on, too."""

    address: str
    answer: CallAnswer
    near: bool


class Reason(Struct, frozen=True):
    """A reason that was found: a code for programs, whether it does no harm, what it is, and what to do about it."""

    code: str
    message: str
    hint: str = ""
    well: bool = False


def of_node(
    firewall: Firewall | None, port: int, *, called_in: bool, connected: bool, unanswered: Sequence[str]
) -> Reason | None:
    """Return what is known of a firewall between this node and others; None if nothing speaks for one.

    `called_in`: somebody has reached this node from outside. `unanswered` are the names of people on a common network
    whose nodes do not answer a single call.
    """
    if called_in:
        return None
    if firewall is not None and firewall.closed:
        return _closed(firewall, connected=connected)
    if firewall is not None and firewall.closed is None:
        if unanswered and not connected:
            message = (
                f"{firewall.name} is switched on here, {unanswered[0]}'s node does not answer, and nobody has called"
            )
            return Reason("firewall", message, f"to let callers in, type: {firewall.line}")
        return Reason(
            "firewall",
            f"{firewall.name} is switched on here, and nobody has called this node yet. To let callers in: {firewall.line}",
            well=True,
        )
    if unanswered and not connected:
        return Reason(
            "firewall",
            f"{unanswered[0]}'s node does not answer, and nobody has called this node: a firewall drops the calls",
            f"let TCP port {port} and UDP port {MDNS_PORT} in, here and there; "
            "'meshnode doctor' on the other computer may name the line to type",
        )
    return None


def of_person(
    name: str, calls: Sequence[CallMade], *, heard: bool, called_us: bool, can_be_called: bool
) -> Reason | None:
    """Return why this node cannot call a person's node, by the latest call to each address; None if that is not known.

    `heard`: their node is announced here. `called_us`: it has called this node, and is connected.
    `can_be_called`: nothing speaks for a firewall on this computer.
    """
    by_answer: dict[CallAnswer, list[CallMade]] = {}
    for call in calls:
        by_answer.setdefault(call.answer, []).append(call)
    dropped = [call for call in by_answer.get(CallAnswer.DROPPED, []) if call.near or heard]
    refused = by_answer.get(CallAnswer.PROHIBITED, []) + dropped
    if CallAnswer.ANSWERED in by_answer:
        return None
    if refused and called_us:
        return Reason(
            "firewall_there",
            f"{name}'s node has called yours. Yours cannot call theirs: a firewall there drops the calls",
            well=True,
        )
    if called_us:
        return None
    if refused:
        return _there(name, refused[0], heard=heard, can_be_called=can_be_called)
    if closed := by_answer.get(CallAnswer.CLOSED):
        return Reason(
            "not_running",
            f"The computer at {closed[0].address} is on, but no node answers at that port",
            f"{name}'s node is not running, or has another port now: ask {name} to start it",
        )
    if silent := by_answer.get(CallAnswer.SILENT):
        return Reason(
            "apart",
            f"No computer answers at {silent[0].address}",
            "it is off, or elsewhere, or this Wi-Fi keeps its guests apart: try another network, or a cable",
        )
    if far := by_answer.get(CallAnswer.NO_WAY, []) + by_answer.get(CallAnswer.DROPPED, []):
        return Reason(
            "other_network",
            f"{far[0].address} is on another network than this computer",
            f"join the network that {name}'s computer is on",
        )
    return None


def _closed(firewall: Firewall, *, connected: bool) -> Reason:
    effect = "this node calls others, but they cannot call it" if connected else "nobody can call this node"
    return Reason(
        "firewall",
        f"A firewall on this computer ({firewall.name}) drops all callers: {effect}",
        f"to let them in, type: {firewall.line}",
    )


def _there(name: str, call: CallMade, *, heard: bool, can_be_called: bool) -> Reason:
    there = f"{name}'s node is announced here, but" if heard else f"{name}'s computer is on this network, but"
    other_way = f". Or {name} adds your card: then their node calls yours" if can_be_called else ""
    return Reason(
        "firewall_there",
        f"{there} calls to {call.address} get no answer: a firewall drops them, probably on {name}'s computer",
        f"'meshnode doctor' on {name}'s computer names the line that opens it{other_way}",
    )
