"""What the command line says when something cannot be done: which words were wrong, and what to do next.

A message and its hint are written in lower case without a full stop; `line` makes sentences of both.
"""

from __future__ import annotations

from meshnode.text.catalog import message
from meshnode.text.choices import capitalized

SENTENCE_ENDS = (".", "?", "!", "…")
NO_REASON = message("the node gave no reason")
HOME_EMPTY = message("--home is empty")
HOME_EMPTY_HINT = message("name a directory")
NOT_RUNNING = message("this node is not running")
NOT_RUNNING_HINT = message("start it with 'meshnode run'")
NO_NODE_HINT = message("'meshnode run' creates one and starts it")
NOT_ALLOWED_HINT = message("run this command as the user who runs the node")
NO_ANSWER = message("the node did not answer")
NO_ANSWER_HINT = message("'meshnode status' shows what it is doing")
CUT_SHORT = message("the node stopped before it had answered")
CUT_SHORT_HINT = message("'meshnode status' shows whether it runs")
SAY_WHICH = {
    "person": message("say which person"),
    "post": message("say which post"),
    "person_or_post": message("say which person or post"),
    "exchange": message("say which exchange"),
    "device": message("say which device"),
    "search": message("say which saved search"),
    "cell": message("say which cell"),
    "community": message("say which community"),
}
NAMED_HINT = message("a name, an id, or the beginning of either")
NO_PASSPHRASE = message("there is no terminal to ask for the passphrase")
NO_COMMAND = message("say what to do")
CHANGE_NOTHING = message("say what to change")
EDIT_HINT = message("'meshnode edit --help' lists what can be changed")
PLACE_AND_NONE = message("--place and --no-place contradict each other")
ONE_OF_THEM = message("give one of them")
SHARE_HINT = message("'meshnode share set --help' lists what can be changed")
NAME_OR_CLEAR = message("say what to call them")
NAME_OR_CLEAR_HINT = message("write meshnode name PERSON NAME, or meshnode name PERSON --clear")


def line(text: str, hint: str) -> str:
    """Return a message and its hint as one line of sentences. A hint that ends in a command gets no full stop."""
    return " ".join(" ".join(_sentence(part) for part in (text, hint) if part).split())


def _sentence(text: str) -> str:
    text = capitalized(text.strip())
    ends_in_command = any(f": {program} " in text for program in ("meshnode", "chmod", "sudo", "systemd-ask-password"))
    return text if ends_in_command or text.endswith(SENTENCE_ENDS) else f"{text}."


def unreadable_answer(status: int) -> str:
    """Say that the node's answer could not be read."""
    return message("the node's answer could not be read (status {status})", status=status)


def cannot_ask(reason: object) -> str:
    """Say that the node's socket refused this user."""
    return message("the node cannot be asked ({reason})", reason=reason)


def no_node(home: object) -> str:
    """Say that there is no node in that directory."""
    return message("there is no node in {home}", home=home)


def see_help(command: str) -> str:
    """Name the help of a command."""
    return message("see '{command} --help'", command=command)


def unusable_file(name: object, reason: object) -> str:
    """Say that the system refused a file."""
    return message("{name} cannot be used: {reason}", name=name, reason=reason)


def refused_by_system(reason: object) -> str:
    """Say that the system refused something without naming a file."""
    return message("the system refused this: {reason}", reason=reason)


def not_a_trust(value: object) -> str:
    """Say how a trust is written."""
    return message('"{value}" is not a trust value. Write a number from 0.001 to 1, such as 0.8', value=value)


def not_a_least_trust(value: object) -> str:
    """Say how the least trust of a search is written."""
    return message(
        '"{value}" is not a trust value. Write a number above 0 and up to 1, such as 0.3, or any', value=value
    )


def not_an_amount(value: object) -> str:
    """Say how a quantity is written."""
    return message('"{value}" is not a quantity. Write a number above 0, such as 3 or 2.5', value=value)


def not_a_span(value: object) -> str:
    """Say how a length of time is written."""
    return message('"{value}" is not a length of time. Write 30m, 12h, 7d or 2w', value=value)


def not_a_date(value: object) -> str:
    """Say how a date is written."""
    return message('"{value}" is not a date I can read. Write 2026-12-05', value=value)


def not_a_place(value: object) -> str:
    """Say how a location is written."""
    return message('"{value}" is not a location. Write LAT,LON such as 52.52,13.40', value=value)


def nowhere_on_earth(value: object) -> str:
    """Say which numbers a location may have."""
    return message('"{value}" is nowhere on earth. Write LAT,LON such as 52.52,13.40', value=value)


def not_a_distance(value: object) -> str:
    """Say how a distance is written."""
    return message('"{value}" is not a distance. Write 50km, or any', value=value)


def not_a_radius(value: object) -> str:
    """Say how a radius is written."""
    return message('"{value}" is not a radius. Write whole kilometers, such as 25 or 25km', value=value)
