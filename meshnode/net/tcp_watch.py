"""Has the kernel watch over one TCP connection: whether the other end is still there, and how long to keep trying.

The kernel at the other end answers by itself, so watching wakes no program. A connection at rest is asked about every few
minutes, and at once when somebody wants to know; where bytes are under way, an end that acknowledges nothing counts as
gone after UNDER_WAY_SECONDS. On systems other than Linux only the usual keepalive is set, and `silent_seconds` is unknown.
"""

from __future__ import annotations

import fcntl
import socket
import struct
import sys
import termios
from contextlib import suppress

import trio

UNDER_WAY_SECONDS = 30  # without an acknowledgement, where something is under way: then the connection ends
IDLE_SECONDS = 300  # of rest, after which the kernel asks for a sign of life
AT_REST_SECONDS = 330  # without one: the first try and nine more may fail
ASKING_SECONDS = 1  # between two tries while somebody wants to know; three seconds else
TRY_SECONDS = 3
_THIN_LINEAR_TIMEOUTS, _RTO_MAX_MS = 16, 44  # linux/tcp.h; Python does not name them
_TCP_INFO_BYTES, _LAST_HEARD = 104, struct.Struct("=II")  # tcpi_last_data_recv and tcpi_last_ack_recv, in milliseconds
_LAST_HEARD_AT = 52
# tcp(7). With half of all packets lost both ways three of four tries fail: within the limits there are a dozen and more.
TCP_OPTIONS: tuple[tuple[int, int], ...] = ()
if sys.platform == "linux":
    TCP_OPTIONS = (
        (socket.TCP_KEEPIDLE, IDLE_SECONDS),
        (socket.TCP_KEEPINTVL, TRY_SECONDS),
        (_THIN_LINEAR_TIMEOUTS, 1),  # the first six tries of a small flight at equal distances
        (_RTO_MAX_MS, 2_000),  # and all others at most so far apart; since Linux 6.15
    )


class TcpWatch:
    """Sets what the kernel does about one stream, and asks what it knows. All methods return at once and never raise.

    A stream that is no socket is not watched.
    """

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._socket = stream.socket if isinstance(stream, trio.SocketStream) else None

    def begin(self) -> None:
        """Switch the watch on.

        Also have the kernel repeat what got lost soon and often: what two nodes say to each other before they have met fits
        into a few packets, and by default each one that gets lost doubles the time until the next try, up to two minutes.
        """
        if self._socket is not None:
            with suppress(OSError):
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in TCP_OPTIONS:
            self._set(option, value)
        self.under_way()

    def under_way(self) -> None:
        """Let the connection end soon if nothing is acknowledged: bytes are under way.

        At rest this must not hold: there one lost probe would end the connection.
        """
        self._set_limit(UNDER_WAY_SECONDS)

    def at_rest(self) -> bool:
        """Let the connection end only after minutes of silence. Return False, and do nothing, if bytes are under way."""
        if self._bytes_under_way:
            return False
        self._set_limit(AT_REST_SECONDS)
        return True

    @property
    def silent_seconds(self) -> float | None:
        """For how long the kernel has heard nothing of the other end; None if it does not say."""
        if self._socket is None or sys.platform != "linux":
            return None
        try:
            info = self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_BYTES)
        except OSError:
            return None
        if len(info) < _LAST_HEARD_AT + _LAST_HEARD.size:
            return None
        return float(min(_LAST_HEARD.unpack_from(info, _LAST_HEARD_AT))) / 1000

    def ask(self) -> None:
        """Have the kernel ask for a sign of life now, and every ASKING_SECONDS until `asked_enough`.

        Without an answer the connection ends after UNDER_WAY_SECONDS.
        """
        if sys.platform == "linux" and not self._bytes_under_way:  # else it repeats them, which asks as well
            self._set_limit(int(self.silent_seconds or 0) + UNDER_WAY_SECONDS)
            self._set(socket.TCP_KEEPINTVL, ASKING_SECONDS)
            self._set(socket.TCP_KEEPIDLE, ASKING_SECONDS)

    def asked_enough(self) -> None:
        """Ask as seldom as before `ask`."""
        for option, value in TCP_OPTIONS:
            self._set(option, value)
        self.at_rest()

    @property
    def _bytes_under_way(self) -> int:
        """How many bytes the kernel has not sent, or the other end has not acknowledged; 0 if the system does not say."""
        if self._socket is None or sys.platform != "linux":
            return 0
        try:
            answer = fcntl.ioctl(self._socket.fileno(), termios.TIOCOUTQ, bytes(4))
        except (OSError, ValueError):  # closed
            return 0
        return int(struct.unpack("=i", answer)[0])

    def _set_limit(self, seconds: int) -> None:
        if sys.platform == "linux":
            self._set(socket.TCP_USER_TIMEOUT, seconds * 1000)

    def _set(self, option: int, value: int) -> None:
        if self._socket is not None:
            with suppress(OSError):  # not every system has all of these
                self._socket.setsockopt(socket.IPPROTO_TCP, option, value)
