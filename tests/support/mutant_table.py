"""The deliberate bugs that tests must notice: each a patch of one place in the program, under the name of what it breaks.

A patch names its file and the text that it replaces, which must occur there exactly once. A test applies them all, so
that none goes stale when the program changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


class StalePatch(Exception):
    """The text that a mutation replaces is not in its file exactly once."""


@dataclass(frozen=True)
class Mutation:
    """A bug: `old` becomes `new` in `file`. `breaks` says which rule no longer holds."""

    name: str
    breaks: str
    file: str
    old: str
    new: str
    test: str = ""
    """The tests that must notice it; empty: the simulated worlds must."""

    def apply(self, root: Path) -> None:
        """Put the bug into the tree at `root`. StalePatch where the program has changed since it was written."""
        path = root / self.file
        source = path.read_text(encoding="utf-8")
        if source.count(self.old) != 1:
            raise StalePatch(f"{self.name}: {source.count(self.old)} times in {self.file}: {self.old!r}")
        path.write_text(source.replace(self.old, self.new), encoding="utf-8")


MUTATIONS = (
    Mutation(
        "consent-when-giving",
        "consent is asked for again when a record is given",
        "meshnode/replica/served_set.py",
        "return (row.created, row.id) in self._lent or self._allows(served_key(row))",
        "return True",
    ),
    Mutation(
        "copies-kept",
        "copies are dropped when their holder's standing is lost",
        "meshnode/replica/reevaluate.py",
        "        self._store.records.drop_bodies([row.id for row in dropped])\n        return dropped, left\n",
        "        return [], left\n",
    ),
    Mutation(
        "tombstone-early",
        "a tombstone stays as long as an older version can come back",
        "meshnode/store/versions.py",
        "            return max(self.guards_until + self._grace, self.arrived + (2 if self._came_late else 1) * self._grace)",
        "            return self.arrived + limits.SUSPENDED_LIFE",
    ),
    Mutation(
        "older-on-equal-stamp",
        "of two entries with one stamp, the one that gives less holds",
        "protocol/trust/policies.py",
        "return vouch.stamp, -vouch.weight",
        "return vouch.stamp, vouch.weight",
    ),
    Mutation(
        "block-ends-on-equal-stamp",
        "of a block and its end with one stamp, the block holds",
        "protocol/trust/policies.py",
        "return block.stamp, block.blocked",
        "return block.stamp, not block.blocked",
    ),
    Mutation(
        "policy-not-waited-for",
        "a record waits for the policy that it was made under",
        "meshnode/replica/access.py",
        "if policy_version > self.newest_decidable(author, device):",
        "if self.newest_decidable(author, device) == NOTHING_DECIDABLE:",
    ),
    Mutation(
        "doubt-is-no",
        "only positive evidence takes a record away",
        "meshnode/replica/access.py",
        "            and self._in_graph(doubtful, viewer, key) is not Access.DENY\n        ):\n            return Access.UNKNOWN",
        "            and self._in_graph(doubtful, viewer, key) is not Access.DENY\n        ):\n            return Access.DENY",
    ),
    Mutation(
        "revoked-kept",
        "everything that a revoked device wrote is void",
        "meshnode/replica/keeping.py",
        "        self._store.records.delete([row.id for row in void])\n        batch.ended += void",
        "        del void",
    ),
    Mutation(
        "header-not-shown",
        "those who lose a record are shown the header that takes it back",
        "meshnode/replica/served_set.py",
        "delta.newer = [*self._superseding(ended, newest), *self._newest_policies(hidden)]",
        "delta.newer = []",
    ),
    Mutation(
        "uncertified-header",
        "a header of a device that nobody certified supersedes nothing",
        "meshnode/replica/judging.py",
        "        if not self.is_proved(header, batch):\n",
        "        if not (self.is_proved(header, batch) or record.header_only):\n",
    ),
    Mutation(
        "older-version-in-use",
        "a version that a newer header forbids is out of use",
        "meshnode/store/records.py",
        "        if new.version < newest.min_valid_version:\n            values[_STATE]",
        "        if new.version < 0:\n            values[_STATE]",
    ),
    Mutation(
        "pending-kept-waiting",
        "what waited for a policy is used when the policy comes",
        "meshnode/replica/reevaluate.py",
        "                return RecordState.LIVE if decision is Access.ALLOW else RecordState.PENDING",
        "                return RecordState.PENDING",
    ),
    Mutation(
        "path-through-enemies",
        "no path runs through people who are blocked either way with one of its ends",
        "protocol/trust/graph.py",
        "banned = self._all_blocked_either_way(at)\n        search",
        "banned = frozenset[int]()\n        search",
    ),
    Mutation(
        "narrower-is-harmless",
        "a narrower preference takes older policies out of use",
        "protocol/trust/policies.py",
        "return lowered or weak or blocked or _narrower(old.preference, new.preference)",
        "return lowered or weak or blocked",
    ),
    Mutation(
        "withdrawal-refused",
        "a withdrawal is taken by those who may no longer have the record",
        "meshnode/replica/judging.py",
        "        if header.kind == Kind.POLICY or takes_back:\n",
        "        if record.withdrawn and self._decisions[key_of(header, body)] is Access.DENY:\n"
        "            return None\n        if header.kind == Kind.POLICY or takes_back:\n",
    ),
)
"""Those that the simulated worlds must notice, without being told which one there is."""

TESTED = (
    Mutation(
        "uncertified-header-tested",
        "a header of a device that nobody certified supersedes nothing",
        "meshnode/replica/judging.py",
        "        if not self.is_proved(header, batch):\n",
        "        if not (self.is_proved(header, batch) or record.header_only):\n",
        "tests/replica/test_ingest_hostile.py",
    ),
    Mutation(
        "news-lost",
        "what comes while a comparison runs is announced afterwards",
        "protocol/session/peer_set.py",
        "            if self._coming_news.has(number):\n                self._news.add(number)\n        for",
        "        for",
        "tests/protocol/session/test_live.py",
    ),
    Mutation(
        "no-second-comparison",
        "the sets are compared again while a session is live",
        "protocol/session/session.py",
        "self._rechecks.is_due(self._now):\n                    self.recheck(now)",
        "self._rechecks.is_due(self._now):\n                    pass",
        "tests/protocol/session/test_live.py",
    ),
    Mutation(
        "commit-not-synced",
        "what was acknowledged is on the disk",
        "meshnode/store/database.py",
        '"synchronous", "FULL"',
        '"synchronous", "NORMAL"',
        "tests/store/test_power_cuts.py",
    ),
    Mutation(
        "mark-not-raised",
        "a node whose disk has lost what others hold signs nothing under its old key",
        "meshnode/store/store.py",
        "            self._watermark.raise_to(mark)\n",
        "            pass\n",
        "tests/store/test_power_cuts.py",
    ),
    Mutation(
        "acknowledged-too-early",
        "a post is committed before it is acknowledged",
        "meshnode/store/database.py",
        '            self.run("COMMIT")\n        except',
        '            self.run("COMMIT" if self._connection.total_changes() % 5 else "ROLLBACK")\n        except',
        "tests/meshnode/test_kills.py",
    ),
)
"""Those that a test of their own must notice."""
