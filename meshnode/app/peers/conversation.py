"""One connection's whole talk: channel, session and this node's records brought together, without any socket.

Bytes go in, bytes come out, timers are asked for; so a link drives it over TCP and a simulation drives a thousand of
them in one process. It runs on the desk: what it sends in answer to a batch is sent after that batch's commit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from meshnode.app.devices import enrolment
from meshnode.app.groups import membership
from meshnode.app.owner import former_web
from meshnode.app.peers.admission import admits
from meshnode.app.peers.contacts import Dial, PskName, psk_candidates
from meshnode.app.people import card_claims, spent_cards
from meshnode.replica.changes import Change, Superseding
from meshnode.replica.replica import Replica
from meshnode.replica.revocation import is_self_revoked, learns_of_own_revocation, revocation_of
from meshnode.replica.served_set import Delta, ServedSet
from protocol import Code, DeviceId, Kind, PersonId, Record, RemoteError, device_slot, limits
from protocol.session import (
    Ended,
    Event,
    LiveStarted,
    PeerIdentified,
    Phase,
    RecordsReceived,
    RecordsRequested,
    SelfIdentification,
    Session,
    SessionState,
)
from protocol.wire import Bye, Enrol, HandshakeRefused, Initiator, Responder, SeenEphemerals, decode_known, encode_frame


@dataclass(frozen=True, slots=True)
class End:
    """How a conversation ended. `silent`: not a byte may be sent; `fault`: the other side broke the protocol."""

    code: Code
    detail: str = ""
    silent: bool = False
    fault: bool = False


class Conversation:
    """The talk over one connection. `peer` is known once proven, `live` once both sides have settled."""

    def __init__(
        self, replica: Replica, channel: Initiator | Responder[PskName], *, dial: Dial | None, now: float
    ) -> None:
        self._replica = replica
        self._channel = channel
        self._dial = dial
        self._session: Session | None = None
        self._view: ServedSet | None = None
        self._refused = 0
        self._shown: frozenset[bytes] = frozenset()  # slots of joins by which the peer proved to share a group with us
        self._outbox: list[bytes] = [channel.data_to_send()]
        self.peer: PersonId | None = None
        self.device: DeviceId | None = None
        self.live = False
        self.comparisons = 0
        """How often both sides have gone through all that they hold for each other."""
        self.came = 0
        """Records that were new here when this peer brought them."""
        self.end: End | None = None

    @classmethod
    def dialing(cls, replica: Replica, dial: Dial, now: float) -> Conversation:
        """The end that calls: it knows whom, and with which psk."""
        channel = Initiator(
            static_private=replica.keys.dh_private,
            remote_static=dial.dh_public,
            psk=dial.psk,
            ephemeral_private=replica.entropy(32),
        )
        return cls(replica, channel, dial=dial, now=now)

    @classmethod
    def answering(cls, replica: Replica, seen: SeenEphemerals, now: float) -> Conversation:
        """The end that listens: silent until the caller has proven that it knows a psk of ours."""
        channel: Responder[PskName] = Responder(
            static_private=replica.keys.dh_private,
            candidates=lambda: psk_candidates(replica),
            seen=seen,
            ephemeral_private=replica.entropy(32),
        )
        return cls(replica, channel, dial=None, now=now)

    # --- what a link needs -----------------------------------------------------------------------------------------

    @property
    def initiator(self) -> bool:
        """Whether this end called."""
        return self._dial is not None

    @property
    def _person(self) -> PersonId | None:
        """With whom we talk, or who it must be since we called him."""
        return self._dial.person if self._dial is not None else self.peer

    @property
    def proven(self) -> bool:
        """Whether the other end has shown that it may talk to us at all."""
        return self._channel.established

    @property
    def waiting(self) -> bool:
        """Whether a link has something to do at once: bytes to write, or the end."""
        return self.end is not None or any(self._outbox)

    @property
    def settled(self) -> bool:
        """Whether nothing is being compared or handed over."""
        return self._session is not None and self._session.state is SessionState.LIVE

    def data_to_send(self) -> bytes:
        """The bytes to write now, each given once."""
        data = b"".join(self._outbox)
        self._outbox.clear()
        return data

    def receive(self, data: bytes, now: float) -> None:
        """Take bytes as they arrive; what they cause is committed when this returns."""
        if self.end is not None:
            return
        try:
            frames = self._channel.receive(data)
            self._outbox.append(self._channel.data_to_send())
            if self._device_code is not None:
                self._enrol(frames)
            elif self._channel.established and self._session is None:
                self._begin_session(now)
            if frames and self._session is not None:
                self._handle(self._session.receive_many(frames, now))
        except HandshakeRefused as error:
            self.end = End(error.code, error.detail, silent=True)
        except RemoteError as error:
            self._break_off(error)
        self._flush()

    def next_timer(self) -> float | None:
        """When `tick` wants to be called, on the caller's clock; None: not before something else happens."""
        return self._session.next_timer() if self._session is not None and self.end is None else None

    def tick(self, now: float) -> None:
        """Let deadlines pass."""
        if self._session is not None and self.end is None:
            try:
                self._handle(self._session.tick(now))
            except RemoteError as error:
                self._break_off(error)
            self._flush()

    def compare(self, now: float) -> None:
        """Go through everything with the peer again, if this end called and the last time is not just past."""
        if self._session is not None and self.end is None:
            self._session.recheck(now)
            self._flush()

    def changed(self, change: Change) -> None:
        """A commit happened, by this conversation or elsewhere: pass on what this peer may have of it."""
        view, person = self._view, self._person
        if view is None or person is None or self.end is not None:
            return
        if is_self_revoked(self._replica):
            self.close(Code.REFUSED)
            return
        strike = self._strike(person)
        if strike is not None:
            self._tell_struck(strike)
            return
        admitted = admits(self._replica, person, self._shown)
        self._follow(view.apply(change, shut=view.shut and not admitted))
        if not admitted and not (view.shut and former_web.is_leaver(self._replica, person)):
            self.close(Code.REFUSED)
        self._flush()

    def close(self, code: Code = Code.CLOSING) -> None:
        """Say goodbye, with a code and nothing more."""
        if self.end is None:
            if self._session is not None:
                self._session.bye(code)
            self.end = End(code)
            self._flush()

    # --- the session's events ----------------------------------------------------------------------------------------

    def _begin_session(self, now: float) -> None:
        replica = self._replica
        if is_self_revoked(replica):  # since this connection was begun
            self.end = End(Code.REFUSED, silent=True)
            return
        certificate = replica.store.records.used((replica.me, Kind.DEVICE, device_slot(replica.device)))
        assert certificate is not None, "a node without a certificate does not start"
        shown = tuple(membership.to_show(replica, self._dial.person)) if self._dial is not None else ()
        self._session = Session(
            initiator=self.initiator,
            handshake_hash=self._channel.handshake_hash,
            remote_static=self._channel.remote_static,
            me=SelfIdentification(replica.me, replica.device, certificate, shown),
            introduce=bool(shown) or (self._dial is not None and self._dial.card is not None),
            find_certificate=self._find_certificate,
            now=now,
            wall=replica.clock.now(),
        )
        if self._dial is not None and self._dial.card is None and admits(replica, self._dial.person, self._shown):
            self._open_view(self._dial.person)

    @property
    def _device_code(self) -> bytes | None:
        """The id of our device code by which the caller came, if he did."""
        channel = self._channel
        return channel.psk_name.code if isinstance(channel, Responder) and channel.established else None

    def _enrol(self, frames: list[bytes]) -> None:
        """There is no session with a machine that is to become a device of ours: one question, one answer."""
        code = self._device_code
        asked = next((frame for frame in map(decode_known, frames) if frame is not None), None)
        if code is None or asked is None:
            return
        if not isinstance(asked, Enrol):
            raise RemoteError(Code.OUT_OF_ORDER, f"{type(asked).__name__} from a machine that is no device yet")
        channel = self._channel
        answer = enrolment.admit(
            self._replica, code, asked, handshake_hash=channel.handshake_hash, remote_static=channel.remote_static
        )
        self._outbox.append(channel.send(encode_frame(answer)))
        self.end = End(Code(answer.code) if isinstance(answer, Bye) else Code.CLOSING)

    def _find_certificate(self, dh_public: bytes) -> Record | None:
        """The certificate held for an X25519 key, so that known devices need not send it."""
        replica = self._replica
        found = replica.trust_state.by_dh_public(dh_public)
        if found is None:
            return None
        return replica.store.records.used((found.person, Kind.DEVICE, device_slot(found.device)))

    def _handle(self, events: Iterable[Event]) -> None:
        for event in events:
            if self.end is not None:
                return
            match event:
                case PeerIdentified():
                    self._meet(event)
                case RecordsReceived(records=records):
                    self._take_in(records)
                case RecordsRequested(ids=ids):
                    self._give(ids)
                case LiveStarted():
                    self.live = True
                    self.comparisons += 1
                case Ended(code=code, detail=detail):
                    self._ended(End(code, detail))

    def _meet(self, event: PeerIdentified) -> None:
        replica = self._replica
        self.peer, self.device = event.person, event.device
        if learns_of_own_revocation(replica, event):
            self.close(Code.REFUSED)
            return
        strike = self._strike(event.person)
        if strike is not None:
            self._tell_struck(strike)
            return
        if not (self._is_whom_we_called(event) and self._speaks_for(event)):
            self.close(Code.FORGED)
            return
        card = self._channel.psk_name.card if isinstance(self._channel, Responder) else None
        refusal = card_claims.redeem(replica, card, event.person) if card is not None else None
        if refusal is not None:
            self.close(refusal)
            return
        if self._dial is not None and self._dial.card is not None:
            card_claims.settled(replica, event.person)
        self._shown = membership.shown_in_common(replica, event)
        admitted = admits(replica, event.person, self._shown)
        if not admitted and not former_web.is_leaver(replica, event.person):
            self.close(Code.REFUSED)
            return
        if admitted and (self._shown or not replica.trust_state.certified(event.person, event.device)):
            own = [record for record in event.extra if record.header.author == event.person]
            replica.ingest.receive([event.certificate, *own], event.person)
        if replica.trust_state.graph.weight(replica.me, event.person) > 0:
            replica.clock.heard(event.person, event.wall)
        if self._view is None:
            self._open_view(event.person, shut=not admitted)

    def _is_whom_we_called(self, event: PeerIdentified) -> bool:
        """Somebody may have certified another's keys as his own: then the other is who answers."""
        return self._dial is None or (event.person, event.device) == (self._dial.person, self._dial.device)

    def _strike(self, person: PersonId) -> Record | None:
        """The strike of the device at the other end, if its person has struck it."""
        device = self._dial.device if self._dial is not None else self.device
        return None if device is None else revocation_of(self._replica, person, device)

    def _tell_struck(self, strike: Record) -> None:
        """End it, and let a device that may not have heard it know that it was struck."""
        if self._session is not None:
            self._session.supersede([strike.without_body()])
            self._session.bye(Code.REFUSED, [strike])
        self.close(Code.REFUSED)

    def _speaks_for(self, event: PeerIdentified) -> bool:
        """Whether the device may speak for its person. Of people outside the web no certificate is kept to ask."""
        replica = self._replica
        trust_state = replica.trust_state
        if trust_state.certificate(event.person, event.device) is not None or trust_state.revoked(
            event.person, event.device
        ):
            return trust_state.certified(event.person, event.device)
        return not replica.clock.trusted or event.certificate.header.expires > replica.clock.now()

    def _open_view(self, person: PersonId, *, shut: bool = False) -> None:
        replica = self._replica
        assert self._session is not None
        replica.changes.deliver()  # what is committed by now is in the set from the beginning
        self._view = ServedSet(replica.store, replica.access, replica.clock, replica.me, person, shut=shut)
        self._session.admit(self._view.items(Phase.GRAPH), self._view.items(Phase.CONTENT))

    def _take_in(self, records: list[Record]) -> None:
        session, view = self._session, self._view
        if session is None or view is None:
            return
        with view.hearing(records):
            outcome = self._replica.ingest.receive(records, self.peer)
            self._replica.changes.deliver()  # before the session goes on with the sets as they were
        self.came += len(outcome.stored)
        view.note_refused(outcome.not_for_us)
        self._refused += len(outcome.refused)
        session.committed()
        self._supersede([*outcome.answers, *view.other_words(records)])
        if outcome.faults:
            record, code = outcome.faults[0]
            raise RemoteError(code, f"record of kind {record.header.kind}")
        if self._refused > limits.REFUSED_A_SESSION_MAX:
            self.close(Code.BUSY)

    def _give(self, ids: list[bytes]) -> None:
        if self._session is not None and self._view is not None:
            records, newer = self._view.supply(ids)
            self._session.supply(records)
            self._supersede(newer)

    def _follow(self, delta: Delta) -> None:
        if self._session is None:
            return
        for phase in Phase:
            if delta.added[phase] or delta.removed[phase]:
                self._session.update(phase, delta.added[phase], delta.removed[phase])
        self._supersede(delta.newer)

    def _supersede(self, newer: list[Superseding]) -> None:
        """Show these as headers alone, and whose device wrote them if that cannot be known there."""
        if newer and self._session is not None and self._view is not None:
            self._session.supersede(head.without_body() for head, _ in newer)
            lent = self._view.lend_certificates(newer)
            if lent:
                self._session.update(Phase.GRAPH, lent, [])

    def _ended(self, end: End) -> None:
        if end.code is Code.CARD_USED and self._dial is not None and self._dial.card is not None:
            spent_cards.note(self._replica, self._dial.person)
            card_claims.settled(self._replica, self._dial.person)
        self.end = end

    # --- going out ---------------------------------------------------------------------------------------------------

    def _break_off(self, error: RemoteError) -> None:
        if self._session is not None and not self._channel.broken:
            self._session.bye(error.code)
        self.end = End(error.code, error.detail, silent=self._session is None, fault=True)

    def _flush(self) -> None:
        if self._session is not None and not self._channel.broken:
            self._outbox.extend(self._channel.send(frame) for frame in self._session.frames_to_send())
