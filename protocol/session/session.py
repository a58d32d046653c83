"""The session: from Hello to Bye, plaintext frames in, plaintext frames and events out.

No I/O, no clock, no chance: `now` is seconds on any clock that only runs forward, and whoever drives the session asks
for the next timer after every call. All that is said follows from the two sets given in `admit` and `update`, so what
is hidden from a peer leaves no trace in content, length, number or order of frames. The initiator leads, the responder
answers; states.py has the table, and the other files the parts. Spec: README.md, "Session".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from protocol.errors import Code, LocalError, RemoteError
from protocol.limits import LIVE_COMPARE_SECONDS, RECHECK_SECONDS
from protocol.records.record import Record
from protocol.session.announcing import Announcer
from protocol.session.deadlines import Deadlines
from protocol.session.events import Ended, Event, LiveStarted, Phase, SelfIdentification, phase_of
from protocol.session.greeting import Greeting
from protocol.session.peer_set import PeerSet
from protocol.session.reconciliation import Reconciliation
from protocol.session.states import BOTH_ADMITTED, SessionState, Trigger, check_allowed, next_state
from protocol.session.transfer import Incoming, Outgoing
from protocol.session.unsolicited_headers import UnsolicitedHeaders
from protocol.wire.frames import (
    Bye,
    Compare,
    Frame,
    Have,
    Headers,
    Hello,
    Introduce,
    Ping,
    Pull,
    Records,
    Roots,
    Want,
    Who,
    decode_frame,
    encode_frame,
)
from protocol.wire.index import Item


@dataclass(frozen=True, slots=True)
class _Terms:
    """What there is once our node has admitted the peer."""

    sets: dict[Phase, PeerSet]
    settling: Reconciliation
    announcer: Announcer


class Session:
    """One side of a session over a channel whose handshake is complete.

    `handshake_hash` and `remote_static` are the channel's; `introduce` shows our certificate at once instead of on
    request; `find_certificate` looks up the certificate of a known device by its X25519 key; `wall` is our clock in UNIX
    seconds. The initiator may be admitted to before anything is received, if the node knows whom it dialed: then its
    Hello carries the roots, and a peer with nothing new costs one round trip.

    A RemoteError out of any call means that the peer broke the protocol: say `bye` with its code, send, and close.
    """

    def __init__(
        self,
        *,
        initiator: bool,
        handshake_hash: bytes,
        remote_static: bytes,
        me: SelfIdentification,
        find_certificate: Callable[[bytes], Record | None],
        now: float,
        wall: int,
        introduce: bool = False,
    ) -> None:
        self._initiator = initiator
        self._handshake_hash = handshake_hash
        self._me = me
        self._greeting = Greeting(
            me, remote_static, find_certificate, wall, handshake_hash=handshake_hash, introduce=introduce
        )
        self._our_roots: tuple[bytes, bytes] | None = None  # as our Hello said them

        self._state = SessionState.GREETING
        self._patience = Deadlines(now)
        self._settled = now  # when the session last became live
        self._recheck = now

        self._terms: _Terms | None = None
        self._outgoing = Outgoing()
        self._incoming = Incoming()
        self._headers = UnsolicitedHeaders()
        self._events: list[Event] = []
        self._outbox: list[bytes] = []
        self._outbox_bytes = 0

    # --- what goes in and out ----------------------------------------------------------------------------------------

    @property
    def state(self) -> SessionState:
        """Where the session stands."""
        return self._state

    def receive(self, frame: bytes, now: float) -> list[Event]:
        """Take one frame. RemoteError if it is not one that may come now."""
        return self.receive_many([frame], now)

    def receive_many(self, frames: Sequence[bytes], now: float) -> list[Event]:
        """Take the frames that have arrived, in order; records among them make one batch."""
        self._patience.at(now)
        for data in frames:
            if self._state is SessionState.ENDED:
                break
            frame = decode_frame(data)
            check_allowed(self._state, frame)
            self._patience.heard(progress=not isinstance(frame, Ping))
            self._take(frame)
            self._advance()
        self._go_on()
        return self._drain_events()

    def frames_to_send(self) -> list[bytes]:
        """The frames to send now, each given once. Ask only when they can be written: what waits here is bounded."""
        if self._initiator and self._state is SessionState.GREETING and not self._greeting.said:
            self._say_hello()
        if self._state is SessionState.LIVE:
            for have in self._admitted.announcer.news():
                self._send(have)
        frames, self._outbox = self._outbox, []
        self._outbox_bytes = 0
        if frames:
            self._patience.spoke()
        return frames

    def next_timer(self) -> float | None:
        """When `tick` is to be called, at the latest; a time gone by means at once. None: never."""
        if self._events:
            return self._now
        if self._state is SessionState.ENDED:
            return None
        if self._outgoing.pullable and self._outgoing.room(self._outbox_bytes):
            return self._now
        times = [self._patience.next_timer(introduced=self._state is not SessionState.GREETING, owes=self._peer_owes())]
        if self._state is SessionState.LIVE and self._initiator:
            times.append(self._recheck)
        if (batch := self._incoming.batch_due()) is not None:
            times.append(batch)
        if self._state in BOTH_ADMITTED and (headers := self._headers.next_timer()) is not None:
            times.append(headers)
        return min(times)

    def tick(self, now: float) -> list[Event]:
        """Let time pass."""
        self._patience.at(now)
        if self._state is not SessionState.ENDED:
            overdue = self._patience.overdue(
                introduced=self._state is not SessionState.GREETING, owes=self._peer_owes()
            )
            if overdue:
                self._send(Bye(Code.TIMEOUT))
                self._finish(Code.TIMEOUT, overdue)
            else:
                if self._patience.ping_due:
                    self._send(Ping())
                    self._patience.spoke()
                if self._state is SessionState.LIVE and self._now >= self._recheck:
                    self._recheck = self._now + LIVE_COMPARE_SECONDS
                    self.recheck(now)
                self._go_on()
        return self._drain_events()

    # --- the node's answers ------------------------------------------------------------------------------------------

    def admit(self, graph: Iterable[Item], rest: Iterable[Item]) -> None:
        """The sets for this peer, one a phase: all that it may have, holds or has refused."""
        if self._terms is not None:
            raise LocalError("already admitted")
        if self._state is not SessionState.ADMITTING and not (self._initiator and self._state is SessionState.GREETING):
            raise LocalError("nobody is there to admit")
        sets = {Phase.GRAPH: PeerSet(graph), Phase.CONTENT: PeerSet(rest)}
        settling = Reconciliation(sets, self._handshake_hash, self._send, initiator=self._initiator)
        self._terms = _Terms(sets, settling, Announcer(sets))
        self._go_on()

    def supply(self, records: Iterable[Record]) -> None:
        """The answer to the oldest Wanted: what of it may be given. What is missing leaves the set.

        Headers among the records that were not wanted go along, as with `supersede`.
        """
        missing, others = self._outgoing.supply(records)
        for phase, item in missing:
            self._holdings(phase).remove([item])
        self._headers.add(others)
        self._go_on()

    def supersede(self, records: Iterable[Record]) -> None:
        """Send these unasked, as headers alone: the peer may hold or has shown older versions."""
        self._headers.add(records)
        self._go_on()

    def committed(self) -> None:
        """The oldest Received is committed.

        Whether any of it was new here is not asked: all of it counts as held by the peer, and nothing that we say may
        depend on what else we have.
        """
        self._incoming.committed()
        self._patience.progress()
        self._go_on()

    def update(self, phase: Phase, added: Iterable[Item], removed: Iterable[Item]) -> None:
        """The set for this peer has changed; once live, what is new to it is announced."""
        holdings = self._holdings(phase)
        holdings.remove(removed)
        holdings.add(added, news=True)

    def recheck(self, now: float) -> None:
        """Compare the sets again, if we are the initiator, the session is live and idle, and the last time not just past."""
        self._patience.at(now)
        due = self._now >= self._settled + LIVE_COMPARE_SECONDS
        if due and self._initiator and self._state is SessionState.LIVE and self._quiet():
            self._admitted.settling.again()
            self._move(Trigger.RECHECK)
            self._go_on()

    def bye(self, code: Code, shown: Sequence[Record] = ()) -> None:
        """End the session from our side. What is `shown` goes along in our Hello, if that was not said yet."""
        if self._state is not SessionState.ENDED:
            if shown and not self._greeting.said:
                self._send(self._greeting.hello(None, shown))
            self._send(Bye(code))
            self._move(Trigger.OVER)

    # --- frames ------------------------------------------------------------------------------------------------------

    def _take(self, frame: Frame) -> None:
        match frame:
            case Hello() | Who() | Introduce():
                answer = self._greeting.take(frame)
                if answer is not None:
                    self._send(answer)
            case Roots():
                self._take_roots(frame)
            case Compare(message):
                self._take_comparison(message)
            case Have():
                want, count = self._admitted.announcer.take_have(frame)
                self._send(want)
                self._incoming.expect(count)
            case Want():
                self._outgoing.offer(*self._admitted.announcer.take_want(frame))
            case Pull() | Records() | Headers():
                self._take_transfer(frame)
            case Bye(code):
                self._finish(Code(code) if code in set(Code) else Code.CLOSING, "said by the peer")
            case Ping():
                pass

    def _take_roots(self, roots: Roots) -> None:
        if self._state is SessionState.LIVE:
            if self._initiator:
                raise RemoteError(Code.OUT_OF_ORDER, "only the initiator compares again")
            if self._now < self._settled + LIVE_COMPARE_SECONDS / 2:
                raise RemoteError(Code.BUSY, "compares again too soon")
            self._admitted.settling.again()
            self._move(Trigger.RECHECK)
        self._admitted.settling.take_roots(roots)

    def _take_comparison(self, message: bytes) -> None:
        exchanged = self._admitted.settling.take_message(message)
        if exchanged is not None:
            self._outgoing.offer(exchanged.phase, exchanged.offers)
            self._incoming.expect(exchanged.expected)
            self._holdings(exchanged.phase).thaw()
            self._move(Trigger.EXCHANGED)

    def _take_transfer(self, frame: Pull | Records | Headers) -> None:
        match frame:
            case Pull(count):
                self._outgoing.pulled(count)
            case Records(entries):
                came: dict[Phase, list[Item]] = {Phase.GRAPH: [], Phase.CONTENT: []}
                for record in self._incoming.take(entries, self._now):
                    came[phase_of(record.header.kind)].append((record.header.created, record.id))
                for phase, items in came.items():
                    self._holdings(phase).add(items, news=False)
            case Headers(entries):
                self._events.append(self._incoming.unasked(self._headers.take(entries, self._now)))

    # --- going on ----------------------------------------------------------------------------------------------------

    def _go_on(self) -> None:
        """Do whatever can be done now, until nothing more can."""
        self._advance()
        if self._terms is None or self._state is SessionState.ENDED:
            return
        self._transfer()
        self._advance()

    def _transfer(self) -> None:
        batch = self._incoming.batch(self._now)
        if batch is not None:
            self._events.append(batch)
        count = self._incoming.to_pull()
        if count:
            self._send(Pull(count))
        for records in self._outgoing.frames():
            self._send(records)
        if self._state in BOTH_ADMITTED:
            for headers in self._headers.frames(self._now):
                self._send(headers)
        while self._outgoing.room(self._outbox_bytes) and (wanted := self._outgoing.next_wanted()) is not None:
            self._events.append(wanted)

    def _advance(self) -> None:
        """Follow the table as far as it goes without anybody else's doing."""
        while (trigger := self._trigger()) is not None:
            self._move(trigger)
            if trigger is Trigger.ALL_SETTLED:
                self._settled = self._now
                self._recheck = self._now + RECHECK_SECONDS
                self._events.append(LiveStarted())

    def _trigger(self) -> Trigger | None:
        if self._state is SessionState.GREETING:
            return self._introduced()
        if self._state is SessionState.ADMITTING and self._terms is not None:
            return self._agree()
        if self._state is SessionState.COMPARING:
            return self._admitted.settling.step()
        if self._state is SessionState.TRANSFERRING and self._outgoing.idle and self._incoming.idle:
            return Trigger.TRANSFERRED
        return None

    def _introduced(self) -> Trigger | None:
        peer = self._greeting.peer
        if peer is None:
            return None
        if peer.device == self._me.device:
            raise RemoteError(Code.REFUSED, "this is ourselves")
        self._events.append(peer)
        return Trigger.INTRODUCED

    def _agree(self) -> Trigger:
        if not self._greeting.said:
            self._say_hello()
        theirs = self._greeting.their_roots
        if self._our_roots is not None and theirs is not None:
            self._admitted.settling.use_hello_roots(self._our_roots, theirs)
        return Trigger.ADMITTED

    def _say_hello(self) -> None:
        # With roots both sides may be live at once, so they are said only to somebody whose certificate is at hand.
        if self._terms is not None and self._greeting.certificate_known:
            self._our_roots = self._admitted.settling.hello_roots()
        self._send(self._greeting.hello(self._our_roots))

    # --- time and ends -----------------------------------------------------------------------------------------------

    def _quiet(self) -> bool:
        return self._outgoing.idle and self._incoming.idle and self._admitted.announcer.idle

    def _peer_owes(self) -> bool:
        if self._state is SessionState.LIVE:
            return not self._quiet()
        return self._state in {SessionState.COMPARING, SessionState.EXCHANGING, SessionState.TRANSFERRING}

    def _finish(self, code: Code, detail: str) -> None:
        """What has arrived is not lost."""
        rest = self._incoming.batch(self._now, all_of_it=True)
        if rest is not None:
            self._events.append(rest)
        self._move(Trigger.OVER)
        self._events.append(Ended(code, detail))

    def _move(self, trigger: Trigger) -> None:
        self._state = next_state(self._state, trigger)
        self._patience.progress()

    def _send(self, frame: Frame) -> None:
        data = encode_frame(frame)
        self._outbox.append(data)
        self._outbox_bytes += len(data)

    @property
    def _now(self) -> float:
        return self._patience.now

    def _drain_events(self) -> list[Event]:
        events, self._events = self._events, []
        return events

    def _holdings(self, phase: Phase) -> PeerSet:
        return self._admitted.sets[phase]

    @property
    def _admitted(self) -> _Terms:
        if self._terms is None:
            raise LocalError("nobody is admitted yet")
        return self._terms
