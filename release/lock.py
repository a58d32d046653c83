"""Reads requirements/run.txt: which libraries a Python on a processor needs, and the hashes of their files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.markers import Environment, Marker

ROOT = Path(__file__).resolve().parents[1]
RUN = ROOT / "requirements" / "run.txt"

_ENTRY = re.compile(r"^(?P<name>[a-z0-9-]+)==(?P<version>[^\s;]+)(?: ; (?P<marker>.+?))? *\\$")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")

# How wheels name a processor, by Debian's name of it.
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}


@dataclass(frozen=True)
class Pin:
    """One locked library. `hashes` are the SHA-256 of all its files, for all platforms, in hexadecimal."""

    name: str
    version: str
    marker: Marker | None
    hashes: tuple[str, ...]


@dataclass(frozen=True, order=True)
class Target:
    """A Python, such as `3.11`, on a processor that Debian calls `amd64` or `arm64`."""

    arch: str
    python: str

    @property
    def environment(self) -> Environment:
        """What markers are compared with."""
        return {
            "implementation_name": "cpython",
            "implementation_version": f"{self.python}.0",
            "os_name": "posix",
            "platform_machine": MACHINES[self.arch],
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": f"{self.python}.0",
            "python_version": self.python,
            "sys_platform": "linux",
        }


def pins(path: Path = RUN) -> list[Pin]:
    """Return all libraries of a lock. Raises ValueError for a line that pins none, or without a hash."""
    return list(_read(path.read_text(encoding="utf-8")))


def _read(text: str) -> Iterator[Pin]:
    for entry in re.split(r"\n(?=[a-z0-9])", "\n" + re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)):
        first = entry.strip().partition("\n")[0]
        if not first:
            continue
        found, hashes = _ENTRY.match(first), tuple(_HASH.findall(entry))
        if found is None or not hashes:
            raise ValueError(f"this line pins nothing by hash: {first}")
        marker = found["marker"]
        yield Pin(found["name"], found["version"], Marker(marker) if marker else None, hashes)


def needed(locked: list[Pin], target: Target) -> list[Pin]:
    """Return those of the libraries that the target needs."""
    environment = {name: str(value) for name, value in target.environment.items()}
    return [pin for pin in locked if pin.marker is None or pin.marker.evaluate(environment)]
