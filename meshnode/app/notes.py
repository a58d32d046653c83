"""Keeps what owners have for themselves alike on all their devices: names for people, saved searches, what they hide.

Shares of friends' keys are kept alike too, and what was shown as news.

Each device compares what it has with the notes that its owner's devices exchange: what was changed here becomes a note
with a higher stamp, and a note from elsewhere that counts more is put to use here. Letters bring the notes, see
`exchanges/handover.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import blake2b

from meshnode.app.catalog.ids import ID_BYTES, key_of, letters, numbers_of
from meshnode.app.discover import read_marks
from meshnode.app.discover.search import SearchQuery, check
from meshnode.app.naming import public_name
from meshnode.errors import MeshnodeError
from meshnode.replica.replica import Replica
from meshnode.store import Hidden, OwnNote, StoredShare
from protocol import InvalidField, PersonId, check_text, limits
from protocol.letters import KeyShare, Note, NoteKind

_FIRST, _CHOSEN = b"\0", b"\1"  # what the note of a name begins with
_KEY_BYTES = 16

# The types that the fields of a saved search have in JSON.
_TYPES: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("words", "type", "category", "audience"), (str,)),
    **dict.fromkeys(("within", "trust"), (int, float)),
    "anywhere": (bool,),
}

_Values = dict[tuple[int, bytes], bytes]


def follow(replica: Replica) -> None:
    """Note what the owner has changed on this device, and put to use what they have changed on another one."""
    if len(replica.trust_state.devices(replica.me)) < 2:
        return
    notes = replica.store.own_notes
    with replica.transaction() as changed:
        here, known, stamp = _here(replica), notes.all(), notes.highest_stamp()
        count = len(known)
        for kind, key in sorted({*here, *known}):
            value, note = here.get((kind, key)), known.get((kind, key))
            if kind not in _USES:
                continue  # a newer version has made it, or it is told in its own way
            if note is not None and value is None and _has_ended(replica, kind, note.here):
                notes.forget(kind, key)
            elif note is None or value != note.here:
                if value is not None and len(value) > limits.NOTE_VALUE_MAX:
                    continue  # such as a saved search of two hundred rare letters: it stays on this device
                if note is not None or count < limits.OWN_NOTES_MAX:
                    stamp, count = stamp + 1, count + (note is None)
                    notes.set(Note(kind, key, value, stamp))
            elif note.note.value != note.here and _use(replica, kind, key, note.note.value):
                notes.note_used(kind, key)
                changed.note(people=[PersonId(key)] if kind == NoteKind.NAME else ())
        _follow_read_marks(replica, known, stamp, limits.OWN_NOTES_MAX - count)


def _follow_read_marks(replica: Replica, known: dict[tuple[int, bytes], OwnNote], stamp: int, room: int) -> None:
    """Tell what was shown as news here, and take in what was shown on other devices, one ring of notes at a time."""
    notes, taken = replica.store.own_notes, list[tuple[bytes, bytes]]()
    for (kind, key), note in known.items():
        device = read_marks.writer(key) if kind == NoteKind.SHOWN_LISTINGS else None
        if device is None:
            continue
        if replica.trust_state.revoked(replica.me, device):
            notes.forget(NoteKind.SHOWN_LISTINGS, key)
        elif note.note.value != note.here and len(taken) < limits.READ_NOTES_MAX:
            taken.append((key, note.note.value or b""))
    read_marks.take(replica, [value for _, value in taken])
    for key, _ in taken:
        notes.note_used(NoteKind.SHOWN_LISTINGS, key)
    for key, value in read_marks.telling(replica):
        is_new = (NoteKind.SHOWN_LISTINGS, key) not in known
        if room > 0 or not is_new:
            stamp, room = stamp + 1, room - is_new
            notes.set(Note(NoteKind.SHOWN_LISTINGS, key, value, stamp))


def _here(replica: Replica) -> _Values:
    """Return what this device has, as the values of notes.

    A name that somebody had when the owner first vouched for them is one only if they call themselves otherwise now.
    """
    own, values = replica.store.own_names, _Values()
    chosen = own.chosen()
    for person, name in own.all().items():
        if person in chosen or name != public_name(replica, person):
            values[NoteKind.NAME, person] = (_CHOSEN if person in chosen else _FIRST) + name.encode()
    for watch in replica.store.discover.watches():
        if "need" not in json.loads(watch.search):
            values[NoteKind.SAVED_SEARCH, _key_of(watch.search)] = watch.search.encode()
    for hidden in replica.store.discover.hidden():
        number = numbers_of(hidden.listing)[0]
        values[NoteKind.HIDDEN_LISTING, number.to_bytes(ID_BYTES, "big")] = json.dumps(
            hidden[1:], ensure_ascii=False
        ).encode()
    for person, share in replica.store.key_shares.all().items():
        values[NoteKind.KEY_SHARE, person] = json.dumps(share).encode()
    return values


def _has_ended(replica: Replica, kind: int, value: bytes | None) -> bool:
    """Whether the value that a note had here is of no use any longer: then nobody has taken it back."""
    return kind == NoteKind.HIDDEN_LISTING and value is not None and json.loads(value)[2] <= replica.clock.now()


def _key_of(search: str) -> bytes:
    return blake2b(search.encode(), digest_size=_KEY_BYTES).digest()


def _use(replica: Replica, kind: int, key: bytes, value: bytes | None) -> bool:
    """Put the value of a note to use; return whether it could be."""
    try:
        return _USES[kind](replica, key, value)
    except (ValueError, TypeError, InvalidField, MeshnodeError):
        return False  # another device of the owner's has written nonsense


def _use_name(replica: Replica, person: bytes, value: bytes | None) -> bool:
    own = replica.store.own_names
    if len(person) != len(replica.me):
        return False
    if value is None:
        own.remove(person)
        return True
    name = value[1:].decode()
    check_text("name", name, limits.NAME_MAX, shortest=1)
    if value[:1] == _CHOSEN:
        own.set(person, name)
    else:
        own.remove(person)
        own.keep_first(person, name)
    return True


def _use_search(replica: Replica, key: bytes, value: bytes | None) -> bool:
    discover = replica.store.discover
    saved = [watch for watch in discover.watches() if "need" not in json.loads(watch.search)]
    if value is None:
        for watch in saved:
            if _key_of(watch.search) == key:
                discover.remove_watch(watch.no)
        return True
    search = value.decode()
    fields = json.loads(search)
    if type(fields) is not dict or any(type(found) not in _TYPES.get(name, ()) for name, found in fields.items()):
        return False
    check(SearchQuery(**fields))
    if _key_of(search) != key or len(saved) >= limits.WATCHES_MAX:
        return False
    discover.add_watch(search, replica.clock.now())
    return True


def _use_share(replica: Replica, person: bytes, value: bytes | None) -> bool:
    """Keep the share of a friend's key that another device has, unless this one has a later one, or knows that it was taken back."""
    if value is None or len(person) != len(replica.me):
        return value is None  # none is ever removed: one that was taken back has no words
    made, need, words = json.loads(value)
    share, held = KeyShare(made, need, words), replica.store.key_shares.of(person)
    if held is None or held.made < share.made:
        replica.store.key_shares.keep(person, StoredShare(share.made, share.need, share.words))
    return True


def _use_hidden(replica: Replica, key: bytes, value: bytes | None) -> bool:
    if len(key) != ID_BYTES:
        return False
    discover, number = replica.store.discover, int.from_bytes(key, "big")
    hidden = None if value is None else Hidden(letters(number), *json.loads(value))
    if hidden is not None:
        check_text("title", hidden.title, limits.TITLE_MAX, shortest=1)
        if not all(type(at) is int and 0 <= at <= limits.TIME_MAX for at in (hidden.since, hidden.until)):
            return False
        full = discover.count_hidden(but=hidden.listing) >= limits.HIDDEN_MAX
        if full and not discover.forget_oldest_hidden(replica.clock.now()):
            return False
    discover.unhide(letters(number))
    if hidden is not None:
        discover.hide(hidden)
        discover.close_alerts(key_of(number))
    discover.taken += 1
    return True


_USES: dict[int, Callable[[Replica, bytes, bytes | None], bool]] = {
    NoteKind.NAME: _use_name,
    NoteKind.SAVED_SEARCH: _use_search,
    NoteKind.KEY_SHARE: _use_share,
    NoteKind.HIDDEN_LISTING: _use_hidden,
}
