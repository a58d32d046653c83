"""Reads what people type into the fields of a form."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation

from meshnode.app.owner.places import Coordinates
from meshnode.errors import Field, Usage
from meshnode.text import locations
from meshnode.text import page as text
from meshnode.text.page_people import NO_WEIGHT
from meshnode.text.page_sharing import NO_LOCATION, NO_LOCATION_HINT
from protocol import Quantity, simplest

DIGITS_MAX = 20
OWN_NUMBER = "number"  # instead of words for how well one knows somebody


def amount(typed: str) -> Quantity | None:
    """Return how much was typed; None for nothing. A comma is as good as a point. Raises Usage for anything else."""
    typed = typed.strip().replace(",", ".")
    if not typed:
        return None
    try:
        number = Decimal(typed) if len(typed) <= DIGITS_MAX else Decimal("NaN")
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or abs(number.adjusted()) > DIGITS_MAX:  # a large exponent is written out as zeros
        raise Usage(text.NO_NUMBER, field=Field.QUANTITY)
    return simplest(number)


def location(typed: str) -> Coordinates:
    """Return the location that was typed. Raises Usage for anything else."""
    found = locations.read(typed)
    if found is None:
        raise Usage(NO_LOCATION, NO_LOCATION_HINT, field=Field.PLACE)
    return Coordinates(*found)


def whole(typed: str) -> int | None:
    """Return the whole number that was typed; None where there is none."""
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) <= DIGITS_MAX else None


def day_end(typed: str) -> int | None:
    """Return the last second, by this computer's calendar, of the day that was typed; None for nothing."""
    if not typed.strip():
        return None
    try:
        after = date.fromisoformat(typed.strip()) + timedelta(days=1)
        return int(datetime.fromisoformat(after.isoformat()).timestamp()) - 1
    except (ValueError, OverflowError, OSError):
        raise Usage(text.NO_DATE, field=Field.AVAILABLE_UNTIL) from None


def weight(form: Mapping[str, str]) -> float:
    """Return how much trust a form says: that of the chosen words, or the number that was typed beside them."""
    chosen = form.get("know", "")
    typed = form.get("trust", "").strip() if chosen == OWN_NUMBER else chosen
    try:
        number = float(typed.replace(",", ".")) if len(typed) <= DIGITS_MAX else math.nan
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise Usage(NO_WEIGHT, field=Field.TRUST)
    return number
