"""Fuzzes what travels on a connection below the session: handshake and channel, frames, reconciliation, enrolment."""

from __future__ import annotations

from collections.abc import Iterator

from protocol import Code, LocalError, RemoteError, decode, limits, photo_hash
from protocol.tokens import WordCode
from protocol.wire import (
    HandshakeRefused,
    MeetDevice,
    MeetPerson,
    MeetProof,
    MeetStart,
    ShownCode,
    TypedCode,
    certificate_in,
    check_enrol,
    check_person,
    decode_known,
    encode_frame,
    enrol,
    meet_person,
)
from protocol.wire.channel import Channel, Responder
from protocol.wire.frames import Enrol, Enrolled, Frame, decode_frame
from protocol.wire.index import Index, Item
from protocol.wire.reconcile import Reconciler, SessionHash
from tests.fuzz.harness import CALLS, Harness, Refused, answer_of
from tests.fuzz.source import Source, as_bytes
from tests.support.channels import answer, dial
from tests.support.malformed_records import rewritten
from tests.support.people import NOW, Person, grown
from tests.support.session_pair import HANDSHAKE_HASH, Pair, Side

ALICE, BOB = Person("Alice"), Person("Bob")
FRIENDS: dict[Person | bytes, int] = {Person(f"Friend {number}"): 900 for number in range(30)}
POLICY = ALICE.policy({**FRIENDS, BOB: 700})
ENROL = enrol(ALICE.keys, HANDSHAKE_HASH)
ENROLLED = Enrolled(ALICE.certificate().wire, (BOB.certificate().wire,), ((ALICE.device, "laptop"),))
CODE = WordCode.drawn(7, b"ab")
SHOWN = ShownCode(CODE, grown("shown", size=64))
MET = meet_person(ALICE.keys, ALICE.certificate(), "Alice", HANDSHAKE_HASH)


