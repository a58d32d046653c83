"""Communities whose clocks go wrong in every way: nothing is lost, nothing is held back, and all come right again.

`scripts/simulate --clocks` lets more of them live than there is time for here.
"""

from __future__ import annotations

import os

from tests.support.simulate import simulate_clocks

ONCE_FAULTY = (10248, 18450, 18598)
SEEDS = (*ONCE_FAULTY, *range(200 if "CI" in os.environ else 20))


def test_wrong_clocks_delete_nothing_delay_no_withdrawal_and_come_right() -> None:
    """Clocks off by up to ten years, jumps, absences of up to 400 days, partitions, and any mix of sources: no withdrawal
    is delayed, no copy goes that a right clock would keep, no version is given out twice, and once one of those in reach
    is sure of the date, everybody knows it and sees what their friends share."""
    faults = {seed: found for seed, found in simulate_clocks(SEEDS, processes=2) if found}
    assert not faults
