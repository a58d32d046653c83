"""The clock of a node: what it remembers over restarts, whom it listens to, and when it says that the date has changed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from meshnode.clock import RELEASED, Basis, ClockMemory, ClockReading, Machine
from protocol.limits import DAY, HOUR
from protocol.wire import stratum
from tests.support.clock import FakeClock
from tests.support.people import NOW, Person

YEAR = 365 * DAY
MONTH = 30 * DAY
IN_2099 = 4_086_000_000
ALICE, BOB, CAROL = (Person(name).id for name in ("Alice", "Bob", "Carol"))
MACHINE = stratum.MACHINE


def told(clock: FakeClock) -> list[ClockReading]:
    """The changes of belief that a listener is told of from now on."""
    heard: list[ClockReading] = []
    clock.look()
    clock.subscribe(heard.append)
    return heard


def test_a_plausible_clock_is_believed() -> None:
    clock = FakeClock(NOW)
    assert (clock.now(), clock.trusted, clock.stratum) == (NOW, True, MACHINE)


def test_a_node_that_boots_in_1970_goes_on_from_the_date_last_known() -> None:
    clock = FakeClock(0, floor=NOW)
    clock.advance(120)
    assert (clock.now(), clock.trusted, clock.stratum) == (NOW + 120, False, stratum.DOUBT)


def test_a_new_node_does_not_believe_1970_or_2099() -> None:
    for shown in (0, IN_2099):
        clock = FakeClock(shown)
        assert (clock.now(), clock.trusted) == (RELEASED, False)


def test_a_node_that_runs_for_months_goes_on_trusting_its_clock() -> None:
    clock = FakeClock(NOW, floor=NOW)
    clock.advance(6 * MONTH)
    assert (clock.now(), clock.trusted) == (NOW + 6 * MONTH, True)


def test_1970_then_2099_then_the_truth_while_it_runs_leaves_no_trace() -> None:
    clock = FakeClock(NOW, floor=NOW)
    clock.remember()
    verdicts = []
    for shown in (0, IN_2099, NOW):
        clock.machine.shown = shown
        clock.remember()
        verdicts.append((clock.now(), clock.trusted, clock.purge_before()))
    assert verdicts == [(NOW, True, NOW), (NOW, False, NOW), (NOW, True, NOW)]


def test_a_clock_set_by_ntp_after_the_first_start_is_believed_at_once() -> None:
    clock = FakeClock(0)
    clock.remember()
    changes = told(clock)
    clock.machine.shown, clock.machine.is_synchronized = NOW, True
    clock.remember()
    assert (clock.now(), clock.trusted, clock.stratum) == (NOW, True, stratum.CERTAIN)
    assert [change.basis for change in changes] == [Basis.KERNEL]


def test_the_date_last_known_survives_a_restart_of_the_machine() -> None:
    clock = FakeClock(NOW)
    clock.remember()
    clock.machine.start_again(0)
    after = clock.restarted()
    assert (after.now(), after.trusted) == (NOW, False)
    after.machine.start_again(NOW + DAY)
    assert after.restarted().trusted


def test_the_running_time_survives_a_restart_of_the_program() -> None:
    clock = FakeClock(NOW)
    clock.remember()
    clock.advance(HOUR)
    clock.machine.shown = 0
    after = clock.restarted()
    assert (after.now(), after.reading().basis) == (NOW + HOUR, Basis.RUNNING)


def test_a_wrong_month_typed_once_deletes_nothing_and_is_taken_back() -> None:
    clock = FakeClock(NOW, floor=NOW)
    clock.remember()
    clock.machine.start_again(NOW + MONTH)
    wrong = clock.restarted()
    wrong.remember()
    assert (wrong.trusted, wrong.now(), wrong.purge_before()) == (True, NOW + MONTH, NOW)
    wrong.advance(HOUR)
    wrong.machine.shown -= MONTH
    wrong.remember()
    assert not wrong.trusted
    wrong.confirm()
    assert (wrong.trusted, wrong.now()) == (True, NOW + HOUR)
    assert wrong.purge_before() <= NOW + HOUR
    wrong.machine.start_again(NOW + DAY)
    assert wrong.restarted().trusted


def test_one_person_is_enough_to_take_back_a_wrong_month() -> None:
    clock = FakeClock(NOW, floor=NOW + MONTH)
    assert not clock.trusted
    changes = told(clock)
    clock.heard(ALICE, NOW, MACHINE)
    assert (clock.trusted, clock.now()) == (True, NOW)
    assert len(changes) == 1
    clock.remember()
    assert clock.saved[-1].floor == NOW


def test_the_owners_word_holds_until_the_machine_starts_again() -> None:
    clock = FakeClock(0, floor=IN_2099)
    clock.set_date(NOW)
    clock.advance(HOUR)
    assert (clock.restarted().now(), clock.restarted().reading().basis) == (NOW + HOUR, Basis.OWNER)
    clock.machine.shown = IN_2099  # a jump of the machine's clock changes nothing
    assert clock.now() == NOW + HOUR
    clock.remember()
    clock.machine.start_again(0)
    assert not clock.restarted().trusted
    assert clock.restarted().now() == NOW + HOUR


def test_of_several_devices_of_a_person_the_one_nearest_to_a_source_speaks() -> None:
    clock = FakeClock(0, floor=NOW)
    clock.hears((ALICE, NOW + 5 * DAY, 1), (ALICE, NOW + 9 * DAY, MACHINE))
    assert clock.now() == NOW + 5 * DAY
    assert len(clock.reading().voices) == 1


def test_a_person_counts_for_a_day_after_they_were_heard() -> None:
    clock = FakeClock(0, floor=NOW)
    clock.heard(ALICE, NOW, MACHINE)
    clock.advance(DAY + 1)
    assert clock.reading().voices == ()
    assert (clock.trusted, clock.reading().basis) == (True, Basis.RUNNING)


def test_a_person_no_longer_vouched_for_counts_no_longer() -> None:
    clock = FakeClock(NOW, floor=NOW)
    clock.heard(ALICE, NOW + YEAR, 0)
    assert clock.now() == NOW + YEAR
    clock.count_only(lambda person: person != ALICE)
    assert clock.reading().voices == ()
    assert [voice.person for voice in clock.met()] == [ALICE]


def test_a_majority_against_the_machines_clock_is_told_in_any_case() -> None:
    for synchronized in (False, True):
        clock = FakeClock(NOW, floor=NOW)
        clock.machine.is_synchronized = synchronized
        clock.hears((ALICE, NOW + MONTH, MACHINE), (BOB, NOW + MONTH, MACHINE), (CAROL, NOW, MACHINE))
        assert {voice.person for voice in clock.reading().against} == {ALICE, BOB}
        clock.heard(ALICE, NOW, MACHINE)
        assert clock.reading().against == ()
        assert {voice.person for voice in clock.reading().elsewhere} == {BOB}


def test_listeners_are_told_of_a_change_of_belief_once_and_of_nothing_else() -> None:
    clock = FakeClock(NOW)
    changes = told(clock)
    generation = clock.generation
    for _ in range(5):
        clock.advance(YEAR)
        clock.remember()
    assert (changes, clock.generation) == ([], generation)
    clock.machine.shown += MONTH
    clock.look()
    clock.look()
    assert [change.trusted for change in changes] == [False]
    assert clock.generation == generation + 1
    clock.machine.shown -= MONTH
    clock.look()
    assert [change.trusted for change in changes] == [False, True]


def test_a_listener_that_has_ended_is_told_nothing() -> None:
    clock = FakeClock(NOW)
    heard: list[ClockReading] = []
    unsubscribe = clock.subscribe(heard.append)
    clock.look()
    unsubscribe()
    unsubscribe()
    clock.machine.shown += MONTH
    clock.look()
    assert heard == []


def test_the_machine_tells_its_own_clocks() -> None:
    machine = Machine()
    assert machine.running() > 0
    assert machine.wall() > RELEASED
    assert machine.boot_id() == machine.boot_id()
    assert machine.synchronized() in (True, False)


MEMORIES = st.builds(
    ClockMemory,
    floor=st.integers(0, 2**50),
    careful=st.none() | st.integers(0, 2**50),
    boot_id=st.text(max_size=40),
    offset=st.none() | st.floats(-1e12, 1e12),
    wall_offset=st.none() | st.floats(-1e12, 1e12),
    owner_offset=st.none() | st.floats(-1e12, 1e12),
    written_at=st.floats(0, 1e12),
)


@given(MEMORIES)
def test_what_is_remembered_is_read_back_the_same(memory: ClockMemory) -> None:
    assert ClockMemory.from_text(memory.to_text()) == memory


@given(
    st.none() | st.text() | st.sampled_from(['{"floor":"x"}', "[]", '{"floor":1e400}', '{"more":1}', '{"careful":[]}'])
)
def test_a_damaged_memory_is_no_memory(text: str | None) -> None:
    assert ClockMemory.from_text(text) == ClockMemory()


@given(
    floor=st.integers(0, 2**40),
    jumps=st.lists(st.tuples(st.integers(-(2**40), 2**40), st.integers(0, 10**7), st.booleans()), max_size=8),
    told_times=st.dictionaries(
        st.sampled_from([ALICE, BOB, CAROL]), st.tuples(st.integers(0, 2**53 - 1), st.integers(0, 40))
    ),
)
def test_what_is_in_doubt_is_never_deleted_by(
    floor: int, jumps: list[tuple[int, int, bool]], told_times: dict[bytes, tuple[int, int]]
) -> None:
    clock = FakeClock(0, floor=floor)
    for person, (time, level) in told_times.items():
        clock.heard(person, time, level)
    for shown, passed, starts_again in jumps:
        clock.advance(passed)
        clock.machine.shown = shown
        if starts_again:
            clock.remember()
            clock.machine.start_again(shown)
            clock = clock.restarted()
        clock.remember()
        before = clock.purge_before()
        assert before <= clock.now()
        if clock.stratum == stratum.DOUBT:
            clock.advance(HOUR)
            assert clock.purge_before() == before or clock.stratum < stratum.DOUBT
