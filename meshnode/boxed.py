"""Confines a child process that reads what anybody may have made: little memory and time, no file, no program.

The libraries that decode pictures are large and written in C. They are loaded in such a process alone.
"""

from __future__ import annotations

import resource

MEMORY_BYTES = 768 * 1024 * 1024  # of address space: a picture of 40 megapixels in color, twice, and the libraries
CPU_SECONDS = 10  # a photo of a phone takes less than one on a Raspberry Pi 4


def confine(*, cpu_seconds: int = CPU_SECONDS) -> None:
    """Take from this process what it does not need to decode a picture; `close_files` takes the rest."""
    for what, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
    ):
        resource.setrlimit(what, (most, most))


def close_files() -> None:
    """Let this process open no file from now on; to be called when all that it needs is loaded."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
