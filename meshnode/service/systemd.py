"""Asks systemd: the manager of this user, or with `system` the one of the whole computer."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from meshnode.errors import Failed
from meshnode.service.unit import NAME

BOOTED = Path("/run/systemd/system")  # exists while systemd is the init (sd_booted(3))
LINGERING = Path("/var/lib/systemd/linger")  # one file for each user whose services run without a login
SECONDS = 330.0  # for one call: a start may take as long as the unit says
QUICK_SECONDS = 20.0


class Systemd:
    """One manager of systemd. Every method raises Failed where it cannot be asked, or refuses."""

    def __init__(self, *, system: bool) -> None:
        if not BOOTED.is_dir():
            raise Failed(
                "systemd does not run on this computer, so there are no services",
                "keep the node running by what this system has, such as 'nohup meshnode run &'",
            )
        self.system = system
        self._command = ["systemctl", "--no-ask-password", *([] if system else ["--user"])]

    def version(self) -> int:
        """Return the version of systemd; 0 if it says none."""
        first = _run(["systemctl", "--version"]).stdout.split()[1:2]
        return int(first[0]) if first and first[0].isdigit() else 0

    def state(self) -> dict[str, str]:
        """Return what the manager knows about the unit, by the names of its properties."""
        wanted = "LoadState,ActiveState,SubState,UnitFileState,NRestarts,FragmentPath,Result,StatusText"
        shown = self._call("show", NAME, f"--property={wanted}")
        return dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)

    def reload(self) -> None:
        """Let the manager read its unit files again."""
        self._call("daemon-reload")

    def enable(self) -> None:
        """Let the unit start with the computer, or with the first login of its user."""
        self._call("enable", NAME)

    def start_again(self) -> None:
        """Start the unit, or end it and start it again; returns once the node can be reached."""
        done = _run([*self._command, "restart", NAME], seconds=SECONDS)
        if done.returncode:
            raise Failed(
                "the service was installed, but the node does not start",
                "its log says why: journalctl {which} -n 20",
                which=self.log_options,
            )

    def stop_and_disable(self) -> None:
        """End the unit, and let it start no longer."""
        self._call("disable", "--now", NAME, seconds=SECONDS)

    @property
    def log_options(self) -> str:
        """The options of journalctl that show the node's log."""
        return f"{'-u' if self.system else '--user -u'} {NAME.removesuffix('.service')}"

    def _call(self, *words: str, seconds: float = QUICK_SECONDS) -> str:
        done = _run([*self._command, *words], seconds=seconds)
        if done.returncode:
            said = " ".join(done.stderr.split())
            if not self.system and ("bus" in said or "XDG_RUNTIME_DIR" in said):
                raise Failed(
                    "your own services cannot be reached from here ({reason})",
                    "log in as this user, not by su or sudo; or let the whole computer run the node:"
                    " sudo meshnode service install --system",
                    reason=said,
                )
            raise Failed("systemctl {words} failed ({reason})", words=words[0], reason=said or done.returncode)
        return done.stdout


def lingers(user: str) -> bool:
    """Whether the services of this user start with the computer and outlive a logout."""
    try:
        return (LINGERING / user).exists()
    except OSError:
        return False


def _run(command: Sequence[str], seconds: float = QUICK_SECONDS) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=seconds,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "LC_ALL": "C", "SYSTEMD_COLORS": "0", "SYSTEMD_PAGER": ""},
        )
    except FileNotFoundError as error:
        raise Failed("there is no {program} on this computer", program=command[0]) from error
    except subprocess.TimeoutExpired as error:
        raise Failed(
            "{program} did not answer for {seconds:.0f} seconds", program=command[0], seconds=seconds
        ) from error
