"""Text for people: which texts are accepted, the same under every Python, and how bytes are written down."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import (
    InvalidField,
    Kind,
    Listing,
    Profile,
    body_of,
    check_text,
    normalize,
    normalize_line,
    parse_body,
    text_fault,
)
from protocol.bech32m import Bech32mError, ChecksumError, from_text, to_text
from protocol.joiners import JOINERS
from protocol.letters import Action, Introduction, Move
from protocol.text import DIRECTIONS, INVISIBLE, NONCHARACTERS, WHITE_SPACE, characters
from protocol.tokens import Card
from tests.support import text_verdicts
from tests.support.chains import begun
from tests.support.exchanges import move, terms
from tests.support.golden import golden
from tests.support.people import NOW, Person, grown

VECTORS = golden("text.json")
BECH32M = VECTORS["bech32m"]

HOSTILE = {
    "escape": "a\x1b[31mb",
    "clipboard": "a\x1b]52;c;aGk=\x07b",
    "carriage return": "a\rb",
    "nul": "a\0b",
    "tab": "a\tb",
    "delete": "a\x7fb",
    "next line": "a\x85b",
    "line separator": "a\u2028b",
    "right-to-left override": "a\u202eb",
    "left-to-right embedding": "a\u202ab",
    "isolate": "a\u2066b\u2069",
    "left-to-right mark": "a\u200eb",
    "right-to-left mark": "a\u200fb",
    "Arabic letter mark": "a\u061cb",
    "byte order mark": "a\ufeffb",
    "soft hyphen": "a\u00adb",
    "filler of Hangul": "a\u3164b",
    "lone surrogate": "a\ud800b",
    "never a character": "a\U0001fffeb",
    "leading space": " a",
    "trailing space": "a ",
    "trailing line feed": "a\n",
    "leading wide space": "\u3000a",
    "leading joiner": "\u200da",
    "nine joiners": "\u0628" + "\u200d" * 9 + "b",
    "a joiner where it has no effect": "Dave\u200b",
}


# --- one verdict everywhere ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", VECTORS["accepted"], ids=lambda case: case["why"])
def test_an_accepted_text_of_the_vectors_is_accepted(case: dict[str, Any]) -> None:
    assert text_verdicts.is_accepted(case)


@pytest.mark.parametrize("case", VECTORS["refused"], ids=lambda case: case["why"])
def test_a_refused_text_of_the_vectors_is_refused(case: dict[str, Any]) -> None:
    assert not text_verdicts.is_accepted(case)


def test_the_verdict_on_every_code_point_is_the_golden_one() -> None:
    assert text_verdicts.code_points() == VECTORS["code_points"]


def test_every_python_at_hand_gives_the_same_verdicts(record_property: Callable[[str, object], None]) -> None:
    pythons = pythons_at_hand()
    record_property("pythons", sorted(pythons))
    assert minor_version(sys.executable) in pythons
    for version, python in pythons.items():
        said = json.loads(subprocess.check_output([python, text_verdicts.__file__]))
        assert said["code_points"] == VECTORS["code_points"], version
        assert said["accepted"] == [True] * len(VECTORS["accepted"]), version
        assert said["refused"] == [False] * len(VECTORS["refused"]), version


def pythons_at_hand() -> dict[str, str]:
    """Return the Pythons of this machine that the project supports: one of each minor version, this one among them."""
    siblings = Path(sys.base_prefix).parent.glob("*/bin/python3")
    on_path = (shutil.which(f"python3.{minor}") for minor in range(11, 20))
    found: dict[str, str] = {}
    for python in (sys.executable, *filter(None, on_path), *map(str, siblings)):
        version = minor_version(python)
        if version is not None:
            found.setdefault(version, python)
    return found


def minor_version(python: str) -> str | None:
    """Return a Python's version such as 3.13, or None if it does not run or is too old for the project."""
    asked = subprocess.run(
        [python, "-c", "import sys; print(*sys.version_info[:2])"], capture_output=True, text=True, check=False
    )
    version = tuple(map(int, asked.stdout.split()))
    return f"3.{version[1]}" if asked.returncode == 0 and version >= (3, 11) else None


