"""Makes parcels: finds for each person what the one rule lets them have and they are not known to hold, and seals it.

What goes into a part is decided by the same served set as in a session, and once more when it is read from the store. So a
parcel carries nothing that a session with that person would not.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice

from msgspec import Struct, field

from meshnode.app.groups import membership
from meshnode.app.letters.letters import readers
from meshnode.app.naming import PersonRef, find, name_of, reference
from meshnode.app.owner import policy
from meshnode.app.parcels import knowledge, photos
from meshnode.app.parcels.knowledge import Knowledge
from meshnode.app.parcels.photos import PhotosToCarry
from meshnode.app.peers.contacts import admits, direct_contacts
from meshnode.app.peers.held_items import item_of, photo_item
from meshnode.app.people.people import pending_cards
from meshnode.errors import Field, Refused
from meshnode.replica.access import Access, access_key
from meshnode.replica.changes import Superseding
from meshnode.replica.replica import Replica
from meshnode.replica.revocation import is_self_revoked
from meshnode.replica.served_set import STEP, ServedSet
from meshnode.slices import Steps
from meshnode.store import RecordState, Row
from protocol import Kind, PersonId, Record, RecordId, Register, device_slot, is_revocation, limits
from protocol.parcels import (
    PARCEL_ENTROPY_BYTES,
    CardClaim,
    Opening,
    ParcelReceipt,
    ParcelReceipts,
    ParcelRecords,
    Part,
    PartWriter,
    beginning,
    boxes_of,
    claim_proof,
    encode_parcel_frame,
    padding_chunk,
    part_key,
    sign_opening,
    size_class,
)
from protocol.session import Phase, turn_of

BATCH_RECORDS = 100  # read from the store in one step, some 5 ms
FRAME_BYTES = 12_000  # of records in one frame, less than a chunk: a cut costs only what is behind it
PART_CHUNKS_MAX = 16_384  # of one person's part, 256 MiB: what is left goes into the next parcel
PARTED_SECONDS = limits.FORMER_WEB_GRACE  # for that long people who have left are told what is superseded

_SERVED = (RecordState.LIVE, RecordState.PAST)
_NOBODY = b""  # the device of an older record that is not known any more: every certificate is sent along


class ParcelOrder(Struct, frozen=True):
    """A parcel to make: for the `people` with these names or ids, or for all your contacts and your other devices.

    With `again` it carries everything that they may have, whether they are known to hold it or not. Without `photos` it
    leaves all photos for later.
    """

    people: tuple[str, ...] = ()
    again: bool = False
    photos: bool = True


class CarriedView(Struct, frozen=True):
    """The part of a parcel that is for one person: how many `records`, and how many of them only take something back.

    `connects` says that your use of their card is in it. `photos` counts photos in it, each with its thumbnail as one, and
    `photos_left` those for which it has no room.
    """

    person: PersonRef
    records: int
    takes_back: int
    connects: bool
    photos: int = 0
    photos_left: int = 0


class ParcelView(Struct, frozen=True):
    """A parcel: its size in bytes, and for whom there is something in it. `id` names it as long as it can be fetched.

    `nothing_new` are people for whom there is nothing new, and `unreachable` those of whom no device is known.
    """

    id: str
    size: int
    people: tuple[CarriedView, ...]
    nothing_new: tuple[PersonRef, ...] = ()
    unreachable: tuple[PersonRef, ...] = ()


class Recipient(Struct, frozen=True):
    """A person for whom a part is made, and their letter keys. One who is `parted` is only told what is superseded."""

    person: PersonId
    letter_keys: tuple[bytes, ...]
    parted: bool


class SealedPart(Struct):
    """A part whose chunks were given out: where it lies among them, and what is in it."""

    recipient: Recipient
    id: bytes
    key: bytes
    first: int
    count: int = 0
    records: int = 0
    takes_back: int = 0
    connects: bool = False
    photos: int = 0
    photos_left: int = 0
    items: list[bytes] = field(default_factory=list)
    receipts: tuple[ParcelReceipt, ...] = ()


class MadeParcel(Struct, frozen=True):
    """A parcel: its beginning, and how its chunks follow each other: `front` of noise, those given out, and noise again."""

    beginning: bytes
    front: int
    spooled: int
    chunks: int
    entropy: bytes
    parts: tuple[SealedPart, ...]

    @property
    def size(self) -> int:
        """Its length in bytes."""
        return len(self.beginning) + self.chunks * limits.PARCEL_CHUNK_BYTES

    def before(self) -> Iterator[bytes]:
        """Yield what comes before the chunks that were given out."""
        yield self.beginning
        yield from (padding_chunk(self.entropy, number) for number in range(self.front))

    def after(self) -> Iterator[bytes]:
        """Yield what comes after the chunks that were given out."""
        for number in range(self.front, self.chunks - self.spooled):
            yield padding_chunk(self.entropy, number)


class Plan(Struct, frozen=True):
    """The people for whom a parcel is to be made, and those of whom no device is known."""

    recipients: tuple[Recipient, ...]
    unreachable: tuple[PersonId, ...]
    again: bool
    photos: bool


def plan(replica: Replica, order: ParcelOrder) -> Plan:
    """Return for whom the parcel is to be made.

    Raises NotFound or Ambiguous for a name, Refused where the owner blocks that person, nobody is there to carry to, there
    are too many, or this device may not act for the owner.
    """
    if is_self_revoked(replica) or not replica.trust_state.certified(replica.me, replica.device):
        raise Refused(
            "this device can no longer act for you",
            "it was revoked, or its certificate has expired. 'meshnode status' shows which",
        )
    wanted = [_named(replica, name) for name in order.people] or _usual(replica)
    found, unreachable = [], []
    for person in dict.fromkeys(wanted):
        keys = _letter_keys(replica, person)
        if keys:
            found.append(Recipient(person, keys, not admits(replica, person, frozenset())))
        elif person != replica.me or order.people:
            unreachable.append(person)
    if sum(len(one.letter_keys) for one in found) > limits.PARCEL_BOXES_MAX:
        raise Refused("these are too many people for one parcel", "name those whom it is for", field=Field.PERSON)
    return Plan(tuple(sorted(found, key=lambda one: one.person)), tuple(unreachable), order.again, order.photos)


def _named(replica: Replica, name: str) -> PersonId:
    person = find(replica, name)
    if policy.blocks(replica, person):
        raise policy.blocked(name_of(replica, person), Field.PERSON)
    return person


def _usual(replica: Replica) -> list[PersonId]:
    """Return everybody whom a parcel is for that names nobody: contacts, own devices, and people who have just parted."""
    counterparts = sorted(replica.trust_state.counterparts)
    met = replica.store.parcels.people_of_sessions(since=replica.clock.now() - PARTED_SECONDS)
    return [*direct_contacts(replica), *counterparts, *replica.store.parcels.people(), *met]


def _letter_keys(replica: Replica, person: PersonId) -> tuple[bytes, ...]:
    return tuple(one.letter_public for one in readers(replica, person))


def making(replica: Replica, wanted: Plan, give: Callable[[bytes], object]) -> Steps[MadeParcel]:
    """Give out the chunks of all parts, one after the other, and return what it takes to put the parcel together."""
    entropy = replica.entropy(PARCEL_ENTROPY_BYTES)
    parts: list[SealedPart] = []
    spooled, room = 0, photos.OF_A_PARCEL_BYTES if wanted.photos else 0
    order = sorted(wanted.recipients, key=lambda _: replica.entropy(8))  # where a part lies tells nobody whose it is
    for number, recipient in enumerate(order):
        part = SealedPart(recipient, replica.entropy(16), part_key(entropy, number), spooled)
        room -= yield from _making_part(replica, part, again=wanted.again, photo_room=room, give=give)
        if part.count:
            parts.append(part)
            spooled += part.count
    boxes = sum(len(part.recipient.letter_keys) for part in parts)
    chunks = size_class(max(spooled, 1), boxes)
    front = int.from_bytes(replica.entropy(4), "big") % (chunks - spooled + 1)
    places = [(Part(part.key, front + part.first, part.count), part.recipient.letter_keys) for part in parts]
    begun = yield from beginning(places, chunks, entropy)
    assert len(begun) > boxes_of(chunks), "head and boxes"
    return MadeParcel(begun, front, spooled, chunks, entropy, tuple(parts))


def note_handed_over(replica: Replica, made: MadeParcel) -> None:
    """Remember what is in a parcel that has left: the people in it count as holding that for some days."""
    with replica.transaction():
        for part in made.parts:
            knowledge.note_made(replica, part.id, part.recipient.person, part.items, part.receipts)


def view(replica: Replica, wanted: Plan, made: MadeParcel, name: str) -> ParcelView:
    """Return the parcel in words."""
    carried = {part.recipient.person: part for part in made.parts}
    rest = [one.person for one in wanted.recipients if one.person not in carried and not one.parted]
    return ParcelView(
        id=name,
        size=made.size if made.parts else 0,
        people=tuple(
            sorted(
                (
                    CarriedView(
                        person=reference(replica, person),
                        records=part.records,
                        takes_back=part.takes_back,
                        connects=part.connects,
                        photos=part.photos,
                        photos_left=part.photos_left,
                    )
                    for person, part in carried.items()
                ),
                key=lambda one: (one.person.name.casefold(), one.person.id),
            )
        ),
        nothing_new=_references(replica, rest),
        unreachable=_references(replica, wanted.unreachable),
    )


def _references(replica: Replica, people: Iterable[PersonId]) -> tuple[PersonRef, ...]:
    found = [reference(replica, person) for person in people]
    return tuple(sorted(found, key=lambda one: (one.name.casefold(), one.id)))


# --- one part --------------------------------------------------------------------------------------------------------


def _making_part(
    replica: Replica, part: SealedPart, *, again: bool, photo_room: int, give: Callable[[bytes], object]
) -> Steps[int]:
    """Give out the chunks of one person's part, none if there is nothing new for them; return the bytes of photos in it."""
    person, parted = part.recipient.person, part.recipient.parted
    known = yield from Knowledge.gathering(replica, person)
    if parted and known.last + PARTED_SECONDS < replica.clock.now():
        replica.store.parcels.forget_person(person)
        return 0
    served = ServedSet(replica.store, replica.access, replica.clock, replica.me, person, closed=parted)
    wanted = yield from _wanted(replica, served, known, again=again)
    newer = yield from _superseding(replica, served, known)
    lent = served.add_certificates_for(newer)
    certificates = [record_id for _, record_id in lent if again or not known.has(record_id)]
    wanted[:0] = certificates
    last_words = _last_letters(replica, person) if parted else []
    last_words = [one for one in last_words if not known.has(one.id)]
    claim = None if parted else _claim(replica, person)
    part.connects = claim is not None
    room = min(photo_room, photos.OF_A_PERSON_BYTES)
    pictures = (yield from photos.finding(replica, served, known, again=again, room=room)) if room else PhotosToCarry()
    due = knowledge.ReceiptsDue() if parted else knowledge.receipts_due(replica, person)
    news = wanted or newer or last_words or pictures.named or due.untold
    if not news and (claim is None or (known.last and not again)):
        return 0
    writer = PartWriter(part.key)
    _put(writer, _opening(replica, part, claim), give)
    for receipt in due.receipts:  # one that names many records fills a sixth of a frame
        _put(writer, encode_parcel_frame(ParcelReceipts((receipt,))), give)
    part.receipts = due.receipts
    headers = [one.newest.without_body() for one in newer]
    first = wanted[: len(certificates)]
    yield from _putting(replica, served, part, writer, first, give)
    _put_records(writer, part, [*headers, *last_words], give)
    yield from _putting(replica, served, part, writer, wanted[len(certificates) :], give)
    fitting = pictures.named if writer.chunks < PART_CHUNKS_MAX else []
    done = yield from photos.putting(replica, served, fitting, partial(_put, writer, give=give))
    part.items += [photo_item(photo.hash) for photo in done]
    part.photos = sum(not photo.thumbnail for photo in done)
    part.photos_left = pictures.left + sum(not photo.thumbnail for photo in pictures.named) - part.photos
    for chunk in writer.finish():
        give(chunk)
    part.count = writer.chunks
    return sum(photo.size for photo in done)


