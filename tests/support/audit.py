"""Compares the locked libraries with known advisories: `scripts/audit`.

OSV (osv.dev) is asked where it can be reached. `requirements/advisories.json` is what it has said before; with it alone, the
same check runs without a network, in the tests too. An advisory that does not concern this program may stay open for a
while: its entry there says in `accepted` why.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import urllib.request
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
STORED = ROOT / "requirements" / "advisories.json"
LOCKS = tuple(ROOT / "requirements" / f"{name}.txt" for name in ("run", "dev"))
OSV = "https://api.osv.dev/v1"
ECOSYSTEM = "PyPI"
ANSWER_SECONDS = 20.0
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;]+)", re.MULTILINE)

Pins = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Advisory:
    """One advisory about one library: the spans of versions that it is about, each up to the version that fixed it."""

    id: str
    package: str
    affected: tuple[tuple[str, str | None], ...]
    accepted: str = ""
    """Why it may stay open, if it may."""

    def concerns(self, version: str) -> bool:
        """Whether it is about this version."""
        tried = Version(version)
        return any(
            Version(first) <= tried and (fixed is None or tried < Version(fixed)) for first, fixed in self.affected
        )


@dataclass(frozen=True)
class Finding:
    """A locked version that an advisory is about."""

    package: str
    version: str
    advisory: str


def pins(locks: Iterable[Path] = LOCKS) -> Pins:
    """Return what is locked: the names and versions of all libraries."""
    found = (PIN.findall(lock.read_text(encoding="utf-8")) for lock in locks)
    return frozenset((canonicalize_name(name), version) for lock in found for name, version in lock)


def stored(path: Path = STORED) -> list[Advisory]:
    """Return the advisories in the repository."""
    return [
        Advisory(
            one["id"],
            one["package"],
            tuple((first, fixed) for first, fixed in one["affected"]),
            one.get("accepted", ""),
        )
        for one in json.loads(path.read_text(encoding="utf-8"))
    ]


def findings(locked: Pins, advisories: Iterable[Advisory]) -> list[Finding]:
    """Return which of these advisories are about a locked version, and are not accepted."""
    by_package: dict[str, list[str]] = {}
    for package, version in locked:
        by_package.setdefault(package, []).append(version)
    return sorted(
        (
            Finding(one.package, version, one.id)
            for one in advisories
            for version in by_package.get(one.package, ())
            if one.concerns(version) and not one.accepted
        ),
        key=lambda finding: (finding.package, finding.advisory),
    )


def ask(locked: Pins, osv: str = OSV) -> list[Finding]:
    """Return what OSV knows about the locked versions. OSError or ValueError if it does not answer."""
    asked = sorted(locked)
    queries = [{"package": {"name": name, "ecosystem": ECOSYSTEM}, "version": version} for name, version in asked]
    results = _post(f"{osv}/querybatch", {"queries": queries})["results"]
    return [
        Finding(name, version, found["id"])
        for (name, version), result in zip(asked, results, strict=True)
        for found in result.get("vulns", ())
    ]


def fetch(packages: Iterable[str], osv: str = OSV) -> list[Advisory]:
    """Return all that OSV knows about these libraries, whichever their versions. OSError or ValueError as for `ask`."""
    return [
        advisory
        for name in sorted(set(packages))
        for found in _post(f"{osv}/query", {"package": {"name": name, "ecosystem": ECOSYSTEM}}).get("vulns", ())
        if (advisory := _advisory(name, found)) is not None
    ]


def write(advisories: Iterable[Advisory], path: Path = STORED) -> None:
    """Store these advisories, one a line, and keep why one of before was accepted."""
    accepted = {(one.package, one.id): one.accepted for one in (stored(path) if path.exists() else ())}
    lines = []
    for one in sorted(set(advisories), key=lambda one: (one.package, one.id, one.affected)):
        entry: dict[str, Any] = {"id": one.id, "package": one.package, "affected": one.affected}
        if reason := one.accepted or accepted.get((one.package, one.id)):
            entry["accepted"] = reason
        lines.append(json.dumps(entry))
    path.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")


def _advisory(package: str, found: dict[str, Any]) -> Advisory | None:
    """Return an advisory as the OSV schema has it, under its CVE number if it has one; None if it was withdrawn."""
    if "withdrawn" in found:
        return None
    spans: list[tuple[str, str | None]] = []
    for affected in found.get("affected", ()):
        if canonicalize_name(affected.get("package", {}).get("name", "")) == package:
            for span in affected.get("ranges", ()):
                spans += _spans(span) if span.get("type") == "ECOSYSTEM" else []
    numbers = [alias for alias in found.get("aliases", ()) if alias.startswith("CVE-")]
    return Advisory((numbers or [found["id"]])[0], package, tuple(spans)) if spans else None


def _spans(span: dict[str, Any]) -> list[tuple[str, str | None]]:
    spans: list[tuple[str, str | None]] = []
    first: str | None = None
    for event in span["events"]:
        if "introduced" in event:
            first = event["introduced"]
        elif "fixed" in event and first is not None:
            spans.append((first, event["fixed"]))
            first = None
    return spans if first is None else [*spans, (first, None)]


def _post(url: str, body: dict[str, Any]) -> Any:
    request = urllib.request.Request(  # noqa: S310 - the addresses are ours
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:  # noqa: S310 - likewise
        return json.loads(answer.read())


def main(arguments: Sequence[str] | None = None) -> int:
    """Say what is found, and return 1 if an advisory is about a locked version."""
    parser = argparse.ArgumentParser(prog="scripts/audit", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--stored", action="store_true", help="compare with the stored advisories alone")
    parser.add_argument("--update", action="store_true", help="store what OSV knows about the locked libraries")
    parser.add_argument("--osv", default=OSV, help=argparse.SUPPRESS)
    wanted = parser.parse_args(arguments)
    locked = pins()
    if wanted.update:
        write(fetch((name for name, _ in locked), wanted.osv))
    known = stored()
    found = findings(locked, known)
    source = f"{len(known)} stored advisories"
    if not wanted.stored:
        accepted = {(one.package, one.id) for one in known if one.accepted}
        try:
            found += [one for one in ask(locked, wanted.osv) if (one.package, one.advisory) not in accepted]
            source += " and OSV"
        except (OSError, ValueError, KeyError) as error:
            sys.stderr.write(f"audit: OSV does not answer ({error}); only the stored advisories are looked at\n")
    for one in found:
        sys.stdout.write(f"{one.package} {one.version}: {one.advisory}\n")
    sys.stdout.write(f"audit: {len(locked)} locked libraries, {source}: {len(found)} found\n")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
