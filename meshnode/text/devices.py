"""Texts about the devices of one person."""

from __future__ import annotations

import time

from meshnode.quoting import named
from meshnode.text import forms
from meshnode.text.catalog import message, plural
from meshnode.text.choices import capitalized

TYPE_CHECKING = False  # see meshnode/cli/daily/__init__.py
if TYPE_CHECKING:
    from typing import Any

HELP = message("Your devices: use one identity on several computers.")
ADD_HELP = message(
    "Show a code with which another computer becomes one of your devices; in a pipe, print only its text.\n\n"
    "The first computer that uses it can act for you, so show it to nobody else."
)
ADD_NAME = message("What you call the new device (default Device 2).")
ADD_EXPIRES = message("How long the code works (default 10m).")
JOIN_HELP = message(
    "Make this computer one of your devices, with the CODE that 'meshnode device add' shows on another one.\n\n"
    "On one network its words are enough, such as 7-falcon-teapot. Else leave CODE out and paste the long code when you are "
    "asked, or write - to read it from a pipe: what is typed behind a command can be read by other users of the computer."
)
JOIN_WAIT = message("How long to look for the other computer (default 2m).")
INTERFACE = message("Use only these network interfaces, such as 'eth*'; '!docker*' leaves some out. Can be repeated.")
JOIN_NO_MDNS = message("Use only the addresses in the code.")
LIST_HELP = message("Show your devices.")


def to_come(reply: dict[str, Any]) -> list[str]:
    """Say how much is still to come for a device that was added later (StatusView of the API), a sentence a line."""
    lines = []
    if reply["letters_to_come"]:
        lines.append(
            plural(
                reply["letters_to_come"],
                "1 older message is still to come from your other devices.",
                "{n} older messages are still to come from your other devices.",
            )
        )
    lines += [
        plural(
            one["letters"],
            "1 older message is still to be handed over to your device {name}.",
            "{n} older messages are still to be handed over to your device {name}.",
            name=named(one["device"]),
        )
        for one in reply["handing_over"]
    ]
    return lines


COLUMNS = tuple(message("name|id|state|last seen|certified until").split("|"))
EMPTY = message("No device acts for you.")
REVOKE_HELP = message("Remove a lost or stolen device. This cannot be undone.")
REVOKE_DISCARD = message("Keep nothing that it created.")
REVOKE_KEEP_BLOCKS = message("Keep the blocks that were made on it, without asking.")
REVOKE_KEEP_GROUPS = message("Keep your groups and the people whom it has invited to them, without asking.")
INVITATIONS = message(
    "This device has signed these invitations to groups. If it was stolen, the thief may have. People whose invitation you"
    " do not keep leave the group, with those whom they invited:"
)
DECISIONS = message("Only this device has decided this about people. If it was stolen, the thief may have:")
KEEP_ALL, KEEP_NONE, KEEP_EACH = "all", "none", "each"
KEEP_ANSWERS = (KEEP_ALL, KEEP_NONE, KEEP_EACH)
ASK_DECISIONS = message("Keep all of it, none of it, or ask about each?")
DECISIONS_KEPT = message(
    "These decisions about people were made there and are kept. To change one: meshnode unblock, unvouch or vouch NAME"
)
INVITATIONS_ENDED = message(
    "These invitations that it signed no longer count. To invite somebody again: meshnode cell invite, or community invite"
)
UNKNOWN_PERSON = message("somebody whom this node does not know")
READABLE = message("Anyone who has that device can still read what is on it.")
ASK_CODE = message("Paste the code here. It may have several lines.")
ASK_CODE_REST = message("This code is not complete. Paste the rest here, or press Enter if there is none.")
CODE_TYPED = message("Elsewhere, type 'meshnode device join', and paste this code when you are asked for it:")
NO_CODE = message("there is no code")
NO_CODE_HINT = message("paste the text that 'meshnode device add' shows. It begins with mdev1")
DAMAGED_CODE = message("this code is incomplete or has a typo")
DAMAGED_CODE_HINT = message("copy the whole text again")
NO_SUCH_WORDS = message("no code has this number or one of these words")
NO_SUCH_WORDS_HINT = message("look at the code again")
NEWER_CODE = message("this code was made by a newer version of meshnode")
NEWER_CODE_HINT = message("update yours")
NOT_A_CODE = message("this is not a device code")
NOT_A_CODE_HINT = message("copy the text that 'meshnode device add' shows. It begins with mdev1")


