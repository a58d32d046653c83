"""The errors that people see: each has one line of text, a next step, an exit code and an HTTP status.

Every error that a person can meet is one of these classes. The command line prints `line` and exits with `exit_code`;
the local API answers with `http_status` and `word`. Faults of other nodes are `protocol.RemoteError` and never shown so.
"""

from __future__ import annotations

import errno
import os
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

from meshnode.text.catalog import message as said

if TYPE_CHECKING:  # for the types alone: a command that asks the daemon shall not load the protocol
    from protocol import InvalidField


class Field(StrEnum):
    """The part of a request that an error is about, as the JSON of the API calls it.

    The page knows which of its fields that is, and a command which of its options.
    """

    ABOUT = "about"
    AUDIENCE = "audience"
    AVAILABLE_FROM = "available_from"
    AVAILABLE_UNTIL = "available_until"
    CARD = "card"
    CATEGORY = "category"
    EXPIRES_IN = "expires_in"
    FRIENDS = "friends"
    GROUPS = "groups"
    KIND = "kind"
    LANGUAGE = "language"
    LIMIT = "limit"
    MESSAGE = "message"
    NAME = "name"
    NEED = "need"
    OTHER = "other"
    PAGE = "page"
    PARCEL = "parcel"
    PERSON = "person"
    PHOTOS = "photos"
    PLACE = "place"
    PRECISION = "precision"
    QUANTITY = "quantity"
    RADIUS = "radius_km"
    RECEIPTS = "receipts"
    RETURN_BY = "return_by"
    SORT = "sort"
    TAGS = "tags"
    TEXT = "text"
    TITLE = "title"
    TRUST = "trust"
    TYPE = "type"
    UNIT = "unit"
    URGENCY = "urgency"
    USES = "uses"
    WITHIN = "within"
    WORDS = "words"


_NAMES = frozenset(field.value for field in Field)
_FIELDS_OF_RECORDS = {
    "location": Field.PLACE,
    "photo": Field.PHOTOS,
    "tag": Field.TAGS,
    "words for a photo": Field.PHOTOS,
}
"""What the protocol calls differently: it names the fields of records in words for people."""


class MeshnodeError(Exception):
    """Base class. `message` says what is wrong and `hint` what to do next, each in one line, in the language of the call.

    Both are given as templates with named placeholders, which `values` fill: a message catalog translates them. `field` is
    the part of the request that is wrong, where it is a part.
    """

    exit_code: ClassVar[int] = 1
    http_status: ClassVar[int] = 500
    word: ClassVar[str] = "failed"  # the stable name of the error in JSON

    def __init__(self, message: str, hint: str = "", /, *, field: Field | None = None, **values: object) -> None:
        self.field = field
        self.message = str(said(message, **values))
        self.hint = str(said(hint, **values))
        super().__init__(self.message)

    @property
    def line(self) -> str:
        """Message and hint as the one line that is printed."""
        return f"{self.message}: {self.hint}" if self.hint else self.message


class Failed(MeshnodeError):
    """The disk, the network, the clock or another thing that no command controls has failed."""


class Usage(MeshnodeError):
    """The request is malformed: a weight out of range, an unknown word, a text that is too long."""

    exit_code = 2
    http_status = 400
    word = "usage"


def not_allowed(fault: InvalidField, hint: str = "") -> Usage:
    """Return the error for somebody who typed a value that its field may not have."""
    what, reason = said(fault.field), said(fault.reason, **fault.values)
    return Usage("{what} {reason}", hint, field=field_called(fault.field), what=what, reason=reason)


class Ambiguous(Usage):
    """A prefix matches several people or listings; `candidates` are texts that a person can choose from."""

    http_status = 409
    word = "ambiguous"

    def __init__(
        self,
        message: str,
        candidates: tuple[str, ...],
        hint: str = "",
        /,
        *,
        field: Field | None = None,
        **values: object,
    ) -> None:
        super().__init__(message, hint, field=field, **values)
        self.candidates = candidates


class NotFound(MeshnodeError):
    """Not there, or not visible. Both get the same answer, so that it does not reveal a block."""

    exit_code = 3
    http_status = 404
    word = "not_found"


class NotRunning(MeshnodeError):
    """The command needs the daemon, and no daemon runs on this home."""

    exit_code = 4
    http_status = 503
    word = "not_running"


class Refused(MeshnodeError):
    """The request is understood but not carried out, because it would overwrite, leak or contradict something."""

    exit_code = 5
    http_status = 409
    word = "refused"


class Forbidden(Refused):
    """The caller may not do this at all (a foreign page, a locked identity, files open to others)."""

    http_status = 403
    word = "forbidden"


class Unconfirmed(Refused):
    """Nothing was done yet: this would end or promise something, and the owner has to say that they want it."""

    word = "unconfirmed"


class StorageFailed(Failed):
    """The disk failed. The database handle must not be used again, so the node stops.

    After a failed fsync nobody knows which pages reached the disk, and a second fsync may report success for pages
    that were dropped.
    """

    word = "storage_failed"


class StorageDamaged(StorageFailed):
    """The database is damaged. The next start moves the file aside and begins a new store."""

    word = "storage_damaged"


class StorageFull(Failed):
    """The disk is full. The transaction was rolled back, nothing was lost, and reading still works."""

    http_status = 507
    word = "storage_full"


def field_called(name: str) -> Field | None:
    """Return the part of a request that the protocol, or a request, calls by this name; None for what no request has."""
    known = name.replace(" ", "_")
    return Field(known) if known in _NAMES else _FIELDS_OF_RECORDS.get(name)


DISK_FAILED = said("the disk failed: it can no longer be read or written")
DISK_FAILED_HINT = said("restart the computer. If it happens again, copy what can be read to a new disk or card")
_DISK_ERRORS = frozenset(
    getattr(errno, name)
    for name in ("EIO", "ENXIO", "ENODEV", "EUCLEAN", "EBADMSG", "ESTALE", "EREMOTEIO", "ENOMEDIUM", "EFSCORRUPTED")
    if hasattr(errno, name)
)


def of_system(error: OSError) -> Failed:
    """Return what an error of the operating system means to the owner of a node, and what to do about it."""
    where = f" ({error.filename})" if error.filename else ""
    match error.errno:
        case number if number in _DISK_ERRORS:
            return StorageFailed(
                "{disk_failed}{where}",
                DISK_FAILED_HINT,
                disk_failed=DISK_FAILED,
                where=where,
            )
        case errno.EROFS:
            return StorageFailed(
                "the disk can no longer be written{where}",
                "it has most likely failed. Restart the computer, and if that does not help, replace it",
                where=where,
            )
        case errno.ENOSPC | errno.EDQUOT:
            return StorageFull("the disk is full{where}", "free some space; nothing was lost", where=where)
        case errno.ENOMEM:
            return Failed("this computer has run out of memory", "end other programs, then start meshnode again")
        case errno.EMFILE | errno.ENFILE:
            return Failed("too many files are open", "allow more before starting meshnode: ulimit -n 4096")
        case errno.EACCES | errno.EPERM:
            return Failed(
                "the system does not allow this{where}", "check who owns the file and its directory", where=where
            )
        case _:
            reason = error.strerror or (os.strerror(error.errno) if error.errno else said("it does not say why"))
            return Failed(
                "the system refused something that the node needs{where}: {reason}",
                "its log shows more",
                where=where,
                reason=reason,
            )
