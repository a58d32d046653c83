"""Removes each check of the protocol in turn and tells which removals no golden vector notices.

A check is a `raise` of a fault of the other side's, a call of a function that raises one, a part of the condition that
leads there, or a `return` by which a function judges. Each is removed in a process of its own, which then answers those
questions of the vectors that reach the check's function until an answer is wrong. `python -m tests.support.mutations` prints what nobody noticed.
"""

from __future__ import annotations

import ast
import functools
import gc
import json
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType, FunctionType

import protocol
from conformance.answers import answer
from conformance.questions import FILES, Question, questions

ROOT = Path(protocol.__file__).parent
FAULTS = {"RemoteError", "InvalidField", "HandshakeRefused", "_malformed"}
CHECKS = ("check_", "_check_", "_at_least", "highest_common")
JUDGES = {"is_cell", "certifies_key", "is_certificate", "verify", "text_fault", "_fault", "_shape_fault", "_time_fault"}
"""Functions that judge by what they return: False, or in words."""
SECONDS = 20
"""The time that a process may take: without its check it may never end, and then it was noticed."""
FunctionName = tuple[str, str]
"""A function by its file and its full name."""


@dataclass(frozen=True)
class Check:
    """A check by where it is: the file, the function, and its source."""

    file: str
    function: str
    source: str
    number: int
    """Among the checks of its file."""

    @property
    def name(self) -> str:
        """The name of the check in the list of exceptions."""
        return f"{self.file}: {self.function}: {self.source}"


