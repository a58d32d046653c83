"""Fuzzes a session: the frames of an honest peer come to it changed, out of order, or with others among them."""

from __future__ import annotations

from collections.abc import Iterator

from protocol import RemoteError, limits
from protocol.session import SessionState
from tests.fuzz.harness import CALLS, Harness
from tests.fuzz.source import Source
from tests.fuzz.wire import ALICE, BOB, edited_frame
from tests.support.session_pair import Pair, Side

ROUNDS = 40
PAUSES = (0.0, 0.0, 0.3, 1.0, 20.0, 61.0, 601.0)
WAITING_MAX = limits.SESSION_BUFFER_BYTES  # bytes that one call may want to send: what a conversation takes at most


class Node(Side):
    """A side that looks, as a node does, whether a goodbye came with the Hello before it admits the peer."""

    def meet(self) -> None:
        """Admit the peer, unless the session is over."""
        if self.session.state is not SessionState.ENDED:
            super().meet()


def _pair(source: Source) -> Pair:
    one, other = Node(ALICE), Node(BOB)
    one.put([ALICE.certificate(), ALICE.policy({BOB: 700}), *(ALICE.listing(f"Saw {n}") for n in range(3))])
    one.put([ALICE.listing("Diary")], hidden=True)
    other.put([BOB.certificate(), BOB.profile(), *(BOB.listing(f"Drill {n}") for n in range(3))])
    return Pair.of(one, other, acquainted=source.below(2) == 1, introduce=source.below(2) == 1)


def session(data: bytes) -> None:
    """The peer's frames end the session or are taken; nothing that is hidden goes out, and time always leads on."""
    source = Source(data)
    pair = _pair(source)
    victim, liar = (pair.initiator, pair.responder) if source.below(2) else (pair.responder, pair.initiator)
    for _ in range(ROUNDS):
        if not _hears(victim, _changed(source, liar.session.frames_to_send()), pair.now):
            break
        sent = victim.session.frames_to_send()
        assert sum(map(len, sent)) <= WAITING_MAX
        hidden = [id_ for id_ in victim.hidden if any(victim.store[id_].header_bytes in frame for frame in sent)]
        assert not hidden
        try:
            liar.handle(liar.session.receive_many(sent, pair.now))
            pair.now += source.pick(PAUSES)
            liar.handle(liar.session.tick(pair.now))
        except RemoteError:
            pass  # the answer to its own lies: it goes on all the same
        victim.handle(victim.session.tick(pair.now))
        timer = victim.session.next_timer()
        assert victim.session.state is SessionState.ENDED or timer is not None
        if victim.session.state is SessionState.ENDED:
            break
    victim.session.frames_to_send()


def _changed(source: Source, frames: list[bytes]) -> list[bytes]:
    """Return what comes of the frames that the liar has to send: fewer, more, others."""
    came = []
    for frame in frames:
        match source.below(12) if source.left else 0:
            case 1:
                came.append(edited_frame(source))
            case 2:
                came += [frame, edited_frame(source)]
            case 3:
                came += [frame, frame]
            case 4:
                came.append(source.edited_bytes(frame))
            case 5:
                pass
            case _:
                came.append(frame)
    if source.left and source.below(4) == 1:
        came.append(edited_frame(source))
    return came


def _hears(victim: Side, frames: list[bytes], now: float) -> bool:
    """Whether the session goes on after these frames; a fault of the peer's ends it as the node ends it."""
    try:
        victim.handle(victim.session.receive_many(frames, now))
    except RemoteError as error:
        victim.session.bye(error.code)
        assert victim.session.state is SessionState.ENDED
        return False
    return victim.session.state is not SessionState.ENDED


def _seeds() -> Iterator[bytes]:
    for first in range(8):
        head = bytes((first & 1, first >> 1 & 1, first >> 2 & 1))
        yield head
        yield from (head + bytes([0] * at + [kind, at, 3, 0, 1, at]) for at in (0, 2, 5, 9) for kind in (1, 2, 3, 5))


HARNESSES = (Harness("session", session, _seeds, CALLS * 5),)
