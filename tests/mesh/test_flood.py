"""A member of the web who sends ever more records that nobody wants."""

from __future__ import annotations

import pytest

from meshnode.app.peers.conversation import Conversation
from meshnode.store import RecordState
from protocol import Code, limits
from tests.support.mesh import Mesh
from tests.support.mesh_people import befriend
from tests.support.people import Person

CROWD = 40


def test_a_session_ends_that_brings_more_than_it_may_of_what_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "REFUSED_A_SESSION_MAX", CROWD // 2)
    monkeypatch.setattr(limits, "GRAPH_RECORDS_MAX", 9)
    mesh = Mesh(4)
    alice, mallory = mesh.add("Alice"), mesh.add("Mallory")
    now = alice.replica.clock.now()
    made_up = [Person(f"nobody {number}") for number in range(CROWD)]
    with mallory.replica.store.transaction():
        for one in made_up:
            for record in (one.certificate(now), one.policy({alice.person: 1000}, now=now)):
                mallory.replica.store.records.put(record, state=RecordState.LIVE, received_from=None, arrived=now)
    mallory.replica.trust_state.load(mallory.replica.store)
    said: list[Code] = []
    close = Conversation.close

    def noted(talk: Conversation, code: Code = Code.CLOSING) -> None:
        said.append(code)
        close(talk, code)

    monkeypatch.setattr(Conversation, "close", noted)
    befriend(mesh, "Alice", "Mallory", 900, 900)
    mesh.settle()
    assert len(alice.replica.trust_state.people()) < CROWD
    assert set(said) == {Code.BUSY}
