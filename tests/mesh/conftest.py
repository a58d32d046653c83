"""Records which device has read which message, for the tests of letters."""

from __future__ import annotations

import pytest

from meshnode.app.exchanges import incoming
from meshnode.replica.replica import Replica
from protocol.letters import Introduction, OpenedLetter


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[tuple[bytes, str]]:
    """Collects (device, message) for every letter opened, in place of the handler of introductions."""
    read: list[tuple[bytes, str]] = []

    def note(replica: Replica, opened: OpenedLetter) -> bool:
        assert isinstance(opened.content, Introduction)
        read.append((replica.device, opened.content.message))
        return True

    monkeypatch.setitem(incoming.HANDLERS, Introduction, note)
    return read
