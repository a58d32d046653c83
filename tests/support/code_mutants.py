"""Makes mutants of a file: its functions with one comparison, condition, constant or statement changed.

A mutant is known by its function and by what was changed into what, so that its name outlives changes elsewhere. Only the
bodies of functions are changed: no tables of a module, no default values, and nothing that a decorator writes.
"""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Any

BOUNDARIES: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {ast.Add: ast.Sub, ast.Sub: ast.Add}
CALLS = {"min": "max", "max": "min", "any": "all", "all": "any"}

WATCH = "__watch__"
"""The name by which the code of `watched_codes` says which statement comes next."""

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class CodeMutant:
    """One change of one file: in `function`, by its qualified name, at `line`."""

    file: str
    function: str
    first: int
    """The first line of the function, with its decorators: properties and overloads share a name."""
    line: int
    statement: int
    """The line on which the statement begins that is changed."""
    change: str
    number: int
    """Among the changes of its function."""

    @property
    def name(self) -> str:
        """The name of the mutant in the table of survivors."""
        return f"{self.file}: {self.function}: {self.change}"

    def code(self, root: Path) -> CodeType:
        """Return the code of the function with the change."""
        tree = _parsed(root, self.file)
        function = next(found for _, found in _functions(tree, "") if _first_line(found) == self.first)
        node, become = list(_changes(function))[self.number]
        changed = _Replacing(node, become).visit(tree)
        assert isinstance(changed, ast.Module)
        ast.fix_missing_locations(changed)
        return code_of(compile(changed, str(root / self.file), "exec"), self.function, self.first)


def mutants(root: Path, file: str) -> Iterator[CodeMutant]:
    """Yield every mutant of the file."""
    names = Counter[str]()
    for qualname, function in _functions(_parsed(root, file), ""):
        statements = _statements(function)
        for number, (node, become) in enumerate(_changes(function)):
            change = f"{_short(ast.unparse(node))} -> {_short(ast.unparse(become))}"
            names[f"{qualname} {change}"] += 1
            repeated = names[f"{qualname} {change}"]
            change = change if repeated == 1 else f"{change} ({repeated})"
            statement = statements[node]
            line = getattr(node, "lineno", statement)
            yield CodeMutant(file, qualname, _first_line(function), line, statement, change, number)


def watched_codes(root: Path, file: str) -> Iterator[tuple[str, int, CodeType]]:
    """Yield the name and the first line of each function, and its code with a call of WATCH before each statement.

    WATCH gets the line of the statement. It has to be among the globals of the function.
    """
    tree = _parsed(root, file)
    functions = [(name, _first_line(function)) for name, function in _functions(tree, "")]
    for _, function in list(_functions(tree, "")):
        for node in list(ast.walk(function)):
            for body in (value for _, value in ast.iter_fields(node) if _is_body(value)):
                body[:] = [one for statement in body for one in (_watching(statement), statement)]
    module = compile(ast.fix_missing_locations(tree), str(root / file), "exec")
    for name, first in functions:
        yield name, first, code_of(module, name, first)


def _is_body(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], ast.stmt)


def _watching(statement: ast.stmt) -> ast.stmt:
    call = ast.Expr(ast.Call(ast.Name(WATCH, ast.Load()), [ast.Constant(statement.lineno)], []))
    return ast.copy_location(call, statement)


def _statements(function: FunctionNode) -> dict[ast.AST, int]:
    """Return the line of the innermost statement around each node of a function."""
    found: dict[ast.AST, int] = {}
    within: list[tuple[ast.AST, int]] = [(function, function.lineno)]
    for node, line in within:
        found[node] = node.lineno if isinstance(node, ast.stmt) else line
        within += [(child, found[node]) for child in ast.iter_child_nodes(node)]
    return found


def _parsed(root: Path, file: str) -> ast.Module:
    return ast.parse((root / file).read_text(encoding="utf-8"), str(root / file))