AWAITING = message("Waiting for the other computer. It shows three words then. To stop waiting, press Ctrl-C.")
ASK_WORDS = message("Does the other computer show the same words?")
REFUSED = message("It was refused. The code no longer works: somebody else may have it. Make a new one.")
CODE_OVER = message("No computer has used the code in time.")
CONFIRM_HELP = message(
    "Let the computer that has used a device code become your device, if it shows the same WORDS as this one.\n\n"
    "Leave WORDS out to see which computer waits. At a terminal, 'meshnode device add' asks by itself."
)
CONFIRM_REFUSE = message("Refuse it. The code stops working.")
NOBODY_WAITS = message("no computer waits to become one of your devices")
NOBODY_WAITS_HINT = message("show a code: meshnode device add")


def words(reply: dict[str, Any]) -> str:
    """Return the words to compare."""
    return message(
        "A computer wants to become {name}. Its words: {words}", name=named(reply["name"]), words=reply["words"]
    )


def confirmed(reply: dict[str, Any]) -> str:
    """Say that a computer becomes a device now."""
    return message("{name} becomes one of your devices now.", name=named(reply["name"]))


def words_typed(words: str) -> str:
    """Say what to type on the other computer, where both are on one network."""
    return message("On the other computer, on this network, type: meshnode device join {words}", words=words)


def code_for(reply: dict[str, Any]) -> str:
    """Say for which device a new code is, and until when."""
    return message(
        "For {name} only, until {until}. The computer that uses it can act for you.",
        name=reply["name"],
        until=forms.moment(reply["expires"]),
    )


def joined(home: object) -> str:
    """Say that this computer is a device now."""
    return message("This computer is now one of your devices. Its node is in {home}.", home=home)


def start(program: str) -> str:
    """Say how to start the new device."""
    return message("To copy what is yours from your other devices, start it: {program} run", program=program)


def progress(news: str) -> str:
    """Return news of the search for the other computer as a sentence."""
    return f"{capitalized(news)}."


def state(device: dict[str, Any]) -> str:
    """Return whether a device is connected, revoked, or the one at hand."""
    if device["struck"]:
        return message("revoked")
    if device["this"]:
        return message("this one")
    if device["wiped"] is not None and not device["connected"]:
        return message("wiped, to be revoked")
    return message("connected") if device["connected"] else message("not connected")


def seen(device: dict[str, Any]) -> str:
    """Return how long ago a device was last met."""
    if device["this"] or device["seen"] is None:
        return forms.UNKNOWN
    return forms.ago(max(0, int(time.time()) - device["seen"]))


def decision(one: dict[str, Any]) -> str:
    """Return what a device has decided about a person, as a line of a list."""
    return f"  {_decided(one)}"


def ask_decision(one: dict[str, Any]) -> str:
    """Return the question whether to keep one decision."""
    return message("Keep '{decided}'?", decided=_decided(one))


def _decided(one: dict[str, Any]) -> str:
    who = UNKNOWN_PERSON if one["person"] is None else named(one["person"]["name"])
    if one["what"] == "invitation":
        return message("{who} is invited to {group}", who=who, group=named(one["group"]))
    match one["what"], one["trust"]:
        case "block", _:
            return message("you block {who}", who=who)
        case "unblock", _:
            return message("you no longer block {who}", who=who)
        case _, 0:
            return message("you no longer trust {who}", who=who)
        case _, trust:
            return message("you trust {who} {trust}", who=who, trust=f"{trust:g}")


def revoked(reply: dict[str, Any]) -> list[str]:
    """Say that a device can no longer act, and what happens to the items that it created."""
    lines = [
        message("{name} can no longer act for you. Other nodes learn this when they next connect.", name=reply["name"])
    ]
    if reply["kept"]:
        lines.append(
            plural(
                reply["kept"],
                "1 item it created was moved to this device.",
                "{n} items it created were moved to this device.",
            )
        )
    if reply["dropped"]:
        lines.append(
            plural(reply["dropped"], "1 item it created was discarded.", "{n} items it created were discarded.")
        )
    if reply["decisions"]:
        lines.append(DECISIONS_KEPT)
        lines += [decision(one) for one in reply["decisions"]]
    if reply["ended"]:
        lines.append(INVITATIONS_ENDED)
        lines += [decision(one) for one in reply["ended"]]
    return [*lines, READABLE]
