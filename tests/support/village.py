"""A node to attack, its honest friends, whom no attack may touch, and the conditions that must hold afterwards."""

from __future__ import annotations

from meshnode.app.peers.conversation import Conversation
from meshnode.store import RecordState
from protocol import Audience, Code, Record, RecordId
from tests.support.intruder import Intruder
from tests.support.mesh import Mesh, Node
from tests.support.mesh_people import befriend, post, sees
from tests.support.people import Person


class Village:
    """Alice's node, her friends Bob and Carol, in touch with her, and Mallory, whom she trusts as much."""

    def __init__(self, *records: Record) -> None:
        self.mesh = Mesh(31)
        for name in ("Alice", "Bob", "Carol"):
            self.mesh.add(name, audience=Audience.NETWORK_WIDE)
        befriend(self.mesh, "Alice", "Bob", 900, 900)
        befriend(self.mesh, "Alice", "Carol", 900, 900)
        for number in range(5):
            post(self.mesh, "Bob", f"Bob's {number}")
            post(self.mesh, "Alice", f"Alice's {number}")
        self.mesh.settle()
        self.alice: Node = self.mesh.nodes["Alice"]
        self.mallory = Intruder(self.mesh, self.alice, Person("Mallory"), records=records)
        self.mesh.settle()
        self._before = self.contents()

    def contents(self) -> dict[RecordId, int]:
        """Return all that Alice's node has in use, with its state."""
        return {row.id: row.state for row in self.alice.replica.store.records.rows()}

    def came(self) -> list[Record]:
        """Return the records that Alice's node has taken in, for use or as headers, since the village was built."""
        new = [record_id for record_id in self.contents() if record_id not in self._before]
        return self.alice.replica.store.records.get_many(new)

    def in_use(self, record: Record) -> bool:
        """Whether Alice's node serves and shows it."""
        return self.contents().get(record.id) == RecordState.LIVE

    def is_unharmed(self) -> bool:
        """Assert that everything acknowledged is still there, the database is sound, and the friends are still served."""
        lost = {record_id for record_id, state in self._before.items() if self.contents().get(record_id) != state}
        assert not lost, f"{len(lost)} records were lost or put out of use"
        checks = self.alice.replica.store._database.all("PRAGMA integrity_check")
        assert checks == [("ok",)]
        post(self.mesh, "Bob", "News for all")
        self.mesh.settle()
        assert "News for all" in sees(self.mesh, "Alice")
        assert "News for all" in sees(self.mesh, "Carol")
        known = {self.mesh.nodes[name].person for name in ("Bob", "Carol")}
        friends = [end for end in self.alice.conversations if end.peer in known]
        assert len(friends) == 2
        assert all(end.live and end.end is None for end in friends)
        return True

    def dropped(self, conversation: Conversation, code: Code) -> bool:
        """Whether this conversation was ended, by Alice's node, as the fault of Mallory and for this reason."""
        end = conversation.end
        assert end is not None, "still in touch with the offender"
        assert conversation.peer in {None, self.mallory.person.id}
        assert (end.code, end.fault) == (code, True), end
        return True
