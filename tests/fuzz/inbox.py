"""Fuzzes the inbox: letters that the node can open, with moves in any order and contents that no honest program writes."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from meshnode.app import waiting
from meshnode.app.exchanges import exchanges, incoming
from meshnode.slices import complete
from protocol import InvalidField, Kind, Quantity, Record, Value, limits, signed
from protocol.letters import Action, Move, Receipt, Terms, exchange_id, receipt_slot, seal
from protocol.numbers import UnixTime, Version
from tests.fuzz.harness import REFUSED, Harness, Refused
from tests.fuzz.node import CALLS, Village, goes_on
from tests.fuzz.records import LETTERS, Anything, Author
from tests.fuzz.source import Source, as_bytes
from tests.fuzz.worlds import Reused
from tests.support.guards import watched
from tests.support.people import grown

QUANTITIES: tuple[Quantity | None, ...] = (1, None, 2, limits.QUANTITY_MAX, Decimal("0.001"))
TIMES = (None, 0, 1, limits.TIME_MAX)
TEXTS = ("", "At six?", "x" * limits.MESSAGE_MAX)
LETTERS_MAX = 6  # of one input: from an ask to a return it takes five
INPUTS = 60  # of one world: exchanges of before are what many moves are about
VILLAGES = Reused(Village, INPUTS)


def _move(source: Source, asker: bytes, owner: bytes, slot: bytes) -> Move | Refused:
    """Return a move in one of a few exchanges between two people; nothing says that it is this side's turn."""
    try:
        terms = Terms(
            grown("nonce", source.below(3), size=16),
            slot if source.below(2) == 0 else bytes(16),
            source.pick(("offer", "need")),
            "Ladder",
            "tools",
            source.pick(QUANTITIES),
            lend=(lend := source.below(2) == 1),
            return_by=source.pick(TIMES) if lend else None,
            available_until=source.pick(TIMES),
        )
        action = source.pick(tuple(Action))
        shown = action is Action.ASK or (action is Action.ACCEPT and source.below(2) == 1)
        return Move(
            exchange_id(asker, owner, terms),
            action,
            source.pick((1_800_000_000, 0, limits.TIME_MAX)),
            source.pick(TEXTS),
            terms if shown else None,
        )
    except InvalidField:
        return REFUSED


def _content(source: Source, author: bytes, place: Village) -> tuple[int, Value] | Refused:
    """Return the number and the fields of the content of a letter by `author`."""
    if source.below(4) == 3:
        other = source.pick(tuple(LETTERS.values()))
        return other.NUMBER, source.edited(other.to_fields(), 4)
    bob, laptop = place.authors[0].id, place.laptop
    asker, owner = (bob, laptop.me) if source.below(2) == 0 else (laptop.me, bob)
    if author not in (asker, owner):
        asker, owner = author, laptop.me
    move = _move(source, asker, owner, place.ladder)
    if isinstance(move, Refused):
        return move
    return Move.NUMBER, source.edited(move.to_fields(), 1) if source.below(4) == 3 else move.to_fields()


def _letter(source: Source, author: Author, place: Village) -> Record | Refused:
    """Return a letter that Alice's laptop can open: to her, or one that she seems to have written to Bob."""
    content = _content(source, author.id, place)
    if isinstance(content, Refused):
        return content
    number, fields = content
    addressee = place.authors[0].id if author.id == place.laptop.me else place.laptop.me
    if type(fields) is not tuple or not 0 < len(as_bytes((fields,))) < limits.LETTER_SIZES[-1] - 200:
        return REFUSED  # no program could seal this
    receipt = number == Receipt.NUMBER
    slot = receipt_slot(author.id, addressee) if receipt else grown("slot", source.byte(), size=16)
    sealed = seal(
        type("Written", (Anything,), {"NUMBER": number})(fields),
        author=author.id,
        addressee=addressee,
        slot=slot,
        letter_keys=[place.laptop.keys.letter_public],
        entropy=grown("entropy"),
    )
    now, version = place.laptop.clock.now(), Version(1 + source.below(3))
    return signed(
        kind=Kind.LETTER,
        author=author.id,
        device=author.keys.device_id,
        slot=slot,
        version=version,
        policy_version=Version(1),
        created=UnixTime(now),
        expires=UnixTime(now + limits.LETTER_LIFE),
        min_valid_version=version,
        latest_expiry=UnixTime(now + limits.LETTER_LIFE),
        body=sealed.to_body(),
        sign=author.keys.sign,
    )


def inbox(data: bytes) -> None:
    """Whatever is in letters that can be opened, the node opens them, shows what came of it, and does all else."""
    source = Source(data)
    place = VILLAGES.next()
    with watched() as failed:
        for _ in range(1 + source.below(LETTERS_MAX)):
            author = source.pick(place.authors[:3])
            letter = _letter(source, author, place)
            if isinstance(letter, Record):
                place.laptop.ingest.receive([letter], author.id)
                incoming.open_letters(place.laptop)
        goes_on(place.laptop)
        waiting.inbox(place.laptop)
        complete(exchanges.exchanges(place.laptop, exchanges.ExchangesQuery()))
    assert not failed, failed


def _seeds() -> Iterator[bytes]:
    def move(author: int, way: int, action: int, quantity: int, *, lend: int, slot: int) -> bytes:
        shown = () if action == 0 else (0,) if action == 1 else ()
        return bytes(
            (author, 0, way, 0, 0, 0, quantity, lend, *(() if not lend else (2,)), 0, action, *shown, 0, 0, 0, slot, 0)
        )

    for way in range(2):
        for lend in range(2):
            asker, owner = (0, 1) if way == 0 else (1, 0)
            for course in ((0,), (0, 1), (0, 2), (0, 1, 4), (0, 1, 3, 3, 5, 5), (0, 6, 6, 1)):
                sides = (asker, owner, asker, owner, asker, owner)
                letters = (
                    move(side, way, action, 1, lend=lend, slot=at)
                    for at, (side, action) in enumerate(zip(sides, course, strict=False))
                )
                yield bytes((len(course) - 1,)) + b"".join(letters)
    for author in range(3):
        for content in range(len(LETTERS)):
            yield bytes((0, author, 3, content, 0, content))
            yield from (bytes((0, author, 3, content, 1, 1, where, 7, where, 3, 1, 1)) for where in range(6))


HARNESSES = (Harness("inbox", inbox, _seeds, CALLS),)