def test_the_lists_are_as_long_as_the_properties_of_unicode_that_they_come_from() -> None:
    """White_Space has 25 code points, Default_Ignorable_Code_Point has 4,174, and 66 are noncharacters."""
    assert len(characters(WHITE_SPACE)) == 25
    assert len({*characters((*JOINERS, *INVISIBLE, *DIRECTIONS))} - {*"\ufff9\ufffa\ufffb"}) == 4174
    assert len(characters(NONCHARACTERS)) == 66


NEWER = {
    "an emoji of 2022": "Beans \U0001fad8",
    "another emoji of 2022": "Shaken \U0001fae8",
    "an emoji of 2024": "Tired \U0001fae9",
    "a code point of no version so far": "Greek \u0378",
    "a code point of a plane without characters": "Plane four \U00040000",
    "not composed": "Cafe\u0301",
}


@pytest.mark.parametrize("said", NEWER.values(), ids=NEWER.keys())
def test_characters_of_later_unicode_versions_are_accepted_in_every_text(said: str) -> None:
    alice = Person("Alice")
    profile = alice.profile(name=said, about=said)
    listing = alice.listing(said, text=said, tags=(said,), unit=said)
    for record in (profile, listing):
        body = body_of(record)
        assert isinstance(body, Profile | Listing)
        assert body.to_body() == record.body
    card = Card(alice.id, said, alice.certificate(), grown("secret"), (), NOW + 60, 800)
    assert Card.parse(card.to_text()) == card
    join = begun(alice, said)
    assert parse_body(Kind.JOIN, join.to_body()) == join
    introducing = Introduction(alice.id, said, said, (alice.certificate(),))
    assert Introduction.from_fields(introducing.to_fields()) == introducing
    sent = move(Action.SAY, terms(title=said, unit=said), text=said)
    assert Move.from_fields(sent.to_fields()) == sent


def listed(name: str) -> set[str]:
    """Return the characters of one of the lists of the vectors."""
    return points(VECTORS[name])


def points(lines: list[str]) -> set[str]:
    """Return the characters of ranges as the vectors write them."""
    ends = [tuple(int(end, 16) for end in line.split("-")) for line in lines]
    return {chr(point) for range_ in ends for point in range(range_[0], range_[-1] + 1)}


SPACES, JOINING, FORBIDDEN = listed("white_space"), listed("joiners"), listed("forbidden")
KINDS = [(points(kind["joiners"]), points(kind["bases"])) for kind in VECTORS["joiner_kinds"]]
MAY_JOIN = "1#\u20e3\u0628\u0e01\u1820\u263a\u845b\U0001f3f4"
odd = st.sampled_from(sorted(SPACES | {*"ab\n\u200b\u200d\ufe0f\U000e0020\ufeff\u00ad\u0301\u0378", *MAY_JOIN}))


def follows_the_lists(said: str) -> bool:
    """Whether the lists of the vectors allow a text of several lines that must not be empty, read one by one."""
    in_a_row = 0
    for place, character in enumerate(said):
        in_a_row = in_a_row + 1 if character in JOINING else 0
        if in_a_row > 8 or (character in FORBIDDEN and character != "\n"):
            return False
        before = said[place - in_a_row : place - in_a_row + 1] if place >= in_a_row else ""
        keycap = re.fullmatch("[0-9#*]\ufe0f\u20e3", said[max(0, place - 1) : place + 2])
        if in_a_row and not keycap and not any(character in joined and before in bases for joined, bases in KINDS):
            return False
    return bool(said) and said[0] not in SPACES | JOINING and said[-1] not in SPACES


@given(st.text(odd) | st.text() | st.text(st.sampled_from("a\u0628\u200c\u200d\ufe0f"), min_size=9))
def test_a_text_is_accepted_exactly_if_the_lists_allow_it(said: str) -> None:
    assert (text_fault(said, len(said), shortest=1, lines=True) is None) == follows_the_lists(said)


