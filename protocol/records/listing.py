"""The body of a listing: an offer or a need."""

from __future__ import annotations

import re

from msgspec import Struct

from protocol.codec import Value, encode
from protocol.errors import InvalidField
from protocol.fields import check_flag, check_place, check_salt, check_time, parses, read_either
from protocol.limits import (
    LANGUAGE_MAX,
    PROMISED_MAX,
    RECORD_MAX_BYTES,
    TAG_MAX,
    TAGS_MAX,
    TEXT_MAX,
    TITLE_MAX,
    UNIT_MAX,
)
from protocol.quantity import Quantity, check_quantity, read_quantity, simplest, to_thousandths
from protocol.records.photo import Photo, check_photos, read_photos
from protocol.text import check_text

# On the wire a word is its index in its tuple: append, never reorder.
LISTING_TYPES = ("offer", "need")
CATEGORIES = (
    "food",
    "tools",
    "seeds",
    "skills",
    "labor",
    "knowledge",
    "housing",
    "transportation",
    "materials",
    "other",
)
URGENCIES = ("normal", "perishable", "emergency")

_FIELDS = 17
_FIELDS_WITH_PHOTOS = 18  # a listing without photos has no empty list of them: nodes that know none read it
# The form of a language tag (RFC 5646), not whether its parts are registered: registries grow.
_LANGUAGE = re.compile("[a-z]{2,3}(-[A-Za-z0-9]{1,8})*")


class ListingFields(Struct, frozen=True):
    """The fields that a listing has in its signed body, in a draft, and when it is shown.

    The place is not among them: an exact one is typed, a coarse one is signed. Times are UNIX seconds. Nothing is
    checked here: `Listing` checks them.
    """

    type: str
    """One of LISTING_TYPES."""
    title: str
    text: str = ""
    category: str = "other"
    """One of CATEGORIES."""
    tags: tuple[str, ...] = ()
    quantity: Quantity | None = None
    """How much of the unit; None: no limit."""
    unit: str = ""
    available_from: int | None = None
    available_until: int | None = None
    urgency: str = "normal"
    """One of URGENCIES."""
    lend: bool = False
    """Whether it is lent: to be given back, by `return_by` if that is set."""
    return_by: int | None = None
    language: str = ""
    """A language tag such as `de` or `pt-BR` (RFC 5646), or empty."""
    notice_board: bool = False
    """Whether people who can see it may put it up in public, on a notice board."""


