"""Texts about connecting with people: cards and introductions."""

from __future__ import annotations

from typing import Any

from meshnode.quoting import named, quoted
from meshnode.text import forms
from meshnode.text.catalog import message, plural

CARD_HELP = message(
    "Make a card to give to somebody; in a pipe, print only its text.\n\n"
    "The first person who adds it is connected with you, so treat it like a key until it is used."
)
CARD_USES = message("How many people can use it (default 1).")
CARD_TRUST = message("How much you will trust each person who uses it (default 0.8).")
CARD_EXPIRES = message("How long it works (default 7d).")
CARD_GROUP = message(
    "Invite each person who uses it to this cell or community of yours; can be given several times. Others learn nothing of "
    "the group from the card."
)
CARD_SVG = message("Also save its QR code in this new file, as a drawing for paper of any size.")
CARD_PNG = message("Also save its QR code in this new file, as a picture to send.")
CARD_PRINT = message("Also print its QR code on your default printer.")
NO_PRINTER = message("there is no program that prints (lp)")
NO_PRINTER_HINT = message("save the card with --png FILE, and print that file")
NOT_PRINTED = message("the printer does not answer")
PRINTED = message("Sent to the printer.")
ADD_HELP = message(
    "Connect with the person who gave you CARD.\n\n"
    "CARD is the text that 'meshnode card' printed. Leave it out and paste the card when you are asked, or write - to read it "
    "from a pipe: what is typed behind a command can be read by other users of the computer. It can also be a picture of the "
    "card's code, such as photo.jpg, or the name of a person to whom you were introduced: see 'meshnode introductions'.\n\n"
    "A guest who waits with a card of yours made for many is let in by their id or their fingerprint words, as 'meshnode me' "
    "shows them on their own computer."
)
ADD_TRUST = message("How much you trust the person who gave it to you (default 0.8).")
ASK_CARD = message("Paste the card here. It may have several lines.")
ASK_CARD_REST = message("This card is not complete. Paste the rest here, or press Enter if there is none.")
NO_CARD = message("there is no card")
NO_CARD_HINT = message("paste the text that 'meshnode card' prints. It begins with mesh1")


def card_for(reply: dict[str, Any]) -> str:
    """Say for whom a new card is, how long it works, and what it does."""
    trust, until = forms.weight(reply["trust"]), forms.day(reply["expires"])
    return plural(
        reply["uses"],
        "For one person, until {until}. You will trust the person who uses it ({trust}).",
        "For {n} people, until {until}. You will trust each person who uses it ({trust}).",
        until=until,
        trust=trust,
    )


def card_says(reply: dict[str, Any]) -> list[str]:
    """Say what a new card does (CardView of the API), a sentence a line."""
    return [card_for(reply), *(card_invites(group, reply["uses"]) for group in reply["groups"])]


def card_invites(group: dict[str, Any], uses: int) -> str:
    """Say that the people who use a card are invited to a group (CardGroup of the API)."""
    one, many = _INVITES[group["kind"]]
    return message(one if uses == 1 else many, name=quoted(group["name"]))


_INVITES = {
    "cell": (
        message("The person who uses it is invited to your cell {name}."),
        message("Each person who uses it is invited to your cell {name}."),
    ),
    "community": (
        message("The person who uses it is invited to your community {name}."),
        message("Each person who uses it is invited to your community {name}."),
    ),
}


def pictures(saved: list[str], *, printed: bool) -> list[str]:
    """Say where the pictures of a new card are."""
    lines = [message("Saved in {names}.", names=forms.listed(saved))] if saved else []
    return [*lines, PRINTED] if printed else lines


def not_printed(reason: str) -> str:
    """Say that the card was not printed, and what the printing program said."""
    return message("the card was not printed ({reason})", reason=reason) if reason else NOT_PRINTED


CARD_TYPED = message("They type 'meshnode add', and paste this card when they are asked for it:")


def trusts_you(name: str) -> str:
    """Say that a new connection is complete."""
    return message("You and {name} are connected.", name=named(name))


def awaiting_answer(name: str) -> str:
    """Say what an introduced person still has to do."""
    return message("Once {name} adds you too, your nodes find each other by themselves.", name=named(name))


def awaiting_guest(called: str) -> str:
    """Say that a guest who was named before their node called is let in when it does."""
    return message(
        "The guest called {called} is let in when their node calls, within a day. 'meshnode sync' on their computer makes it "
        "call now.",
        called=quoted(called),
    )


def awaiting_vouch(name: str) -> str:
    """Say that the nodes are connected and the rest follows."""
    return message("Your nodes are connected. {name}'s trust in you is on its way.", name=named(name))


def card_taken_back(name: str) -> str:
    """Say that a card which was used before brings nothing any longer."""
    return message(
        "{name}'s node was reached, but this card was used before and {name} no longer trusts you. "
        "Ask {name} for a new card.",
        name=named(name),
    )


def card_used(name: str) -> str:
    """Say that somebody else was faster."""
    return message("This card was used by somebody else, or has ended. Ask {name} for a new one.", name=named(name))


INTRODUCE_HELP = message(
    "Introduce two people you trust directly to each other.\n\n"
    "Each gets a message about the other. They are connected once both have added each other."
)
INTRODUCE_MESSAGE = message("What you say to both.")
INTRODUCTIONS_HELP = message("Show the people to whom you were introduced.")
INTRODUCTIONS_COLUMNS = tuple(message("name|id|introduced by|when|message").split("|"))
INTRODUCTIONS_EMPTY = message("Nobody has introduced you to anyone lately.")
INTRODUCTIONS_NEXT = message("Add one of them: meshnode add NAME")


def introduced(reply: dict[str, Any]) -> str:
    """Say what two introduced people do next (IntroductionView of the API), or that they need no introduction."""
    people = forms.apart(reply["people"])
    told = [people[person["id"]] for person in reply["told"]]
    others = [name for name in people.values() if name not in told]
    names = [*told, *others]
    if not told:
        return message("{both} trust each other already. Nothing was sent.", both=forms.listed(names))
    if len(told) == 1 and others:
        return message(
            "{other} trusts {name} already, so only {name} gets a message. They are connected once {name} has added {other}.",
            other=others[0],
            name=told[0],
        )
    return message(
        "{both} each get a message about the other. They are connected once both have added each other.",
        both=forms.listed(names),
    )