# --- for people ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("said", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_is_refused_on_one_line_and_on_many(said: str) -> None:
    for lines in (False, True):
        fault = text_fault(said, 100, lines=lines)
        assert fault is not None
        assert str(fault).isprintable()


@pytest.mark.parametrize("said", ["Zoë", "Ελένη", "محمد", "שלום", "日本", "👩🏽‍🌾", "a <script>", "O'Brien & Söhne"])
def test_names_from_everywhere_are_accepted(said: str) -> None:
    assert text_fault(said, 64, shortest=1) is None


def test_line_feeds_are_accepted_in_long_texts_only() -> None:
    assert text_fault("one\ntwo", 100, lines=True) is None
    assert str(text_fault("one\ntwo", 100)) == "must be on one line"


def test_lengths_are_counted_in_characters() -> None:
    assert text_fault("é" * 10, 10) is None
    assert str(text_fault("é" * 11, 10)) == "must not be longer than 10 characters (it has 11)"
    assert text_fault("", 10) is None
    assert str(text_fault("", 10, shortest=1)) == "must not be empty"


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        (" a", "must not begin or end with white space"),
        ("a\x1bb", "must not have control characters: delete character 2 (U+001B)"),
        ("a\u202eb", "must not have characters that turn the direction of writing: delete character 2 (U+202E)"),
        ("a\ud800b", "is not valid Unicode: delete character 2 (U+D800)"),
        ("a\uffffb", "must not have code points that can never be characters: delete character 2 (U+FFFF)"),
        ("a\u00adb", "must not have invisible characters: delete character 2 (U+00AD)"),
        ("\u200b\u200d", "must not begin with an invisible character: delete character 1 (U+200B)"),
        (
            "\u0628" + "\u200d" * 9,
            "must not have more than 8 invisible characters in a row: delete character 10 (U+200D)",
        ),
        ("Dave\ufe0f", "must not have an invisible character where it has no effect: delete character 5 (U+FE0F)"),
    ],
    ids=ascii,
)
def test_every_refusal_says_why(said: str, fault: str) -> None:
    assert str(text_fault(said, 100, shortest=1)) == fault


@given(st.text(st.sampled_from("ab \n\x07\u202e\u00ad\uffff\u200d"), max_size=30))
def test_deleting_what_a_refusal_names_leads_to_a_text_that_is_accepted(said: str) -> None:
    """The advice, followed step by step, ends with a text that may be written, or with nothing."""
    said = said.strip()
    while "delete character" in (fault := str(text_fault(said, 100, lines=True))):
        place = int(re.search(r"delete character (\d+)", fault)[1]) - 1  # type: ignore[index]
        assert f"(U+{ord(said[place]):04X})" in fault
        said = said[:place] + said[place + 1 :]
    assert fault == "None" or "white space" in fault


def test_a_refusal_names_the_field_and_reads_as_a_sentence() -> None:
    with pytest.raises(InvalidField) as caught:
        check_text("title", "a\x1bb", 200)
    assert (caught.value.field, caught.value.reason) == (
        "title",
        "must not have control characters: delete character {place} ({code})",
    )
    assert caught.value.values == {"place": 2, "code": "U+001B"}
    assert str(caught.value) == "title must not have control characters: delete character 2 (U+001B)"


def test_a_value_of_another_type_is_no_text() -> None:
    with pytest.raises(InvalidField, match="must be text"):
        check_text("title", b"bytes", 200)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("  Zoe\u0308\u3000\n", "Zoë"),
        ("one\r\ntwo\rthree", "one\ntwo\nthree"),
        ("one\x0btwo\x85three\u2028four", "one\ntwo\nthree\nfour"),
        ("\ufeffsoft\u00adly", "softly"),
        ("\u200f\u05e9\u05d5\u05dc\u05d7\u05df \u05e2\u05e5", "\u05e9\u05d5\u05dc\u05d7\u05df \u05e2\u05e5"),
        ("3 \u0643\u0631\u0627\u0633\u064a\u200e", "3 \u0643\u0631\u0627\u0633\u064a"),
        ("\u2068Anna\u2069 \u202a+49 30\u202c", "Anna +49 30"),
        ("Table\tround", "Table round"),
        ("e\u2060\u0301", "\u00e9"),
        ("\ufeff \u00ad", ""),
        ("a\u200db", "ab"),
        ("a\u202eb\x1c", "a\u202eb\x1c"),
    ],
    ids=ascii,
)
def test_what_a_person_typed_is_composed_and_trimmed_and_cleaned_of_what_copying_brings_along(
    typed: str, stored: str
) -> None:
    assert normalize(typed) == stored


