"""Where a passphrase comes from, when somebody is at the terminal and when nobody is."""

from __future__ import annotations

from pathlib import Path

import pytest

from meshnode.cli import passphrase
from meshnode.cli.command import Settings


@pytest.mark.parametrize("at_terminal", [True, False])
def test_a_file_in_the_settings_may_be_written_from_the_own_directory_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_terminal: bool
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MESHNODE_PASSPHRASE_FILE", "~/meshnode.key")
    monkeypatch.setattr(Settings, "may_ask", lambda _: at_terminal)
    (tmp_path / "meshnode.key").write_text("four walls and a roof\n")
    call = Settings()
    call.home = tmp_path / "home"
    assert passphrase.given(call) == "four walls and a roof"
