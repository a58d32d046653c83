"""docs/configuration.md and the program agree on every setting: its name, variable, option and default."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from meshnode.cli.passphrase import VARIABLE
from meshnode.cli.run import run
from meshnode.config import ENVIRONMENT, Config
from meshnode.errors import Usage

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `(\w+)` \| `(\w+)` \| (\S+) \| (.+?) \| (.+) \|$", PAGE, re.MULTILINE)
EXAMPLE = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)[0]
SETTINGS = Config._field_defaults


def loaded(home: Path, **environment: str) -> dict[str, Any]:
    """Return the settings of a node in `home` by name."""
    config = Config.load(home, environ=environment)
    return {name: getattr(config, name) for name in SETTINGS}


def test_the_page_has_every_setting_once_and_its_variable() -> None:
    assert [name for name, *_ in ROWS] == list(SETTINGS)
    assert [variable for _, variable, *_ in ROWS] == [ENVIRONMENT + name.upper() for name in SETTINGS]


def test_the_defaults_on_the_page_are_those_of_the_program(tmp_path: Path) -> None:
    lines = [f"{name} = {default.strip('`')}" for name, _, _, default, _ in ROWS if default != "not set"]
    (tmp_path / "config.toml").write_text("\n".join(lines))
    assert {row[0] for row in ROWS if row[3] == "not set"} == {
        "notify_command",
        "backup_dir",
        "language",
        "passphrase_file",
    }
    assert len(lines) == len(SETTINGS) - 4
    assert loaded(tmp_path) == SETTINGS


def test_the_example_sets_everything_to_another_value(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(EXAMPLE)
    assert tomllib.loads(EXAMPLE).keys() == SETTINGS.keys()
    changed = [name for name, value in loaded(tmp_path).items() if value != SETTINGS[name]]
    assert changed == [name for name in SETTINGS if name != "mdns"]


def test_the_options_on_the_page_are_those_of_run() -> None:
    taken = {option for parameter in run.params for option in parameter.opts}
    named = {option.strip("`") for _, _, option, *_ in ROWS} - {"-"}
    assert named
    assert named <= taken


def test_the_environment_wins_over_the_file_and_an_empty_variable_is_not_set(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(EXAMPLE)
    assert loaded(tmp_path, MESHNODE_PORT="1", MESHNODE_INTERFACES="")["port"] == 1
    assert loaded(tmp_path, MESHNODE_INTERFACES="")["interfaces"] == ("eth*", "!docker*")
    assert loaded(tmp_path, MESHNODE_INTERFACES="a,b")["interfaces"] == ("a", "b")
    assert loaded(tmp_path, MESHNODE_NOTIFY_COMMAND="say 'to me'")["notify_command"] == ("say", "to me")


def test_a_setting_that_is_not_on_the_page_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("sesions = 3\n")
    with pytest.raises(Usage, match="sesions"):
        loaded(tmp_path)


def test_the_other_variables_on_the_page_exist() -> None:
    variables = set(re.findall(r"MESHNODE_\w+", PAGE))
    assert variables == {ENVIRONMENT + name.upper() for name in (*SETTINGS, "home")} | {VARIABLE}
