"""Moves: the contents of letters by which two people agree on an exchange (protocol/README.md, "Exchanges").

An ask carries its terms, and the id of the exchange is a hash of the terms and the two people. So an exchange has one ask,
nobody can change the terms after they were accepted, and nobody can take the id of an exchange between other people.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from hashlib import blake2b
from types import NoneType
from typing import Any, ClassVar

from msgspec import Struct, field

from protocol.codec import Value, encode
from protocol.errors import Code, InvalidField, RemoteError
from protocol.fields import check_bytes, check_flag, check_time, parses
from protocol.keys import PersonId
from protocol.limits import (
    COMMUNITY_TAG_BYTES,
    EXCHANGE_ID_BYTES,
    GROUPS_MAX,
    MESSAGE_MAX,
    NONCE_BYTES,
    SLOT_BYTES,
    TEXT_HASH_BYTES,
    TITLE_MAX,
    UNIT_MAX,
)
from protocol.quantity import Quantity, check_quantity, read_quantity, to_thousandths
from protocol.records.listing import CATEGORIES, LISTING_TYPES
from protocol.text import check_text

_ID_DOMAIN = b"meshnode exchange id v1\0"
_TEXT_DOMAIN = b"meshnode listing text v1\0"
_TAG_DOMAIN = b"meshnode exchange community v1\0"

REASONS = ("", "gone", "changed", "twice")
"""The reasons with which a node declines or cancels by itself. Empty: its owner did.

It declines if nothing is left (`gone`) or the listing is no longer what was asked for (`changed`). It cancels if two
devices of one owner have promised the same thing to two people (`twice`)."""


class Action(Enum):
    """The action of a move. `stage_of` takes a set of moves in this order; the value is the number on the wire."""

    ASK = 1
    ACCEPT = 2
    DECLINE = 3
    DONE = 4
    CANCEL = 5
    RETURNED = 6
    SAY = 7

    @property
    def word(self) -> str:
        """The word that programs and commands use."""
        return self.name.lower()


class Terms(Struct, frozen=True):
    """The terms of an exchange, copied from the listing when it was asked for. The id of the exchange is a hash of them."""

    nonce: bytes
    """Random, so that the same thing can be asked for again."""
    slot: bytes
    """The slot of the listing, which the addressee of the ask wrote."""
    type: str
    """One of LISTING_TYPES."""
    title: str
    category: str
    """One of CATEGORIES."""
    quantity: Quantity | None = None
    """The quantity that is asked for; None may be asked for where the listing has no limit."""
    unit: str = ""
    lend: bool = False
    return_by: int | None = None
    available_from: int | None = None
    available_until: int | None = None
    text_hash: bytes = field(default_factory=lambda: text_hash(""))
    """The hash of the listing's text, see `text_hash`: the owner has the text, and is told which one was read."""

    def __post_init__(self) -> None:
        check_bytes("nonce", self.nonce, NONCE_BYTES)
        check_bytes("listing", self.slot, SLOT_BYTES)
        _number_in("type", self.type, LISTING_TYPES)
        check_text("title", self.title, TITLE_MAX, shortest=1)
        _number_in("category", self.category, CATEGORIES)
        if self.quantity is not None:
            check_quantity("quantity", self.quantity)
        check_text("unit", self.unit, UNIT_MAX)
        check_flag("lend", self.lend)
        check_time("return by", self.return_by)
        if self.return_by is not None and not self.lend:
            raise InvalidField("return by", "is for what is lent")
        check_time("available from", self.available_from)
        check_time("available until", self.available_until)
        check_bytes("text", self.text_hash, TEXT_HASH_BYTES)

    def to_fields(self) -> tuple[Value, ...]:
        """Return the fields that `from_fields` reads."""
        return (
            self.nonce,
            self.slot,
            _number_in("type", self.type, LISTING_TYPES),
            self.title,
            _number_in("category", self.category, CATEGORIES),
            None if self.quantity is None else to_thousandths(self.quantity),
            self.unit,
            self.lend,
            self.return_by,
            self.available_from,
            self.available_until,
            self.text_hash,
        )

    def differences(self, now: Terms) -> tuple[str, ...]:
        """Return what of the listing differs in `now`, in words of COMPARED: what was asked for is compared with what is."""
        return tuple(word for word, names in COMPARED.items() if _of(self, names) != _of(now, names))

    @classmethod
    def from_fields(cls, fields: Value) -> Terms:
        """Return the terms in a field of a move. InvalidField if they are none."""
        if type(fields) is not tuple or len(fields) != _TERMS_FIELDS:
            raise InvalidField("terms", f"must be {_TERMS_FIELDS} fields")
        typed: list[Any] = list(fields)
        typed[2] = _word_in("type", fields[2], LISTING_TYPES)
        typed[4] = _word_in("category", fields[4], CATEGORIES)
        typed[5] = read_quantity("quantity", fields[5])
        return cls(*typed)


_TERMS_FIELDS = 12

COMPARED: dict[str, tuple[str, ...]] = {
    "title": ("title",),
    "text": ("text_hash",),
    "category": ("category",),
    "unit": ("unit",),
    "lending": ("lend", "return_by"),
    "dates": ("available_from", "available_until"),
}
"""By word, the fields of terms that are compared with what the listing says later. The quantity is what was asked for."""


def _of(terms: Terms, names: tuple[str, ...]) -> tuple[object, ...]:
    return tuple(getattr(terms, name) for name in names)


