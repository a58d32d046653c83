"""Decides in which language a command answers: the option, the node's setting, else what the environment says.

It is decided before the command line is read in full, because its help and its errors are in that language too. JSON is
in English: programs read it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from meshnode.home_path import CONFIG, home_path
from meshnode.text.catalog import ENGLISH, LANGUAGES

OPTION = "--language"
SETTING = "MESHNODE_LANGUAGE"
COMPLETION_VARIABLE = "_MESHNODE_COMPLETE"  # set by a shell's script when it asks for completions
VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")  # the first that is set decides (setlocale(7))
POSTING = frozenset({"offer", "need", "edit"})  # behind these, the option is the language of the post
_WITH_VALUE = ("--home", OPTION)


def chosen(words: Sequence[str], environ: Mapping[str, str]) -> tuple[str, str]:
    """Return the language of this call, and a language that was asked for and is not known here, if there is one."""
    given = _options(words)
    if "--json" in given:
        return ENGLISH, ""
    asked = given.get(OPTION) or environ.get(SETTING) or _setting(given.get("--home"), environ)
    if asked:
        tag = known(asked)
        return tag or ENGLISH, "" if tag else asked
    spoken = next((environ[name] for name in VARIABLES if environ.get(name)), "")
    return known(spoken) or ENGLISH, ""


def known(written: str) -> str:
    """Return the tag of a language as environments and people write it, such as de_AT.UTF-8 or pt-BR; else nothing."""
    tag = written.strip().lower().replace("_", "-").partition("-")[0].partition(".")[0].partition("@")[0]
    return tag if tag in LANGUAGES else ""


def _options(words: Sequence[str]) -> dict[str, str]:
    """Return the options that matter here, with their values."""
    found: dict[str, str] = {}
    command = ""
    left = iter(words)
    for word in left:
        if word == "--":
            break
        name, equals, value = word.partition("=")
        if name == OPTION and command in POSTING:
            continue
        if name in _WITH_VALUE:
            found[name] = value if equals else next(left, "")
        elif word == "--json":
            found[word] = ""
        elif not word.startswith("-"):
            command = command or word
    return found


def _setting(home: str | None, environ: Mapping[str, str]) -> str:
    """Return the language in the node's config.toml; nothing where it sets none, or cannot be read: `config` says why.

    The file is parsed only where it seems to name one.
    """
    try:
        with open(f"{home_path(home or None, environ)}/{CONFIG}", encoding="utf-8") as file:
            content = file.read()
    except (OSError, UnicodeDecodeError):
        return ""
    if "language" not in content:
        return ""
    import tomllib

    try:
        return str(tomllib.loads(content).get("language", ""))
    except tomllib.TOMLDecodeError:
        return ""
