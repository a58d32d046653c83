"""Two sessions that talk to each other in memory, each with a dict of records for a store; every frame is written down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from protocol import PhotoHash, Record, RecordId
from protocol.limits import LIVE_COMPARE_SECONDS
from protocol.session import (
    Base,
    Ended,
    Event,
    LiveStarted,
    PeerIdentified,
    Phase,
    PhotoReceived,
    PhotoRequested,
    RecordsReceived,
    RecordsRequested,
    SelfIdentification,
    Session,
    ToldTime,
    phase_of,
)
from protocol.wire import Item, stratum
from protocol.wire.frames import Compare, Frame, Records, Roots, decode_frame
from tests.support.people import NOW, Person

HANDSHAKE_HASH = bytes(range(64))
RUN = bytes(range(8))


def item(record: Record) -> Item:
    return record.header.created, record.id


@dataclass
class Side:
    """One node: what it holds, what of that is hidden from the other, and its session."""

    person: Person
    store: dict[RecordId, Record] = field(default_factory=dict)
    hidden: set[RecordId] = field(default_factory=set)
    knows: dict[bytes, Record] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    batches: list[list[Record]] = field(default_factory=list)
    headers: list[Record] = field(default_factory=list)
    announced_more: list[bool] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)
    refused: set[RecordId] = field(default_factory=set)
    without_bodies: dict[RecordId, RecordId] = field(default_factory=dict)
    lacking: set[RecordId] = field(default_factory=set)  # shown in earlier sessions and refused: in the set alone
    photos: dict[PhotoHash, bytes] = field(default_factory=dict)
    fetched: list[PhotoReceived] = field(default_factory=list)
    wall: int = NOW  # the time that it goes by
    session: Session = field(init=False)

    def start(
        self, peer: Person, *, initiator: bool, introduce: bool = False, now: float = 0.0, more: tuple[Record, ...] = ()
    ) -> None:
        self.session = Session(
            initiator=initiator,
            handshake_hash=HANDSHAKE_HASH,
            remote_static=peer.keys.dh_public,
            me=SelfIdentification(self.person.id, self.person.device, self.person.certificate(), RUN, more),
            introduce=introduce,
            find_certificate=self.knows.get,
            kinds_of=self.kinds_of,
            find_body=self.find_body,
            now=now,
            told=lambda: ToldTime(self.wall, stratum.MACHINE),
        )

    def put(self, records: Iterable[Record], *, hidden: bool = False) -> None:
        for record in records:
            self.store[record.id] = record
            if hidden:
                self.hidden.add(record.id)

    def learn(self, person: Person) -> None:
        """Have this person's certificate at hand."""
        self.knows[person.keys.dh_public] = person.certificate()

    def view(self, phase: Phase) -> list[Item]:
        return [
            item(record)
            for record in self.store.values()
            if record.id not in self.hidden and phase_of(record.header.kind) is phase
        ]

    def kinds_of(self, ids: Iterable[RecordId]) -> dict[RecordId, int]:
        return {id_: self.store[id_].header.kind for id_ in ids if id_ in self.store}

    def find_body(self, id_: RecordId) -> bytes | None:
        return self.store[id_].body if id_ in self.store and id_ not in self.lacking else None

    def admit(self) -> None:
        self.session.admit(self.view(Phase.GRAPH), self.view(Phase.CONTENT))

    def publish(self, *records: Record) -> None:
        """Commit records of our own while the session runs, each in place of the older version of its register."""
        for record in records:
            older = [one for one in self.store.values() if one.register == record.register]
            for one in older:
                del self.store[one.id]
            self.put([record])
            bases = {item(record): Base(item(one), one.body or b"") for one in older}
            self.session.update(phase_of(record.header.kind), [item(record)], list(map(item, older)), bases)

    def ask_again(self, *records: Record) -> None:
        """Ask for records that the other side has shown and this one did not take."""
        for record in records:
            self.refused.discard(record.id)
            self.session.ask_again(phase_of(record.header.kind), [item(record)])

    def handle(self, events: Iterable[Event]) -> None:
        """Do as a node does; override `meet`, `take` or `give` to do otherwise."""
        for event in events:
            self.events.append(event)
            match event:
                case PeerIdentified():
                    self.meet()
                case RecordsReceived(records, more, bases):
                    self.without_bodies.update(bases)
                    self.announced_more.append(more)
                    self.take(records)
                case RecordsRequested(ids):
                    self.give(ids)
                case PhotoRequested(photo):
                    self.session.photos.give(self.photos.get(photo))
                case PhotoReceived():
                    self.fetched.append(event)
                case LiveStarted() | Ended():
                    pass

    def meet(self) -> None:
        if not any(isinstance(event, LiveStarted) for event in self.events) and not self.admitted:
            self.admit()

    admitted: bool = False  # by the test, before the session began

    def take(self, records: list[Record]) -> None:
        whole = [record for record in records if not record.header_only]
        self.headers += [record for record in records if record.header_only]
        if whole:
            self.batches.append(whole)
        for record in whole:
            if record.id not in self.refused:
                self.store[record.id] = record
        self.session.committed()

    def give(self, ids: list[RecordId]) -> None:
        self.session.supply([self.store[id_] for id_ in ids if id_ in self.store and id_ not in self.hidden])

    @property
    def live(self) -> bool:
        return any(isinstance(event, LiveStarted) for event in self.events)

    @property
    def ended(self) -> Ended | None:
        return next((event for event in self.events if isinstance(event, Ended)), None)


