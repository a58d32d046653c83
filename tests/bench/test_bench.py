"""The bench runs: every measure that needs no process of its own, with next to nothing to measure."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.__main__ import MEASURES, main
from bench.harness import SIZES, Bound, Report, percentile

INSIDE = ("ingest", "reconcile", "sync", "parcel", "join", "paths", "discover", "refused", "library")


@pytest.mark.parametrize("measure", INSIDE)
def test_a_measure_runs_and_saves_its_samples(measure: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert measure in MEASURES
    path = tmp_path / "figures.json"
    assert main([measure, "--size", "tiny", "--json", str(path)]) == 0
    figures = json.loads(path.read_text())["figures"]
    assert figures
    table = capsys.readouterr().out
    for figure in figures:
        assert figure["samples"]
        assert figure["name"] in table


def test_a_measure_that_does_not_exist_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["speed"])
    assert "speed" in capsys.readouterr().err


def test_a_figure_is_the_median_and_judged_by_its_ratio() -> None:
    report = Report({}, SIZES["tiny"])
    report.add("rate", "1/s", [5, 1, 9], ratios=[0.5, 0.7, 0.9], bound=Bound(0.6, 1.2, at_least=True))
    (figure,) = report.figures
    assert figure.value == 5
    assert figure.ratio == 0.7
    assert figure.verdict == "first"


def test_a_percentile_is_one_of_the_samples() -> None:
    assert percentile([30, 10, 20], 50) == 20
    assert percentile(range(1, 101), 99) == 99
    assert percentile([7], 99) == 7
