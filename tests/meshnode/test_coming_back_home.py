"""A home that is made for a person who comes back can be interrupted at every step, and nothing is written over theirs."""

from __future__ import annotations

from pathlib import Path

import pytest

from meshnode.app.people import yourself
from meshnode.app.people.yourself import ProfileChange
from meshnode.app.recovery import coming_back
from meshnode.home import Home
from meshnode.keyring import Keyring
from meshnode.node import create_node, creation, recover_node
from meshnode.node.opening import opened
from meshnode.store import Store
from protocol import UNSET_PREFERENCE, Kind

SEED = bytes(range(32))


class PowerCutError(Exception):
    """The power fails."""


def fails(*_: object, **__: object) -> None:
    raise PowerCutError


STEPS = {
    "before the mark": (creation, "write_private"),
    "before the keys": (Keyring, "create"),
    "before the store": (Store, "open"),
    "before the certificate": (creation, "come_back"),
    "after the certificate": (creation, "look_for_copy"),
}


@pytest.mark.parametrize("step", STEPS)
def test_after_an_interruption_the_same_command_or_the_start_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    home = Home(tmp_path / "A")
    with monkeypatch.context() as patch:
        patch.setattr(*STEPS[step], fails)
        with pytest.raises(PowerCutError):
            recover_node(home, SEED)
    if not home.has_node:
        recover_node(home, SEED)
    with opened(home, None, moved=False) as replica:
        assert coming_back.is_waiting(replica)
        assert replica.trust_state.certificate(replica.me, replica.device) is not None
        assert not list(replica.store.records.bodies(Kind.PROFILE, author=replica.me))
        assert not list(replica.store.records.bodies(Kind.POLICY, author=replica.me))
    assert not home.coming_back.exists()


def test_somebody_who_begins_as_a_new_person_after_all_waits_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path / "A")
    with monkeypatch.context() as patch:
        patch.setattr(Keyring, "create", fails)
        with pytest.raises(PowerCutError):
            recover_node(home, SEED)
    create_node(home, name="Alice", place=None, preference=UNSET_PREFERENCE)
    with opened(home, None, moved=False) as replica:
        assert not coming_back.is_waiting(replica)
        assert replica.trust_state.profile(replica.me) is not None


def test_somebody_of_whom_nobody_has_anything_names_themselves_and_goes_on(tmp_path: Path) -> None:
    home = Home(tmp_path / "A")
    recover_node(home, SEED)
    with opened(home, None, moved=False) as replica:
        yourself.change_profile(replica, ProfileChange(name="Alice"), ())
        profile = replica.trust_state.profile(replica.me)
        assert profile is not None
        assert profile.name == "Alice"
        assert not coming_back.is_waiting(replica)
