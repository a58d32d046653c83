"""Checks who may import whom. The tables are the architecture; docs/architecture.md explains them."""

from __future__ import annotations

import ast
import sys
from graphlib import CycleError, TopologicalSorter

import pytest

from tests.house.source_tree import OURS, Import, all_imports, is_within, module_name, modules, nodes, python_files

PLUMBING_NAMES = ("errors", "home", "config", "keyring", "clock", "sealing", "encryption")
PLUMBING = {f"meshnode.{name}" for name in PLUMBING_NAMES}

# area: which other areas of ours it may use. The longest matching area counts. `meshnode` alone is the package's own
# `__init__`, which holds the version and may be read by all.
MAY_USE: dict[str, set[str]] = {
    "protocol": set(),
    "meshnode": set(),
    "meshnode.errors": PLUMBING | {"protocol", "meshnode.text.catalog"},
    "meshnode.home_path": set(),
    "meshnode.home": PLUMBING | {"meshnode.home_path", "protocol"},
    "meshnode.config": PLUMBING | {"meshnode.home_path", "protocol", "meshnode.text.catalog"},
    "meshnode.keyring": PLUMBING | {"protocol"},
    "meshnode.clock": PLUMBING | {"protocol"},
    "meshnode.sealing": {"meshnode.errors"},
    "meshnode.encryption": PLUMBING,
    "meshnode.quoting": set(),
    "meshnode.text": {"meshnode.quoting", "meshnode.text.catalog"},
    "meshnode.text.catalog": {"meshnode.text.translations"},
    "meshnode.text.translations": set(),
    "meshnode.recovery": {"meshnode.errors"},
    "meshnode.qr": {"meshnode.errors", "meshnode.text", "meshnode.boxed"},
    "meshnode.log": {"protocol", "meshnode.service_manager"},
    "meshnode.service_manager": set(),
    "meshnode.service": {"meshnode.errors"},
    "meshnode.erasure": {"meshnode.home"},
    "meshnode.wakeup": set(),
    "meshnode.firewall": {"meshnode.app"},
    "meshnode.slices": {"protocol"},
    "meshnode.boxed": set(),
    "meshnode.photos": {"protocol", "meshnode.replica", "meshnode.errors", "meshnode.wakeup", "meshnode.boxed"},
    "meshnode.guard": {"meshnode.errors"},
    "meshnode.background": {"meshnode.guard"},
    "meshnode.store": {"protocol", "meshnode.errors"},
    "meshnode.replica": {
        "protocol",
        "meshnode.store",
        "meshnode.errors",
        "meshnode.clock",
        "meshnode.guard",
        "meshnode.slices",
    },
    "meshnode.app": {
        "protocol",
        "meshnode.text.catalog",
        "meshnode.store",
        "meshnode.replica",
        "meshnode.errors",
        "meshnode.keyring",
        "meshnode.clock",
        "meshnode.slices",
        "meshnode.guard",
        "meshnode.quoting",
        "meshnode.recovery",
    },
    "meshnode.net": {
        "protocol",
        "meshnode.replica",
        "meshnode.app",
        "meshnode.errors",
        "meshnode.config",
        "meshnode.wakeup",
        "meshnode.background",
        "meshnode.guard",
        "meshnode.slices",
    },
    "meshnode.backup": PLUMBING | {"protocol", "meshnode.store", "meshnode.replica", "meshnode.app", "meshnode.slices"},
    "meshnode.api": {
        "protocol",
        "meshnode.backup",
        "meshnode.text.catalog",
        "meshnode.replica",
        "meshnode.app",
        "meshnode.errors",
        "meshnode.config",
        "meshnode.local",
        "meshnode.photos",
    },
    "meshnode.local": {
        "protocol",
        "meshnode.backup",
        "meshnode.text.catalog",
        "meshnode.replica",
        "meshnode.app",
        "meshnode.errors",
        "meshnode.slices",
        "meshnode.wakeup",
        "meshnode.background",
        "meshnode.guard",
    },
    "meshnode.web": {
        "protocol",
        "meshnode.backup",
        "meshnode.text.catalog",
        "meshnode.replica",
        "meshnode.app",
        "meshnode.errors",
        "meshnode.text",
        "meshnode.local",
        "meshnode.background",
        "meshnode.photos",
        "meshnode.qr",
    },
    "meshnode.notify": {
        "protocol",
        "meshnode.text.catalog",
        "meshnode.replica",
        "meshnode.app",
        "meshnode.errors",
        "meshnode.text",
        "meshnode.wakeup",
    },
    "meshnode.node": PLUMBING
    | {
        "meshnode.notify",
        "meshnode.background",
        "meshnode.log",
        "meshnode.service_manager",
        "meshnode.firewall",
        "meshnode.erasure",
        "protocol",
        "meshnode.backup",
        "meshnode.store",
        "meshnode.replica",
        "meshnode.app",
        "meshnode.net",
        "meshnode.api",
        "meshnode.local",
        "meshnode.web",
        "meshnode.photos",
    },
    "meshnode.cli": {
        "meshnode.errors",
        "meshnode.home_path",
        "meshnode.home",
        "meshnode.config",
        "meshnode.text",
        "meshnode.text.catalog",
        "meshnode.quoting",
        "meshnode.qr",
        "meshnode.recovery",
        "meshnode.erasure",
        "meshnode.service",
        "meshnode.service_manager",
    },
    "meshnode.__main__": {"meshnode.cli"},
}

