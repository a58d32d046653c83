"""Words that the command line shares with the daemon: what may be chosen, and how the daemon's labels read.

They stand here a second time because importing `protocol` would cost more than a whole call may; a test compares.
"""

from __future__ import annotations

from typing import Any

AUDIENCES = {
    "my_cell": "just my cell (the people I know directly)",
    "my_community": "my community",
    "trusted_network": "anyone I'm connected to through trust",
    "anyone_local": "anyone nearby (within 25km)",
    "network_wide": "everyone on the network",
}
PRECISIONS = ("exact", "neighborhood", "city", "region")
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
URGENCIES = ("normal", "perishable", "emergency")
ORDERS = ("best", "near", "new", "trust")
RELATIONS = {
    "yourself": "you",
    "someone_you_trust": "someone you trust",
    "cell_member": "in your cell",
    "trusted_friend_of_friend": "trusted friend of friend",
    "community_member": "community member",
    "extended_network": "in your extended network",
}
ENDED = {"expired": "expired", "closed": "closed", "taken": "all taken"}
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
)


def for_whom(reply: dict[str, Any]) -> str:
    """Who an audience is, with the radius that holds for it, where one was told."""
    if reply["audience"] == "anyone_local" and reply["radius_km"] is not None:
        return f"anyone nearby (within {reply['radius_km']}km)"
    return AUDIENCES[reply["audience"]]


def area(published: dict[str, Any]) -> str:
    """What others learn of a place."""
    width = f"{published['across_km'] * 1000:g} m" if published["across_km"] < 1 else f"{published['across_km']:g} km"
    return f"an area about {width} wide around {published['lat']:.4f},{published['lon']:.4f}"
