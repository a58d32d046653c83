"""A phone on the home network uses the page of a real daemon; what is not on that network gets not one byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lan.conftest import MakeLan
from tests.support.lan import Host
from tests.web.chromium import PROGRAM, browser

# Asks for the page, and prints what comes back until the other side ends it.
PROBE = """
import socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=20) as probe:
    answer = b""
    try:
        probe.sendall(f"GET / HTTP/1.1\\r\\nHost: {sys.argv[1]}:{sys.argv[2]}\\r\\nConnection: close\\r\\n\\r\\n".encode())
        while data := probe.recv(4096):
            answer += data
    except ConnectionError:
        pass
    print(answer.decode().partition("\\r\\n")[0] or "nothing")
"""


def address_of(host: Host) -> tuple[str, str]:
    """Return the address and the port at which phones find the page of a host."""
    (first, *_) = host.ask("page", "phones")["addresses"]
    address, _, port = first.removeprefix("http://").partition(":")
    return address, port


@pytest.mark.skipif(PROGRAM is None, reason="there is no chromium here")
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_a_phone_scans_the_link_compares_the_words_and_posts(lan: MakeLan, tmp_path: Path, *, tls: bool) -> None:
    network = lan("Alice", "Phone")
    alice, phone = network["Alice"].init(), network["Phone"]
    alice.daemon()
    link = alice.ask("page", "phone", *(["--tls"] if tls else []))["link"]
    assert link.startswith("https://" if tls else "http://")
    with browser(tmp_path / "browser", phone.namespace.command, trusting=tls) as tab:
        tab.resize(360, 740)
        tab.open(link)
        tab.press("Use this phone")
        words = str(tab.tell("document.querySelector('.compared').textContent")).split()
        alice.meshnode("page", "answer", *words)
        tab.press("Look again")
        assert "What waits for you" in tab.text()
        tab.press("Post")
        tab.fill("title", "Fresh vegetables")
        tab.fill("category", "food")
        tab.press("Post it")
        assert "It is posted." in tab.text()
        assert tab.tell("isSecureContext") == tls
    assert "Fresh vegetables" in alice.meshnode("mine")
    assert alice.ask("status")["phones_seen"] == 1


def test_what_is_not_on_the_home_network_gets_not_one_byte_and_off_is_off(lan: MakeLan) -> None:
    network = lan("Alice", "Phone", "Elsewhere")
    alice, phone, elsewhere = network["Alice"].init(), network["Phone"], network["Elsewhere"]
    alice.daemon()
    alice.meshnode("page", "phone")
    address, port = address_of(alice)
    elsewhere.namespace.run("ip", "-4", "addr", "flush", "dev", "eth0")
    elsewhere.namespace.run("ip", "addr", "add", "10.99.0.2/24", "dev", "eth0")
    elsewhere.namespace.run("ip", "route", "add", f"{address}/32", "dev", "eth0")
    alice.namespace.run("ip", "route", "add", "10.99.0.0/24", "dev", "eth0")
    assert phone.python(PROBE, address, port).startswith("HTTP/1.1 401")
    assert elsewhere.python(PROBE, address, port).strip() == "nothing"
    alice.running.stop()
    alice.daemon()
    assert address_of(alice) == (address, port)
    assert phone.python(PROBE, address, port).startswith("HTTP/1.1 401")
    alice.meshnode("page", "phone", "--off")
    assert port not in alice.namespace.run("ss", "-ltn").stdout
