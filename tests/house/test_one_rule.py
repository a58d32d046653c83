"""What the visibility rule decides by is built in one place, so that serving, search and `what-if` cannot disagree."""

from __future__ import annotations

import ast

from tests.house.source_tree import module_name, nodes, python_files

BUILT_BY = "protocol.trust.visibility"
INPUTS = {"Standing", "ListingFacts"}


def callee(node: ast.Call) -> str:
    """The last name of what is called: `Standing` in `trust.Standing(...)`."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def test_only_the_rule_itself_builds_what_it_decides_by() -> None:
    """`standing_between` and `listing_facts` are for everybody else."""
    builders = {
        (module_name(path), callee(node))
        for path in python_files("protocol", "meshnode", "bench")
        for node in nodes(path)
        if isinstance(node, ast.Call) and callee(node) in INPUTS
    }
    assert builders == {(BUILT_BY, name) for name in INPUTS}
