"""Everything that runs with nobody waiting for it runs in the guard, so that an error in it never ends the node."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.house.source_tree import module_name, nodes, python_files, tree

GUARDED = {"background.run", "background.once"}

# Tasks that are begun outside of the guard, each with the reason.
OUTSIDE = {
    ("meshnode.node.daemon", "stop_for_new_key"): "it waits and stops the node",
    ("meshnode.node.daemon", "stop_for_signal"): "it stops the node",
    ("meshnode.node.daemon", "network.run"): "a node without a network cannot start; its parts are guarded one by one",
    ("meshnode.node.daemon", "serve"): "a node without its API cannot start; its parts are guarded one by one",
    ("meshnode.node.daemon", "running.run"): "what it prepares is needed by the API; its parts are guarded one by one",
    ("meshnode.node.daemon", "web.serve"): "it listens, and serves in the guard",
    ("meshnode.node.daemon", "web.serve_phones"): "it serves in the guard",
    ("meshnode.web.serve_phones", "self._serve"): "it serves one address in the guard",
    ("meshnode.local.serving", "partial(trio.serve_listeners, answer, [own], handler_nursery=nursery)"): (
        "a part of a server, which is guarded as a whole"
    ),
    ("meshnode.local.serving", "end_in_time"): "a part of one connection of such a server",
    ("meshnode.net.listener", "self._accept"): "it waits for calls, and answers each in the guard",
    ("meshnode.net.discovery", "self._listen"): "a part of `run`, which is guarded as a whole",
    ("meshnode.net.peer_link", "self._write"): "a part of one connection, which is guarded as a whole",
    ("meshnode.net.peer_link", "self._keep_time"): "a part of one connection, which is guarded as a whole",
    ("meshnode.net.peer_link", "self._note"): "a part of one connection, which is guarded as a whole",
    ("meshnode.net.peer_link", "self._ask"): "a part of one connection, which is guarded as a whole",
    ("meshnode.net.network", "peer.link.check"): "a part of one request, or of a check that is guarded as a whole",
    ("meshnode.net.calls", "one"): "a part of one attempt to call, which is guarded as a whole",
    ("meshnode.net.enrolment_client", "watch"): "a command that a person waits for, not the node",
    ("meshnode.net.enrolment_client", "discovery.run"): "a command that a person waits for, not the node",
    ("meshnode.net.meeting_client", "watch"): "a command that a person waits for, not the node",
    ("meshnode.net.meeting_client", "discovery.run"): "a command that a person waits for, not the node",
    ("meshnode.photos.child", "_feed"): "a part of one request, or of the check of photos, which is guarded as a whole",
    ("meshnode.local.event_stream", "_cancel_at_disconnect"): "a part of one request, whose errors the API answers",
    ("meshnode.net.mdns_thread", "self._run"): "a thread, which no error of it can take down the node with",
}
STARTS = {"start_soon", "start"}
# What the rounds of upkeep may call beside steps of the guard: functions of steps.
OF_STEPS = {"step", "_renew", "_purge"}
ROUNDS = {"upkeep", "_renew", "_purge"}


def started(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the module and the task for each task or thread that a file begins."""
    for node in nodes(path):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr in STARTS and node.args and not isinstance(node.args[0], ast.Constant):
            yield module_name(path), ast.unparse(node.args[0])
        if node.func.attr == "Thread":
            yield module_name(path), next(ast.unparse(one.value) for one in node.keywords if one.arg == "target")


def test_every_background_task_runs_in_the_guard() -> None:
    begun = {found for path in python_files("meshnode") if path.parent.name != "cli" for found in started(path)}
    assert any(task in GUARDED for _, task in begun)
    outside = {(module, task) for module, task in begun if task not in GUARDED}
    assert sorted(outside - set(OUTSIDE)) == []
    assert sorted(set(OUTSIDE) - outside) == [], "these are begun no longer"


def test_every_step_of_upkeep_runs_in_the_guard() -> None:
    (path,) = (path for path in python_files("meshnode") if module_name(path) == "meshnode.app.upkeep")
    rounds = [node for node in tree(path).body if isinstance(node, ast.FunctionDef) and node.name in ROUNDS]
    assert {node.name for node in rounds} == ROUNDS
    calls = [
        ast.unparse(node.value.func)
        for function in rounds
        for node in ast.walk(function)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    ]
    assert len(calls) > 15
    assert [name for name in calls if name not in OF_STEPS] == []
