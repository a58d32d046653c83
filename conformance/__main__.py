"""The command `scripts/conformance`: answers questions, prints them, or puts them to another program."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import IO, Any

from conformance.answers import answer
from conformance.questions import FILES, Question, questions


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    parser = argparse.ArgumentParser(prog="scripts/conformance", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="answer the questions on standard input with this implementation")
    asking = commands.add_parser("questions", help="print the questions with the right answers, one a line")
    running = commands.add_parser("run", help="put all questions to another program and report what it answers wrong")
    for command in (asking, running):
        command.add_argument("--file", action="append", choices=list(FILES), help="only this file; may be repeated")
    running.add_argument("program", nargs="+", help="the program and its arguments, after --")
    given = parser.parse_args(arguments)
    if given.command == "serve":
        return serve(sys.stdin, sys.stdout)
    if given.command == "questions":
        for question in questions(*(given.file or ())):
            _say(sys.stdout, {"ask": question.ask, "answer": question.expected, "name": question.name})
        return 0
    return run(given.program, list(questions(*(given.file or ()))), sys.stdout)


def serve(asked: IO[str], told: IO[str]) -> int:
    """Answer each line of `asked` with a line of `told`, until the input ends."""
    for line in asked:
        _say(told, answer(json.loads(line)))
    return 0


def run(program: Sequence[str], asked: Sequence[Question], report: IO[str]) -> int:
    """Put the questions to a program; returns 0 if every answer is right or says `unsupported`, else 1."""
    right = unsupported = 0
    wrong: list[str] = []
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as driven:
        if driven.stdin is None or driven.stdout is None:
            raise AssertionError("both are pipes")
        for question in asked:
            told = _ask(driven.stdin, driven.stdout, question)
            if told is None:
                wrong.append(f"{question.name}\n  the program ended without an answer to this and all that follow")
                break
            if told == question.expected:
                right += 1
            elif told == {"unsupported": True}:
                unsupported += 1
            else:
                wrong.append(f"{question.name}\n  expected {_line(question.expected)}\n  answered {_line(told)}")
        with suppress(BrokenPipeError):
            driven.stdin.close()
    for line in wrong:
        report.write(f"{line}\n")
    report.write(f"{right} right, {len(wrong)} wrong, {unsupported} unsupported, of {len(asked)} questions\n")
    return 1 if wrong else 0


def _ask(asked: IO[str], told: IO[str], question: Question) -> Any:
    """Return the program's answer; None if it has ended, text if what it says is not JSON."""
    try:
        _say(asked, question.ask)
    except BrokenPipeError:
        return None
    line = told.readline()
    if not line:
        return None
    try:
        return json.loads(line)
    except ValueError:
        return line


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))[:500]


def _say(to: IO[str], value: Any) -> None:
    to.write(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n")
    to.flush()


if __name__ == "__main__":
    sys.exit(main())
