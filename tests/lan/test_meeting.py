"""Two people on a local network meet by a word code, with real daemons over real multicast DNS; a firewall is named."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.lan.conftest import MakeLan
from tests.lan.test_devices import words_of_what_waits
from tests.support.lan import Host
from tests.support.waiting import eventually


@pytest.mark.promise("Words said aloud connect two people and nobody else")
def test_words_said_aloud_connect_two_and_are_told_to_nobody_else(lan: MakeLan) -> None:
    network = lan("Ann", "Bob", "Mallory")
    ann, bob, mallory = (network[name].init() for name in ("Ann", "Bob", "Mallory"))
    for host in (ann, bob, mallory):
        host.daemon()
    wrong = ann.meshnode("meet").strip()
    number, first, second = wrong.split("-")
    guess = f"{number}-{second}-{first}" if first != second else f"{number}-acorn-zipper"
    eventually(lambda: "not the words" in _said(mallory, guess), "Mallory finds the code, and is wrong")
    code = ann.meshnode("meet").strip()
    assert "You and Ann are connected." in bob.meshnode("meet", code)
    assert ann.peers() == {"Bob"}
    assert [one["vouch"] for one in ann.ask("people")["people"]] == [0.8]
    too_late = _said(mallory, code)
    assert "nobody nearby" in too_late or "does not show this code any longer" in too_late
    bob.meshnode("offer", "Saw", "--audience", "network_wide")
    eventually(lambda: ann.finds("Saw"), "Ann finds what Bob shares")


def _said(host: Host, code: str) -> str:
    """Return what a command says that does not succeed."""
    done = host.namespace.run(*host.words("meet", code), check=False, env=host.environment)
    assert done.returncode in (1, 5), done.stdout
    return done.stderr


def test_a_second_machine_joins_by_the_words_and_a_firewall_is_named(lan: MakeLan) -> None:
    network = lan("Laptop", "Pi", "Bob")
    laptop, pi, bob = network["Laptop"].init(), network["Pi"], network["Bob"].init()
    laptop.daemon()
    shown = laptop.ask("device", "add", "--name", "Pi")
    with ThreadPoolExecutor() as threads:
        joining = threads.submit(pi.meshnode, "device", "join", shown["words"])
        waiting = eventually(lambda: words_of_what_waits(laptop), "the laptop knows the words of the Pi")
        assert laptop.ask("device", "list")["devices"][1:] == []
        laptop.meshnode("device", "confirm", *waiting.split())
        joining.result()
    assert [one["name"] for one in laptop.ask("device", "list")["devices"]] == ["First device", "Pi"]
    bob.drop("udp dport 5353 accept")
    bob.daemon()
    code = bob.meshnode("meet").strip()
    assert "a firewall may be in between" in _said(laptop, code)
    assert "You and Laptop are connected." in bob.meshnode("meet", laptop.meshnode("meet").strip())
