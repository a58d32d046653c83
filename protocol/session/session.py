"""The session: from Hello to Bye, plaintext frames in, plaintext frames and events out.

No I/O, no clock, no chance: `now` is seconds on any clock that only runs forward, and whoever drives the session asks
for the next timer after every call. All that is said follows from the two sets given in `admit` and `update`, so what
is hidden from a peer leaves no trace in content, length, number or order of frames. The initiator leads, the responder
answers; states.py has the table. Spec: README.md, "Session".
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence

from protocol.errors import Code, LocalError, RemoteError
from protocol.frames import (
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
from protocol.index import Item
from protocol.limits import (
    HAVES_UNANSWERED_MAX,
    IDLE_DEAD_SECONDS,
    IDLE_PING_SECONDS,
    LIVE_COMPARE_SECONDS,
    PASSES_MAX,
    PREAUTH_SECONDS,
    PROGRESS_SECONDS,
    RECHECK_SECONDS,
    SESSION_BUFFER_BYTES,
)
from protocol.reconcile import Lens, Reconciler
from protocol.record import Record
from protocol.session.events import (
    Ended,
    Event,
    Introduction,
    NowLive,
    PeerIntroduced,
    Phase,
    phase_of,
)
from protocol.session.greeting import ALGORITHMS, VERSIONS, check_common_ground, names_key, read_introduction
from protocol.session.headers import HeaderPost
from protocol.session.holdings import Holdings, announcement
from protocol.session.states import State, Trigger, after, check_allowed
from protocol.session.transfer import Incoming, Outgoing


class Session:
    """One side of a session over a channel whose handshake is complete.

    `handshake_hash` and `remote_static` are the channel's; `introduce` shows our certificate at once instead of on
    request; `find_certificate` looks up the certificate of a known device by its X25519 key; `wall` is our clock in UNIX
    seconds. The initiator may be admitted to before anything is received, if the node knows whom it dialed: then its
    Hello carries the roots and an unchanged peer costs one round trip.

    A RemoteError out of any call means that the peer broke the protocol: say `bye` with its code, send, and close.
    """

    def __init__(
        self,
        *,
        initiator: bool,
        handshake_hash: bytes,
        remote_static: bytes,
        me: Introduction,
        find_certificate: Callable[[bytes], Record | None],
        now: float,
        wall: int,
        introduce: bool = False,
    ) -> None:
        self._initiator = initiator
        self._handshake_hash = handshake_hash
        self._remote_static = remote_static
        self._me = me
        self._introduce = introduce
        self._wall = wall
        self._certificate = find_certificate(remote_static)
        if self._certificate is not None and not names_key(self._certificate, remote_static):
            self._certificate = None

        self._state = State.GREETING
        self._now = now
        self._opened = now
        self._heard = now
        self._spoke = now
        self._progress = now
        self._settled_at = now  # when the session last became live

        self._hello_sent = False
        self._their_hello: Hello | None = None
        self._extra: list[Record] = []
        self._asked_who = False
        self._who_answered = False
        self._holdings: dict[Phase, Holdings] | None = None

        self._phase = Phase.GRAPH
        self._passes = 0  # comparisons of this phase that went into ranges
        self._number = 0  # comparisons of the session: each has hashes of its own
        self._our_roots: Roots | None = None
        self._their_roots: Roots | None = None
        self._hello_roots: dict[Phase, bytes] = {}  # our own, as said in our Hello
        self._reconciler: Reconciler | None = None

        self._outgoing = Outgoing()
        self._incoming = Incoming()
        self._headers = HeaderPost()
        self._announced: deque[tuple[Phase, list[Item]]] = deque()
        self._events: list[Event] = []
        self._outbox: list[bytes] = []
        self._outbox_bytes = 0

    # --- what goes in and out ----------------------------------------------------------------------------------------

    @property
    def state(self) -> State:
        """Where the session stands."""
        return self._state

    def receive(self, frame: bytes, now: float) -> list[Event]:
        """Take one frame. RemoteError if it is not one that may come now."""
        return self.receive_many([frame], now)

    def receive_many(self, frames: Sequence[bytes], now: float) -> list[Event]:
        """Take the frames that have arrived, in order: records among them make one batch."""
        self._now = max(self._now, now)
        for data in frames:
            if self._state is State.ENDED:
                break
            self._heard = self._now
            frame = decode_frame(data)
            check_allowed(self._state, frame)
            if not isinstance(frame, Ping):
                self._progress = self._now
            self._take(frame)
        self._go_on()
        return self._drain_events()

    def frames_to_send(self) -> list[bytes]:
        """The frames to send now, each given once. Ask only when they can be written: what waits here is bounded."""
        if self._state is State.GREETING and self._initiator and not self._hello_sent:
            self._say_hello()
        if self._state is State.LIVE:
            self._announce()
        frames, self._outbox = self._outbox, []
        self._outbox_bytes = 0
        if frames:
            self._spoke = self._now
        return frames

    def next_timer(self) -> float | None:
        """When `tick` is to be called, at the latest; a time gone by means at once. None once the session is over."""
        if self._state is State.ENDED:
            return self._now if self._events else None
        if self._events or (self._outgoing.pullable and self._has_room()):
            return self._now
        times = [self._spoke + IDLE_PING_SECONDS, self._heard + IDLE_DEAD_SECONDS]
        if self._state is State.GREETING:
            times.append(self._opened + PREAUTH_SECONDS)
        if self._peer_owes():
            times.append(self._progress + PROGRESS_SECONDS)
        if self._state is State.LIVE and self._initiator:
            times.append(self._settled_at + RECHECK_SECONDS)
        times += [time for time in (self._incoming.batch_due(), self._headers.next_timer()) if time is not None]
        return min(times)

    def tick(self, now: float) -> list[Event]:
        """Let time pass."""
        self._now = max(self._now, now)
        if self._state is not State.ENDED:
            silence = self._overdue()
            if silence:
                self._end(Code.TIMEOUT, silence)
            else:
                if self._now - self._spoke >= IDLE_PING_SECONDS:
                    self._send(Ping())
                    self._spoke = self._now
                if self._now - self._settled_at >= RECHECK_SECONDS:
                    self.recheck(now)
                self._go_on()
        return self._drain_events()

    # --- the node's answers ------------------------------------------------------------------------------------------

    def admit(self, graph: Iterable[Item], rest: Iterable[Item]) -> None:
        """The sets for this peer, one a phase: all that it may have, holds or has refused."""
        if self._holdings is not None or self._state not in {State.GREETING, State.ADMITTING}:
            raise LocalError("already admitted")
        if self._state is State.GREETING and not self._initiator:
            raise LocalError("nobody is known yet")
        self._holdings = {Phase.GRAPH: Holdings(graph), Phase.REST: Holdings(rest)}
        self._go_on()

    def supply(self, records: Iterable[Record]) -> None:
        """The answer to the oldest Wanted: what of it may be given. What is missing leaves the set.

        Headers among the records that were not wanted go along, as with `supersede`.
        """
        missing, others = self._outgoing.supply(records)
        for phase, item in missing:
            self._holding(phase).remove([item])
        self._headers.add(others)
        self._go_on()

    def supersede(self, records: Iterable[Record]) -> None:
        """Send these unasked, as headers alone: the peer may hold or has shown older versions."""
        self._headers.add(records)
        self._go_on()

    def judged(self) -> None:
        """The oldest Received is committed.

        Whether any of it was new here is not asked: all of it counts as held by the peer, and nothing that we say may
        depend on what else we have.
        """
        self._incoming.judged()
        self._progress = self._now
        self._go_on()

    def update(self, phase: Phase, added: Iterable[Item], removed: Iterable[Item]) -> None:
        """The set for this peer has changed; once live, what is new to it is announced."""
        holding = self._holding(phase)
        holding.remove(removed)
        holding.add(added, news=True)

    def recheck(self, now: float) -> None:
        """Compare the sets again, if we are the initiator, the session is live, and the last time is not just past."""
        self._now = max(self._now, now)
        quiet = self._outgoing.idle and self._incoming.idle and not self._announced
        if self._initiator and self._state is State.LIVE and quiet and self._now - self._settled_at >= LIVE_COMPARE_SECONDS:
            self._compare_again()
            self._go_on()

    def bye(self, code: Code) -> None:
        """End the session from our side."""
        if self._state is not State.ENDED:
            self._send(Bye(code))
            self._move(Trigger.OVER)

    # --- frames ------------------------------------------------------------------------------------------------------

    def _take(self, frame: Frame) -> None:
        match frame:
            case Hello() | Who() | Introduce():
                self._take_greeting(frame)
            case Roots():
                self._take_roots(frame)
            case Compare(message):
                self._take_comparison(message)
            case Have():
                self._take_have(frame)
            case Want(bits):
                self._take_want(bits)
            case Pull() | Records() | Headers():
                self._take_transfer(frame)
            case Bye(code):
                self._take_bye(code)
            case Ping():
                pass

    def _take_greeting(self, frame: Hello | Who | Introduce) -> None:
        match frame:
            case Hello():
                self._take_hello(frame)
            case Who():
                self._take_who()
            case Introduce(records):
                if not self._asked_who or self._certificate is not None:
                    raise RemoteError(Code.UNSOLICITED, "an introduction that nobody asked for")
                self._certificate, self._extra = read_introduction(records, self._remote_static)
        if self._state is State.GREETING:
            self._greet()

    def _take_transfer(self, frame: Pull | Records | Headers) -> None:
        match frame:
            case Pull(count):
                self._outgoing.pulled(count)
            case Records(entries):
                for record in self._incoming.take(entries, self._now):
                    header = record.header
                    self._holding(phase_of(header.kind)).add([(header.created, record.id)], news=False)
            case Headers(entries):
                self._events.append(self._incoming.unasked(self._headers.take(entries, self._now)))

    def _take_hello(self, hello: Hello) -> None:
        if self._their_hello is not None:
            raise RemoteError(Code.OUT_OF_ORDER, "a second Hello")
        check_common_ground(hello)
        if not self._initiator and hello.roots is None and self._hello_sent:
            raise LocalError("our Hello went out before theirs came")
        self._their_hello = hello
        if hello.records and self._certificate is None:
            self._certificate, self._extra = read_introduction(hello.records, self._remote_static)

    def _take_who(self) -> None:
        if self._who_answered:
            raise RemoteError(Code.OUT_OF_ORDER, "a second Who")
        self._who_answered = True
        self._send(Introduce(self._introduction()))

    def _take_roots(self, roots: Roots) -> None:
        if self._their_roots is not None:
            raise RemoteError(Code.OUT_OF_ORDER, "a second root")
        if self._state is State.LIVE:
            if self._initiator:
                raise RemoteError(Code.OUT_OF_ORDER, "only the initiator compares again")
            if self._now - self._settled_at < LIVE_COMPARE_SECONDS / 2:
                raise RemoteError(Code.BUSY, "compares again too soon")
            self._compare_again()
        self._their_roots = roots

    def _take_comparison(self, message: bytes) -> None:
        if self._reconciler is None:
            raise LocalError("nothing is being compared")
        reply = self._reconciler.receive(message)
        if reply is not None:
            self._send(Compare(reply))
        self._end_exchange_if_done()

    def _take_have(self, frame: Have) -> None:
        if frame.phase not in {Phase.GRAPH, Phase.REST} or not frame.items:
            raise RemoteError(Code.MALFORMED, "an announcement of nothing")
        holding = self._holding(Phase(frame.phase))
        bits = 0
        for number, (created, prefix) in enumerate(frame.items):
            if holding.lacks(created, prefix):
                bits |= 1 << number
        self._send(Want(bits.to_bytes((len(frame.items) + 7) // 8, "little")))
        self._incoming.expect(bits.bit_count())

    def _take_want(self, data: bytes) -> None:
        if not self._announced:
            raise RemoteError(Code.UNSOLICITED, "an answer to no announcement")
        phase, items = self._announced.popleft()
        bits = int.from_bytes(data, "little")
        if len(data) != (len(items) + 7) // 8 or bits >> len(items):
            raise RemoteError(Code.MALFORMED, "an answer of the wrong length")
        self._outgoing.offer(phase, (item for number, item in enumerate(items) if bits >> number & 1))

    def _take_bye(self, code: int) -> None:
        rest = self._incoming.batch(self._now, all_of_it=True)
        if rest is not None:
            self._events.append(rest)
        self._move(Trigger.OVER)
        self._events.append(Ended(Code(code) if code in set(Code) else Code.CLOSING, "said by the peer"))

    # --- greeting ----------------------------------------------------------------------------------------------------

    def _say_hello(self) -> None:
        self._hello_sent = True
        roots = None
        if self._holdings is not None:
            self._hello_roots = {phase: self._root(phase, 0) for phase in Phase}
            roots = (self._hello_roots[Phase.GRAPH], self._hello_roots[Phase.REST])
        records = self._introduction() if self._introduce else ()
        self._send(Hello(VERSIONS, ALGORITHMS, self._wall, roots, records))

    def _introduction(self) -> tuple[bytes, ...]:
        return tuple(record.wire for record in (self._me.certificate, *self._me.more))

    def _greet(self) -> None:
        hello = self._their_hello
        if hello is None:
            return
        if self._certificate is None:
            if not self._asked_who:
                self._asked_who = True
                self._send(Who())
            return
        self._move(Trigger.INTRODUCED)
        header = self._certificate.header
        self._events.append(PeerIntroduced(header.author, header.device, self._certificate, hello.wall, self._extra))

    def _begin(self) -> None:
        """Both sides know each other, and our node has said what the peer may have."""
        if not self._hello_sent:
            self._say_hello()
        self._move(Trigger.ADMITTED)
        hello = self._their_hello
        if hello is not None and hello.roots is not None and self._hello_roots:
            self._use_hello_roots()

    def _use_hello_roots(self) -> None:
        """Both Hellos had roots: that was the first comparison of this phase."""
        hello = self._their_hello
        if hello is not None and hello.roots is not None:
            self._our_roots = Roots(self._phase, 0, self._hello_roots[self._phase])
            self._their_roots = Roots(self._phase, 0, hello.roots[self._phase])

    # --- comparing ---------------------------------------------------------------------------------------------------

    def _root(self, phase: Phase, number: int) -> bytes:
        holding = self._holding(phase)
        holding.compared()
        return Lens(self._handshake_hash, phase, number).root(holding.index)

    def _compare_again(self) -> None:
        self._move(Trigger.RECHECK)
        self._phase, self._passes = Phase.GRAPH, 0

    def _compare(self) -> bool:
        """Say our root when it is our turn; decide when both are known. Returns whether anything was done."""
        if self._our_roots is None:
            if not self._initiator and self._their_roots is None:
                return False
            self._our_roots = Roots(self._phase, self._number, self._root(self._phase, self._number))
            self._send(self._our_roots)
            return True
        if self._their_roots is None:
            return False
        ours, theirs = self._our_roots, self._their_roots
        if (theirs.phase, theirs.number) != (ours.phase, ours.number):
            raise RemoteError(Code.OUT_OF_ORDER, "the root of another comparison")
        self._our_roots = self._their_roots = None
        self._number = max(self._number, ours.number) + 1
        if ours.root != theirs.root and self._passes < PASSES_MAX:
            self._passes += 1
            self._start_exchange(ours.number)
        else:
            self._settle_phase(from_hello=ours.number == 0 and bool(self._hello_roots))
        return True

    def _settle_phase(self, *, from_hello: bool) -> None:
        self._passes = 0
        if self._phase is Phase.GRAPH:
            self._phase = Phase.REST
            self._move(Trigger.PHASE_SETTLED)
            if from_hello:
                self._use_hello_roots()
            return
        self._move(Trigger.ALL_SETTLED)
        self._settled_at = self._now
        self._events.append(NowLive())

    def _start_exchange(self, number: int) -> None:
        self._move(Trigger.DIFFERENT)
        holding = self._holding(self._phase)
        holding.freeze()
        self._reconciler = Reconciler(holding.index, Lens(self._handshake_hash, self._phase, number))
        if self._initiator:
            self._send(Compare(self._reconciler.open()))
        else:
            self._reconciler.begin()

    def _end_exchange_if_done(self) -> None:
        reconciler = self._reconciler
        if reconciler is None or not reconciler.done:
            return
        self._reconciler = None
        holding = self._holding(self._phase)
        self._outgoing.offer(self._phase, (holding.index.item_at(position) for position in reconciler.offers))
        self._incoming.expect(reconciler.expected)
        holding.thaw()
        self._move(Trigger.EXCHANGED)

    # --- going on ----------------------------------------------------------------------------------------------------

    def _go_on(self) -> None:
        """Do whatever can be done now, until nothing more can."""
        self._transfer()
        while self._step():
            self._transfer()

    def _step(self) -> bool:
        if self._state is State.ADMITTING and self._holdings is not None:
            self._begin()
            return True
        if self._state is State.COMPARING:
            return self._compare()
        if self._state is State.TRANSFERRING and self._outgoing.idle and self._incoming.idle:
            self._move(Trigger.TRANSFERRED)
            return True
        return False

    def _transfer(self) -> None:
        if self._holdings is None or self._state is State.ENDED:
            return
        batch = self._incoming.batch(self._now)
        if batch is not None:
            self._events.append(batch)
        count = self._incoming.to_pull()
        if count:
            self._send(Pull(count))
        for records in self._outgoing.frames():
            self._send(records)
        for headers in self._headers.frames(self._now):
            self._send(headers)
        while self._has_room() and (wanted := self._outgoing.next_wanted()) is not None:
            self._events.append(wanted)

    def _has_room(self) -> bool:
        return self._outbox_bytes < SESSION_BUFFER_BYTES // 4 and self._outgoing.unsupplied < 4

    def _announce(self) -> None:
        if self._holdings is None:
            return
        for phase, holding in self._holdings.items():
            while holding.has_news and len(self._announced) < HAVES_UNANSWERED_MAX:
                items = holding.next_news()
                self._announced.append((phase, items))
                self._send(Have(phase, announcement(items)))

    # --- time and ends -----------------------------------------------------------------------------------------------

    def _peer_owes(self) -> bool:
        if self._state in {State.COMPARING, State.EXCHANGING, State.TRANSFERRING}:
            return True
        return self._state is State.LIVE and not (
            self._outgoing.idle and self._incoming.idle and not self._announced
        )

    def _overdue(self) -> str:
        """What the peer let pass, in words; empty if nothing."""
        if self._state is State.GREETING and self._now - self._opened >= PREAUTH_SECONDS:
            return "not introduced in time"
        if self._now - self._heard >= IDLE_DEAD_SECONDS:
            return "silent"
        if self._peer_owes() and self._now - self._progress >= PROGRESS_SECONDS:
            return "makes no progress"
        return ""

    def _end(self, code: Code, detail: str) -> None:
        rest = self._incoming.batch(self._now, all_of_it=True)
        if rest is not None:
            self._events.append(rest)
        self._send(Bye(code))
        self._move(Trigger.OVER)
        self._events.append(Ended(code, detail))

    def _move(self, trigger: Trigger) -> None:
        self._state = after(self._state, trigger)
        self._progress = self._now

    def _send(self, frame: Frame) -> None:
        data = encode_frame(frame)
        self._outbox.append(data)
        self._outbox_bytes += len(data)

    def _drain_events(self) -> list[Event]:
        events, self._events = self._events, []
        return events

    def _holding(self, phase: Phase) -> Holdings:
        if self._holdings is None:
            raise LocalError("nobody is admitted yet")
        return self._holdings[phase]
