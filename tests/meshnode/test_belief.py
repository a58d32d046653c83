"""Which date a node believes by which evidence: the order of witnesses as a table, and what holds for all evidence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from meshnode.clock import RELEASED, Basis, Evidence, Voice, decide
from meshnode.clock.belief import LEAP, SLACK
from protocol.limits import DAY, HOUR
from protocol.wire import stratum
from tests.support.people import NOW, Person

YEAR = 365 * DAY
IN_2099 = 4_086_000_000
PEOPLE = [Person(name).id for name in ("Alice", "Bob", "Carol", "Dave")]
DOUBT, MACHINE = stratum.DOUBT, stratum.MACHINE


def voices(*said: tuple[float, int]) -> tuple[Voice, ...]:
    """What people say: each their time and its stratum."""
    return tuple(Voice(person, time, level) for person, (time, level) in zip(PEOPLE, said, strict=False))


def evidence(wall: float = NOW, floor: float = NOW, **more: object) -> Evidence:
    """A machine that has just started, with nothing but its clock and the date last known."""
    return replace(Evidence(wall=wall, floor=floor, passed=0.0), **more)


BEHIND = NOW - 20 * DAY

# situation: the evidence, the date believed (None: in doubt), on which basis
TABLE: dict[str, tuple[Evidence, float | None, Basis]] = {
    "a clock that nothing speaks against": (evidence(), NOW, Basis.MACHINE),
    "a clock a little behind the last known date": (evidence(wall=NOW - 60), NOW, Basis.MACHINE),
    "a Raspberry Pi in 1970": (evidence(wall=0), None, Basis.NOTHING),
    "a new Raspberry Pi in 1970": (evidence(wall=0, floor=0), None, Basis.NOTHING),
    "a new computer with a plausible date": (evidence(floor=0), NOW, Basis.MACHINE),
    "a new computer in 2099": (evidence(wall=IN_2099, floor=0), None, Basis.NOTHING),
    "1970, but it has run since the date was known": (evidence(wall=0, running=NOW + 60), NOW + 60, Basis.RUNNING),
    "off for longer than a clock may leap": (evidence(wall=NOW + LEAP + 1), None, Basis.NOTHING),
    "off for as long as a clock may leap": (evidence(wall=NOW + LEAP), NOW + LEAP, Basis.MACHINE),
    "off for a year, and one person agrees": (
        evidence(wall=NOW + YEAR, voices=voices((NOW + YEAR + 30, MACHINE))),
        NOW + YEAR,
        Basis.PEOPLE,
    ),
    "back from a wrong future, and one person agrees": (
        evidence(wall=NOW, floor=NOW + YEAR, voices=voices((NOW, MACHINE))),
        NOW,
        Basis.PEOPLE,
    ),
    "back from a wrong future, alone": (evidence(wall=NOW, floor=NOW + YEAR), None, Basis.NOTHING),
    "off for a year, and one person in doubt whose clock agrees": (
        evidence(wall=NOW + YEAR, voices=voices((NOW + YEAR + HOUR, DOUBT))),
        NOW + YEAR,
        Basis.MACHINE,
    ),
    "off for a year, and one person in doubt whose clock does not agree": (
        evidence(wall=NOW + YEAR, voices=voices((NOW, DOUBT))),
        None,
        Basis.NOTHING,
    ),
    "1970 with somebody else in 1970": (evidence(wall=60, voices=voices((90, DOUBT))), None, Basis.NOTHING),
    "a disagreement, and one person in doubt whose clock agrees": (
        evidence(voices=voices((NOW + 2 * DAY, MACHINE), (NOW, DOUBT))),
        None,
        Basis.NOTHING,
    ),
    "set a month ahead while it runs": (
        evidence(wall=NOW + 30 * DAY, running=NOW, wall_was_set=True),
        None,
        Basis.NOTHING,
    ),
    "set a month ahead and synchronized": (
        evidence(wall=NOW + 30 * DAY, running=NOW, wall_was_set=True, synchronized=True),
        NOW + 30 * DAY,
        Basis.KERNEL,
    ),
    "set a month ahead, and one person agrees": (
        evidence(wall=NOW + 30 * DAY, running=NOW, wall_was_set=True, voices=voices((NOW + 30 * DAY, MACHINE + 1))),
        NOW + 30 * DAY,
        Basis.PEOPLE,
    ),
    "set a month ahead, and one person agrees with the time that has run": (
        evidence(wall=NOW + 30 * DAY, running=NOW, wall_was_set=True, voices=voices((NOW, MACHINE))),
        NOW,
        Basis.PEOPLE,
    ),
    "a wrong clock that was overruled before": (evidence(wall=BEHIND, running=NOW), NOW, Basis.RUNNING),
    "two computers with nothing better than their clocks": (
        evidence(voices=voices((NOW + 2 * DAY, MACHINE))),
        None,
        Basis.NOTHING,
    ),
    "one person who is certain against the own clock": (
        evidence(wall=BEHIND, floor=BEHIND, voices=voices((NOW, 0))),
        NOW,
        Basis.PEOPLE,
    ),
    "one person who is certain against two others and the own clock": (
        evidence(wall=BEHIND, floor=BEHIND, voices=voices((NOW, 1), (BEHIND, MACHINE), (BEHIND, MACHINE))),
        NOW,
        Basis.PEOPLE,
    ),
    "two people with mere clocks against one who agrees": (
        evidence(voices=voices((NOW + 9 * DAY, MACHINE), (NOW + 9 * DAY, MACHINE), (NOW + 60, MACHINE))),
        None,
        Basis.NOTHING,
    ),
    "three people with mere clocks ahead": (
        evidence(wall=BEHIND, floor=BEHIND, voices=voices((NOW, MACHINE), (NOW, MACHINE), (NOW, MACHINE))),
        NOW,
        Basis.PEOPLE,
    ),
    "three people with mere clocks from before the last known date": (
        evidence(voices=voices((BEHIND, MACHINE), (BEHIND, MACHINE), (BEHIND, MACHINE))),
        None,
        Basis.NOTHING,
    ),
    "people further from a source than the own clock": (
        evidence(voices=voices((NOW + 9 * DAY, MACHINE + 1), (NOW + 9 * DAY, MACHINE + 1))),
        NOW,
        Basis.MACHINE,
    ),
    "two certain people who disagree, and the clock sides with one": (
        evidence(voices=voices((NOW, 0), (NOW + YEAR, 0))),
        NOW,
        Basis.PEOPLE,
    ),
    "two certain people who disagree, and the time that has run sides with one": (
        evidence(wall=0, running=NOW, voices=voices((NOW, 0), (NOW + YEAR, 0))),
        NOW,
        Basis.PEOPLE,
    ),
    "two certain people who disagree, and nothing sides with either": (
        evidence(wall=0, voices=voices((NOW + DAY, 0), (NOW + YEAR, 0))),
        None,
        Basis.NOTHING,
    ),
    "the owner against everything": (
        evidence(wall=0, floor=IN_2099, owner=NOW, voices=voices((BEHIND, 0), (BEHIND, 0))),
        NOW,
        Basis.OWNER,
    ),
    "the owner against a synchronized clock": (evidence(wall=BEHIND, owner=NOW, synchronized=True), NOW, Basis.OWNER),
    "a synchronized clock against people": (
        evidence(floor=0, synchronized=True, voices=voices((BEHIND, 0), (BEHIND, 0))),
        NOW,
        Basis.KERNEL,
    ),
    "a synchronized clock in 1970": (evidence(wall=0, synchronized=True), None, Basis.NOTHING),
}


@pytest.mark.parametrize("situation", TABLE)
def test_the_evidence_decides_in_order(situation: str) -> None:
    given_, expected, basis = TABLE[situation]
    belief = decide(given_)
    assert belief.basis is basis
    if expected is not None:
        assert belief.now == expected


def test_what_is_adopted_loses_weight_with_each_step_until_it_is_doubt() -> None:
    level, steps = stratum.CERTAIN, 0
    while stratum.counts(level):
        belief = decide(evidence(wall=0, floor=0, voices=voices((NOW, level))))
        assert belief.now == NOW
        level, steps = belief.stratum, steps + 1
    assert steps == stratum.DOUBT - 1
    assert decide(evidence(wall=0, floor=0, voices=voices((NOW, level)))).basis is Basis.NOTHING


# who agrees: the evidence, and the time by which may be deleted
MONTH = 30 * DAY
DELETING: dict[str, tuple[Evidence, float]] = {
    "the clock alone, which has just leaped": (evidence(wall=NOW + MONTH, careful=NOW), NOW),
    "the clock alone, and it has run for a month": (
        evidence(wall=NOW + MONTH, running=NOW + MONTH, careful=NOW, careful_passed=MONTH),
        NOW + MONTH,
    ),
    "the clock and one person": (
        evidence(wall=NOW + MONTH, careful=NOW, voices=voices((NOW + MONTH, MACHINE))),
        NOW + MONTH,
    ),
    "a synchronized clock": (evidence(wall=NOW + MONTH, careful=NOW, synchronized=True), NOW + MONTH),
    "one certain person against the clock": (evidence(careful=NOW, voices=voices((NOW + YEAR, 0))), NOW),
    "three certain people against the clock": (
        evidence(careful=NOW, voices=voices((NOW + YEAR, 0), (NOW + YEAR, 0), (NOW + YEAR, 0))),
        NOW,
    ),
    "the owner's word against the clock": (evidence(careful=NOW, owner=NOW + YEAR), NOW),
    "the owner's word and the clock": (evidence(wall=NOW + YEAR, careful=NOW, owner=NOW + YEAR), NOW + YEAR),
    "a date that goes back": (evidence(wall=NOW, floor=NOW + YEAR, careful=NOW + YEAR, owner=NOW), NOW),
    "doubt": (evidence(wall=NOW + YEAR, careful=NOW, careful_passed=HOUR), NOW),
}


@pytest.mark.parametrize("situation", DELETING)
def test_nothing_is_deleted_on_the_word_of_one(situation: str) -> None:
    given_, expected = DELETING[situation]
    assert decide(given_).purge_before == expected


TIMES = st.one_of(
    st.sampled_from(
        [0.0, float(RELEASED), float(NOW), NOW + 2.0 * HOUR, NOW + 2.0 * DAY, float(BEHIND), float(IN_2099)]
    ),
    st.floats(0, 2**53),
)
VOICES = st.lists(st.tuples(TIMES, st.integers(0, 40)), max_size=4).map(lambda said: voices(*said))
ALL_EVIDENCE = st.builds(
    Evidence,
    wall=TIMES,
    floor=TIMES,
    passed=st.floats(0, 1e9),
    running=st.none() | TIMES,
    wall_was_set=st.booleans(),
    owner=st.none() | TIMES,
    synchronized=st.booleans(),
    voices=VOICES,
    careful=st.none() | TIMES,
    careful_passed=st.floats(0, 1e9),
)


@given(ALL_EVIDENCE)
def test_nothing_is_ever_deleted_later_than_the_time_that_is_believed(given_: Evidence) -> None:
    belief = decide(given_)
    assert belief.purge_before <= belief.now


@given(ALL_EVIDENCE)
def test_the_owners_word_is_believed_against_all_other_evidence(given_: Evidence) -> None:
    belief = decide(replace(given_, owner=float(NOW)))
    assert abs(belief.now - NOW) <= SLACK
    assert (belief.basis, belief.stratum) == (Basis.OWNER, stratum.CERTAIN)


@given(ALL_EVIDENCE, st.lists(TIMES, max_size=2))
def test_voices_in_doubt_change_nothing_but_doubt(given_: Evidence, doubtful: list[float]) -> None:
    more = (*given_.voices, *(Voice(Person(f"Doubter {n}").id, time, DOUBT) for n, time in enumerate(doubtful)))
    before, after = decide(given_), decide(replace(given_, voices=more))
    assert after == before or (before.basis is Basis.NOTHING and after.now == given_.wall)


@given(ALL_EVIDENCE, st.randoms(use_true_random=False))
def test_the_order_of_voices_decides_nothing(given_: Evidence, chance: object) -> None:
    mixed = list(given_.voices)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    assert decide(replace(given_, voices=tuple(mixed))) == decide(given_)


@given(ALL_EVIDENCE.filter(lambda found: found.owner is None and not found.synchronized))
def test_one_person_who_agrees_with_the_clock_is_enough_unless_somebody_is_nearer_to_a_source(given_: Evidence) -> None:
    wall = max(given_.wall, float(RELEASED))
    agreeing = Voice(PEOPLE[0], wall, stratum.CERTAIN)
    belief = decide(replace(given_, wall=wall, voices=(agreeing,)))
    assert belief.now == wall
    assert belief.purge_before == wall


@given(ALL_EVIDENCE)
def test_a_belief_is_in_doubt_exactly_if_its_stratum_says_so(given_: Evidence) -> None:
    belief = decide(given_)
    assert (belief.basis is Basis.NOTHING) == (belief.stratum == stratum.DOUBT)
