"""Text for people: what may stand anywhere, and how bytes are written down."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import InvalidField, check_text, text_fault, tidy
from protocol.bech32m import Bech32mError, ChecksumError, from_text, to_text

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
    "lone surrogate": "a\ud800b",
    "not composed": "Cafe\u0301",
    "leading space": " a",
    "trailing space": "a ",
    "trailing line feed": "a\n",
    "leading wide space": "\u3000a",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_is_refused_on_one_line_and_on_many(text: str) -> None:
    for lines in (False, True):
        fault = text_fault(text, 100, lines=lines)
        assert fault is not None
        assert fault.isprintable()


@pytest.mark.parametrize("text", ["Zoë", "Ελένη", "محمد", "שלום", "日本", "👩🏽‍🌾", "a <script>", "O'Brien & Söhne"])
def test_names_from_everywhere_may_stand(text: str) -> None:
    assert text_fault(text, 64, shortest=1) is None


def test_line_feeds_stand_in_long_texts_only() -> None:
    assert text_fault("one\ntwo", 100, lines=True) is None
    assert text_fault("one\ntwo", 100) == "must be on one line"


def test_lengths_are_counted_in_characters() -> None:
    assert text_fault("é" * 10, 10) is None
    assert text_fault("é" * 11, 10) == "must not be longer than 10 characters (it has 11)"
    assert text_fault("", 10) is None
    assert text_fault("", 10, shortest=1) == "must not be empty"


def test_a_name_that_nobody_can_see_is_refused() -> None:
    assert text_fault("\u200b\u200d", 10, shortest=1) == "must have something to see in it"


def test_a_refusal_names_the_field_and_reads_as_a_sentence() -> None:
    with pytest.raises(InvalidField) as caught:
        check_text("title", "a\x1bb", 200)
    assert (caught.value.field, caught.value.reason) == ("title", "must not have control characters")
    assert str(caught.value) == "title must not have control characters"


def test_only_text_is_text() -> None:
    with pytest.raises(InvalidField, match="must be text"):
        check_text("title", b"bytes", 200)


@given(st.text())
def test_tidied_text_is_tidy_and_lacks_only_what_is_forbidden(text: str) -> None:
    once = tidy(text)
    assert tidy(once) == once
    assert text_fault(once, len(once), lines=True) in {
        None,
        "must not have control characters",
        "must not have characters that turn the direction of writing",
        "must not have invisible characters",
    }


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


def test_another_prefix_is_another_text() -> None:
    with pytest.raises(Bech32mError, match="does not begin"):
        from_text("mesh", to_text("mp", b"data"))
    with pytest.raises(ChecksumError):
        from_text("mesh", "mesh1" + to_text("mash", b"data")[5:])
