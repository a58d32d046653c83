"""Writes receipts: tells the authors of letters which of their letters the owner's devices have opened.

A node writes receipts by itself, so they say as little as they can, and take up as little as they can, whatever others
send. There is one for each person, however many letters they write. It names only letters that had an effect which the
owner can see, and only to people for whom the owner vouches or with whom the owner has an exchange. It waits for a while
that is drawn at random, and its header tells the hour alone. See "Receipts" in protocol/README.md.
"""

from __future__ import annotations

from meshnode.app.letters import letters
from meshnode.app.owner import receipt_choice
from meshnode.errors import Refused
from meshnode.replica.authoring import withdraw
from meshnode.replica.replica import Replica
from meshnode.store.receipts import OpenedLetterRow
from protocol import Kind, PersonId, limits
from protocol.letters import Opened, OpenedLetter, Receipt, device_tag, receipt_slot


def note_opened(replica: Replica, author: PersonId, slot: bytes, expires: int, *, is_seen: bool) -> None:
    """Let the next receipt name a letter of `author` that this device has opened; it is carried until `expires` without one.

    `is_seen` says that it had an effect which the owner can see. What another device of the owner names, this one does too:
    it may not know what it was about.
    """
    store = replica.store.receipts
    if not _may_know(replica, author):
        return
    if not is_seen and all(row.slot != slot for row in store.opened(author)):
        return
    if not store.has(author) and store.count() >= limits.RECEIPTS_MAX and not _is_near(replica, author):
        return
    with replica.transaction():
        store.add_opened(author, slot, device_tag(replica.device), expires=expires, named=False)
        store.set_due(author, replica.clock.now() + _delay(replica))
        replica.ingest.exchanges_changed()  # until the receipt has come, the two stay in touch


def note_seen(replica: Replica, author: PersonId, slot: bytes) -> None:
    """Let the next receipt name a letter that was opened before, and whose effect the owner can see only now.

    One that is no longer carried needs none.
    """
    letter = replica.store.records.current((author, Kind.LETTER, slot))
    if letter is not None and letter.body:
        note_opened(replica, author, slot, letter.header.expires, is_seen=True)


def take(replica: Replica, opened: OpenedLetter, expires: int) -> None:
    """Take in a receipt: by an addressee of the owner's letters, or by another device of the owner."""
    assert isinstance(opened.content, Receipt)
    if opened.author != replica.me:
        for one in opened.content.opened:
            _note_arrival(replica, opened.author, one, arrived=replica.clock.now())
        return
    if opened.addressee == replica.me:
        for one in opened.content.opened:
            _note_arrival(replica, replica.me, one, arrived=None)
    _follow_own_device(replica, opened.addressee, opened.content, expires)


def write_due(replica: Replica) -> None:
    """Write the receipts that are due, withdraw those that have no letter left to name, and note what will be due."""
    now, store = replica.clock.now(), replica.store.receipts
    for person in store.people():
        if not _may_know(replica, person) or replica.trust_state.graph.blocked_either_way(replica.me, person):
            end(replica, person)
    store.forget_ended(now)
    for person in store.unsettled():
        store.set_due(person, now + _delay(replica))
    for person, due in store.due():
        if due <= now or due > now + limits.RECEIPT_DELAY_MAX + limits.DAY:  # the clock was ahead
            store.postpone(person, now + limits.RECEIPT_DELAY_MAX)  # tried again then, should it fail
            replica.guard.step("writing a receipt", _write, replica, person, now, item=person.hex())


def is_due(replica: Replica) -> bool:
    """Whether `write_due` has something to write now."""
    wait = seconds_until_due(replica)
    return wait is not None and wait <= 0


def seconds_until_due(replica: Replica) -> float | None:
    """Return after how many seconds `write_due` has something to write; None while nothing is due."""
    due = replica.store.receipts.due()
    return float(due[0][1] - replica.clock.now()) if due else None


def end(replica: Replica, person: PersonId) -> None:
    """Withdraw the receipt for `person`, and name none of their letters any longer."""
    with replica.transaction():
        _withdraw(replica, person)
        replica.store.receipts.forget(person)
        replica.ingest.exchanges_changed()