class Listing(ListingFields, frozen=True, kw_only=True):
    """The signed body of an offer or a need. When the listing expires is in its header."""

    salt: bytes
    place: str | None = None
    """The listing's own place, an H3 cell; None: its author's published place."""
    promised: Quantity = 0
    """How much of it was promised or given when this version was written; `quantity` is what was left, see `left_of`."""
    photos: tuple[Photo, ...] = ()
    """The photos that belong to it, which travel apart from it."""

    def __post_init__(self) -> None:
        check_salt(self.salt)
        _check_word("type", self.type, _TYPE_NUMBER)
        check_text("title", self.title, TITLE_MAX, shortest=1)
        check_text("text", self.text, TEXT_MAX, lines=True)
        _check_word("category", self.category, _CATEGORY_NUMBER)
        _check_tags(self.tags)
        if self.quantity is not None:
            check_quantity("quantity", self.quantity)
        check_text("unit", self.unit, UNIT_MAX)
        check_time("available from", self.available_from)
        check_time("available until", self.available_until)
        _check_word("urgency", self.urgency, _URGENCY_NUMBER)
        check_flag("lend", self.lend)
        check_time("return by", self.return_by)
        _check_language(self.language)
        check_flag("notice board", self.notice_board)
        check_place("place", self.place)
        check_photos(self.photos)
        start, end = self.available_from, self.available_until
        if start is not None and end is not None and end < start:
            raise InvalidField("available until", "must not come before available from")
        if self.return_by is not None and not self.lend:
            raise InvalidField("return by", "is for what is lent")
        if self.promised != 0:
            check_quantity("promised", self.promised, PROMISED_MAX)
            if self.quantity is None:
                raise InvalidField("promised", "is for what has a quantity")

    def to_body(self) -> bytes:
        """Return the bytes that `parse` reads."""
        return encode(
            (
                self.salt,
                _TYPE_NUMBER[self.type],
                self.title,
                self.text,
                _CATEGORY_NUMBER[self.category],
                self.tags,
                None if self.quantity is None else to_thousandths(self.quantity),
                self.unit,
                self.available_from,
                self.available_until,
                _URGENCY_NUMBER[self.urgency],
                self.lend,
                self.return_by,
                self.language,
                self.notice_board,
                self.place,
                to_thousandths(self.promised),
                *((tuple(photo.to_value() for photo in self.photos),) if self.photos else ()),
            )
        )

    @classmethod
    @parses
    def parse(cls, body: bytes) -> Listing:
        """Return the listing in `body`. RemoteError MALFORMED or OVERSIZED."""
        salt, *fields = read_either(body, (_FIELDS, _FIELDS_WITH_PHOTOS), RECORD_MAX_BYTES, TAGS_MAX)
        if len(fields) == _FIELDS_WITH_PHOTOS - 1:
            fields[-1] = read_photos(fields[-1])
        for at, name, words in _WORDS_AT:
            fields[at] = _word(name, fields[at], words)
        for at, name in _QUANTITIES_AT:
            fields[at] = read_quantity(name, fields[at])
        return cls(salt=salt, **dict(zip(_BEHIND_SALT, fields, strict=False)))


def left_of(listing: Listing, held: Quantity) -> Quantity | None:
    """Return how much is left while exchanges hold `held` of it; below 0 if too much is promised, None without a limit.

    What there is in all is what was left when this version was written, and what was promised or given then. Nothing
    that happens to an exchange changes that, only the author's word does. So it does not matter in which order, and on
    which device, things are promised and called off.
    """
    return None if listing.quantity is None else simplest(listing.quantity + listing.promised - held)


_BEHIND_SALT = tuple(name for name in Listing.__struct_fields__ if name != "salt")  # as in the body
_TYPE_NUMBER = {word: number for number, word in enumerate(LISTING_TYPES)}
_CATEGORY_NUMBER = {word: number for number, word in enumerate(CATEGORIES)}
_URGENCY_NUMBER = {word: number for number, word in enumerate(URGENCIES)}
_WORDS_AT = ((0, "type", LISTING_TYPES), (3, "category", CATEGORIES), (9, "urgency", URGENCIES))  # behind the salt
_QUANTITIES_AT = ((5, "quantity"), (15, "promised"))


def _word(field_name: str, number: Value, words: tuple[str, ...]) -> str:
    if type(number) is not int or not 0 <= number < len(words):
        raise InvalidField(field_name, "must be one of {words}", words=", ".join(words))
    return words[number]


def _check_word(field_name: str, word: object, numbers: dict[str, int]) -> None:
    if type(word) is not str or word not in numbers:
        raise InvalidField(field_name, "must be one of {words}", words=", ".join(numbers))


def _check_tags(tags: object) -> None:
    if type(tags) is not tuple:
        raise InvalidField("tags", "must be a list")
    if len(tags) > TAGS_MAX:
        raise InvalidField("tags", "must not be more than {most}", most=TAGS_MAX)
    for tag in tags:
        check_text("tag", tag, TAG_MAX, shortest=1)
    if len(set(tags)) != len(tags):
        raise InvalidField("tags", "must differ from each other")


def _check_language(language: str) -> None:
    check_text("language", language, LANGUAGE_MAX)
    if language and _LANGUAGE.fullmatch(language) is None:
        raise InvalidField("language", "must be a language tag such as de or pt-BR")
