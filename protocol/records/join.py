"""The body of a join: its author's membership of a group, with the whole chain of statements that proves it.

This file knows the form of a join; protocol/trust/membership.py knows what each statement means and whether the chain holds.
"""

from __future__ import annotations

from enum import IntEnum
from functools import cached_property
from hashlib import blake2b
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import force_setattr

from protocol.codec import encode
from protocol.errors import Code, InvalidField, RemoteError
from protocol.fields import check_bytes, check_canonical, check_number, check_salt, parses, read_fields
from protocol.keys import KEY_BYTES, SIGNATURE_BYTES, PersonId
from protocol.limits import (
    GROUP_ID_BYTES,
    GROUP_LINKS_MAX,
    GROUP_TAG_BYTES,
    INVITATIONS_MAX,
    NAME_MAX,
    NONCE_BYTES,
    RECORD_MAX_BYTES,
    SLOT_BYTES,
    TIME_MAX,
)
from protocol.text import check_text

_FIELDS = 7
_ID_DOMAIN = b"meshnode group id v1\0"


class GroupKind(IntEnum):
    """The kind of a group; the number is on the wire."""

    CELL = 1
    COMMUNITY = 2

    @property
    def word(self) -> str:
        """The word for people and programs: `cell` or `community`."""
        return self.name.lower()


class Group(NamedTuple):
    """The founding statement of a group: its kind, name and founder. It never changes."""

    kind: int
    name: str
    nonce: bytes
    founder: PersonId

    @property
    def id(self) -> bytes:
        """BLAKE2b-256 of the statement under its domain, 32 bytes. Two founders cannot found one group."""
        return blake2b(_ID_DOMAIN + encode((int(self.kind), *self[1:])), digest_size=GROUP_ID_BYTES).digest()


class Step(NamedTuple):
    """One statement of the chain: the wire form of the certificate of the device that signed it, and the signature."""

    certificate: bytes
    signature: bytes


class Invitation(NamedTuple):
    """An open invitation. Only those who know the key of the invited person can tell from the tag who it is.

    `signature` is by the device that wrote the join; `expires` is in UNIX seconds.
    """

    tag: bytes
    expires: int
    signature: bytes


class Join(Struct, frozen=True, dict=True):
    """The author's membership of `group`, and their open invitations to it, in ascending order.

    The first step is the founding; each further step invites the person who made the next one, and the last step invites
    the author.
    """

    salt: bytes
    group: Group
    steps: tuple[Step, ...]
    invitations: tuple[Invitation, ...] = ()

    def __post_init__(self) -> None:
        check_salt(self.salt)
        kind, name, nonce, founder = self.group
        if kind not in _KINDS or type(kind) is bool:
            raise InvalidField("group", "must be a cell or a community")
        check_text("name", name, NAME_MAX, shortest=1)
        check_bytes("nonce", nonce, NONCE_BYTES)
        check_bytes("founder", founder, KEY_BYTES)
        force_setattr(self, "group", Group(_KINDS[kind], name, nonce, founder))
        if not 1 <= len(self.steps) <= 1 + GROUP_LINKS_MAX:
            raise InvalidField("chain", f"must not be longer than {GROUP_LINKS_MAX} invitations")
        for certificate, signature in self.steps:
            if type(certificate) is not bytes:
                raise InvalidField("certificate", "must be bytes")
            check_bytes("signature", signature, SIGNATURE_BYTES)
        if len(self.invitations) > INVITATIONS_MAX:
            raise InvalidField("invitations", f"must not be more than {INVITATIONS_MAX}")
        for tag, expires, signature in self.invitations:
            check_bytes("invitation", tag, GROUP_TAG_BYTES)
            check_number("expires", expires, 0, TIME_MAX)
            check_bytes("signature", signature, SIGNATURE_BYTES)
        if len({invitation.tag for invitation in self.invitations}) != len(self.invitations):
            raise InvalidField("invitations", "must not name anybody twice")
        force_setattr(self, "invitations", tuple(sorted(self.invitations)))

    @cached_property
    def group_id(self) -> bytes:
        """The id of the group."""
        return self.group.id

    @property
    def slot(self) -> bytes:
        """The slot of every join of this group: the first bytes of the group's id."""
        return self.group_id[:SLOT_BYTES]

    def to_body(self) -> bytes:
        """Return the bytes that `parse` reads."""
        kind, name, nonce, founder = self.group
        return encode((self.salt, int(kind), name, nonce, founder, self.steps, self.invitations))

    @classmethod
    @parses
    def parse(cls, body: bytes) -> Join:
        """Return the join in `body`. RemoteError MALFORMED, also if its invitations are not in order, or OVERSIZED."""
        salt, kind, name, nonce, founder, steps, invitations = read_fields(
            body, _FIELDS, RECORD_MAX_BYTES, max(1 + GROUP_LINKS_MAX, INVITATIONS_MAX)
        )
        if type(kind) is not int:
            raise InvalidField("group", "must be a cell or a community")
        try:
            join = cls(
                salt,
                Group(kind, name, nonce, founder),
                tuple(map(Step._make, steps)),
                tuple(map(Invitation._make, invitations)),
            )
        except TypeError as error:  # a step that is no array, or has another number of fields
            raise RemoteError(Code.MALFORMED, "an entry of a join is not of its form") from error
        check_canonical(join, body, join.to_body())
        return join


_KINDS: dict[int, GroupKind] = {int(kind): kind for kind in GroupKind}