# The layers of `meshnode.app`, from the ground up: package or file, and what of `app` it may import. A row names only rows
# above it, so nothing imports what is built on it.
NAMED = {"picking", "naming", "owner"}
APP_LAYERS: dict[str, set[str]] = {
    "words": set(),
    "paging": set(),
    "picking": {"words"},
    "lookalikes": set(),
    "naming": {"words", "picking", "lookalikes"},
    "date": {"naming"},
    "following": {"naming"},
    "everybody": set(),
    "owner": set(),
    "backup_state": {"owner"},
    "catalog": {"words", "picking", "naming", "owner"},
    "page_access": set(),
    "phones": {"picking", "page_access"},
    "groups": {"picking", "naming", "owner"},
    "listings": {"words", "picking", "naming", "date", "owner", "catalog"},
    "letters": {"naming", "owner"},
    "people": {"everybody", "paging", "picking", "naming", "date", "owner", "groups", "letters"},
    "recovery": {"naming", "owner", "letters", "people"},
    "exchanges": NAMED | {"date", "words", "catalog", "listings", "letters", "people", "recovery"},
    "waiting": {"naming", "catalog", "groups", "listings", "people", "exchanges"},
    "discover": {"words", "paging", "picking", "naming", "owner", "catalog", "listings", "people", "waiting"},
    "notes": {"naming", "catalog", "discover"},
    "devices": {"picking", "naming", "owner", "groups", "people", "recovery"},
    "meetings": {"naming", "owner", "people"},
    "peers": {"naming", "owner", "groups", "people", "devices", "meetings"},
    "parcels": {"naming", "owner", "groups", "letters", "people", "peers"},
    "misdated": {"owner", "groups"},
    "upkeep": {
        "date", "misdated", "notes", "owner", "people", "recovery", "groups", "listings", "letters", "exchanges",
        "devices",
    },
    "rounds": {"date", "misdated", "waiting", "devices", "upkeep"},
    "explain": {
        "everybody", "backup_state", "picking", "naming", "date", "owner", "catalog", "listings", "people", "waiting", "devices",
        "meetings", "recovery", "peers", "upkeep", "phones",
    },
    "leaving": {"naming", "owner", "groups", "exchanges", "notes", "devices"},
    "export": {"naming", "owner", "catalog", "groups", "listings", "people", "exchanges", "discover"},
    "events": {"catalog"},
    "subscriptions": {"page_access"},
    "calendar": {"naming", "owner", "catalog", "exchanges"},
}  # fmt: skip

# Commands that run in this process instead of asking the daemon: each needs more than the client does.
EXCEPTIONS: dict[str, set[str]] = {
    "meshnode.cli.run": {"meshnode.node", "protocol"},
    "meshnode.cli.init": {"meshnode.node", "protocol"},
    "meshnode.cli.devices": {"meshnode.node", "protocol"},
    "meshnode.cli.apart": {"meshnode.node"},
    "meshnode.cli.backups": {"meshnode.node", "meshnode.backup"},
    "meshnode.cli.passphrase": {"meshnode.node"},
    "meshnode.cli.recovery": {"meshnode.node"},
    "meshnode.cli.recovering": {"meshnode.node"},
    "meshnode.cli.pasting": {"protocol"},
}

# library: where it may be used, and nowhere else.
LIBRARIES: dict[str, set[str]] = {
    "nacl": {"protocol", "meshnode.sealing"},  # one verifier; and Argon2id for the passphrase
    "cryptography": {"meshnode.local.certificate"},
    "msgpack": {"protocol"},
    "msgspec": {"protocol", "meshnode"},
    "spake2": {"protocol"},
    "h3": {"protocol"},
    "apsw": {"meshnode.store"},
    "trio": {
        "meshnode.store.store_thread",
        "meshnode.backup",
        "meshnode.net",
        "meshnode.api",
        "meshnode.local",
        "meshnode.web",
        "meshnode.node",
        "meshnode.notify",
        "meshnode.photos",
        "meshnode.wakeup",
        "meshnode.background",
    },
    "zeroconf": {"meshnode.net"},
    "ifaddr": {"meshnode.net"},
    "starlette": {"meshnode.api", "meshnode.local", "meshnode.web"},
    "h11": {"meshnode.local.http_connection"},
    "jinja2": {"meshnode.web"},
    "markupsafe": {"meshnode.web"},
    "platformdirs": {"meshnode.home_path"},
    "click": {"meshnode.cli"},
    "rich": {"meshnode.cli"},
    "pyrage": {"meshnode.backup.sealing"},
    "segno": {"meshnode.qr"},
    "PIL": {"meshnode.qr.photo_reader", "meshnode.photos.remake"},  # only in a child process, see there
    "zxingcpp": {"meshnode.qr.photo_reader"},
    "anyascii": {"meshnode.app.words"},
    "mnemonic": {"meshnode.recovery"},
    "shamir_mnemonic": {"meshnode.recovery"},
}

