"""The reason why two nodes do not reach each other is right for every combination of what can be seen."""

from __future__ import annotations

from itertools import product

import pytest

from meshnode.app.explain.reachability import CallAnswer, CallMade, Firewall, Reason, of_node, of_person

UFW = Firewall("ufw", closed=None, line="sudo ufw allow 4747/tcp")
NFT = Firewall("nftables", closed=True, line="sudo nft insert rule inet filter input tcp dport 4747 accept")
OPEN = Firewall("ufw", closed=False, line="")
BOOLS = (False, True)


def of_this_node(
    firewall: Firewall | None, *, called_in: bool = False, connected: bool = False, unanswered: bool = False
) -> Reason | None:
    """Return what is said of a firewall between this node, on port 4747, and others."""
    names = ["Bob"] if unanswered else []
    return of_node(firewall, 4747, called_in=called_in, connected=connected, unanswered=names)


@pytest.mark.parametrize(("firewall", "connected", "unanswered"), list(product((None, UFW, NFT, OPEN), BOOLS, BOOLS)))
def test_nothing_is_said_of_a_firewall_once_somebody_has_called_in(
    firewall: Firewall | None, connected: bool, unanswered: bool
) -> None:
    assert of_this_node(firewall, called_in=True, connected=connected, unanswered=unanswered) is None


@pytest.mark.parametrize(("connected", "unanswered"), list(product(BOOLS, BOOLS)))
def test_a_firewall_that_drops_callers_is_named_with_the_line_to_type(connected: bool, unanswered: bool) -> None:
    reason = of_this_node(NFT, connected=connected, unanswered=unanswered)
    assert reason is not None
    assert (reason.code, reason.well) == ("firewall", False)
    assert "nftables" in reason.message
    assert ("calls others" in reason.message) is connected  # one direction works
    assert NFT.line in reason.hint


@pytest.mark.parametrize(("connected", "unanswered"), list(product(BOOLS, BOOLS)))
def test_a_firewall_whose_rules_are_not_known_is_blamed_only_if_somebody_does_not_answer(
    connected: bool, unanswered: bool
) -> None:
    reason = of_this_node(UFW, connected=connected, unanswered=unanswered)
    assert reason is not None
    assert reason.code == "firewall"
    assert reason.well is not (unanswered and not connected)
    assert "ufw" in reason.message
    assert UFW.line in reason.message + reason.hint


@pytest.mark.parametrize(("firewall", "connected", "unanswered"), list(product((None, OPEN), BOOLS, BOOLS)))
def test_without_a_firewall_here_one_is_suspected_only_if_somebody_does_not_answer(
    firewall: Firewall | None, connected: bool, unanswered: bool
) -> None:
    reason = of_this_node(firewall, connected=connected, unanswered=unanswered)
    assert (reason is not None) is (unanswered and not connected)
    if reason is not None:
        assert "firewall" in reason.message
        assert "Bob" in reason.message
        assert "4747" in reason.hint
        assert "5353" in reason.hint


# What is said of calls to one address, by how they ended and whether the address is near or its node is heard.
CODES: dict[CallAnswer, tuple[str | None, str | None]] = {  # far and unheard; near or heard
    CallAnswer.ANSWERED: (None, None),
    CallAnswer.DROPPED: ("other_network", "firewall_there"),
    CallAnswer.PROHIBITED: ("firewall_there", "firewall_there"),
    CallAnswer.CLOSED: ("not_running", "not_running"),
    CallAnswer.SILENT: ("apart", "apart"),
    CallAnswer.NO_WAY: ("other_network", "other_network"),
    CallAnswer.OTHER: (None, None),
}


@pytest.mark.parametrize(("answer", "near", "heard", "open_here"), list(product(CallAnswer, BOOLS, BOOLS, BOOLS)))
def test_dropped_refused_and_no_way_are_told_apart(
    answer: CallAnswer, near: bool, heard: bool, open_here: bool
) -> None:
    calls = [CallMade("192.168.1.7:4747", answer, near)]
    reason = of_person("Bob", calls, heard=heard, called_us=False, can_be_called=open_here)
    code = CODES[answer][near or heard]
    assert (reason.code if reason else None) == code
    if reason is not None:
        assert not reason.well
        assert "Bob" in reason.message + reason.hint or code == "apart"
        assert reason.hint
        assert ("adds your card" in reason.hint) is (code == "firewall_there" and open_here)


@pytest.mark.parametrize(("answer", "near", "heard"), list(product(CallAnswer, BOOLS, BOOLS)))
def test_it_is_known_that_one_direction_works(answer: CallAnswer, near: bool, heard: bool) -> None:
    calls = [CallMade("192.168.1.7:4747", answer, near)]
    reason = of_person("Bob", calls, heard=heard, called_us=True, can_be_called=True)
    if CODES[answer][near or heard] == "firewall_there":
        assert reason is not None
        assert reason.well
        assert "has called yours" in reason.message
    else:
        assert reason is None


@pytest.mark.parametrize(("one", "other"), list(product(CallAnswer, CallAnswer)))
def test_of_several_addresses_the_one_that_says_most_counts(one: CallAnswer, other: CallAnswer) -> None:
    order = [None, "firewall_there", "not_running", "apart", "other_network"]
    calls = [CallMade("192.168.1.7:4747", one, True), CallMade("192.168.1.8:4747", other, True)]
    reason = of_person("Bob", calls, heard=False, called_us=False, can_be_called=True)
    codes = [CODES[one][True], CODES[other][True]]
    if CallAnswer.ANSWERED in (one, other):
        assert reason is None
    else:
        expected = min((code for code in codes if code), key=order.index, default=None)
        assert (reason.code if reason else None) == expected
