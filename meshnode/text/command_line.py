"""Says the words of Click, the library that reads the command line, in the language of this call.

Click asks gettext for its words. `meshnode/cli/click_words.py` lets it ask here instead. Its texts are listed here, so that
the catalogs have them; a test compares the list with Click's source.
"""

from __future__ import annotations

from meshnode.text.catalog import form, message, translation

WORDS = (
    message("Usage:"),
    message("Options"),
    message("Positional arguments"),
    message("Commands"),
    message("Show this message and exit."),
    message("default: {default}"),
    message("required"),
    message("(dynamic)"),
    message("Error: {message}"),
    message("Error: invalid input"),
    message("Error: The two entered values do not match."),
    message("Repeat for confirmation"),
    message("Try '{command} {option}' for help."),
    message("Missing command."),
    message("Missing argument"),
    message("Missing option"),
    message("Missing parameter"),
    message("Missing parameter: {param_name}"),
    message("Missing {param_type}"),
    message("No such option {name!r}."),
    message("No such command {name!r}."),
    message("Invalid value: {message}"),
    message("Invalid value for {param_hint}: {message}"),
    message("Option {name!r} does not take a value."),
    message("Argument {name!r} takes {nargs} values."),
    message("Choose from:\n\t{choices}"),
    message("{value} is not in the range {range}."),
    message("{value!r} is not a valid {number_type}."),
    message("directory"),
    message("{name} {filename!r} is a file."),
    message("{name} {filename!r} is not readable."),
    message("{name} {filename!r} is not writable."),
)


def plural_forms(one: str, many: str) -> tuple[str, str]:
    """Return both forms of a text as they are."""
    return one, many


PLURALS = (
    plural_forms("Did you mean {possibility}?", "(Did you mean one of: {possibilities}?)"),
    plural_forms("Got unexpected extra argument ({args})", "Got unexpected extra arguments ({args})"),
    plural_forms("Option {name!r} requires an argument.", "Option {name!r} requires {nargs} arguments."),
    plural_forms("Takes {nargs} values but 1 was given.", "Takes {nargs} values but {len} were given."),
    plural_forms("{value!r} is not {choice}.", "{value!r} is not one of {choices}."),
    plural_forms(
        "{len_type} values are required, but {len_value} was given.",
        "{len_type} values are required, but {len_value} were given.",
    ),
)


def gettext(text: str) -> str:
    """Return a text of Click in the language of this call, with its placeholders as they are."""
    return translation(text)


def ngettext(one: str, many: str, count: int) -> str:
    """Return the form of a text of Click that this count takes, with its placeholders as they are."""
    return form(count, one, many)
