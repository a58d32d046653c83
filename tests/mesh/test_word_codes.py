"""Two people connect by a word code said aloud; whatever else is typed, called or put in between connects nobody."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from meshnode.app.meetings import shown, typed
from meshnode.app.meetings.typed import MeetingEnd, MeetingResult, TypedMeeting
from meshnode.app.owner import policy
from meshnode.app.peers import contacts
from meshnode.app.peers.conversation import Conversation
from meshnode.app.people import people
from meshnode.errors import Failed, Refused, Usage
from protocol import Audience, limits
from protocol.tokens import WordCode
from protocol.wire import (
    Initiator,
    MeetProof,
    MeetStart,
    encode_frame,
    meeting_psk,
    meeting_secret,
    meeting_static_public,
)
from tests.support.meetings import (
    HERE,
    answering,
    attempt,
    converse,
    meet,
    other_words,
    replica_of,
    result_of,
    show,
    state,
)
from tests.support.mesh import Mesh
from tests.support.mesh_people import block, person, post, sees
from tests.support.people import grown


def mesh_of(*names: str) -> Mesh:
    """Return a mesh of strangers."""
    mesh = Mesh(90)
    for name in names:
        mesh.add(name, audience=Audience.NETWORK_WIDE)
    return mesh


def weights(mesh: Mesh, one: str, other: str) -> tuple[int, int]:
    """Return how much each of them vouches for the other, as each itself says."""
    return (
        policy.weight(replica_of(mesh, one), person(mesh, other)),
        policy.weight(replica_of(mesh, other), person(mesh, one)),
    )


# --- how it goes well ------------------------------------------------------------------------------------------------


def test_two_strangers_vouch_for_each_other_and_find_what_the_other_shares() -> None:
    mesh = mesh_of("Ann", "Bob")
    code = show(mesh, "Ann")
    added = meet(mesh, "Bob", code, "Ann")
    assert (added.person.name, added.trust) == ("Ann", 0.8)
    assert weights(mesh, "Ann", "Bob") == (800, 800)
    seen = shown.shown(replica_of(mesh, "Ann"))
    assert (seen.state, seen.person and seen.person.name) == ("met", "Bob")
    post(mesh, "Ann", "Apples")
    mesh.wire("Bob", "Ann")
    mesh.settle()
    assert sees(mesh, "Bob") == {"Apples"}
    assert people.pending_cards(replica_of(mesh, "Bob")) == []


def test_each_says_how_much_they_trust_and_an_earlier_word_is_kept() -> None:
    mesh = mesh_of("Ann", "Bob")
    meet(mesh, "Bob", show(mesh, "Ann", 0.5), "Ann", trust=0.7)
    assert weights(mesh, "Ann", "Bob") == (500, 700)
    meet(mesh, "Bob", show(mesh, "Ann"), "Ann")
    assert weights(mesh, "Ann", "Bob") == (500, 700)
    meet(mesh, "Ann", show(mesh, "Bob", 0.9), "Bob")
    assert weights(mesh, "Ann", "Bob") == (500, 900)


def test_it_does_not_matter_how_the_code_is_written_down() -> None:
    mesh = mesh_of("Ann", "Bob")
    code = show(mesh, "Ann")
    spoken = f" {code.number} {code.words[0].upper()}, {code.words[1]} "
    meet(mesh, "Bob", typed.word_code(spoken), "Ann")
    assert weights(mesh, "Ann", "Bob") == (800, 800)


def test_the_words_stand_for_a_device_code() -> None:
    mesh = mesh_of("Ann", "Bob")
    ann = replica_of(mesh, "Ann")
    words = shown.show_device_code(ann, "mdev1 and so on", ann.clock.now() + 60, ())
    meeting = attempt(mesh, "Bob", WordCode.parse(words.words), device=True)
    converse(mesh, meeting, answering(mesh, "Ann"))
    assert (meeting.end, meeting.device_code) == (MeetingEnd.MET, "mdev1 and so on")
    assert shown.shown(ann).state == "met"
    assert weights(mesh, "Ann", "Bob") == (0, 0)


# --- how it goes wrong -----------------------------------------------------------------------------------------------


@pytest.mark.promise("Words said aloud connect two people and nobody else")
def test_a_wrong_word_ends_the_code_and_both_are_told() -> None:
    mesh = mesh_of("Ann", "Bob")
    code = show(mesh, "Ann")
    with pytest.raises(Refused, match="not the words that the other computer shows"):
        meet(mesh, "Bob", other_words(code), "Ann")
    assert state(mesh, "Ann") == "wrong"
    with pytest.raises(Refused, match="does not show this code any longer"):
        meet(mesh, "Bob", code, "Ann")
    assert weights(mesh, "Ann", "Bob") == (0, 0)


def test_the_right_words_at_the_wrong_command_leave_the_code_open() -> None:
    mesh = mesh_of("Ann", "Bob")
    code = show(mesh, "Ann")
    meeting = attempt(mesh, "Bob", code, device=True)
    converse(mesh, meeting, answering(mesh, "Ann"))
    with pytest.raises(Refused, match="this code is for something else"):
        typed.check_met(result_of(meeting))
    assert state(mesh, "Ann") == "waiting"
    meet(mesh, "Bob", code, "Ann")
    assert weights(mesh, "Ann", "Bob") == (800, 800)


def test_the_second_of_two_who_type_the_same_code_finds_it_used() -> None:
    mesh = mesh_of("Ann", "Bob", "Eve")
    code = show(mesh, "Ann")
    first, second = attempt(mesh, "Bob", code), attempt(mesh, "Eve", code)
    ends = answering(mesh, "Ann"), answering(mesh, "Ann")
    for meeting, end in zip((first, second), ends, strict=True):  # both have proved the words before either is let in
        _exchange(mesh, meeting, end, 3)
    assert converse(mesh, first, ends[0])
    converse(mesh, second, ends[1])
    assert typed.connect(replica_of(mesh, "Bob"), result_of(first), None, ()).person.name == "Ann"
    with pytest.raises(Failed, match="the connection ended before all was said"):
        typed.check_met(result_of(second))
    assert weights(mesh, "Ann", "Eve") == (0, 0)


def test_two_who_show_at_once_meet_those_who_type_their_codes() -> None:
    mesh = mesh_of("Ann", "Bob", "Cy", "Dan")
    ann, bob = show(mesh, "Ann"), show(mesh, "Bob")
    meet(mesh, "Dan", bob, "Bob")
    meet(mesh, "Cy", ann, "Ann")
    assert weights(mesh, "Ann", "Cy") == weights(mesh, "Bob", "Dan") == (800, 800)


def test_a_number_that_is_heard_is_not_taken() -> None:
    mesh = mesh_of("Ann")
    heard = frozenset(range(1, 100)) - {42}
    assert WordCode.parse(shown.show(replica_of(mesh, "Ann"), shown.MeetingOrder(), heard).words).number == 42
    everyone = shown.show(replica_of(mesh, "Ann"), shown.MeetingOrder(), frozenset(range(1, 100)))
    assert WordCode.parse(everyone.words).number == 1


def test_a_code_ends_in_time_and_a_newer_one_replaces_it() -> None:
    mesh = mesh_of("Ann", "Bob")
    old = show(mesh, "Ann")
    code = show(mesh, "Ann")
    if (old.number, old.words) != (code.number, code.words):
        with pytest.raises(Refused):
            meet(mesh, "Bob", old, "Ann")
    code = show(mesh, "Ann")
    mesh.advance(limits.WORD_CODE_LIFE)
    assert state(mesh, "Ann") == "expired"
    assert not converse(mesh, attempt(mesh, "Bob", code), answering(mesh, "Ann"))
    mesh.nodes["Ann"].replica = replace(replica_of(mesh, "Ann"), run=bytes(8))
    assert state(mesh, "Ann") == "none"


def test_a_newer_code_knows_nothing_of_those_who_have_called_for_the_one_before() -> None:
    """Bob has Ann's first message when Ann shows another code: Bob's words are not tried at that one."""
    mesh = mesh_of("Ann", "Bob")
    meeting, ann = attempt(mesh, "Bob", show(mesh, "Ann")), answering(mesh, "Ann")
    _exchange(mesh, meeting, ann, 2)
    assert meeting.proof_sent
    newer = show(mesh, "Ann")
    converse(mesh, meeting, ann)
    assert state(mesh, "Ann") == "waiting"
    with pytest.raises(Refused, match="does not show this code any longer"):
        typed.check_met(result_of(meeting))
    meet(mesh, "Bob", newer, "Ann")


def test_somebody_who_has_proved_a_code_is_not_let_in_by_a_newer_one() -> None:
    mesh = mesh_of("Ann", "Bob")
    meeting, ann = attempt(mesh, "Bob", show(mesh, "Ann")), answering(mesh, "Ann")
    _exchange(mesh, meeting, ann, 3)
    show(mesh, "Ann")
    converse(mesh, meeting, ann)
    assert (meeting.end, state(mesh, "Ann")) == (MeetingEnd.LOST, "waiting")
    assert weights(mesh, "Ann", "Bob") == (0, 0)


def _exchange(mesh: Mesh, meeting: TypedMeeting, answers: Conversation, times: int) -> None:
    for _ in range(times):
        answers.receive(meeting.data_to_send(), mesh.time)
        meeting.receive(answers.data_to_send())


@pytest.mark.promise("Words said aloud connect two people and nobody else")
def test_a_liar_in_the_middle_gets_neither_of_them() -> None:
    """Mallory announces Ann's number, answers Bob, and calls Ann: all that Mallory can pass on belongs to one channel."""
    mesh = mesh_of("Ann", "Bob")
    code = show(mesh, "Ann")
    meeting, ann = attempt(mesh, "Bob", code), answering(mesh, "Ann")
    mallory = Initiator(
        static_private=grown("mallory"),
        remote_static=meeting_static_public(code.number),
        psk=meeting_psk(meeting_secret(code.number)),
        ephemeral_private=grown("ephemeral"),
    )
    to_bob = _answering_as_anybody(code)
    to_bob.receive(meeting.data_to_send())
    meeting.receive(to_bob.data_to_send())
    for frame in to_bob.receive(meeting.data_to_send()):  # Bob's start, passed on to Ann as it is
        for _ in range(2):
            ann.receive(mallory.data_to_send(), mesh.time)
            mallory.receive(ann.data_to_send())
        ann.receive(mallory.send(frame), mesh.time)
        (hers,) = mallory.receive(ann.data_to_send())
        meeting.receive(to_bob.send(hers))
    (proof,) = to_bob.receive(meeting.data_to_send())  # Bob has proved the words, for the channel with Mallory
    ann.receive(mallory.send(proof), mesh.time)
    assert state(mesh, "Ann") == "wrong"
    meeting.close()
    assert meeting.end is MeetingEnd.WRONG
    assert weights(mesh, "Ann", "Bob") == (0, 0)


