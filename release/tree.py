"""Lays out the files of the Debian package: the program, its libraries for each Python, manual pages and completion.

One package serves all systems of a processor, and goes on working when a system is upgraded to its next release, with
another Python: what depends on the version of Python lies in a directory for each, everything else in `shared`. A file that
is the same for several Pythons is stored once, by hard links.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from meshnode.service import unit
from release.lock import ROOT
from release.wheels import Wheel, unpack

DEBIAN = Path(__file__).with_name("debian")
LIBRARY = Path("usr/lib/meshnode")
DOCUMENTS = Path("usr/share/doc/meshnode")
UNITS = Path("usr/lib/systemd/system")
SHARED = "shared"
COMPLETION = {
    "bash": "usr/share/bash-completion/completions/meshnode",
    "zsh": "usr/share/zsh/vendor-completions/_meshnode",
    "fish": "usr/share/fish/vendor_completions.d/meshnode.fish",
}
CALL_SECONDS = 120


def lay_out(
    root: Path, program: Path, libraries: Mapping[str, list[Wheel]], papers: Iterable[Path], epoch: int
) -> None:
    """Write the tree of the package below `root`: the wheel of the program, and the libraries by version of Python.

    `papers` are files for the directory of documents. Every file gets the time `epoch` (UNIX seconds).
    """
    base = root / LIBRARY
    shared = set.intersection(*({wheel.sha256 for wheel in wheels} for wheels in libraries.values()))
    unpack(program, base / SHARED)
    for wheel in next(iter(libraries.values())):
        if wheel.sha256 in shared:
            unpack(wheel.path, base / SHARED)
    for python, wheels in libraries.items():
        site = _environment(base, python)
        for wheel in wheels:
            if wheel.sha256 not in shared:
                unpack(wheel.path, site)
    _link_equal_files([base / f"python{python}" for python in libraries])
    _programs(root)
    _manual(root, base / SHARED)
    _completion(root, base / SHARED)
    documents = root / DOCUMENTS
    documents.mkdir(parents=True)
    for paper in papers:
        shutil.copyfile(paper, documents / paper.name)
    _settle(root, epoch)


def _environment(base: Path, python: str) -> Path:
    """Make a virtual environment for the system's Python of this version; return its directory of packages."""
    home = base / f"python{python}"
    site = home / "lib" / f"python{python}" / "site-packages"
    (home / "bin").mkdir(parents=True)
    site.mkdir(parents=True)
    (home / "bin" / "python").symlink_to(f"/usr/bin/python{python}")
    # By this the program knows itself as what is called (`meshnode service install` writes that into a unit).
    (home / "bin" / "meshnode").symlink_to("/usr/bin/meshnode")
    (home / "pyvenv.cfg").write_text("home = /usr/bin\ninclude-system-site-packages = false\n", encoding="utf-8")
    (site / "meshnode.pth").write_text(os.path.relpath(base / SHARED, site) + "\n", encoding="utf-8")
    return site


def files_in(directory: Path) -> list[Path]:
    """Return the files below a directory in order, without links."""
    return sorted(path for path in directory.rglob("*") if path.is_file() and not path.is_symlink())


def _link_equal_files(directories: list[Path]) -> None:
    first: dict[tuple[int, bytes], Path] = {}
    for directory in directories:
        for path in files_in(directory):
            content = path.read_bytes()
            known = first.setdefault((len(content), hashlib.sha256(content).digest()), path)
            if known is not path:
                path.unlink()
                path.hardlink_to(known)


def _programs(root: Path) -> None:
    for source, goal in (("launcher", "usr/bin/meshnode"), ("ufw", "etc/ufw/applications.d/meshnode")):
        path = root / goal
        path.parent.mkdir(parents=True)
        shutil.copyfile(DEBIAN / source, path)
    (root / "usr/bin/meshnode").chmod(0o755)
    units = root / UNITS
    units.mkdir(parents=True)
    (units / unit.NAME).write_text(unit.system_unit(), encoding="utf-8")


def _manual(root: Path, program: Path) -> None:
    directory = root / "usr/share/man/man1"
    directory.mkdir(parents=True)
    _meshnode(program, "man", str(directory))
    for page in sorted(directory.iterdir()):
        page.with_name(f"{page.name}.gz").write_bytes(gzip.compress(page.read_bytes(), mtime=0))
        page.unlink()


def _completion(root: Path, program: Path) -> None:
    for shell, goal in COMPLETION.items():
        path = root / goal
        path.parent.mkdir(parents=True)
        path.write_text(_meshnode(program, "completion", shell), encoding="utf-8")


def _meshnode(program: Path, *words: str) -> str:
    """Return what the program that is being packaged prints. It runs with the libraries of this environment."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "LC_ALL": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run(
        [sys.executable, "-P", "-m", "meshnode", *words],
        env={**environment, "PYTHONPATH": str(program)},
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=CALL_SECONDS,
    )
    return done.stdout


def _settle(root: Path, epoch: int) -> None:
    """Give every file its mode and its time, whatever the umask and the clock of this machine are."""
    for path in [root, *root.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        os.utime(path, (epoch, epoch), follow_symlinks=False)
