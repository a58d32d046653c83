"""Reports that there is no backup although there is something to lose, and that one could not be made."""

from __future__ import annotations

from collections.abc import Iterator

from meshnode.app import backup_state
from meshnode.app.explain.problem import Problem, found_problem
from meshnode.replica.replica import Replica


def of_backups(replica: Replica) -> Iterator[Problem]:
    """Yield what is wrong with the owner's backups."""
    failed = backup_state.state(replica).failed
    if failed is not None:
        yield found_problem(
            "backup_failed",
            "The last backup could not be made: {why}",
            "then try it again: meshnode backup FILE",
            why=failed,
        )
    if backup_state.is_wanted(replica):
        yield found_problem(
            "no_backup",
            "No backup was made for 30 days: if this computer breaks, your keys and contacts are lost with it",
            "have one made each day: meshnode backup --new-key",
        )
