"""The device that brings up a text of the owner's profile answers for it, and not one that repeats it."""

from __future__ import annotations

import pytest

from meshnode.store import Store
from meshnode.store.profile_texts import ProfileTexts
from protocol import DeviceId, Profile

LAPTOP, PI, PHONE = (DeviceId(bytes([number]) * 32) for number in (1, 2, 3))


@pytest.fixture
def texts() -> ProfileTexts:
    return Store.open(":memory:").profile_texts


def says(texts: ProfileTexts, device: DeviceId, version: int, name: str, *revoked: DeviceId) -> None:
    """Let a device write a profile with this name."""
    texts.note(device, version, Profile(bytes(16), name, presence_key=bytes(32)), revoked)


def test_the_latest_text_of_a_device_that_is_not_revoked_holds(texts: ProfileTexts) -> None:
    says(texts, LAPTOP, 1, "Alice")
    says(texts, PHONE, 2, "Alice B")
    says(texts, PI, 3, "Mallory")
    assert texts.latest("name", [PI]) == "Alice B"
    assert texts.latest("name", [PI, PHONE]) == "Alice"
    assert texts.latest("name", []) == "Mallory"


def test_a_text_that_is_only_repeated_stays_that_of_the_device_that_brought_it_up(texts: ProfileTexts) -> None:
    says(texts, LAPTOP, 1, "Alice")
    says(texts, PI, 2, "Mallory")
    says(texts, LAPTOP, 3, "Mallory")
    assert texts.latest("name", [PI]) == "Alice"


def test_a_text_that_is_repeated_after_the_revocation_is_that_of_the_device_that_kept_it(texts: ProfileTexts) -> None:
    says(texts, LAPTOP, 1, "Alice")
    says(texts, PI, 2, "Alice B")
    says(texts, LAPTOP, 3, "Alice B", PI)
    assert texts.latest("name", [PI, PHONE]) == "Alice B"


def test_an_older_version_that_comes_late_changes_nothing(texts: ProfileTexts) -> None:
    says(texts, LAPTOP, 5, "Alice")
    says(texts, LAPTOP, 4, "Alicia")
    assert texts.latest("name", []) == "Alice"


def test_where_only_a_revoked_device_ever_spoke_its_first_text_holds_however_many_followed(texts: ProfileTexts) -> None:
    for version in range(1, 40):
        says(texts, PI, version, "Alice" if version == 1 else f"Mallory {version}")
    assert texts.latest("name", [PI]) == "Alice"


def test_of_a_person_of_whom_nothing_is_known_there_is_no_text(texts: ProfileTexts) -> None:
    assert texts.latest("name", []) is None
