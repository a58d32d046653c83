"""The session of two devices over one channel, from Hello to Bye: plaintext frames in, plaintext frames and events out.

A state machine without I/O. All that it says follows from the two sets given to `admit` and `update`, so what is hidden
from a peer leaves no trace in content, length, number or order of frames. The initiator leads and the responder
answers. states.py has the table of states; the other files of this package have the parts.
Spec: protocol/README.md, "Session".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec import Struct

from protocol.errors import Code, LocalError, RemoteError
from protocol.limits import BUSY_PAUSE_MAX, LIVE_COMPARE_SECONDS, MINUTE, UNKNOWN_FRAMES_PER_MINUTE
from protocol.rate import RateLimit
from protocol.records.record import Record
from protocol.session.announcing import Announcer
from protocol.session.deadlines import Deadlines
from protocol.session.events import (
    Ended,
    Event,
    LiveStarted,
    PeerIdentified,
    Phase,
    SelfIdentification,
    TimeTold,
    ToldTime,
)
from protocol.session.greeting import Greeting
from protocol.session.handover import Handover
from protocol.session.outbox import Outbox
from protocol.session.peer_set import PeerSet, peer_sets
from protocol.session.photos import PhotoExchange
from protocol.session.rechecks import Rechecks
from protocol.session.reconciliation import Reconciliation
from protocol.session.states import (
    BOTH_ADMITTED,
    PEER_OWES,
    UNIDENTIFIED,
    By,
    SessionState,
    Trigger,
    check_allowed,
    is_possible,
    next_state,
)
from protocol.session.successors import Base, FindBody
from protocol.session.transfer import KindsOf
from protocol.session.unsolicited_headers import HeaderRoom
from protocol.wire.frames import (
    Again,
    Bye,
    Compare,
    FetchPhoto,
    Frame,
    Have,
    Headers,
    Hello,
    Introduce,
    PhotoPart,
    Ping,
    Pull,
    Records,
    Roots,
    Want,
    Who,
    decode_known,
)
from protocol.wire.index import Item

_ASIDE = Ping | FetchPhoto | PhotoPart  # frames that bring nothing that is compared


class _Admission(Struct, frozen=True):
    """The parts that exist once our node has admitted the peer."""

    peer_sets: dict[Phase, PeerSet]
    reconciliation: Reconciliation
    announcer: Announcer


class Session:
    """One side of a session over a channel whose handshake is complete.

    **Who drives it.** One caller at a time: the conversation that owns the channel. It passes in decrypted frames
    (`receive`, `receive_many`) and the time (`tick`, by `next_timer`, which is asked for after every call), handles the
    events that come back, and then encrypts and writes `frames_to_send`. `now` is seconds on any clock that never goes
    back.

    **Order of calls.** On PeerIdentified: `admit`, or `bye`. From then on: `committed` once for each RecordsReceived,
    `supply` once for each RecordsRequested, `photos.give` once for each PhotoRequested, `update` and `supersede` whenever the store changes, `recheck` to compare at
    once. An initiator whose node knows whom it dialed may be told `admit` before anything came: then its Hello has the
    roots, and a meeting with a peer that has nothing new costs one round trip. After Ended nothing more is called but
    `frames_to_send`.

    **Errors.** RemoteError out of any call means that the peer broke the protocol: call `bye` with its code, send, and
    close; what had come before is kept. LocalError means that the caller broke the order above.

    `handshake_hash` (64 bytes) and `remote_static` (32 bytes) are the channel's; `me` is shown in our Hello if
    `introduce` is set, else on request; `find_certificate` gives the certificate held for a device's static key;
    `kinds_of` gives the kinds of those of some records that are held, by which they are given in turn; `find_body` gives
    the body of a record that is held; `told` gives the time that we go by, for the peer; `header_room` is shared by all
    sessions of the node.
    """

    def __init__(  # noqa: PLR0913 - each is a question of its own to the node, and named
        self,
        *,
        initiator: bool,
        handshake_hash: bytes,
        remote_static: bytes,
        me: SelfIdentification,
        find_certificate: Callable[[bytes], Record | None],
        kinds_of: KindsOf,
        find_body: FindBody,
        now: float,
        told: Callable[[], ToldTime],
        introduce: bool = False,
        header_room: HeaderRoom | None = None,
    ) -> None:
        self._side = By.INITIATOR if initiator else By.RESPONDER
        self._handshake_hash = handshake_hash
        self._me = me
        self._greeting = Greeting(
            me, remote_static, find_certificate, told, handshake_hash=handshake_hash, introduce=introduce
        )
        self._told = told
        self._our_roots: tuple[bytes, bytes] | None = None  # those in our Hello
        self._greeted_early = False

        self._state = SessionState.GREETING
        self._deadlines = Deadlines(now)
        self._live_since = now
        self._rechecks = Rechecks()

        self._admission: _Admission | None = None
        self._outbox = Outbox()
        self._handover = Handover(self._outbox, kinds_of, find_body, header_room or HeaderRoom())
        self.photos = PhotoExchange(self._outbox.send)
        self._unknown_frames = RateLimit(UNKNOWN_FRAMES_PER_MINUTE, MINUTE)
        self._events: list[Event] = []

    # --- what goes in and out ----------------------------------------------------------------------------------------

    @property
    def state(self) -> SessionState:
        """The state that the session is in."""
        return self._state

    @property
    def idle(self) -> bool:
        """Whether both sides have all that they may have of each other, and nothing is under way or waits to be sent."""
        return self._state is SessionState.LIVE and not self._outbox and self._quiet() and self.photos.idle

    @property
    def held(self) -> int:
        """An estimate of the memory, in bytes, of the records that have come and are not committed."""
        return self._handover.held

    def receive(self, frame: bytes, now: float) -> list[Event]:
        """Take one frame, as `receive_many` does."""
        return self.receive_many([frame], now)

    def receive_many(self, frames: Sequence[bytes], now: float) -> list[Event]:
        """Take the frames that have arrived, in order, and return the events; records among them make one batch.

        RemoteError if a frame is malformed, may not come now, or is too much. What follows Bye is not looked at.
        """
        self._deadlines.advance_to(now)
        for data in frames:
            if self._state is SessionState.ENDED:
                break
            frame = decode_known(data)
            if frame is None:
                self._pass_over()
                continue
            check_allowed(self._state, frame, self._side)
            self._deadlines.heard(progress=not isinstance(frame, _ASIDE))
            if not isinstance(frame, Roots | _ASIDE):
                self._rechecks.changed()
            self._take(frame)
            self._advance()
        self._rechecks.advance_to(self._now)
        self._go_on()
        self._deadlines.note_debt(owes=self._peer_owes())
        return self._drain_events()

    def hand_over(self, now: float) -> list[Event]:
        """Return the records that have come, and wait for more no longer: the node is short of memory for them."""
        self._deadlines.advance_to(now)
        if self._state is not SessionState.ENDED:
            self._events += self._handover.at_once(self._now)
            self._go_on()
        return self._drain_events()

    def frames_to_send(self) -> list[bytes]:
        """Return the frames to send now, each once. Call it only when they can be written: what waits is bounded."""
        if self._initiator and self._state is SessionState.GREETING and not self._greeting.hello_sent:
            self._send_hello()
        if self._state is SessionState.LIVE:
            for frame in self._admitted.announcer.new_frames(self._now):
                self._outbox.send(frame)
        frames = self._outbox.take()
        if frames:
            self._deadlines.sent()
        return frames

    def next_timer(self) -> float | None:
        """Return when to call `tick` at the latest; a time in the past means at once. None: never."""
        if self._events:
            return self._now
        if self._state is SessionState.ENDED:
            return None
        if self._handover.may_ask:
            return self._now
        overdue = self._deadlines.next_timer(identified=self._identified, owes=self._peer_owes())
        times: list[float | None] = [overdue, self._handover.batch_due]
        if is_possible(self._state, Trigger.RECHECK, self._side):
            times.append(self._rechecks.next_timer(self._now))
        if self._state in BOTH_ADMITTED:
            times.append(self._handover.headers_due)
        if self._state is SessionState.LIVE:
            times.append(self._admitted.announcer.next_timer())
        return min(due for due in times if due is not None)

    def tick(self, now: float) -> list[Event]:
        """Let time pass, and return the events. A peer that has missed a deadline is sent Bye TIMEOUT, and Ended follows."""
        self._deadlines.advance_to(now)
        self._rechecks.advance_to(self._now)
        if self._state is not SessionState.ENDED:
            if overdue := self._deadlines.overdue(identified=self._identified, owes=self._peer_owes()):
                self._outbox.send(Bye(Code.TIMEOUT))
                self._finish(Code.TIMEOUT, overdue)
            else:
                if self._deadlines.ping_due:
                    self._outbox.send(Ping(*self._told()))
                    self._deadlines.sent()
                if is_possible(self._state, Trigger.RECHECK, self._side) and self._rechecks.is_due(self._now):
                    self.recheck(now)
                self._go_on()
        return self._drain_events()

    # --- the node's answers ------------------------------------------------------------------------------------------

    def admit(self, graph: Iterable[Item], content: Iterable[Item]) -> None:
        """Begin to compare these sets with the peer's, one set for each phase: the items that the peer may have.

        An `Index` is taken as it is, and belongs to the session from then on.
        LocalError if the peer was admitted before, or if it is not identified and we are the responder.
        """
        if self._admission is not None:
            raise LocalError("already admitted")
        if self._state is not SessionState.ADMITTING:
            self._move(Trigger.ADMITTED_EARLY)
        if self._greeted_early:
            self._deadlines.read_again()
        sets = peer_sets(graph, content)
        announcer = Announcer(sets)
        self._handover.share(sets, announcer)
        reconciliation = Reconciliation(sets, self._handshake_hash, self._outbox.send, initiator=self._initiator)
        self._admission = _Admission(sets, reconciliation, announcer)
        self._go_on()
        self._deadlines.note_debt(owes=self._peer_owes())

    def greet(self) -> None:
        """Say Hello before `admit`, and without roots: finding out what the peer may have takes long. Once at most.

        It shows our certificate, since a peer that had to ask Who would wait for the answer: nothing is read until
        `admit`. A responder is told so only after PeerIdentified, when its node has decided to admit the peer.
        """
        if not self._greeting.hello_sent and (self._initiator or self._state is SessionState.ADMITTING):
            self._outbox.send(self._greeting.hello(None, introduce=True))
            self._greeted_early = True

    def supply(self, records: Iterable[Record]) -> None:
        """Answer the oldest RecordsRequested with those of its records that the peer may still have.

        What is missing leaves the peer's set. Headers among the records that were not asked for go along, as with
        `supersede`. LocalError if nothing is requested.
        """
        self._handover.supply(records)
        self._go_on()

    def supersede(self, records: Iterable[Record]) -> None:
        """Send these unasked, without their bodies: the peer may hold older versions, or has shown some."""
        self._handover.supersede(records)
        self._go_on()

    def committed(self) -> None:
        """Note that the node has committed the oldest RecordsReceived. LocalError if there is none.

        How much of it was new to the node is not asked: all of it counts as held by the peer, and nothing that we say
        may depend on what else we have.
        """
        self._handover.committed()
        self._deadlines.progress()
        self._go_on()

    def update(
        self, phase: Phase, added: Iterable[Item], removed: Iterable[Item], bases: Mapping[Item, Base] | None = None
    ) -> None:
        """Change the set of items that the peer may have. Once live, items that are new to the set are announced.

        `bases` has for some of them, by item, an older version from whose body theirs may follow, so that it need not travel.
        """
        peer_set = self.peer_set(phase)
        if bases and self._state is SessionState.LIVE:
            self._handover.note_bases(phase, bases)
        peer_set.remove(removed)
        peer_set.add(added, news=True)
        self._rechecks.changed()

    def peer_set(self, phase: Phase) -> PeerSet:
        """Return the set of a phase; while the session is live, the node may put news into it that is held."""
        return self._admitted.peer_sets[phase]

    def shares(self, phase: Phase, item: Item) -> bool:
        """Whether the compared set has the item: the peer may have it, or has shown it in this session."""
        return self._admission is not None and item in self._admitted.peer_sets[phase]

    def ask_again(self, phase: Phase, items: Iterable[Item]) -> None:
        """Ask for these items again, which the peer has shown and the node could not take then. They leave the set.

        The peer announces them like news once the session is live, unless we may not have them any longer.
        """
        self._admitted.announcer.ask_again(phase, items)

    def tell_time(self) -> None:
        """Tell the peer at once which time we go by now, if our Hello has told another one."""
        if self._greeting.hello_sent and self._state is not SessionState.ENDED:
            self._outbox.send(Ping(*self._told()))

    def recheck(self, now: float) -> None:
        """Compare the sets again, if this is the live initiator, nothing is under way, and the last time is not just past."""
        self._deadlines.advance_to(now)
        due = self._now >= self._live_since + LIVE_COMPARE_SECONDS
        if due and is_possible(self._state, Trigger.RECHECK, self._side) and self._quiet():
            self._admitted.reconciliation.restart()
            self._move(Trigger.RECHECK)
            self._go_on()

    def bye(self, code: Code, shown: Sequence[Record] = (), *, pause: int = 0, with_hello: bool = False) -> None:
        """End the session from our side. The records `shown` go into our Hello, if that was not sent yet.

        With `with_hello` our Hello goes before in any case, so that the peer learns which time we go by.
        `pause` tells the peer of a BUSY session in how many seconds to come back; 0 tells it nothing.
        """
        if self._state is not SessionState.ENDED:
            if (shown or with_hello) and not self._greeting.hello_sent:
                self._outbox.send(self._greeting.hello(None, shown))
            self._outbox.send(Bye(code, pause))
            self._move(Trigger.OVER)

    # --- frames ------------------------------------------------------------------------------------------------------

    def _pass_over(self) -> None:
        """Count a frame of a type from a newer version: it is a sign of life, and no progress."""
        if not self._unknown_frames.spend(1, self._now):
            raise RemoteError(Code.UNSOLICITED, "too many frames of unknown types")
        self._deadlines.heard(progress=False)

    def _take(self, frame: Frame) -> None:
        match frame:
            case Hello() | Who() | Introduce():
                if (answer := self._greeting.take(frame)) is not None:
                    self._outbox.send(answer)
            case Roots():
                self._take_roots(frame)
            case Compare(message):
                self._take_comparison(message)
            case Have() | Again() | Want():
                self._handover.take_news(frame, self._now)
            case Pull() | Records() | Headers():
                self._events += self._handover.take(frame, self._now)
            case FetchPhoto() | PhotoPart():
                self._events += self.photos.take(frame, self._now)
            case Bye(code, pause):
                known = Code(code) if code in set(Code) else Code.CLOSING
                self._finish(known, "said by the peer", min(pause, BUSY_PAUSE_MAX) if known is Code.BUSY else 0)
            case Ping(wall, stratum):
                if self._identified:
                    self._events.append(TimeTold(ToldTime(wall, stratum)))
                else:
                    self._greeting.take_time(ToldTime(wall, stratum))

    def _take_roots(self, roots: Roots) -> None:
        reconciliation = self._admitted.reconciliation
        if is_possible(self._state, Trigger.RECHECK_HEARD, self._side):
            if self._now < self._live_since + LIVE_COMPARE_SECONDS / 2:
                raise RemoteError(Code.BUSY, "compares again too soon")
            reconciliation.restart()
            self._move(Trigger.RECHECK_HEARD)
        reconciliation.take_roots(roots)
        self._deadlines.admitting = False

    def _take_comparison(self, message: bytes) -> None:
        if (result := self._admitted.reconciliation.take_message(message)) is not None:
            self._handover.offer(result.phase, result.offers)
            self._handover.expect(result.expected)
            self._admitted.peer_sets[result.phase].thaw()
            self._move(Trigger.EXCHANGED)

    # --- going on ----------------------------------------------------------------------------------------------------

    def _go_on(self) -> None:
        """Do whatever can be done now, until nothing more can."""
        self._advance()
        if self._admission is None or self._state is SessionState.ENDED:
            return
        self._events += self._handover.go_on(self._now, headers=self._state in BOTH_ADMITTED)
        self._advance()

    def _advance(self) -> None:
        """Follow the table as far as it leads without a frame, an answer of the node, or a timer."""
        while (trigger := self._trigger()) is not None:
            self._move(trigger)
            if trigger in (Trigger.ADMITTED, Trigger.IDENTIFIED_ADMITTED):
                self._begin_to_compare()
            elif trigger is Trigger.ALL_SETTLED:
                self._live_since = self._now
                self._rechecks.settled(self._now)
                self._events.append(LiveStarted(self._admitted.reconciliation.agreed()))

    def _trigger(self) -> Trigger | None:
        """Return the trigger that is due in this state, if any."""
        if self._state is SessionState.GREETING:
            return self._identify(self._greeting.peer)
        if self._state is SessionState.ADMITTING and self._admission is not None:
            return Trigger.ADMITTED
        if self._state is SessionState.COMPARING:
            return self._admitted.reconciliation.step()
        if self._state is SessionState.TRANSFERRING and self._handover.idle:
            return Trigger.TRANSFERRED
        return None

    def _identify(self, peer: PeerIdentified | None) -> Trigger | None:
        if peer is None:
            return None
        if (peer.device, peer.run) == (self._me.device, self._me.run):
            raise RemoteError(Code.REFUSED, "this is ourselves")
        self._events.append(peer)
        return Trigger.IDENTIFIED if self._admission is None else Trigger.IDENTIFIED_ADMITTED

    def _begin_to_compare(self) -> None:
        if not self._greeting.hello_sent:
            self._send_hello()
        theirs = self._greeting.their_roots
        self._deadlines.admitting = theirs is None
        if self._our_roots is not None and theirs is not None:
            self._admitted.reconciliation.use_hello_roots(self._our_roots, theirs)

    def _send_hello(self) -> None:
        # With roots both sides may be live at once, so a peer whose certificate is not at hand gets none.
        if self._admission is not None and self._greeting.certificate_known:
            self._our_roots = self._admission.reconciliation.hello_roots()
        self._outbox.send(self._greeting.hello(self._our_roots))

    # --- time and ends -----------------------------------------------------------------------------------------------

    def _quiet(self) -> bool:
        return self._handover.idle and self._admitted.announcer.idle

    def _peer_owes(self) -> bool:
        return self._state in PEER_OWES or (self._state is SessionState.LIVE and not self._quiet())

    def _finish(self, code: Code, detail: str, pause: int = 0) -> None:
        """End the session; records that have come are handed over first."""
        self._events += self._handover.rest(self._now)
        self._move(Trigger.OVER)
        self._events.append(Ended(code, detail, pause))

    def _move(self, trigger: Trigger) -> None:
        self._state = next_state(self._state, trigger, self._side)
        self._deadlines.progress()

    def _drain_events(self) -> list[Event]:
        events, self._events = self._events, []
        return events

    @property
    def _initiator(self) -> bool:
        return self._side is By.INITIATOR

    @property
    def _identified(self) -> bool:
        return self._state not in UNIDENTIFIED

    @property
    def _now(self) -> float:
        return self._deadlines.now

    @property
    def _admitted(self) -> _Admission:
        if self._admission is None:
            raise LocalError("nobody is admitted yet")
        return self._admission