def _sample_frames() -> tuple[bytes, ...]:
    """Return the frames of a whole session, one of each form, and those of an enrolment."""
    one, other = Side(ALICE), Side(BOB)
    one.put([ALICE.certificate(), POLICY, *(ALICE.listing(f"Saw {n}") for n in range(40))])
    other.put([BOB.certificate(), BOB.profile(), *(BOB.listing(f"Drill {n}") for n in range(40))])
    pair = Pair.of(one, other, acquainted=False).run()
    one.publish(ALICE.listing("Ladder"))
    pair.run()
    edited = ALICE.policy({**FRIENDS, BOB: 800}, version=3, now=NOW + 2, min_valid_version=1)
    for following in (rewritten(ALICE, POLICY, version=2, min_valid_version=1), edited):  # successors
        one.publish(following)
        pair.run()
    one.session.supersede([ALICE.listing("Saw 1")])
    one.ask_again(BOB.listing("Drill 1"))
    pair.run()
    photo = grown("photo") * 4
    name = photo_hash(BOB.id, photo)
    other.photos[name] = photo
    one.session.photos.fetch(name, len(photo), BOB.id, pair.now)
    pair.run()
    one.session.tell_time()
    one.session.bye(Code.CLOSING)
    pair.run()
    by_form: dict[tuple[type[Frame], int], bytes] = {}
    meeting = (MeetStart(SHOWN.message), MeetProof(grown("proof"), 1), MET, MeetDevice("mdev1"))
    alone = (encode_frame(frame) for frame in (ENROL, ENROLLED, *meeting))
    for data in (*(frame for _, frame in pair.log), *alone):
        by_form.setdefault((type(decode_frame(data)), len(data) // 100), data)
    return tuple(by_form.values())


FRAMES = _sample_frames()


def edited_frame(source: Source) -> bytes:
    """Return the bytes of some frame with changes in it; they may be no frame any longer."""
    sound = source.pick(FRAMES)
    if source.below(8) == 1:
        return source.edited_bytes(sound)
    return as_bytes(source.edited(decode(sound, max_bytes=limits.FRAME_MAX_BYTES)))


def frames(data: bytes) -> None:
    """A frame that is accepted is accepted again as it is written, and says the same."""
    source = Source(data)
    written = data[1:] if source.below(2) else edited_frame(source)
    frame = answer_of(decode_known, written)
    if frame is None or isinstance(frame, Refused):
        return
    assert decode_frame(encode_frame(frame)) == frame
    if isinstance(frame, Enrol):
        answer_of(check_enrol, frame, HANDSHAKE_HASH, ALICE.keys.dh_public)
    if isinstance(frame, Enrolled):
        answer_of(certificate_in, frame, ALICE.id, ALICE.keys)
    if isinstance(frame, MeetPerson):
        answer_of(check_person, frame, HANDSHAKE_HASH)
    if isinstance(frame, MeetStart):
        answer_of(TypedCode(CODE, grown("typed", size=64)).prove, frame, HANDSHAKE_HASH, 1)


def handshake(data: bytes) -> None:
    """Whatever is changed on the way: nothing is heard but what was said, and a stranger gets no byte."""
    source = Source(data)
    initiator: Channel = dial()
    responder: Channel = answer()
    to_say = [b"first", b"second" * 40, b"third"]
    said: dict[Channel, list[bytes]] = {initiator: [], responder: []}
    heard: dict[Channel, list[bytes]] = {initiator: [], responder: []}
    changed = False
    flight, speaker, listener = initiator.data_to_send(), initiator, responder
    for _ in range(8):
        if source.below(4) == 1:
            edited = source.edited_bytes(flight)
            changed = changed or edited != flight
            flight = edited
        came = _received(listener, flight, source)
        if came is None:
            assert changed
            return
        heard[listener] += came
        assert heard[listener] == said[speaker][: len(heard[listener])]
        speaker, listener = listener, speaker
        flight = speaker.data_to_send()
        if speaker.established and to_say:
            said[speaker].append(to_say.pop(0))
            flight += speaker.send(said[speaker][-1])
        if not flight:
            break
    assert changed or (not to_say and heard[responder] == said[initiator] and heard[initiator] == said[responder])


def _received(channel: Channel, flight: bytes, source: Source) -> list[bytes] | None:
    """Return what is heard of a flight that comes in pieces; None if it is refused."""
    heard = []
    cut = source.below(len(flight) + 1)
    for piece in (flight[:cut], flight[cut:]):
        try:
            heard += channel.receive(piece)
        except RemoteError as error:
            refusal: RemoteError = error
        else:
            continue
        assert channel.broken
        assert not channel.data_to_send()
        assert isinstance(refusal, HandshakeRefused) == _is_stranger(channel)
        return None
    return heard


def _is_stranger(channel: Channel) -> bool:
    """Whether this end listens, and no first message has held."""
    if not isinstance(channel, Responder):
        return False
    try:
        channel.psk_name  # noqa: B018  # it raises before a first message has held
    except LocalError:
        return True
    return False


def reconciliation(data: bytes) -> None:
    """Two sides that are honest find out who lacks what; a side that is not ends its own comparison, and nothing else."""
    source = Source(data)
    items: list[set[Item]] = [set(), set()]
    spread = source.pick((1, 5, 1_000))
    for number in range(source.below(300)):
        item = (number % spread, grown("item", number))
        for holder in ((0,), (1,), (0, 1))[source.below(3) if source.below(2) else 2]:
            items[holder].add(item)
    indexes = [Index(one) for one in items]
    sides = [Reconciler(index, SessionHash(HANDSHAKE_HASH, 1, 1)) for index in indexes]
    sides[1].begin()
    message: bytes | None = sides[0].open()
    changed = False
    for turn in range(limits.RECONCILE_MESSAGES_MAX):
        if message is None:
            break
        if source.left and source.below(4) == 1:
            edited = source.edited_bytes(message)
            changed = changed or edited != message
            message = edited
        side = sides[1 - turn % 2]
        if side.done:
            assert changed
            return
        reply = answer_of(side.receive, message)
        if isinstance(reply, Refused):
            assert changed
            return
        assert reply is None or len(reply) <= limits.FRAME_MAX_BYTES
        message = reply
    for number, side in enumerate(sides):
        offered = set(side.offers)
        assert all(item in indexes[number] for item in offered)
        if not changed:
            assert offered <= items[number]
            assert items[number] - items[1 - number] == offered


def _sequences() -> Iterator[bytes]:
    yield b""
    yield from (bytes((spread, count)) + bytes(range(40)) * 4 for spread in range(3) for count in (0, 20, 255))
    yield from (bytes((0, 40, *([1, 1, 1] * at), 1, at, 5)) for at in range(0, 60, 7))


def _frames() -> Iterator[bytes]:
    yield from (b"\1" + frame for frame in FRAMES if len(frame) < 600)
    for first in range(len(FRAMES)):
        yield bytes((0, first, 0))
        yield bytes((0, first, 0, 1, 1, 4, 1, first, 3, 2))


HARNESSES = (
    Harness("frames", frames, _frames, CALLS * 2),
    Harness("handshake", handshake, _sequences, CALLS),
    Harness("reconciliation", reconciliation, _sequences, CALLS * 5),
)