@given(st.text(odd) | st.text())
def test_normalized_text_stays_as_it_is_and_passes_or_is_refused_in_words(said: str) -> None:
    once = normalize(said)
    assert normalize(once) == once
    fault = text_fault(once, len(once), lines=True)
    assert str(fault).isascii()
    assert str(fault).isprintable()
    assert str(fault) not in {"must not begin or end with white space", "must be on one line"}


@given(st.text(odd | st.sampled_from("\n\r\t ")) | st.text())
def test_a_line_stays_one_line(said: str) -> None:
    once = normalize_line(said)
    assert normalize_line(once) == once
    assert "\n" not in once
    assert str(text_fault(once, len(once))) != "must not begin or end with white space"


def test_lines_typed_into_a_field_of_one_line_are_joined() -> None:
    assert normalize_line("Shelf \r\n\n  white\n") == "Shelf white"


# --- bytes as text -------------------------------------------------------------------------------------------------


def test_a_published_bip_350_string_reads_as_its_bytes() -> None:
    """From BIP 350's list of valid strings: the 32 symbols from 31 down to 0, which are 20 bytes."""
    text = "abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx"
    assert from_text("abcdef", text).hex() == "ffbbcdeb38bdab49ca307b9ac5a928398a418820"
    assert to_text("abcdef", bytes.fromhex("ffbbcdeb38bdab49ca307b9ac5a928398a418820")) == text


@pytest.mark.parametrize("text", ["M1VUXWEZ", "MH1RGX7C", "mzl5y", "m1qqqqqqp", "m1", "m1q"])
def test_other_checksums_are_refused(text: str) -> None:
    with pytest.raises(Bech32mError):
        from_text("m", text)


@given(st.binary(min_size=1, max_size=700))
def test_bytes_come_back_from_their_text(data: bytes) -> None:
    assert from_text("mesh", to_text("mesh", data)) == data
    assert from_text("mesh", to_text("mesh", data).upper()) == data


@given(st.binary(min_size=1, max_size=100), st.data())
def test_one_lost_doubled_or_swapped_character_is_noticed(data: bytes, draw: st.DataObject) -> None:
    text = to_text("mesh", data)
    place = draw.draw(st.integers(5, len(text) - 2))
    lost = text[:place] + text[place + 1 :]
    doubled = text[:place] + text[place] + text[place:]
    swapped = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    for damaged in (lost, doubled, swapped):
        if damaged != text:
            with pytest.raises(Bech32mError):
                from_text("mesh", damaged)


@pytest.mark.parametrize("case", BECH32M["read"], ids=lambda case: case["why"])
def test_a_text_with_what_readers_ignore_is_read(case: dict[str, str]) -> None:
    text = bytes.fromhex(case["utf8"]).decode()
    assert from_text(BECH32M["prefix"], text).hex() == BECH32M["bytes"]


@pytest.mark.parametrize("case", BECH32M["refused"], ids=lambda case: case["why"])
def test_a_text_with_anything_else_is_not_read(case: dict[str, str]) -> None:
    with pytest.raises(Bech32mError):
        from_text(BECH32M["prefix"], bytes.fromhex(case["utf8"]).decode())


def test_another_prefix_is_another_text() -> None:
    with pytest.raises(Bech32mError, match="does not begin"):
        from_text("mesh", to_text("mp", b"data"))
    with pytest.raises(ChecksumError):
        from_text("mesh", "mesh1" + to_text("mash", b"data")[5:])
