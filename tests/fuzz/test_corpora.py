"""Replays all corpora: no input makes a door fail, or work longer than it may. `scripts/fuzz` looks for more of them."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from tests.fuzz import corpora
from tests.fuzz.harness import Harness, Refused, answer_of, calls_of
from tests.fuzz.source import Source
from tests.fuzz.worlds import Reused

pytestmark = pytest.mark.fails_unattended

HARNESSES: dict[str, Harness] = {
    one.name: one
    for module in dict.fromkeys(corpora.TARGETS.values())
    for one in import_module(f"tests.fuzz.{module}").HARNESSES
}


def test_each_harness_can_be_asked_for_by_its_name_and_has_a_corpus() -> None:
    assert list(HARNESSES) == list(corpora.TARGETS)
    assert {path.stem for path in corpora.DIRECTORY.iterdir()} == set(HARNESSES)
    for name, harness in HARNESSES.items():
        assert len(corpora.read(name)) >= 5
        assert list(harness.seeds())


@pytest.mark.parametrize("name", corpora.TARGETS)
def test_no_input_of_the_corpus_makes_a_door_fail_or_work_without_end(name: str) -> None:
    harness = HARNESSES[name]
    inputs = list(corpora.read(name))
    harness.run(inputs[0])  # what is read or built once belongs to no input
    for data in inputs:
        calls = calls_of(harness.run, data)
        assert calls <= harness.work_allowed(data), f"{calls} calls for {data.hex()}"


def test_a_door_that_raises_another_error_than_it_may_is_noticed() -> None:
    def door(data: bytes) -> int:
        return data[0]

    assert answer_of(door, b"a") == 97
    with pytest.raises(IndexError):
        answer_of(door, b"")


def test_work_is_counted_the_same_each_time() -> None:
    harness = HARNESSES["codec"]
    data = b"\x93\x01\xa1a\xc4\x01b"
    assert calls_of(harness.run, data) == calls_of(harness.run, data) > 5
    assert calls_of(lambda data: [chr(one) for one in data].clear(), b"x" * 1_000) > 1_000


def test_an_input_that_is_used_up_chooses_the_first_of_everything() -> None:
    source = Source(b"\x01")
    assert source.below(2) == 1
    assert (source.left, source.below(9), source.number(), source.byte_string(), source.value()) == (0, 0, 0, b"", 0)
    assert not isinstance(source.edited(b"as it was"), Refused)
    assert Source(b"").edited((1, "a")) == (1, "a")


def test_a_world_is_given_to_so_many_inputs() -> None:
    worlds = Reused(list[int], 2)
    one, other, third = worlds.next(), worlds.next(), worlds.next()
    assert one is other
    assert third is not one
    worlds.renew()
    assert worlds.next() is not third


def test_what_showed_a_fault_is_kept_with_words_however_long_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corpora, "DIRECTORY", tmp_path)
    many = {bytes([number, number]): "" for number in range(200)}
    long = bytes(corpora.KEPT_BYTES + 1)
    corpora.write("codec", many | {long + b"!": ""})
    corpora.add("codec", long, "IndexError: a fault")
    kept = corpora.read("codec")
    assert len(kept) == corpora.KEPT_MAX + 1
    assert kept[long] == "IndexError: a fault"
    assert long + b"!" not in kept
