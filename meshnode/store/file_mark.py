"""Tells whether the database is the file that this node last used, or a copy of it.

A copy of a file has another inode number. The number stays the same for the life of a file on the file systems that are
named here; on others nothing can be told. An image of a whole disk keeps its numbers: such a copy shows only when its
records meet those of the other one.
"""

from __future__ import annotations

from pathlib import Path

_NUMBERS_STAY = frozenset(
    {"ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "zfs", "jfs", "bcachefs", "tmpfs", "overlay"}
)
_MOUNTS = Path("/proc/self/mountinfo")
_MOUNT_POINT = 4  # fields of a line of it, before the optional ones (proc(5))


def mark_of(file: Path) -> str | None:
    """Return the mark of `file`, which a copy of it does not have; None where nothing can be told."""
    try:
        if _file_system(file.resolve()) not in _NUMBERS_STAY:
            return None
        return str(file.stat().st_ino)
    except (OSError, ValueError):
        return None


def _file_system(path: Path) -> str:
    """Return the type of the file system that holds `path`: that of the longest mount point above it."""
    found, longest = "", -1
    for line in _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        fields, _, rest = line.partition(" - ")
        point = _unescaped(fields.split(" ")[_MOUNT_POINT])
        if path.is_relative_to(point) and len(point) >= longest:
            found, longest = rest.split(" ")[0], len(point)
    return found


def _unescaped(point: str) -> str:
    """Return a mount point as it is: the kernel writes spaces and a few other characters in octal."""
    for code, sign in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        point = point.replace(code, sign)
    return point
