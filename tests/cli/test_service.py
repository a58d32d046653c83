"""`service` writes the unit, lets systemd run it, says how it is, and takes it away again.

Where systemd does not run, which is where tests run, a stand-in for systemctl writes down what it is asked.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from meshnode.service import credential, systemd
from tests.cli.village import Ran, meshnode

STAND_IN = """#!/bin/sh
echo "$*" >> "$STAND_IN/asked"
case "$*" in
  "--version") echo "systemd 257 (257.1)" ;;
  *show*)
    if [ -f "$XDG_CONFIG_HOME/systemd/user/meshnode.service" ]; then
      echo "LoadState=loaded"; echo "ActiveState=$(cat "$STAND_IN/state")"; echo "UnitFileState=enabled"; echo "NRestarts=2"
      echo "FragmentPath=$XDG_CONFIG_HOME/systemd/user/meshnode.service"
    else echo "LoadState=not-found"; echo "ActiveState=inactive"; echo "FragmentPath="; fi ;;
  *restart*) [ "$(cat "$STAND_IN/state")" = active ] ;;
  *daemon-reload*) [ -z "$NO_BUS" ] || { echo "Failed to connect to bus: No medium found" >&2; exit 1; } ;;
esac
"""


@pytest.fixture
def computer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a directory with a stand-in for systemctl, on a computer that systemd has started."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "systemctl").write_text(STAND_IN)
    (tmp_path / "bin" / "systemctl").chmod(0o755)
    (tmp_path / "state").write_text("active")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    monkeypatch.setenv("STAND_IN", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr(systemd, "BOOTED", tmp_path)
    monkeypatch.setattr(systemd, "LINGERING", tmp_path / "linger")
    assert meshnode("--home", str(tmp_path / "alice"), "init", "--name", "Alice", "--no-input").code == 0
    return tmp_path


def service(computer: Path, *words: str, home: str = "alice") -> Ran:
    return meshnode("--home", str(computer / home), "service", *words)


def unit_of(computer: Path) -> Path:
    return computer / "config" / "systemd" / "user" / "meshnode.service"


def test_install_writes_the_unit_of_this_home_and_starts_it(computer: Path) -> None:
    done = service(computer, "install")
    assert (done.code, done.err) == (0, "")
    assert f"--home {computer}/alice run --no-input" in unit_of(computer).read_text()
    assert "RestartMaxDelaySec=600" in unit_of(computer).read_text()
    asked = (computer / "asked").read_text().splitlines()
    acts = [line.removeprefix("--no-ask-password --user ") for line in asked if "show" not in line]
    assert acts == ["--version", "daemon-reload", "enable meshnode.service", "restart meshnode.service"]
    assert done.out.splitlines() == [
        "The service runs.",
        f"It runs the node in {computer}/alice.",
        "It runs while you are logged in. To keep it running always: sudo loginctl enable-linger $USER",
        "It was started again 2 times.",
        "Its log: journalctl --user -u meshnode",
    ]


def test_with_lingering_it_starts_with_the_computer(computer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("meshnode.service.systemd.lingers", lambda _: True)
    monkeypatch.setattr("meshnode.service.installation.lingers", lambda _: True)
    done = service(computer, "install", "--json")
    view = json.loads(done.out)
    assert view == {
        "installed": True,
        "scope": "user",
        "running": True,
        "state": "active",
        "at_boot": True,
        "lingers": True,
        "restarts": 2,
        "home": f"{computer}/alice",
        "unit": str(unit_of(computer)),
        "log": "journalctl --user -u meshnode",
    }


def test_installing_it_again_is_harmless_but_not_for_another_home(computer: Path) -> None:
    assert service(computer, "install").code == 0
    assert service(computer, "install").code == 0
    assert meshnode("--home", str(computer / "bob"), "init", "--name", "Bob", "--no-input").code == 0
    refused = service(computer, "install", home="bob")
    assert refused.code == 5
    assert f"runs the node in {computer}/alice already" in refused.err


def test_a_node_that_does_not_start_is_said_with_its_log(computer: Path) -> None:
    (computer / "state").write_text("failed")
    done = service(computer, "install")
    assert done.code == 1
    assert done.err.count("\n") == 1
    assert "journalctl --user -u meshnode -n 20" in done.err
    assert "does not run (failed)" in service(computer, "status").out


def test_remove_takes_the_unit_and_leaves_the_node(computer: Path) -> None:
    service(computer, "install")
    done = service(computer, "remove")
    assert (done.code, done.err) == (0, "")
    assert not unit_of(computer).exists()
    assert (computer / "alice" / "identity.key").exists()
    assert "disable --now meshnode.service" in (computer / "asked").read_text()
    assert service(computer, "remove").code == 3
    assert json.loads(service(computer, "status", "--json").out)["installed"] is False


def encrypt(computer: Path) -> Path:
    """Encrypt Alice's home; return the file of the credential that her service needs then."""
    (computer / "secret").write_text("new garden")
    home, secret = str(computer / "alice"), str(computer / "secret")
    assert meshnode("--home", home, "passphrase", "set", "--passphrase-file", secret).code == 0
    return computer / "config" / "credstore.encrypted" / "meshnode.passphrase"


