"""Ports for tests whose node goes away and comes back: those from 4747 on are drawn by every other test at work meanwhile."""

import pytest

from bench.daemon import free_port


@pytest.fixture
def ports_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nodes draw from a port on that no other test takes while one of them is away."""
    monkeypatch.setattr("meshnode.net.listener.DEFAULT_PORT", free_port())
