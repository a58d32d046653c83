"""Texts of the page about sharing and places that code chooses."""

from __future__ import annotations

from typing import Any

from meshnode.quoting import named
from meshnode.text import forms
from meshnode.text.catalog import message, plural
from meshnode.text.choices import PRECISIONS

NO_RADIUS = message("say how many kilometers away is nearby")
NO_LOCATION = message("this is not a location")
NO_LOCATION_HINT = message("write latitude and longitude, such as 52.52, 13.405")
SURE = {
    "settings": message("Change how you share?"),
    "place": message("Set your location?"),
    "no-place": message("Stop sharing your location?"),
}
_PRECISION_NAMES = {
    "exact": message("Exactly"),
    "neighborhood": message("Your neighborhood"),
    "city": message("Your city"),
    "region": message("Your region"),
}
DONE = {
    "shared": message("It is changed. Posts that follow these settings follow the change."),
    "away": message("You are away. Nobody else sees your posts until you come back."),
    "back": message("You are back. Others see your posts as before."),
}


def precision(word: str) -> str:
    """Return how exactly others see a location, with how wide that is."""
    return message("{name} (about {width})", name=_PRECISION_NAMES[word], width=forms.width(PRECISIONS[word]))


def warning(found: dict[str, Any]) -> str:
    """Return a warning about these settings (SharingWarning of the API), as the page mends it."""
    if found["code"] == "location_coarse":
        return message(
            "Others see your location only as {precision}, because this computer does not know where you are exactly. "
            "Set your location below.",
            precision=_PRECISION_NAMES.get(found["about"][0], found["about"][0]),
        )
    said: str = found["message"]
    return said


def area(found: dict[str, Any]) -> str:
    """Return an area of the map (AreaView of the API) in a sentence."""
    titles = [named(one["title"]) for one in found["listings"]]
    left = found["count"] - len(titles)
    things = forms.listed(titles + ([plural(left, "1 more", "{n} more")] if left else []))
    width = forms.width(found["place"]["across_km"])
    if found["distance"] is None:
        return message("An area about {width} wide: {things}", width=width, things=things)
    return message(
        "{distance}, an area about {width} wide: {things}", distance=found["distance"], width=width, things=things
    )
