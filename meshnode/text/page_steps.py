"""Says on the page what errors and problems say with a command: where on the page the next step is.

Use cases name a command in the hint of an error, because a command is what most people have typed. The page shows a link
instead where it has a page for that step, and the command where a terminal is needed.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from meshnode.text.catalog import message


class NextStep(NamedTuple):
    """The next step on the page: a sentence, and an address with what stands on the link; each may be empty."""

    words: str
    address: str = ""
    name: str = ""


_HOME = "/", message("Home")
_DISCOVER = "/discover", message("Discover Resources")
_MINE = "/mine", message("Your posts")
_EXCHANGES = "/exchanges", message("Exchanges")
_PEOPLE = "/people", message("People")
_BLOCKS = "/blocks", message("Blocks")
_CARD = "/card", message("Make a card to hand over")
_ADD = "/add", message("Add somebody")
_SHARING = "/sharing", message("Sharing and privacy")
_SEARCHES = "/searches", message("Saved searches")
_GROUPS = "/groups", message("Cells and communities")
_DEVICES = "/devices", message("Devices")
_STATUS = "/status", message("Status")
_BACKUPS = "/backups", message("Backup")
_RECOVERY = "/recovery", message("If everything is lost")
_ME = "/me", message("About you")

STEPS: dict[str, NextStep] = {
    "accept": NextStep(message("Answer them there."), *_EXCHANGES),
    "add": NextStep(message("Add their card."), *_ADD),
    "backup": NextStep(message("Make one there, and one is made each day."), *_BACKUPS),
    "block": NextStep(message("If you do not want them there, block that person on their page."), *_PEOPLE),
    "blocks": NextStep(message("There are the people whom you block."), *_BLOCKS),
    "cancel": NextStep(message("Wait for an answer, or call one off."), *_EXCHANGES),
    "card": NextStep(message("Hand a new card over."), *_CARD),
    "cell": NextStep(message("There are your groups and your invitations."), *_GROUPS),
    "close": NextStep(message("It ends when you close the post."), *_MINE),
    "community": NextStep(message("There are your groups and your invitations."), *_GROUPS),
    "decline": NextStep(message("Decline it there."), *_EXCHANGES),
    "device add": NextStep(message("Make a new code."), *_DEVICES),
    "device list": NextStep(message("There are your devices."), *_DEVICES),
    "device revoke": NextStep(message("Remove a device that you no longer use, or that was stolen."), *_DEVICES),
    "discover": NextStep(message("There is everything that you can see."), *_DISCOVER),
    "doctor": NextStep(message("Look for problems there."), *_STATUS),
    "done": NextStep(message("Both of you confirm that first."), *_EXCHANGES),
    "edit": NextStep(message("Change something of it."), *_MINE),
    "exchanges": NextStep(message("There is how it stands."), *_EXCHANGES),
    "hide": NextStep(message("You find your posts there."), *_MINE),
    "me": NextStep(message("There is what can be changed."), *_ME),
    "mine": NextStep(message("There are your posts."), *_MINE),
    "people": NextStep(message("There are the people you know."), *_PEOPLE),
    "recovery": NextStep(message("There are your recovery words, and the friends who keep your key."), *_RECOVERY),
    "renew": NextStep(message("Renew the post there."), *_MINE),
    "respond": NextStep(message("You can ask again."), *_DISCOVER),
    "share set": NextStep(message("Set your location there."), *_SHARING),
    "status": NextStep(message("There is what is wrong, and what to do."), *_STATUS),
    "unblock": NextStep(message("End the block first."), *_BLOCKS),
    "unvouch": NextStep(message("Take back your trust in somebody, on their page."), *_PEOPLE),
    "vouch": NextStep(message("Say first how well you know them, on their page."), *_PEOPLE),
    "watch list": NextStep(message("There are your saved searches."), *_SEARCHES),
    "watch rm": NextStep(message("Remove one of them."), *_SEARCHES),
    "withdraw": NextStep(message("You can take it back everywhere."), *_MINE),
}
"""The step by the command that a hint names."""
IN_TERMINAL = frozenset({"clock", "device join", "init", "open", "peer add", "peer list", "peer remove", "run", "sync"})
"""The commands for which there is no page: the hint is shown as it is, since it says what to type."""

_COMMAND = re.compile(r"\bmeshnode ([a-z]+)(?: ([a-z]+))?")
_OPTION = re.compile(r"(?:^|[\s'\"])--[a-z]")


def command_in(hint: str) -> str | None:
    """Return the command that a hint names first, in the words of these tables; None where it names none."""
    found = _COMMAND.search(hint)
    if found is None:
        return None
    whole = f"{found[1]} {found[2]}"
    return whole if whole in STEPS or whole in IN_TERMINAL else found[1]


def step(hint: str) -> NextStep:
    """Return what the page says where a command would say `hint`."""
    command = command_in(hint)
    if command in STEPS:
        return STEPS[command]
    if command is None and _OPTION.search(hint):
        return NextStep("")
    return NextStep(hint)
