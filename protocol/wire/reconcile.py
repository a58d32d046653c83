"""Range-based set reconciliation, after Aljoscha Meyer, "Range-Based Set Reconciliation" (SRDS 2023).

Two sorted sets learn in a few short messages which items the other side lacks (protocol/README.md, "Reconciliation").
Unlike negentropy, which names each range in each message, both sides remember in order which ranges they asked about,
so an answer names none; and fingerprints are keyed hashes over the ids in order, not sums. Nothing here knows records,
frames or consent.

Every hash is keyed by the session and the number of the comparison. So the author of a record cannot aim at a collision,
and a chance collision in one comparison does not return in the next: the root fingerprint (8 bytes) shows that something
was missed, and another comparison finds it. That is why the hashes inside a comparison can be short.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from enum import IntEnum
from hashlib import blake2b
from itertools import pairwise

from msgspec import Struct

from protocol.errors import Code, LocalError, RemoteError
from protocol.limits import (
    INT_MAX,
    RECONCILE_CHILDREN_MAX,
    RECONCILE_LIST_MAX,
    RECONCILE_MESSAGE_BYTES,
    RECONCILE_MESSAGES_MAX,
    RECONCILE_OFFERS_MAX,
    RECONCILE_RANGES_MAX,
)
from protocol.wire.index import ID_BYTES, Index
from protocol.wire.marks import Marks

ROOT_BYTES = 8  # fingerprint of a whole set: two different sets match with odds of 2^-64, and nothing checks that
FINGERPRINT_BYTES = 4  # fingerprint of a range: the next root catches a false match
SHORT_BYTES = 3  # one id within one listed range: likewise

FANOUT = 8  # children of a split range
LEAF = 16  # own items up to which a range is listed, not split

_KEY_DOMAIN = b"meshnode reconcile key v1\0"
_RANGE_DOMAIN = b"meshnode reconcile range v1\0"
_SHORT_DOMAIN = b"meshnode reconcile short v1\0"


class SessionHash:
    """The keyed hashes of one comparison: `number` counts the comparisons of the session, `phase` names the set."""

    __slots__ = ("_range", "_short")

    def __init__(self, handshake_hash: bytes, phase: int, number: int) -> None:
        context = handshake_hash + bytes([phase]) + number.to_bytes(4, "big")
        key = blake2b(_KEY_DOMAIN + context, digest_size=32).digest()
        self._range = blake2b(_RANGE_DOMAIN, key=key, digest_size=ROOT_BYTES)
        self._short = blake2b(_SHORT_DOMAIN, key=key, digest_size=SHORT_BYTES)

    def root(self, index: Index) -> bytes:
        """Return the fingerprint of the whole set (8 bytes)."""
        return self._fingerprint(index, 0, len(index))

    def fingerprints(self, index: Index, cuts: list[int]) -> list[bytes]:
        """Return the fingerprints (4 bytes) of the ranges between neighboring cuts (positions, ascending)."""
        return [self._fingerprint(index, lo, hi)[:FINGERPRINT_BYTES] for lo, hi in pairwise(cuts)]

    def short_ids(self, index: Index, lo: int, hi: int) -> list[bytes]:
        """Return the short ids (3 bytes) of the items at positions lo to hi."""
        found = []
        for _, id_ in index.items(lo, hi):
            hasher = self._short.copy()
            hasher.update(id_)
            found.append(hasher.digest())
        return found

    def _fingerprint(self, index: Index, lo: int, hi: int) -> bytes:
        hasher = self._range.copy()
        for ids in index.ids(lo, hi):
            hasher.update(ids)
        return hasher.digest()


class _Mode(IntEnum):
    """The two low bits of an answer's head; the other bits are a count."""

    SAME = 0  # count + 1 ranges in a row have the fingerprint we have
    SPLIT = 1  # count + 2 smaller ranges follow
    LIST = 2  # count short ids follow: all we have in the range


class _Range(Struct, frozen=True):
    """A range as its own positions lo to hi, and the `created` from which the first bound inside is counted."""

    lo: int
    hi: int
    base: int


class _Listed(Struct, frozen=True):
    """A range whose short ids we sent: the answer says which of them the other side lacks."""

    lo: int
    hi: int


