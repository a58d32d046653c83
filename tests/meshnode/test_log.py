"""The log is readable by programs, inert whatever text peers send, and limited in size."""

from __future__ import annotations

import io
import json
import logging
import time

import pytest

from meshnode import log as logs
from meshnode.log import LINES_PER_MINUTE, LINES_PER_MINUTE_ALL, TRACE_MAX, VALUE_MAX

HOSTILE = "Bob\x1b]52;c;aGk=\x07\r\nfake line\u202e<script>\x00"


@pytest.fixture
def written() -> io.StringIO:
    """Return the stream that the log is written to for programs while the test runs."""
    stream = io.StringIO()
    logs.set_up("info", stream=stream, person=False)
    return stream


def lines(written: io.StringIO) -> list[dict[str, object]]:
    """Return the lines as a program reads them."""
    return [json.loads(line) for line in written.getvalue().splitlines()]


log = logging.getLogger("meshnode.test")


def test_every_line_is_one_json_object_that_says_when_what_and_from_where(written: io.StringIO) -> None:
    log.info("met", extra={"peer": "abcdefgh", "dialed": True, "seconds": 0.5})
    [line] = lines(written)
    assert str(line.pop("time")).endswith("Z")
    assert line == {
        "level": "info", "event": "met", "from": "meshnode.test", "peer": "abcdefgh", "dialed": True, "seconds": 0.5
    }  # fmt: skip


def test_hostile_text_is_inert_and_stays_on_its_line(written: io.StringIO) -> None:
    log.info("met", extra={"who": HOSTILE})
    log.warning("odd: %s", HOSTILE)
    assert written.getvalue().count("\n") == 2
    assert written.getvalue().replace("\n", "").isprintable()
    assert written.getvalue().isascii()
    assert lines(written)[0]["who"] == HOSTILE


def test_for_people_hostile_text_is_inert_too() -> None:
    record = logging.LogRecord("x", logging.WARNING, "", 0, "odd: %s", (HOSTILE,), None)
    record.name_given = HOSTILE
    shown = logs.TextFormatter().format(record)
    assert shown.isprintable()
    assert shown.isascii()


def test_repeated_lines_about_one_peer_are_counted_instead_of_written(written: io.StringIO) -> None:
    for _ in range(5 * LINES_PER_MINUTE):
        log.warning("broke the protocol", extra={"peer": "mallory"})
    assert len(lines(written)) == LINES_PER_MINUTE
    before = len(lines(written))
    log.warning("broke the protocol", extra={"peer": "another"})
    [line] = lines(written)[before:]
    assert line["left_out_before"]


def test_a_flood_about_one_peer_does_not_hide_lines_about_others(written: io.StringIO) -> None:
    for _ in range(2 * LINES_PER_MINUTE_ALL):
        log.warning("broke the protocol", extra={"peer": "mallory"})
    log.warning("broke the protocol", extra={"peer": "another"})
    assert lines(written)[-1]["peer"] == "another"


def test_the_limit_starts_over_after_a_minute_even_if_the_clock_is_set_back(
    written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2 * LINES_PER_MINUTE):
        log.warning("broke the protocol", extra={"peer": "mallory"})
    later = time.monotonic() + 61
    monkeypatch.setattr(time, "time", lambda: 0.0)
    monkeypatch.setattr(time, "monotonic", lambda: later)
    log.warning("broke the protocol", extra={"peer": "mallory"})
    assert lines(written)[-1]["left_out_before"] == LINES_PER_MINUTE


def test_an_address_counts_whatever_port_it_comes_from(written: io.StringIO) -> None:
    for port in range(5 * LINES_PER_MINUTE):
        log.info("link ended", extra={"address": f"192.168.1.66:{port}"})
    assert len(lines(written)) <= 2 * LINES_PER_MINUTE


def test_many_addresses_cannot_fill_the_disk_either(written: io.StringIO) -> None:
    for number in range(3 * LINES_PER_MINUTE_ALL):
        log.info("link ended", extra={"address": f"10.0.{number // 250}.{number % 250}:7000"})
    assert len(lines(written)) <= 2 * LINES_PER_MINUTE_ALL


def test_long_values_are_cut_and_of_a_trace_the_end_is_kept(written: io.StringIO) -> None:
    log.info("x" * 10 * VALUE_MAX)
    try:
        raise RuntimeError("what happened" + "!" * 10)
    except RuntimeError:
        log.exception("stumbled")
    long, trace = lines(written)
    assert len(str(long["event"])) == VALUE_MAX + 3
    assert str(trace["trace"]).endswith("what happened!!!!!!!!!!")
    assert len(str(trace["trace"])) <= TRACE_MAX


def test_a_person_at_a_terminal_sees_only_warnings_and_errors() -> None:
    stream = io.StringIO()
    logs.set_up("info", stream=stream, person=True)
    log.info("met")
    log.warning("the disk is full")
    assert "met" not in stream.getvalue()
    assert "the disk is full" in stream.getvalue()
