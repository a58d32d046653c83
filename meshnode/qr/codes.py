"""Draws the QR code of a text, such as a card or a link."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from segno import QRCode

BORDER = 4  # squares of white around the code, which readers need (ISO/IEC 18004)
SCALE = 4  # points for each square, until a page makes it as large as there is room


def qr_code(text: str, *, exact: bool = False) -> QRCode:
    """Return the QR code of `text`. Upper case fits its compact alphabet, unless the text is to be kept `exact`."""
    from segno import make

    return make(text if exact else text.upper(), error="l", micro=False)


def picture(text: str, *, exact: bool = False) -> str:
    """Return that code as the address of a picture to put into a page, black on white."""
    address: str = qr_code(text, exact=exact).svg_data_uri(border=BORDER, scale=SCALE, light="white")
    return address
