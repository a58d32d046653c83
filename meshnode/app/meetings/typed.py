"""Proves a word code that the owner has typed to the machine that shows it, and takes in what that machine then gives."""

from __future__ import annotations

from collections.abc import Callable, Collection
from enum import Enum

from msgspec import Struct

from meshnode.app.meetings.acquainting import Introduce, Trouble, acquaint, introducer, trouble_with
from meshnode.app.meetings.shown import open_code
from meshnode.app.naming import PersonRef, called
from meshnode.app.owner import policy
from meshnode.app.people.cards import AddedState, AddedView
from meshnode.app.people.people import no_room, per_mille, weight_for
from meshnode.errors import Failed, Field, Refused, Usage
from meshnode.quoting import named
from meshnode.recovery.typed import raise_if_near
from meshnode.replica.replica import Replica
from protocol import Code, PersonId, Record, RemoteError, limits, person_text
from protocol.tokens import CODE_WORDS, WordCode, parts_of_code
from protocol.wire import (
    PAKE_ENTROPY_BYTES,
    Bye,
    Frame,
    Initiator,
    MeetDevice,
    MeetPerson,
    MeetProof,
    MeetStart,
    Purpose,
    TypedCode,
    check_person,
    decode_known,
    encode_frame,
    meeting_psk,
    meeting_secret,
    meeting_static_public,
)


class TypedOrder(Struct, frozen=True):
    """The word code that somebody has said to you, and your trust in them, 0.8 if you do not say.

    `peer` is the address of their computer, HOST or HOST:PORT, where it cannot be found by itself. `wait` says for how
    many seconds to wait until the two are connected, 10 at most.
    """

    words: str
    trust: float | None = None
    peer: str | None = None
    wait: float = 3.0


class MeetingEnd(Enum):
    """How an attempt to meet has ended."""

    MET = "met"
    """The other end has given what the code is for."""
    WRONG = "wrong"
    """The other end does not know these words, or does not show that it does."""
    OTHER_PURPOSE = "other purpose"
    """The words are right, and are for another command."""
    REFUSED = "refused"
    """The words are right, and the other end does not connect with this person."""
    LOST = "lost"
    """The words are right, and the connection has ended before all was said."""
    EXPIRED = "expired"
    """The other end showed the code when it was called, and has ended it since, or shows a newer one."""


class TypedMeeting:
    """The end where a code was typed, on one connection; bytes in, bytes out.

    A driver writes `data_to_send`, hands in what arrives by `receive`, and calls `close` when the connection is over.
    `end` is set once nothing further is to be said: the words must not be tried again then. RemoteError from `receive`
    ends the connection. A machine that is to become a device has nobody to `introduce`.
    """

    def __init__(self, code: WordCode, entropy: Callable[[int], bytes], introduce: Introduce | None) -> None:
        self._introduce = introduce
        self._purpose = Purpose.DEVICE if introduce is None else Purpose.PERSON
        self._typed = TypedCode(code, entropy(PAKE_ENTROPY_BYTES))
        self._channel = Initiator(
            static_private=entropy(32),
            remote_static=meeting_static_public(code.number),
            psk=meeting_psk(meeting_secret(code.number)),
            ephemeral_private=entropy(32),
        )
        self._outbox = [self._channel.data_to_send()]
        self._started = False
        self.proof_sent = False
        """Whether the words were tried on this connection."""
        self._believed = False
        self.end: MeetingEnd | None = None
        self.person: tuple[Record, str] | None = None
        """The certificate and the name of the other person."""
        self.device_code = ""

    def data_to_send(self) -> bytes:
        """Return the bytes to write now, each once."""
        data = b"".join(self._outbox)
        self._outbox.clear()
        return data

    def receive(self, data: bytes) -> None:
        """Take in bytes as they arrive. Raises RemoteError if they are not what the other end would send."""
        frames = self._channel.receive(data)
        self._outbox.append(self._channel.data_to_send())
        if self._channel.established and not self._started:
            self._started = True
            self._say(MeetStart(self._typed.message))
        for frame in map(decode_known, frames):
            if frame is not None and self.end is None:  # None: from a newer version
                self._take(frame)

    def close(self) -> None:
        """Note that the connection is over."""
        if self.end is None and self.proof_sent:
            self.end = MeetingEnd.LOST if self._believed else MeetingEnd.WRONG

    def _take(self, frame: Frame) -> None:
        match frame:
            case Bye(code=code):
                self._turned_away(code)
            case MeetStart() if not self.proof_sent:
                self.proof_sent = True
                self._say(self._typed.prove(frame, self._channel.handshake_hash, self._purpose))
            case MeetProof() if self.proof_sent and not self._believed:
                self._believe(frame)
            case MeetPerson() if self._believed and self._introduce is not None:
                self.person = check_person(frame, self._channel.handshake_hash), frame.name
                self.end = MeetingEnd.MET
            case MeetDevice(code=text) if self._believed and self._introduce is None:
                self.device_code, self.end = text, MeetingEnd.MET
            case _:
                raise RemoteError(Code.OUT_OF_ORDER, f"{type(frame).__name__} in a meeting")

    def _turned_away(self, code: int) -> None:
        if self._believed:
            self.end = MeetingEnd.LOST if code == Code.EXPIRED else MeetingEnd.REFUSED
        elif self.proof_sent:
            self.end = MeetingEnd.EXPIRED if code == Code.EXPIRED else MeetingEnd.WRONG
        else:
            raise RemoteError(Code.EXPIRED, "the code has just ended there")

    def _believe(self, proof: MeetProof) -> None:
        self._typed.check(proof, self._channel.handshake_hash)
        self._believed = True
        if proof.purpose != self._purpose:
            self.end = MeetingEnd.OTHER_PURPOSE
        elif self._introduce is not None:
            self._say(self._introduce(self._channel.handshake_hash))

    def _say(self, frame: Frame) -> None:
        self._outbox.append(self._channel.send(encode_frame(frame)))


