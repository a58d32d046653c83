"""Texts that explain why a person or a post is visible."""

from __future__ import annotations

from typing import Any

from meshnode.quoting import named
from meshnode.text import forms
from meshnode.text.catalog import message
from meshnode.text.choices import RELATIONS

WHY_HELP = message("Explain why you can see a person or a post, and what would end that.")
WHY_BREAKS = message("Each of these would end it:")


def why_author(reply: dict[str, Any]) -> str:
    """Return who posted the listing that is explained."""
    return message(
        ", by {name} ({relation})", name=named(reply["person"]["name"]), relation=RELATIONS[reply["relation"]]
    )


def why_regard(name: str) -> str:
    """Introduce the path of your trust."""
    return message("How you trust {name}:", name=name)


def why_no_regard(name: str) -> str:
    """Say that your trust has no path."""
    return message("No path of trust leads from you to {name}.", name=name)


def why_reach(name: str) -> str:
    """Introduce the path of the author's trust."""
    return message("How {name} trusts you:", name=name)


def why_no_reach(name: str) -> str:
    """Say that the author's trust has no path."""
    return message("No path of trust leads from {name} to you.", name=name)


def why_groups(names: list[str]) -> str:
    """Name the groups that both are in."""
    return message("You are both in {groups}.", groups=forms.listed([named(name) for name in names]))


def why_needs(trust: float) -> str:
    """Say how much the author must trust you."""
    return message("To see this, the author must trust you {trust} or more.", trust=forms.weight(trust))


def why_path(path: dict[str, Any]) -> str:
    """Return the people on a path, and the product of their trust."""
    people = " -> ".join(named(person["name"]) for person in path["people"])
    weights = " x ".join(forms.weight(weight) for weight in path["weights"])
    product = f" = {forms.weight(path['trust'])}" if len(path["weights"]) > 1 else ""
    return f"  {people}  ({weights}{product})"


def why_break(each: dict[str, Any], name: str) -> str:
    """Return an act that would end it (BreakView of the API), where `name` is the person to whom you are connected."""
    if each["kind"] == "leave":
        return message("  - You or {name} leave {group}.", name=name, group=named(each["group"]))
    if each["kind"] == "block":
        return message("  - You or {name} block the other.", name=name)
    of = named(each["of"]["name"]) if each["of"] else ""
    if each["kind"] == "bridge":
        return message("  - Either of you blocks {of}, or is blocked by {of}.", of=of)
    if each["by"] is None:
        return message("  - You no longer trust {of} directly.", of=of)
    if each["of"] is None:
        return message("  - {by} no longer trusts you directly.", by=named(each["by"]["name"]))
    return message("  - {by} no longer trusts {of} directly.", by=named(each["by"]["name"]), of=of)
