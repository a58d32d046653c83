"""The conformance harness: this implementation answers every question rightly, and another program can be driven."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conformance.answers import OPERATIONS, answer
from conformance.questions import FILES, questions, vectors, written_out
from tests.house.source_tree import ROOT
from tests.support.golden import DIRECTORY
from tests.support.vectors import FOREIGN, MAKERS

EXAMPLE = DIRECTORY / "example" / "client.mjs"
NODE = shutil.which("node")
SERVE = [sys.executable, "-m", "conformance", "serve"]


def driven(*program: str, files: tuple[str, ...] = ()) -> tuple[int, str]:
    """Drive a program through the questions; returns the exit status and the report."""
    chosen = [word for file in files for word in ("--file", file)]
    command = [sys.executable, "-m", "conformance", "run", *chosen, "--", *program]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert not run.stderr
    return run.returncode, run.stdout


def program(tmp_path: Path, body: str) -> list[str]:
    """Return the command of a program that reads a question from each line, as `asked`, and does `body`."""
    path = tmp_path / "program.py"
    path.write_text(
        "import json, sys\nfor line in sys.stdin:\n    asked = json.loads(line)\n"
        + "".join(f"    {line}\n" for line in body.splitlines())
    )
    return [sys.executable, "-u", str(path)]


@pytest.mark.parametrize("file", FILES)
def test_every_question_is_answered_as_the_vectors_say(file: str) -> None:
    wrong = [(asked.name, told) for asked in questions(file) if (told := answer(asked.ask)) != asked.expected]
    assert not wrong


def test_there_are_questions_about_every_file_and_every_operation() -> None:
    assert set(FILES) == set(OPERATIONS) == MAKERS.keys() | FOREIGN
    asked = {(question.ask["file"], question.ask["do"]) for question in questions()}
    assert asked == {(file, do) for file, operations in OPERATIONS.items() for do in operations}


def refused_cases(value: Any) -> list[dict[str, Any]]:
    """Return every case with a code, wherever it is in a file."""
    if isinstance(value, dict):
        return [value] if "code" in value else [case for held in value.values() for case in refused_cases(held)]
    return [case for held in value for case in refused_cases(held)] if isinstance(value, list) else []


@pytest.mark.parametrize("file", FILES)
def test_every_refused_case_is_asked_about_and_says_why(file: str) -> None:
    cases = refused_cases(vectors(file))
    expected = [question.expected["refused"] for question in questions(file) if "refused" in question.expected]
    assert sorted(case["code"] for case in cases) == sorted(expected)
    assert all(case.get("why") or case["case"] for case in cases)


def test_long_runs_are_written_out() -> None:
    assert written_out("93 00*3 ff") == "93000000ff"
    assert written_out("93") == "93"
    assert written_out("mesh1*") == "mesh1*"


def test_driving_our_own_answers_finds_nothing_wrong() -> None:
    status, report = driven(*SERVE)
    assert status == 0, report
    assert " 0 wrong, 0 unsupported, " in report


@pytest.mark.skipif(NODE is None, reason="needs node, of which version 20 or later runs the example")
def test_the_example_in_another_language_answers_what_it_knows() -> None:
    status, report = driven(str(NODE), str(EXAMPLE))
    assert status == 0, report
    right, wrong, unsupported = (int(part.split()[0]) for part in report.split(", ")[:3])
    assert wrong == 0
    assert right > 250
    assert unsupported > 0


def test_a_wrong_answer_is_reported_with_its_question(tmp_path: Path) -> None:
    takes_everything = program(tmp_path, 'print(json.dumps({"ok": {}}))')
    status, report = driven(*takes_everything, files=("frames.json",))
    assert status == 1
    assert "frames.json: read: not an array" in report
    assert '  expected {"refused":"MALFORMED"}' in report
    assert '  answered {"ok":{}}' in report


def test_what_is_unsupported_is_counted_apart(tmp_path: Path) -> None:
    knows_nothing = program(tmp_path, 'print(json.dumps({"unsupported": True}))')
    status, report = driven(*knows_nothing, files=("card.json",))
    assert status == 0
    assert report.startswith("0 right, 0 wrong, ")


@pytest.mark.parametrize("body", ["sys.exit()", "print('no JSON')"], ids=["ends", "says no JSON"])
def test_a_program_that_does_not_answer_fails(tmp_path: Path, body: str) -> None:
    status, report = driven(*program(tmp_path, body), files=("codec.json",))
    assert status == 1
    assert "codec.json: encode: nothing" in report


def test_the_questions_can_be_printed_for_a_driver_of_somebody_else() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "conformance", "questions", "--file", "keys.json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    assert [line["ask"] for line in lines] == [question.ask for question in questions("keys.json")]
    assert all(answer(line["ask"]) == line["answer"] for line in lines)
