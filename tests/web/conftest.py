"""Browsers on the pages of three neighbors."""

from __future__ import annotations

import pytest

from tests.app.neighbors import story
from tests.support.mesh import Mesh
from tests.web.plain_browser import PlainBrowser


@pytest.fixture
def mesh() -> Mesh:
    """Return an empty mesh."""
    return Mesh(11)


@pytest.fixture
async def browsers(mesh: Mesh) -> tuple[PlainBrowser, PlainBrowser, PlainBrowser]:
    """Return browsers that are signed in at the pages of Alice, Bob and Carol, who know each other through Bob."""
    alice, bob, carol = (PlainBrowser(neighbor.replica) for neighbor in story(mesh))
    for browser in (alice, bob, carol):
        await browser.sign_in()
    return alice, bob, carol
