"""Calls the APIs of three nodes, and checks after each test that every answer fits the OpenAPI description."""

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
    """Return an empty mesh."""
    return Mesh(11)


@pytest.fixture
def callers(mesh: Mesh) -> Iterator[tuple[Caller, Caller, Caller]]:
    """Yield callers of the APIs of Alice, Bob and Carol; after the test, compare all their answers with the description."""
    alice, bob, carol = (Caller(neighbor.replica) for neighbor in story(mesh))
    yield alice, bob, carol
    for caller in (alice, bob, carol):
        caller.context.parcels.close()
    document = openapi_document()
    answers = [*alice.answers, *bob.answers, *carol.answers]
    wrong = [fault for method, path, answer in answers for fault in misfits(document, method, path, answer)]
    assert not wrong


@pytest.fixture
def alice(callers: tuple[Caller, Caller, Caller]) -> Caller:
    """Return the caller of Alice's API."""
    return callers[0]
