"""The body of a profile: what the author tells their web about themselves, and the key that recognizes their nodes."""

from __future__ import annotations

from dataclasses import dataclass, field

from protocol.codec import encode
from protocol.fields import check_bytes, check_place, check_salt, parses, read_fields
from protocol.keys import KEY_BYTES
from protocol.limits import ABOUT_MAX, NAME_MAX, RECORD_MAX_BYTES
from protocol.text import check_text

_FIELDS = 5


@dataclass(frozen=True, slots=True)
class Profile:
    """A person's name and the little else that others may know."""

    salt: bytes = field(repr=False)
    name: str
    about: str = ""
    place: str | None = None
    """The published coarse place, an H3 cell; None: not published."""
    presence_key: bytes = field(kw_only=True, repr=False)
    """32 bytes. With them one recognizes the announcements of this person's nodes."""

    def __post_init__(self) -> None:
        check_salt(self.salt)
        check_text("name", self.name, NAME_MAX, shortest=1)
        check_text("about", self.about, ABOUT_MAX, lines=True)
        check_place("place", self.place)
        check_bytes("presence key", self.presence_key, KEY_BYTES)

    def to_body(self) -> bytes:
        """Return the bytes that `parse` reads."""
        return encode((self.salt, self.name, self.about, self.place, self.presence_key))

    @classmethod
    @parses
    def parse(cls, body: bytes) -> Profile:
        """Return the profile in `body`. RemoteError MALFORMED or OVERSIZED."""
        salt, name, about, place, presence_key = read_fields(body, _FIELDS, RECORD_MAX_BYTES, _FIELDS)
        return cls(salt, name, about, place, presence_key=presence_key)
