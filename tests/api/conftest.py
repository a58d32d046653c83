"""Three callers of three nodes, in whose every answer the description of the API is held to its word."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from meshnode.api.app import openapi_document
from tests.api.context import Caller
from tests.api.fits import misfits
from tests.app.neighbors import story
from tests.support.mesh import Mesh


@pytest.fixture
def mesh() -> Mesh:
    """An empty mesh."""
    return Mesh(11)


@pytest.fixture
def callers(mesh: Mesh) -> Iterator[tuple[Caller, Caller, Caller]]:
    """The APIs of Alice, Bob and Carol. After the test, whatever they answered must fit what they promise."""
    alice, bob, carol = (Caller(neighbor.replica) for neighbor in story(mesh))
    yield alice, bob, carol
    document = openapi_document()
    answers = [*alice.answers, *bob.answers, *carol.answers]
    wrong = [fault for method, path, answer in answers for fault in misfits(document, method, path, answer)]
    assert not wrong


@pytest.fixture
def alice(callers: tuple[Caller, Caller, Caller]) -> Caller:
    """Alice's API."""
    return callers[0]
