"""Hands letters over to devices that they were not sealed to, as those that are added later, and takes in what is handed over.

Devices of one person hand each other all letters of exchanges and introductions that they keep, a few at a time and the
open exchanges first, and tell each other the owner's notes. What a device cannot open it asks the others for. To another
person who has a new device, a node hands over the letters of the open exchanges with them: somebody who has lost all
their devices gets the running exchanges back.

Each letter comes as its author has signed it, with the key that opens it, so a reader need not believe the giver. See
"Handing over" in protocol/README.md.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator

from meshnode.app.exchanges import moves
from meshnode.app.letters import kept, letters
from meshnode.app.people import introductions
from meshnode.errors import MeshnodeError
from meshnode.replica.replica import Replica
from meshnode.store import KeptLetter
from protocol import DeviceId, Kind, PersonId, Record, RemoteError, limits
from protocol.letters import Handed, HandoverLetter, Introduction, Move, Note, NoteKind, OpenedLetter

log = logging.getLogger(__name__)

LETTER_ROOM = (
    limits.LETTER_SIZES[-1] - 256
)  # bytes of what a handover holds: its own fields and the padding take the rest
ENTRY_BYTES = 64  # of one entry, beside the records in it
GATHERED_MAX = 16  # notes of a letter that is written again with newer ones; more are not worth their bytes again
_TOLD = "notes told"  # when this device last told others its notes, among the small values of the store


def follow(replica: Replica) -> None:
    """Notice new devices, and write the next letters that hand something over, tell the owner's notes, or ask for letters."""
    if not replica.trust_state.certified(replica.me, replica.device):
        return
    if is_due(replica):
        with replica.transaction():
            _notice(replica)
    try:
        for device in replica.store.handovers.owed_to():
            _hand_over(replica, device)
        _note_to_come(replica)
        _tell_and_ask(replica)
    except MeshnodeError as fault:  # such as too many letters under way: a later look goes on
        log.info("nothing can be handed over now", extra={"why": str(fault)})


def tell_at_once(replica: Replica) -> None:
    """Tell the owner's other devices the notes that they lack, however lately that was done. Errors as `letters`."""
    replica.store.meta.delete(_TOLD)
    _tell_and_ask(replica)


def release_expired(replica: Replica) -> None:
    """Let what was handed over be handed over again where its letter has expired before a device opened it, or is void.

    Call it before letters that have expired are forgotten (`letters.withdraw_finished`).
    """
    store, now, certified = replica.store.handovers, replica.clock.now(), replica.trust_state.certified
    for sent in replica.store.letters.in_transit(to=replica.me):
        if replica.store.records.newest((replica.me, Kind.LETTER, sent.slot)) is None:
            store.release(sent.slot)  # a device wrote it that was revoked since
            replica.store.letters.note_ended(sent.slot)
        elif sent.expires <= now and any(certified(replica.me, device) for device in sent.receipts_due):
            store.release(sent.slot)


def purge(replica: Replica, now: int) -> None:
    """Delete letters that are of no further use, and missing ones that nobody carries at `now` any longer."""
    store = replica.store.handovers
    store.finish()
    store.purge()
    store.purge_missing(now)
    store.trim(limits.KEPT_LETTERS_BYTES)


def is_due(replica: Replica) -> bool:
    """Whether `follow` may have something to do that it had not when it was called last."""
    return replica.store.handovers.looked_at != _state(replica)


def take(replica: Replica, opened: OpenedLetter) -> bool:
    """Take in what is handed over by another device of the owner, or by the other person of an exchange.

    Returns whether anything of it was new to the owner, or came from their own device.
    """
    content = opened.content
    assert isinstance(content, HandoverLetter)
    store, own = replica.store, opened.author == replica.me
    if own:
        if content.letters:
            store.handovers.note_handed(((one.author, one.slot) for one in opened.handed), opened.slot)
            store.handovers.set_active(replica.me, replica.clock.now())
        store.handovers.owe(opened.device, content.missing)
        _take_notes(replica, content.notes, opened.slot)
    signers = {(record.header.author, record.header.device): record for record in content.certificates}
    is_seen = own
    for handed, letter in zip(content.letters, opened.handed, strict=True):
        if _may_hand(replica, opened.author, letter):
            try:
                is_seen |= _take_letter(replica, handed, letter, signers[letter.author, letter.device], own=own)
            except RemoteError as fault:
                log.info("a letter that was handed over made no sense", extra={"code": fault.code.name})
    return is_seen


# --- taking in ---------------------------------------------------------------------------------------------------------


