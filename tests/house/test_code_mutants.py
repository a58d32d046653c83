"""The mutants of the files that decide: what is changed in a piece of code, and that no name in the table is stale."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.house.source_tree import ROOT
from tests.support.code_mutants import mutants
from tests.support.code_survivors import ARGUED
from tests.support.mutation_run import CONCERNED

SAMPLE = """
def may(weight, limit=10):
    if not weight or weight < limit:
        raise ValueError
    return [max(weight, limit), weight + 1]
"""


def test_each_comparison_condition_constant_and_statement_is_changed_in_turn(tmp_path: Path) -> None:
    (tmp_path / "sample.py").write_text(SAMPLE)
    scope: dict[str, Any] = {}
    exec(compile(SAMPLE, "sample.py", "exec"), scope)  # noqa: S102 - our own
    may, results = scope["may"], {}
    for mutant in mutants(tmp_path, "sample.py"):
        may.__code__ = mutant.code(tmp_path)
        try:
            results[mutant.change] = may(10)
        except ValueError:
            results[mutant.change] = "refused"
    assert results == {
        "if not weight or weight < limit: ... -> if True: ...": "refused",
        "if not weight or weight < limit: ... -> if False: ...": [10, 11],
        "not weight or weight < limit -> weight < limit": [10, 11],
        "not weight or weight < limit -> not weight": [10, 11],
        "raise ValueError -> pass": [10, 11],
        "not weight -> weight": "refused",
        "weight < limit -> weight <= limit": "refused",
        "max(weight, limit) -> min(weight, limit)": [10, 11],
        "weight + 1 -> weight - 1": [10, 9],
        "1 -> 2": [10, 12],
    }


def test_the_files_that_decide_and_their_tests_exist() -> None:
    for file, tests in CONCERNED.items():
        assert not [path for path in (file, *tests) if not (ROOT / path).exists()]


def test_every_argued_mutant_can_still_be_made_and_has_a_reason() -> None:
    names = {mutant.name for file in CONCERNED for mutant in mutants(ROOT, file)}
    assert not sorted(ARGUED.keys() - names)
    assert all(len(reason.split()) > 3 for reason in ARGUED.values())
