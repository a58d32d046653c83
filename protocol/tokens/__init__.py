"""Tokens: cards, device codes and word codes, as text that one person hands to another."""

from __future__ import annotations

from protocol.tokens.card import Card, card_id
from protocol.tokens.device_code import DeviceCode, device_code_id
from protocol.tokens.word_code import CODE_WORDS, WordCode, parts_of_code

__all__ = [
    "CODE_WORDS",
    "Card",
    "DeviceCode",
    "WordCode",
    "card_id",
    "device_code_id",
    "parts_of_code",
]