# --- inside ----------------------------------------------------------------------------------------------------------


def _may_know(replica: Replica, person: PersonId) -> bool:
    """Whether `person` may learn that the owner's devices have opened what they wrote; these tell each other always."""
    if person == replica.me:
        return True
    if not receipt_choice.are_on(replica):
        return False
    if _is_near(replica, person) or replica.store.exchanges.count_with(person) > 0:
        return True
    return replica.store.receipts.named_by_others(person, device_tag(replica.device))


def _is_near(replica: Replica, person: PersonId) -> bool:
    return person == replica.me or replica.trust_state.graph.weight(replica.me, person) > 0


def _delay(replica: Replica) -> int:
    span = limits.RECEIPT_DELAY_MAX - limits.RECEIPT_DELAY_MIN + 1
    return limits.RECEIPT_DELAY_MIN + int.from_bytes(replica.entropy(8)) % span


def _note_arrival(replica: Replica, reader: PersonId, one: Opened, *, arrived: int | None) -> None:
    """Note that devices of `reader` have opened a letter of the owner, if it was for `reader` or they are the owner."""
    sent = replica.store.letters.sent(one.slot)
    if sent is None or reader not in (sent.addressee, replica.me):
        return
    for device in one.devices:
        replica.store.letters.note_receipt(sent.slot, device, arrived=arrived)


def _follow_own_device(replica: Replica, person: PersonId, receipt: Receipt, expires: int) -> None:
    """Keep what another device of the owner says in the receipt for `person`; write it again if it leaves this one out."""
    store, own = replica.store.receipts, device_tag(replica.device)
    with replica.transaction():
        store.note_named(person, ())
        for one in receipt.opened:
            for device in one.devices:
                store.add_opened(person, one.slot, device, expires=expires, named=True)
            if own not in one.devices and replica.store.letters.was_read(person, one.slot):
                store.add_opened(person, one.slot, own, expires=expires, named=False)
        left_out = any(row.device == own and not row.named for row in store.opened(person))
        now = replica.clock.now()
        store.set_due(person, now + _delay(replica))
        if not left_out:
            store.postpone(person, None)


def _write(replica: Replica, person: PersonId, now: int) -> None:
    """Write the next version of the receipt for `person`, or put it off to the next day if there are too many."""
    store, day = replica.store.receipts, now // limits.DAY
    chosen = _chosen(store.opened(person))
    if chosen and all(row.named for rows in chosen for row in rows):
        store.postpone(person, None)
        return
    if store.written(day, person) >= limits.RECEIPTS_A_DAY or store.written(day) >= limits.RECEIPTS_OF_ALL_A_DAY:
        store.postpone(person, (day + 1) * limits.DAY + _delay(replica))
        return
    with replica.transaction():
        if not chosen:
            _withdraw(replica, person)
            store.forget(person)
            replica.ingest.exchanges_changed()
            return
        named = [Opened(rows[0].slot, tuple(sorted(row.device for row in rows))) for rows in chosen]
        expires = max(row.expires for rows in chosen for row in rows)
        try:
            letters.post_receipt(replica, person, Receipt(tuple(sorted(named))), expires)
        except Refused:  # no device of theirs is known, or this one may not write, by now
            store.postpone(person, None)
            return
        store.note_named(person, [one.slot for one in named])
        store.note_written(person, day)


def _chosen(opened: list[OpenedLetterRow]) -> list[list[OpenedLetterRow]]:
    """Return the letters that one receipt names, each with the devices that have opened it."""
    by_slot: dict[bytes, list[OpenedLetterRow]] = {}
    for row in opened:  # those that expire first come first
        by_slot.setdefault(row.slot, []).append(row)
    chosen = list(by_slot.values())[: limits.RECEIPT_LETTERS_MAX]
    return [rows[: limits.LETTER_DEVICES_MAX] for rows in chosen]


def _withdraw(replica: Replica, person: PersonId) -> None:
    slot = receipt_slot(replica.me, person)
    newest = replica.store.records.newest((replica.me, Kind.LETTER, slot))
    if newest is not None and newest.body and newest.header.device == replica.device:
        withdraw(replica, Kind.LETTER, slot, rounded=limits.RECEIPT_ROUNDING)
