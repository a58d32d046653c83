"""A call that fails says why: dropped, refused, no computer there, or no way there."""

from __future__ import annotations

import errno
import socket

import pytest
import trio
from trio.testing import MockClock

from meshnode.app.explain.reachability import CallAnswer
from meshnode.net.calls import CONNECT_SECONDS, answer_from, answer_of, call, outcome_of
from meshnode.net.dial_outcome import UNDECIDED, DialOutcome

ERRORS = [
    (errno.ECONNREFUSED, 0.0, DialOutcome.CLOSED),
    (errno.ETIMEDOUT, 4.0, DialOutcome.DROPPED),
    (errno.EHOSTUNREACH, 3.1, DialOutcome.SILENT),  # no computer answered the kernel's search
    (errno.EHOSTUNREACH, 0.01, DialOutcome.PROHIBITED),  # a firewall or router said so at once
    (errno.ENETUNREACH, 0.0, DialOutcome.NO_WAY),
    (errno.EPERM, 0.0, DialOutcome.PROHIBITED),
    (errno.EMFILE, 0.0, DialOutcome.UNREACHABLE),
]


@pytest.mark.parametrize(("number", "seconds", "outcome"), ERRORS)
def test_an_error_says_what_the_network_did(number: int, seconds: float, outcome: DialOutcome) -> None:
    bare = OSError(number, "as the kernel says it")
    wrapped = OSError("all attempts to connect failed")
    wrapped.__cause__ = ExceptionGroup("all", [bare])
    assert outcome_of(bare, seconds) is outcome_of(wrapped, seconds) is outcome


async def test_a_port_on_which_nothing_listens_is_closed() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert await call("127.0.0.1", taken.getsockname()[1]) is DialOutcome.CLOSED


async def test_a_call_that_nobody_answers_was_dropped(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: MockClock
) -> None:
    async def silence(host: str, port: int) -> trio.SocketStream:
        await trio.sleep_forever()

    monkeypatch.setattr(trio, "open_tcp_stream", silence)
    assert await call("192.0.2.1", 4747) is DialOutcome.DROPPED
    assert trio.current_time() == CONNECT_SECONDS


@pytest.mark.parametrize("name", ["no such host", "a" * 70 + ".local", "\ud800"])
async def test_a_name_that_leads_nowhere_is_not_reachable(name: str) -> None:
    assert await call(name, 4747) is DialOutcome.UNREACHABLE


@pytest.mark.parametrize(
    ("host", "near", "heard", "answer"),
    [
        ("192.168.1.7", True, False, CallAnswer.DROPPED),  # the kernel found a computer there
        ("fe80::7%2", True, False, CallAnswer.SILENT),  # nobody knows whether one is there
        ("fe80::7%2", True, True, CallAnswer.DROPPED),
        ("203.0.113.7", False, False, CallAnswer.DROPPED),
    ],
)
def test_a_dropped_call_says_that_a_computer_is_there_only_if_that_is_known(
    host: str, near: bool, heard: bool, answer: CallAnswer
) -> None:
    assert answer_from(DialOutcome.DROPPED, host, near=near, heard=heard) is answer


@pytest.mark.parametrize("outcome", DialOutcome)
def test_whatever_comes_after_a_connection_was_opened_is_an_answer(outcome: DialOutcome) -> None:
    opened = outcome not in UNDECIDED and outcome is not DialOutcome.NO_KEY
    assert (answer_of(outcome) is CallAnswer.ANSWERED) is opened