def _answering_as_anybody(code: WordCode):  # type: ignore[no-untyped-def]
    """Return the end that answers with the keys of a number, as everybody can."""
    from protocol.wire import Responder, SeenEphemerals, meeting_candidate

    return Responder(
        static_private=grown("of nobody"),
        candidates=lambda: [meeting_candidate(code.number, None)],
        seen=SeenEphemerals(),
        ephemeral_private=grown("of mallory"),
    )


def test_somebody_who_breaks_off_before_the_proof_ends_no_code() -> None:
    mesh = mesh_of("Ann", "Bob")
    code = show(mesh, "Ann")
    for _ in range(20):
        meeting, ann = attempt(mesh, "Bob", code), answering(mesh, "Ann")
        _exchange(mesh, meeting, ann, 2)
        assert meeting.proof_sent
    assert state(mesh, "Ann") == "waiting"
    meet(mesh, "Bob", code, "Ann")


def test_all_who_call_get_the_same_message() -> None:
    """It was computed when the code was made, so the time that the answer takes tells nothing of the words."""
    mesh = mesh_of("Ann", "Bob")
    show(mesh, "Ann")
    messages = {shown.begin(replica_of(mesh, "Ann")) for _ in range(3)}
    assert len(messages) == 1
    assert all(isinstance(message, MeetStart) for message in messages)