def _wanted(replica: Replica, served: ServedSet, known: Knowledge, *, again: bool) -> Steps[list[RecordId]]:
    """Return the ids of what the person may have and is not known to hold; what takes something back goes first."""
    ids: list[RecordId] = []
    for phase in Phase:
        index = yield from served.filling(phase)
        found = [record_id for _, record_id in index.items(0, len(index))]  # of one moment: the next step may change it
        for start in range(0, len(found), STEP):
            yield
            ids += [one for one in found[start : start + STEP] if again or not known.has(one)]
        yield
    sorted_parts: list[list[tuple[tuple[int, int, int], RecordId]]] = []
    for start in range(0, len(ids), STEP):
        rows = replica.store.records.rows_of(ids[start : start + STEP])
        sorted_parts.append(sorted((_order(row), row.id) for row in rows))
        yield
    ordered: list[RecordId] = []
    merged = heapq.merge(*sorted_parts)  # sorting all at once would hold the node for a tenth of a second
    while some := [record_id for _, record_id in islice(merged, STEP)]:
        ordered += some
        yield
    return ordered


def _order(row: Row) -> tuple[int, int, int]:
    """Return the sort key of a record in a part: certificates and policies, what takes back, and the newest of the rest."""
    graph = row.kind in {Kind.DEVICE, Kind.POLICY}
    turn = 0 if graph else 1 if row.withdrawn else 2
    revokes = row.kind == Kind.DEVICE and row.version == limits.INT_MAX
    return turn, -1 if revokes else turn_of(row.kind), -row.created


