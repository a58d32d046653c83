"""No version, stamp or time is added to unchecked: mypy refuses the sum, and only protocol/numbers.py makes the next."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from mypy import api

from tests.house.source_tree import ROOT

GOOD = """
from protocol import Header
from protocol.numbers import Stamp, UnixTime, Version, stamp_after, time_after, version_after
from protocol.trust import empty_policy, with_vouch

def follow(header: Header) -> Header:
    return header._replace(version=version_after(header.version), expires=time_after(header.created, 60))

def vouch(stamp: Stamp) -> None:
    with_vouch(empty_policy(bytes(16)), bytes(32), 500, stamp_after(stamp), bytes(16))
"""
UNCHECKED = {
    "version_after(header.version)": "header.version + 1",
    "time_after(header.created, 60)": "header.created + 60",
    "stamp_after(stamp)": "stamp + 1",
}


def complaints(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return what mypy says about a module with this source."""
    snippet = tmp_path / "snippet.py"
    snippet.write_text(source)
    monkeypatch.chdir(ROOT)
    cache = f"--cache-dir={tmp_path / 'cache'}"
    report, errors, status = api.run(["--strict", cache, "--follow-imports=silent", str(snippet)])
    assert not errors
    assert (status == 0) == ("error" not in report)
    return report if status else ""


def test_mypy_takes_the_checked_sums_and_refuses_each_unchecked_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert complaints(GOOD, tmp_path, monkeypatch) == ""
    for checked, unchecked in UNCHECKED.items():
        assert "[arg-type]" in complaints(GOOD.replace(checked, unchecked), tmp_path, monkeypatch), unchecked


def test_only_one_module_makes_numbers_of_these_types_from_others() -> None:
    """Elsewhere a number gets its type only where it is a constant."""
    made = re.compile(r"\b(?:Version|Stamp|UnixTime)\((?!NamedTuple)([^)]*)\)")
    for path in [*ROOT.glob("protocol/**/*.py"), *ROOT.glob("meshnode/**/*.py")]:
        if path != ROOT / "protocol/numbers.py" and "numbers import" in path.read_text():
            found = set(made.findall(path.read_text()))
            assert all(re.fullmatch(r"\d+|(limits\.)?[A-Z_]+", number) for number in found), (path, found)
