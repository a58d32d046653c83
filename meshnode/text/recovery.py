"""Texts about coming back when all devices are lost: by words or by friends, and what is left to do afterwards."""

from __future__ import annotations

from collections.abc import Sequence

from meshnode.quoting import named
from meshnode.text import forms
from meshnode.text.catalog import message, plural

TYPE_CHECKING = False  # see meshnode/cli/daily/__init__.py
if TYPE_CHECKING:
    from typing import Any

COLUMNS = 4  # of words; six rows fit on every screen

HELP = message("Come back if all your computers are lost.")
STATUS_HELP = message("Show how you can come back, and what is left to do if you have.")
SHOW_HELP = message(
    "Show your recovery words.\n\nAnybody who has these words can be you. Write them on paper; store them in no computer and no photo."
)
CONFIRM_HELP = message(
    "Show that you have written down your recovery words, by typing three of them.\n\n"
    "In a pipe, each line of standard input is the number of a word and the word."
)
DEVICES_HELP = message("Say which of the devices that you had before are lost, and which you still have.")
DEVICES_LOST = message("A device that is lost; it is revoked for good. Can be repeated.")
DEVICES_KEPT = message("A device that you still have. Can be repeated.")
INIT_RECOVER = message("Come back with your recovery words, as a new device of who you were.")
RECOVER_ALONE = message("your name, your location and what you share come back with your records")
RECOVER_ALONE_HINT = message("write meshnode init --recover alone")

REMINDER = message(
    "You have not written down your recovery words yet. They bring you back if this computer is lost: meshnode recovery show"
)
OFFER = message(
    "With 24 words on paper you can come back if this computer is lost or breaks. Nobody else can help you then."
)
ASK_NOW = message("Write them down now?")
LATER = message("You can do it later: meshnode recovery show")
WARNING = message(
    "Your 24 recovery words. Anybody who has them can be you: write them on paper, and store them in no computer and no photo."
)
ASK_DONE = message("Press Enter when you have written them down")
LATER_CONFIRM = message("To show that they are right, type three of them: meshnode recovery confirm")
CONFIRMED = message("That is right. Your words are written down; put the paper in a safe place.")
ASK_WORDS = message(
    "Type your 24 recovery words; the first four letters of each are enough. They may have several lines."
)
NO_WORDS = message("there are no words")
NO_WORDS_HINT = message("type them when you are asked, or give them on standard input")
NOT_LINES = message("each line is the number of a word and the word")
NOT_LINES_HINT = message("for example: 7 apple")
SAY_WHICH = message("say which devices are lost and which you still have")
SAY_WHICH_HINT = message("use --lost NAME or --kept NAME; 'meshnode recovery status' names them")
THEN_ADD = message("Then add the card of anybody you were connected with, and what is yours comes back: meshnode add")
NO_FORMER = message("There is no device about which you have to say anything.")


def table(words: Sequence[str]) -> list[str]:
    """Return the words with their numbers, in columns that are read downwards."""
    rows = -(-len(words) // COLUMNS)
    cells = [f"{number:>3} {word:<10}" for number, word in enumerate(words, 1)]
    return ["".join(cells[row::rows]).rstrip() for row in range(rows)]


def ask_word(number: int) -> str:
    """Ask for one of the words."""
    return message("Word {number}", number=number)


def came_back(person: str, home: object) -> str:
    """Say who is back."""
    return message("Welcome back. You are {person}, and your node is in {home}.", person=person, home=home)


def ask_lost(name: str) -> str:
    """Ask whether a former device is lost."""
    return message("Is {name} lost? It is revoked then, and can never act for you again", name=name)


def status(reply: dict[str, Any]) -> list[str]:
    """Return how the owner can come back (RecoveryView of the API), a sentence a line."""
    lines = [message("Your recovery words are written down.") if reply["words_confirmed"] else REMINDER]
    if reply["waiting"]:
        lines.append(message("You are back, and wait for somebody to bring you what is yours: meshnode add"))
    if reply["former"]:
        names = forms.listed([*forms.apart(reply["former"]).values()])
        lines.append(
            plural(
                len(reply["former"]),
                "1 device that you had before can still act for you: {names}. Say whether it is lost: meshnode recovery devices",
                "{n} devices that you had before can still act for you: {names}. Say which are lost: meshnode recovery devices",
                names=names,
            )
        )
    return lines


# --- friends who keep the key ---------------------------------------------------------------------------------------------

SET_HELP = message(
    "Let friends keep your key: some of them together can bring you back.\n\n"
    "Each of them gets a share by message. A later set replaces an earlier one."
)
SET_FRIENDS = message("A friend who keeps a share; NAMEs behind it are friends too. Can be repeated.")
SET_NEED = message("How many of the friends it takes to bring you back.")
UNSET_HELP = message("Let your friends delete their shares of your key.")
GIVE_HELP = message(
    "Show the words that you keep for a friend who has lost everything.\n\n"
    "Give them to that friend alone, when you meet: with the words of a few friends anybody can be that person."
)
INIT_FROM_FRIENDS = message("Come back with the words that your friends keep for you.")
NO_FRIENDS = message("No friends keep your key. To choose some: meshnode recovery set NAME NAME NAME --need 2")
ASK_SHARE = message("Type the 33 words of a friend; the first four letters of each are enough.")
DELIVERIES = {
    "under way": message("has not received it yet"),
    "delivered": message("has received it"),
    "expired": message("did not receive it"),
}


def still_missing(count: int) -> str:
    """Say how many friends' words are missing."""
    return plural(
        count,
        "That is right. The words of 1 more friend are missing.",
        "That is right. The words of {n} more friends are missing.",
    )


def too_few(count: int) -> str:
    """Say that the words of so many friends are missing."""
    return plural(count, "the words of 1 more friend are missing", "the words of {n} more friends are missing")


TOO_FEW_HINT = message("give the words of each friend on a line of its own")


def give_words(reply: dict[str, Any]) -> str:
    """Say to whom the words belong that are shown."""
    return message(
        "For {name} alone, in person. Made on {day}; it takes the words of {need} friends.",
        name=named(reply["person"]["name"]),
        day=forms.day(reply["made"]),
        need=reply["need"],
    )


def friends(reply: dict[str, Any]) -> list[str]:
    """Return who keeps shares of the owner's key, and whose the owner keeps (RecoveryView of the API), a sentence a line."""
    lines = []
    if reply["friends"]:
        names = forms.apart(one["person"] for one in reply["friends"])
        lines.append(
            message(
                "Any {need} of these friends can bring you back, or act as you. Shares made on {day}:",
                need=reply["need"],
                day=forms.day(reply["made"]),
            )
        )
        lines += [_friend(one, names[one["person"]["id"]]) for one in reply["friends"]]
    else:
        lines.append(NO_FRIENDS)
    if reply["kept"]:
        kept = forms.apart(one["person"] for one in reply["kept"])
        lines.append(
            message(
                "You keep shares for {names}. If one of them asks you in person: meshnode recovery help NAME",
                names=forms.listed([*kept.values()]),
            )
        )
    return lines


def _friend(friend: dict[str, Any], name: str) -> str:
    delivery = DELIVERIES.get(friend["delivery"], friend["delivery"])
    if friend["warning"]:
        return message("! {name} {delivery}, and {warning}", name=name, delivery=delivery, warning=friend["warning"])
    return message("  {name} {delivery}", name=name, delivery=delivery)
