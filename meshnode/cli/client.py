"""Sends one HTTP/1.1 request to the daemon over the home's Unix socket and returns its JSON answer.

`request` writes the requests. Libraries that few calls need are imported where they are used, since a call must be short.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from meshnode.cli.request import CALL_SECONDS, JSON_TYPE, AskedAlready, connect, head, parsed, received, request, target
from meshnode.errors import Failed, MeshnodeError, NotRunning
from meshnode.home import Home

if TYPE_CHECKING:
    from meshnode.cli.daily.question import DailyQuestion

LONG_SECONDS = 3600.0  # for what writes or reads as much as the whole store: a backup of gigabytes on a Pi's card
BEGIN_SECONDS = 1.5  # a daemon that was started a moment ago may not hold the lock yet
START_SECONDS = 20.0  # a daemon that holds its home's lock is starting; the slowest Pi needs this long
RETRY_SECONDS = 0.05
FILE_TYPE = "application/octet-stream"
PIECE_BYTES = 256 * 1024  # of a file that is fetched

UNCONFIRMED = "unconfirmed"  # nothing was done yet: the person has to say that they want it
EXIT_CODES = {
    "usage": 2,
    "ambiguous": 2,
    "not_found": 3,
    "not_running": 4,
    "refused": 5,
    "forbidden": 5,
    UNCONFIRMED: 5,
}


Apart = Callable[[str, str, "bytes | None"], tuple[int, bytes]]
"""Answers a request (method, target, body) where no daemon runs: status and JSON."""


class Refusal(MeshnodeError):
    """An error that the daemon answered with: its message, exit code and candidates."""

    def __init__(self, reply: Mapping[str, Any]) -> None:
        from meshnode.text import errors

        super().__init__(str(reply.get("message", errors.NO_REASON)), str(reply.get("hint", "")))
        self.reply = dict(reply)
        self.code = EXIT_CODES.get(str(reply.get("code")), 1)


class Client:
    """Sends requests to the daemon of one home.

    Without `patience`, a call waits for a daemon that is starting. With it, a call waits at most that many seconds for an
    answer, and fails at once where no daemon listens. Where none listens, `apart` answers if it is given. The first call is
    `asked` already, if that is given. Every call raises Refusal for an error of the daemon's, NotRunning
    where no daemon listens, and Failed where the answer does not come or cannot be read.
    """

    def __init__(
        self,
        home: Home,
        *,
        patience: float | None = None,
        apart: Apart | None = None,
        asked: AskedAlready | None = None,
    ) -> None:
        self._home = home
        self._patience = patience
        self._apart = apart
        self._asked = asked
        self._is_alone = False

    @property
    def is_alone(self) -> bool:
        """Whether no daemon listened at the last call, so that `apart` answered. The next call does not wait for one."""
        return self._is_alone

    def get(self, path: str, /, **query: Any) -> Any:
        """GET `path`; None and empty values are left out of the query, lists are repeated."""
        return self._call("GET", target(path, query.items()))

    def ask(self, question: DailyQuestion) -> Any:
        """Send the question of a daily command."""
        return self._call(question.method, question.target, question.body)

    def post(self, path: str, /, **body: Any) -> Any:
        """POST a JSON body to `path`."""
        return self._call("POST", path, body)

    def post_long(self, path: str, /, **body: Any) -> Any:
        """POST a JSON body to `path`, and wait long for the answer: it comes once much was written."""
        return self._call("POST", path, body, seconds=LONG_SECONDS)

    def send_file(self, path: str, content: bytes, /) -> Any:
        """POST the bytes of a file to `path`."""
        return self._call("POST", path, content=content)

    def send_stream(self, path: str, pieces: Iterable[bytes], /) -> Any:
        """POST a file of unknown length to `path`, and stop sending as soon as the daemon has answered, which may take long."""
        import select

        with self._connected(LONG_SECONDS) as connection:
            with suppress(BrokenPipeError, ConnectionResetError):  # its answer says why
                connection.sendall(head("POST", path, f"Content-Type: {FILE_TYPE}\r\nTransfer-Encoding: chunked\r\n"))
                for piece in pieces:
                    if select.select([connection], [], [], 0)[0]:
                        break
                    connection.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
                else:
                    connection.sendall(b"0\r\n\r\n")
            return _reply(*_read_answer(connection))

    def fetch(self, path: str, /) -> Iterator[bytes]:
        """GET a file in pieces. Raises Failed where it is shorter than the daemon has said."""
        with self._connected() as connection:
            connection.sendall(head("GET", path))
            with connection.makefile("rb") as stream:
                status = stream.readline().split(b" ")[1:2]
                lines = iter(stream.readline, b"\r\n")
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
                if status != [b"200"]:
                    raise _refusal(stream.read())
                left = int(headers.get(b"content-length", b"0"))
                while piece := stream.read(min(left, PIECE_BYTES)):
                    left -= len(piece)
                    yield piece
        if left:
            from meshnode.text import errors

            raise Failed(errors.CUT_SHORT, errors.CUT_SHORT_HINT)

    def put(self, path: str, /, **body: Any) -> Any:
        """PUT a JSON body to `path`."""
        return self._call("PUT", path, body)

    def patch(self, path: str, /, **body: Any) -> Any:
        """PATCH `path` with a JSON body."""
        return self._call("PATCH", path, body)

    def delete(self, path: str, /) -> Any:
        """DELETE `path`."""
        return self._call("DELETE", path)

    def follow(self, path: str, /) -> Iterator[Any]:
        """Yield the events of an endless stream one by one; it ends when the daemon ends.

        The request is HTTP/1.0, so that the answer is the stream itself, without chunks and their lengths.
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

    def _call(
        self,
        method: str,
        target: str,
        body: Mapping[str, Any] | None = None,
        *,
        content: bytes | None = None,
        seconds: float = CALL_SECONDS,
    ) -> Any:
        form = JSON_TYPE if content is None else FILE_TYPE
        if body is not None:
            content = json.dumps(body).encode("ascii")
        whole = request(method, target, content, form)
        asked, self._asked = self._asked, None
        if asked is not None:
            return _reply(*_answer(lambda: asked.answer(whole)))
        try:
            connected = self._connected(seconds)
        except NotRunning:
            if self._apart is None or not self._home.has_node:
                raise
            self._is_alone = True
            status, answer = self._apart(method, target, content)
        else:
            self._is_alone = False
            with connected as connection:
                connection.sendall(whole)
                status, answer = _read_answer(connection)
        return _reply(status, answer)

    def _connected(self, seconds: float = CALL_SECONDS) -> socket.socket:
        """Return a connection to the daemon that waits for an answer for so long, unless this client is less patient."""
        started = time.monotonic()
        while True:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.settimeout(seconds if self._patience is None else self._patience)
            try:
                connect(connection, os.fspath(self._home.socket))
            except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
                connection.close()
                if not self._may_still_come(time.monotonic() - started):
                    raise self._not_running() from None
                time.sleep(RETRY_SECONDS)
            except OSError as error:
                connection.close()
                from meshnode.text import errors

                raise NotRunning(errors.cannot_ask(error.strerror), errors.NOT_ALLOWED_HINT) from error
            else:
                return connection

    def _may_still_come(self, waited: float) -> bool:
        """Whether to go on waiting for a daemon: longer while its process is alive."""
        if not self._home.has_node or self._patience is not None:
            return False
        if _lives(self._home.lock_file):
            return waited < START_SECONDS
        return not self._is_alone and waited < BEGIN_SECONDS

    def _not_running(self) -> NotRunning:
        from meshnode.text import errors

        if not self._home.has_node:
            return NotRunning(errors.no_node(self._home.path), errors.NO_NODE_HINT)
        return NotRunning(errors.NOT_RUNNING, errors.NOT_RUNNING_HINT)