def test_the_service_of_an_encrypted_node_gets_the_passphrase_from_systemd(computer: Path) -> None:
    file = encrypt(computer)
    refused = service(computer, "install")
    assert refused.code == 5
    assert refused.err.count("\n") == 1
    assert refused.err.endswith(f"| systemd-creds --user encrypt --name={credential.NAME} - {file}\n")
    assert not unit_of(computer).exists()
    assert file.parent.stat().st_mode & 0o777 == 0o700
    file.write_text("sealed by systemd")
    assert service(computer, "install").code == 0
    drop_in = unit_of(computer).with_name("meshnode.service.d") / "passphrase.conf"
    assert drop_in.read_text() == f"[Service]\nLoadCredentialEncrypted={credential.NAME}:{file}\n"
    assert service(computer, "remove").code == 0
    assert not drop_in.parent.exists()
    assert file.exists()


def test_a_service_asks_for_no_credential_once_the_node_is_decrypted_or_the_settings_name_a_file(
    computer: Path,
) -> None:
    file = encrypt(computer)
    file.parent.mkdir(parents=True)
    file.write_text("sealed by systemd")
    assert service(computer, "install").code == 0
    drop_in = unit_of(computer).with_name("meshnode.service.d")
    (drop_in / "override.conf").write_text("[Service]\nNice=5\n")
    (computer / "alice" / "config.toml").write_text(f'passphrase_file = "{computer}/secret"\n')
    assert service(computer, "install").code == 0
    assert [path.name for path in drop_in.iterdir()] == ["override.conf"]


def test_a_systemd_that_gives_users_no_credentials_is_said_to_be_too_old(computer: Path) -> None:
    encrypt(computer)
    file = computer / "bin" / "systemctl"
    file.write_text(file.read_text().replace("systemd 257 (257.1)", "systemd 252 (252.38)"))
    refused = service(computer, "install")
    assert refused.code == 5
    assert "systemd 252" in refused.err
    assert "passphrase_file" in refused.err


def test_a_home_without_a_node_is_not_served(computer: Path) -> None:
    done = service(computer, "install", home="nobody")
    assert done.code == 3
    assert not unit_of(computer).exists()


def test_services_of_a_user_who_has_not_logged_in_are_said_to_be_out_of_reach(
    computer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_BUS", "1")
    done = service(computer, "install")
    assert done.code == 1
    assert done.err.count("\n") == 1
    assert "not by su or sudo" in done.err


@pytest.mark.parametrize(
    "words", [("install",), ("remove",), ("status",), ("install", "--system"), ("status", "--system")]
)
def test_where_systemd_does_not_run_one_line_says_so(
    computer: Path, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(systemd, "BOOTED", computer / "nowhere")
    done = service(computer, *words)
    assert done.code == 1
    assert done.err.count("\n") == 1
    assert "systemd does not run" in done.err.lower()
    assert not unit_of(computer).exists()


def test_only_root_installs_the_service_of_the_computer(computer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    done = service(computer, "install", "--system")
    assert done.code == 5
    assert "se: sudo meshnode service install --system\n" in done.err


@pytest.mark.parametrize("code", [1, 5, 130])
def test_where_no_node_is_made_for_the_computer_the_code_of_init_is_that_of_the_command(
    computer: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    monkeypatch.setattr(
        "meshnode.service.installation.install_for_system", lambda create_node, _: create_node(("meshnode",))
    )
    monkeypatch.setattr("meshnode.cli.command.Settings.may_ask", lambda _: True)
    monkeypatch.setattr(subprocess, "run", lambda words, **_: subprocess.CompletedProcess(words, code))
    done = service(computer, "install", "--system")
    assert (done.code, done.out, done.err) == (code, "", "")
