"""Fuzzes harnesses of one module, each in a process of its own: atheris tells libFuzzer which lines each input reaches.

`python -m tests.fuzz.child FOLDER NAMES FLAGS`, where the names are joined by commas, and the flags, which are libFuzzer's,
by spaces. What is imported is instrumented once, which takes longer than a short run; then each harness has a process, which
ends with the first fault. In `FOLDER/NAME` are `corpus`, to begin with, and afterwards `found`, with the input of a fault,
`said`, and `code`, how the process ended.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from time import thread_time
from typing import NoReturn

import atheris

from tests.fuzz.corpora import TARGETS
from tests.fuzz.harness import Harness

CPU_SECONDS = 2.0
"""The processor time that one input may take: instrumented code is some five times slower, and garbage may be collected.
A replay counts calls instead (harness.py), which is exact and misses what takes long within one call."""


class TookTooLong(Exception):
    """One input has taken more processor time than any may."""


def main() -> None:
    """Fuzz each harness until the flags say that it is enough, or a fault shows."""
    folder, names, flags = sys.argv[1:]
    with atheris.instrument_imports(include=["protocol", "meshnode"]):
        modules = [import_module(f"tests.fuzz.{TARGETS[name]}") for name in names.split(",")]
    for name, module in zip(names.split(","), modules, strict=True):
        place = Path(folder) / name
        (place / "found").mkdir()
        child = os.fork()
        if child == 0:
            _fuzz(next(one for one in module.HARNESSES if one.name == name), place, flags.split())
        _, status = os.waitpid(child, 0)
        (place / "code").write_text(str(os.waitstatus_to_exitcode(status)))


def _fuzz(harness: Harness, place: Path, flags: list[str]) -> NoReturn:
    with (place / "said").open("wb") as said:
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
    for seed in harness.seeds():
        harness.run(seed)  # what is read or built once belongs to no input

    def one_input(data: bytes) -> None:
        begun = thread_time()
        harness.run(data)
        taken = thread_time() - begun
        if taken > CPU_SECONDS:
            raise TookTooLong(f"{taken:.1f} s for {len(data)} bytes")

    atheris.Setup([sys.argv[0], str(place / "corpus"), f"-artifact_prefix={place / 'found'}/", *flags], one_input)
    atheris.Fuzz()
    raise AssertionError("the fuzzer ends the process")


if __name__ == "__main__":
    main()
