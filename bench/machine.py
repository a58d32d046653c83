"""Describes the machine that runs the bench, and measures what a process on it uses."""

from __future__ import annotations

import os
import platform
import re
from importlib.metadata import version
from pathlib import Path

import apsw

LIBRARIES = ("pynacl", "apsw-sqlite3mc", "msgpack", "trio")


def description() -> dict[str, str]:
    """Return processor, cores, memory, kernel, Python and the libraries that matter for speed."""
    memory = int(re.search(r"MemTotal:\s+(\d+)", _read("/proc/meminfo"))[1]) / 2**20  # type: ignore[index]
    processor = re.search(r"model name\s*: (.*)", _read("/proc/cpuinfo"))
    return {
        "processor": processor[1] if processor else platform.machine(),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{memory:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "sqlite": apsw.sqlite_lib_version(),
        **{name: version(name) for name in LIBRARIES},
    }


def load() -> float:
    """Return how many processes wanted a core during the last minute; figures from a busy machine are not reliable."""
    return os.getloadavg()[0]


def resident(pid: int | str = "self") -> float:
    """Return the resident memory of a process in MiB."""
    return _status(pid, "VmRSS") / 1024


def worked(pid: int) -> float:
    """Return the seconds of processor time that the threads which a process has now have used so far."""
    tasks = Path(f"/proc/{pid}/task")
    return sum(int(_read(f"{task}/schedstat").split()[0]) for task in tasks.iterdir()) / 1e9


def switches(pid: int) -> dict[str, int]:
    """Return how often each thread of a process has gone to sleep so far, which is how often it has woken up."""
    tasks = Path(f"/proc/{pid}/task")
    return {task.name: _status(f"{pid}/task/{task.name}", "voluntary_ctxt_switches") for task in tasks.iterdir()}


def processor_seconds(pid: int) -> float:
    """Return for how many seconds processors have worked for a process so far."""
    fields = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def _status(pid: int | str, field: str) -> int:
    found = re.search(rf"^{field}:\s+(\d+)", _read(f"/proc/{pid}/status"), re.MULTILINE)
    return int(found[1]) if found else 0


def _read(path: str) -> str:
    return Path(path).read_text(encoding="utf-8")
