"""Keeps what tells the listings of one bucket apart for the visibility rule: their own places, and policy versions.

Anybody can give every listing a place and a policy version of its own. So these are packed: a listing costs 12 bytes, one
with a place 24 more, and 8 for each point from which distances are measured.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection

from meshnode.app.catalog.word_index import DocIds
from protocol import Point, center, kilometers

ORIGINS_CACHED = 2  # points from which distances are kept: where the owner is, and the place that they publish
_NO_PLACE = -1
_NOT_MEASURED = -1.0


class Details:
    """Knows the policy version and the own place of each doc id."""

    def __init__(self) -> None:
        self._policy_versions = array("q")
        self._place_of = array("i")  # by doc id, its position in the arrays below
        self._placed = DocIds()
        self._cells = array("Q")
        self._latitudes, self._longitudes = array("d"), array("d")
        self._measured: dict[str, tuple[Point, array[float]]] = {}  # by cell of the origin, its center and distances

    def add(self, place: str | None, policy_version: int) -> None:
        """Note the place (an H3 cell) and the policy version of the next doc id."""
        self._policy_versions.append(policy_version)
        if place is None:
            self._place_of.append(_NO_PLACE)
            return
        self._placed.add(len(self._place_of))
        self._place_of.append(len(self._cells))
        self._cells.append(int(place, 16))
        latitude, longitude = center(place)
        self._latitudes.append(latitude)
        self._longitudes.append(longitude)

    def policy_version(self, doc_id: int) -> int:
        """Return the policy version under which this listing was written."""
        return self._policy_versions[doc_id]

    def has_place(self, doc_id: int) -> bool:
        """Whether this listing has a place of its own."""
        return self._place_of[doc_id] != _NO_PLACE

    @property
    def placed(self) -> int:
        """The bits of the listings that have a place of their own."""
        return int(self._placed)

    def place(self, doc_id: int) -> str | None:
        """Return the place of its own of this listing (an H3 cell); None if it has none."""
        number = self._place_of[doc_id]
        return None if number == _NO_PLACE else f"{self._cells[number]:x}"

    def km(self, doc_id: int, origin: str | None) -> float | None:
        """Return the kilometers from `origin` (an H3 cell) to the listing's own place, as `distance_km` does.

        None where either is unknown. Each is computed once, as long as the latest ORIGINS_CACHED origins are asked for.
        """
        number = self._place_of[doc_id]
        if origin is None or number == _NO_PLACE:
            return None
        km = self._measured_from(origin)[number]
        return self._measure(number, origin) if km == _NOT_MEASURED else km

    def kms(self, doc_ids: Collection[int], origin: str) -> list[float]:
        """Return likewise the kilometers to the places of these listings, all of which have one."""
        numbers, measured = list(map(self._place_of.__getitem__, doc_ids)), self._measured_from(origin)
        kms = list(map(measured.__getitem__, numbers))
        if _NOT_MEASURED in kms:
            kms = [
                self._measure(number, origin) if measured[number] == _NOT_MEASURED else measured[number]
                for number in numbers
            ]
        return kms

    def _measured_from(self, origin: str) -> array[float]:
        """Return the kilometers from `origin` to each place, as far as they were asked for."""
        known = self._measured.get(origin)
        if known is None:
            if len(self._measured) >= ORIGINS_CACHED:
                del self._measured[next(iter(self._measured))]  # the one that was asked for first
            known = self._measured[origin] = center(origin), array("d")
        measured = known[1]
        if len(measured) < len(self._cells):
            measured.extend([_NOT_MEASURED] * (len(self._cells) - len(measured)))
        return measured

    def _measure(self, number: int, origin: str) -> float:
        point, measured = self._measured[origin]
        measured[number] = kilometers((self._latitudes[number], self._longitudes[number]), point)
        return measured[number]
