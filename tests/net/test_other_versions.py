"""Nodes with real sockets whose versions have no protocol in common: both owners are told what to do, and nobody is blamed."""

from __future__ import annotations

import trio

from meshnode.app.explain.doctor import look_at_person
from meshnode.app.explain.status import problems
from meshnode.net.dial_outcome import DialOutcome
from protocol import person_text
from tests.support.network import connect, start, until
from tests.support.newer_versions import nothing_in_common


async def test_status_says_whose_node_has_another_version_until_both_understand_each_other(
    nursery: trio.Nursery,
) -> None:
    alice, bob = await start(nursery, "Alice"), await start(nursery, "Bob")
    await connect(alice, bob)
    assert not alice.network.state().other_versions

    with nothing_in_common():
        for link in alice.network.links:
            link.drop()
        await until(lambda: not alice.network.links, "the connection is lost")
        alice.network.look_again()
        await until(lambda: alice.network.state().other_versions, "Alice has called a node of another version")
        state = alice.network.state()
        [told] = [one for one in problems(alice.replica, state) if one.code == "other_version"]
        assert told.about == (person_text(bob.replica.me),)
        assert "update meshnode here, and ask Bob" in told.hint
        attempts = alice.network.attempts(bob.replica.me)
        assert attempts[-1].outcome == DialOutcome.OTHER_VERSION.value
        found = look_at_person(alice.replica, bob.replica.me, state, attempts)
        assert [finding.code for finding in found.findings].count("other_version") == 1
        assert not alice.network.state().misbehaving
        assert not bob.network.state().misbehaving
    alice.network.look_again()
    await until(lambda: alice.network.state().peers, "they are connected again")
    assert not alice.network.state().other_versions
