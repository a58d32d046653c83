"""Fetches the wheels of a target with pip, each checked against the lock, and lays out what is in them.

Only wheels: nothing of a library runs here, so a package for ARM is made on any machine. pip asks the registry that this
machine is set up for.
"""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from pathlib import Path

from packaging.utils import parse_wheel_filename

from release.lock import MACHINES, Pin, Target, needed

# The C library of the oldest system that the package is for: Debian 12 has glibc 2.36. 2.17 is the oldest of any wheel.
GLIBC_MINORS = range(17, 37)
FETCH_SECONDS = 600
_COMPLETE = "complete"
_LOCK = "lock"


class NotFetched(RuntimeError):
    """pip could not fetch the wheels: perhaps this machine is offline."""


@dataclass(frozen=True)
class Wheel:
    """A wheel on this disk that the lock names."""

    path: Path
    pin: Pin
    sha256: str


def metadata(wheel: Path) -> Message:
    """Return what a wheel says about itself."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA") and name.count("/") == 1]
        return BytesParser().parsebytes(archive.read(name))


def platforms(arch: str) -> list[str]:
    """Return the platform tags of wheels that run on the systems that the package is for."""
    machine = MACHINES[arch]
    return [f"manylinux2014_{machine}", *(f"manylinux_2_{minor}_{machine}" for minor in GLIBC_MINORS)]


def fetched(locked: list[Pin], target: Target, cache: Path) -> list[Wheel]:
    """Return the wheels that the target needs, from `cache` or else from the registry, in order of their names.

    Raises ValueError for a file that the lock does not name, NotFetched if pip fails.
    """
    wanted = needed(locked, target)
    # pip would judge the markers by the Python that it runs on: it gets the lines that count, without them.
    lines = "".join(
        f"{pin.name}=={pin.version} {' '.join(f'--hash=sha256:{each}' for each in pin.hashes)}\n" for pin in wanted
    )
    directory = cache / f"{target.arch}-{target.python}-{hashlib.sha256(lines.encode()).hexdigest()[:12]}"
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / _LOCK).open("w") as lock:  # two builds may want the same wheels
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (directory / _COMPLETE).exists():
            requirements = directory / "requirements.txt"
            requirements.write_text(lines, encoding="utf-8")
            _download(requirements, target, directory)
            (directory / _COMPLETE).touch()
    by_name = {(pin.name, pin.version): pin for pin in wanted}
    found = [_checked(path, by_name) for path in sorted(directory.glob("*.whl"))]
    if len(found) != len(wanted):
        raise ValueError(f"{directory} has {len(found)} wheels where the lock has {len(wanted)} libraries")
    return found


def _download(requirements: Path, target: Target, directory: Path) -> None:
    tags = [option for platform in platforms(target.arch) for option in ("--platform", platform)]
    done = subprocess.run(
        [
            *(sys.executable, "-I", "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input", "download"),
            *("--no-deps", "--only-binary", ":all:", "--require-hashes", "--implementation", "cp"),
            *("--python-version", target.python, *tags),
            *("--dest", directory, "--requirement", requirements),
        ],
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=FETCH_SECONDS,
    )
    if done.returncode:
        raise NotFetched(f"pip has not fetched the wheels for {target.python} on {target.arch}:\n{done.stdout}")


def _checked(path: Path, by_name: dict[tuple[str, str], Pin]) -> Wheel:
    name, version, _, _ = parse_wheel_filename(path.name)
    pin = by_name[str(name), str(version)]
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest not in pin.hashes:
        raise ValueError(f"{path} is not what the lock names")
    return Wheel(path, pin, digest)


def unpack(wheel: Path, site: Path) -> None:
    """Write the files of a wheel into a directory of packages. Raises ValueError for one that wants more than that.

    What lies in `NAME.data` is for other directories: manual pages and programs of libraries, which nobody calls here.
    """
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            top, _, rest = entry.filename.partition("/")
            if entry.is_dir() or (top.endswith(".data") and rest.split("/")[0] in ("data", "scripts", "headers")):
                continue
            goal = (site / entry.filename).resolve()
            if top.endswith(".data") or not goal.is_relative_to(site.resolve()):
                raise ValueError(f"{wheel.name} has a file that belongs to no directory of packages: {entry.filename}")
            goal.parent.mkdir(parents=True, exist_ok=True)
            goal.write_bytes(archive.read(entry))
