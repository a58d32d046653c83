"""Sealed letters from one person to another, their contents, and the exchanges that two people make by them."""

from __future__ import annotations

from protocol.letters.contents import CONTENTS, Content, Introduction, Receipt
from protocol.letters.exchange import (
    LENT_OUT,
    UNFINISHED,
    AuthoredMove,
    Stage,
    is_cross_community,
    stage_after,
    stage_of,
    terms_of,
)
from protocol.letters.move import Action, Move, Terms, check_ask, community_tags, exchange_id
from protocol.letters.sealing import SEAL_ENTROPY_BYTES, OpenedLetter, letter_tag, open_letter, seal

__all__ = [
    "CONTENTS",
    "LENT_OUT",
    "SEAL_ENTROPY_BYTES",
    "UNFINISHED",
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
