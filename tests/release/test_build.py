"""What `scripts/package` builds: the same bytes each time, everything that the program reads, and nothing of this machine."""

from __future__ import annotations

import json
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.markers import Marker

from meshnode import __version__
from release.deb import debian_version
from release.lock import ROOT, Pin, Target, needed, pins
from release.sbom import license_of
from release.wheels import Wheel, unpack
from tests.house.test_tree import MACHINE_PATHS, REGISTRIES

CODE_AND_DATA = ("meshnode", "protocol")


def test_two_builds_write_the_same_bytes(built: dict[str, Path], built_again: dict[str, Path]) -> None:
    assert set(built) == {"whl", "gz", "deb", "json", "SHA256SUMS"}
    assert built["deb"].parent != built_again["deb"].parent
    # The sums are of all other files.
    assert built["SHA256SUMS"].read_text() == built_again["SHA256SUMS"].read_text()


def test_the_wheel_has_every_file_of_the_program_and_no_other(built: dict[str, Path]) -> None:
    with zipfile.ZipFile(built["whl"]) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert packed == set(tracked(*CODE_AND_DATA))


def test_the_sdist_has_what_it_takes_to_build_and_test_it(built: dict[str, Path]) -> None:
    with tarfile.open(built["gz"]) as archive:
        packed = {name.partition("/")[2] for name in archive.getnames()}
    left_out = {path for path in tracked(".") if path not in packed}
    assert left_out <= {".gitignore"}


def tracked(*under: str) -> list[str]:
    """Return the files that git would add or has, below these directories."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *under]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()


def test_what_is_built_names_no_path_of_this_machine_and_no_registry(built: dict[str, Path], tmp_path: Path) -> None:
    subprocess.run(["dpkg-deb", "--raw-extract", built["deb"], tmp_path / "deb"], check=True)
    ours = [*(tmp_path / "deb" / "DEBIAN").iterdir(), *(tmp_path / "deb" / "usr" / "share").rglob("*")]
    ours += [*(tmp_path / "deb" / "usr" / "lib" / "meshnode").glob("python*/*"), built["json"], built["SHA256SUMS"]]
    ours += [*(tmp_path / "deb" / "usr" / "lib" / "meshnode" / "shared" / "meshnode").rglob("*.py")]
    texts = {path: path.read_text(encoding="utf-8", errors="replace") for path in ours if path.is_file()}
    assert len(texts) > 100
    here = str(ROOT)
    assert not [
        path for path, text in texts.items() if here in text or MACHINE_PATHS.search(text) or REGISTRIES.search(text)
    ]


def test_the_bill_of_materials_is_one_by_the_schema_of_cyclonedx(built: dict[str, Path]) -> None:
    schema, bill = JsonStrictValidator(SchemaVersion.V1_6), built["json"].read_text()
    assert schema.validate_str(bill) is None
    assert schema.validate_str(bill.replace('"library"', '"bookshelf"')) is not None


def test_the_bill_of_materials_names_every_library_with_its_license_and_hashes_of_the_lock(
    built: dict[str, Path],
) -> None:
    bill = json.loads(built["json"].read_text())
    assert (bill["metadata"]["component"]["name"], bill["metadata"]["component"]["version"]) == (
        "meshnode",
        __version__,
    )
    libraries = bill["components"]
    references = {each["bom-ref"] for each in libraries}
    assert {(each["name"], each["version"]) for each in libraries} == {(pin.name, pin.version) for pin in pins()}
    hashes = {pin.name: pin.hashes for pin in pins()}
    for each in libraries:
        assert each["type"] == "library"
        assert each["licenses"]
        assert each["components"]
        for file in each["components"]:
            assert (file["type"], file["hashes"][0]["alg"]) == ("file", "SHA-256")
            assert file["hashes"][0]["content"] in hashes[each["name"]]
    (program,) = [each for each in bill["dependencies"] if each["ref"] == bill["metadata"]["component"]["bom-ref"]]
    assert set(program["dependsOn"]) == references


def test_a_library_for_some_pythons_only_is_taken_for_those() -> None:
    always = Pin("always", "1", None, ("0" * 64,))
    old = Pin("old", "1", Marker("python_version < '3.12'"), ("0" * 64,))
    arm = Pin("arm", "1", Marker("platform_machine == 'aarch64' and sys_platform == 'linux'"), ("0" * 64,))
    every = [always, old, arm]
    assert needed(every, Target("amd64", "3.11")) == [always, old]
    assert needed(every, Target("arm64", "3.11")) == every
    assert needed(every, Target("arm64", "3.12")) == [always, arm]


def test_a_lock_with_a_line_that_pins_nothing_is_refused(tmp_path: Path) -> None:
    lock = tmp_path / "lock.txt"
    for line in ("trio>=1 \\\n    --hash=sha256:" + "0" * 64, "trio==1 \\\n    # via meshnode", "trio==1"):
        lock.write_text(f"# made by a tool\nanyio==4 \\\n    --hash=sha256:{'1' * 64}\n{line}\n")
        with pytest.raises(ValueError, match="pins nothing by hash"):
            pins(lock)


@pytest.mark.parametrize("name", ["../outside.py", "/outside.py", "a.data/purelib/inside.py"])
def test_a_wheel_that_writes_elsewhere_is_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / "a-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, "x")
    with pytest.raises(ValueError, match="belongs to no directory of packages"):
        unpack(path, tmp_path / "deep" / "site")
    assert [each.name for each in tmp_path.rglob("*.py")] == []


@pytest.mark.parametrize(
    ("lines", "license_"),
    [
        ("License-Expression: MIT OR Apache-2.0\nLicense: BSD License", "MIT OR Apache-2.0"),
        ("License: BSD License", "BSD-3-Clause"),
        ("Classifier: License :: OSI Approved :: MIT License", "MIT"),
    ],
)
def test_a_license_is_found_where_the_library_names_it(lines: str, license_: str, tmp_path: Path) -> None:
    path = tmp_path / "a-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a-1.dist-info/METADATA", f"Metadata-Version: 2.4\nName: a\nVersion: 1\n{lines}\n\nText")
    assert license_of(Wheel(path, Pin("a", "1", None, ()), "")) == license_


def test_a_version_before_a_release_sorts_before_it() -> None:
    versions = ["0.2.0.dev1", "0.2.0a1", "0.2.0rc2", "0.2.0"]
    assert [debian_version(version) for version in versions] == ["0.2.0~dev1", "0.2.0~a1", "0.2.0~rc2", "0.2.0"]
