"""The four places that people of simulated worlds live at, and the distances between them."""

from __future__ import annotations

from protocol import Precision, coarse, distance_km

_POINTS = ((52.52, 13.40), (52.50, 13.45), (52.40, 13.06), (48.14, 11.58))
PLACES = tuple(coarse(*point, Precision.NEIGHBORHOOD) for point in _POINTS)
KM = {(one, other): distance_km(one, other) for one in PLACES for other in PLACES}
"""Kilometers between two of them, in both orders."""
