"""Texts of the page about people that code chooses: how well you know them, and what is asked before it is done."""

from __future__ import annotations

from typing import Any

from meshnode.quoting import named
from meshnode.text import forms, why
from meshnode.text.catalog import message, plural

NO_WEIGHT = message("say how well you know them")
NO_USES = message("say for how many people the card is")
TWO_CARDS = message("the text and the photo are two different cards: give one of them")
NO_OTHER = message("choose the person to whom you introduce them")
KNOWS = {
    "0.9": message("I know them well"),
    "0.7": message("I know them"),
    "0.5": message("We have met"),
}
"""What a vouch says, by its weight."""
SURE_HELP = {
    "block": (
        message("The two of you will no longer see each other. What you have agreed on is called off."),
        message("Other nodes that learn of it drop what each of you may no longer see. Nobody can recall a copy."),
    ),
}
DONE = {
    "vouched": message("It is noted how well you know them."),
    "unvouched": message("You no longer trust that person directly."),
    "blocked": message("That person is blocked. You no longer see each other."),
    "unblocked": message("The block has ended. What you said of them before counts again."),
    "named": message("Your name for them is saved. It stays on this computer."),
    "unnamed": message("They are shown by the name that they give themselves."),
    "introduced": message("Your introduction is on its way. They are connected once both have added each other."),
    "acquainted": message("The two trust each other already. Nothing was sent."),
    "saved": message("It is saved."),
    "added-connected": message("You are connected."),
    "added-on_its_way": message("Your nodes are connected. Their trust in you is on its way."),
    "added-not_met": message("It is noted. You are connected by itself once both of your nodes are online."),
    "added-introduced": message("It is noted. Once they add you too, your nodes find each other by themselves."),
    "added-taken_back": message(
        "Their node was reached, but this card was used before and they no longer trust you. Ask them for a new card."
    ),
    "added-used": message("This card was used by somebody else, or has ended. Ask for a new one."),
    "awaited": message("That guest is let in when their node calls, within a day."),
}


def sure(act: str, name: str, trust: float | None) -> str:
    """Ask whether to do what was chosen about a person."""
    if act == "vouch":
        return message("Trust {name} ({trust})?", name=named(name), trust=forms.weight(trust))
    return {
        "unvouch": message("Take back your trust in {name}?", name=named(name)),
        "block": message("Block {name}?", name=named(name)),
        "unblock": message("End the block of {name}?", name=named(name)),
    }[act]


def knows(vouch: float | None) -> str:
    """Return what a vouch says in words, with its number."""
    if vouch is None:
        return message("You have not said how well you know them.")
    number = forms.weight(vouch)
    return message("{words} ({number}).", words=KNOWS[number], number=number) if number in KNOWS else number


def through(one: dict[str, Any], names: dict[str, str]) -> str:
    """Return one person of the drawn web (WebPerson of the API) in a sentence, as the drawing and its table say it."""
    steps = plural(one["steps"], "1 step", "{n} steps")
    trust = forms.weight(one["trust"])
    name = names[one["person"]["id"]]
    if one["steps"] == 1:
        return message("{name}: you trust them directly ({trust})", name=name, trust=trust)
    return message(
        "{name}: {steps} through {neighbor}, trust {trust}",
        name=name,
        steps=steps,
        neighbor=names.get(one["through"], one["through"]),
        trust=trust,
    )


def more_through(one: dict[str, Any]) -> str:
    """Say how many people who are not drawn come through a neighbor (MoreThrough of the API)."""
    return message("+{n} through {name}", n=one["count"], name=named(one["person"]["name"]))


def ends(each: dict[str, Any], name: str) -> str:
    """Return an act that would end the connection to the person of that name (BreakView of the API), for a list."""
    return why.why_break(each, name).removeprefix("  - ")


def added(state: str, *, by_card: bool) -> str:
    """Return the word in the address that says how far the connection with an added person has come."""
    return "added-introduced" if state == "not_met" and not by_card else f"added-{state}"