class Move(Struct, frozen=True):
    """One step of one side in an exchange, as the content of a letter."""

    NUMBER: ClassVar[int] = 2

    exchange: bytes
    """The id of the exchange, see `exchange_id`."""
    action: Action
    at: int
    """The time at which it was made, in UNIX seconds by its author's clock. For showing only."""
    text: str = ""
    terms: Terms | None = None
    """An ask has terms. An acceptance has them as the listing is by then, if that differs; no other move has any."""
    communities: tuple[bytes, ...] = ()
    """In an ask or an acceptance: tags of its author's communities, in ascending order. For statistics only."""
    reason: str = ""
    """In a refusal or a cancellation: one of REASONS."""

    def __post_init__(self) -> None:
        check_bytes("exchange", self.exchange, EXCHANGE_ID_BYTES)
        if type(self.action) is not Action:
            raise InvalidField("action", "must be one that there is")
        if type(self.at) is not int:
            raise InvalidField("at", "must be a time")
        check_time("at", self.at)
        check_text("message", self.text, MESSAGE_MAX, shortest=1 if self.action is Action.SAY else 0, lines=True)
        if type(self.terms) not in _TERMS_OF.get(self.action, (NoneType,)):
            raise InvalidField("terms", "belong to an ask, or to an acceptance after a change")
        _check_communities(self.communities, allowed=self.action in (Action.ASK, Action.ACCEPT))
        if _number_in("reason", self.reason, REASONS) and self.action is not _GIVES.get(self.reason):
            raise InvalidField("reason", "belongs to a refusal or a cancellation")

    def to_fields(self) -> tuple[Value, ...]:
        """Return the fields that `from_fields` reads."""
        return (
            self.exchange,
            self.action.value,
            self.at,
            self.text,
            None if self.terms is None else self.terms.to_fields(),
            self.communities,
            REASONS.index(self.reason),
        )

    @classmethod
    @parses
    def from_fields(cls, fields: tuple[Value, ...]) -> Move:
        """Return the move of these fields. RemoteError MALFORMED if they are none."""
        if len(fields) != _MOVE_FIELDS:
            raise InvalidField("move", f"must be {_MOVE_FIELDS} fields")
        typed: list[Any] = list(fields)
        if type(typed[1]) is not int or typed[1] not in _ACTIONS:
            raise InvalidField("action", "must be one that there is")
        typed[1] = _ACTIONS[typed[1]]
        typed[4] = None if typed[4] is None else Terms.from_fields(typed[4])
        typed[6] = _word_in("reason", typed[6], REASONS)
        return cls(*typed)


_MOVE_FIELDS = 7
_TERMS_OF = {Action.ASK: (Terms,), Action.ACCEPT: (Terms, NoneType)}
_GIVES = {"gone": Action.DECLINE, "changed": Action.DECLINE, "twice": Action.CANCEL}
_ACTIONS = {action.value: action for action in Action}


def _number_in(field: str, word: object, words: tuple[str, ...]) -> int:
    if type(word) is not str or word not in words:
        raise InvalidField(field, f"must be one of {', '.join(filter(None, words))}")
    return words.index(word)


def _word_in(field: str, number: Value, words: tuple[str, ...]) -> str:
    if type(number) is not int or not 0 <= number < len(words):
        raise InvalidField(field, f"must be one of {', '.join(filter(None, words))}")
    return words[number]


def _check_communities(tags: object, *, allowed: bool) -> None:
    if type(tags) is not tuple:
        raise InvalidField("communities", "must be a list")
    if tags and not allowed:
        raise InvalidField("communities", "belong to an ask or an acceptance")
    if len(tags) > GROUPS_MAX:
        raise InvalidField("communities", f"must not be more than {GROUPS_MAX}")
    for tag in tags:
        check_bytes("community", tag, COMMUNITY_TAG_BYTES)
    if list(tags) != sorted(set(tags)):
        raise InvalidField("communities", "must ascend")


# --- ids and tags ----------------------------------------------------------------------------------------------------


def text_hash(text: str) -> bytes:
    """Return the hash by which terms name the text of a listing. It travels in letters between the two people alone."""
    return blake2b(_TEXT_DOMAIN + text.encode(), digest_size=TEXT_HASH_BYTES).digest()


def exchange_id(asker: PersonId, owner: PersonId, terms: Terms) -> bytes:
    """Return the id of the exchange that begins when `asker` asks `owner` for these terms. No other two can have it."""
    return blake2b(_ID_DOMAIN + asker + owner + encode(terms.to_fields()), digest_size=EXCHANGE_ID_BYTES).digest()


def check_ask(move: Move, asker: PersonId, owner: PersonId) -> None:
    """Raise RemoteError FORGED unless this ask of `asker` to `owner` begins the exchange that it names."""
    if move.terms is None or move.exchange != exchange_id(asker, owner, move.terms):
        raise RemoteError(Code.FORGED, "an ask whose terms are not those of its exchange")


def community_tags(exchange: bytes, communities: Iterable[bytes]) -> tuple[bytes, ...]:
    """Return the tags of communities (given by group id) in one exchange. Only their members can tell which they are."""
    tags = {
        blake2b(_TAG_DOMAIN + exchange + group_id, digest_size=COMMUNITY_TAG_BYTES).digest() for group_id in communities
    }
    return tuple(sorted(tags))