def checks() -> Iterator[Check]:
    """Yield every check in `protocol`."""
    for path in sorted(ROOT.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
        for number, (function, node) in enumerate(_sites(tree)):
            yield Check(str(path.relative_to(ROOT)), _qualname(tree, function), ast.unparse(node), number)


def without(check: Check) -> CodeType:
    """Return the code of the check's function without the check."""
    path = ROOT / check.file
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    _, node = list(_sites(tree))[check.number]
    _remove(tree, node)
    ast.fix_missing_locations(tree)
    return _code_of(compile(tree, str(path), "exec"), check.function)


def _functions(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            yield node


def _sites(tree: ast.Module) -> Iterator[tuple[ast.FunctionDef, ast.stmt | ast.expr]]:
    """Yield what can be removed, with the innermost function around it."""
    for function in _functions(tree):
        for node in _within(function):
            if _is_fault(node) or _is_call(node) or (function.name in JUDGES and _is_verdict(node)):
                assert isinstance(node, ast.stmt)
                yield function, node
            if isinstance(node, ast.If) and any(
                _is_fault(inner) or (function.name in JUDGES and _is_verdict(inner)) for inner in node.body
            ):
                yield from ((function, part) for part in _parts(node.test))


def _within(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """Yield the nodes of a function, but not those of functions in it."""
    todo: list[ast.AST] = list(function.body)
    while todo:
        node = todo.pop(0)
        yield node
        if not isinstance(node, ast.FunctionDef):
            todo = [*ast.iter_child_nodes(node), *todo]


def _is_fault(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Raise)
        and isinstance(node.exc, ast.Call)
        and isinstance(node.exc.func, ast.Name)
        and node.exc.func.id in FAULTS
    )


def _is_call(node: ast.AST) -> bool:
    if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
        return False
    called = node.value.func
    name = called.id if isinstance(called, ast.Name) else called.attr if isinstance(called, ast.Attribute) else ""
    return name.startswith(CHECKS)


def _is_verdict(node: ast.AST) -> bool:
    """Whether this returns False, or words that say what is wrong."""
    if not isinstance(node, ast.Return) or node.value is None:
        return False
    if isinstance(node.value, ast.Constant):
        return node.value.value is False or isinstance(node.value.value, str)
    return isinstance(node.value, ast.JoinedStr | ast.IfExp)


def _parts(test: ast.expr) -> Iterator[ast.expr]:
    """Yield the parts of a condition, any of which leads to the fault."""
    match test:
        case (
            ast.BoolOp(op=ast.Or(), values=values)
            | ast.UnaryOp(op=ast.Not(), operand=ast.BoolOp(op=ast.And(), values=values))
        ):
            for value in values:
                yield value
                yield from _parts(value)
        case ast.UnaryOp(op=ast.Not(), operand=ast.Compare(ops=[_, _, *_])):
            yield from _sides(test.operand)
        case _:
            return


def _sides(compared: ast.expr) -> Iterator[ast.expr]:
    """Yield the two ends of a range: without either, the range is open there."""
    if isinstance(compared, ast.Compare):
        yield compared.left
        yield compared.comparators[-1]


def _remove(tree: ast.Module, node: ast.AST) -> None:
    """Take `node` out of the tree: a statement does nothing, a part of a condition leads nowhere."""
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if isinstance(value, list) and any(item is node for item in value):
                place = next(at for at, item in enumerate(value) if item is node)
                if isinstance(parent, ast.Compare):
                    del parent.comparators[place], parent.ops[place]
                elif isinstance(parent, ast.BoolOp):
                    value[place] = ast.Constant(isinstance(parent.op, ast.And))
                else:
                    value[place] = ast.Pass()
                return
            if value is node:
                if isinstance(parent, ast.Compare):
                    parent.left = parent.comparators.pop(0)
                    del parent.ops[0]
                else:
                    setattr(parent, name, ast.Constant(value=False))
                return
    raise AssertionError("not in the tree")


def _qualname(tree: ast.Module, function: ast.FunctionDef) -> str:
    def search(body: list[ast.stmt], prefix: str) -> str | None:
        for node in body:
            if node is function:
                return prefix + function.name
            if isinstance(node, ast.ClassDef | ast.FunctionDef):
                inner = f"{prefix}{node.name}." + ("<locals>." if isinstance(node, ast.FunctionDef) else "")
                found = search(node.body, inner)
                if found:
                    return found
        return None

    return search(tree.body, "") or function.name


def _code_of(module: CodeType, qualname: str) -> CodeType:
    for constant in module.co_consts:
        if isinstance(constant, CodeType):
            if constant.co_qualname == qualname:
                return constant
            try:
                return _code_of(constant, qualname)
            except LookupError:
                continue
    raise LookupError(qualname)


# --- trying ----------------------------------------------------------------------------------------------------------


def _live_functions() -> dict[FunctionName, list[FunctionType]]:
    """Return every function that exists now."""
    found: dict[FunctionName, list[FunctionType]] = {}
    for thing in gc.get_objects():
        if isinstance(thing, FunctionType) and thing.__code__.co_filename.startswith(str(ROOT)):
            found.setdefault(_name_of(thing.__code__), []).append(thing)
    return found


def _forget() -> None:
    """Empty all caches, else an answer might be one of before."""
    for thing in _caches():
        thing.cache_clear()


def _caches() -> tuple[functools._lru_cache_wrapper[object], ...]:
    return tuple(thing for thing in gc.get_objects() if isinstance(thing, functools._lru_cache_wrapper))


class _Calls:
    """Notes which functions are called (`sys.setprofile`), and which of them only because a cache did not know the answer."""

    def __init__(self) -> None:
        self._cached = {thing.__wrapped__.__code__ for thing in _caches()}
        self._within = 0
        self.codes: set[CodeType] = set()
        self.behind_caches: set[CodeType] = set()

    def note(self, frame: FrameType, event: str, _: object) -> None:
        """Take what the interpreter says."""
        code = frame.f_code
        if event == "call":
            self._within += code in self._cached
            (self.behind_caches if self._within else self.codes).add(code)
        elif event == "return":
            self._within -= code in self._cached


def _reaching(asked: list[Question]) -> dict[FunctionName, list[Question]]:
    """Return the questions that reach each function, of which the first are refused, and call few others: they tell most.

    No other question can notice what the function does. A function whose results a cache keeps may be reached by any of them.
    Raises AssertionError where an answer is wrong by itself.
    """
    _forget()
    calls, called = _Calls(), dict[int, set[FunctionName]]()
    for number, question in enumerate(asked):
        calls.codes = set()
        sys.setprofile(calls.note)
        try:
            given = answer(question.ask)
        finally:
            sys.setprofile(None)
        assert given == question.expected, question.name
        called[number] = _ours(calls.codes)
    behind = _ours(calls.behind_caches)
    found: dict[FunctionName, list[Question]] = {}
    for number in sorted(called, key=lambda at: ("refused" not in asked[at].expected, len(called[at]))):
        for name in called[number] | behind:
            found.setdefault(name, []).append(asked[number])
    return found


def _ours(codes: set[CodeType]) -> set[FunctionName]:
    return {_name_of(code) for code in codes if code.co_filename.startswith(str(ROOT))}


def _name_of(code: CodeType) -> FunctionName:
    return str(Path(code.co_filename).relative_to(ROOT)), code.co_qualname


def _is_noticed(asked: list[Question]) -> bool:
    """Whether an answer is wrong. Whatever else is raised is a wrong answer, too."""
    return any(answer(question.ask) != question.expected for question in asked)


def _try(check: Check, functions: list[FunctionType], asked: list[Question]) -> int:
    """Start a process that removes the check and asks: it exits with 0 if nobody notices, 2 if it cannot remove it."""
    child = os.fork()
    if child:
        return child
    signal.alarm(SECONDS)
    status = 2
    try:
        code = without(check)
        for function in functions:
            function.__code__ = code
        status = 1
        status = int(_is_noticed(asked))
    finally:
        os._exit(status)


def unnoticed(workers: int) -> tuple[int, list[str]]:
    """Return how many checks there are, and the names of those that can be removed without any vector noticing."""
    # The verdict on every code point takes seconds, and tells no more than the texts do.
    asked = [question for file in FILES for question in questions(file) if question.ask["do"] != "code points"]
    live = _live_functions()
    reaching = _reaching(asked)
    _forget()
    gc.freeze()
    running: dict[int, Check] = {}
    survivors: list[str] = []
    count = 0

    def reap() -> None:
        child, status = os.wait()
        check = running.pop(child)
        assert os.waitstatus_to_exitcode(status) != 2, f"cannot remove {check.name}"
        if status == 0:
            survivors.append(check.name)

    for check in checks():
        count += 1
        while len(running) >= workers:
            reap()
        functions = live.get((check.file, check.function))
        assert functions, f"no function {check.name}"
        running[_try(check, functions, reaching.get((check.file, check.function), []))] = check
    while running:
        reap()
    return count, sorted(survivors)


if __name__ == "__main__":
    number, names = unnoticed(os.cpu_count() or 1)
    sys.stdout.write(json.dumps({"checks": number, "unnoticed": names}, indent=1) + "\n")
