"""Writing letters: to whom one may write, sealing for all devices of both sides, and taking back what has arrived.

A letter lies with everybody who may carry it until each device that can read it has sent a receipt; then its author
withdraws it, and so do the writers of the receipts when they see that. What nobody fetches expires.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from meshnode.app.naming import name_of
from meshnode.app.owner.policy import blocks
from meshnode.errors import Refused, Usage
from meshnode.replica.authoring import withdraw, write
from meshnode.replica.replica import Replica
from meshnode.replica.trust_state import Certificate
from meshnode.store import SentLetter
from protocol import InvalidField, Kind, PersonId, limits
from protocol.letters import SEAL_ENTROPY_BYTES, Content, OpenedLetter, Receipt, seal

RECEIPTS_OPEN_MAX = limits.AUTHOR_LETTERS_MAX - limits.LETTERS_UNDER_WAY_MAX


class Delivery(Enum):
    """What became of a letter, as far as its author can know."""

    UNDER_WAY = "under way"
    DELIVERED = "delivered"
    """A device of the addressee has opened it."""
    EXPIRED = "expired"
    """Nobody has said in time that he opened it."""


def new_slot(replica: Replica) -> bytes:
    """The slot of a letter that is yet to be written, for who must remember it together with what the letter does."""
    return replica.entropy(limits.SLOT_BYTES)


def send(replica: Replica, to: PersonId, content: Content, *, slot: bytes | None = None) -> bytes:
    """Seal `content` to all devices of `to` and to my other ones, and let it go; returns its slot.

    Refused where `to` cannot be written to, too many letters are under way, or this device no longer speaks for me;
    Usage where the content is too long.
    """
    slot = new_slot(replica) if slot is None else slot
    recipients = _recipients(replica, to)
    _check_room(replica)
    mates = _newest(device for device in replica.trust_state.devices(replica.me) if device.device != replica.device)
    now = replica.clock.now()
    awaited = frozenset(certificate.device for certificate in [*recipients, *mates])
    expires = now + limits.LETTER_LIFE
    with replica.transaction():
        _post(replica, to, content, slot, [*recipients, *mates], expires)
        replica.store.letters.add_sent(slot, to, sent=now, expires=expires, awaited=awaited)
    return slot


def check_can_write(replica: Replica, to: PersonId) -> None:
    """Refused where `send` would be: for who must write to several people or to none."""
    _recipients(replica, to)
    _check_room(replica)


def can_answer(replica: Replica, author: PersonId) -> bool:
    """Whether `receipt` can write to `author` now."""
    try:
        _recipients(replica, author)
    except Refused:
        return False
    return sum(sent.about is not None for sent in replica.store.letters.open()) < RECEIPTS_OPEN_MAX


def receipt(replica: Replica, author: PersonId, slot: bytes, expires: int) -> None:
    """Tell `author` that his letter in `slot` was opened here. It need not outlive the letter, which ends at `expires`.

    To be asked first: `can_answer`.
    """
    recipients = _recipients(replica, author)
    now = replica.clock.now()
    own_slot = new_slot(replica)
    until = max(now + 1, min(expires, now + limits.LETTER_LIFE))
    with replica.transaction():
        _post(replica, author, Receipt(slot), own_slot, recipients, until)
        replica.store.letters.add_sent(own_slot, author, sent=now, expires=until, about=slot)


def note_elsewhere(replica: Replica, opened: OpenedLetter, expires: int) -> None:
    """Another device of mine has written this letter: know what becomes of it, and tend it should that device be struck."""
    trust_state = replica.trust_state
    known = [*trust_state.devices(opened.addressee), *trust_state.devices(replica.me)]
    awaited = frozenset(device.device for device in known) - {replica.device, opened.device}
    replica.store.letters.add_sent(opened.slot, opened.addressee, sent=opened.created, expires=expires, awaited=awaited)


def delivery(replica: Replica, slot: bytes) -> Delivery | None:
    """What became of my letter in `slot`; None if this device does not know it (any more)."""
    sent = replica.store.letters.sent(slot)
    if sent is None:
        return None
    if sent.delivered is not None:
        return Delivery.DELIVERED
    return Delivery.EXPIRED if sent.expires <= replica.clock.now() else Delivery.UNDER_WAY


def tend(replica: Replica) -> None:
    """Withdraw the letters that nobody need carry any more, so that they take up no room anywhere.

    Of this device's own, and of those that it has written anew.
    """
    if not replica.trust_state.certified(replica.me, replica.device):
        return
    now = replica.clock.now()
    for sent in replica.store.letters.open():
        head = replica.store.records.head((replica.me, Kind.LETTER, sent.slot))
        if sent.expires <= now or (head is not None and not head.body):
            replica.store.letters.note_ended(sent.slot)
        elif head is not None and head.header.device == replica.device and _is_over(replica, sent):
            with replica.transaction():
                withdraw(replica, Kind.LETTER, sent.slot)
                replica.store.letters.note_ended(sent.slot)


# --- inside ----------------------------------------------------------------------------------------------------------


def _recipients(replica: Replica, to: PersonId) -> list[Certificate]:
    """The devices of `to` that a letter is sealed to. Refused, with what to do, where there is none to write to."""
    name = name_of(replica, to)
    if blocks(replica, to):
        raise Refused(f"you block {name}", "unblock them first with 'meshnode unblock NAME'")
    if not replica.trust_state.certified(replica.me, replica.device):
        raise Refused("this device can no longer act for you", "it was revoked, or its certificate expired")
    others = [device for device in replica.trust_state.devices(to) if device.device != replica.device]
    if not others or replica.trust_state.graph.blocked_either_way(replica.me, to):
        raise Refused(
            f"no message can reach {name} now",
            "this node knows no device of theirs. Try again after your nodes have connected",
        )
    return _newest(others)


def _check_room(replica: Replica) -> None:
    use = replica.store.records.written_by(replica.me)
    too_many = replica.store.letters.under_way(replica.clock.now()) >= limits.LETTERS_UNDER_WAY_MAX
    if too_many or use.letter_bytes + limits.RECORD_MAX_BYTES > limits.AUTHOR_LETTER_BYTES_MAX:
        raise Refused("too many of your letters are still on their way", "wait until some of them have arrived")


def _newest(devices: Iterable[Certificate]) -> list[Certificate]:
    """Of very many devices those certified last."""
    return sorted(devices, key=lambda device: (-device.expires, device.device))[: limits.LETTER_DEVICES_MAX]


def _post(
    replica: Replica,
    to: PersonId,
    content: Content,
    slot: bytes,
    devices: list[Certificate],
    expires: int,
) -> None:
    try:
        letter = seal(
            content,
            author=replica.me,
            addressee=to,
            slot=slot,
            letter_keys=[device.letter_public for device in devices],
            entropy=replica.entropy(SEAL_ENTROPY_BYTES),
        )
    except InvalidField as fault:
        raise Usage("that is too long for a letter", "shorten it, or send two letters") from fault
    life = max(1, expires - replica.clock.now())
    write(replica, Kind.LETTER, slot, letter, life=life, expires=expires)


def _is_over(replica: Replica, sent: SentLetter) -> bool:
    """Whether nobody who may still read this letter waits for it."""
    trust_state = replica.trust_state
    if trust_state.graph.blocked_either_way(replica.me, sent.addressee):
        return True
    if sent.about is not None:
        answered = replica.store.records.head((sent.addressee, Kind.LETTER, sent.about))
        return answered is None or not answered.body
    owners = (sent.addressee, replica.me)
    return not any(trust_state.certified(owner, device) for owner in owners for device in sent.awaited)
