"""Writes the bill of materials (CycloneDX): the locked libraries with their licenses, and the wheels with their hashes.

It has no random number and no time but that of the commit, so that two builds write the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from release.wheels import Wheel, metadata

_CLASSIFIER = "License :: "

# What libraries write, as SPDX has it.
_SPDX = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
}
# These name none that says anything; this is what the text of the license in their wheels is.
_READ = {"apsw-sqlite3mc": "Zlib", "pyrage": "MIT"}


def written(goal: Path, *, version: str, license_: str, wheels: Iterable[Wheel], epoch: int) -> None:
    """Write the bill of materials of this version, with all wheels of all targets. `epoch` is in UNIX seconds."""
    program = Component(
        type=ComponentType.APPLICATION,
        name="meshnode",
        version=version,
        bom_ref=f"meshnode@{version}",
        licenses=[LicenseFactory().make_from_string(license_)],
    )
    bom = Bom(serial_number=uuid5(NAMESPACE_URL, f"meshnode@{version}@{epoch}"))
    bom.metadata.timestamp = datetime.fromtimestamp(epoch, UTC)
    bom.metadata.component = program
    libraries: dict[str, Component] = {}
    for wheel in sorted({wheel.sha256: wheel for wheel in wheels}.values(), key=lambda wheel: wheel.path.name):
        pin = wheel.pin
        library = libraries.setdefault(pin.name, _library(wheel))
        library.components.add(
            Component(
                type=ComponentType.FILE,
                name=wheel.path.name,
                bom_ref=wheel.path.name,
                hashes=[HashType(alg=HashAlgorithm.SHA_256, content=wheel.sha256)],
            )
        )
    for library in libraries.values():
        bom.components.add(library)
    bom.register_dependency(program, libraries.values())
    goal.write_text(JsonV1Dot6(bom).output_as_string(indent=2) + "\n", encoding="utf-8")


def _library(wheel: Wheel) -> Component:
    pin = wheel.pin
    return Component(
        type=ComponentType.LIBRARY,
        name=pin.name,
        version=pin.version,
        bom_ref=f"{pin.name}@{pin.version}",
        purl=PackageURL("pypi", None, pin.name, pin.version),
        licenses=[LicenseFactory().make_from_string(license_of(wheel))],
    )


def license_of(wheel: Wheel) -> str:
    """Return the license that a library names: as an expression, in a line, or by its classifiers. ValueError if by none."""
    if wheel.pin.name in _READ:
        return _READ[wheel.pin.name]
    about = metadata(wheel.path)
    line = str(about["License"] or "").strip()
    classified = [
        str(value).rpartition(" :: ")[2]
        for value in about.get_all("Classifier", [])
        if str(value).startswith(_CLASSIFIER)
    ]
    # Some put the whole text of a license into the line.
    named = [str(about["License-Expression"] or "") or ("" if "\n" in line else line)]
    found = [_SPDX.get(name, name) for name in (named if named[0] else sorted(classified))]
    if not found:
        raise ValueError(f"{wheel.path.name} names no license")
    return " AND ".join(found)