def _superseding(replica: Replica, served: ServedSet, known: Knowledge) -> Steps[list[Superseding]]:
    """Return the newest headers of those registers of which the person may hold an older version and may not have the newest."""
    if not known.anything:
        return []
    suspects: dict[Register, RecordId] = {}
    rows = replica.store.records.rows(states=(*_SERVED, RecordState.HEADER, RecordState.SUSPENDED))
    while some := list(islice(rows, STEP)):
        for row in some:
            if known.may_hold_older(row.register, row.id):
                suspects[row.register] = row.id
        yield
    found: list[Superseding] = []
    for number, register in enumerate(sorted(suspects)):
        newest = replica.store.records.newest(register)
        if newest is not None and known.may_hold_older(register, newest.id) and not served.allows_any([newest.id]):
            found.append(Superseding(newest, _NOBODY))
        if number % BATCH_RECORDS == 0:
            yield
    return found


def _last_letters(replica: Replica, person: PersonId) -> list[Record]:
    """Return the owner's last letters to somebody who has parted: they call off what the two had agreed."""
    found = []
    for sent in replica.store.letters.in_transit():
        letter = replica.store.records.newest((replica.me, Kind.LETTER, sent.slot)) if sent.is_last else None
        if sent.addressee == person and letter is not None and letter.body:
            row = replica.store.records.rows_of([letter.id])[0]
            if replica.access.decide(person, access_key(row)) is Access.ALLOW:
                found.append(letter)
    return found


