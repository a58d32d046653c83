"""Machines for tests: network namespaces without a name, joined by virtual cables, gone as soon as no process holds them.

Each is held by a `cat` that reads a pipe of ours: when this process ends, however it ends, the pipe closes, `cat` goes,
and the kernel takes the namespace down with all its interfaces. Root makes them directly; other users make them
inside of a user namespace of their own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import IO, Any

COMMAND_SECONDS = 20.0
ROOT_UID = 0


@dataclass(frozen=True, slots=True)
class Laboratory:
    """A way to make namespaces: in the user namespace of `holder`, or, for root, without one."""

    holder: subprocess.Popen[bytes] | None

    def command(self, words: Sequence[str]) -> list[str]:
        """The command line that runs `words` with the rights it takes."""
        if self.holder is None:
            return list(words)
        return ["nsenter", "--preserve-credentials", "-U", "-m", "-n", "-t", str(self.holder.pid), "--", *words]


class Namespace:
    """One machine's network: nothing but loopback to begin with. Close it, or let the process end."""

    def __init__(self, laboratory: Laboratory) -> None:
        self._laboratory = laboratory
        self._holder = held(laboratory.command(["unshare", "--net", "cat"]))

    @property
    def pid(self) -> int:
        """A process inside, by which tools name the namespace."""
        return self._holder.pid

    def command(self, words: Sequence[str]) -> list[str]:
        """The command line that runs `words` inside, and kills them when the one who started them dies."""
        inside = ["nsenter", "-n", "-t", str(self.pid), "--", "setpriv", "--pdeathsig", "KILL", "--", *words]
        return self._laboratory.command(inside)

    def run(self, *words: str, check: bool = True, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a command inside and wait for it; AssertionError with what it said where it fails."""
        options = {"capture_output": True, "text": True, "timeout": COMMAND_SECONDS, **options}
        done: subprocess.CompletedProcess[str] = subprocess.run(self.command(words), check=False, **options)
        assert done.returncode == 0 or not check, f"{' '.join(words)}: {done.stderr or done.stdout}"
        return done

    def start(self, *words: str, **options: Any) -> subprocess.Popen[Any]:
        """Start a command inside."""
        return subprocess.Popen(self.command(words), **options)

    def close(self) -> None:
        """Let it go."""
        let_go(self._holder)


@cache
def laboratory() -> Laboratory | str:
    """Return the way to make namespaces here, or the reason why there is none."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    for tool in ("unshare", "nsenter", "setpriv", "ip"):
        if shutil.which(tool, path=path) is None:
            return f"the program {tool} is missing"
    holder = None if os.geteuid() == ROOT_UID else held(["unshare", "-Urnm", "cat"])
    place = Laboratory(holder)
    try:
        tried = subprocess.run(
            place.command(["unshare", "--net", "ip", "link", "set", "lo", "up"]),
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
    except OSError as error:
        return str(error)
    if tried.returncode != 0:
        return f"network namespaces are not allowed here ({tried.stderr.strip()})"
    return place


def held(words: list[str]) -> subprocess.Popen[bytes]:
    """Start `words`, which end in a `cat`, and wait until that runs: it echoes."""
    holder = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    stdin, stdout = _pipes(holder)
    try:
        stdin.write(b"\n")
        stdin.flush()
    except BrokenPipeError:
        return holder
    stdout.readline()
    return holder


def let_go(holder: subprocess.Popen[bytes]) -> None:
    """Close the pipe by which something is held, and wait until it is gone."""
    for pipe in _pipes(holder):
        pipe.close()
    holder.wait(COMMAND_SECONDS)


def _pipes(holder: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    assert holder.stdin is not None
    assert holder.stdout is not None
    return holder.stdin, holder.stdout
