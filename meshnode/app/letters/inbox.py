"""Opening letters: each that is for this device is opened once, and what it says takes effect once.

Effects, the note that the letter was read and the receipt are one transaction: a node that stops in between opens the
letter again as if for the first time. Handlers therefore write to the store and sign nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from meshnode.app.exchanges import moves
from meshnode.app.letters import letters
from meshnode.app.people import introductions
from meshnode.replica.replica import Replica
from meshnode.store import StoredLetter
from protocol import Letter, PersonId, Record, RemoteError, body_of, limits
from protocol.letters import Content, Introduction, Move, OpenedLetter, Receipt, letter_tag, open_letter

log = logging.getLogger(__name__)

Handler = Callable[[Replica, OpenedLetter], None]
"""Lets a letter take effect, inside of a transaction. `author` is who wrote it: if that is me, another device of mine.

RemoteError says that the letter makes no sense: it is put aside without effect or receipt."""


def _receipt_came(replica: Replica, opened: OpenedLetter) -> None:
    """Somebody has read a letter of mine. Whoever else says so is not heard."""
    assert isinstance(opened.content, Receipt)
    sent = replica.store.letters.sent(opened.content.slot)
    if sent is None or opened.author not in (sent.addressee, replica.me):
        return
    arrived = replica.clock.now() if opened.author == sent.addressee else None
    replica.store.letters.note_receipt(sent.slot, opened.device, arrived=arrived)


HANDLERS: dict[type[Content], Handler] = {Receipt: _receipt_came, Move: moves.receive, Introduction: introductions.take}


def open_new(replica: Replica) -> None:
    """Open every letter for me that came since the last time, and let it take effect."""
    if not is_news(replica):
        return
    replica.store.records.letters_moved = False
    replica.store.letters.strangers_seen = None
    for stored in replica.store.letters.stored():
        if not _is_for_this_device(replica, stored):
            continue
        if stored.author == replica.me or _connected(replica, stored.author):
            _open(replica, stored)
        else:
            replica.store.letters.strangers_seen = replica.trust_state.version  # he may not remain a stranger


def is_news(replica: Replica) -> bool:
    """Whether there may be letters to open."""
    seen = replica.store.letters.strangers_seen
    return replica.store.records.letters_moved or (seen is not None and seen != replica.trust_state.version)


def _is_for_this_device(replica: Replica, stored: StoredLetter) -> bool:
    """Whether to look into this letter now: one for me, or of mine from another device, that may be understood."""
    understood = stored.number is None or any(stored.number == kind.NUMBER for kind in HANDLERS)
    if stored.device == replica.device or not understood:
        return False
    if stored.author == replica.me:
        return True
    return stored.tag == letter_tag(stored.author, replica.me, stored.slot)


def _connected(replica: Replica, author: PersonId) -> bool:
    """Whether anything joins us: a vouch, the web or mesh, a group. Anybody can make up people who write letters: those
    of strangers stay closed."""
    trust_state, me = replica.trust_state, replica.me
    graph = trust_state.graph
    if graph.blocked_either_way(me, author):
        return False
    vouched = graph.weight(me, author) > 0 or graph.weight(author, me) > 0
    in_web = author in trust_state.reach_to(me) or author in trust_state.regard_from(me) or graph.same_mesh(author, me)
    return vouched or in_web or author in trust_state.groups.co_members(me)


def _open(replica: Replica, stored: StoredLetter) -> None:
    record = replica.store.records.get(stored.id)
    if record is None:
        return
    until = record.header.latest_expiry + limits.TOMBSTONE_GRACE
    try:
        opened = _read(replica, record)
        if opened is not None and type(opened.content) in HANDLERS:
            _take_effect(replica, opened, record.header.expires, until)
            return
        number = None if opened is None else opened.number
    except RemoteError as fault:
        log.info("a letter made no sense", extra={"code": fault.code.name})
        number = None
    replica.store.letters.note_read(stored.author, stored.slot, until=until, number=number)


def _read(replica: Replica, record: Record) -> OpenedLetter | None:
    """What it says; None if it was not sealed for this device, which then came later."""
    letter = body_of(record)
    if not isinstance(letter, Letter):
        return None
    return open_letter(record.header, letter, replica.keys.letter_private)


def _take_effect(replica: Replica, opened: OpenedLetter, expires: int, until: int) -> None:
    content = opened.content
    assert content is not None
    store = replica.store.letters
    is_receipt = isinstance(content, Receipt)
    with replica.transaction():
        if not is_receipt and letters.can_answer(replica, opened.author):
            letters.receipt(replica, opened.author, opened.slot, expires)  # without one, it is carried until it expires
        HANDLERS[type(content)](replica, opened)
        store.note_read(opened.author, opened.slot, until=until)
        if opened.author == replica.me and not is_receipt:
            letters.note_elsewhere(replica, opened, expires)
