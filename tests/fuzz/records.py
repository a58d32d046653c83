"""Fuzzes records: their form, their header, their body of every kind, and the letters sealed in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from protocol import (
    REVOCATION_VERSION,
    DeviceKeys,
    Kind,
    Letter,
    PersonId,
    Record,
    Value,
    body_hash,
    body_of,
    check_header,
    decode,
    device_slot,
    encode,
    limits,
    parse_body,
    signature_message,
    verify_signature,
)
from protocol.letters import (
    CONTENTS,
    Action,
    Content,
    Introduction,
    KeyShare,
    Opened,
    Receipt,
    open_letter,
    receipt_slot,
    seal,
)
from tests.fuzz.harness import CALLS, Harness, Refused, answer_of
from tests.fuzz.source import Source, as_bytes
from tests.support.chains import chain, join_record
from tests.support.exchanges import move, terms
from tests.support.people import NOW, Person, grown
from tests.support.sample_records import ALICE, BOB, RECORDS
from tests.support.vectors_handovers import HANDOVER

CAROL = Person("Carol")
SLOT = grown("letter", size=16)
SIGNED = 2_000  # calls of an input that signs and verifies: the curve is computed in C, in few calls

LETTERS: dict[str, Content] = {
    "receipt": Receipt((Opened(SLOT, (ALICE.device[:8],)),)),
    "introduction": Introduction(BOB.id, "Bob", "Say hello!", (BOB.certificate(),)),
    "move": move(Action.ASK, terms(), text="May I?"),
    "handover": HANDOVER,
    "share of a key": KeyShare(NOW, 2, " ".join(["academic"] * 33)),
}
SAMPLES: tuple[Record, ...] = (
    *RECORDS.values(),
    join_record(ALICE, chain(BOB, CAROL, ALICE)),
    ALICE.listing("Saw", place="862a1072fffffff", tags=("tool",), quantity=3, unit="pieces", lend=True),
    ALICE.record(
        Kind.LETTER,
        SLOT,
        seal(
            LETTERS["introduction"],
            author=ALICE.id,
            addressee=CAROL.id,
            slot=SLOT,
            letter_keys=[CAROL.keys.letter_public],
            entropy=bytes(32),
        ),
        life=limits.LETTER_LIFE,
        policy_version=1,
    ),
)
BODIES = tuple((int(record.header.kind), record.body) for record in SAMPLES if record.body)


@dataclass(frozen=True)
class Author:
    """Somebody who signs: their id, the keys of their device, and the function that signs for their identity."""

    id: PersonId
    keys: DeviceKeys
    sign: Callable[[bytes], bytes]


SIGNER = Author(ALICE.id, ALICE.keys, ALICE.identity.sign)


@dataclass(frozen=True)
class Anything:
    """The content of a letter that a program of somebody else's made."""

    fields: tuple[Value, ...]
    NUMBER: ClassVar[int] = 0

    def to_fields(self) -> tuple[Value, ...]:
        """Return the fields as they are."""
        return self.fields

    @classmethod
    def from_fields(cls, fields: tuple[Value, ...]) -> Anything:
        """Return the content of these fields, whatever they are."""
        return cls(fields)


def signed_anyhow(source: Source, author: Author, now: int = NOW) -> Record | Refused:
    """Return a record that some sample became by the changes of `source`, with a signature of `author` that holds.

    It was made `now`, unless that is one of the changes.
    """
    sample = source.pick(SAMPLES)
    body: Value = sample.body
    if sample.body and source.below(2):
        body = as_bytes(source.edited(decode(sample.body, max_bytes=1 << 17)))
    fields: list[Value] = list(sample.header)
    fields[1:3] = [author.id, author.keys.device_id]
    if sample.header.kind in (Kind.DEVICE, Kind.POLICY):
        fields[3] = device_slot(author.keys.device_id)
    fields[7:9] = [now, sample.header.expires - sample.header.created + now]
    fields[10] = sample.header.latest_expiry - sample.header.created + now
    if sample.header.kind == Kind.DEVICE and sample.header.version == REVOCATION_VERSION:
        fields[8] = fields[10] = limits.FOREVER
    if type(body) is bytes and source.below(8):
        fields[-1] = body_hash(body)
    header = as_bytes(source.edited(tuple(fields)))
    unsigned = answer_of(Record.parse, encode((header, bytes(64), body)))
    if isinstance(unsigned, Refused):
        return unsigned
    by_identity = unsigned.header.kind == Kind.DEVICE
    sign = author.sign if by_identity else author.keys.sign
    return Record(unsigned.header, header, sign(signature_message(unsigned)), unsigned.body)


