"""A person whom a node trusts and who attacks it: a peer built by hand from the protocol's parts.

The intruder has real keys and a real channel. Through `session` the intruder keeps the rules of a conversation and brings
bad records; through `shout` the intruder sends any bytes at all.
"""

from __future__ import annotations

from collections.abc import Iterable

from meshnode.app.owner import policy
from meshnode.app.peers.conversation import Conversation
from protocol import Kind, Record, RecordId, RemoteError, device_slot
from protocol.session import (
    PeerIdentified,
    Phase,
    RecordsReceived,
    RecordsRequested,
    SelfIdentification,
    Session,
    ToldTime,
    phase_of,
)
from protocol.wire import Initiator, Psk, contact_psk, stratum
from protocol.wire.frames import Frame, Hello, decode_frame, encode_frame
from tests.support.mesh import EPOCH, Mesh, Node
from tests.support.people import Person, grown

ROUNDS = 2000
RUN = bytes(8)


class Intruder:
    """Calls `node` as `person`, for whom the node's owner vouches with `weight`."""

    def __init__(
        self,
        mesh: Mesh,
        node: Node,
        person: Person,
        *,
        weight: int = 900,
        known: bool = True,
        records: Iterable[Record] = (),
    ) -> None:
        self.mesh = mesh
        self.node = node
        self.person = person
        self.records: dict[RecordId, Record] = {record.id: record for record in records}
        self.heard: list[Frame] = []
        self.given: list[Record] = []
        if known:
            node.replica.ingest.receive([person.certificate(EPOCH)])
        if weight:
            policy.vouch(node.replica, person.id, weight)
        self._calls = 0

    # --- by hand -------------------------------------------------------------------------------------------------------

    def call(self, psk: Psk | None = None) -> Conversation:
        """Open a connection and shake hands, as a direct contact unless another psk is given; returns the node's end."""
        self._calls += 1
        if psk is None:
            psk = contact_psk(self.person.keys.dh_private, self.node.replica.keys.dh_public)
        self.channel = Initiator(
            static_private=self.person.keys.dh_private,
            remote_static=self.node.replica.keys.dh_public,
            psk=psk,
            ephemeral_private=grown(self.person.name, "ephemeral", self._calls),
        )
        self.theirs = Conversation.answering(self.node.replica, self.node.seen, self.mesh.time)
        self.node.conversations.append(self.theirs)
        self.theirs.receive(self.channel.data_to_send(), self.mesh.time)
        answer = self.theirs.data_to_send()
        if not answer:
            return self.theirs  # not a byte for the intruder
        self.channel.receive(answer)
        self.theirs.receive(self.channel.data_to_send(), self.mesh.time)
        return self.theirs

    def greet(self) -> Conversation:
        """Call and say Hello; the node has admitted the intruder when this returns."""
        self.call()
        self.say(Hello((1,), (1,), EPOCH, None))
        assert self.theirs.peer == self.person.id
        return self.theirs

    def say(self, *frames: Frame) -> None:
        """Send well-formed frames, whether they are due or not."""
        for frame in frames:
            self.shout(encode_frame(frame))

    def shout(self, plaintext: bytes) -> None:
        """Send any plaintext, properly encrypted."""
        self.throw(self.channel.send(plaintext))

    def throw(self, data: bytes) -> None:
        """Put any bytes on the wire, and take the answer."""
        self.theirs.receive(data, self.mesh.time)
        self._listen()

    def _listen(self) -> list[bytes]:
        data = self.theirs.data_to_send()
        frames = self.channel.receive(data) if data else []
        self.heard += [decode_frame(frame) for frame in frames]
        return frames

    # --- by the rules of conversation ------------------------------------------------------------------------------------

    def talk(self, psk: Psk | None = None) -> Conversation:
        """Call and offer `records` as an honest peer would, answering whatever the node wants, until both fall silent."""
        self.call(psk)
        if self.theirs.end is not None:
            return self.theirs
        self.session = Session(
            initiator=True,
            handshake_hash=self.channel.handshake_hash,
            remote_static=self.channel.remote_static,
            me=SelfIdentification(self.person.id, self.person.device, self.person.certificate(EPOCH), RUN),
            find_certificate=lambda _key: self._certificate(),
            kinds_of=lambda ids: {id_: self.records[id_].header.kind for id_ in ids if id_ in self.records},
            find_body=lambda id_: self.records[id_].body if id_ in self.records else None,
            now=self.mesh.time,
            told=lambda: ToldTime(EPOCH, stratum.CERTAIN),
        )
        self.go_on()
        return self.theirs

    def offer(self, *records: Record) -> None:
        """Announce more items while the session is live."""
        for record in records:
            self.records[record.id] = record
            self.session.update(phase_of(record.header.kind), [(record.header.created, record.id)], [])
        self.go_on()

    def supersede(self, *records: Record) -> None:
        """Send headers unasked."""
        self.session.supersede(records)
        self.go_on()

    def go_on(self) -> None:
        """Carry frames and serve the session's timers that are due, until nothing more happens."""
        for _ in range(ROUNDS):
            frames = self.session.frames_to_send()
            for frame in frames:
                self.theirs.receive(self.channel.send(frame), self.mesh.time)
            due = self.theirs.next_timer()
            if due is not None and due <= self.mesh.time:
                self.theirs.tick(self.mesh.time)
            back = self._listen()
            try:
                self._handle(self.session.receive_many(back, self.mesh.time))
                self._handle(self.session.tick(self.mesh.time))
            except RemoteError:
                return
            if not frames and not back:
                return
        raise AssertionError("they never fall silent")

    def _handle(self, events: Iterable[object]) -> None:
        for event in events:
            match event:
                case PeerIdentified():
                    items = {phase: [_item(record) for record in self._of(phase)] for phase in Phase}
                    self.session.admit(items[Phase.GRAPH], items[Phase.CONTENT])
                case RecordsReceived(records=records):
                    self.given += records
                    self.session.committed()
                case RecordsRequested(ids=ids):
                    self.session.supply([self.records[id_] for id_ in ids if id_ in self.records])

    def _of(self, phase: Phase) -> list[Record]:
        return [record for record in self.records.values() if phase_of(record.header.kind) is phase]

    def _certificate(self) -> Record | None:
        replica = self.node.replica
        return replica.store.records.current((replica.me, Kind.DEVICE, device_slot(replica.device)))


def _item(record: Record) -> tuple[int, RecordId]:
    return record.header.created, record.id
