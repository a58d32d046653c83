"""The mutants of the files that decide: what is changed in a piece of code, that each change reaches the function which is
really called, and that no name in the table is stale."""

from __future__ import annotations

import gc
import importlib.util
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.house.source_tree import ROOT
from tests.support.code_mutants import mutants
from tests.support.code_survivors import ARGUED
from tests.support.mutated_files import CONCERNED
from tests.support.mutation_run import NOT_MADE, live_functions

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
        assert not [path for path in (file, *tests) if not (ROOT / path.partition("::")[0]).exists()]


def test_every_argued_mutant_can_still_be_made_and_has_a_reason() -> None:
    names = {mutant.name for file in CONCERNED for mutant in mutants(ROOT, file)}
    assert not sorted(ARGUED.keys() - names)
    assert all(len(reason.split()) > 3 for reason in ARGUED.values())


KINDS = """
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

def plain():
    return 1

again = plain

@lru_cache
def remembered():
    return 1

@contextmanager
def opened():
    yield 1

if True:
    def conditional():
        return 1

try:
    import nothing_of_that_name
except ImportError:
    def instead():
        return 1

class Base:
    def overridden(self):
        return 1

@dataclass(slots=True)
class Kinds(Base):
    value: int = 0

    def method(self):
        return 1

    @property
    def both(self):
        return self.value + 1

    @both.setter
    def both(self, value):
        self.value = value + 1

    @staticmethod
    def static():
        return 1

    @classmethod
    def of_class(cls):
        return 1

    class Inner:
        def nested(self):
            return (lambda: 1)()

    def overridden(self):
        return super(Kinds, self).overridden() + 1

async def waited():
    return 1
"""


@pytest.fixture
def kinds(tmp_path: Path) -> Iterator[ModuleType]:
    """A module with a function of every kind, after the program has told the collector to leave all things alone."""
    path = tmp_path / "kinds.py"
    path.write_text(KINDS)
    spec = importlib.util.spec_from_file_location("kinds_of_functions", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    gc.freeze()
    yield module
    gc.unfreeze()
    del sys.modules[spec.name]


def answers(module: ModuleType) -> dict[str, Any]:
    """Return what each of the functions says."""
    module.remembered.cache_clear()
    it = module.Kinds()
    with module.opened() as opened:
        found = {"opened": opened}
    try:
        module.waited().send(None)
    except StopIteration as end:
        found["waited"] = end.value
    found["get"] = it.both
    it.both = 5
    found["set"] = it.value
    functions = {
        "again": module.again,
        "remembered": module.remembered,
        "conditional": module.conditional,
        "instead": module.instead,
        "method": it.method,
        "static": it.static,
        "of_class": it.of_class,
        "nested": module.Kinds.Inner().nested,
        "overridden": it.overridden,
    }
    return found | {name: function() for name, function in functions.items()}


def test_a_mutant_of_a_function_of_any_kind_changes_what_is_called(kinds: ModuleType, tmp_path: Path) -> None:
    before, changed = answers(kinds), Counter[str]()
    for mutant in [one for one in mutants(tmp_path, "kinds.py") if one.change.startswith("1 -> 2")]:
        path = str(tmp_path / "kinds.py")
        functions = live_functions({path})[path, mutant.function, mutant.first]
        codes = [function.__code__ for function in functions]
        for function in functions:
            function.__code__ = mutant.code(tmp_path)
        changed.update(name for name, answer in answers(kinds).items() if answer != before[name])
        for function, code in zip(functions, codes, strict=True):
            function.__code__ = code
    assert set(changed) == set(before)


DECIDING = """
def may(weight):
    return weight > 10

def shown(weight):
    return weight > 10

def never_called():
    return 1

def lines(first, second):
    return (
        first
        + second
    )

class Base:
    def __init__(self):
        self.made = True

class Decision(Base):
    def __init__(self):
        super().__init__()

def forgotten():
    return 1

answer = forgotten()
del forgotten
"""

TESTS = """
import deciding

def test_all():
    assert deciding.may(11) and not deciding.may(10)
    assert deciding.shown(11)
    assert deciding.lines(1, 2) == 3
    assert deciding.Decision().made
    assert deciding.answer == 1
"""

RUN = """
import pytest
from pathlib import Path
from tests.support.mutation_run import MutationRun

run = MutationRun(["deciding.py"], 1, "", lambda said: print(said, end=""), root=Path.cwd())
pytest.main(["-qq", "--no-header", "--tb=no", "-s", "-p", "no:cacheprovider", "test_deciding.py"], plugins=[run])
print(run.tried["deciding.py"], len(run.left))
"""


def test_a_run_tells_what_survives_what_no_test_reaches_and_what_could_not_be_tried(tmp_path: Path) -> None:
    for name, source in (("deciding.py", DECIDING), ("test_deciding.py", TESTS), ("pytest.ini", "[pytest]\n")):
        (tmp_path / name).write_text(source)
    environment = {"PYTHONPATH": f"{ROOT}:{tmp_path}", "PATH": ""}
    said = subprocess.run(
        [sys.executable, "-c", RUN], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert sorted(line for line in said.stdout.splitlines() if line) == [
        "9 4",
        f"SURVIVED deciding.py: Decision.__init__: super().__init__() -> pass, line 23{NOT_MADE}",
        f"SURVIVED deciding.py: forgotten: 1 -> 2, line 26{NOT_MADE}",
        "SURVIVED deciding.py: never_called: 1 -> 2, line 9 (no test reaches it)",
        "SURVIVED deciding.py: shown: weight > 10 -> weight >= 10, line 6",
    ], said.stdout + said.stderr
