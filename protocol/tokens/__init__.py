"""Tokens: cards, device codes and word codes, as text that one person hands to another."""

from __future__ import annotations

from protocol.tokens.card import Card, card_id
from protocol.tokens.device_code import DeviceCode, device_code_id
from protocol.tokens.word_code import WordCode

__all__ = [
    "Card",
    "DeviceCode",
    "WordCode",
    "card_id",
    "device_code_id",
]
