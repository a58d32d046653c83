"""Settings come from several sources in an order of strength, and a wrong one is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from platformdirs import user_data_dir

from meshnode.config import ENVIRONMENT, Config, home_path, parse_address
from meshnode.errors import Usage


def load(home: Path, toml: str = "", options: dict[str, Any] | None = None, **environ: str) -> Config:
    (home / "config.toml").write_text(toml, encoding="utf-8")
    return Config.load(home, options, {ENVIRONMENT + name.upper(): value for name, value in environ.items()})


def test_without_any_setting_the_defaults_hold(tmp_path: Path) -> None:
    config = Config.load(tmp_path / "none", None, {})
    assert (config.port, config.interfaces, config.mdns, config.peers, config.log_level) == (0, (), "on", (), "info")


def test_an_option_beats_the_environment_beats_the_file(tmp_path: Path) -> None:
    toml = 'port = 1\nlog_level = "error"\nmdns = "listen"\n'
    config = load(tmp_path, toml, {"port": 3, "log_level": None}, port="2", log_level="debug")
    assert (config.port, config.log_level, config.mdns) == (3, "debug", "listen")


def test_every_setting_can_be_given_in_every_source(tmp_path: Path) -> None:
    toml = 'port = 7000\ninterfaces = ["lo"]\nmdns = "off"\npeers = ["pi.local:7000"]\nsessions = 9\n'
    toml += (
        'notify_command = ["notify", "--now"]\nreceipts = false\npage = false\nlog_level = "debug"\nlanguage = "de"\n'
        'backup_dir = "/media/stick"\n'
        'passphrase_file = "key"\ncarry_watch = "/media/stick"\ncarry_write = true\n'
    )
    by_file = load(tmp_path, toml)
    by_environment = load(
        tmp_path,
        port="7000",
        interfaces="lo",
        mdns="off",
        peers="pi.local:7000",
        sessions="9",
        receipts="false",
        page="no",
        carry_watch="/media/stick",
        carry_write="on",
        language="de",
        log_level="debug",
        notify_command="notify '--now'",
        backup_dir="/media/stick",
        passphrase_file="key",
    )
    options = {
        "port": 7000, "interfaces": ("lo",), "mdns": "off", "peers": ("pi.local:7000",), "sessions": 9,
        "log_level": "debug", "notify_command": ("notify", "--now"), "receipts": False, "page": False,
        "language": "de", "backup_dir": Path("/media/stick"), "passphrase_file": "key", "carry_watch": "/media/stick", "carry_write": True,
    }  # fmt: skip
    by_option = load(tmp_path, "", options)
    assert by_file == by_environment == by_option
    assert set(options) == set(Config._fields) - {"home"}


def test_an_option_that_was_not_given_changes_nothing(tmp_path: Path) -> None:
    assert load(tmp_path, 'interfaces = ["eth0"]', {"interfaces": ()}).interfaces == ("eth0",)


def test_a_misspelled_key_is_named_together_with_the_right_ones(tmp_path: Path) -> None:
    with pytest.raises(Usage, match=r"prot in .*config\.toml: there is no such setting") as caught:
        load(tmp_path, "prot = 1")
    assert "port" in caught.value.hint


def test_names_of_other_programs_in_the_environment_are_left_alone(tmp_path: Path) -> None:
    assert load(tmp_path, python="/usr/bin/python3", prot="1") == load(tmp_path)


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ("port = 65536", "not a port"),
        ("port = -1", "not a port"),
        ("port = true", "not a port"),
        ("sessions = 1", "number of sessions"),
        ("sessions = true", "number of sessions"),
        ("sessions = 100000", "number of sessions"),
        ('port = "٣"', "not a port"),
        ('mdns = "loud"', "on, listen, off"),
        ('interfaces = "lo"', "list of texts"),
        ("interfaces = [1]", "list of texts"),
        ('interfaces = [" "]', "empty"),
        ('interfaces = ["!"]', "empty"),
        ('interfaces = ["eth0 wlan0"]', "not an interface's name"),
        ('interfaces = ["/dev/eth0"]', "not an interface's name"),
        ('peers = ["http://pi.local:80"]', "not HOST:PORT"),
        ('peers = ["me@pi.local:80"]', "not HOST:PORT"),
        ('peers = ["pi.local"]', "not HOST:PORT"),
        ('peers = ["pi.local:0"]', "not HOST:PORT"),
        ('peers = ["fe80::1:7000"]', "brackets"),
        ("receipts = 2", "not true or false"),
        ('carry_watch = "stick"', "not a folder's whole path"),
        ('log_level = "chatty"', "debug, info"),
        ("port = ", "not TOML"),
    ],
)
def test_a_wrong_value_is_refused_in_one_line_that_names_its_place(tmp_path: Path, toml: str, says: str) -> None:
    with pytest.raises(Usage, match=says) as caught:
        load(tmp_path, toml)
    assert "config.toml" in caught.value.line
    assert "\n" not in caught.value.line


def test_a_file_that_is_not_text_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Usage, match="cannot be read"):
        Config.load(tmp_path, None, {})


def test_the_home_is_the_option_else_the_variable_else_the_users_own(tmp_path: Path) -> None:
    environ = {"MESHNODE_HOME": str(tmp_path / "b")}
    assert home_path(tmp_path / "a", environ) == tmp_path / "a"
    assert home_path(None, environ) == tmp_path / "b"
    assert home_path(None, {}).name == "meshnode"
    assert home_path(Path("here"), {}) == Path.cwd() / "here"


@pytest.mark.parametrize("home", ["/home/ann", "/", "", "ann", None])
@pytest.mark.parametrize("data", ["/srv/data", "data", "", " ", "~/data", None])
def test_the_home_is_where_platformdirs_finds_it(
    monkeypatch: pytest.MonkeyPatch, home: str | None, data: str | None
) -> None:
    for name, value in (("HOME", home), ("XDG_DATA_HOME", data), ("MESHNODE_HOME", None)):
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, value)
    assert home_path() == Path(user_data_dir("meshnode", appauthor=False))


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.168.1.5:7000", ("192.168.1.5", 7000)),
        (" pi.local:1 ", ("pi.local", 1)),
        ("[fe80::1%eth0]:7000", ("fe80::1%eth0", 7000)),
    ],
)
def test_addresses_are_read_as_people_write_them(text: str, address: tuple[str, int]) -> None:
    assert parse_address(text) == address


def test_settings_do_not_change_once_they_were_read(tmp_path: Path) -> None:
    config = load(tmp_path)
    with pytest.raises(AttributeError):
        config.port = 1  # type: ignore[misc]


def test_interfaces_are_chosen_by_patterns_wherever_settings_come_from(tmp_path: Path) -> None:
    wanted = ("eth*", "!eth1")
    assert load(tmp_path, 'interfaces = ["eth*", "!eth1"]', {}).interfaces == wanted
    assert load(tmp_path, "", {"interfaces": wanted}).interfaces == wanted
    home = tmp_path / "other"
    home.mkdir(mode=0o700)
    assert Config.load(home, {}, {"MESHNODE_INTERFACES": "eth*,!eth1"}).interfaces == wanted


@pytest.mark.parametrize(
    ("text", "address"),
    [("pi.local", ("pi.local", 4747)), ("[fd00::7]", ("fd00::7", 4747)), ("10.0.0.7:80", ("10.0.0.7", 80))],
)
def test_with_a_default_port_the_port_may_be_left_out(text: str, address: tuple[str, int]) -> None:
    assert parse_address(text, default_port=4747) == address
