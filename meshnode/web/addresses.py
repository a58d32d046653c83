"""Declares the addresses of the page: what is shown there, and what a form there does."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, Literal

from msgspec import Struct, field

from meshnode.local.context import LocalContext
from meshnode.local.file_stream import FileContent
from meshnode.web.uploads import File

FORM_MAX_BYTES = 64 * 1024  # no form without files is longer; bounds the memory that one request can take
UPLOAD_MAX_BYTES = 48 * 1024 * 1024  # four photos of a phone


class TemplateReply(Struct, frozen=True):
    """A page to show: its template, and the values that fill it.

    `acted` says that what the form wanted is done and this shows the outcome, as the same form gets it when sent again.
    """

    template: str
    values: dict[str, Any]
    status: int = 200
    acted: bool = False


class Elsewhere(Struct, frozen=True):
    """The address at which the browser goes on."""

    address: str


class Picture(Struct, frozen=True):
    """A picture, as a file of this media type."""

    data: bytes
    type: str


class Asked(Struct, frozen=True):
    """A request that was let in: what is in its address and in its form."""

    context: LocalContext
    which: str
    """The part of the address that names a thing."""
    query: dict[str, str]
    form: dict[str, str] = field(default_factory=dict)
    files: dict[str, File] = field(default_factory=dict)
    """The files that were chosen in the form, by the names of their fields."""
    arriving: AsyncGenerator[bytes, None] | None = None
    """The file that was chosen, as it arrives, at an address that is declared with `streams`."""
    is_phone: bool = False
    """Whether a phone asks, which is shown no exact place."""


class Document(Struct, frozen=True):
    """A file that the browser saves: its name, its kind, and what is in it."""

    name: str
    kind: str
    content: bytes


class LargeDocument(Struct, frozen=True):
    """A file that the browser saves and that never lies in memory as a whole: its name, its size in bytes, and its pieces."""

    name: str
    size: int
    content: FileContent


Reply = TemplateReply | Elsewhere | Picture | Document | LargeDocument
Handler = Callable[[Asked], Awaitable[Reply]]
Method = Literal["GET", "POST"]


def has_acted(reply: Reply) -> bool:
    """Whether what the form wanted is done."""
    return isinstance(reply, Elsewhere) or (isinstance(reply, TemplateReply) and reply.acted)


LONGEST: dict[tuple[Method, str], int] = {}
"""How many bytes the form of each declared address has at most."""
STREAMED: set[tuple[Method, str]] = set()
"""The addresses whose forms have a large file, which is not read before the handler asks for it."""


class Addresses:
    """A table of addresses, which the decorator `add` fills."""

    def __init__(self) -> None:
        self.table: list[tuple[Method, str, Handler]] = []

    def add(
        self, method: Method, path: str, *, most: int = FORM_MAX_BYTES, streams: bool = False
    ) -> Callable[[Handler], Handler]:
        """Declare the decorated function as the handler of `method path`, where `{which:path}` names a thing.

        Its form has at most so many bytes; with `streams` its last field is a file that is passed on as it arrives.
        """

        def declare(handler: Handler) -> Handler:
            self.table.append((method, path, handler))
            LONGEST[method, path] = most
            if streams:
                STREAMED.add((method, path))
            return handler

        return declare