@pytest.mark.parametrize(
    ("said", "left"),
    [("junk", "waiting"), ("no element", "wrong"), ("a card first", "waiting"), ("two starts", "waiting")],
)
def test_what_is_no_proof_ends_the_connection_or_the_code_and_nothing_else(said: str, left: str) -> None:
    mesh = mesh_of("Ann", "Bob")
    code = show(mesh, "Ann")
    ann = answering(mesh, "Ann")
    anybody = Initiator(
        static_private=grown("anybody"),
        remote_static=meeting_static_public(code.number),
        psk=meeting_psk(meeting_secret(code.number)),
        ephemeral_private=grown("ephemeral"),
    )
    for _ in range(2):
        ann.receive(anybody.data_to_send(), mesh.time)
        anybody.receive(ann.data_to_send())
    first = attempt(mesh, "Bob", code)
    frames = {
        "junk": [b"\x91\x63", b"\xc1"],
        "no element": [encode_frame(MeetStart(bytes([2, *bytes(31)]))), encode_frame(MeetProof(bytes(32), 1))],
        "two starts": [encode_frame(MeetStart(first._typed.message))] * 2,
        "a card first": [encode_frame(first._introduce(bytes(64)))] if first._introduce else [],
    }[said]
    for frame in frames:
        if ann.end is None:
            ann.receive(anybody.send(frame), mesh.time)
    assert ann.end is not None
    assert state(mesh, "Ann") == left