# Modules of constants and small functions that everybody imports by name.
BY_NAME = {"protocol.limits", "protocol.numbers", "protocol.steps", "protocol.wire.stratum"}

# What others import of the protocol: its facade, one facade for each subject, and the caps, numbers and strata by name.
FACADES = BY_NAME | {
    "protocol",
    "protocol.trust",
    "protocol.wire",
    "protocol.session",
    "protocol.letters",
    "protocol.tokens",
    "protocol.parcels",
}

# What of the standard library is pure enough for `protocol`: no clock, no randomness, no files, no sockets.
PURE = {
    "__future__", "abc", "array", "base64", "binascii", "bisect", "collections", "contextlib", "dataclasses", "decimal", "enum", "functools",
    "hashlib", "heapq", "hmac", "ipaddress", "itertools", "math", "operator", "re", "string", "struct", "types", "typing",
    "unicodedata", "weakref",
}  # fmt: skip

# Methods of `str` that answer by tables which grow with Unicode, and the one module that knows where they may be asked.
OF_UNICODE = {"isalnum", "isalpha", "isdigit", "isidentifier", "isnumeric", "isprintable", "isspace", "casefold"}
KNOWS_UNICODE = {"protocol.text"}

# Calls by which impurity could come in through a permitted library or a builtin.
IMPURE_CALLS = {"open", "input", "print", "exec", "eval", "compile", "__import__", "breakpoint"}
IMPURE_ATTRIBUTES = {"generate", "randombytes", "urandom", "randombytes_deterministic"}

# Standard modules that would open a way around the layers.
NETWORK = {"socket", "ssl", "http", "urllib", "asyncio"}
WORLD = {"sqlite3", "subprocess", "random", "time"}
SEALED_OFF: dict[str, set[str]] = {
    "meshnode.store": NETWORK | WORLD,
    "meshnode.replica": NETWORK | WORLD | {"threading"},
    "meshnode.app": NETWORK | WORLD | {"threading"},
    "meshnode.net": {"http", "urllib", "asyncio", "sqlite3", "subprocess"},
    "meshnode.web": {"http", "ssl", "asyncio", "sqlite3", "subprocess", "random"},
    "meshnode.api": {"urllib", "asyncio", "sqlite3", "subprocess"},
}
# The one place where another event loop runs, in a thread of its own: zeroconf knows no other.
SEAMS = {("meshnode.net.mdns_thread", "asyncio")}


def area(module: str) -> str:
    """Return the area to which a module of ours belongs."""
    return max((name for name in MAY_USE if is_within(module, name)), key=len)


def top(module: str) -> str:
    """Return the top-level package of a module."""
    return module.partition(".")[0]


def is_ours(module: str) -> bool:
    """Whether `module` is part of the two packages."""
    return top(module) in OURS


def crosses_the_table(found: Import) -> bool:
    """Whether this import goes where the table does not let it."""
    if found.module == "meshnode" or area(found.importer) == area(found.module):
        return False
    allowed = MAY_USE[area(found.importer)] | EXCEPTIONS.get(found.importer, set())
    return area(found.module) not in allowed


def listed(faults: list[Import]) -> str:
    """Return the faults, one a line."""
    return "\n" + "\n".join(map(str, faults))


def test_every_import_between_areas_is_in_the_table() -> None:
    faults = [found for found in all_imports(*OURS) if is_ours(found.module) and crosses_the_table(found)]
    assert not faults, listed(faults)


def test_every_file_of_the_node_lies_in_an_area_of_its_own() -> None:
    strays = sorted(name for name in modules() if area(name) == "meshnode" and name != "meshnode")
    assert not strays, f"which area is {strays}? Give it a row in MAY_USE, and a line in docs/architecture.md"


def test_libraries_stay_where_they_belong() -> None:
    faults = []
    for found in all_imports(*OURS):
        library = top(found.module)
        if is_ours(library) or library in sys.stdlib_module_names:
            continue
        if not any(is_within(found.importer, home) for home in LIBRARIES.get(library, set())):
            faults.append(found)
    assert not faults, listed(faults)


