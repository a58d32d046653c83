"""Takes the locations that people type or paste as options of commands."""

from __future__ import annotations

from typing import Any

import click

from meshnode.text import errors, locations


class PlaceType(click.ParamType[tuple[float, float]]):
    """A location as LAT,LON in decimal degrees; others learn only a coarse one."""

    name = "LAT,LON"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, float]:
        """Return latitude and longitude."""
        if isinstance(value, tuple):
            return value
        place = locations.read(str(value))
        if place is None:
            self.fail(errors.not_a_place(value), param, ctx)
        latitude, longitude = place
        if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
            self.fail(errors.nowhere_on_earth(value), param, ctx)
        return latitude, longitude
