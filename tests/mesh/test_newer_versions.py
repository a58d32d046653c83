"""A whole node meets one of a newer version, which it trusts: what it cannot read ends no session and costs little."""

from __future__ import annotations

import pytest

from meshnode.app.devices import confirmation, device_list
from meshnode.app.devices.joining import EnrolmentConversation
from meshnode.app.peers.conversation import Conversation
from protocol import Code, Join, Record, RemoteError, Step, limits
from protocol.tokens import DeviceCode
from protocol.trust import check_membership
from protocol.wire import (
    Bye,
    Enrol,
    Enrolled,
    Initiator,
    PskCandidate,
    Responder,
    SeenEphemerals,
    decode_known,
    device_psk,
    enrol,
    enrolment_words,
)
from protocol.wire.frames import Compare, Hello, Pull, Records, Roots, encode_frame
from tests.support import intruder
from tests.support.chains import chain, join_record
from tests.support.malformed_records import rewritten, with_further_fields
from tests.support.mesh import EPOCH, Mesh
from tests.support.mesh_people import sees
from tests.support.newer_versions import UNKNOWN_FRAME, NewerSession, with_more_fields
from tests.support.people import Person, grown
from tests.support.village import Village

MALLORY = Person("Mallory")  # trusted by the village; honest here, on a node of a newer version
LISTINGS = [MALLORY.listing(f"Good {number}", now=EPOCH, policy_version=0) for number in range(3)]
NEWER = [
    rewritten(MALLORY, LISTINGS[0], kind=9),
    rewritten(MALLORY, LISTINGS[0], kind=255, author=b"", device=b"", slot=b"", expires=0, latest_expiry=0),
    rewritten(MALLORY, LISTINGS[0], audience=7),
    with_further_fields(MALLORY, LISTINGS[0], "a 13th field"),
    with_further_fields(MALLORY, MALLORY.profile(EPOCH), 1, 2, (3,)),
]


@pytest.fixture(autouse=True)
def newer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intruder, "Session", NewerSession)


def visited(*records: Record) -> tuple[Village, Conversation]:
    """A village to which the newer node brings these, beside its policy and profile."""
    village = Village()
    own = [MALLORY.policy({village.alice.person: 900}, now=EPOCH), MALLORY.profile(EPOCH)]
    village.mallory.records = {record.id: record for record in [*own, *records]}
    return village, village.mallory.talk()


def frames_heard(village: Village, kind: type) -> int:
    """How many frames of a type the newer node has heard."""
    return sum(isinstance(frame, kind) for frame in village.mallory.heard)


def test_the_session_goes_live_and_all_that_is_understood_arrives() -> None:
    village, conversation = visited(*LISTINGS, *NEWER)
    assert (conversation.live, conversation.end) == (True, None)
    assert sees(village.mesh, "Alice") >= {"Good 0", "Good 1", "Good 2"}
    assert not village.contents().keys() & {record.id for record in NEWER}
    assert village.is_unharmed()
    assert conversation.end is None


def test_the_next_comparison_finds_equal_roots() -> None:
    village, conversation = visited(*LISTINGS, *NEWER)
    village.mallory.heard.clear()
    village.mesh.time += limits.RECHECK_SECONDS
    village.mallory.session.recheck(village.mesh.time)
    village.mallory.go_on()
    assert frames_heard(village, Roots) == 2
    assert frames_heard(village, Compare) == frames_heard(village, Records) == 0
    assert conversation.comparisons == 2
    assert conversation.end is None


def test_in_the_next_session_nothing_is_pulled_again_not_even_what_was_refused() -> None:
    village, first = visited(*LISTINGS, *NEWER)
    first.close()
    village.mallory.heard.clear()
    again = village.mallory.talk()
    assert (again.live, again.end, again.came) == (True, None, 0)
    assert sum(frame.count for frame in village.mallory.heard if isinstance(frame, Pull)) == 0
    assert village.is_unharmed()


def test_a_record_of_a_newer_version_that_is_announced_is_refused_and_nobody_blamed() -> None:
    village, conversation = visited()
    village.mallory.offer(*NEWER, LISTINGS[0])
    village.mallory.supersede(*NEWER)
    assert conversation.end is None
    assert "Good 0" in sees(village.mesh, "Alice")
    assert not village.contents().keys() & {record.id for record in NEWER}


def test_more_of_what_is_not_understood_than_a_session_may_show_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "REFUSED_A_SESSION_MAX", 50)
    flood = [rewritten(MALLORY, LISTINGS[0], kind=9, version=number) for number in range(60)]
    village, conversation = visited(*flood)
    assert conversation.end is not None
    assert (conversation.end.code, conversation.end.fault) == (Code.BUSY, False)
    assert village.is_unharmed()


