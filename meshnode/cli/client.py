"""Talks to the daemon: one HTTP/1.1 request and its JSON answer over the home's Unix socket.

Sixty lines by hand instead of `http.client`, whose import alone costs half of what a whole call may take. The other end
is our own daemon, which always says how long its answer is.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from meshnode.errors import Failed, MeshnodeError, NotRunning
from meshnode.home import Home

CALL_SECONDS = 60.0  # nothing the daemon does for a command takes nearly as long
BEGIN_SECONDS = 1.5  # a daemon that was started a moment ago may not have said so yet
START_SECONDS = 20.0  # one that holds its home's lock is coming up, be it on the slowest Pi
RETRY_SECONDS = 0.05
SUN_PATH_MAX = 107  # bytes of a Unix socket's path (unix(7)), its final NUL not counted

EXIT_CODES = {"usage": 2, "ambiguous": 2, "not_found": 3, "not_running": 4, "refused": 5, "forbidden": 5}


class Refusal(MeshnodeError):
    """The daemon's own error, carried over: its word, its exit code, and who could have been meant."""

    def __init__(self, reply: Mapping[str, Any]) -> None:
        super().__init__(str(reply.get("message", "the daemon gave no reason")), str(reply.get("hint", "")))
        self.reply = dict(reply)
        self.code = EXIT_CODES.get(str(reply.get("code")), 1)


class Client:
    """Requests to the daemon of one home.

    With `patience` (seconds) an answer is waited for no longer than that, and a daemon that is not there not at all.
    """

    def __init__(self, home: Home, *, patience: float | None = None) -> None:
        self._home = home
        self._patience = patience

    def get(self, path: str, /, **query: Any) -> Any:
        """Ask for something; None and empty values are left out of the query, lists are repeated."""
        pairs = [(key, value) for key, value in query.items() if value is not None and value != ()]
        return self._call("GET", path + ("?" + urlencode(pairs, doseq=True, errors="surrogateescape") if pairs else ""))

    def post(self, path: str, /, **body: Any) -> Any:
        """Have something made."""
        return self._call("POST", path, body)

    def put(self, path: str, /, **body: Any) -> Any:
        """Have something be so."""
        return self._call("PUT", path, body)

    def patch(self, path: str, /, **body: Any) -> Any:
        """Have something changed."""
        return self._call("PATCH", path, body)

    def delete(self, path: str, /) -> Any:
        """Have something taken back."""
        return self._call("DELETE", path)

    def follow(self, path: str, /) -> Iterator[Any]:
        """What an endless stream of the daemon's brings, one by one; it ends when the daemon does.

        HTTP/1.0, so that what comes is the stream itself and not pieces of it with their lengths.
        """
        with self._connected() as connection:
            connection.sendall(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode("ascii"))
            with connection.makefile("rb") as stream, suppress(ConnectionError):
                if stream.readline().split(b" ")[1:2] != [b"200"]:
                    raise _refusal(stream.read().partition(b"\r\n\r\n")[2])
                for line in stream:
                    name, _, value = line.rstrip(b"\r\n").partition(b": ")
                    if name == b"data":
                        yield json.loads(value)

    def _call(self, method: str, target: str, body: Mapping[str, Any] | None = None) -> Any:
        content = b"" if body is None else json.dumps(body).encode("ascii")
        head = f"{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        if body is not None:
            head += f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n"
        with self._connected() as connection:
            connection.sendall(head.encode("ascii") + b"\r\n" + content)
            status, answer = _read_answer(connection)
        try:
            reply = json.loads(answer)
        except ValueError as error:
            raise Failed(f"the daemon answered {status} without a word that could be read") from error
        if status >= 400:
            raise _refusal(answer)
        return reply

    def _connected(self) -> socket.socket:
        begun = time.monotonic()
        while True:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.settimeout(CALL_SECONDS if self._patience is None else self._patience)
            try:
                connect(connection, self._home.socket)
            except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
                connection.close()
                if not self._may_still_come(time.monotonic() - begun):
                    raise self._not_running() from None
                time.sleep(RETRY_SECONDS)
            except OSError as error:
                connection.close()
                raise NotRunning(
                    f"the daemon cannot be asked ({error.strerror})", "ask as the user who runs it"
                ) from error
            else:
                return connection

    def _may_still_come(self, waited: float) -> bool:
        """Whether to go on waiting for a daemon: longer for one that lives but does not answer yet."""
        if not self._home.has_node or self._patience is not None:
            return False
        return waited < (START_SECONDS if _lives(self._home.lock_file) else BEGIN_SECONDS)

    def _not_running(self) -> NotRunning:
        if not self._home.has_node:
            return NotRunning(f"there is no node in {self._home.path}", "'meshnode run' makes one and starts it")
        return NotRunning("this node is not running", "start it with 'meshnode run'")


def _lives(lock_file: Path) -> bool:
    """Whether the process named in the lock is alive. The lock itself is not tried: that could keep a daemon out."""
    try:
        process = int(lock_file.read_text("ascii"))
        os.kill(process, 0)
    except PermissionError:
        return True
    except (OSError, ValueError):
        return False
    return True


def connect(connection: socket.socket, path: Path) -> None:
    """Connect to the Unix socket at `path`, however long that is; raises what `connect(2)` does."""
    if len(os.fsencode(path)) <= SUN_PATH_MAX:
        connection.connect(os.fspath(path))
        return
    directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        connection.connect(f"/proc/self/fd/{directory}/{path.name}")
    finally:
        os.close(directory)


def _refusal(answer: bytes) -> Refusal:
    """The error that the daemon answered with."""
    try:
        reply = json.loads(answer)
    except ValueError:
        reply = None
    return Refusal(reply.get("error", {}) if isinstance(reply, dict) else {})


def segment(text: str) -> str:
    """`text` as one segment of a path."""
    return quote(text, safe="", errors="surrogateescape")


def _read_answer(connection: socket.socket) -> tuple[int, bytes]:
    """Status and body of the answer: everything up to the end of the stream, checked against its stated length."""
    received = bytearray()
    try:
        while chunk := connection.recv(65_536):
            received += chunk
    except TimeoutError as error:
        raise Failed("the daemon did not answer", "'meshnode status' says what it is doing") from error
    except ConnectionError:
        pass  # what came before it decides
    head, _, body = bytes(received).partition(b"\r\n\r\n")
    status_line, *header_lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in header_lines)}
    words = status_line.split(" ", 2)
    if len(words) < 2 or not words[1].isdigit() or headers.get("content-length") != str(len(body)):
        raise Failed("the daemon stopped before it had answered", "'meshnode status' says whether it runs")
    return int(words[1]), body