@dataclass
class Pair:
    """An initiator and a responder. `round_trips` counts how often the initiator waited for an answer."""

    initiator: Side
    responder: Side
    now: float = 0.0
    turns: int = 0
    log: list[tuple[str, bytes]] = field(default_factory=list)

    @classmethod
    def of(
        cls,
        initiator: Side | None = None,
        responder: Side | None = None,
        *,
        acquainted: bool = True,
        introduce: bool = False,
    ) -> Pair:
        """Return two sides who know each other's certificates if `acquainted`; the initiator knows whom it dials."""
        one, other = initiator or Side(Person("Alice")), responder or Side(Person("Bob"))
        if acquainted:
            one.learn(other.person)
            other.learn(one.person)
        one.start(other.person, initiator=True, introduce=introduce)
        other.start(one.person, initiator=False)
        pair = cls(one, other)
        if acquainted:
            one.admit()
            one.admitted = True
        return pair

    def run(self, *, until: int = 10_000) -> Pair:
        """Carry frames until neither side has anything to send, or anything to do at once."""
        for _ in range(until):
            spoke = self._carry(self.initiator, self.responder, ">") | self._carry(self.responder, self.initiator, "<")
            due = False
            for side in (self.initiator, self.responder):
                timer = side.session.next_timer()
                if timer is not None and timer <= self.now:
                    due = True
                    side.handle(side.session.tick(self.now))
            if not spoke and not due:
                return self
        raise AssertionError("they never fall silent")

    def run_until(self, frame: type) -> Pair:
        """Carry frames until one of this type was carried; what is then to be sent waits."""
        before = len(self.log)
        while not any(isinstance(decode_frame(data), frame) for _, data in self.log[before:]):
            spoke = self._carry(self.initiator, self.responder, ">") | self._carry(self.responder, self.initiator, "<")
            assert spoke, f"nobody says {frame.__name__}"
        return self

    def wait(self, seconds: float) -> Pair:
        """Let time pass, timer by timer, frames carried at once."""
        end = self.now + seconds
        self.run()
        while True:
            timers = [side.session.next_timer() for side in (self.initiator, self.responder)]
            due = min((timer for timer in timers if timer is not None), default=end + 1)
            if due > end:
                break
            self.now = max(self.now, due)
            for side in (self.initiator, self.responder):
                side.handle(side.session.tick(self.now))
            self.run()
        self.now = end
        return self

    def _carry(self, sender: Side, receiver: Side, mark: str) -> bool:
        frames = sender.session.frames_to_send()
        if not frames:
            return False
        if not self.log or self.log[-1][0] != mark:
            self.turns += 1
        self.log += [(mark, frame) for frame in frames]
        sender.sent += frames
        receiver.handle(receiver.session.receive_many(frames, self.now))
        return True

    @property
    def frames(self) -> list[Frame]:
        """Return all frames, in order."""
        return [decode_frame(data) for _, data in self.log]

    @property
    def round_trips(self) -> int:
        return (self.turns + 1) // 2

    def bytes_on_the_wire(self) -> int:
        """Return the number of bytes of all frames, each with its length and MAC."""
        return sum(len(data) + 18 for _, data in self.log)


def kinds(pair: Pair) -> Counter[type]:
    """Return how many frames of each type were sent."""
    return Counter(type(frame) for frame in pair.frames)


def settled(pair: Pair) -> None:
    """Assert that both are live and have the same roots, by letting them compare once more."""
    for side in (pair.initiator, pair.responder):
        assert side.live
        assert side.ended is None
    before = len(pair.log)
    pair.wait(LIVE_COMPARE_SECONDS + 1)
    pair.initiator.session.recheck(pair.now)
    pair.run()
    again = pair.frames[before:]
    assert not any(isinstance(frame, Compare | Records) for frame in again)
    assert sum(isinstance(frame, Roots) for frame in again) == 4