def _claim(replica: Replica, person: PersonId) -> CardClaim | None:
    """Return our use of the card that this person gave us, if they have not answered it yet."""
    cards = [card for card in pending_cards(replica) if card.giver == person]
    return CardClaim(cards[-1].id, claim_proof(cards[-1].secret, replica.me, person)) if cards else None


def _opening(replica: Replica, part: SealedPart, claim: CardClaim | None) -> bytes:
    certificate = replica.store.records.current((replica.me, Kind.DEVICE, device_slot(replica.device)))
    assert certificate is not None, "a node without a certificate does not start"
    shown = membership.joins_to_show(replica, part.recipient.person)
    opening = Opening(part.id, replica.clock.now(), part.recipient.person, claim)
    records = (certificate.wire, *(record.wire for record in shown))
    return encode_parcel_frame(sign_opening(opening, part.key, records, replica.keys.sign))


def _putting(
    replica: Replica,
    served: ServedSet,
    part: SealedPart,
    writer: PartWriter,
    ids: list[RecordId],
    give: Callable[[bytes], object],
) -> Steps[None]:
    """Write these records, as far as the person may have them at that moment, until the part is full."""
    for start in range(0, len(ids), BATCH_RECORDS):
        if writer.chunks >= PART_CHUNKS_MAX:
            return
        records, _ = served.supply(ids[start : start + BATCH_RECORDS])
        _put_records(writer, part, records, give)
        yield


def _put_records(
    writer: PartWriter, part: SealedPart, records: Iterable[Record], give: Callable[[bytes], object]
) -> None:
    frame: list[bytes] = []
    size = 0
    for record in records:
        wire = record.wire
        if frame and size + len(wire) > FRAME_BYTES:
            _put(writer, encode_parcel_frame(ParcelRecords(tuple(frame))), give)
            frame, size = [], 0
        frame.append(wire)
        size += len(wire) + 3
        part.items.append(item_of(record.register, record.id))
        part.records += 1
        part.takes_back += record.withdrawn or record.header_only or is_revocation(record.header)
    if frame:
        _put(writer, encode_parcel_frame(ParcelRecords(tuple(frame))), give)


def _put(writer: PartWriter, frame: bytes, give: Callable[[bytes], object]) -> None:
    for chunk in writer.add(frame):
        give(chunk)
