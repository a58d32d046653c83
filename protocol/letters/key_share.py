"""A share of the author's identity key, which the addressee keeps for them (protocol/README.md, "Shares of a key")."""

from __future__ import annotations

import re
from typing import ClassVar, Self

from msgspec import Struct

from protocol.codec import Value
from protocol.errors import InvalidField
from protocol.fields import check_number, parses
from protocol.limits import KEY_SHARE_NEED_MAX, KEY_SHARE_NEED_MIN, TIME_MAX

_WORDS = re.compile(r"[a-z]{4,8}(?: [a-z]{4,8}){32}")


class KeyShare(Struct, frozen=True):
    """Gives the addressee a share of the author's identity key to keep, or takes it back.

    It is the one share of this author: a later one, by `made`, replaces it. It is sealed to the addressee's devices alone.
    """

    NUMBER: ClassVar[int] = 5
    made: int
    """When the author made the set that it belongs to, in UNIX seconds: higher than for every earlier set."""
    need: int
    """How many shares of the set make the key; 0 takes the share back."""
    words: str
    """The 33 words of SLIP-39, lower case, with one space between them; empty where it is taken back."""

    def __post_init__(self) -> None:
        check_number("time", self.made, 0, TIME_MAX)
        if self.words == "":
            check_number("need", self.need, 0, 0)
            return
        check_number("need", self.need, KEY_SHARE_NEED_MIN, KEY_SHARE_NEED_MAX)
        if not _WORDS.fullmatch(self.words):
            raise InvalidField("words", "must be those of a share")

    @property
    def taken_back(self) -> bool:
        """Whether the addressee is to keep no share of the author any longer."""
        return self.words == ""

    def to_fields(self) -> tuple[Value, ...]:
        """Return the fields that `from_fields` reads."""
        return (self.made, self.need, self.words)

    @classmethod
    @parses
    def from_fields(cls, fields: tuple[Value, ...]) -> Self:
        """Return the share of these fields. RemoteError MALFORMED if they are none."""
        match fields:
            case (int() as made, int() as need, str() as words):
                return cls(made, need, words)
        raise InvalidField("share", "must be a time, a number and words")
