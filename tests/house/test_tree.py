"""Checks every file of the project: it says why it exists, stays readable, and names no machine."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

from tests.house.source_tree import ROOT, files, python_files, tree

LINES_MAX = 500  # past this a file nearly always has two reasons to change
CATCH_ALLS = {"utils", "util", "helpers", "helper", "misc", "common"}

# Assembled, so that this file does not accuse itself.
MACHINE_PATHS = re.compile(
    "|".join((r"(?<![\w.~-])/wor" + r"k/", "/ro" + r"ot/\w", "/User" + "s/", "/opt/" + "wheels"))
)
REGISTRIES = re.compile(
    "|".join(("py" + r"pi\.", "python" + "hosted", "pi" + r"wheels\.", "/sim" + "ple/", "index" + "-url="))
)
BINARY = (".png", ".ico", ".woff2", ".jpg", ".gz")

PIN = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)


def relative(path: Path) -> str:
    """Return the path as a person would write it."""
    return str(path.relative_to(ROOT))


def test_every_python_file_says_at_its_top_why_it_exists() -> None:
    silent = [relative(path) for path in python_files() if not ast.get_docstring(tree(path))]
    assert not silent


def test_no_file_grows_past_what_a_person_reads_in_one_go() -> None:
    long = {relative(path): count for path in python_files() if (count := path.read_bytes().count(b"\n")) > LINES_MAX}
    assert not long, f"split by reason to change, not by length: {long}"


def test_nothing_hides_in_a_catch_all_module() -> None:
    vague = [
        relative(path) for path in python_files() if CATCH_ALLS & set(path.relative_to(ROOT).with_suffix("").parts)
    ]
    assert not vague


def test_no_file_names_a_machine_path_or_a_package_registry() -> None:
    found = []
    for path in files():
        if path.name.endswith(BINARY):
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if MACHINE_PATHS.search(line) or REGISTRIES.search(line):
                found.append(f"{relative(path)}:{number}: {line.strip()[:100]}")
    assert not found, "\n" + "\n".join(found)


def test_scripts_can_be_run() -> None:
    scripts = [path for path in (ROOT / "scripts").iterdir() if path.is_file() and not path.suffix] + [
        ROOT / ".ci" / "run"
    ]
    assert scripts
    assert not [relative(path) for path in scripts if not path.stat().st_mode & 0o111]


@pytest.mark.parametrize("name", ["run", "dev"])
def test_a_lock_pins_by_hash_and_names_no_host(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    assert "://" not in text
    assert "--index" not in text
    assert "--find-links" not in text
    entries = re.split(r"\n(?=[a-z])", text.partition("\n#    scripts/lock\n")[2])
    unhashed = [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry]
    assert entries
    assert not unhashed


def test_tests_run_on_the_very_versions_that_users_get() -> None:
    run, dev = (dict(PIN.findall((ROOT / "requirements" / f"{name}.txt").read_text())) for name in ("run", "dev"))
    assert run.items() <= dev.items()


def test_every_dependency_of_the_project_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    pinned = dict(PIN.findall((ROOT / "requirements" / "dev.txt").read_text()))
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    missing = [line for line in wanted if re.split(r"[\[<>=!~ ]", line)[0] not in pinned]
    assert not missing, "run scripts/lock"
