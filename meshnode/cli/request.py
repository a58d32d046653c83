"""Writes one HTTP/1.1 request for the daemon, sends it over the home's Unix socket, and reads the answer.

The request is written by hand because importing `http.client` takes half the time that a whole call may take. The other
end is our own daemon, which always states the length of its answer. Paths are text here: see `meshnode.home_path`.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable
from contextlib import suppress

from meshnode.text.catalog import ENGLISH, language

CALL_SECONDS = 60.0  # far longer than anything the daemon does for a command
JSON_TYPE = "application/json"
SUN_PATH_MAX = 107  # bytes of a Unix socket's path (unix(7)), its final NUL not counted


def target(path: str, query: Iterable[tuple[str, object]]) -> str:
    """Return a path with its query; None and empty values are left out, lists are repeated."""
    pairs = [(key, value) for key, value in query if value is not None and value != ()]
    if not pairs:
        return path
    if all(_is_plain(value) for _, value in pairs):
        return f"{path}?{'&'.join(f'{key}={value}' for key, value in pairs)}"
    from urllib.parse import urlencode

    return f"{path}?{urlencode(pairs, doseq=True, errors='surrogateescape')}"


def _is_plain(value: object) -> bool:
    """Whether a value is written in a query as it is: without `urllib`, whose import takes a tenth of a call's time."""
    text = "" if isinstance(value, (list, tuple)) else str(value).replace(".", "")
    return text.isascii() and text.isalnum()


def head(method: str, target: str, more: str = "") -> bytes:
    """Return the head of a request, with `more` lines of it."""
    lines = f"{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{more}"
    if language() != ENGLISH:
        lines += f"Accept-Language: {language()}\r\n"
    return lines.encode("ascii") + b"\r\n"


def request(method: str, target: str, content: bytes | None = None, form: str = JSON_TYPE) -> bytes:
    """Return a whole request, with its content if it has one."""
    more = "" if content is None else f"Content-Type: {form}\r\nContent-Length: {len(content)}\r\n"
    return head(method, target, more) + (content or b"")


def connect(connection: socket.socket, path: str) -> None:
    """Connect to the Unix socket at `path`, which may be longer than a socket's name; raises OSError as `connect(2)`."""
    if len(os.fsencode(path)) <= SUN_PATH_MAX:
        connection.connect(path)
        return
    directory = os.open(os.path.dirname(path), os.O_PATH | os.O_DIRECTORY)
    try:
        connection.connect(f"/proc/self/fd/{directory}/{os.path.basename(path)}")
    finally:
        os.close(directory)


def received(connection: socket.socket) -> bytes:
    """Return what comes until the end of the stream, or until the connection breaks; TimeoutError where nothing comes."""
    answer = bytearray()
    with suppress(ConnectionError):  # `parsed` decides whether the answer is whole
        while chunk := connection.recv(65_536):
            answer += chunk
    return bytes(answer)


def parsed(answer: bytes) -> tuple[int, bytes] | None:
    """Return status and body of an answer; None where its length is not as stated."""
    lines, _, body = answer.partition(b"\r\n\r\n")
    status_line, *header_lines = lines.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in header_lines)}
    words = status_line.split(" ", 2)
    if len(words) < 2 or not words[1].isdigit() or headers.get("content-length") != str(len(body)):
        return None
    return int(words[1]), body


class AskedAlready:
    """A request that was sent already, and what came of it: the answer, or the error that ended the wait for it.

    No request is sent twice: the daemon may have done what it asks for.
    """

    __slots__ = ("_answer", "_request")

    def __init__(self, request: bytes, answer: bytes | BaseException) -> None:
        self._request = request
        self._answer = answer

    def answer(self, request: bytes) -> bytes:
        """Return the answer to this request, or raise what took its place."""
        assert request == self._request
        if isinstance(self._answer, BaseException):
            raise self._answer
        return self._answer