# --- who came --------------------------------------------------------------------------------------------------------


def test_somebody_who_is_blocked_is_not_connected_and_not_told_why() -> None:
    mesh = mesh_of("Ann", "Bob")
    block(mesh, "Ann", "Bob")
    code = show(mesh, "Ann")
    with pytest.raises(Refused, match="did not connect with you"):
        meet(mesh, "Bob", code, "Ann")
    seen = shown.shown(replica_of(mesh, "Ann"))
    assert (seen.state, seen.trouble) == ("refused", "blocked")
    assert weights(mesh, "Ann", "Bob") == (0, 0)


def test_somebody_whom_the_one_who_types_blocks_is_not_vouched_for() -> None:
    mesh = mesh_of("Ann", "Bob")
    block(mesh, "Bob", "Ann")
    with pytest.raises(Refused, match="you block Ann"):
        meet(mesh, "Bob", show(mesh, "Ann"), "Ann")
    assert policy.weight(replica_of(mesh, "Bob"), person(mesh, "Ann")) == 0


def test_two_computers_of_one_person_say_so() -> None:
    mesh = mesh_of("Ann")
    mesh.join_device("Pi", "Ann")
    with pytest.raises(Refused, match="one of your own computers"):
        meet(mesh, "Pi", show(mesh, "Ann"), "Ann")
    assert shown.shown(replica_of(mesh, "Ann")).trouble == "own"


def test_the_code_that_is_shown_here_is_not_typed_here() -> None:
    mesh = mesh_of("Ann")
    with pytest.raises(Refused, match="the code that this computer shows"):
        attempt(mesh, "Ann", show(mesh, "Ann"))


# --- what a stranger gets ---------------------------------------------------------------------------------------------


def test_a_caller_gets_no_byte_while_no_code_of_that_number_is_shown() -> None:
    mesh = mesh_of("Ann", "Bob")
    code = WordCode(7, ("acorn", "album"))
    assert not converse(mesh, attempt(mesh, "Bob", code), answering(mesh, "Ann"))
    other = show(mesh, "Ann")
    elsewhere = WordCode(other.number % 99 + 1, other.words)
    assert not converse(mesh, attempt(mesh, "Bob", elsewhere), answering(mesh, "Ann"))
    assert converse(mesh, attempt(mesh, "Bob", other_words(other)), answering(mesh, "Ann"))
    assert not converse(mesh, attempt(mesh, "Bob", other), answering(mesh, "Ann")), "the code is over"


def test_the_number_is_announced_while_the_code_is_open_and_not_afterwards() -> None:
    mesh = mesh_of("Ann", "Bob")
    ann = replica_of(mesh, "Ann")

    def secrets() -> tuple[bytes, ...]:
        announced = contacts.announced(ann)
        assert announced is not None
        assert announced.expecting == bool(announced.card_secrets)
        return announced.card_secrets

    assert secrets() == ()
    code = show(mesh, "Ann")
    assert secrets() == (meeting_secret(code.number),)
    meet(mesh, "Bob", code, "Ann")
    assert secrets() == ()


# --- what the person is told ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("result", "line"),
    [
        (MeetingResult(None), "nobody nearby shows this code"),
        (MeetingResult(None, heard=(HERE,)), "a firewall may be in between"),
        (MeetingResult(None, heard=(HERE,), reached=(HERE,)), "does not show this code any longer"),
        (MeetingResult(MeetingEnd.WRONG), "not the words that the other computer shows"),
        (MeetingResult(MeetingEnd.OTHER_PURPOSE), "this code is for something else"),
        (MeetingResult(MeetingEnd.REFUSED), "did not connect with you"),
        (MeetingResult(MeetingEnd.LOST), "the connection ended"),
        (MeetingResult(MeetingEnd.EXPIRED), "does not show this code any longer"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_every_end_has_a_line_that_says_what_to_do(result: MeetingResult, line: str) -> None:
    with pytest.raises((Refused, Failed), match=line) as told:
        typed.check_met(result)
    assert told.value.hint


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "not a word code"),
        ("mesh1qqqq", "not a word code"),
        ("7-falcon", "not a word code"),
        ("100-falcon-teapot", "no code has this number or one of these words"),
        ("7-falcon-xqzzy", "no code has this number or one of these words"),
        ("7-Falcom-teapot", "word 1, 'falcom', is not in the list of words"),
        ("7-falcon-teapots", "word 2, 'teapots', is not in the list of words"),
    ],
)
def test_a_typo_is_found_before_anybody_is_called(text: str, line: str) -> None:
    with pytest.raises(Usage, match=line):
        typed.word_code(text)
