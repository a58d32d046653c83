"""Texts about meeting somebody nearby by a word code."""

from __future__ import annotations

from typing import Any

from meshnode.quoting import named
from meshnode.text.catalog import message

HELP = message(
    "Connect with somebody on this network by a few words said aloud.\n\n"
    "Without CODE it shows a code, such as 7-falcon-teapot, and waits until the other person has typed it: meshnode meet "
    "7-falcon-teapot. The code works once, for ten minutes, and a wrong one ends it. Write - to type it at a prompt or to read "
    "it from a pipe."
)
TRUST = message("How much you trust the other person (default 0.8).")
PEER = message("The address of the other computer, HOST or HOST:PORT, where it is not found by itself.")
ASK_CODE = message("Type the code that the other computer shows.")
NO_CODE = message("there is no code")
NO_CODE_HINT = message("type a number and two words, such as 7-falcon-teapot")
WAITING = message("Waiting until they have typed it. Ctrl-C ends the waiting, not the code.")
EXPIRED = message("nobody has typed the code in time")
WRONG = message("somebody typed other words, or is in between, so the code no longer works")
REPLACED = message("a newer code was shown")
ANOTHER = message("show another one: meshnode meet")
OVER = {
    "wrong": message("Somebody typed other words, or is in between, so the code no longer works. Show another one."),
    "expired": message("Nobody has typed the code in time. Show another one."),
}
"""How a code has ended that brought nobody, by its `state` in the API: for the page."""


def code_for(words: str) -> list[str]:
    """Say what to do with a new code, a sentence a line."""
    return [
        message("Say this code to the person whom you want to meet: {words}", words=words),
        message("On their computer, on this network, they type: meshnode meet {words}", words=words),
    ]


def met(reply: dict[str, Any]) -> str:
    """Say who has come (MeetingView of the API)."""
    return message("{name} has typed the code. You and {name} are connected.", name=named(reply["person"]["name"]))


def refused(reply: dict[str, Any]) -> str:
    """Say that somebody with the right words was not connected (MeetingView of the API)."""
    return message("{name} typed the code, and you are not connected", name=named(reply["person"]["name"]))


TROUBLES = {
    "own": message("it was typed on a computer of your own"),
    "blocked": message("you block them. Unblock them first with 'meshnode unblock NAME'"),
    "full": message("the list of people you trust is full. Make room with 'meshnode unvouch NAME'"),
    "revoked": message("they have removed the device that they used"),
}
"""Why, by the `trouble` of the API."""
