"""What tests of letters share: who has read what."""

from __future__ import annotations

import pytest

from meshnode.app.exchanges import incoming
from meshnode.replica.replica import Replica
from protocol.letters import Introduction, OpenedLetter


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[tuple[bytes, str]]:
    """Who has read what, in place of what introductions do: device and message."""
    read: list[tuple[bytes, str]] = []

    def note(replica: Replica, opened: OpenedLetter) -> None:
        assert isinstance(opened.content, Introduction)
        read.append((replica.device, opened.content.message))

    monkeypatch.setitem(incoming.HANDLERS, Introduction, note)
    return read
