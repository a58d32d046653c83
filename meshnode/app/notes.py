"""Keeps names for people, saved searches and shares of friends' keys alike on all devices of their owner.

Each device compares what it has with the notes that its owner's devices exchange: what was changed here becomes a note
with a higher stamp, and a note from elsewhere that counts more is put to use here. Letters bring the notes, see
`exchanges/handover.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import blake2b

from meshnode.app.discover.search import SearchQuery, check
from meshnode.app.naming import public_name
from meshnode.errors import MeshnodeError
from meshnode.replica.replica import Replica
from meshnode.store import StoredShare
from protocol import InvalidField, PersonId, check_text, limits
from protocol.letters import KeyShare, Note

NAME, SEARCH, SHARE = 1, 2, 3
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
                continue  # a newer version has made it
            if note is None or value != note.here:
                if value is not None and len(value) > limits.NOTE_VALUE_MAX:
                    continue  # such as a saved search of two hundred rare letters: it stays on this device
                if note is not None or count < limits.OWN_NOTES_MAX:
                    stamp, count = stamp + 1, count + (note is None)
                    notes.set(Note(kind, key, value, stamp))
            elif note.note.value != note.here and _use(replica, kind, key, note.note.value):
                notes.note_used(kind, key)
                changed.note(people=[PersonId(key)] if kind == NAME else ())


def _here(replica: Replica) -> _Values:
    """Return what this device has, as the values of notes.

    A name that somebody had when the owner first vouched for them is one only if they call themselves otherwise now.
    """
    own, values = replica.store.own_names, _Values()
    chosen = own.chosen()
    for person, name in own.all().items():
        if person in chosen or name != public_name(replica, person):
            values[NAME, person] = (_CHOSEN if person in chosen else _FIRST) + name.encode()
    for watch in replica.store.discover.watches():
        if "need" not in json.loads(watch.search):
            values[SEARCH, _key_of(watch.search)] = watch.search.encode()
    for person, share in replica.store.key_shares.all().items():
        values[SHARE, person] = json.dumps(share).encode()
    return values


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


_USES: dict[int, Callable[[Replica, bytes, bytes | None], bool]] = {
    NAME: _use_name,
    SEARCH: _use_search,
    SHARE: _use_share,
}
