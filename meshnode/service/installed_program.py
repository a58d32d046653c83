"""Finds the program that this process runs, as a unit can start it again: by a path that outlives an update."""

from __future__ import annotations

import stat
import sys
from pathlib import Path
from shutil import which

from meshnode.errors import Refused

CLOSED_TO_SERVICES = (Path("/home"), Path("/root"), Path("/run/user"), Path("/tmp"), Path("/var/tmp"))  # noqa: S108
"""What the unit of the system hides from the node: the homes of users, and files that are not to stay."""


def program_words() -> tuple[str, ...]:
    """Return the command that starts this program: the script of a clone, the one on the PATH, or that of the environment.

    Of an environment (a venv, pipx, uv, or the package for Debian) it is the script that was installed with it.
    """
    script = Path(__file__).resolve().parents[2] / "scripts" / "meshnode"
    if script.is_file():
        return (str(script),)
    installed = Path(sys.executable).parent / "meshnode"
    if not installed.is_file():
        return (sys.executable, "-I", "-m", "meshnode")
    found = which("meshnode")
    if found is not None and Path(found).resolve() == installed.resolve():
        return (str(Path(found).absolute()),)
    return (str(installed),)


def check_open_to_services(program: Path) -> None:
    """Raise Refused where the user of the system's unit could not start `program`."""
    real = program.resolve()
    closed = next((str(place) for place in CLOSED_TO_SERVICES if real.is_relative_to(place)), None)
    if closed is None:
        closed = next((str(place) for place in (real, *real.parents) if not _is_open(place)), None)
    if closed is not None:
        raise Refused(
            "a service of the system cannot use the program in {path}, since {closed} is closed to it",
            "install the package for Debian, or put a copy of the program in /opt/meshnode and install the service from there",
            path=program,
            closed=closed,
        )


def _is_open(path: Path) -> bool:
    """Whether every user may run this file, or look into this directory."""
    return bool(path.stat().st_mode & stat.S_IXOTH)
