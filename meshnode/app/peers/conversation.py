"""Runs the conversation over one connection: channel, session and this node's records together, without a socket.

Bytes go in, bytes come out, and the time of the next timer is asked for. So `net/peer_link.py` drives a conversation
over TCP, and a simulation drives a thousand of them in one process. It runs on the store thread: when a call that takes
in records returns, they are committed, and what it has queued to send in answer was queued after the commit.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from meshnode.app.devices import lost_device
from meshnode.app.owner import former_web
from meshnode.app.peers.accounts import account_of
from meshnode.app.peers.channels import answering_channel, calling_channel, device_code
from meshnode.app.peers.contacts import Dial, PskName, admits
from meshnode.app.peers.conversation_end import ConversationEnd
from meshnode.app.peers.enrolling import Enrolling
from meshnode.app.peers.identifying import TurnedAway, Welcome, identify, keep_shown, revocation_here
from meshnode.app.peers.meeting import AnsweringMeeting, in_meeting
from meshnode.app.peers.serving import Serving
from meshnode.app.peers.session_opening import session_over
from meshnode.app.peers.time_telling import TimeTelling
from meshnode.app.people import cards
from meshnode.replica.changes import Change
from meshnode.replica.refused_record import NotTaken
from meshnode.replica.replica import Replica
from meshnode.replica.revocation import is_self_revoked
from meshnode.slices import SLICE_SECONDS, Steps, advance
from protocol import Code, DeviceId, PersonId, RemoteError, limits
from protocol.session import (
    Ended,
    Event,
    LiveStarted,
    PeerIdentified,
    PhotoReceived,
    PhotoRequested,
    RecordsReceived,
    RecordsRequested,
    Session,
    SessionState,
    TimeTold,
)
from protocol.wire import (
    Bye,
    Enrolled,
    HandshakeRefused,
    Initiator,
    Marks,
    Responder,
    SeenEphemerals,
    encode_frame,
)


class Conversation:
    """The conversation with one device over one connection.

    A driver makes one with `dialing` or `answering` and calls it until `end` is set: `receive` with the bytes that
    arrive, `hand_over` when memory is short, `tick` when the time that `next_timer` gave has come, `note` after every
    commit on this node and `follow` soon after it, `compare` to compare both sets once more, and `close` to end it.
    After each call it writes what `data_to_send` returns. All calls are made on the store thread, one at a time. Times
    are seconds on a clock of the driver's choice, which never goes back.

    Faults of the other side raise nothing: they set `end`. Faults of this node's store (`StorageFailed`, `StorageFull`)
    pass through, and the driver drops the connection. To cancel one is to stop calling it: it holds no resources.

    `peer` and `device` are known once the other side has proved them; `live` is true once both sides have compared all
    that they hold for each other and have nothing left to hand over. With `asks_first`, a caller who has proved who they
    are waits at the door: the driver calls `let_in`, or `close` if there is no place for them, which has cost nothing yet.
    """

    def __init__(
        self,
        replica: Replica,
        channel: Initiator | Responder[PskName],
        *,
        dial: Dial | None,
        now: float,
        asks_first: bool = False,
    ) -> None:
        self._replica = replica
        self._channel = channel
        self._dial = dial
        self._session: Session | None = None
        self._serving: Serving | None = None
        self._refused = 0
        self._noted: deque[Change] = deque()  # commits that are still to be followed, in order
        self._events: deque[Event] = deque()  # of the session, still to be handled
        self._handling: Steps[None] | None = None
        self._asks_first = asks_first
        self._waiting: PeerIdentified | None = None
        self._now = now
        self._time = TimeTelling(replica)
        self._shown: frozenset[bytes] = frozenset()  # slots of joins by which the peer has proved to share a group
        self._outbox: list[bytes] = [channel.data_to_send()]
        self.peer: PersonId | None = None
        self.device: DeviceId | None = None
        self.run: bytes | None = None
        """Known with the device; two machines with the keys of one device differ by it."""
        self.account: PersonId | None = account_of(replica, dial.person) if dial is not None else None
        """The account that the other end's work is counted in (see `accounts`), once it is known who that is."""
        self.contact = False
        """Whether the owner trusts this person directly, as it was when the other end proved who it is."""
        self.live = False
        self._enrolling = Enrolling(replica)
        self._meeting = AnsweringMeeting(replica)
        self.comparisons = 0
        """The number of comparisons of all that both sides hold for each other."""
        self.came = 0
        """The number of records that were new here when this peer brought them."""
        self.end: ConversationEnd | None = None
        self.gives_way = False
        """Whether the driver calls `go_on` while `busy`; else all that is begun is done in one go."""

    @classmethod
    def dialing(cls, replica: Replica, dial: Dial, now: float) -> Conversation:
        """Return the end that calls. `dial` says whom, and with which psk."""
        return cls(replica, calling_channel(replica, dial), dial=dial, now=now)

    @classmethod
    def answering(
        cls,
        replica: Replica,
        seen: SeenEphemerals,
        now: float,
        *,
        asks_first: bool = False,
        ignores: Callable[[PskName], bool] = lambda _: False,
    ) -> Conversation:
        """Return the end that listens. It sends nothing before the caller has proved that it knows one of our psks."""
        return cls(replica, answering_channel(replica, seen, ignores), dial=None, now=now, asks_first=asks_first)

    # --- what the driver calls -----------------------------------------------------------------------------------------

    @property
    def initiator(self) -> bool:
        """Whether this end called."""
        return self._dial is not None

    @property
    def _person(self) -> PersonId | None:
        """The person at the other end: proved, or the one who must be there since this end called them."""
        return self._dial.person if self._dial is not None else self.peer

    @property
    def _by_card(self) -> bool:
        """Whether the connection began with the secret of a card."""
        channel, dial = self._channel, self._dial
        return (channel.psk_name.card if isinstance(channel, Responder) else dial and dial.card) is not None

    @property
    def proven(self) -> bool:
        """Whether the other end has proved that it may connect with this node at all."""
        return self._channel.established

    @property
    def waiting(self) -> bool:
        """Whether the driver has something to do at once: bytes to write, the end, or a `tick` that says what time it is."""
        return self.end is not None or any(self._outbox) or bool(self._serving and self._serving.spread.unplanned)

    @property
    def settled(self) -> bool:
        """Whether nothing is being compared or handed over."""
        return self._session is not None and self._session.state is SessionState.LIVE

    @property
    def idle(self) -> bool:
        """Whether the two have nothing left to say to each other for now."""
        return self._session is not None and self._session.idle

    def data_to_send(self) -> bytes:
        """Return the bytes to write now, each once."""
        data = b"".join(self._outbox)
        self._outbox.clear()
        return data

    def receive(self, data: bytes, now: float) -> None:
        """Take in bytes as they arrive. What they cause is committed when this returns and it is not `busy`."""
        self.follow()
        if self.end is not None:
            return
        self._now = now
        try:
            frames = self._channel.receive(data)
            self._outbox.append(self._channel.data_to_send())
            if in_meeting(self._channel):  # such a machine gets no session, nor does one with a device code
                self._outbox.extend(self._meeting.receive(self._channel, frames))
                self.end = ConversationEnd(Code.CLOSING) if self._meeting.over else None
            elif (code := device_code(self._channel)) is not None:
                self._end_enrolment(self._enrolling.receive(code, self._channel, frames, now))
            elif self._channel.established and self._session is None:
                self._begin_session(now)
            if frames and self._session is not None:
                self._handle(self._session.receive_many(frames, now))
        except HandshakeRefused as error:
            self.end = ConversationEnd(error.code, error.detail, silent=True)
        except RemoteError as error:
            self._break_off(error)
        self._flush()

    @property
    def at_door(self) -> bool:
        """Whether a caller has proved who they are and waits for `let_in`."""
        return self._waiting is not None and self.end is None

    def let_in(self) -> None:
        """Answer the Hello of the caller at the door, unless they are no longer admitted."""
        event, self._waiting = self._waiting, None
        if event is None or self.end is not None:
            return
        admitted = admits(self._replica, event.person, self._shown)
        if not admitted and not former_web.left_lately(self._replica, event.person):
            self.close(Code.REFUSED)
        else:
            self._begin(event, Welcome(self._shown, admitted))
            self._flush()

    @property
    def busy(self) -> bool:
        """Whether it is being found out what the peer may have, or what it has given is being taken in."""
        return self.end is None and (self._handling is not None or self.opening)

    @property
    def opening(self) -> bool:
        """Whether it is being found out what the peer may have. This and `noting` take some memory for each record."""
        return self.end is None and self._serving is not None and self._serving.opening

    @property
    def noting(self) -> bool:
        """Whether it is still to be noted, by `go_on`, what the peer holds: nobody waits for that."""
        return self.end is None and self._serving is not None and self._serving.noting

    @property
    def _rests(self) -> bool:
        return self.end is None and self._handling is None

    def go_on(self, seconds: float = SLICE_SECONDS) -> None:
        """Go on for some seconds with what keeps it `busy`, or is `noting`; what there is to say then is sent at the end."""
        self.follow()
        if self.end is not None:
            return
        try:
            if self._handling is not None:
                self._handle_for(seconds)
            elif self._serving is not None:
                self._serving.go_on(seconds)
        except RemoteError as error:
            self._break_off(error)
        self._flush()

    def greet(self) -> None:
        """Say Hello while `opening`: the other end waits for it PREAUTH_SECONDS at most, and others may be opened before."""
        if self._session is not None and self.opening:
            self._session.greet()
            self._send_frames(self._session)

    def next_timer(self) -> float | None:
        """Return when to call `tick`, on the driver's clock; None if no deadline is running, or `go_on` comes first."""
        if self.enrolling:
            return self._enrolling.until
        if self._session is None or self.end is not None or self._handling is not None:
            return None
        if self._time.is_due:
            return self._now
        timers = self._serving.timers(self._now) if self._serving is not None else ()
        return min((due for due in (self._session.next_timer(), *timers) if due is not None), default=None)

    @property
    def missing(self) -> tuple[tuple[NotTaken, int], ...]:
        """How many records this peer has shown that cannot be taken now, for each reason."""
        return self._serving.refusals.missing if self._serving is not None else ()

    def tick(self, now: float) -> None:
        """Let the deadlines pass that lie before `now`."""
        self.follow()
        if self.enrolling:
            self._now = now
            self._end_enrolment(self._enrolling.look(now))
        if self._session is not None and self._rests:
            self._now = now
            try:
                self._handle(self._session.tick(now))
                if self._serving is not None and self.end is None and self._serving.tick(now):
                    self.close(Code.CLOSING)
                if self._time.is_due:
                    self._session.tell_time()
            except RemoteError as error:
                self._break_off(error)
            self._flush()

    @property
    def held(self) -> int:
        """An estimate of the memory, in bytes, of the records that have come and are not committed."""
        return 0 if self._session is None else self._session.held

    def hand_over(self, now: float) -> None:
        """Take in the records that have come, and wait for more of them no longer."""
        self.follow()
        if self._session is not None and self._rests:
            self._now = now
            try:
                self._handle(self._session.hand_over(now))
            except RemoteError as error:
                self._break_off(error)
            self._flush()

    def compare(self, now: float) -> None:
        """Compare both sets once more, if this end called and the last comparison is not just past."""
        self.follow()
        if self._session is not None and self._rests:
            self._session.recheck(now)
            self._flush()

    def note(self, change: Change) -> None:
        """Take notice of a commit on this node, by this conversation or another; to be followed before anything else."""
        if self.end is None and (self._serving is not None or (change.asked and self.enrolling)):
            self._noted.append(change)
            self._replica.spreading.note(self._replica.changes.delivered)

    @property
    def behind(self) -> bool:
        """Whether there is a commit to `follow`."""
        return bool(self._noted)

    def follow(self) -> None:
        """Pass on what the commits that were noted mean for the peer; every call that could give it anything does too."""
        if self._noted:
            while self._noted and self.end is None:
                self._pass_on(self._noted.popleft())
            self._noted.clear()
            self._flush()

    def _pass_on(self, change: Change) -> None:
        if change.asked and self.enrolling:
            self._end_enrolment(self._enrolling.look(self._now))
        serving, person = self._serving, self._person
        if serving is None or person is None:
            return
        if is_self_revoked(self._replica):
            self.close(Code.REFUSED)
            return
        if (revocation := revocation_here(self._replica, self._dial, person, self.device)) is not None:
            self._turn_away(TurnedAway(Code.REFUSED, revocation))
            return
        admitted = admits(self._replica, person, self._shown)
        serving.follow(change, self._now, closed=serving.served.closed and not admitted)
        if not admitted and not (serving.served.closed and former_web.left_lately(self._replica, person)):
            self.close(Code.REFUSED)

    def close(self, code: Code = Code.CLOSING, pause: int = 0) -> None:
        """Say goodbye with `code`; with BUSY, `pause` says in how many seconds the other side is to come back."""
        if self.end is None:
            if self._session is not None:
                self._session.bye(code, pause=pause)
            self.end = ConversationEnd(code, pause=pause)
            self._flush()

    # --- the session's events ----------------------------------------------------------------------------------------

    def _begin_session(self, now: float) -> None:
        replica = self._replica
        if is_self_revoked(replica):  # since this connection was opened
            self.end = ConversationEnd(Code.REFUSED, silent=True)
            return
        self._session = session_over(replica, self._channel, self._dial, self._time, now)
        if self._dial is not None and self._dial.card is None and admits(replica, self._dial.person, self._shown):
            self._open_served_set(self._dial.person)

    def _end_enrolment(self, answer: Bye | Enrolled | None) -> None:
        if answer is not None:
            self._outbox.append(self._channel.send(encode_frame(answer)))
            self.end = ConversationEnd(Code(answer.code) if isinstance(answer, Bye) else Code.CLOSING)

    @property
    def enrolling(self) -> bool:
        """Whether the machine at the other end waits for the owner's word to become a device."""
        return self._enrolling.waits and self.end is None

    def _handle(self, events: Iterable[Event]) -> None:
        self._events.extend(events)
        if self._handling is None and self._events:
            self._handling = self._handling_events()
        self._handle_for(SLICE_SECONDS if self.gives_way else math.inf)

    def _handle_for(self, seconds: float) -> None:
        if self._handling is not None and advance(self._handling, seconds) is not None:
            self._handling = None

    def _handling_events(self) -> Steps[None]:
        while self._events and self.end is None:
            match self._events.popleft():
                case PeerIdentified() as event:
                    self._identify_peer(event)
                case TimeTold(told=told):
                    self._time.hear(self.peer, told)
                case RecordsReceived() as event:
                    yield from self._receive_records(event)
                case RecordsRequested(ids=ids):
                    if self._serving is not None:
                        self._serving.supply(ids)
                case PhotoRequested() | PhotoReceived() as event:
                    if self._serving is not None:
                        self._serving.photos.handle(event, self._now)
                case LiveStarted(agreed=agreed):
                    self._note_agreed(agreed)
                case Ended(code=code, detail=detail, pause=pause):
                    self._ended(ConversationEnd(code, detail, pause=pause))

    def _note_agreed(self, agreed: Sequence[Marks]) -> None:
        self.live = True
        self.comparisons += 1
        if self.peer is not None and self.device is not None and self._serving is not None:
            cards.met(self._replica, self.peer, called=self.initiator, by_card=self._by_card)
            lost_device.note_met(self._replica, self.peer)
            self._serving.note_agreed(self.device, agreed)
            if not self.gives_way:
                self._serving.go_on()

    def _identify_peer(self, event: PeerIdentified) -> None:
        replica = self._replica
        self.peer, self.device, self.run = event.person, event.device, event.run
        found = identify(replica, event, self._dial, self._channel, self._time)
        if isinstance(found, TurnedAway):
            self._turn_away(found)
            return
        self._shown = found.shown
        self.contact = event.person == replica.me or replica.trust_state.graph.weight(replica.me, event.person) > 0
        self.account = account_of(replica, event.person)
        if self._asks_first:
            self._waiting = event
        else:
            self._begin(event, found)

    def _begin(self, event: PeerIdentified, welcome: Welcome) -> None:
        """Take in what the other end has shown of itself, and begin to compare, unless a goodbye came with the Hello."""
        keep_shown(self._replica, event, welcome)
        if self._serving is None and self._session is not None and self._session.state is not SessionState.ENDED:
            self._open_served_set(event.person, closed=not welcome.admitted)

    def _turn_away(self, why: TurnedAway) -> None:
        """End the conversation. A revoked device is sent its revocation first, which it may not have."""
        if self._session is not None and why.revocation is not None:
            self._session.supersede([why.revocation.without_body()])
            self._session.bye(why.code, [why.revocation])
        elif self._session is not None and why.tells_time:
            self._session.bye(why.code, with_hello=True)
        self.close(why.code)

    def _open_served_set(self, person: PersonId, *, closed: bool = False) -> None:
        assert self._session is not None
        self._replica.changes.deliver()  # what is committed by now is in the set from the beginning
        self._serving = Serving(self._replica, self._session, person, self._now, closed=closed)
        if not self.gives_way:
            self._serving.go_on()

    def _receive_records(self, received: RecordsReceived) -> Steps[None]:
        serving = self._serving
        if serving is None:
            return
        outcome = yield from serving.take(received.records, self.peer, self.follow, more=received.more)
        if self.end is not None:
            return
        self.came += len(outcome.stored)
        self._refused += len(outcome.refused)
        serving.taken(received, outcome, self._now)
        if outcome.faults:
            record, code = outcome.faults[0]
            raise RemoteError(code, f"record of kind {record.header.kind}")
        if self._refused > limits.REFUSED_A_SESSION_MAX:
            self.close(Code.BUSY)

    def _ended(self, end: ConversationEnd) -> None:
        if end.code is Code.CARD_USED and self._dial is not None and self._dial.card is not None:
            cards.note_spent_elsewhere(self._replica, self._dial.person)
            cards.stop_presenting(self._replica, self._dial.person)
        self.end = end

    def _break_off(self, error: RemoteError) -> None:
        if self._session is not None and not self._channel.broken:
            self._session.bye(error.code)
        silent, authentic = self._session is None, self.peer is not None and not self._channel.broken
        fault = error.code is not Code.VERSION  # a node of another time is at no fault
        self.end = ConversationEnd(error.code, error.detail, silent=silent, fault=fault, authentic=authentic)

    def _flush(self) -> None:
        if not self.busy and self._session is not None and not self._channel.broken:
            if self._serving is not None:
                self._serving.photos.go_on(self._now)
            self._send_frames(self._session)

    def _send_frames(self, session: Session) -> None:
        self._outbox.extend(self._channel.send(frame) for frame in session.frames_to_send())