def test_a_flood_of_unknown_frames_ends_the_session() -> None:
    village = Village()
    conversation = village.mallory.greet()
    for _ in range(limits.UNKNOWN_FRAMES_PER_MINUTE):
        village.mallory.shout(UNKNOWN_FRAME)
    assert conversation.end is None
    village.mallory.shout(UNKNOWN_FRAME)
    assert village.dropped(conversation, Code.UNSOLICITED)
    assert village.is_unharmed()


def test_a_node_that_shows_records_of_newer_versions_with_its_certificate_is_let_in() -> None:
    village = Village()
    village.mallory.call()
    shown = tuple(record.wire for record in (*NEWER, MALLORY.certificate(EPOCH)))
    village.mallory.shout(UNKNOWN_FRAME)
    village.mallory.shout(with_more_fields(encode_frame(Hello((7, 1), (2, 1), EPOCH, None, shown))))
    assert village.mallory.theirs.peer == MALLORY.id
    assert village.mallory.theirs.end is None


def test_a_join_whose_chain_needs_a_newer_version_is_refused_and_nobody_blamed() -> None:
    carol = Person("Carol")
    sound = chain(carol, MALLORY)
    for certificate in (
        with_further_fields(carol, carol.certificate(), 0).wire,
        rewritten(carol, carol.certificate(), kind=9).wire,
    ):
        first = Step(certificate, sound.steps[0].signature)
        join = Join(sound.salt, sound.group, (first, *sound.steps[1:]), sound.invitations)
        with pytest.raises(RemoteError) as caught:
            check_membership(MALLORY.id, join)
        assert caught.value.code is Code.UNKNOWN_KIND
        record = join_record(MALLORY, join, now=EPOCH)
        village, conversation = visited(record, *LISTINGS)
        assert (conversation.live, conversation.end) == (True, None)
        assert record.id not in village.contents()
        assert "Good 0" in sees(village.mesh, "Alice")


@pytest.mark.parametrize(("versions", "algorithms"), [((2,), (1,)), ((2, 3), (1,)), ((1,), (2,)), ((), (1,))])
def test_a_node_without_a_common_version_is_told_so_and_nobody_is_blamed(
    versions: tuple[int, ...], algorithms: tuple[int, ...]
) -> None:
    village = Village()
    conversation = village.mallory.call()
    village.mallory.say(Hello(versions, algorithms, EPOCH, None))
    assert conversation.end is not None
    assert (conversation.end.code, conversation.end.fault) == (Code.VERSION, False)
    assert village.mallory.heard[-1] == Bye(Code.VERSION)
    assert village.is_unharmed()


# --- enrolment -------------------------------------------------------------------------------------------------------


def test_a_new_device_of_a_newer_version_is_certified() -> None:
    mesh = Mesh(7)
    alice = mesh.add("Alice")
    code = DeviceCode.parse(device_list.add(alice.replica, device_list.DeviceOrder("Phone"), ()).text)
    channel = Initiator(
        static_private=MALLORY.keys.dh_private,
        remote_static=code.dh_public,
        psk=device_psk(code.secret),
        ephemeral_private=grown("ephemeral"),
    )
    answering = Conversation.answering(alice.replica, alice.seen, mesh.time)
    for _ in range(2):
        answering.receive(channel.data_to_send(), mesh.time)
        channel.receive(answering.data_to_send())
    answering.receive(channel.send(UNKNOWN_FRAME), mesh.time)
    assert answering.end is None
    asked = with_more_fields(encode_frame(enrol(MALLORY.keys, channel.handshake_hash)))
    answering.receive(channel.send(UNKNOWN_FRAME) + channel.send(asked), mesh.time)
    words = " ".join(enrolment_words(channel.handshake_hash))
    confirmation.answer(alice.replica, confirmation.ConfirmOrder(words))
    answering.tick(mesh.time)
    (answer,) = channel.receive(answering.data_to_send())
    assert isinstance(decode_known(answer), Enrolled)


def test_a_new_device_passes_over_what_a_newer_version_says_before_its_answer() -> None:
    giver = Person("Alice")
    code = DeviceCode(giver.id, giver.keys.dh_public, grown("secret"), EPOCH, ())
    channel: Responder[str] = Responder(
        static_private=giver.keys.dh_private,
        candidates=lambda: [PskCandidate("code", device_psk(code.secret))],
        seen=SeenEphemerals(),
        ephemeral_private=grown("ephemeral"),
    )
    asking = EnrolmentConversation(code, MALLORY.keys, lambda size: grown("entropy", size=size))
    frames: list[bytes] = []
    for _ in range(2):
        frames += channel.receive(asking.data_to_send())
        asking.receive(channel.data_to_send())
    assert isinstance(decode_known(frames[0]), Enrol)
    asking.receive(channel.send(UNKNOWN_FRAME))
    assert not asking.over
    asking.receive(channel.send(UNKNOWN_FRAME) + channel.send(with_more_fields(encode_frame(Bye(99)))))
    assert asking.refused is Code.REFUSED
