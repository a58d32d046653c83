"""Texts about the program as a whole: its help, the options of every command, version and completion."""

from __future__ import annotations

from meshnode.text.catalog import LANGUAGES, message

PROGRAM_HELP = message("Offers and needs, shared among neighbors through a web of signed trust.")
PROGRAM_EPILOG = message("Begin with 'meshnode run'. Every command takes --help.")
HOME = message("The node's home directory (or MESHNODE_HOME).")
JSON = message("Answer in JSON, as docs/cli.md describes it.")
LANGUAGE = message("The language to answer in: en, de, es, fr, tr or ar (default: that of the environment).")
NO_INPUT = message("Never ask; use the defaults.")
SEEN_BY_OTHERS = message(
    "Other users of this computer may have read the code that you typed: next time leave it out, and paste it when asked."
)
YES = message("Do it without asking.")
YES_ANSWERS = message("y, yes")  # what may be typed for yes and for no; the first is shown in the question
NO_ANSWERS = message("n, no")
NEITHER_YES_NOR_NO = message("answer with yes or no")


def unknown_language(tag: str) -> str:
    """Say that a language is not known here, and which are."""
    return message(
        'There are no texts in "{language}" here, so this is in English. There are: {known}.',
        language=tag,
        known=", ".join(LANGUAGES),
    )


def all_the_same(reason: str) -> str:
    """Ask whether to do something, in spite of a reason against it."""
    return message("{reason}. Do it all the same?", reason=reason[:1].upper() + reason[1:])


COMMANDS = message("Commands")
HEADINGS = {
    "node": message("Node"),
    "devices": message("Devices"),
    "people": message("People"),
    "groups": message("Groups"),
    "sharing": message("Sharing"),
    "listings": message("Offers and needs"),
    "finding": message("Finding"),
    "exchanges": message("Exchanges"),
    "data": message("Data"),
}
VERSION_HELP = message("Show the version of this program.")
COMPLETION_HELP = message(
    "Print the completion script for your shell.\n\n"
    'Put it where your shell looks for it, for example: eval "$(meshnode completion bash)" in ~/.bashrc.'
)
EXPORT_PHOTOS = message(
    "Save the photos of your posts in this folder too, each under the name that the document gives it."
)
EXPORT_HELP = message("Print everything that is yours as one JSON document. It is for you alone; it holds no key.")


def version(number: str, python: str) -> str:
    """Return the version of the program."""
    return message("meshnode {number} (Python {python})", number=number, python=python)
