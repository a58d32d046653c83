"""Writes letters: checks to whom the owner may write, seals for all devices of both people, and withdraws letters.

Every node that may carry a letter keeps a copy until receipts have named each device that can read it (`receipts.py`).
Then its author withdraws it. A letter that is not fetched expires. The states of a letter are the table in `delivery.py`.
"""

from __future__ import annotations

from meshnode.app.letters import kept
from meshnode.app.letters.delivery import SHOWN_TO_AUTHOR, Delivery, LetterEvent, state_after
from meshnode.app.naming import name_of
from meshnode.app.owner import policy
from meshnode.errors import Field, Refused, Usage
from meshnode.quoting import named
from meshnode.replica.authoring import withdraw, write
from meshnode.replica.replica import Replica
from meshnode.replica.trust_state import Certificate
from meshnode.store import SentLetter
from protocol import DeviceId, InvalidField, Kind, PersonId, Record, limits
from protocol.letters import SEAL_ENTROPY_BYTES, Content, OpenedLetter, Receipt, receipt_slot, sealed


def new_slot(replica: Replica) -> bytes:
    """Return a slot for a letter, for a caller who must store it together with the effects of the letter."""
    return replica.entropy(limits.SLOT_BYTES)


def send(
    replica: Replica,
    to: PersonId,
    content: Content,
    *,
    slot: bytes | None = None,
    is_last: bool = False,
    to_own_devices: bool = True,
) -> bytes:
    """Seal `content` to all devices of `to` and to the owner's other ones, and write the letter; returns its slot.

    Without `to_own_devices` it is for `to` alone. With `is_last` it goes out even if the owner blocks `to`, and a block does not withdraw it. Raises Refused where `to` cannot be written to, too many letters are under way, or this device may not act for the
    owner; Usage where the content is too long.
    """
    slot = new_slot(replica) if slot is None else slot
    recipients = _recipients(replica, to, is_last=is_last)
    _check_room(replica)
    own_others = readers(replica, replica.me) if to_own_devices else []
    now = replica.clock.now()
    awaited = frozenset(certificate.device for certificate in [*recipients, *own_others])
    expires = now + limits.LETTER_LIFE
    with replica.transaction():
        record, key = _post(replica, to, content, slot, [*recipients, *own_others], expires)
        kept.keep(replica, record, key, content, addressee=to)
        replica.store.letters.add_sent(slot, to, sent=now, expires=expires, receipts_due=awaited, is_last=is_last)
        replica.store.receipts.hasten(to, now)  # who sees the letter learns nothing more by a receipt beside it
    return slot


def send_to_own_devices(replica: Replica, content: Content, awaited: frozenset[DeviceId]) -> bytes:
    """Seal `content` to the owner's other devices and write the letter; returns its slot.

    It is withdrawn as soon as those in `awaited` have opened it. Raises Refused as `send` does.
    """
    recipients, slot = _recipients(replica, replica.me), new_slot(replica)
    _check_room(replica)
    now = replica.clock.now()
    expires = now + limits.LETTER_LIFE
    with replica.transaction():
        _post(replica, replica.me, content, slot, recipients, expires)
        replica.store.letters.add_sent(slot, replica.me, sent=now, expires=expires, receipts_due=awaited)
    return slot


def check_can_write(replica: Replica, to: PersonId) -> None:
    """Raise Refused where `send` would, for a caller who writes to several people or to none of them."""
    _recipients(replica, to)
    _check_room(replica)


def post_receipt(replica: Replica, to: PersonId, receipt: Receipt, expires: int) -> None:
    """Write the next version of the receipt for `to`, whose letters expire at `expires` (UNIX seconds).

    Raises Refused where `to` cannot be written to. Part of the transaction that is open.
    """
    rounding = limits.RECEIPT_ROUNDING
    recipients = _recipients(replica, to)
    if to != replica.me:
        recipients += readers(replica, replica.me)
    now = replica.clock.now()
    until = min(expires + -expires % rounding, now - now % rounding + limits.LETTER_LIFE)
    _post(replica, to, receipt, receipt_slot(replica.me, to), recipients, until, rounded=rounding)


def note_elsewhere(replica: Replica, opened: OpenedLetter, expires: int) -> None:
    """Remember a letter that another device of the owner has written.

    So this device knows its delivery, and withdraws the letter if that device is revoked.
    """
    trust_state = replica.trust_state
    known = [*trust_state.devices(opened.addressee), *trust_state.devices(replica.me)]
    awaited = frozenset(device.device for device in known) - {replica.device, opened.device}
    replica.store.letters.add_sent(
        opened.slot, opened.addressee, sent=opened.created, expires=expires, receipts_due=awaited
    )


def note_handed(replica: Replica, opened: OpenedLetter, expires: int, delivered: int | None) -> None:
    """Remember a letter of the owner that was handed over to this device, and when it was delivered, if that is known."""
    note_elsewhere(replica, opened, expires)
    if delivered is not None:
        replica.store.letters.note_delivered(opened.slot, delivered)


