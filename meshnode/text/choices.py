"""The words that people choose from, and how the API's labels read.

The words are repeated here because importing `protocol` would take longer than a whole command may; a test compares them
with the protocol's own.
"""

from __future__ import annotations

from meshnode.text.catalog import message

TYPE_CHECKING = False  # see meshnode/cli/daily/__init__.py
if TYPE_CHECKING:
    from typing import Any

AUDIENCES = {
    "my_cell": message("people in your cell"),
    "my_community": message("people in your community"),
    "trusted_network": message("people you're connected to through trust"),
    "anyone_local": message("anyone nearby (within 25 km)"),
    "network_wide": message("everyone on the network"),
}
AUDIENCES_OF_OTHERS = AUDIENCES | {
    "my_cell": message("people in the author's cell"),
    "my_community": message("people in the author's community"),
    "trusted_network": message("people the author is connected to through trust"),
}
AUDIENCE_CHOICES = AUDIENCES | {"my_cell": message("people in your cell (those you know directly)")}
PRECISIONS = {
    "exact": 0.02,
    "neighborhood": 1,
    "city": 7,
    "region": 50,
}
"""How wide the area is that others see, in kilometers, by precision."""
CATEGORIES = (
    "food",
    "tools",
    "seeds",
    "skills",
    "labor",
    "knowledge",
    "housing",
    "transportation",
    "materials",
    "other",
)
TYPES = ("offer", "need")
TYPES_PLURAL = {"offer": message("offers"), "need": message("needs")}
URGENCIES = ("normal", "perishable", "emergency")
ORDERS = ("best", "near", "new", "trust")
RELATIONS = {
    "yourself": message("you"),
    "someone_you_trust": message("someone you trust"),
    "cell_member": message("in your cell"),
    "trusted_friend_of_friend": message("trusted friend of friend"),
    "community_member": message("community member"),
    "extended_network": message("in your extended network"),
}
ENDED = {"expired": message("expired"), "closed": message("closed"), "taken": message("all taken")}
CLEARABLE = (
    "text",
    "tags",
    "quantity",
    "unit",
    "available_from",
    "available_until",
    "return_by",
    "language",
    "place",
    "photos",
)


def audience(reply: dict[str, Any]) -> str:
    """Return who an audience is, with its radius where the reply has one; an author other than you is named so."""
    word = reply["audience"]
    if word == "anyone_local" and reply["radius_km"] is not None:
        return message("anyone nearby (within {km} km)", km=reply["radius_km"])
    return (AUDIENCES if reply.get("relation", "yourself") == "yourself" else AUDIENCES_OF_OTHERS)[word]


def capitalized(text: str) -> str:
    """Return the text with a capital first letter; the rest stays."""
    return text[:1].upper() + text[1:]
