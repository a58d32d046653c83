"""Lets two nodes of a simulated mesh meet by a word code, or not, over one connection, byte by byte."""

from __future__ import annotations

from meshnode.app.meetings import shown, typed
from meshnode.app.meetings.typed import MeetingResult, TypedMeeting
from meshnode.app.peers.conversation import Conversation
from meshnode.app.people.cards import AddedView
from meshnode.replica.replica import Replica
from protocol import RemoteError
from protocol.tokens import WordCode
from tests.support.mesh import Mesh, Node

HERE = ("192.0.2.1", 4747)


def show(mesh: Mesh, name: str, trust: float | None = None) -> WordCode:
    """Return the code that the node called `name` shows from now on."""
    return WordCode.parse(shown.show(replica_of(mesh, name), shown.MeetingOrder(trust), ()).words)


def replica_of(mesh: Mesh, name: str) -> Replica:
    """Return the replica of the node called `name`."""
    return mesh.nodes[name].replica


def other_words(code: WordCode) -> WordCode:
    """Return a code of the same number with the words the other way round, or others if they are alike."""
    first, second = code.words
    return WordCode(code.number, (second, first) if first != second else ("acorn", "zipper"))


def attempt(mesh: Mesh, name: str, code: WordCode, *, device: bool = False) -> TypedMeeting:
    """Return a new attempt on the node called `name`, where `code` was typed."""
    replica = replica_of(mesh, name)
    return TypedMeeting(code, replica.entropy, None if device else typed.prepare(replica, code, None))


def answering(mesh: Mesh, name: str) -> Conversation:
    """Return the end of a node that is called."""
    node: Node = mesh.nodes[name]
    return Conversation.answering(node.replica, node.seen, mesh.time)


def converse(mesh: Mesh, meeting: TypedMeeting, answers: Conversation) -> bool:
    """Carry bytes until nothing more is said. Return whether the end that was called said anything."""
    return converse_with(meeting, answers, mesh.time)


def converse_with(meeting: TypedMeeting, answers: Conversation, now: float) -> bool:
    """Do the same between any two nodes."""
    heard = False
    try:
        while data := meeting.data_to_send():
            answers.receive(data, now)
            reply = answers.data_to_send()
            heard = heard or bool(reply)
            meeting.receive(reply)
    except RemoteError:
        pass  # as a connection ends
    meeting.close()
    return heard


def result_of(meeting: TypedMeeting) -> MeetingResult:
    """Return what the search for the code comes to, as the network reports it."""
    return MeetingResult(meeting.end, (HERE,), (HERE,), HERE, meeting.person, meeting.device_code)


def meet(mesh: Mesh, typer: str, code: WordCode, shower: str, trust: float | None = None) -> AddedView:
    """Let the code be typed on one node while the other is called; raises what the person there is told."""
    meeting = attempt(mesh, typer, code)
    converse(mesh, meeting, answering(mesh, shower))
    return typed.connect(replica_of(mesh, typer), result_of(meeting), trust, ())


def state(mesh: Mesh, name: str) -> str:
    """Return what has come of the code that this node showed last."""
    return shown.shown(replica_of(mesh, name)).state