class Reconciler:
    """One side of one comparison of `index` with the other side's set, under the hashes of `session_hash`.

    **Who drives it.** The session's Reconciliation. One side calls `open` and sends the message that it returns; the other
    calls `begin`. From then on each passes every message that comes to `receive` and sends the reply, until `done`.
    `index` must not change until then.

    **Results.** `offers` are own items that the other side lacks, `expected` is the number of items that
    the other side has for us; both are final once `done`.

    **Errors.** RemoteError MALFORMED or OVERSIZED for any fault in a message; the object is of no further use then.
    LocalError for a call after `done`.
    """

    def __init__(self, index: Index, session_hash: SessionHash) -> None:
        self._index = index
        self._hash = session_hash
        self._asked: deque[_Range | _Listed] = deque()  # the other side must answer these next, in order
        # We must answer these next, in order. None: a range that is the same; a range that differs; bytes: a ready answer.
        self._answers_due: deque[_Range | bytes | None] = deque()
        self._messages = 0
        self.offers = Marks(index.table)  # own items that the other side lacks
        self.expected = 0  # how many items the other side has for us
        self.done = False

    def open(self) -> bytes:
        """Return the first message. The roots are already known to differ."""
        self._answers_due.append(_Range(0, len(self._index), 0))
        return self._write()

    def begin(self) -> None:
        """Wait for the other side's first message."""
        self._asked.append(_Range(0, len(self._index), 0))

    def receive(self, message: bytes) -> bytes | None:
        """Read a message, and return the reply; None if both sides know that nothing is left to answer."""
        if self.done:
            raise LocalError("this comparison is over")
        self._messages += 1
        if self._messages > RECONCILE_MESSAGES_MAX:
            raise RemoteError(Code.OVERSIZED, "reconciliation without end")
        if self._asked and not message:
            raise RemoteError(Code.MALFORMED, "the peer answers nothing")
        reader = _Reader(message)
        while reader.more():
            self._read_answer(reader)
            if len(self._answers_due) > RECONCILE_RANGES_MAX:
                raise RemoteError(Code.OVERSIZED, "too many ranges")
        if not self._asked and not self._answers_due:
            self.done = True
            return None
        return self._write()

    # --- reading ---------------------------------------------------------------------------------------------------

    def _read_answer(self, reader: _Reader) -> None:
        if not self._asked:
            raise RemoteError(Code.MALFORMED, "an answer that nobody asked for")
        asked = self._asked.popleft()
        if isinstance(asked, _Listed):
            self._read_lacking(reader, asked)
            return
        head = reader.number()
        count, mode = head >> 2, head & 3
        if mode == _Mode.SAME:
            for _ in range(count):
                if not self._asked or not isinstance(self._asked.popleft(), _Range):
                    raise RemoteError(Code.MALFORMED, "a run of equal ranges is too long")
        elif mode == _Mode.SPLIT:
            self._read_split(reader, asked, count + 2)
        elif mode == _Mode.LIST:
            self._read_list(reader, asked, count)
        else:
            raise RemoteError(Code.MALFORMED, "unknown kind of answer")

    def _read_split(self, reader: _Reader, asked: _Range, children: int) -> None:
        if children > RECONCILE_CHILDREN_MAX:
            raise RemoteError(Code.OVERSIZED, "a range split too finely")
        cuts, bases, theirs = [asked.lo], [asked.base], [reader.take(FINGERPRINT_BYTES)]
        bound = (asked.base, b"")
        for _ in range(children - 1):
            following = reader.bound(bound[0])
            position = self._index.position(*following)
            if following <= bound or not cuts[-1] <= position <= asked.hi:
                raise RemoteError(Code.MALFORMED, "bounds out of order")
            bound = following
            cuts.append(position)
            bases.append(bound[0])
            theirs.append(reader.take(FINGERPRINT_BYTES))
        cuts.append(asked.hi)
        ours = self._hash.fingerprints(self._index, cuts)
        for number, (mine, their) in enumerate(zip(ours, theirs, strict=True)):
            self._answers_due.append(None if mine == their else _Range(cuts[number], cuts[number + 1], bases[number]))

    def _read_list(self, reader: _Reader, asked: _Range, count: int) -> None:
        if count > RECONCILE_LIST_MAX:
            raise RemoteError(Code.OVERSIZED, "a list too long")
        listed = reader.take(count * SHORT_BYTES)
        theirs = [listed[at : at + SHORT_BYTES] for at in range(0, len(listed), SHORT_BYTES)]
        if theirs:
            ours = self._hash.short_ids(self._index, asked.lo, asked.hi)
            known = set(theirs)
            extra: Sequence[int] = [asked.lo + number for number, short in enumerate(ours) if short not in known]
        else:
            ours, extra = [], range(asked.lo, asked.hi)
        held = set(ours)
        bits = 0
        for number, short in enumerate(theirs):
            if short not in held:
                bits |= 1 << number
        self.expected += bits.bit_count()
        self._offer(extra)
        self._answers_due.append(bits.to_bytes((count + 7) // 8, "little") + _number(len(extra)))

    def _read_lacking(self, reader: _Reader, asked: _Listed) -> None:
        count = asked.hi - asked.lo
        bits = int.from_bytes(reader.take((count + 7) // 8), "little")
        if bits >> count:
            raise RemoteError(Code.MALFORMED, "bits beyond the list")
        self._offer(asked.lo + number for number in range(count) if bits >> number & 1)
        self.expected += reader.number()
        if self.expected > RECONCILE_OFFERS_MAX:
            raise RemoteError(Code.OVERSIZED, "too many items offered")

    def _offer(self, positions: Iterable[int]) -> None:
        for position in positions:
            self.offers.mark(self._index.number_at(position))

    # --- writing ---------------------------------------------------------------------------------------------------

    def _write(self) -> bytes:
        out = bytearray()
        while self._answers_due and len(out) < RECONCILE_MESSAGE_BYTES:
            due = self._answers_due.popleft()
            if due is None:
                run = 0
                while self._answers_due and self._answers_due[0] is None:
                    self._answers_due.popleft()
                    run += 1
                out += _number(run << 2 | _Mode.SAME)
            elif isinstance(due, bytes):
                out += due
            elif due.hi - due.lo <= LEAF:
                out += _number((due.hi - due.lo) << 2 | _Mode.LIST)
                out += b"".join(self._hash.short_ids(self._index, due.lo, due.hi))
                self._asked.append(_Listed(due.lo, due.hi))
            else:
                self._write_split(out, due)
        if not self._answers_due and not self._asked:
            self.done = True
        return bytes(out)

    def _write_split(self, out: bytearray, whole: _Range) -> None:
        size = whole.hi - whole.lo
        children = min(FANOUT, size // (LEAF // 2))  # two at least: there are more items than a list has
        cuts = [whole.lo + size * number // children for number in range(children + 1)]
        prints = self._hash.fingerprints(self._index, cuts)
        out += _number((children - 2) << 2 | _Mode.SPLIT)
        out += prints[0]
        base = whole.base
        bases = [base]
        for cut, fingerprint in zip(cuts[1:-1], prints[1:], strict=True):
            created, prefix = self._bound_before(cut)
            out += _number((created - base) << 1 | bool(prefix))
            if prefix:
                out.append(len(prefix))
                out += prefix
            out += fingerprint
            base = created
            bases.append(base)
        for number in range(children):
            self._asked.append(_Range(cuts[number], cuts[number + 1], bases[number]))

    def _bound_before(self, position: int) -> tuple[int, bytes]:
        """Return the shortest bound between the items at position - 1 and position."""
        before, after = self._index.item_at(position - 1), self._index.item_at(position)
        if before[0] < after[0]:
            return before[0] + 1, b""
        length = 1
        while before[1][:length] == after[1][:length]:
            length += 1
        return after[0], after[1][:length]


def _number(value: int) -> bytes:
    """Encode an unsigned integer as LEB128: seven bits a byte, lowest first."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


class _Reader:
    """Takes a message apart from the front. RemoteError MALFORMED for anything that is missing or has the wrong form."""

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def more(self) -> bool:
        return self._at < len(self._data)

    def take(self, count: int) -> bytes:
        taken = self._data[self._at : self._at + count]
        if len(taken) != count:
            raise RemoteError(Code.MALFORMED, "a message cut short")
        self._at += count
        return taken

    def number(self) -> int:
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
            shift += 7
        if value > INT_MAX or (shift and byte == 0):
            raise RemoteError(Code.MALFORMED, "a number too long")
        return value

    def bound(self, base: int) -> tuple[int, bytes]:
        value = self.number()
        created = base + (value >> 1)
        prefix = b""
        if value & 1:
            prefix = self.take(self.take(1)[0])
            if not 0 < len(prefix) <= ID_BYTES:
                raise RemoteError(Code.MALFORMED, "a bound of the wrong length")
        if created > INT_MAX:
            raise RemoteError(Code.MALFORMED, "a bound beyond all time")
        return created, prefix
