"""Sealed letters from one person to another, their contents, and the exchanges that two people make by them."""

from __future__ import annotations

from protocol.letters.contents import CONTENTS, Content, Introduction, Opened, Receipt, device_tag
from protocol.letters.exchange import (
    LENT_OUT,
    UNFINISHED,
    AuthoredMove,
    Stage,
    held_by,
    is_cross_community,
    stage_after,
    stage_of,
    terms_of,
    was_agreed,
)
from protocol.letters.handover import Handed, HandoverLetter, Note, NoteKind
from protocol.letters.key_share import KeyShare
from protocol.letters.move import COMPARED, Action, Move, Terms, check_ask, community_tags, exchange_id, text_hash
from protocol.letters.sealing import (
    SEAL_ENTROPY_BYTES,
    OpenedLetter,
    Sealed,
    letter_tag,
    open_letter,
    receipt_slot,
    seal,
    sealed,
)

__all__ = [
    "COMPARED",
    "CONTENTS",
    "LENT_OUT",
    "SEAL_ENTROPY_BYTES",
    "UNFINISHED",
    "Action",
    "AuthoredMove",
    "Content",
    "Handed",
    "HandoverLetter",
    "Introduction",
    "KeyShare",
    "Move",
    "Note",
    "NoteKind",
    "Opened",
    "OpenedLetter",
    "Receipt",
    "Sealed",
    "Stage",
    "Terms",
    "check_ask",
    "community_tags",
    "device_tag",
    "exchange_id",
    "held_by",
    "is_cross_community",
    "letter_tag",
    "open_letter",
    "receipt_slot",
    "seal",
    "sealed",
    "stage_after",
    "stage_of",
    "terms_of",
    "text_hash",
    "was_agreed",
]
