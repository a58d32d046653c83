"""Texts about the people you know: lists, trust, and blocks."""

from __future__ import annotations

from meshnode.quoting import named
from meshnode.text import forms
from meshnode.text.catalog import message, plural
from meshnode.text.choices import RELATIONS

TYPE_CHECKING = False  # see meshnode/cli/daily/__init__.py
if TYPE_CHECKING:
    from typing import Any

PEOPLE_HELP = message("Show the people you know.")
PEOPLE_ALL = message("Everyone you are connected to through trust, not only direct contacts.")
PEOPLE_COLUMNS = tuple(message("name|id|trust|you trust|they trust|how").split("|"))
PEOPLE_EMPTY = message("Nobody yet. Give somebody your 'meshnode card', or 'meshnode add' theirs.")
PERSON_HELP = message("Show what this node knows about a person.")
VOUCH_HELP = message("Say how much you trust a person; this replaces what you said before.")
VOUCH_TRUST = message("How much you trust them.")
UNVOUCH_HELP = message("Take back your trust in a person.")
WAITING = message("waiting")
ME_HELP = message("Show or change your profile: your name, and what others read about you.")
ME_NAME = message("What others call you.")
ME_ABOUT = message("A few words about yourself; empty for none.")
NAME_HELP = message("Call a person by a name of your own. It stays on this computer.")
NAME_CLEAR = message("Show them by the name that they give themselves again.")


def trusted(name: str, trust: float) -> str:
    """Say that you trust somebody now."""
    return message("You trust {name} ({trust}).", name=named(name), trust=forms.weight(trust))


def called(reply: dict[str, Any]) -> str:
    """Say by which name a person is shown now (PersonView of the API)."""
    if reply["own_name"]:
        return message("{own} is your name for {public} now.", own=reply["own_name"], public=reply["public_name"])
    return message("{public} is shown by their own name again.", public=reply["public_name"])


def calls_themself(public_name: str) -> str:
    """Return the name that a person gives themselves, where they are shown by another one."""
    return message("Their own name: {name}", name=named(public_name))


def awaiting_node(name: str) -> str:
    """Say that the other node was not reached yet."""
    return message(
        "Waiting for {name}'s node. This finishes by itself once both are online.",
        name=named(name),
    )


def people_more(count: int) -> str:
    """Say how many more people are within reach of trust."""
    return plural(
        count,
        "1 more is connected to you through trust. See them with 'meshnode people --all'.",
        "{n} more are connected to you through trust. See them with 'meshnode people --all'.",
    )


def how_known(person: dict[str, Any]) -> str:
    """Return the label of a person, whether their node is connected now, and which name they have taken since."""
    relation = RELATIONS[person["relation"]]
    if person["renamed"]:
        name = named(person["public_name"])
        relation = message("{relation}, calls themself {name} now", relation=relation, name=name)
    return message("{relation}, connected", relation=relation) if person["connected"] else relation


def related(relation: str) -> str:
    """Return a label in brackets."""
    return message(" ({relation})", relation=RELATIONS[relation])


def fingerprint(words: str) -> str:
    """Return the words by which two people compare an identity."""
    return message("To compare by voice: {words}", words=words)


def vouches(reply: dict[str, Any]) -> list[str]:
    """Return what a person and you have said about each other, and whether the nodes are connected."""
    name, given, back = named(reply["name"]), reply["vouch"], reply["vouch_back"]
    lines = [trusted(reply["name"], given) if given else message("You do not trust {name} directly.", name=name)]
    if back:
        lines.append(message("{name} trusts you ({trust}).", name=name, trust=forms.weight(back)))
    elif reply["pending"]:
        lines.append(awaiting_node(reply["name"]))
    else:
        lines.append(message("{name} does not trust you directly.", name=name))
    if reply["trust"] is not None and reply["trust"] != given:
        lines.append(message("Your trust in {name} in all: {trust}.", name=name, trust=forms.weight(reply["trust"])))
    lines.append(
        message("Your nodes are connected now.") if reply["connected"] else message("Your nodes are not connected now.")
    )
    return lines


def unvouched(name: str) -> str:
    """Say that a vouch was taken back."""
    return message("You no longer trust {name} directly.", name=named(name))


BLOCK_HELP = message(
    "Block a person: the two of you no longer see each other.\n\n"
    "What you have agreed on is called off. They are told that, and nothing else.\n\n"
    "Other nodes that learn of it drop what each of you may no longer see. Nobody can recall a copy from dishonest software."
)
UNBLOCK_HELP = message("End a block.")
BLOCKS_HELP = message("Show the people you block.")
BLOCKS_COLUMNS = tuple(message("name|id|since").split("|"))
BLOCKS_EMPTY = message("You block nobody.")


def blocked(name: str) -> str:
    """Say that somebody is blocked."""
    return message("{name} is blocked. You no longer see each other.", name=named(name))


def unblocked(reply: dict[str, Any]) -> str:
    """Say that a block is over, and what your trust in the person is now."""
    name = named(reply["person"]["name"])
    if reply["vouch"] is None:
        return message("{name} is no longer blocked. You do not trust {name} directly.", name=name)
    return message(
        "{name} is no longer blocked. You trust {name} ({trust}) as before the block. To take that back: meshnode unvouch NAME",
        name=name,
        trust=forms.weight(reply["vouch"]),
    )
