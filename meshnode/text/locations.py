"""Reads the locations that people type or paste: numbers in decimal degrees, as maps and phones write them."""

from __future__ import annotations

import re

# Maps, phones and people also write 52.52 13.405 and N52.52 E13.405 and 52.52° N, 13.405° E, and 52,52 13,405 where
# decimals follow a comma; the form with "geo:" is RFC 5870.
_LATITUDE = r"([NSns])?\s*([+-]?[0-9]+(?:\.[0-9]+)?)\s*°?\s*([NSns])?"
_LONGITUDE = r"([EWew])?\s*([+-]?[0-9]+(?:\.[0-9]+)?)\s*°?\s*([EWew])?"
_PAIR = re.compile(rf"{_LATITUDE}(?:\s*,\s*|\s+){_LONGITUDE}")
_DECIMAL_COMMAS = re.compile(r"([+-]?[0-9]+),([0-9]+)[\s;]\s*([+-]?[0-9]+),([0-9]+)")
LETTERS_MAX = 200  # typed; the longest way to write a location is far shorter


def read(typed: str) -> tuple[float, float] | None:
    """Return latitude and longitude, which may be nowhere on earth; None where this is no location."""
    typed = typed.strip()[:LETTERS_MAX].removeprefix("geo:").partition(";u=")[0]
    if commas := _DECIMAL_COMMAS.fullmatch(typed):
        typed = f"{commas[1]}.{commas[2]},{commas[3]}.{commas[4]}"
    pair = _PAIR.fullmatch(typed)
    if pair is None or (pair[1] and pair[3]) or (pair[4] and pair[6]):
        return None
    return _signed(pair[2], pair[1] or pair[3], "S"), _signed(pair[5], pair[4] or pair[6], "W")


def _signed(number: str, letter: str | None, negative: str) -> float:
    return -float(number) if letter and letter.upper() == negative else float(number)
