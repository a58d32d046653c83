"""Power cuts: whatever a disk keeps of what was not synced, the store is sound and has all that was acknowledged.

`scripts/crash power` looks at thousands of disks.
"""

from __future__ import annotations

import pytest

from tests.support.power_cuts import cut_everywhere
from tests.support.recorded_disk import Kept, Step
from tests.support.recorded_life import record_life

SEED = 1
ROUNDS = 16
DISKS = 70


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> list[Step]:
    """What happened to the disk of a node that lived for a while."""
    return record_life(tmp_path_factory.mktemp("life"), SEED, ROUNDS)


def test_fault_25_power_cuts_at_any_sync_lose_nothing_that_was_acknowledged(steps: list[Step]) -> None:
    cuts = cut_everywhere(steps, DISKS, SEED)
    assert cuts.disks == DISKS
    assert cuts.promises > DISKS
    assert cuts.faults == []


def test_a_node_whose_disk_has_lied_about_its_last_sync_signs_nothing_under_its_old_key(steps: list[Step]) -> None:
    assert cut_everywhere(steps, DISKS, SEED, ways=("lied",)).faults == []


@pytest.mark.parametrize(
    ("file", "kept"), [("store.db", "some"), ("store.db-wal", "nothing"), ("store.db.mark", "lied")]
)
def test_such_cuts_show_whichever_file_the_store_does_not_sync(steps: list[Step], file: str, kept: Kept) -> None:
    careless = [step for step in steps if (step.what, step.file) != ("sync", file)]
    assert cut_everywhere(careless, DISKS, SEED, ways=(kept,)).faults
