"""Opens letters: each letter for this device is opened once, and takes effect once.

The effects, the note that the letter was read and what the next receipt is to say are one transaction. A node that stops
in between opens the letter again as if for the first time. Handlers therefore write to the store and sign nothing.

Which handlers there are is not known here: the callers hand them in, so that letters need not know what people write.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping

from meshnode.app.letters import kept, letters, receipts
from meshnode.replica.replica import Replica
from meshnode.store import StoredLetter
from protocol import Letter, PersonId, Record, RemoteError, body_of, limits
from protocol.letters import Content, Move, OpenedLetter, Receipt, letter_tag, open_letter, receipt_slot

log = logging.getLogger(__name__)

SLICE_SECONDS = 0.02  # for which letters are opened at a time: the owner's commands wait no longer
SLICES_A_LOOK = 16  # after so many the next look for new letters is due, though others wait to be opened

Handler = Callable[[Replica, OpenedLetter], bool]
"""Lets a letter take effect, inside a transaction. If its author is the owner, another device of theirs wrote it.

Returns whether the owner can see the effect: a letter without one gets no receipt. Raises RemoteError if the letter makes
no sense: it is then put aside without effect and without a receipt."""

Handlers = Mapping[type[Content], Handler]
"""The handlers by what they handle. Receipts need none: they are handled in `receipts.py`."""


def open_new(replica: Replica, handlers: Handlers) -> None:
    """Open letters for this device that came since the last call, and let each take effect, for SLICE_SECONDS at most.

    Call it again while `may_have_unopened`. Letters are opened in turn for each introducer of their authors, so that many
    letters of one keep nobody else's waiting. A letter of a person to whom nothing connects the owner stays closed until
    something does; one whose content none of the `handlers` is for stays until a later version of the program opens it.
    One that cannot take effect is set aside.
    """
    if not may_have_unopened(replica):
        return
    handlers = {Receipt: _no_effect, **handlers}
    kept, begun = replica.store.letters, replica.clock.monotonic()
    queue = kept.queue
    if kept.look is None and _has_news(replica) and (not queue or kept.slices >= SLICES_A_LOOK):
        kept.look = _looking(replica, handlers)
    if kept.look is not None and not _go_on_looking(replica, begun + SLICE_SECONDS):
        return
    kept.slices += 1
    while queue:
        stored = queue[0]
        if stored.author == replica.me or _connected(replica, stored.author):
            item = f"{stored.author.hex()} {stored.slot.hex()}"
            replica.guard.step("opening a letter", _open, replica, stored, handlers, item=item)
        else:  # something may connect them later
            replica.store.letters.strangers_seen = replica.trust_state.version
        queue.popleft()
        if replica.clock.monotonic() - begun >= SLICE_SECONDS:
            return


def may_have_unopened(replica: Replica) -> bool:
    """Whether there may be letters to open."""
    kept = replica.store.letters
    return bool(kept.queue) or kept.look is not None or _has_news(replica)


def _has_news(replica: Replica) -> bool:
    """Whether letters may have come, or strangers may have come to be connected, since the last look."""
    seen = replica.store.letters.strangers_seen
    return replica.store.records.letters_moved or (seen is not None and seen != replica.trust_state.version)


def _go_on_looking(replica: Replica, until: float) -> bool:
    """Take steps of the look for letters until it is over, or this time has come; return whether it is over."""
    kept = replica.store.letters
    look, kept.look = kept.look, None  # one that fails is over
    for _ in look or ():
        if replica.clock.monotonic() >= until:
            kept.look = look
            return False
    return True


def _looking(replica: Replica, handlers: Handlers) -> Iterator[None]:
    """Put all letters for this device that were not opened into the queue: of each introducer the first, then the second.

    Letters that come meanwhile are found by the next look at the latest.
    """
    store = replica.store
    store.records.letters_moved = False
    store.letters.strangers_seen, store.letters.slices = None, 0
    found: dict[PersonId | None, list[StoredLetter]] = {}
    page, position = store.letters.stored()
    while True:
        for stored in page:
            if _is_for_this_device(replica, stored, handlers):
                found.setdefault(replica.introducers.introducer(stored.author), []).append(stored)
        yield
        if position is None:
            break
        page, position = store.letters.stored(position)
    ranked: list[tuple[int, StoredLetter]] = []
    for of_one in found.values():
        ranked += enumerate(sorted(of_one))
        yield
    store.letters.queue.clear()
    store.letters.queue.extend(stored for _, stored in sorted(ranked))


def _no_effect(_: Replica, __: OpenedLetter) -> bool:
    return False


def _is_for_this_device(replica: Replica, stored: StoredLetter, handlers: Handlers) -> bool:
    """Whether to open this letter now: it is for the owner, or from another device of theirs, and may be understood."""
    understood = stored.number is None or any(stored.number == kind.NUMBER for kind in handlers)
    if stored.device == replica.device or not understood:
        return False
    if stored.author == replica.me:
        return True
    return stored.tag == letter_tag(stored.author, replica.me, stored.slot)


def _connected(replica: Replica, author: PersonId) -> bool:
    """Whether an open exchange or anything else connects `author` to the owner.

    Letters of others stay closed, since anybody can create Sybils that write letters.
    """
    if replica.trust_state.graph.blocks(replica.me, author):
        return False
    # In an open exchange it may be the author's last word, which came with a block.
    return author in replica.trust_state.counterparts or is_connected(replica, author)


def is_connected(replica: Replica, person: PersonId) -> bool:
    """Whether a vouch, the web, a mesh or a group connects `person` to the owner, and neither blocks the other."""
    trust_state, me = replica.trust_state, replica.me
    graph = trust_state.graph
    if graph.blocked_either_way(me, person):
        return False
    vouched = graph.weight(me, person) > 0 or graph.weight(person, me) > 0
    in_web = person in trust_state.reach_to(me) or person in trust_state.regard_from(me) or graph.same_mesh(person, me)
    return vouched or in_web or person in trust_state.groups.co_members(me)


def _open(replica: Replica, stored: StoredLetter, handlers: Handlers) -> None:
    record = replica.store.records.get(stored.id)
    if record is None:
        return
    until = record.header.latest_expiry + limits.TOMBSTONE_GRACE
    try:
        opened = _read(replica, record)
        content = None if opened is None else opened.content
        handler = None if content is None else handlers.get(type(content))
        if opened is not None and handler is not None:
            _take_effect(replica, opened, handler, record, until)
            return
        number = None if opened is None else opened.number
        if opened is None:
            _note_missing(replica, record)
    except RemoteError as fault:
        log.info("a letter made no sense", extra={"code": fault.code.name})
        number = None
    replica.store.letters.note_read(stored.author, stored.slot, until=until, number=number)


def _read(replica: Replica, record: Record) -> OpenedLetter | None:
    """Return what the letter says; None if it was not sealed for this device, as one written before it existed."""
    letter = body_of(record)
    if not isinstance(letter, Letter):
        return None
    keys = (replica.keys.letter_private, *replica.former_letter_keys)
    return next(filter(None, (open_letter(record.header, letter, key) for key in keys)), None)


def _note_missing(replica: Replica, record: Record) -> None:
    """Note a letter that the owner's other devices can open and this one cannot; receipts are replaced soon."""
    header, handovers = record.header, replica.store.handovers
    is_receipt = header.slot == receipt_slot(header.author, replica.me)
    if not is_receipt and handovers.count_missing() < limits.MISSING_LETTERS_MAX:
        handovers.note_missing(header.author, header.slot, header.expires)


def _take_effect(replica: Replica, opened: OpenedLetter, handler: Handler, record: Record, until: int) -> None:
    store, expires = replica.store.letters, record.header.expires
    with replica.transaction():
        if isinstance(opened.content, Receipt):
            receipts.take(replica, opened, expires)
            store.note_read(opened.author, opened.slot, until=until, receipt=record.id)
            return
        if opened.author == replica.me:
            letters.note_elsewhere(replica, opened, expires)
        is_seen = handler(replica, opened)
        if opened.content is not None and (is_seen or isinstance(opened.content, Move)):
            kept.keep(replica, record, opened.key, opened.content, addressee=opened.addressee)
        store.note_read(opened.author, opened.slot, until=until)
        receipts.note_opened(replica, opened.author, opened.slot, expires, is_seen=is_seen)
