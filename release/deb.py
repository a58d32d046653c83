"""Makes a Debian package of a laid-out tree with dpkg-deb, the same bytes each time."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from release.tree import DEBIAN, files_in

SCRIPTS = ("postinst", "prerm", "postrm")
BUILD_SECONDS = 900

_CONTROL = """\
Package: meshnode
Version: {version}
Architecture: {arch}
Maintainer: The meshnode developers <meshnode@localhost>
Installed-Size: {kibibytes}
Depends: python3 (>= {oldest}), python3 (<< {after}~), libc6 (>= 2.28)
Suggests: avahi-utils, ufw
Section: net
Priority: optional
Description: offers and needs, shared among neighbors
 meshnode helps neighbors share. People post offers and needs, choose who can
 see each of them, and find what others share through people they trust. Each
 person runs a node; nodes find each other on the local network. There is no
 server and no account, and it works without the internet.
 .
 The package starts nothing. Type "meshnode run" to begin.
"""


def debian_version(version: str) -> str:
    """Return a version of Python's form in Debian's: what comes before a release sorts before it."""
    return re.sub(r"\.?(a|b|rc|dev)(?=\d)", r"~\1", version)


def built(
    tree: Path, goal: Path, *, version: str, arch: str, pythons: Iterable[str], epoch: int, compression: Iterable[str]
) -> None:
    """Write the package of this tree to `goal`. The files that tell dpkg about it are added to the tree."""
    minors = sorted(int(python.partition(".")[2]) for python in pythons)
    control = tree / "DEBIAN"
    control.mkdir()
    control.chmod(0o755)
    _write(
        control / "control",
        _CONTROL.format(
            version=debian_version(version),
            arch=arch,
            kibibytes=_kibibytes(tree),
            oldest=f"3.{minors[0]}",
            after=f"3.{minors[-1] + 1}",
        ),
    )
    _write(control / "md5sums", "".join(f"{digest}  {name}\n" for name, digest in sorted(_digests(tree).items())))
    _write(control / "conffiles", "".join(f"/{path.relative_to(tree)}\n" for path in files_in(tree / "etc")))
    # Python itself was replaced or has come in another version: the program is compiled for it.
    _write(control / "triggers", "".join(f"interest-noawait /usr/bin/python3.{minor}\n" for minor in minors))
    for name in SCRIPTS:
        shutil.copyfile(DEBIAN / name, control / name)
        (control / name).chmod(0o755)
    for path in [*control.iterdir(), control, tree]:
        os.utime(path, (epoch, epoch))
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(epoch), "LC_ALL": "C.UTF-8"}
    command = ["dpkg-deb", "--root-owner-group", *compression, "--build", str(tree), str(goal)]
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True, timeout=BUILD_SECONDS)
    if done.returncode:
        raise RuntimeError(f"dpkg-deb has made no package: {done.stderr}")


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o644)


def _digests(tree: Path) -> Mapping[str, str]:
    """Return the MD5 sums with which `dpkg --verify` finds damaged files, of all files but the settings."""
    return {
        str(path.relative_to(tree)): hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
        for path in files_in(tree)
        if path.relative_to(tree).parts[0] not in ("DEBIAN", "etc")
    }


def _kibibytes(tree: Path) -> int:
    """Return the room that the files take on a disk; files with several names count once."""
    sizes = {path.stat().st_ino: path.stat().st_size for path in files_in(tree)}
    return sum(-(-size // 1024) for size in sizes.values())