def _may_hand(replica: Replica, giver: PersonId, letter: OpenedLetter) -> bool:
    """Whether `giver` may hand over this letter: the owner's devices any of the owner's, others those of the two alone.

    What a revoked device of the owner has written counts only on the word of the owner's own devices, which had it before.
    """
    if replica.me not in (letter.author, letter.addressee) or letter.author == letter.addressee:
        return False
    if giver == replica.me:
        return True
    is_of_the_two = {letter.author, letter.addressee} == {giver, replica.me}
    is_void = letter.author == replica.me and replica.trust_state.revoked(replica.me, letter.device)
    return is_of_the_two and isinstance(letter.content, Move) and not is_void


def _take_letter(replica: Replica, handed: Handed, letter: OpenedLetter, signer: Record, *, own: bool) -> bool:
    """Let a letter that was handed over take effect, as when it is opened; return whether the owner can see it."""
    content, store, now = letter.content, replica.store.letters, replica.clock.now()
    mine = letter.author == replica.me
    if isinstance(content, Move):
        is_seen = moves.receive(replica, letter, handed=handed.arrived if own else None)
    elif isinstance(content, Introduction):
        is_seen = introductions.take(replica, letter)
    else:
        return False  # of a kind that only a newer version knows
    expires = handed.record.header.expires
    replica.store.handovers.end_missing(letter.author, letter.slot)
    if mine:
        delivered = handed.delivered if own else now
        letters.note_handed(replica, letter, expires, delivered)
    elif expires > now:
        store.note_read(letter.author, letter.slot, until=handed.record.header.latest_expiry + limits.TOMBSTONE_GRACE)
    if is_seen or isinstance(content, Move):
        kept.keep(
            replica,
            handed.record,
            handed.key,
            content,
            addressee=letter.addressee,
            signer=signer,
            arrived=handed.arrived,
        )
    return is_seen


def _take_notes(replica: Replica, notes: Iterable[Note], by: bytes) -> None:
    store = replica.store.own_notes
    for note in notes:
        room = store.count() < limits.OWN_NOTES_MAX or store.get(note.kind, note.key) is not None
        if room and note.stamp <= store.highest_stamp() + limits.HEADROOM:
            store.take(note, by)


# --- noticing ----------------------------------------------------------------------------------------------------------


def _state(replica: Replica) -> object:
    return replica.trust_state.version, replica.trust_state.counterparts


def _notice(replica: Replica) -> None:
    """Note new devices: of the owner, which are to be handed everything, and of people with whom something is open."""
    store, now, state = replica.store.handovers, replica.clock.now(), _state(replica)
    people = {replica.me, *(exchange.other for exchange in replica.store.exchanges.unfinished())}
    for person in sorted(people):
        devices = {one.device for one in replica.trust_state.devices(person)} - {replica.device}
        known = store.noticed(person) - {replica.device}
        new = devices - known
        if person == replica.me:
            store.notice(person, [replica.device], now)
            _notice_own(replica, new, now)
        elif not known:  # the first look: letters were sealed to all of them
            store.notice(person, new, 0)
        elif new and max(store.active(person, device) for device in known) + limits.DAY <= now:
            store.notice(person, new, now)
            _hand_over_to(replica, person)
    store.forget_devices(people)
    store.forget_owed({one.device for one in replica.trust_state.devices(replica.me)})
    store.looked_at = state


def _notice_own(replica: Replica, new: set[DeviceId], now: int) -> None:
    store = replica.store
    store.handovers.notice(replica.me, new, now)
    for device in sorted(new):
        store.handovers.owe_all(device)
    if new:
        store.own_notes.tell_all()


# --- writing -----------------------------------------------------------------------------------------------------------


def _hand_over(replica: Replica, device: DeviceId) -> None:
    """Write the next letters that hand over to `device` what it lacks, if it is this device's turn."""
    store, now = replica.store.handovers, replica.clock.now()
    others = sorted(one.device for one in replica.trust_state.devices(replica.me) if one.device != device)
    if now < store.active(replica.me, device) + others.index(replica.device) * limits.HANDOVER_TURN:
        return
    under_way = replica.store.letters.in_transit(to=replica.me)
    room = min(
        limits.HANDOVERS_TO_ONE_MAX - sum(device in sent.receipts_due for sent in under_way),
        limits.HANDOVERS_MAX - len(under_way),
    )
    for batch in _batches(store.owed(device, max(0, room) * limits.LETTER_ITEMS_MAX)):
        if room <= 0:
            return
        room -= 1
        with replica.transaction():
            slot = letters.send_to_own_devices(replica, _handover(replica, batch), frozenset({device}))
            store.note_handed(((one.record.header.author, one.record.header.slot) for one in batch), slot)
            store.set_active(replica.me, now)


