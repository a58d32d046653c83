"""Tokens: cards and device codes, as text that one person hands to another."""

from __future__ import annotations

from protocol.tokens.card import Card, card_id
from protocol.tokens.device_code import DeviceCode, device_code_id

__all__ = [
    "Card",
    "DeviceCode",
    "card_id",
    "device_code_id",
]
