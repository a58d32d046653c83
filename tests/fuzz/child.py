"""Fuzzes one harness in a process of its own: atheris tells libFuzzer which lines each input reaches.

`python -m tests.fuzz.child NAME FLAGS...`, where the flags are libFuzzer's. The process ends with the first fault.
"""

from __future__ import annotations

import sys
from importlib import import_module
from time import thread_time

import atheris

from tests.fuzz.corpora import TARGETS

CPU_SECONDS = 2.0
"""The processor time that one input may take: instrumented code is some five times slower, and garbage may be collected.
A replay counts calls instead (harness.py), which is exact and misses what takes long within one call."""


class TookTooLong(Exception):
    """One input has taken more processor time than any may."""


def main() -> None:
    """Fuzz until the flags say that it is enough, or a fault shows."""
    name, *flags = sys.argv[1:]
    with atheris.instrument_imports(include=["protocol", "meshnode"]):
        module = import_module(f"tests.fuzz.{TARGETS[name]}")
    harness = next(one for one in module.HARNESSES if one.name == name)
    for seed in harness.seeds():
        harness.run(seed)  # what is read or built once belongs to no input

    def one_input(data: bytes) -> None:
        begun = thread_time()
        harness.run(data)
        taken = thread_time() - begun
        if taken > CPU_SECONDS:
            raise TookTooLong(f"{taken:.1f} s for {len(data)} bytes")

    atheris.Setup([sys.argv[0], *flags], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