def code_of(module: CodeType, qualname: str, first: int) -> CodeType:
    """Return the code of the function with this qualified name and this first line. LookupError if there is none."""
    within = [module]
    for code in within:
        if code.co_qualname == qualname and code.co_firstlineno == first:
            return code
        within += [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    raise LookupError(qualname)


def _functions(tree: ast.AST, prefix: str) -> Iterator[tuple[str, FunctionNode]]:
    """Yield the outermost functions, also those under a condition; those inside of them are changed as parts of them."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, FunctionNode):
            yield prefix + node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from _functions(node, f"{prefix}{node.name}.")
        elif isinstance(node, ast.stmt | ast.ExceptHandler):
            yield from _functions(node, prefix)


def _first_line(function: FunctionNode) -> int:
    return min(node.lineno for node in (function, *function.decorator_list))


def _changes(function: FunctionNode) -> Iterator[tuple[ast.AST, ast.AST]]:
    """Yield each node of the function that can be changed, with what it becomes."""
    conditions = {node.test for node in ast.walk(function) if isinstance(node, ast.If | ast.IfExp)}
    for statement in function.body:
        for node in ast.walk(statement):
            if node in conditions and _is_plain(node):
                continue  # that the condition holds always, or never, says as much
            for become in _others(node):
                yield node, become


def _is_plain(node: ast.AST) -> bool:
    """Whether a condition has no boundary that could be moved."""
    ordered = ast.Lt | ast.LtE | ast.Gt | ast.GtE
    if isinstance(node, ast.Compare):
        return not any(isinstance(operator, ordered) for operator in node.ops)
    return isinstance(node, ast.UnaryOp)


def _others(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what a node may become."""
    for kinds, others in _OPERATORS:
        if isinstance(node, kinds):
            yield from others(node)


def _compare(node: ast.Compare) -> Iterator[ast.AST]:
    for at, operator in enumerate(node.ops):
        changed = copy.deepcopy(node)
        changed.ops[at] = BOUNDARIES[type(operator)]()
        yield changed


def _bool_op(node: ast.BoolOp) -> Iterator[ast.AST]:
    for at in range(len(node.values)):
        changed = copy.deepcopy(node)
        del changed.values[at]
        yield changed if len(changed.values) > 1 else changed.values[0]


def _if(node: ast.If | ast.IfExp) -> Iterator[ast.AST]:
    for value in (True, False):
        changed = copy.deepcopy(node)
        changed.test = ast.Constant(value)
        yield changed


def _not(node: ast.UnaryOp) -> Iterator[ast.AST]:
    if isinstance(node.op, ast.Not):
        yield node.operand


def _constant(node: ast.Constant) -> Iterator[ast.AST]:
    if isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node.value, int):
        yield ast.Constant(node.value + 1)


def _arithmetic(node: ast.BinOp | ast.AugAssign) -> Iterator[ast.AST]:
    other = OPERATORS.get(type(node.op))
    if other is not None:
        changed = copy.deepcopy(node)
        changed.op = other()
        yield changed


def _call(node: ast.Call) -> Iterator[ast.AST]:
    if isinstance(node.func, ast.Name) and node.func.id in CALLS:
        changed = copy.deepcopy(node)
        changed.func = ast.Name(CALLS[node.func.id], ast.Load())
        yield changed


def _statement(node: ast.stmt) -> Iterator[ast.AST]:
    """Leave out a call, an error or a jump."""
    if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
        yield ast.Pass()


_OPERATORS: tuple[tuple[type[ast.AST] | tuple[type[ast.AST], ...], Callable[..., Iterator[ast.AST]]], ...] = (
    (ast.Compare, _compare),
    (ast.BoolOp, _bool_op),
    ((ast.If, ast.IfExp), _if),
    (ast.UnaryOp, _not),
    (ast.Constant, _constant),
    ((ast.BinOp, ast.AugAssign), _arithmetic),
    (ast.Call, _call),
    ((ast.Expr, ast.Raise, ast.Continue, ast.Break), _statement),
)


class _Replacing(ast.NodeTransformer):
    def __init__(self, node: ast.AST, become: ast.AST) -> None:
        self._node, self._become = node, become

    def visit(self, node: ast.AST) -> ast.AST:
        if node is self._node:
            return ast.copy_location(self._become, node)
        found: ast.AST = self.generic_visit(node)
        return found


def _short(source: str) -> str:
    """Return the first line of a piece of source."""
    lines = source.splitlines()
    return lines[0] if len(lines) == 1 else f"{lines[0]} ..."