def record(data: bytes) -> None:
    """A record that is accepted is written as it was read, and judged in the order in which a node judges it."""
    source = Source(data)
    found = answer_of(Record.parse, data[1:]) if source.below(2) else signed_anyhow(source, SIGNER)
    if isinstance(found, Refused):
        return
    assert Record.parse(found.wire) == found
    assert Record.parse(found.wire).wire == found.wire
    bare = found.without_body()
    assert bare.id == found.id
    if bare.body is not None or not found.withdrawn:
        assert Record.parse(bare.wire) == bare
    if isinstance(answer_of(check_header, found.header), Refused) or not verify_signature(found):
        return
    assert len(found.header.slot) == 16
    if found.body:
        answer_of(body_of, found)


def bodies(data: bytes) -> None:
    """A body that is accepted is written as it was read."""
    source = Source(data)
    if source.below(2):
        kind, written = source.below(9), data[2:]
    else:
        kind, sound = source.pick(BODIES)
        written = as_bytes(source.edited(decode(sound, max_bytes=1 << 17), 4))
    body = answer_of(parse_body, kind, written)
    if not isinstance(body, Refused):
        assert body.to_body() == written
        assert parse_body(kind, written) == body


def letters(data: bytes) -> None:
    """Letters that anybody sealed are opened or refused, and their contents are written as they were read."""
    source = Source(data)
    number = source.pick(tuple(CONTENTS))
    sample = source.pick([content for content in LETTERS.values() if number == content.NUMBER])
    fields = source.edited(sample.to_fields(), 4)
    if type(fields) is not tuple:
        return
    content = answer_of(CONTENTS[number].from_fields, fields)
    if not isinstance(content, Refused):
        assert content.to_fields() == fields
    _open(source, fields, number)


def _open(source: Source, fields: tuple[Value, ...], number: int) -> None:
    written = type("Written", (Anything,), {"NUMBER": number})(fields)
    slot = receipt_slot(ALICE.id, CAROL.id) if number == Receipt.NUMBER else SLOT
    if not 0 < len(as_bytes((fields,))) < limits.LETTER_SIZES[-1] - 200:
        return  # no program could seal this
    sound = seal(
        written,
        author=ALICE.id,
        addressee=CAROL.id,
        slot=slot,
        letter_keys=[CAROL.keys.letter_public],
        entropy=bytes(32),
    )
    body = sound.to_body()
    if source.below(2):
        body = as_bytes(source.edited(decode(body, max_bytes=1 << 17)))
    letter = answer_of(Letter.parse, body)
    header = ALICE.record(Kind.LETTER, slot, b"x", life=limits.LETTER_LIFE, policy_version=1).header
    if not isinstance(letter, Refused):
        answer_of(open_letter, header, letter, CAROL.keys.letter_private)


def _choices(most: int) -> Iterator[bytes]:
    """Yield inputs that choose each sample, unchanged and with some change."""
    for first in range(most):
        yield bytes((0, first))
        yield bytes((0, first, 1, 1, 1, 3, first, 7, 2, 1))


def _records() -> Iterator[bytes]:
    yield from _choices(len(SAMPLES))
    yield from (b"\1" + sample.wire for sample in SAMPLES if len(sample.wire) < 1_000)


def _bodies() -> Iterator[bytes]:
    yield from _choices(len(BODIES))
    yield from (bytes((1, kind)) + body for kind, body in BODIES if len(body) < 1_000)


HARNESSES = (
    Harness("record", record, _records, CALLS + SIGNED),
    Harness("bodies", bodies, _bodies),
    Harness("letters", letters, lambda: _choices(len(CONTENTS)), CALLS + SIGNED),
)
