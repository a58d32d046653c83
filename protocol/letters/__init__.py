"""Sealed letters from one person to another, what they contain, and the exchanges that their moves make."""

from __future__ import annotations

from protocol.letters.exchange import AuthoredMove, Stage, is_cross_community, stage_after, stage_of, terms_of
from protocol.letters.introduction import Introduction
from protocol.letters.move import Action, Move, Terms, check_ask, community_tags, exchange_id
from protocol.letters.receipt import Receipt
from protocol.letters.sealing import CONTENTS, SEAL_ENTROPY_BYTES, Content, OpenedLetter, letter_tag, open_letter, seal

__all__ = [
    "CONTENTS",
    "SEAL_ENTROPY_BYTES",
    "Action",
    "AuthoredMove",
    "Content",
    "Introduction",
    "Move",
    "OpenedLetter",
    "Receipt",
    "Stage",
    "Terms",
    "check_ask",
    "community_tags",
    "exchange_id",
    "is_cross_community",
    "letter_tag",
    "open_letter",
    "seal",
    "stage_after",
    "stage_of",
    "terms_of",
]
