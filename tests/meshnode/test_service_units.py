"""The units are sound, closed as far as systemd can close them, and name the program and the home as they are."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from meshnode.errors import Refused
from meshnode.service.installed_program import check_open_to_services, program_words
from meshnode.service.unit import SYSTEM_HOME, system_unit, user_unit

EXPOSURE_MOST = "20"  # tenths
GOOD_SYSTEMD = 257


def analyze(unit: str, directory: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Ask systemd-analyze about a unit; skip where there is none."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd-analyze on this machine")
    file = directory / "meshnode.service"
    file.write_text(unit)
    environment = {**os.environ, "LC_ALL": "C", "XDG_RUNTIME_DIR": str(directory)}
    return subprocess.run(
        ["systemd-analyze", *words, str(file)], env=environment, capture_output=True, text=True, check=False
    )


def program(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize("name", ["plain", "with space", "50%h", "$HOME", "näh", ";", "#"])
def test_systemd_reads_units_whatever_the_program_is_called(name: str, tmp_path: Path) -> None:
    words = (program(tmp_path / name / "meshnode"),)
    checked = analyze(system_unit(words), tmp_path, "verify", "--man=no")
    assert (checked.stderr, checked.returncode) == ("", 0)


@pytest.mark.parametrize("name", ["with space", "50%h", "$HOME", 'a"b', "a\\b", "a'b", "näh", ";", "#"])
def test_systemd_reads_units_whatever_the_home_is_called(name: str, tmp_path: Path) -> None:
    unit = user_unit((program(tmp_path / "meshnode"),), tmp_path / name)
    checked = analyze(unit, tmp_path, "verify", "--man=no", "--user")
    assert (checked.stderr, checked.returncode) == ("", 0)


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a'b", "a\nb"])
def test_a_program_that_systemd_cannot_name_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="cannot name"):
        system_unit((str(tmp_path / name),))


def test_a_line_cannot_be_added_by_the_name_of_a_directory(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="cannot name"):
        user_unit(("/usr/bin/meshnode",), tmp_path / "a\nExecStartPre=sh")


def test_the_unit_of_the_system_is_closed(tmp_path: Path) -> None:
    checked = analyze(
        system_unit(), tmp_path, "security", "--offline=true", f"--threshold={EXPOSURE_MOST}", "--no-pager"
    )
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("call", ["adjtimex", "setpriority"])
def test_the_unit_leaves_the_node_the_calls_that_reading_the_clock_and_decoding_photos_take(call: str) -> None:
    filters = [line.partition("=")[2] for line in system_unit().splitlines() if line.startswith("SystemCallFilter=")]
    allowed = [line for line in filters if not line.startswith("~")]
    assert call in allowed[-1].split()
    assert filters[-1] == allowed[-1], "what is allowed last is not taken away again"


@pytest.mark.parametrize(
    "unit", [system_unit(), user_unit(("/usr/bin/meshnode",), SYSTEM_HOME)], ids=["system", "user"]
)
def test_a_unit_says_when_it_is_ready_that_it_works_and_comes_back(unit: str) -> None:
    for line in (
        "Type=notify",
        "WatchdogSec=180",
        "Restart=on-failure",
        "StartLimitIntervalSec=0",
        "ExecStart=:/usr/bin/meshnode --home /var/lib/meshnode run --no-input",
    ):
        assert line in unit.splitlines()


@pytest.mark.parametrize("unit", [system_unit(), user_unit(("/usr/bin/meshnode",), SYSTEM_HOME)])
def test_a_unit_waits_for_the_clock_that_this_computer_has_and_not_for_one_from_the_network(unit: str) -> None:
    orders = [line for line in unit.splitlines() if line.startswith(("After=", "Wants=", "Requires="))]
    assert orders == ["After=network.target time-set.target"]


@pytest.mark.parametrize(("systemd", "grows"), [(0, False), (252, False), (254, True), (GOOD_SYSTEMD, True)])
def test_pauses_between_restarts_grow_where_systemd_can_do_that(systemd: int, grows: bool) -> None:
    assert ("RestartMaxDelaySec=600" in system_unit(systemd=systemd).splitlines()) is grows


def test_a_clone_is_started_by_its_own_script() -> None:
    [words] = [program_words()]
    assert [Path(word).name for word in words] == ["meshnode"]
    assert os.access(words[0], os.X_OK)


def test_a_program_that_the_user_of_the_service_cannot_open_is_refused_by_name(tmp_path: Path) -> None:
    open_to_all = Path(shutil.which("true") or "/bin/true")
    check_open_to_services(open_to_all)
    for closed in (Path("/home/pi/meshnode/scripts/meshnode"), Path(program(tmp_path / "meshnode"))):
        with pytest.raises(Refused, match="closed to it"):
            check_open_to_services(closed)
