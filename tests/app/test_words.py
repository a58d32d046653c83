"""Words: what is folded and what is not, in every script, and what a search finds where there are no spaces."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshnode.app.catalog.listing_index import ListingIndex
from meshnode.app.catalog.word_index import doc_ids_in
from meshnode.app.words import has_part, searchable, words_of
from protocol import Listing, limits, normalize, text_fault
from tests.support.scripts import FINDS, FINDS_NOT

AUTHOR = bytes(32)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Crème fraîche", ["creme", "fraiche"]),
        ("STRASSE Straße", ["strasse", "strasse"]),
        ("İstanbul ISPARTA ıspanak Işık", ["istanbul", "isparta", "ispanak", "isik"]),
        ("Ægir Œufs Łódka Øl Đakovo Þór", ["aegir", "oeufs", "lodka", "ol", "dakovo", "thor"]),
        ("ＡＢＣ ﬁne", ["abc", "fine"]),
        ('e-bike, 28"', ["e", "bike", "28"]),
        ("हिन्दी", ["हिन्दी"]),
        ("かき がき ガキ", ["かき", "がき", "ガキ"]),
        ("日本語 text 日本", ["日本語", "text", "日本"]),
        ("2台の自転車", ["2", "台の自転車"]),
        ("자전거를", ["자전거를"]),
        ("دَرَّاجَة درّاجة كـبير", ["دراجة", "دراجة", "كبير"]),
        ("٣ كراسي", ["3", "كراسي"]),
        ("C++ C# C", ["c", "++", "c", "#", "c"]),
        ("5€ <b>", ["5", "€", "<", "b", ">"]),
        ("Fahrrad🚲🚲 ❤️ 👍🏽", ["fahrrad", "🚲🚲", "❤", "👍"]),
        ("!? ♥", ["♥"]),
        ("!?", ["!?"]),
        ("", []),
    ],
)
def test_a_text_is_cut_into_these_words(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def index_of(*listings: Listing) -> ListingIndex[int]:
    index: ListingIndex[int] = ListingIndex()
    for listing in listings:
        index.add(0, AUTHOR, AUTHOR, listing)
    return index


def found(index: ListingIndex[int], search: str) -> set[int]:
    """The doc ids that have all words of a search, whole or as parts."""
    bits = index.of_kind()
    for word in words_of(search):
        in_title, in_text = index.with_word(word)
        bits &= in_title | in_text | index.with_part(word)
    return set(doc_ids_in(bits))


@pytest.mark.parametrize(("title", "search"), FINDS)
def test_a_word_is_found_in_every_script(title: str, search: str) -> None:
    in_title = index_of(Listing("offer", title, salt=bytes(16)))
    in_text = index_of(Listing("offer", "Other", f"more: {title}.", salt=bytes(16)))
    assert found(in_title, search) == found(in_text, search) == {0}


@pytest.mark.parametrize(("title", "search"), FINDS_NOT)
def test_another_letter_is_not_an_accent(title: str, search: str) -> None:
    assert found(index_of(Listing("offer", title, salt=bytes(16))), search) == set()


LETTERS = "abcåłß'+ 子供用自転車กิ่็дий🚲-"
texts = (
    st.text(LETTERS, min_size=1, max_size=30).map(normalize).filter(lambda text: text and text_fault(text, 200) is None)
)


@given(st.lists(texts, min_size=1, max_size=10), st.text(LETTERS, min_size=1, max_size=6))
@settings(max_examples=200)
def test_the_index_finds_whatever_a_plain_scan_of_folded_text_finds(titles: list[str], search: str) -> None:
    index = index_of(*(Listing("offer", title, salt=bytes(16)) for title in titles))
    words = words_of(search)
    plain = {
        doc_id
        for doc_id, title in enumerate(titles)
        if words and all(has_part(searchable(title), word) for word in words)
    }
    assert plain <= found(index, search)


def test_invented_words_of_many_authors_behind_one_introducer_leave_room_for_the_words_of_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "SEARCH_WORDS_IN_ALL_MAX", 64)
    index: ListingIndex[int] = ListingIndex()
    sybils = [bytes([number]) * 32 for number in range(20)]
    for author in sybils:
        invented = " ".join(f"made{author[0]}x{number}" for number in range(10))
        index.add(0, author, sybils[0], Listing("offer", "Bicycle", salt=bytes(16), text=invented))
        index.add(0, author, None, Listing("offer", "Bicycle", salt=bytes(16), text=invented.replace("made", "odd")))
    kept = sum(1 for author in sybils for number in range(10) if found(index, f"made{author[0]}x{number}"))
    odd = sum(1 for author in sybils for number in range(10) if found(index, f"odd{author[0]}x{number}"))
    assert 24 <= kept <= 33
    assert odd <= 4
    other = bytes([99]) * 32
    wanted = index.add(0, other, other, Listing("offer", "Ladder", salt=bytes(16), text="long and light"))
    assert found(index, "ladder") == found(index, "light") == {wanted}
