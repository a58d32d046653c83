"""`scripts/package`: builds the wheel, the sdist, the Debian packages and the bill of materials into one directory."""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from meshnode import __version__
from release import deb, sbom, tree
from release.lock import MACHINES, ROOT, Target, pins
from release.wheels import Wheel, fetched, metadata

# Debian 12 has 3.11, Ubuntu 24.04 has 3.12, Debian and Raspberry Pi OS 13 have 3.13, Ubuntu 26.04 has 3.14.
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
SUMS = "SHA256SUMS"
BUILD_SECONDS = 300
# zstd is for trying a package out: fast to make, and only newer systems can read it.
COMPRESSION = {"small": ("-Zxz", "-z6"), "fast": ("-Zzstd", "-z1")}


@dataclass(frozen=True)
class Order:
    """What to build. `epoch` is the time of the commit (UNIX seconds)."""

    goal: Path
    cache: Path
    arches: tuple[str, ...]
    pythons: tuple[str, ...]
    compression: tuple[str, ...]
    epoch: int


def _order(arguments: Sequence[str]) -> Order:
    parser = argparse.ArgumentParser(
        prog="scripts/package", description="Build a wheel, an sdist, Debian packages and a bill of materials."
    )
    parser.add_argument("--into", type=Path, default=ROOT / "dist", help="where the files go (default: dist)")
    parser.add_argument("--arch", action="append", choices=MACHINES, help="make a .deb for this processor only")
    parser.add_argument("--python", action="append", choices=PYTHONS, help="with the libraries for this Python only")
    parser.add_argument(
        "--wheels", type=Path, default=ROOT / "build" / "wheels", help="where fetched libraries are kept"
    )
    parser.add_argument("--fast", action="store_true", help="compress little: to try a package out")
    given = parser.parse_args(arguments)
    return Order(
        given.into.resolve(),
        given.wheels.resolve(),
        tuple(given.arch or MACHINES),
        tuple(given.python or PYTHONS),
        COMPRESSION["fast" if given.fast else "small"],
        _epoch(),
    )


def _epoch() -> int:
    """Return the time that all files get: SOURCE_DATE_EPOCH, else that of the commit."""
    told = os.environ.get("SOURCE_DATE_EPOCH")
    if told is not None:
        return int(told)
    asked = ["git", "-C", str(ROOT), "log", "-1", "--format=%ct"]
    done = subprocess.run(asked, check=False, capture_output=True, text=True, timeout=BUILD_SECONDS)
    if done.returncode:
        raise SystemExit("package: this is no git checkout. Say what time the files should have: SOURCE_DATE_EPOCH=...")
    changed = ["git", "-C", str(ROOT), "status", "--porcelain"]
    if subprocess.run(changed, check=True, capture_output=True, timeout=BUILD_SECONDS).stdout:
        sys.stderr.write("package: the checkout has changes that are not committed; nobody else can build the same\n")
    return int(done.stdout)


def _python_packages(order: Order, directory: Path) -> Path:
    """Build the wheel and the sdist; return the wheel."""
    done = subprocess.run(
        [sys.executable, "-I", "-m", "hatchling", "build", "-d", str(directory)],
        cwd=ROOT,
        env={**os.environ, "SOURCE_DATE_EPOCH": str(order.epoch)},
        check=False,
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
    )
    if done.returncode:
        raise RuntimeError(f"hatchling has built nothing:\n{done.stderr}")
    (wheel,) = directory.glob("*.whl")
    return wheel


def _papers(directory: Path, libraries: list[Wheel], license_: str) -> list[Path]:
    """Write what goes into the directory of documents, beside the bill of materials."""
    rows = {wheel.pin.name: f" {wheel.pin.name} {wheel.pin.version}: {sbom.license_of(wheel)}" for wheel in libraries}
    text = (tree.DEBIAN / "copyright").read_text(encoding="utf-8")
    (directory / "copyright").write_text(
        text.format(license=license_, libraries="\n".join(rows.values())), encoding="utf-8"
    )
    shutil.copyfile(ROOT / "README.md", directory / "README.md")
    return [directory / "copyright", directory / "README.md"]


def build(order: Order) -> list[Path]:
    """Build everything; return the files. Raises RuntimeError or ValueError if a part cannot be built."""
    locked = pins()
    with tempfile.TemporaryDirectory(prefix="meshnode-package-") as scratch:
        work = Path(scratch)
        out = work / "out"
        out.mkdir()
        wheel = _python_packages(order, out)
        license_ = str(metadata(wheel)["License-Expression"])
        libraries = {
            target: fetched(locked, target, order.cache)
            for target in (Target(arch, python) for arch in order.arches for python in order.pythons)
        }
        everything = [each for wheels in libraries.values() for each in wheels]
        bill = out / f"meshnode-{__version__}.cdx.json"
        sbom.written(bill, version=__version__, license_=license_, wheels=everything, epoch=order.epoch)
        papers = [*_papers(work, everything, license_), bill]
        for arch in order.arches:
            root = work / arch
            by_python = {target.python: wheels for target, wheels in libraries.items() if target.arch == arch}
            tree.lay_out(root, wheel, by_python, papers, order.epoch)
            package = out / f"meshnode_{deb.debian_version(__version__)}_{arch}.deb"
            deb.built(
                root,
                package,
                version=__version__,
                arch=arch,
                pythons=order.pythons,
                epoch=order.epoch,
                compression=order.compression,
            )
        order.goal.mkdir(parents=True, exist_ok=True)
        files = [Path(shutil.copy(path, order.goal)) for path in sorted(out.iterdir())]
    sums = "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files)
    (order.goal / SUMS).write_text(sums, encoding="utf-8")
    return [*files, order.goal / SUMS]


def main() -> None:
    """Build what the command line says, and name the files with their sizes."""
    try:
        files = build(_order(sys.argv[1:]))
    except (RuntimeError, ValueError, OSError) as error:
        raise SystemExit(f"package: {error}") from None
    for path in files:
        sys.stdout.write(f"{path.stat().st_size / 1e6:8.2f} MB  {path}\n")


if __name__ == "__main__":
    main()
