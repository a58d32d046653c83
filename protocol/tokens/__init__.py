"""Text that one person hands to another: cards and device codes."""

from __future__ import annotations

from protocol.tokens.card import Card, card_id
from protocol.tokens.device_code import DeviceCode, device_code_id

__all__ = [
    "Card",
    "DeviceCode",
    "card_id",
    "device_code_id",
]
