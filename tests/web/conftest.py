"""Browsers on the pages of three neighbors, and the node of one for a real browser."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from meshnode.replica.replica import Replica
from tests.app.neighbors import story
from tests.support.mesh import Mesh
from tests.web.plain_browser import PlainBrowser


@pytest.fixture
def mesh() -> Mesh:
    """Return an empty mesh."""
    return Mesh(11)


@pytest.fixture
async def browsers(mesh: Mesh) -> AsyncGenerator[tuple[PlainBrowser, PlainBrowser, PlainBrowser], None]:
    """Return browsers that are signed in at the pages of Alice, Bob and Carol, who know each other through Bob."""
    alice, bob, carol = (PlainBrowser(neighbor.replica) for neighbor in story(mesh))
    for browser in (alice, bob, carol):
        await browser.sign_in()
    yield alice, bob, carol
    for browser in (alice, bob, carol):
        browser.context.parcels.close()


@pytest.fixture
def alice() -> Replica:
    """Return the replica of Alice, who knows Carol through Bob; Carol has posted a drill."""
    alice, _, carol = story(mesh := Mesh(11))
    carol.post("Drill", category="tools", audience="network_wide")
    mesh.settle()
    return alice.replica