def delivery(replica: Replica, slot: bytes) -> Delivery | None:
    """Return the delivery of the owner's letter in `slot`; None if this device does not, or no longer, know the letter."""
    sent = replica.store.letters.sent(slot)
    if sent is None:
        return None
    # Whether it was withdrawn is left out, since the author sees the same delivery either way.
    events = {LetterEvent.SENT}
    if sent.delivered is not None:
        events.add(LetterEvent.RECEIPT)
    if sent.expires <= replica.clock.now():
        events.add(LetterEvent.TIME_OVER)
    return SHOWN_TO_AUTHOR[state_after(events)]


def withdraw_finished(replica: Replica) -> None:
    """Withdraw the letters of this device that have no reader left, so that no node keeps a copy of them any longer.

    Letters that it has reissued for a revoked device are among them.
    """
    if not replica.trust_state.certified(replica.me, replica.device):
        return
    now = replica.clock.now()
    for sent in replica.store.letters.in_transit():
        newest = replica.store.records.newest((replica.me, Kind.LETTER, sent.slot))
        if sent.expires <= now or (newest is not None and not newest.body):
            replica.store.letters.note_ended(sent.slot)
        elif newest is not None and newest.header.device == replica.device and _has_no_reader_left(replica, sent):
            _withdraw(replica, sent.slot)
    replica.ingest.exchanges_changed()  # of people with whom nothing is open, only the last letters kept them in touch


def withdraw_all_to(replica: Replica, to: PersonId) -> None:
    """Withdraw every letter to `to` but a last one, whichever device of the owner wrote it, since the owner blocks them."""
    for sent in replica.store.letters.in_transit():
        newest = replica.store.records.newest((replica.me, Kind.LETTER, sent.slot))
        if sent.addressee == to and not sent.is_last and newest is not None and newest.body:
            _withdraw(replica, sent.slot)


def take_back(replica: Replica, slot: bytes) -> None:
    """Withdraw a letter of this device that may still be under way, so that nobody opens it who has not yet."""
    newest = replica.store.records.newest((replica.me, Kind.LETTER, slot))
    if newest is not None and newest.body and newest.header.device == replica.device:
        _withdraw(replica, slot)
    else:
        replica.store.letters.note_ended(slot)


def readers(replica: Replica, person: PersonId) -> list[Certificate]:
    """Return the devices of `person`, without this one, to which anything is sealed: those certified last."""
    others = [one for one in replica.trust_state.devices(person) if one.device != replica.device]
    return sorted(others, key=lambda one: (-one.expires, one.device))[: limits.LETTER_DEVICES_MAX]


# --- inside ----------------------------------------------------------------------------------------------------------


def _recipients(replica: Replica, to: PersonId, *, is_last: bool = False) -> list[Certificate]:
    """Return the devices of `to` to which a letter is sealed. Raises Refused, with the next step, if there is none."""
    name = name_of(replica, to)
    if policy.blocks(replica, to) and not is_last:
        raise policy.blocked(name)
    if not replica.trust_state.certified(replica.me, replica.device):
        raise Refused(
            "this device can no longer act for you",
            "it was revoked, or its certificate has expired. 'meshnode status' shows which",
        )
    found = readers(replica, to)
    if not found or replica.trust_state.graph.blocks(to, replica.me):
        raise Refused(
            "no message can reach {name} now",
            "this node knows no device of theirs. Try again after your nodes have connected",
            name=named(name),
        )
    return found


def _check_room(replica: Replica) -> None:
    use = replica.store.records.usage_of(replica.me)
    too_many = replica.store.letters.count_undelivered(replica.clock.now(), replica.me) >= limits.LETTERS_UNDER_WAY_MAX
    too_many = too_many or use.letter_records >= limits.AUTHOR_LETTER_REGISTERS_MAX
    if too_many or use.letter_bytes + limits.RECORD_MAX_BYTES > limits.AUTHOR_LETTER_BYTES_MAX:
        raise Refused("too many of your messages are still on their way", "wait until some of them have arrived")


def _post(
    replica: Replica,
    to: PersonId,
    content: Content,
    slot: bytes,
    devices: list[Certificate],
    expires: int,
    *,
    rounded: int = 1,
) -> tuple[Record, bytes]:
    """Write the letter; return its record and the key of its content."""
    try:
        letter, key = sealed(
            content,
            author=replica.me,
            addressee=to,
            slot=slot,
            letter_keys=[device.letter_public for device in devices],
            entropy=replica.entropy(SEAL_ENTROPY_BYTES),
        )
    except InvalidField as fault:
        raise Usage("that message is too long", "shorten it, or send two messages", field=Field.MESSAGE) from fault
    life = max(1, expires - replica.clock.now())
    return write(replica, Kind.LETTER, slot, letter, life=life, expires=expires, rounded=rounded), key


def _withdraw(replica: Replica, slot: bytes) -> None:
    with replica.transaction():
        withdraw(replica, Kind.LETTER, slot)
        replica.store.letters.note_ended(slot)


def _has_no_reader_left(replica: Replica, sent: SentLetter) -> bool:
    """Whether every device that may still read this letter has opened it."""
    trust_state = replica.trust_state
    if trust_state.graph.blocked_either_way(replica.me, sent.addressee) and not sent.is_last:
        return True
    owners = (sent.addressee, replica.me)
    return not any(trust_state.certified(owner, device) for owner in owners for device in sent.receipts_due)
