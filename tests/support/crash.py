"""Crashes nodes over and over: `scripts/crash --help`.

`kill` kills real daemons in the middle of a sync. `power` cuts the power of recorded disks at every sync and anywhere
in between. `passphrase` does so while a home is encrypted, changes its passphrase or is decrypted. Each prints a line of
figures, and a line for each fault.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.support.kill_loop import Kills, kill_often
from tests.support.power_cuts import Cuts, cut_everywhere
from tests.support.recorded_life import record_life
from tests.support.recorded_rekeying import CASES, Cheap, faults_of, held, record_change

ROUNDS = 60  # things that happen in a life of which all syncs are tried in about 1,500 disks


def kill(kills: int, records: int, seed: int) -> list[str]:
    """Kill daemons, print the figures, also when interrupted, and return the faults."""
    done = Kills()
    with tempfile.TemporaryDirectory(prefix="meshnode-kill-") as directory:
        try:
            kill_often(kills, records, seed, Path(directory), done)
        finally:
            sys.stdout.write(f"{done}\n")
    return done.faults


def power(disks: int, seed: int, rounds: int) -> list[str]:
    """Cut the power in two lives, print the figures, and return the faults."""
    cuts = Cuts()
    for number in (seed, seed + 1):
        with tempfile.TemporaryDirectory(prefix="meshnode-life-") as directory:
            steps = record_life(Path(directory), number, rounds)
        cut_everywhere(steps, disks // 2, number, cuts)
    sys.stdout.write(f"{cuts}\n")
    return cuts.faults


def passphrase(seed: int) -> list[str]:
    """Cut the power in each change of a passphrase, at every sync, rename and removal; print the figures, return the faults."""
    disks, faults = 0, []
    for name, case in CASES.items():
        with tempfile.TemporaryDirectory(prefix="meshnode-rekeying-") as directory, Cheap():
            steps = record_change(Path(directory), name)
            looked, found = faults_of(steps, case, held(Path(directory) / "home", case.new), sys.maxsize, seed=seed)
        disks += looked
        faults += [f"{name}, {fault}" for fault in found]
    sys.stdout.write(
        f"{disks:,} disks after power cuts in {len(CASES)} changes of a passphrase: {len(faults)} faults\n"
    )
    return faults


def main(words: Sequence[str]) -> int:
    """Crash nodes as the command line says; 1 if anything was lost or broken."""
    parser = argparse.ArgumentParser(prog="scripts/crash", description=__doc__)
    parser.add_argument(
        "how", choices=("kill", "power", "passphrase", "all"), nargs="?", default="all", help="what to do (all)"
    )
    parser.add_argument("--kills", type=int, default=200, help="how many daemons to kill (200)")
    parser.add_argument("--records", type=int, default=10_000, help="how many records are synced (10,000)")
    parser.add_argument("--disks", type=int, default=3000, help="how many disks to look at after a power cut (3,000)")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"how much happens in a recorded life ({ROUNDS})")
    parser.add_argument("--seed", type=int, default=1, help="for the moments of kills and cuts (1)")
    asked = parser.parse_args(words)
    faults = []
    if asked.how in ("power", "all"):
        faults += power(asked.disks, asked.seed, asked.rounds)
    if asked.how in ("passphrase", "all"):
        faults += passphrase(asked.seed)
    if asked.how in ("kill", "all"):
        faults += kill(asked.kills, asked.records, asked.seed)
    sys.stdout.write("".join(f"  {fault}\n" for fault in faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