def _reply(status: int, answer: bytes) -> Any:
    """Return the JSON of an answer; Refusal where it is an error, Failed where it cannot be read."""
    try:
        reply = json.loads(answer)
    except ValueError as error:
        from meshnode.text import errors

        raise Failed(errors.unreadable_answer(status)) from error
    if status >= 400:
        raise _refusal(answer)
    return reply


def _lives(lock_file: Path) -> bool:
    """Whether the process named in the lock is alive. Trying the lock itself could keep a daemon from starting."""
    try:
        process = int(lock_file.read_text("ascii"))
        os.kill(process, 0)
    except PermissionError:
        return True
    except (OSError, ValueError):
        return False
    return True


def _refusal(answer: bytes) -> Refusal:
    """Return the error in the daemon's answer."""
    try:
        reply = json.loads(answer)
    except ValueError:
        reply = None
    return Refusal(reply.get("error", {}) if isinstance(reply, dict) else {})


def segment(text: str) -> str:
    """Return `text` quoted as one segment of a path."""
    from urllib.parse import quote

    return quote(text, safe="", errors="surrogateescape")


def _read_answer(connection: socket.socket) -> tuple[int, bytes]:
    """Read the answer to the end of the stream; return status and body, or raise Failed where its length is not as stated."""
    return _answer(lambda: received(connection))


def _answer(read: Callable[[], bytes]) -> tuple[int, bytes]:
    try:
        found = parsed(read())
    except TimeoutError as error:
        from meshnode.text import errors

        raise Failed(errors.NO_ANSWER, errors.NO_ANSWER_HINT) from error
    if found is None:
        from meshnode.text import errors

        raise Failed(errors.CUT_SHORT, errors.CUT_SHORT_HINT)
    return found
