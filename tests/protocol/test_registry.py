"""The registry of the specification and the code name the same kinds, frames, codes, prefixes and domains."""

from __future__ import annotations

import ast
import re

import protocol.fingerprint
from protocol import Code, GroupKind, Kind, person_text
from protocol.letters import CONTENTS, Action, NoteKind
from protocol.session.greeting import ALGORITHMS, VERSIONS
from protocol.wire.frames import FRAME_TYPES
from tests.house.source_tree import ROOT, nodes, python_files

SPECIFICATION = (ROOT / "protocol" / "README.md").read_text(encoding="utf-8")
REGISTRY = SPECIFICATION.partition("\n## Registry\n")[2].partition("\n## ")[0]
ROW = re.compile(r"^\| (\d+) \| ([\w ]+) \|", re.MULTILINE)
DOMAIN = re.compile(r"`\"(meshnode [a-z0-9 ]+ v\d)\\0\"`")


def numbered(heading: str) -> dict[int, str]:
    """Return the numbers and names in the table below a heading of the registry."""
    table = REGISTRY.partition(f"**{heading}")[2].partition("\n\n**")[0]
    return {int(number): name for number, name in ROW.findall(table)}


def listed(heading: str) -> str:
    """Return the sentence of the registry that begins with a heading."""
    sentence = REGISTRY.partition(f"**{heading}:**")[2]
    assert sentence, heading
    return re.split(r"\*\*|\n\n", " ".join(sentence.partition("\n\n")[0].split()))[0].strip(" .")


def words(heading: str) -> dict[int, str]:
    """Return the numbers and words of such a sentence."""
    pairs = (part.split(maxsplit=1) for part in listed(heading).split(", "))
    return {int(number): word for number, word in pairs}


def domains_in(*packages: str) -> set[str]:
    """Return the domains that hashes and signatures in these packages begin with."""
    constants = (
        node.value for path in python_files(*packages) for node in nodes(path) if isinstance(node, ast.Constant)
    )
    texts = (value.decode("ascii", "replace") for value in constants if isinstance(value, bytes))
    return {text.rstrip("\0") for text in texts if re.fullmatch(r"meshnode [a-z0-9 ]+ v\d\0", text)}  # fmt: skip


def test_kinds_of_records_are_those_of_the_code() -> None:
    assert numbered("Kinds of records") == {int(kind): kind.name.lower() for kind in Kind}


def test_frames_are_those_of_the_code() -> None:
    assert numbered("Frames.") == {number: frame.__name__ for frame, number in FRAME_TYPES.items()}


def test_codes_are_those_of_the_code() -> None:
    assert numbered("Codes**") == {int(code): code.name for code in Code}


def test_prefixes_are_those_of_the_code() -> None:
    constants = {
        node.value.value
        for path in python_files("protocol")
        for node in nodes(path)
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Constant)
        and any(isinstance(target, ast.Name) and target.id.endswith("_PREFIX") for target in node.targets)
    }
    prefixes = dict(re.findall(r"`(\w+)` ([\w ]+)", REGISTRY.partition("**Prefixes of text:**")[2].partition(".")[0]))
    assert set(prefixes) == constants
    assert person_text(bytes(32)).startswith("mp1")


def _spaced(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


def test_contents_actions_and_kinds_of_groups_are_those_of_the_code() -> None:
    assert words("Contents of letters") == {number: _spaced(kind.__name__) for number, kind in CONTENTS.items()}
    assert words("Actions of moves") == {action.value: action.name.lower() for action in Action}
    assert words("Kinds of notes") == {int(kind): kind.name.lower().replace("_", " ") for kind in NoteKind}
    assert words("Kinds of groups") == {int(kind): kind.name.lower() for kind in GroupKind}


def test_versions_and_algorithms_are_those_of_the_code() -> None:
    assert listed("Versions of the protocol") == ", ".join(map(str, VERSIONS))
    assert listed("Algorithms of reconciliation") == ", ".join(map(str, ALGORITHMS))


def test_domains_are_those_of_the_code() -> None:
    assert set(DOMAIN.findall(REGISTRY)) == domains_in("protocol", "meshnode")


def test_every_domain_that_the_specification_names_is_in_its_registry() -> None:
    named = re.findall(r"\"(meshnode [a-z0-9 ]+ v\d)\\0\"", SPECIFICATION)
    assert set(named) == set(DOMAIN.findall(REGISTRY))


def test_the_words_of_fingerprints_are_those_of_the_code() -> None:
    words_of_the_page = (ROOT / "protocol" / "fingerprint_words.txt").read_text(encoding="utf-8").splitlines()
    assert tuple(words_of_the_page) == protocol.fingerprint.WORDS
    assert len(set(words_of_the_page)) == 256
