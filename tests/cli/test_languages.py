"""Commands in the languages of their owners: how one is chosen, the story in German, plurals, and names in Arabic."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from babel import Locale

from meshnode.cli import language, output
from meshnode.text import catalog, choices, forms, translations, waiting
from meshnode.text.catalog import LANGUAGES, direction, message, plural, speaking
from tests.cli.village import Village, meshnode
from tests.support.sentences import CATALOGS, ROOT

OTHERS = [tag for tag in LANGUAGES if tag != "en"]


@pytest.mark.parametrize(
    ("words", "environ", "chosen"),
    [
        ([], {}, ("en", "")),
        ([], {"LANG": "de_AT.UTF-8"}, ("de", "")),
        ([], {"LANG": "de_AT.UTF-8", "LC_MESSAGES": "fr_FR"}, ("fr", "")),
        ([], {"LANG": "de_AT.UTF-8", "LC_MESSAGES": "fr_FR", "LC_ALL": "C"}, ("en", "")),
        ([], {"LANG": "pl_PL.UTF-8"}, ("en", "")),
        ([], {"LANG": "de_DE", "MESHNODE_LANGUAGE": "tr"}, ("tr", "")),
        (["--language", "es", "news"], {"LANG": "de_DE", "MESHNODE_LANGUAGE": "tr"}, ("es", "")),
        (["--language=ar"], {}, ("ar", "")),
        (["news", "--language", "es"], {}, ("es", "")),
        (["offer", "Brot", "--language", "de"], {}, ("en", "")),
        (["--language", "fr", "offer", "Brot", "--language", "de"], {}, ("fr", "")),
        (["--language", "pl", "news"], {"LANG": "de_DE"}, ("en", "pl")),
        (["--language", "de", "--json", "news"], {}, ("en", "")),
        (["say", "--", "--language", "de"], {}, ("en", "")),
        (["say", "--", "--json"], {"LANG": "de_DE"}, ("de", "")),
    ],
)
def test_the_option_wins_over_the_setting_and_the_setting_over_the_environment(
    tmp_path: Path, words: list[str], environ: dict[str, str], chosen: tuple[str, str]
) -> None:
    assert language.chosen(words, {"MESHNODE_HOME": str(tmp_path), **environ}) == chosen


@pytest.mark.parametrize(
    ("content", "tag"),
    [('language = "fr"', "fr"), ("port = 1", "de"), ('language = "', "de"), ("# language\nport = 4747", "de")],
)
def test_the_file_of_the_node_decides_before_the_environment(tmp_path: Path, content: str, tag: str) -> None:
    (tmp_path / "config.toml").write_text(content)
    assert language.chosen(["--home", str(tmp_path), "news"], {"LANG": "de_DE"}) == (tag, "")


def test_the_commands_that_have_an_option_of_that_name_are_known() -> None:
    for name in ("offer", "need", "edit", "news", "discover"):
        help_text = meshnode(name, "--help").out
        assert ("--language TEXT" in help_text) == (name in language.POSTING), name


def test_an_unknown_language_is_answered_in_english_with_one_line() -> None:
    ran = meshnode("--language", "tlh", "version")
    assert ran.out.startswith("meshnode ")
    assert ran.err.splitlines() == [
        'There are no texts in "tlh" here, so this is in English. There are: en, de, es, fr, tr, ar.'
    ]


def test_the_story_in_german(village: Village) -> None:
    def auf(letter: str, *words: str) -> str:
        ran = meshnode("--home", str(village.homes[letter]), "--language", "de", *words)
        assert ran.code == 0, ran.err
        return ran.out + ran.err

    assert '"Bohrmaschine" ist eingestellt. Sichtbar für alle im Netz, bis' in auf(
        "C", "offer", "Bohrmaschine", "--category", "tools", "--audience", "network_wide"
    )
    village.settle()
    assert "1. Bohrmaschine" in auf("A", "discover")
    asked = auf("A", "respond", "Bohrmaschine")
    assert "Du hast Carol nach Bohrmaschine gefragt. Die Antwort steht noch aus." in asked
    village.settle()
    assert "fragt nach deinem Bohrmaschine." in auf("C", "inbox")
    assert "1 Mensch wartet auf dich: meshnode inbox" in auf("C", "status")
    found = meshnode("--home", str(village.homes["A"]), "--language", "de", "show", "Nichts")
    assert found.code == 3
    assert found.err == "meshnode: Kein Beitrag heißt 'Nichts'. 'meshnode discover' zeigt, was du sehen kannst.\n"


def test_json_is_in_english_whatever_the_language(village: Village, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    ran = meshnode("--home", str(village.homes["A"]), "--json", "show", "Nichts")
    assert json.loads(ran.err)["error"]["message"] == "no post is called 'Nichts'"


@pytest.mark.parametrize("tag", OTHERS)
def test_a_daily_command_reads_only_the_catalogs_of_its_own_texts(village: Village, tag: str) -> None:
    program = (
        "import sys; from meshnode.cli.main import run; code = run(sys.argv[1:]); from meshnode.text import catalog; "
        "assert list(catalog._catalogs) == [], 'all were read'; assert catalog._begun; sys.exit(code)"
    )
    for command in ("status", "discover", "news", "inbox", "people"):
        words = ["--home", str(village.homes["A"]), "--language", tag, command]
        ran = subprocess.run([sys.executable, "-c", program, *words], cwd=ROOT, capture_output=True, check=False)
        assert (ran.returncode, ran.stderr) == (0, b""), command


@pytest.mark.parametrize("tag", OTHERS)
def test_every_sentence_is_found_whatever_was_read_first(tag: str, monkeypatch: pytest.MonkeyPatch) -> None:
    every = translations.load(tag, isolated=tag in catalog.FROM_RIGHT)
    for loaded in ({"paging", "node"}, set(), {path.stem for path in CATALOGS.glob(f"{tag}/*.po")}):
        monkeypatch.setattr(catalog, "_begun", {})
        monkeypatch.setattr(catalog, "_read", set())
        monkeypatch.setattr(catalog, "_catalogs", {})
        monkeypatch.setattr(catalog, "_loaded", lambda loaded=loaded: sorted(loaded))
        with speaking(tag):
            assert {template: catalog._found(template) for template in every} == every
            assert catalog._found("a sentence of nobody") == ()


@pytest.mark.parametrize("tag", OTHERS)
def test_the_forms_of_plurals_are_those_of_unicode(tag: str, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["zero", "one", "two", "few", "many", "other"] if tag == "ar" else ["one", "other"]
    monkeypatch.setitem(catalog._catalogs, tag, {"{n} results": tuple(names)})
    rule = Locale.parse(tag).plural_form
    with speaking(tag):
        for count in (*range(130), 1_000, 10_003, 1_000_000):
            expected = rule(count)
            assert plural(count, "1 result", "{n} results") == (expected if expected in names else "other"), count


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "لا نتائج"),
        (1, "نتيجة واحدة"),
        (2, "نتيجتان"),
        (3, "3 نتائج"),
        (10, "10 نتائج"),
        (11, "11 نتيجة"),
        (100, "100 نتيجة"),
        (103, "103 نتائج"),
    ],
)
def test_arabic_has_six_forms(count: int, said: str) -> None:
    with speaking("ar"):
        assert plural(count, "1 result", "{n} results") == said


@pytest.mark.parametrize(("tag", "none"), [("de", "0 Ergebnisse"), ("fr", "0 résultat"), ("tr", "0 sonuç")])
def test_none_is_one_in_french_alone(tag: str, none: str) -> None:
    with speaking(tag):
        assert plural(0, "1 result", "{n} results") == none


def test_dates_and_numbers_are_written_as_the_language_writes_them() -> None:
    with speaking("de"):
        assert forms.number(2.5) == "2,5"
        assert forms.day(1_772_150_400).startswith("27. Feb")
    with speaking("en"):
        assert forms.number(2.5) == "2.5"


def test_a_constant_is_shown_in_the_language_of_the_call_and_is_english_as_data() -> None:
    constant = choices.RELATIONS["yourself"]
    with speaking("de"):
        assert f"{constant}" == str(constant) == constant + "" == "du"
        assert "und " + constant == "und du"
        assert constant.upper() == "DU"
        assert json.dumps({"is": constant}) == '{"is": "you"}'
        assert {str.__str__(constant): 1}["you"] == 1
    assert str(constant) == "you"


def test_names_in_an_arabic_sentence_keep_their_own_direction() -> None:
    found = {
        "kind": "request",
        "detail": "",
        "person": {"name": "Carol"},
        "title": "Drill",
        "until": None,
        "subject": "",
        "people": 1,
    }
    with speaking("ar"):
        assert direction() == "rtl"
        line = waiting.line(found)
        assert "\u2068Carol\u2069" in line
        assert output.inert(line) == line, "the isolates that we set reach the terminal"
        assert output.inert("x\u2069y") == "x<U+2069>y", "one that ends what we began does not"
        assert message("{name}!", name="a\u202eb\u2069c") == "\u2068abc\u2069!"
        assert "\u2066'meshnode run'\u2069" in str(message("start it with 'meshnode run'"))
    with speaking("de"):
        assert "\u2068" not in waiting.line(found)


def test_a_command_in_a_process_of_its_own_has_its_help_in_the_language_of_the_environment(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "meshnode", "offer", "--help"],
        env={**os.environ, "LC_ALL": "de_DE.UTF-8", "MESHNODE_HOME": str(tmp_path), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "Etwas anbieten." in ran.stdout
    assert "unbegrenzt" in ran.stdout
