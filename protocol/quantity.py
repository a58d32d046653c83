"""Counts and measures things: a quantity has at most three decimals, so that 2.5 kg can be shared as well as 3 boxes.

On the wire it is a whole number of thousandths. Here it is an exact decimal, never a binary fraction: what is left after
taking 0.1 three times off 0.3 is nothing.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TypeAlias

from protocol.errors import InvalidField
from protocol.limits import QUANTITY_MAX, QUANTITY_STEPS

Quantity: TypeAlias = int | Decimal
"""A quantity; whole ones are ints. Sums and differences of quantities are exact."""


def check_quantity(field: str, value: object, most: int = QUANTITY_MAX) -> None:
    """Check for a quantity of at least a thousandth and at most `most`, with at most three decimals."""
    if type(value) is not int and (type(value) is not Decimal or not value.is_finite()):
        raise InvalidField(field, "must be a number")
    assert isinstance(value, (int, Decimal))
    if not 0 < value <= most:
        raise InvalidField(field, "must be more than 0, and at most {most}", most=most)
    if Decimal(int(value * QUANTITY_STEPS)) / QUANTITY_STEPS != value:
        raise InvalidField(field, "must have at most three decimals")


def read_quantity(field: str, number: object) -> Quantity | None:
    """Return what is on the wire as this number of thousandths, or as None; `check_quantity` judges it afterwards.

    InvalidField if it is no number.
    """
    if number is None:
        return None
    if type(number) is not int:
        raise InvalidField(field, "must be a number of thousandths")
    return from_thousandths(number)


def to_thousandths(quantity: Quantity) -> int:
    """Return how many thousandths a quantity has."""
    return int(quantity * QUANTITY_STEPS)


def from_thousandths(number: int) -> Quantity:
    """Return the quantity that has so many thousandths."""
    return simplest(Decimal(number) / QUANTITY_STEPS)


def simplest(quantity: Quantity) -> Quantity:
    """Return the same quantity as an int where it is whole, and else without zeros at its end."""
    whole = int(quantity)
    return whole if whole == quantity else Decimal(quantity).normalize()
