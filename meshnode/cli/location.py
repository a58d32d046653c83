"""Reads the locations that people type or paste: numbers in decimal degrees, as maps and phones write them."""

from __future__ import annotations

import re
from typing import Any

import click

from meshnode.text import errors

# Maps, phones and people also write 52.52 13.405 and N52.52 E13.405 and 52.52° N, 13.405° E, and 52,52 13,405 where
# decimals follow a comma; the form with "geo:" is RFC 5870.
_LATITUDE = r"([NSns])?\s*([+-]?[0-9]+(?:\.[0-9]+)?)\s*°?\s*([NSns])?"
_LONGITUDE = r"([EWew])?\s*([+-]?[0-9]+(?:\.[0-9]+)?)\s*°?\s*([EWew])?"
_PAIR = re.compile(rf"{_LATITUDE}(?:\s*,\s*|\s+){_LONGITUDE}")
_DECIMAL_COMMAS = re.compile(r"([+-]?[0-9]+),([0-9]+)[\s;]\s*([+-]?[0-9]+),([0-9]+)")


class PlaceType(click.ParamType[tuple[float, float]]):
    """A location as LAT,LON in decimal degrees; others learn only a coarse one."""

    name = "LAT,LON"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, float]:
        """Return latitude and longitude."""
        if isinstance(value, tuple):
            return value
        typed = str(value).strip().removeprefix("geo:").partition(";u=")[0]
        if commas := _DECIMAL_COMMAS.fullmatch(typed):
            typed = f"{commas[1]}.{commas[2]},{commas[3]}.{commas[4]}"
        pair = _PAIR.fullmatch(typed)
        if pair is None or (pair[1] and pair[3]) or (pair[4] and pair[6]):
            self.fail(errors.not_a_place(value), param, ctx)
        latitude = _signed(pair[2], pair[1] or pair[3], "S")
        longitude = _signed(pair[5], pair[4] or pair[6], "W")
        if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
            self.fail(errors.nowhere_on_earth(value), param, ctx)
        return latitude, longitude


def _signed(number: str, letter: str | None, negative: str) -> float:
    return -float(number) if letter and letter.upper() == negative else float(number)
