"""Fuzzes the smallest parts: the codec, text that people read, and the tokens that people hand on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from meshnode.app.lookalikes import look_alike, skeletons
from meshnode.quoting import named, quoted
from protocol import LocalError, bech32m, decode, encode, limits, normalize, normalize_line, text_fault
from protocol.text import without_joiners
from protocol.tokens import Card, DeviceCode
from tests.fuzz.harness import Harness, Refused, answer_of
from tests.fuzz.source import TEXTS, Source, as_bytes
from tests.support.people import NOW, Person, grown

MANY = 4_096
skeletons("")  # reads its table, which is no work of an input
ALICE = Person("Alice")
CARD = Card(
    giver=ALICE.id,
    name="Alice",
    certificate=ALICE.certificate(),
    secret=grown("card secret"),
    addresses=(("192.168.1.5", 4747), ("fd00::5", 4747)),
    expires=NOW + limits.CARD_LIFE,
    weight=700,
)
CODE = DeviceCode(ALICE.id, ALICE.keys.dh_public, grown("code secret"), NOW + 600, (("192.168.1.5", 4747),))


def codec(data: bytes) -> None:
    """What is decoded is encoded the same, and what can be encoded is decoded the same."""
    value = answer_of(decode, data, max_bytes=MANY)
    if not isinstance(value, Refused):
        assert encode(value) == data
    made = Source(data).value(limits.MAX_DEPTH)
    try:
        written = encode(made)
    except LocalError:
        return
    assert repr(decode(written, max_bytes=1 << 20)) == repr(made)


def text(data: bytes) -> None:
    """The rule for text gives a verdict on every text, and what a person typed has one stored form."""
    typed = data.decode("utf-8", "surrogateescape")  # also halves of surrogate pairs, which JSON can escape
    on_one_line = text_fault(typed, 200)
    on_lines = text_fault(typed, 200, lines=True)
    assert on_one_line is not None or on_lines is None
    if on_one_line is None:
        assert typed.encode().decode() == typed
        assert named(typed)
        assert look_alike(typed, typed)
    assert quoted(typed)[-1] == '"'
    assert skeletons(typed)
    for stored_form in (normalize, normalize_line):
        stored = stored_form(typed)
        assert stored_form(stored) == stored
        fault = text_fault(stored, 1 << 20, lines=True)
        assert fault is None or "white space" not in fault.reason
    assert "\n" not in normalize_line(typed)
    assert without_joiners(without_joiners(typed)) == without_joiners(typed)


def _token(prefix: str, parse: Callable[[str], Card | DeviceCode], sound: str) -> Callable[[bytes], None]:
    payload = bech32m.from_text(prefix, sound)

    def run(data: bytes) -> None:
        source = Source(data)
        match source.below(4):
            case 0:
                typed = source.take(MANY).decode("utf-8", "replace")
            case 1:
                at = source.below(len(sound))
                typed = sound[:at] + source.text() + sound[at + source.below(3) :]
            case 2:
                typed = bech32m.to_text(prefix, source.take(MANY))
            case _:
                typed = bech32m.to_text(prefix, as_bytes(source.edited(decode(payload, max_bytes=MANY))))
        token = answer_of(parse, typed)
        if not isinstance(token, Refused):
            assert parse(token.to_text()) == token
            assert parse(token.to_text().upper()) == token
            assert replace(token) == token

    return run


def _texts() -> Iterator[bytes]:
    yield from (one.encode("utf-8", "surrogatepass") for one in TEXTS)
    yield b"a\r\nb\tc"


def _values() -> Iterator[bytes]:
    for value in (None, True, 0, -1, 2**53 - 1, "text", b"bytes", (), (1, ("a", (b"b",)))):
        yield encode(value)
    yield b"\xdd\xff\xff\xff\xff"
    yield b"\x91" * 40
    yield b"\xc7\x00\x05"


def _tokens(prefix: str, sound: str) -> Iterator[bytes]:
    payload = bech32m.from_text(prefix, sound)
    yield b"\0" + sound.encode()
    yield b"\1\x05"
    yield b"\2" + payload
    yield from (bytes([3, edits, where, what, 0, 0, where]) for edits in (0, 1) for where in (1, 5) for what in (3, 5))


HARNESSES = (
    Harness("codec", codec, _values),
    Harness("text", text, _texts),
    Harness("card", _token("mesh", Card.parse, CARD.to_text()), lambda: _tokens("mesh", CARD.to_text())),
    Harness("device_code", _token("mdev", DeviceCode.parse, CODE.to_text()), lambda: _tokens("mdev", CODE.to_text())),
)