def test_the_protocol_uses_only_the_pure_part_of_the_standard_library() -> None:
    faults = [
        found
        for found in all_imports("protocol")
        if top(found.module) in sys.stdlib_module_names and top(found.module) not in PURE
    ]
    assert not faults, listed(faults)


def test_the_protocol_judges_no_text_by_the_unicode_version_of_the_python_at_hand() -> None:
    faults = [
        str(found)
        for found in all_imports("protocol")
        if found.module == "unicodedata" and found.importer not in KNOWS_UNICODE
    ]
    for path in python_files("protocol"):
        for node in nodes(path):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            strips = node.func.attr in {"strip", "lstrip", "rstrip"} and not node.args
            if (strips or node.func.attr in OF_UNICODE) and module_name(path) not in KNOWS_UNICODE:
                faults.append(f"{module_name(path)}:{node.lineno}: {ast.unparse(node.func)}()")
    assert not faults, faults


def test_the_protocol_neither_draws_randomness_nor_touches_the_world() -> None:
    faults = []
    for path in python_files("protocol"):
        for node in nodes(path):
            if not isinstance(node, ast.Call):
                continue
            callee = node.func
            named = isinstance(callee, ast.Name) and callee.id in IMPURE_CALLS
            reached = isinstance(callee, ast.Attribute) and callee.attr in IMPURE_ATTRIBUTES
            if named or reached:
                faults.append(f"{module_name(path)}:{node.lineno}: {ast.unparse(callee)}()")
    assert not faults, faults


def test_layers_stay_sealed_off_from_what_is_below_them() -> None:
    faults = [
        found
        for found in all_imports("meshnode")
        if top(found.module) in SEALED_OFF.get(area(found.importer), set())
        and (found.importer, top(found.module)) not in SEAMS
    ]
    assert not faults, listed(faults)


def test_the_protocol_is_imported_through_its_facades_alone() -> None:
    # Its own tests mirror its modules, their oracles need what a node does not, the mesh listens to what is said, and each
    # part is fuzzed by itself.
    insiders = ("tests.protocol", "tests.support", "tests.mesh", "tests.fuzz")
    faults = [
        found
        for found in all_imports("meshnode", "scripts", "tests")
        if is_within(found.module, "protocol")
        and found.module not in FACADES
        and not any(is_within(found.importer, place) for place in insiders)
    ]
    assert not faults, listed(faults)


def test_the_conformance_harness_knows_nothing_but_the_protocol() -> None:
    faults = [
        found
        for found in all_imports("conformance")
        if top(found.module) not in {"conformance", "protocol"} | sys.stdlib_module_names
    ]
    assert not faults, listed(faults)


def test_the_protocol_does_not_import_its_own_facades() -> None:
    faults = [found for found in all_imports("protocol") if found.module in FACADES - BY_NAME]
    assert not faults, listed(faults)


@pytest.mark.parametrize("package", OURS)
def test_there_are_no_import_cycles(package: str) -> None:
    graph: dict[str, set[str]] = {name: set() for name in modules() if is_within(name, package)}
    for found in all_imports(package):
        if found.module in graph and found.module != found.importer:
            graph[found.importer].add(found.module)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def package_graph(top_package: str) -> dict[str, set[str]]:
    """Return which of the packages and files directly below `top_package` import which others."""
    depth = top_package.count(".") + 2

    def unit(module: str) -> str:
        return ".".join(module.split(".")[:depth])

    graph: dict[str, set[str]] = {unit(name): set() for name in modules() if is_within(name, top_package)}
    for found in all_imports(top(top_package)):
        ends = (unit(found.importer), unit(found.module))
        if all(is_within(end, top_package) and end != top_package for end in ends) and ends[0] != ends[1]:
            graph[ends[0]].add(ends[1])
    return graph


@pytest.mark.parametrize("package", ["protocol", "meshnode", "meshnode.app"])
def test_packages_have_no_cycles_either(package: str) -> None:
    try:
        TopologicalSorter(package_graph(package)).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_the_packages_of_app_import_only_what_their_layer_lets_them() -> None:
    graph = {
        unit.rpartition(".")[2]: {used.rpartition(".")[2] for used in uses}
        for unit, uses in package_graph("meshnode.app").items()
        if unit != "meshnode.app"
    }
    assert set(graph) == set(APP_LAYERS), "a package or file of app has no row in APP_LAYERS, or a row has no package"
    faults = [f"{unit} imports {used}" for unit, uses in graph.items() for used in uses - APP_LAYERS[unit]]
    assert not faults


def test_a_layer_of_app_names_only_layers_below_it() -> None:
    below: set[str] = set()
    for unit, uses in APP_LAYERS.items():
        assert uses <= below, f"{unit} is built on {uses - below}"
        below.add(unit)
