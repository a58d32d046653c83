"""Finds the firewall of this computer, whether it lets callers in, and the line to type that opens it.

Nothing here needs root: it reads which firewall is switched on from files that everybody may read. With the rights to
list them, it reads the rules of nftables as well, and then knows whether they close the port.
"""

from __future__ import annotations

import json
import logging
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from meshnode.app.explain.reachability import Firewall

log = logging.getLogger(__name__)

MDNS_PORT = 5353
NFT = ("/usr/sbin/nft", "/sbin/nft", "/usr/bin/nft")
NFT_SECONDS = 2.0
FILE_MAX = 256 * 1024  # characters read of a file of rules

_ROOT = Path("/")


def find_firewall(port: int, root: Path = _ROOT, rules: Callable[[], str | None] | None = None) -> Firewall | None:
    """Return the firewall that is switched on here, or None if none is known to be; `port` is the node's TCP port.

    `root` is the directory that holds etc and sys. `rules` returns the rules of nftables as JSON, None if they cannot be
    listed. Takes some milliseconds; NFT_SECONDS at most.
    """
    listed = _chains((rules or _list_rules)() or "")
    closed = None if listed is None else any(_closes(chain, port) for chain in listed.values())
    if re.search(r"^ENABLED=yes", _read(root / "etc/ufw/ufw.conf"), re.MULTILINE):
        if f"--dport {port} -j ACCEPT" in _read(root / "etc/ufw/user.rules"):
            return Firewall("ufw", closed=False, line="")
        return Firewall("ufw", closed=closed or None, line=f"sudo ufw allow {port}/tcp")
    if (root / "sys/fs/cgroup/system.slice/firewalld.service").exists():
        line = f"sudo firewall-cmd --permanent --add-service=mdns --add-port={port}/tcp && sudo firewall-cmd --reload"
        return Firewall("firewalld", closed=closed or None, line=line)
    if listed is not None:
        closing = next((name for name, chain in listed.items() if _closes(chain, port)), None)
        return None if closing is None else Firewall("nftables", closed=True, line=_nft_line(closing, port))
    return _from_files(port, root)


def _from_files(port: int, root: Path) -> Firewall | None:
    """Return the firewall that is loaded at each start of this computer, by its files."""
    if (root / "etc/systemd/system/sysinit.target.wants/nftables.service").is_symlink():
        written = re.search(
            r"table\s+(\w+)\s+(\w+)\s*\{(?:(?!\btable\b).)*?chain\s+(\w+)\s*\{[^}]*?hook\s+input[^}]*?(?:drop|reject)",
            _read(root / "etc/nftables.conf"),
            re.DOTALL,
        )
        if written:
            return Firewall("nftables", closed=None, line=_nft_line(" ".join(written.groups()), port))
    if re.search(r"^:INPUT (?:DROP|REJECT)", _read(root / "etc/iptables/rules.v4"), re.MULTILINE):
        return Firewall("iptables", closed=None, line=f"sudo iptables -I INPUT -p tcp --dport {port} -j ACCEPT")
    return None


def _nft_line(chain: str, port: int) -> str:
    return f"sudo nft insert rule {chain} meta l4proto '{{ tcp, udp }}' th dport '{{ {port}, {MDNS_PORT} }}' accept"


def _read(path: Path) -> str:
    """Return the content of a file, empty if there is none or this user may not read it."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(FILE_MAX)
    except OSError:
        return ""


# --- the rules of nftables -------------------------------------------------------------------------------------------


def _list_rules() -> str | None:
    for program in NFT:
        if Path(program).exists():
            try:
                done = subprocess.run(
                    [program, "--json", "list", "ruleset"], capture_output=True, timeout=NFT_SECONDS, check=False
                )
            except (OSError, subprocess.TimeoutExpired) as error:
                log.debug("the firewall's rules cannot be listed: %s", error)
                return None
            return done.stdout.decode(errors="replace") if done.returncode == 0 else None
    return None


_Chain = tuple[bool, list[list[Any]]]  # whether its policy is to drop, and the expressions of each rule


def _chains(listed: str) -> dict[str, _Chain] | None:
    """Return the chains that filter what comes in, each by family, table and name; None if there is no list."""
    try:
        objects = json.loads(listed)["nftables"] if listed else None
    except (ValueError, KeyError, TypeError):
        return None
    if not isinstance(objects, list):
        return None
    found: dict[str, _Chain] = {}
    for chain in _named(objects, "chain"):
        if chain.get("hook") == "input" and chain.get("type") == "filter":
            found[_name(chain, "name")] = (chain.get("policy") == "drop", [])
    for rule in _named(objects, "rule"):
        if _name(rule, "chain") in found:
            found[_name(rule, "chain")][1].append(list(rule.get("expr") or []))
    return found


def _named(objects: list[Any], kind: str) -> Iterator[dict[str, Any]]:
    for each in objects:
        if isinstance(each, dict) and isinstance(each.get(kind), dict):
            yield each[kind]


def _name(found: dict[str, Any], key: str) -> str:
    return f"{found.get('family')} {found.get('table')} {found.get(key)}"


def _closes(chain: _Chain, port: int) -> bool:
    """Whether this chain certainly drops a new connection to `port`: rules that lead elsewhere are not followed."""
    drops, rules = chain
    for rule in rules:
        verdicts = {key for part in rule if isinstance(part, dict) for key in part}
        if verdicts & {"jump", "goto", "vmap", "queue"}:
            return False
        if "accept" in verdicts and (_is_for_all(rule) or _names_port(rule, port)):
            return False
        if verdicts & {"drop", "reject"} and (_is_for_all(rule) or _names_port(rule, port)):
            return True
    return drops


def _is_for_all(rule: list[Any]) -> bool:
    return not any(isinstance(part, dict) and "match" in part for part in rule)


def _names_port(rule: list[Any], port: int) -> bool:
    for part in rule:
        match = part.get("match") if isinstance(part, dict) else None
        left = match.get("left") if isinstance(match, dict) else None
        payload = left.get("payload") if isinstance(left, dict) else None
        if isinstance(match, dict) and isinstance(payload, dict) and payload.get("field") == "dport":
            return _includes(match.get("right"), port)
    return False


def _includes(right: Any, port: int) -> bool:
    """Whether this value of a match is the port, or a set or range with it in it."""
    if isinstance(right, dict):
        bounds = right.get("range")
        if isinstance(bounds, list) and len(bounds) == 2 and all(isinstance(one, int) for one in bounds):
            return bool(bounds[0] <= port <= bounds[1])
        members = right.get("set")
        return isinstance(members, list) and any(_includes(one, port) for one in members)
    return bool(right == port)
