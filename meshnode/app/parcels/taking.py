"""Takes parcels in: proves who has sent the part, and passes its records through the one door, as a session does.

A parcel is a peer's bytes: its sender is admitted as in a session, or is not, and every record is verified, judged and
metered. What came before a fault or a cut is kept, since every record proves itself and what takes back comes first.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct, field

from meshnode.app.naming import PersonRef, name_of, reference
from meshnode.app.parcels import knowledge
from meshnode.app.parcels.photos import PhotoIntake
from meshnode.app.peers.contacts import admits, keep_keys
from meshnode.app.peers.held_items import item_of, prefix
from meshnode.app.peers.identifying import TurnedAway, keep_shown, welcome
from meshnode.app.people import cards
from meshnode.errors import Refused
from meshnode.quoting import named
from meshnode.replica.parts import in_parts
from meshnode.replica.refused_record import UNREADABLE
from meshnode.replica.replica import Replica
from meshnode.replica.revocation import is_self_revoked
from meshnode.slices import Steps
from protocol import Code, DeviceId, PersonId, Record, RecordId, RemoteError, limits, parse_person
from protocol.parcels import (
    CardClaim,
    ParcelFrame,
    ParcelPhoto,
    ParcelReader,
    ParcelReceipts,
    ParcelRecords,
    SignedOpening,
    proves,
)
from protocol.session import PeerIdentified, ToldTime

PIECE_BYTES = 16 * 1024  # read in one step: some 20 ms where all of it is boxes
BATCH_BYTES = 320 * 1024  # of frames that are taken in together: some 700 posts, whose commit holds the node for 60 ms
_ENTRY_BYTES = 64  # of memory for a frame, and for each thing in it, however short: measured
_NO_RUN = bytes(limits.RUN_BYTES)  # a parcel is no run of a program
_NO_TIME = ToldTime(0, 32)  # nor does it tell the time: it may have been under way for weeks


class TakenView(Struct, frozen=True):
    """A parcel that was taken in: who has made it, and when; how many `records` it had, and how many were `new` here.

    `photos` is the number of photos that were new here. `connected` says that by it the two of you are connected now, and `again` that it was taken in before.
    """

    person: PersonRef
    made: int
    records: int
    new: int
    connected: bool
    again: bool
    photos: int = 0


class ParcelIntake:
    """Takes in one parcel, as its bytes arrive.

    Pass pieces of the file to `receive`, take its steps, and go on until `done` or until the file ends; then take the steps of
    `finish`. Both raise Refused, in one line for the owner, where the parcel is not to be taken in, or not to its
    end; then nothing more is to be passed in. Used in the store thread.
    """

    def __init__(self, replica: Replica) -> None:
        self._replica = replica
        self._reader = ParcelReader((replica.keys.letter_private, *replica.former_letter_keys))
        self._sender: _Sender | None = None
        self._frames: list[ParcelFrame] = []
        self._waiting = 0  # bytes of memory for the frames that have come and are not taken in

    @property
    def done(self) -> bool:
        """Whether all that is for this reader has come: the rest of the file says nothing to it."""
        return self._reader.done

    def receive(self, data: bytes) -> Steps[None]:
        """Take in the next bytes of the file."""
        for start in range(0, len(data), PIECE_BYTES):
            try:
                frames = self._reader.receive(data[start : start + PIECE_BYTES])
            except RemoteError as error:
                yield from self._end_early(error, self._reader.taken())
                return
            yield from self._take(frames)
            yield

    def finish(self) -> Steps[TakenView]:
        """Note that the file has ended, take in what waits, and return what was done."""
        try:
            self._reader.finish()
        except RemoteError:
            yield from self._end_early(None, [])
        sender = self._sender
        assert sender is not None, "a part that is whole has an opening"
        yield from self._flush(sender)
        return (yield from _finishing(self._replica, sender, whole=True))

    def _take(self, frames: Sequence[ParcelFrame]) -> Steps[None]:
        for frame in frames:
            if isinstance(frame, SignedOpening):
                self._sender = _begin(self._replica, frame, self._reader.key)
            else:
                self._waiting += _memory_of(frame)
                self._frames.append(frame)
            if self._sender is not None and self._waiting >= BATCH_BYTES:
                yield from self._flush(self._sender)

    def _flush(self, sender: _Sender) -> Steps[None]:
        frames, self._frames, self._waiting = self._frames, [], 0
        fault = yield from _taking(self._replica, sender, frames)
        if fault is not None:
            view = yield from _finishing(self._replica, sender, whole=False)
            raise _broken(self._replica, view, RemoteError(fault))

    def _end_early(self, error: RemoteError | None, frames: Sequence[ParcelFrame]) -> Steps[None]:
        """Keep what came before a fault, or before the cut without one, and raise what is wrong."""
        yield from self._take(frames)
        if self._sender is None:
            raise _refusal(error)
        yield from self._flush(self._sender)
        view = yield from _finishing(self._replica, self._sender, whole=False)
        raise _broken(self._replica, view, error)


def _memory_of(frame: ParcelFrame) -> int:
    """Return an estimate of the memory of a frame that has come, in bytes."""
    match frame:
        case ParcelRecords(entries):
            return _ENTRY_BYTES + sum(_ENTRY_BYTES + len(entry) for entry in entries)
        case ParcelReceipts(entries):
            return _ENTRY_BYTES + sum(_ENTRY_BYTES * (1 + len(entry.not_taken)) for entry in entries)
        case ParcelPhoto(_, data):
            return _ENTRY_BYTES + len(data)
        case SignedOpening():
            return _ENTRY_BYTES


class _Sender(Struct):
    """The sender of a parcel whose opening was found good, and what has come from them by it so far."""

    person: PersonId
    device: DeviceId
    parcel: bytes
    made: int
    vouched: bool
    again: bool
    came: int = 0
    new: int = 0
    items: bytearray = field(default_factory=bytearray)
    not_taken: dict[RecordId, None] = field(default_factory=dict)
    photos: PhotoIntake | None = None


def _begin(replica: Replica, signed: SignedOpening, key: bytes) -> _Sender:
    """Find out who has sent the part with this key, and whether anything is taken from them.

    A card of the owner's that they use is redeemed. Raises Refused where nothing is taken; nothing has changed then.
    """
    try:
        certificate, shown = signed.check(key, replica.me)
    except RemoteError as error:
        raise _refusal(error) from error
    header = certificate.header
    person, device = header.author, header.device
    if is_self_revoked(replica):
        raise Refused("this device was revoked: it takes nothing in", "'meshnode status' shows what to do")
    if (person, device) == (replica.me, replica.device):
        raise Refused("this parcel is your own", "give it to the people whom it is for")
    vouched = _vouches(replica, person)
    graph = replica.trust_state.graph
    if replica.trust_state.revoked(person, device) or graph.blocked_either_way(replica.me, person):
        raise _outsider()
    event = PeerIdentified(person, device, certificate, _NO_TIME, 1, _NO_RUN, shown)
    if signed.opening.claim is not None:
        _redeem(replica, signed.opening.claim, person)
    answer = welcome(replica, event)
    if isinstance(answer, TurnedAway):
        raise _outdated() if answer.code is Code.EXPIRED else _outsider()
    keep_shown(replica, event, answer)
    again = replica.store.parcels.has_come(signed.opening.parcel)
    return _Sender(person, device, signed.opening.parcel, signed.opening.made, vouched, again)


def _taking(replica: Replica, sender: _Sender, frames: Sequence[ParcelFrame]) -> Steps[Code | None]:
    """Take in what these frames say, in parts, each committed in a step of its own; return the first fault.

    What is on its way with a record that is at fault is kept, as in a session.
    """
    records: list[Record] = []
    fault: Code | None = None
    receipts = [one for frame in frames if isinstance(frame, ParcelReceipts) for one in frame.entries]
    yield from knowledge.acknowledging(replica, sender.person, sender.device, receipts)
    for frame in frames:
        if isinstance(frame, ParcelRecords):
            try:
                records += [Record.parse(wire) for wire in frame.entries]
            except RemoteError as error:
                fault = error.code
                break
            yield
    for part, _ in in_parts(records, replica.me):
        outcome = replica.ingest.receive(part, sender.person, more=True)
        replica.changes.deliver()
        faulty = {record.id for record, _ in outcome.faults}
        sender.came += len(part)
        sender.new += len(outcome.stored)
        sender.items += b"".join(item_of(record.register, record.id) for record in part if record.id not in faulty)
        later = [one.id for one in outcome.later if one.reason != UNREADABLE]
        sender.not_taken |= dict.fromkeys(later[: limits.PARCEL_NOT_TAKEN_MAX - len(sender.not_taken)])
        if outcome.faults and fault is None:
            fault = outcome.faults[0][1]
        yield
    photos = [frame for frame in frames if isinstance(frame, ParcelPhoto)]
    if photos and fault is None:
        fault = yield from _taking_photos(replica, sender, photos)
    return fault


def _taking_photos(replica: Replica, sender: _Sender, frames: Sequence[ParcelPhoto]) -> Steps[Code | None]:
    """Take in photos, which come behind all records; return the first fault."""
    if sender.photos is None:
        sender.photos = PhotoIntake(replica, sender.person)
        sender.new += len(replica.ingest.receive([], sender.person).stored)  # what waited for further records
        replica.changes.deliver()
    for frame in frames:
        try:
            sender.photos.take(frame)
        except RemoteError as error:
            return error.code
        yield
    return None


def _finishing(replica: Replica, sender: _Sender, *, whole: bool) -> Steps[TakenView]:
    """Note what has come, decide about what waited for the rest, and return what was done."""
    person = sender.person
    sender.new += len(replica.ingest.receive([], person).stored)
    yield
    if sender.photos is not None:
        sender.items += sender.photos.items
        room = limits.PARCEL_NOT_TAKEN_MAX - len(sender.not_taken)
        sender.not_taken |= dict.fromkeys(sender.photos.no_room[: max(0, room)])
    if sender.items:
        yield from knowledge.noting_held(replica, person, sender.device, bytes(sender.items))
    if whole:
        refused, now = b"".join(map(prefix, sender.not_taken)), replica.clock.now()
        told = (
            0 if sender.came or sender.photos is not None else now
        )  # receipts alone call for none, or the two would write to each other for ever
        replica.store.parcels.add_came(sender.parcel, person, now, refused, told=told, keep=knowledge.CAME_KEPT)
    if replica.trust_state.graph.weight(replica.me, person) > 0 or person == replica.me:
        keep_keys(replica, person)
    if replica.trust_state.graph.weight(person, replica.me) > 0:
        cards.stop_presenting(replica, person)
    return TakenView(
        person=reference(replica, person),
        made=sender.made,
        records=sender.came,
        new=sender.new,
        connected=not sender.vouched and _vouches(replica, person),
        again=sender.again,
        photos=sender.photos.kept if sender.photos is not None else 0,
    )


def _refusal(error: RemoteError | None) -> Refused:
    """Return what is wrong with a parcel, in one line for the person who took it in; without an error it is cut short."""
    if error is None:
        return Refused("this parcel is cut short", "ask for it again")
    if error.code is Code.VERSION:
        return Refused("this parcel was made by a newer version of meshnode", "update yours")
    if error.code is Code.REFUSED:
        return Refused(
            "nothing in this parcel is for you", "it may be meant for somebody else, or damaged. Ask whoever gave it"
        )
    if error.code is Code.OVERSIZED:
        return Refused("this is no parcel that can be taken in: it is too large", "ask for a new one")
    return Refused("this is no parcel, or it is damaged", "ask for it again")


def _broken(replica: Replica, view: TakenView, error: RemoteError | None) -> Refused:
    """Return the error for a parcel of which a part was taken in before it turned out to be cut short or damaged."""
    name = named(name_of(replica, parse_person(view.person.id)))
    if error is None:
        return Refused(
            "this parcel is cut short: what came before the cut was kept (new here: {new})",
            "ask {name} for it again",
            new=view.new,
            name=name,
        )
    return Refused(
        "this parcel is damaged: what came before the damage was kept (new here: {new})",
        "ask {name} for it again",
        new=view.new,
        name=name,
    )


def _outdated() -> Refused:
    return Refused(
        "the computer that made this parcel has not renewed its certificate for too long",
        "ask its owner for a new one",
    )


def _outsider() -> Refused:
    return Refused(
        "you are not connected with the person who made this parcel",
        "add their card, or give them yours, then take it in again",
    )


def _vouches(replica: Replica, person: PersonId) -> bool:
    graph = replica.trust_state.graph
    return graph.weight(replica.me, person) > 0 and graph.weight(person, replica.me) > 0


def _redeem(replica: Replica, claim: CardClaim, person: PersonId) -> None:
    issued = replica.store.cards.issued(claim.card)
    if issued is None or not proves(claim, issued.secret, person, replica.me):
        return  # then it is as if they had no card
    code = cards.redeem(replica, claim.card, person)
    if code is Code.BUSY:
        raise Refused(
            "somebody uses a card of yours, and has to wait for your word",
            "'meshnode status' shows who. Then take the parcel in again",
        )
    if code is not None and not admits(replica, person, frozenset()):
        raise Refused(
            "this parcel uses a card of yours that has expired or was used by others", "give its sender a new card"
        )
