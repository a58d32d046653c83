"""A Debian system to install packages on: this machine's own, under a layer that takes all changes and is then thrown away.

It has a network of its own with nothing but loopback. It is held as namespaces are (tests/support/namespaces.py): when this
process ends, the kernel takes it down with everything that was written.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.namespaces import ROOT_UID, held, let_go

CALL_SECONDS = 120.0
USER = "gardener"
NEEDED = ("unshare", "nsenter", "setpriv", "dpkg", "useradd", "ip")
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
GIVEN = "/tmp/given"  # noqa: S108 - the /tmp of a system that nobody else is on

_MOUNT = """
mount -t tmpfs tmpfs "$1"
cd "$1"
mkdir changes work root
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/changes,workdir=$1/work" root
mount --rbind /proc root/proc
mount --rbind /dev root/dev
mount -t tmpfs tmpfs root/tmp
mkdir root/tmp/given
mount --bind "$2" root/tmp/given
ip link set lo up
exec cat
"""


def missing() -> str:
    """Return why no such system can be made here, or an empty text."""
    if os.geteuid() != ROOT_UID:
        return "this takes root"
    lost = [name for name in NEEDED if shutil.which(name, path=PATH) is None]
    if lost:
        return f"the program {lost[0]} is missing"
    return "" if Path("/usr/bin/python3").exists() else "Debian's python3 is missing"


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


class DebianSystem:
    """The system. `given` is a directory of this machine that is found there as GIVEN. Close it."""

    def __init__(self, scratch: Path, given: Path) -> None:
        self._scratch = scratch
        words = ["unshare", "--mount", "--net", "--propagation", "private", "sh", "-ec", _MOUNT, "sh"]
        self._holder = held([*words, str(scratch), str(given)])
        self.run("useradd", "--create-home", "--shell", "/bin/sh", USER)

    def command(self, *words: str, user: str | None = None, **environment: str) -> list[str]:
        """Return the command line that runs `words` there, as root or as this user."""
        inside = ["nsenter", "--mount", "--net", "-t", str(self._holder.pid)]
        within = ["chroot", str(self._scratch / "root")]
        rights = ["setpriv", "--pdeathsig", "KILL"]
        home = "/root"
        if user is not None:
            rights += ["--reuid", user, "--regid", user, "--init-groups"]
            home = f"/home/{user}"
        told = {"PATH": PATH, "HOME": home, "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive", **environment}
        return [
            *inside,
            *within,
            *rights,
            "env",
            "-i",
            f"--chdir={home}",
            *(f"{k}={v}" for k, v in told.items()),
            *words,
        ]

    def run(self, *words: str, user: str | None = None, **environment: str) -> Done:
        """Run a command there and wait for it."""
        command = self.command(*words, user=user, **environment)
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=CALL_SECONDS, stdin=subprocess.DEVNULL
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def start(self, *words: str, user: str | None = None, **options: Any) -> subprocess.Popen[str]:
        """Start a command there."""
        return subprocess.Popen(self.command(*words, user=user), text=True, stdin=subprocess.DEVNULL, **options)

    def processes(self) -> list[str]:
        """Return the names of all processes that run there, but for the one that holds it."""
        mine = Path(f"/proc/{self._holder.pid}/ns/net").readlink()
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # it has ended meanwhile
                if process.name != str(self._holder.pid) and (process / "ns" / "net").readlink() == mine:
                    found.append((process / "comm").read_text().strip())
        return found

    def changes(self) -> Mapping[str, bool]:
        """Return the files that were written or removed since the beginning: path, and whether it is there."""
        layer = self._inside(["find", str(self._scratch / "changes"), "-mindepth", "1", "-printf", "%y %P\\n"])
        found = (line.split(" ", 1) for line in layer.splitlines())
        return {path: kind != "c" for kind, path in found if kind != "d"}

    def _inside(self, words: list[str]) -> str:
        """Run a command in its mounts, but from outside of its root."""
        command = ["nsenter", "--mount", "-t", str(self._holder.pid), *words]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=CALL_SECONDS).stdout

    def close(self) -> None:
        """Throw it away."""
        let_go(self._holder)
