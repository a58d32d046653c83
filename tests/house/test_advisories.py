"""No locked library has a known advisory, and none that has one may be taken in an older version."""

from __future__ import annotations

import json
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.support import audit
from tests.support.audit import Advisory, Finding

PROJECT = tomllib.loads((audit.ROOT / "pyproject.toml").read_text(encoding="utf-8"))
REQUIREMENTS = [
    Requirement(line) for line in (*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["dev"])
]
UNFIXED = Advisory("CVE-1", "h2", (("4.0", None),))


def lowest(package: str) -> Version:
    """Return the lowest version of a library that the project allows; 0 if it says nothing about it."""
    bounds = [
        Version(clause.version.removesuffix(".*"))
        for one in REQUIREMENTS
        if canonicalize_name(one.name) == package
        for clause in one.specifier
        if clause.operator in (">=", "==")
    ]
    return min(bounds, default=Version("0"))


def test_no_locked_version_has_a_stored_advisory() -> None:
    assert not audit.findings(audit.pins(), audit.stored())


def test_the_lower_bounds_are_past_every_stored_advisory() -> None:
    locked = {name for name, _ in audit.pins()}
    too_low = [
        f"{one.package}>={lowest(one.package)}: {one.id}"
        for one in audit.stored()
        if one.package in locked and not one.accepted and one.concerns(str(lowest(one.package)))
    ]
    assert not too_low, "raise these in pyproject.toml, then run scripts/lock"


def test_the_advisories_that_the_bounds_were_raised_for_are_stored() -> None:
    known = {(one.package, one.id) for one in audit.stored()}
    assert {
        ("starlette", "CVE-2025-62727"),
        ("pynacl", "CVE-2025-69277"),
        ("h2", "CVE-2025-57804"),
        ("h11", "CVE-2025-43859"),
    } <= known


def test_a_version_is_affected_from_the_first_up_to_the_fixed_one() -> None:
    advisory = Advisory("CVE-1", "starlette", (("0.39.0", "0.49.1"), ("1.0", None)))
    assert [
        version for version in ("0.38", "0.39.0", "0.49.0", "0.49.1", "1.0rc1", "1.10") if advisory.concerns(version)
    ] == [
        "0.39.0",
        "0.49.0",
        "1.10",
    ]
    assert not Advisory("CVE-1", "starlette", ()).concerns("1.0")


def test_an_advisory_about_a_locked_version_is_found_unless_it_is_accepted() -> None:
    locked = frozenset({("h2", "4.4.1"), ("h11", "0.16.0")})
    assert audit.findings(locked, [UNFIXED]) == [Finding("h2", "4.4.1", "CVE-1")]
    assert not audit.findings(locked, [Advisory("CVE-1", "h2", (("4.0", None),), "we have no HTTP/2")])
    assert not audit.findings(
        locked, [Advisory("CVE-2", "h2", (("4.0", "4.4"),)), Advisory("CVE-3", "rich", (("0", None),))]
    )


def test_every_pin_of_both_locks_is_read() -> None:
    locked = audit.pins()
    for lock in audit.LOCKS:
        lines = [
            line for line in lock.read_text(encoding="utf-8").splitlines() if "==" in line and not line.startswith("#")
        ]
        assert len(lines) > 30
        assert {canonicalize_name(line.split("==")[0]) for line in lines} <= {name for name, _ in locked}


# --- asking OSV ------------------------------------------------------------------------------------------------------


@contextmanager
def osv(answers: dict[str, Any]) -> Iterator[str]:
    """Serve an OSV that knows about some libraries; yields its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path.endswith("/querybatch"):
                body: Any = {"results": [self.known(one) for one in asked["queries"]]}
            else:
                body = self.known(asked)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def known(self, query: dict[str, Any]) -> dict[str, Any]:
            found = answers.get(query["package"]["name"])
            return {"vulns": found} if found else {}

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def entry(package: str, *events: dict[str, str], **fields: Any) -> dict[str, Any]:
    """Return an advisory in OSV's form."""
    affected = [{"package": {"name": package}, "ranges": [{"type": "ECOSYSTEM", "events": list(events)}]}]
    return {"id": "GHSA-1", "affected": affected, **fields}


def test_what_osv_knows_about_a_locked_version_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    with osv({"trio": [{"id": "GHSA-1"}]}) as address:
        assert audit.main(["--osv", address]) == 1
        assert "trio" in capsys.readouterr().out
        assert audit.main(["--stored", "--osv", address]) == 0
    with osv({}) as address:
        assert audit.main(["--osv", address]) == 0
    assert "and OSV: 0 found" in capsys.readouterr().out


def test_without_osv_the_stored_advisories_are_looked_at_and_that_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert audit.main(["--osv", "http://127.0.0.1:9/v1"]) == 0
    told = capsys.readouterr()
    assert "OSV does not answer" in told.err
    assert "stored advisories: 0 found" in told.out


def test_what_osv_knows_is_stored_with_the_reasons_that_were_given_before(tmp_path: Path) -> None:
    path = tmp_path / "advisories.json"
    audit.write([Advisory("CVE-9", "trio", (("0", "0.1"),), "only for Windows")], path)
    spans = ({"introduced": "0"}, {"fixed": "0.1"}, {"introduced": "0.5"})
    answers = {
        "trio": [entry("trio", *spans, aliases=["PYSEC-1", "CVE-9"])],
        "h2": [entry("H2", *spans[:2], withdrawn="2026-01-01"), entry("h2", *spans[:2]), entry("h3", *spans)],
    }
    with osv(answers) as address:
        audit.write(audit.fetch({"trio", "h2", "rich"}, address), path)
    assert audit.stored(path) == [
        Advisory("GHSA-1", "h2", (("0", "0.1"),)),
        Advisory("CVE-9", "trio", (("0", "0.1"), ("0.5", None)), "only for Windows"),
    ]
