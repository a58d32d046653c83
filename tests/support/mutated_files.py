"""The files that decide who may have what, and the tests that concern each of them: for `scripts/mutants code`."""

from __future__ import annotations


def _vectors(file: str) -> str:
    """Return the test that asks this implementation every question of a file of golden vectors."""
    return f"tests/protocol/test_conformance_harness.py::test_every_question_is_answered_as_the_vectors_say[{file}]"


_INGEST = (
    "tests/replica/test_ingest.py",
    "tests/replica/test_ingest_hostile.py",
    "tests/replica/test_refusals.py",
    "tests/replica/test_leaps.py",
    "tests/replica/test_competing.py",
    "tests/replica/test_dates.py",
    "tests/replica/test_gathering.py",
    "tests/replica/test_missed_versions.py",
    "tests/replica/test_missing_policies.py",
    "tests/replica/test_policy_pace.py",
    "tests/replica/test_quota.py",
    "tests/replica/test_refusal_memory.py",
    "tests/replica/test_versions_without_room.py",
    "tests/replica/test_revoked_invitations.py",
    "tests/replica/test_accounts.py",
    "tests/replica/test_decided_in_parts.py",
    "tests/replica/test_reevaluate.py",
    "tests/replica/test_taken_back.py",
    "tests/app/exchanges/test_counterparts.py",
    "tests/mesh/test_faults_in_records.py",
    "tests/mesh/test_no_room.py",
)
_SESSION = (_vectors("session.json"), "tests/protocol/session")
_SESSION_FILES = (
    "announcing",
    "greeting",
    "handover",
    "offers",
    "outbox",
    "peer_set",
    "rechecks",
    "reconciliation",
    "session",
    "states",
    "transfer",
    "unsolicited_headers",
)

CONCERNED = {
    "protocol/trust/visibility.py": (
        _vectors("visibility.json"),
        "tests/protocol/trust/test_visibility.py",
        "tests/replica/test_access.py",
    ),
    "protocol/trust/policies.py": (
        _vectors("policies.json"),
        "tests/protocol/trust/test_policies.py",
        "tests/protocol/trust/test_branches.py",
        "tests/protocol/trust/test_ended_entries.py",
        "tests/replica/test_many_devices.py",
    ),
    "protocol/records/record.py": (_vectors("record.json"), "tests/protocol/records"),
    "protocol/wire/reconcile.py": (_vectors("reconcile.json"), "tests/protocol/wire/test_reconcile.py"),
    "meshnode/replica/ingest.py": _INGEST,
    "meshnode/replica/judging.py": _INGEST,
    "meshnode/replica/keeping.py": _INGEST,
    "meshnode/replica/served_set.py": (
        "tests/replica/test_served_set.py",
        "tests/replica/test_served_set_decisions.py",
        "tests/replica/test_served_set_ended.py",
        "tests/replica/test_served_set_follows.py",
        "tests/replica/test_served_set_headers.py",
    ),
    **{f"protocol/session/{name}.py": _SESSION for name in _SESSION_FILES},
}
"""By file: paths of tests, or the names of single ones."""