class MeetingResult(Struct, frozen=True):
    """The outcome of a search for the machine that shows a code: how the attempt ended, and with what.

    `heard` are the addresses at which it was announced, or the one given, and `reached` those of them where a computer
    answered the call. `at` is where the code was tried.
    """

    end: MeetingEnd | None
    heard: tuple[tuple[str, int], ...] = ()
    reached: tuple[tuple[str, int], ...] = ()
    at: tuple[str, int] | None = None
    person: tuple[Record, str] | None = None
    device_code: str = ""


def word_code(text: str) -> WordCode:
    """Return the code that somebody typed. Raises Usage, which says what is wrong with it."""
    try:
        return WordCode.parse(text)
    except RemoteError as error:
        if error.code is Code.CARD_CHECKSUM:
            for place, word in enumerate(parts_of_code(text)[1:], 1):
                if word not in CODE_WORDS:
                    raise_if_near(word, place, CODE_WORDS)
            raise Usage(
                "no code has this number or one of these words", "ask for the code again", field=Field.WORDS
            ) from error
        raise Usage(
            "this is not a word code", "it is a number and two words, such as 7-falcon-teapot", field=Field.WORDS
        ) from error


def prepare(replica: Replica, code: WordCode, trust: float | None) -> Introduce:
    """Return how to say who the owner is, after looking at all that can be wrong before anybody is called.

    Raises Usage for a trust out of range, Refused for the code that is shown here, or if the owner can trust nobody
    further, Failed before the node has a profile.
    """
    if trust is not None:
        per_mille(trust)
    ours = open_code(replica)
    if ours is not None and ours.text == code.to_text():
        raise Refused("this is the code that this computer shows", "type it on the other one")
    if not policy.has_room_to_vouch(replica):
        raise no_room()
    return introducer(replica)


def check_met(result: MeetingResult) -> None:
    """Raise the error that says why nothing has come of a code, unless the two have met."""
    match result.end:
        case MeetingEnd.MET:
            return
        case MeetingEnd.WRONG:
            raise Refused(
                "these are not the words that the other computer shows, or somebody is in between",
                "the code no longer works: ask for a new one",
            )
        case MeetingEnd.OTHER_PURPOSE:
            raise Refused(
                "this code is for something else: one connects two people, the other adds a computer of your own",
                "ask for the right one",
            )
        case MeetingEnd.REFUSED:
            raise Refused("the other computer did not connect with you", "talk to its owner")
        case MeetingEnd.LOST:
            raise Failed("the connection ended before all was said", "ask for a new code")
        case MeetingEnd.EXPIRED:
            raise _no_longer_shown()
    if result.reached:
        raise _no_longer_shown()
    if result.heard:
        raise Failed(
            "the other computer was found, but cannot be called: a firewall may be in between",
            "let its port through, or show the code on this computer instead",
        )
    raise Failed(
        "nobody nearby shows this code",
        "check that both computers are on one network and the code is not older than {minutes} minutes",
        minutes=limits.WORD_CODE_LIFE // limits.MINUTE,
    )


def _no_longer_shown() -> Refused:
    return Refused(
        "the computer that was found does not show this code any longer", "ask for a new code and type it soon"
    )


def connect(replica: Replica, result: MeetingResult, trust: float | None, connected: Collection[PersonId]) -> AddedView:
    """Vouch for the person who was met, and remember where. Raises as `check_met` does, and as a vouch does."""
    check_met(result)
    assert result.person is not None
    certificate, name = result.person
    person, device = certificate.header.author, certificate.header.device
    match trouble_with(replica, certificate):
        case Trouble.OWN:
            raise Refused("this code is shown by one of your own computers", "type it on somebody else's")
        case Trouble.BLOCKED:
            raise policy.blocked(name)
        case Trouble.FULL:
            raise no_room()
        case Trouble.REVOKED:
            raise Refused("{name} has removed this device of theirs", "they use another one", name=named(name))
    again = policy.weight(replica, person) > 0
    weight = weight_for(replica, person, trust)
    acquaint(replica, certificate, name, weight)
    if result.at is not None:
        host, port = result.at
        replica.store.people.remember(person, device, host.partition("%")[0], port, replica.clock.now())
    return AddedView(
        person=PersonRef(person_text(person), called(replica, person, name)),
        trust=weight / limits.WEIGHT_MAX,
        met=person in connected,
        pending=True,
        again=again,
        state=AddedState.ON_ITS_WAY.value,
    )
