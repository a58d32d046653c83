"""Lets atheris look for inputs that a harness cannot bear: `scripts/fuzz`.

Each harness runs in a process of its own (tests/fuzz/child.py), beginning with the corpus in the repository, with its seeds, and with what earlier
runs have found, which lies in `.fuzz` and belongs to nobody else. An input that shows a fault is written into the corpus, where
the tests replay it from then on.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import blake2b
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from tests.fuzz import corpora

ROOT = Path(__file__).resolve().parents[2]
NIGHTS = ROOT / ".fuzz"
MEMORY_MIB = 2_048
LONGEST = 4_096  # bytes of an input; a frame may be longer, but all its forms fit
HANGS_AFTER = 60  # seconds of one input, on a machine that does much else
SHOWN = 25  # lines of what a process said before it ended with a fault


@dataclass(frozen=True)
class Fuzzed:
    """What a run of one harness has come to: the fault that ended it, in its own words, or none."""

    name: str
    runs: str
    fault: str


def main() -> int:
    """Run the harnesses that were asked for, and return how the process ends: 0 without a fault."""
    arguments = _arguments()
    if find_spec("atheris") is None:
        sys.stderr.write(
            f"fuzz: atheris has no wheel for {platform.machine()} with Python {platform.python_version()}. "
            "`scripts/test tests/fuzz` replays the corpora here.\n"
        )
        return 2
    names = arguments.target or list(corpora.TARGETS)
    seconds = arguments.seconds or max(1, int(arguments.minutes * 60 * arguments.jobs / len(names)))
    # In a short run those of one module share what it takes to begin; in a long one each is a job for any processor.
    groups = _by_module(names) if arguments.seconds else [[name] for name in names]
    with ThreadPoolExecutor(arguments.jobs) as pool:
        fuzzed = [
            one for found in pool.map(lambda group: _fuzz(group, seconds, arguments.seed), groups) for one in found
        ]
    for name in names if arguments.keep else ():
        _keep(name)
    for one in fuzzed:
        sys.stdout.write(f"{one.name}: {one.runs}{', and a fault' if one.fault else ''}\n")
    for one in fuzzed:
        if one.fault:
            sys.stdout.write(f"\n== {one.name}\n{one.fault}\n")
    return int(any(one.fault for one in fuzzed))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--target", action="append", choices=corpora.TARGETS, help="one harness; may be repeated")
    parser.add_argument("--minutes", type=float, default=10.0, help="for all harnesses together (10)")
    parser.add_argument("--seconds", type=int, help="for each harness, instead of --minutes")
    parser.add_argument(
        "--seed", type=int, default=0, help="begin the choices of every harness with it (0: another each run)"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="harnesses at a time (one a processor)")
    parser.add_argument(
        "--keep", action="store_true", help="write some of what was found into the corpora of the repository"
    )
    return parser.parse_args()


def _by_module(names: list[str]) -> list[list[str]]:
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(corpora.TARGETS[name], []).append(name)
    return list(groups.values())


def _fuzz(names: list[str], seconds: int, seed: int) -> list[Fuzzed]:
    """Fuzz harnesses of one module, one after the other."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as directory:
        for name in names:
            night, place = NIGHTS / name, Path(directory) / name
            night.mkdir(parents=True, exist_ok=True)
            for data in (*corpora.read(name), *_seeds(name)):
                _put(night, data)
            place.mkdir()
            (place / "corpus").symlink_to(night)
        ended = _child(Path(directory), names, seconds, seed)
        return [_read(name, Path(directory) / name, ended) for name in names]


def _child(folder: Path, names: list[str], seconds: int, seed: int) -> str:
    """Run the process that fuzzes, and return what it says itself: nothing, if it could begin with all of them."""
    bounds = f"-rss_limit_mb={MEMORY_MIB} -max_len={LONGEST} -timeout={HANGS_AFTER} -verbosity=0"
    flags = f"-seed={seed} -max_total_time={seconds} -print_final_stats=1 {bounds}"
    command = [sys.executable, "-m", "tests.fuzz.child", str(folder), ",".join(names), flags]
    ended = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return ended.stdout.decode("utf-8", "replace")


def _read(name: str, place: Path, ended: str) -> Fuzzed:
    """Read how a harness ended; an input that shows a fault goes into the corpus of the repository."""
    if not (place / "code").exists():
        return Fuzzed(name, "no inputs", ended or "it did not begin")
    said = (place / "said").read_bytes().decode("utf-8", "replace")
    runs = next((line.split()[-1] for line in said.splitlines() if "number_of_executed_units" in line), "no")
    fault = "" if (place / "code").read_text() == "0" else _shown(said)
    for path in sorted((place / "found").iterdir()):
        data = path.read_bytes()
        corpora.add(name, data, _words(said))
        fault += f"\n{data.hex()} is now in {corpora.path_of(name).relative_to(ROOT)}"
    return Fuzzed(name, f"{runs} inputs", fault)


def _keep(name: str) -> None:
    """Write into the repository's corpus some of the inputs that each reached something new, of all lengths."""
    found = {path.read_bytes(): "" for path in (NIGHTS / name).iterdir()}
    corpora.write(name, found | {data: words for data, words in corpora.read(name).items() if words})


def _seeds(name: str) -> list[bytes]:
    module = import_module(f"tests.fuzz.{corpora.TARGETS[name]}")
    return list(next(one for one in module.HARNESSES if one.name == name).seeds())


def _put(directory: Path, data: bytes) -> None:
    (directory / blake2b(data, digest_size=16).hexdigest()).write_bytes(data)


def _shown(said: str) -> str:
    """Return the traceback in what a process said, or its last lines."""
    lines = said.splitlines()
    begun = next((at for at, line in enumerate(lines) if "Uncaught Python exception" in line), len(lines) - SHOWN)
    end = next((at for at, line in enumerate(lines) if "ERROR: libFuzzer" in line and at > begun), begun + SHOWN)
    return "\n".join(lines[max(begun, end - SHOWN, 0) : end + 1])


def _words(said: str) -> str:
    """Return the last line of the first traceback, or the fuzzer's own word for what went wrong."""
    lines = said.splitlines()
    begun = next((at for at, line in enumerate(lines) if line.startswith("Traceback")), None)
    if begun is not None:
        line = next((line for line in lines[begun + 1 :] if line and not line.startswith(" ")), "")
        return line[:100]
    return next((line for line in lines if "ERROR: libFuzzer" in line), "an end without a word")[:100]


if __name__ == "__main__":
    sys.exit(main())
