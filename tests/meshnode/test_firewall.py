"""The firewall of this computer is found without root, by its files, and with its rules where they can be listed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from meshnode.app.explain.reachability import Firewall
from meshnode.firewall import find_firewall

PORT = 4747
UFW_LINE = "sudo ufw allow 4747/tcp"
NFT_LINE = "sudo nft insert rule inet filter input meta l4proto '{ tcp, udp }' th dport '{ 4747, 5353 }' accept"


def write(root: Path, name: str, text: str) -> None:
    """Write a file below `root`, which stands for /."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def ufw(root: Path) -> None:
    write(root, "etc/ufw/ufw.conf", "# /etc/ufw/ufw.conf\nENABLED=yes\nLOGLEVEL=low\n")


def ufw_off(root: Path) -> None:
    write(root, "etc/ufw/ufw.conf", "ENABLED=no\n")


def ufw_open(root: Path) -> None:
    ufw(root)
    write(root, "etc/ufw/user.rules", "-A ufw-user-input -p tcp --dport 4747 -j ACCEPT\n")


def firewalld(root: Path) -> None:
    write(root, "sys/fs/cgroup/system.slice/firewalld.service/cgroup.procs", "1\n")


def nft_file(root: Path) -> None:
    conf = "flush ruleset\ntable inet filter {\n chain input {\n  type filter hook input priority filter; policy drop;\n }\n}\n"
    write(root, "etc/nftables.conf", conf)
    wants = root / "etc/systemd/system/sysinit.target.wants"
    wants.mkdir(parents=True)
    (wants / "nftables.service").symlink_to("/lib/systemd/system/nftables.service")


def nft_file_not_loaded(root: Path) -> None:
    write(
        root,
        "etc/nftables.conf",
        "table inet filter { chain input { type filter hook input priority 0; policy drop; } }",
    )


def iptables_file(root: Path) -> None:
    write(root, "etc/iptables/rules.v4", "*filter\n:INPUT DROP [0:0]\nCOMMIT\n")


FILES: list[tuple[Callable[[Path], None], str | None, bool | None, str]] = [
    (lambda root: None, None, None, ""),
    (ufw, "ufw", None, UFW_LINE),
    (ufw_off, None, None, ""),
    (ufw_open, "ufw", False, ""),
    (firewalld, "firewalld", None, "firewall-cmd --permanent --add-service=mdns --add-port=4747/tcp"),
    (nft_file, "nftables", None, NFT_LINE),
    (nft_file_not_loaded, None, None, ""),
    (iptables_file, "iptables", None, "sudo iptables -I INPUT -p tcp --dport 4747 -j ACCEPT"),
]


@pytest.mark.parametrize(("files", "name", "closed", "line"), FILES)
def test_a_firewall_is_found_by_the_files_that_everybody_may_read(
    tmp_path: Path, files: Callable[[Path], None], name: str | None, closed: bool | None, line: str
) -> None:
    files(tmp_path)
    found = find_firewall(PORT, tmp_path, lambda: None)
    assert (found.name if found else None) == name
    if found is not None:
        assert found.closed is closed
        assert line in found.line


def ruleset(policy: str, *rules: list[Any], hook: str = "input") -> str:
    """Return the JSON that nft lists for one chain with these rules."""
    chain = {"family": "inet", "table": "filter", "name": "input"}
    objects: list[dict[str, Any]] = [
        {"metainfo": {"version": "1.0.6"}},
        {"table": {"family": "inet", "name": "filter"}},
        {"chain": {**chain, "type": "filter", "hook": hook, "prio": 0, "policy": policy}},
    ]
    objects += [{"rule": {"family": "inet", "table": "filter", "chain": "input", "expr": rule}} for rule in rules]
    return json.dumps({"nftables": objects})


def to_port(right: Any) -> dict[str, Any]:
    return {"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": right}}


LOOPBACK = [{"match": {"op": "==", "left": {"meta": {"key": "iif"}}, "right": "lo"}}, {"accept": None}]
DROP_ALL: list[Any] = [{"counter": {"packets": 0, "bytes": 0}}, {"drop": None}]

RULES: list[tuple[str, bool]] = [
    (ruleset("drop"), True),
    (ruleset("accept"), False),
    (ruleset("drop", LOOPBACK), True),
    (ruleset("accept", LOOPBACK, DROP_ALL), True),
    (ruleset("accept", [{"reject": {"type": "icmpx", "expr": "admin-prohibited"}}]), True),
    (ruleset("drop", [to_port(4747), {"accept": None}]), False),
    (ruleset("drop", [to_port(22), {"accept": None}]), True),
    (ruleset("drop", [to_port({"set": [22, 4747]}), {"accept": None}]), False),
    (ruleset("drop", [to_port({"range": [4000, 5000]}), {"accept": None}]), False),
    (ruleset("drop", [to_port({"set": [{"range": [1, 9]}]}), {"accept": None}]), True),
    (ruleset("accept", [to_port(4747), {"drop": None}]), True),
    (ruleset("accept", [to_port(22), {"drop": None}]), False),
    (ruleset("drop", [{"accept": None}]), False),
    (ruleset("drop", [{"jump": {"target": "elsewhere"}}]), False),  # not followed, so not known
    (ruleset("drop", hook="forward"), False),
]


@pytest.mark.parametrize(("rules", "closed"), RULES)
def test_rules_that_can_be_listed_say_whether_the_port_is_closed(tmp_path: Path, rules: str, closed: bool) -> None:
    found = find_firewall(PORT, tmp_path, lambda: rules)
    assert found == (Firewall("nftables", closed=True, line=NFT_LINE) if closed else None)


@pytest.mark.parametrize(
    "rules",
    ["", "{", "[]", "null", '{"nftables": 7}', '{"nftables": [7, {"rule": 7}, {"chain": {}}]}', '{"other": []}'],
)
def test_a_list_that_is_none_is_no_firewall_and_no_error(tmp_path: Path, rules: str) -> None:
    assert find_firewall(PORT, tmp_path, lambda: rules) is None


def test_ufw_is_named_rather_than_the_rules_that_it_has_made(tmp_path: Path) -> None:
    ufw(tmp_path)
    assert find_firewall(PORT, tmp_path, lambda: ruleset("drop")) == Firewall("ufw", closed=True, line=UFW_LINE)


def test_looking_at_this_computer_raises_nothing() -> None:
    assert find_firewall(PORT) is None or isinstance(find_firewall(PORT), Firewall)
