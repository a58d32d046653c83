"""Opening letters: each that is for this device is opened once, and what it says takes effect once.

Effects, the note that the letter was read and the receipt are one transaction: a node that stops in between opens the
letter again as if for the first time. Handlers therefore write to the store and sign nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from meshnode.app.exchange import moves
from meshnode.app.mail import introductions, letters
from meshnode.replica.replica import Replica
from meshnode.store import LyingLetter
from protocol import (
    TOMBSTONE_GRACE,
    Content,
    Introducing,
    Letter,
    Move,
    Opened,
    PersonId,
    Receipt,
    Record,
    RemoteError,
    body_of,
    letter_tag,
    open_letter,
)

log = logging.getLogger(__name__)

Handler = Callable[[Replica, Opened], None]
"""Lets a letter take effect, inside of a transaction. `author` is who wrote it: if that is me, another device of mine.

RemoteError says that the letter makes no sense: it is put aside without effect or receipt."""


def _receipt_came(replica: Replica, opened: Opened) -> None:
    """Somebody has read a letter of mine. Whoever else says so is not heard."""
    assert isinstance(opened.content, Receipt)
    sent = replica.store.letters.sent(opened.content.slot)
    if sent is None or opened.author not in (sent.addressee, replica.me):
        return
    arrived = replica.clock.now() if opened.author == sent.addressee else None
    replica.store.letters.note_receipt(sent.slot, opened.device, arrived=arrived)


HANDLERS: dict[type[Content], Handler] = {Receipt: _receipt_came, Move: moves.receive, Introducing: introductions.take}


def open_new(replica: Replica) -> None:
    """Open every letter for me that came since the last time, and let it take effect."""
    if not is_news(replica):
        return
    replica.store.records.letters_moved = False
    replica.store.letters.strangers_seen = None
    for lying in replica.store.letters.lying():
        if not _is_for_this_device(replica, lying):
            continue
        if lying.author == replica.me or _connected(replica, lying.author):
            _open(replica, lying)
        else:
            replica.store.letters.strangers_seen = replica.circle.version  # he may not remain a stranger


def is_news(replica: Replica) -> bool:
    """Whether there may be letters to open."""
    seen = replica.store.letters.strangers_seen
    return replica.store.records.letters_moved or (seen is not None and seen != replica.circle.version)


def _is_for_this_device(replica: Replica, lying: LyingLetter) -> bool:
    """Whether to look into this letter now: one for me, or of mine from another device, that may be understood."""
    understood = lying.number is None or any(lying.number == kind.NUMBER for kind in HANDLERS)
    if lying.device == replica.device or not understood:
        return False
    if lying.author == replica.me:
        return True
    return lying.tag == letter_tag(lying.author, replica.me, lying.slot)


def _connected(replica: Replica, author: PersonId) -> bool:
    """Whether anything joins us: a vouch, the web or mesh, a group. Anybody can make up people who write letters: those
    of strangers stay closed."""
    circle, me = replica.circle, replica.me
    graph = circle.graph
    if graph.blocked_either_way(me, author):
        return False
    vouched = graph.weight(me, author) > 0 or graph.weight(author, me) > 0
    in_web = author in circle.reach_to(me) or author in circle.regard_from(me) or graph.same_mesh(author, me)
    return vouched or in_web or author in circle.groups.co_members(me)


def _open(replica: Replica, lying: LyingLetter) -> None:
    record = replica.store.records.get(lying.id)
    if record is None:
        return
    until = record.header.outlives + TOMBSTONE_GRACE
    try:
        opened = _read(replica, record)
        if opened is not None and type(opened.content) in HANDLERS:
            _take_effect(replica, opened, record.header.expires, until)
            return
        number = None if opened is None else opened.number
    except RemoteError as fault:
        log.info("a letter made no sense", extra={"code": fault.code.name})
        number = None
    replica.store.letters.note_read(lying.author, lying.slot, until=until, number=number)


def _read(replica: Replica, record: Record) -> Opened | None:
    """What it says; None if it was not sealed for this device, which then came later."""
    letter = body_of(record)
    if not isinstance(letter, Letter):
        return None
    return open_letter(record.header, letter, replica.keys.letter_private)


def _take_effect(replica: Replica, opened: Opened, expires: int, until: int) -> None:
    content = opened.content
    assert content is not None
    store = replica.store.letters
    is_receipt = isinstance(content, Receipt)

    def effects() -> None:
        HANDLERS[type(content)](replica, opened)
        store.note_read(opened.author, opened.slot, until=until)
        if opened.author == replica.me and not is_receipt:
            letters.note_elsewhere(replica, opened, expires)

    if not is_receipt and letters.can_answer(replica, opened.author):
        letters.receipt(replica, opened.author, opened.slot, expires, effects)
    else:  # without a receipt the letter lies about until it expires
        with replica.store.transaction():
            effects()