def _note_to_come(replica: Replica) -> None:
    """Note for each device how many letters are still to come for it from this one, where that has changed."""
    store, kind = replica.store, NoteKind.LETTERS_TO_COME
    counts = {device + replica.device: str(count).encode() for device, count in store.handovers.count_owed().items()}
    noted = {key: value for key, value in store.own_notes.of_kind(kind).items() if key.endswith(replica.device)}
    for key in sorted({*counts, *noted}):
        if (value := counts.get(key)) != noted.get(key):
            store.own_notes.set(Note(kind, key, value, store.own_notes.highest_stamp() + 1))


def _hand_over_to(replica: Replica, person: PersonId) -> None:
    """Write to somebody who has a new device the letters of the open exchanges with them, their own as well."""
    store = replica.store
    found = [kept for one in store.exchanges.open_with(person) for kept in store.handovers.of_exchange(one.no)]
    for number, batch in enumerate(_batches(found)):
        if number >= limits.HANDOVERS_TO_OTHER_MAX:
            return
        try:
            letters.send(replica, person, _handover(replica, batch))
        except MeshnodeError as fault:  # such as a block: then nothing is open with them for long
            log.info("nothing can be handed over to somebody", extra={"why": str(fault)})
            return


def _batches(found: Iterable[KeptLetter]) -> Iterator[list[KeptLetter]]:
    """Yield these letters in their order, as many at a time as fit into one."""
    batch: list[KeptLetter] = []
    size, signers = 0, set[bytes]()
    for one in found:
        more = ENTRY_BYTES + len(one.record.wire)
        more += 0 if one.signer.id in signers else len(one.signer.wire) + 8
        if batch and (size + more > LETTER_ROOM or len(batch) >= limits.LETTER_ITEMS_MAX):
            yield batch
            batch, size, signers = [], 0, set()
            more = ENTRY_BYTES + len(one.record.wire) + len(one.signer.wire) + 8
        batch.append(one)
        size += more
        signers.add(one.signer.id)
    if batch:
        yield batch


def _handover(replica: Replica, batch: list[KeptLetter]) -> HandoverLetter:
    sent = replica.store.letters.sent
    handed = []
    for one in batch:
        known = sent(one.record.header.slot) if one.record.header.author == replica.me else None
        handed.append(Handed(one.record, one.key, one.arrived, None if known is None else known.delivered))
    signers = {(one.signer.header.author, one.signer.header.device): one.signer for one in batch}
    return HandoverLetter(tuple(handed), tuple(signers[key] for key in sorted(signers)))


def _tell_and_ask(replica: Replica) -> None:
    """Tell the owner's other devices the notes that they lack, and ask them for letters that this one could not open."""
    others = frozenset(one.device for one in replica.trust_state.devices(replica.me)) - {replica.device}
    store, now = replica.store, replica.clock.now()
    last = int(store.meta.get(_TOLD) or 0)
    if not others or last <= now < last + limits.NOTES_PAUSE:
        return
    missing = tuple(store.handovers.not_asked_for(limits.LETTER_ITEMS_MAX))
    while store.own_notes.untold(1) or missing:
        if len(store.letters.in_transit(to=replica.me)) >= limits.HANDOVERS_MAX:
            return
        with replica.transaction():
            _gather_notes(replica)
            notes = tuple(_fitting(store.own_notes.untold(limits.LETTER_ITEMS_MAX)))
            asked = missing if not notes else ()
            slot = letters.send_to_own_devices(replica, HandoverLetter(notes=notes, missing=asked), others)
            store.own_notes.note_told(notes, slot)
            store.handovers.note_asked(asked)
            store.meta.set(_TOLD, str(now))
        missing = tuple(store.handovers.not_asked_for(limits.LETTER_ITEMS_MAX))


def _gather_notes(replica: Replica) -> None:
    """Take notes out of letters of this device that hold few and are still carried: one letter tells them all.

    Else each edit would add a letter while a device is away. What is taken out fits into the next letter with all that is to
    be told: else two letters could take turns without end.
    """
    store = replica.store
    untold = store.own_notes.untold(limits.LETTER_ITEMS_MAX)
    if not untold:
        return  # a letter that only asks takes none of the others' place, and would wait for its turn without end
    for slot, told in store.own_notes.told_by():
        newest = store.records.newest((replica.me, Kind.LETTER, slot))
        is_ours = newest is not None and newest.body and newest.header.device == replica.device
        together = [*untold, *told]
        fits = len(together) <= limits.LETTER_ITEMS_MAX and len(list(_fitting(together))) == len(together)
        if is_ours and fits and len(told) <= GATHERED_MAX:
            letters.take_back(replica, slot)
            store.handovers.release(slot)
            untold = together


def _fitting(notes: list[Note]) -> Iterator[Note]:
    """Yield the first of these notes, as many as fit into one letter."""
    size = 0
    for note in notes:
        size += ENTRY_BYTES + len(note.key) + len(note.value or b"")
        if size > LETTER_ROOM:
            return
        yield note
