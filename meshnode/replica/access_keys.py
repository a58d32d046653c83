"""Numbers the access keys of records for all sessions, so that each keeps two bits for a key and not the key itself.

Somebody can post at a hundred thousand places, and then nearly every record has a key of its own. Here a key takes 50 bytes,
once for all sessions: those of one author lie packed one after another, and are searched in one call.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterable, Iterator
from weakref import WeakSet

from protocol import DeviceId, PersonId

AccessKey = tuple[int, PersonId, DeviceId, int, int, str | bytes | None]
"""Kind, author, device, audience and policy version of a record; then what `access.subject` says about it."""

ServedKey = tuple[AccessKey, bool]
"""All that it depends on whether a record is served: its access key, and whether it is withdrawn."""

# Kind, audience, withdrawn, the author's device, policy version, length of what else matters, and that.
_PACKED = struct.Struct(">BBBHQB32s")
_SIZE = _PACKED.size
_NOTHING, _TEXT = 255, 128  # in place of a length: nothing else matters; added to the length: it is a text
_SWEEP_FROM = 64  # keys of one author before it is looked for those that no record has any longer
_AT_HAND = 1024  # keys whose numbers were asked for lately: nearly all records share their key with others


class AccessKeys:
    """Gives each key a number, which stays the same until a sweep finds that no record has the key any longer."""

    def __init__(self) -> None:
        self._authors: dict[PersonId, _Author] = {}
        self._at_hand: dict[ServedKey, int] = {}
        self._free = array("I")
        self._given = 0
        self._decisions: WeakSet[Decisions] = WeakSet()

    def __len__(self) -> int:
        return self._given - len(self._free)

    def watch(self, decisions: Decisions) -> None:
        """Let `decisions` forget numbers that are given to other keys, for as long as it lives."""
        self._decisions.add(decisions)

    def authors(self) -> list[PersonId]:
        """Return everybody of whose records a key has a number."""
        return list(self._authors)

    def number(self, key: ServedKey) -> int:
        """Return the number of a key; a new key gets one."""
        number = self._at_hand.get(key)
        if number is not None:
            return number
        if len(self._at_hand) >= _AT_HAND:
            self._at_hand.clear()
        author = self._authors.get(key[0][1])
        if author is None:
            author = self._authors[key[0][1]] = _Author()
        packed = author.pack(key)
        number = author.find(packed)
        if number is None:
            number = self._next()
            author.add(packed, number)
        self._at_hand[key] = number
        return number

    def of(self, author: PersonId) -> Iterator[tuple[int, ServedKey]]:
        """Yield the keys of this author that have a number, each after its number."""
        known = self._authors.get(author)
        return iter(()) if known is None else known.keys(author)

    def is_overgrown(self, author: PersonId) -> bool:
        """Whether this author has had so many keys that `keep` should look which are used still."""
        known = self._authors.get(author)
        return known is not None and len(known.numbers) >= known.sweep_at

    def keep(self, author: PersonId, used: Iterable[ServedKey]) -> None:
        """Take the numbers from all other keys of this author: no record has them any longer."""
        before = self._authors.pop(author, None)
        if before is None:
            return
        self._at_hand.clear()
        after = _Author()
        for key in dict.fromkeys(used):
            number = before.find(before.pack(key))
            if number is not None:
                after.add(after.pack(key), number)
        after.sweep_at = max(_SWEEP_FROM, 2 * len(after.numbers))
        freed = set(before.numbers).difference(after.numbers)
        self._free.extend(freed)
        for decisions in self._decisions:
            decisions.forget(freed)
        if after.numbers:
            self._authors[author] = after

    def _next(self) -> int:
        if self._free:
            return self._free.pop()
        self._given += 1
        return self._given - 1


class _Author:
    """The keys of one author, packed one after another, and their numbers in the same order."""

    __slots__ = ("devices", "numbers", "packed", "sweep_at")

    def __init__(self) -> None:
        self.devices: list[DeviceId] = []
        self.packed = bytearray()
        self.numbers = array("I")
        self.sweep_at = _SWEEP_FROM

    def pack(self, key: ServedKey) -> bytes:
        """Return the key as so many bytes; a device that is not known yet is from then on."""
        (kind, _, device, audience, policy_version, subject), withdrawn = key
        if device not in self.devices:
            self.devices.append(device)
        text = subject.encode() if isinstance(subject, str) else subject
        length = _NOTHING if text is None else len(text) | (_TEXT if isinstance(subject, str) else 0)
        return _PACKED.pack(kind, audience, withdrawn, self.devices.index(device), policy_version, length, text or b"")

    def find(self, packed: bytes) -> int | None:
        """Return the number of a packed key; None if it has none."""
        at = self.packed.find(packed)
        while at > 0 and at % _SIZE:
            at = self.packed.find(packed, at + 1)
        return None if at < 0 else self.numbers[at // _SIZE]

    def add(self, packed: bytes, number: int) -> None:
        """Give a packed key this number."""
        self.packed += packed
        self.numbers.append(number)

    def keys(self, author: PersonId) -> Iterator[tuple[int, ServedKey]]:
        """Yield all keys, each after its number."""
        unpacked = _PACKED.iter_unpack(bytes(self.packed))
        for number, (kind, audience, withdrawn, device, policy_version, length, padded) in zip(
            self.numbers, unpacked, strict=True
        ):
            text = None if length == _NOTHING else padded[: length & ~_TEXT]
            subject = text.decode() if text is not None and length & _TEXT else text
            yield number, ((kind, author, self.devices[device], audience, policy_version, subject), withdrawn == 1)


class Decisions:
    """The decisions about one viewer, by the numbers of keys: allowed, denied, or not decided yet."""

    __slots__ = ("__weakref__", "_allowed", "_decided")

    def __init__(self, keys: AccessKeys) -> None:
        self._decided, self._allowed = bytearray(), bytearray()
        keys.watch(self)

    def get(self, number: int) -> bool | None:
        """Return whether the records of this key are allowed; None if that is not decided."""
        at, bit = number >> 3, 1 << (number & 7)
        if at >= len(self._decided) or not self._decided[at] & bit:
            return None
        return bool(self._allowed[at] & bit)

    def set(self, number: int, *, allowed: bool) -> None:
        """Remember a decision."""
        at, bit = number >> 3, 1 << (number & 7)
        if at >= len(self._decided):
            more = bytes(max(at + 1, len(self._decided) * 5 // 4) - len(self._decided))
            self._decided.extend(more)
            self._allowed.extend(more)
        self._decided[at] |= bit
        if allowed:
            self._allowed[at] |= bit
        else:
            self._allowed[at] &= ~bit

    def forget(self, numbers: Iterable[int]) -> None:
        """Take these as not decided yet."""
        for number in numbers:
            at = number >> 3
            if at < len(self._decided):
                self._decided[at] &= ~(1 << (number & 7))
