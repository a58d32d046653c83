"""Carries bytes over the connections of a simulated mesh, as `net/peer_link.py` does over sockets.

It is no kinder than a real link. A conversation is called when bytes have come, when the timer rings that it named at its
last step, or when a commit has given it something to say: nobody asks it for its timers in between. Commits are followed
by one conversation at once, and by the others one after another. What comes while a conversation is busy waits, and is
read in one go afterwards. Bytes arrive in order and in any pieces, and take time by their number. An end that does not
read makes the other one wait. A connection may be gone although an end still takes it for one.

Each node keeps its sessions in the program's own table, which decides which of two connections stays, and who gets one of
its places.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from hashlib import blake2b

from meshnode.app.peers.conversation import Conversation
from meshnode.errors import StorageFull
from meshnode.net.connection_table import Closing
from meshnode.net.peer_link import STALL_SECONDS
from meshnode.net.tcp_watch import UNDER_WAY_SECONDS
from meshnode.net.turns import Rank
from meshnode.replica.changes import Change
from protocol import Code
from tests.support.mesh_events import MeshEvents
from tests.support.mesh_nodes import Line, Node, Seat, Wire, failing_commits

CUT_OFTEN = 0.1  # how many flights arrive in two pieces
NEAR = 3.0  # seconds: timers due within belong to what is under way
FOLLOWING = 0.001  # seconds that following one commit takes: the conversations of a node follow one after another
WINDOW = 2_000  # bytes that the machines between two ends take in at most while one of them does not read
HELD_BACK = 4_000  # unwritten bytes with which a conversation is not called: in truth it is more, as worlds are larger


class MeshLines(MeshEvents, ABC):
    """The connections between nodes, and what is on its way over them."""

    def __init__(self) -> None:
        super().__init__()
        self.trace = blake2b(digest_size=16)
        self.bytes_sent = 0
        self.flaky = 0.0  # how likely it is that a delivery ends its connection instead
        self.fading = 0.0  # how many connections that end do so without a word, so that each end finds out by itself
        self.crashing: set[str] = set()
        """Nodes whose disk takes no further commit: the next one that a peer causes ends the node, which then starts again."""
        self.tap: Callable[[Node, Node, bytes], None] | None = None
        self._lines: dict[Conversation, tuple[Line, int]] = {}

    @abstractmethod
    def restart(self, name: str) -> None:
        """End a node's process without a goodbye, and start it again from its store."""

    @abstractmethod
    def _redial(self, wire: Wire, *, weak: bool = False) -> None:
        """Connect the ends of a wire again, soon; a weak one waits until time passes."""

    # --- begin and end -------------------------------------------------------------------------------------------------

    def _open(self, line: Line) -> None:
        """Begin a connection."""
        line.wire.lines.append(line)
        for index, end in enumerate(line.ends):
            self._lines[end.conversation] = line, index
        for end in (line.ends[line.caller], line.ends[1 - line.caller]):
            end.node.conversations.append(end.conversation)
        self._stepped(line, line.caller)

    def _close(self, line: Line, index: int) -> None:
        """Let one end of a connection be gone."""
        end = line.ends[index]
        if end.open:
            end.open = False
            if end.conversation in end.node.conversations:
                end.node.conversations.remove(end.conversation)
            end.node.behind.pop(end.conversation, None)
            self._lines.pop(end.conversation, None)
            if end.seat is not None:
                end.node.table.remove(end.seat)
            if not line.ends[1 - index].open:
                line.wire.lines.remove(line)

    def _end(self, line: Line) -> None:
        """End a connection, as both ends see at once."""
        for index in (0, 1):
            self._close(line, index)

    def _lose(self, line: Line) -> None:
        """Let a connection break: both ends see it at once, or each finds out by itself."""
        chance = line.ends[line.caller].chance
        if not self.fading or line.dead or chance.random() >= self.fading:
            self._end(line)
            self._redial(line.wire)
            return
        line.dead = True
        for index in (0, 1):
            self._later(chance.uniform(0.0, UNDER_WAY_SECONDS), partial(self._find_out, line, index))

    def _vanish(self, line: Line, index: int) -> None:
        """Let one end be gone without a goodbye, which the other end sees at once, or finds out by itself."""
        if line.ends[index].open:
            self._close(line, index)
            self._lose(line)

    def _find_out(self, line: Line, index: int) -> None:
        if line.ends[index].open:
            self._close(line, index)
            self._redial(line.wire)

    def _end_line(self, line: Line, index: int) -> None:
        """End a connection whose conversation has ended at one end, and which the other end has heard of."""
        end = line.ends[index]
        if not end.open:
            return
        if line.dead:
            self._close(line, index)
        else:
            self._end(line)
        code = end.conversation.end.code if end.conversation.end is not None else Code.CLOSING
        self._redial(line.wire, weak=code is Code.BUSY)

    def hang(self, node: Node, seconds: float) -> None:
        """Let a node read nothing over its connections for some time."""
        for line, index in [self._lines[one] for one in node.conversations if one in self._lines]:
            line.ends[index].reads_at = self.time + seconds
            self._later(seconds, partial(self._read, line, index))
            if seconds > STALL_SECONDS:
                self._later(STALL_SECONDS, partial(self._give_up, line, 1 - index))

    def _give_up(self, line: Line, index: int) -> None:
        """Let a writer drop a connection over which nothing can be written, whatever the other end thinks."""
        if line.ends[index].open and line.ends[index].unwritten > WINDOW:
            self._lose(line)

    # --- sessions ------------------------------------------------------------------------------------------------------

    def _admit(self, line: Line, index: int) -> None:
        """Give a connection a place at a node, as soon as it is known who the other one is."""
        end, conversation = line.ends[index], line.ends[index].conversation
        known = conversation.peer, conversation.device, conversation.run, conversation.account
        person, device, run, account = known
        if end.seat is not None or conversation.end is not None or None in known:
            return
        assert person is not None
        assert device is not None
        assert run is not None
        assert account is not None
        rank = Rank.OWN if person == end.node.person else Rank.CONTACT if conversation.contact else Rank.OTHER
        dialed = line.caller == index
        end.seat = Seat(conversation, person, device, run, account, rank, dialed, line.since, self.time)
        for closing in end.node.table.admit(end.seat, self.time):
            self._turn_away(closing)
        if conversation.at_door and conversation.end is None:
            conversation.let_in()

    def _turn_away(self, closing: Closing[Seat]) -> None:
        conversation = closing.connection.conversation
        conversation.close(closing.code, closing.pause)
        if conversation in self._lines:
            line, index = self._lines[conversation]
            self._later(0.0, partial(self._stepped, line, index))

    # --- commits -------------------------------------------------------------------------------------------------------

    def _committed(self, node: Node, change: Change) -> None:
        """Have every conversation of a node take notice of a commit, and one of them follow it at once."""
        for conversation in tuple(node.conversations):
            conversation.note(change)
            if conversation not in self._lines:  # a test drives it by hand
                conversation.follow()
            elif conversation.behind and conversation not in node.behind:
                node.behind[conversation] = None
                if len(node.behind) > 1:
                    self._later(FOLLOWING * len(node.behind), partial(self._follow, node))
        self._follow(node)

    def _wake_all(self, node: Node) -> None:
        """Wake all conversations of a node, which goes by another date than before."""
        for conversation in node.conversations:
            if conversation in self._lines:
                self._later(0.0, partial(self._tick, *self._lines[conversation]))

    def _follow(self, node: Node) -> None:
        """Let the conversation that has waited longest follow, and wake it if it has something to say since."""
        if not node.behind:
            return
        conversation = next(iter(node.behind))
        del node.behind[conversation]
        with node.replica.changes.held():
            conversation.follow()
        if conversation.waiting and conversation in self._lines:
            self._later(0.0, partial(self._tick, *self._lines[conversation]))

    # --- steps of one end ----------------------------------------------------------------------------------------------

    def _stepped(self, line: Line, index: int) -> None:
        """Send what an end has to say after a step, and note when it wants to be called again."""
        end, conversation = line.ends[index], line.ends[index].conversation
        if not end.open:
            return
        with end.node.replica.changes.held():
            self._admit(line, index)
        data = conversation.data_to_send()
        if data:
            self._send(line, index, data)
        if (conversation.busy or conversation.noting) and not end.going:
            end.going = True
            self._later(end.delay / 4, partial(self._go_on, line, index))
        if end.unread and not conversation.busy:
            self._later(0.0, partial(self._read, line, index))
        end.timer = conversation.next_timer()
        self._set_timer(line, index)
        if conversation.end is not None:
            linger = end.arrival(self.time, 0) - self.time + line.ends[1 - index].delay
            self._later(linger, partial(self._end_line, line, index))

    def _send(self, line: Line, index: int, data: bytes) -> None:
        """Let bytes arrive at the other end, in one piece or in two."""
        pieces, end = [data], line.ends[index]
        end.unwritten += len(data)
        if end.chance.random() < CUT_OFTEN and len(data) > 1:
            at = end.chance.randrange(1, len(data))
            pieces = [data[:at], data[at:]]
        for piece in pieces:
            self._at(end.arrival(self.time, len(piece)), partial(self._deliver, line, index, piece))

    def _deliver(self, line: Line, index: int, data: bytes) -> None:
        """Let bytes that the end `index` has sent come to the other one."""
        sender, end = line.ends[index], line.ends[1 - index]
        if line.dead or not (end.open and sender.open):
            return
        if self.flaky and sender.chance.random() < self.flaky:
            self._lose(line)
            return
        if self.tap is not None:
            self.tap(sender.node, end.node, data)
        self.trace.update(f"{self.time:.6f}/{sender.node.name}/{end.node.name}/".encode() + data)
        self.bytes_sent += len(data)
        end.unread += data
        self._read(line, 1 - index)

    def _read(self, line: Line, index: int) -> None:
        """Let an end take in all that has come, unless it is busy or does not read."""
        end = line.ends[index]
        if not end.open or end.conversation.busy or not end.unread or self.time < end.reads_at:
            return
        crashes = end.node.name in self.crashing
        data = end.read()
        try:
            with end.node.replica.changes.held(), failing_commits(end.node, fail=crashes):
                end.conversation.receive(data, self.time)
        except StorageFull:
            self.crashing.discard(end.node.name)
            self.restart(end.node.name)
            return
        self._stepped(line, index)
        self._written(line, 1 - index, len(data))

    def _written(self, line: Line, index: int, size: int) -> None:
        """Note that the other end has read this much, and call a conversation that was not called since it had not."""
        end = line.ends[index]
        end.unwritten -= size
        if end.held_back and end.unwritten <= HELD_BACK:
            end.held_back = False
            self._later(0.0, partial(self._tick, line, index))

    def _go_on(self, line: Line, index: int) -> None:
        """Take one step of opening a session, of taking records in, or of noting; anything may change before the next one."""
        end = line.ends[index]
        end.going = False
        if end.open:
            with end.node.replica.changes.held():
                end.conversation.go_on(0.0)
            self._stepped(line, index)

    def _tick(self, line: Line, index: int) -> None:
        end = line.ends[index]
        if not end.open:
            return
        if end.unwritten > HELD_BACK and line.ends[1 - index].reads_at > self.time:
            end.held_back = True
            return
        with end.node.replica.changes.held():
            end.conversation.tick(self.time)
        self._stepped(line, index)

    def _set_timer(self, line: Line, index: int) -> None:
        """Let the timers ring that are near; those far away (pings, rechecks) are left to `advance`.

        So are the looks at what was refused, every few seconds while room is short: those of both ends would follow each
        other for ever.
        """
        end = line.ends[index]
        due, conversation = end.timer, end.conversation
        serving, session = conversation._serving, conversation._session
        if serving is not None and session is not None and due == serving.refusals.next_check:
            due = session.next_timer()
        if due is not None and due <= self.time + NEAR and due != end.ringing:
            end.ringing = due
            self._later(max(0.0, due - self.time), partial(self._ring, line, index, due))

    def _ring(self, line: Line, index: int, due: float) -> None:
        """Call a conversation whose timer rings, unless it has named a later one since."""
        end = line.ends[index]
        if end.ringing == due:
            end.ringing = None
        if not end.open:
            return
        if end.timer is not None and end.timer <= self.time:
            self._tick(line, index)
        else:
            self._set_timer(line, index)
