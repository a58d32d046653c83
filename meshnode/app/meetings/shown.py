"""Shows a word code, and says whether the machine that calls knows it: there is one wrong answer a code.

One code is open at a time. It is kept among the small values of the store, and ends with the run of the node.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Collection
from enum import Enum
from typing import NamedTuple

from msgspec import Struct

from meshnode.app.meetings.acquainting import Trouble, acquaint, introducer, trouble_with
from meshnode.app.naming import PersonRef, called
from meshnode.app.owner import policy
from meshnode.app.people.people import no_room, per_mille, weight_for
from meshnode.replica.changes import Change
from meshnode.replica.replica import Replica
from protocol import Code, RemoteError, limits, parse_person, person_text
from protocol.tokens import WordCode
from protocol.wire import (
    PAKE_ENTROPY_BYTES,
    Bye,
    MeetDevice,
    MeetPerson,
    MeetProof,
    MeetStart,
    Purpose,
    ShownCode,
    check_person,
)

log = logging.getLogger(__name__)

WAIT_SECONDS_MAX = 45  # shorter than programs wait for an answer
_KEPT = "word code"  # the name of the open code, in the store's small values


class MeetingState(Enum):
    """How far the meeting has come that a shown code is for."""

    NONE = "none"
    WAITING = "waiting"
    MET = "met"
    WRONG = "wrong"
    REFUSED = "refused"
    EXPIRED = "expired"


class OpenCode(NamedTuple):
    """The code that was shown last; `until` is in monotonic seconds, `trust` what the owner asked to give those who come.

    `entropy` and `message` belong to SPAKE2. `device_code` is what a machine gets that is to become a device.
    """

    number: int
    text: str
    entropy: str
    message: str
    until: float
    run: str
    state: str
    trust: float | None
    device_code: str
    person: str
    name: str
    trouble: str

    @property
    def purpose(self) -> Purpose:
        """Whether it connects two people or adds a device."""
        return Purpose.DEVICE if self.device_code else Purpose.PERSON


class MeetingOrder(Struct, frozen=True):
    """A word code to show, for somebody on this network; `trust` is your trust in them, 0.8 if you do not say."""

    trust: float | None = None


class WordCodeView(Struct, frozen=True):
    """A word code to say aloud, and when it ends (UNIX seconds): the first person who types it is connected with you."""

    words: str
    expires: int


class MeetingQuery(Struct, frozen=True):
    """For how many seconds to wait, 45 at most, while nobody has typed the code that you show."""

    wait: int = 0

    @property
    def seconds(self) -> int:
        """The seconds to wait."""
        return max(0, min(self.wait, WAIT_SECONDS_MAX))


class MeetingView(Struct, frozen=True):
    """The outcome of the code that you showed last.

    `state` is `waiting`; `met`, by `person`, whom you trust now, or as null by a device of yours; `wrong` if somebody
    typed other words, which ends the code; `refused` if the person who came could not be connected; `expired`; or `none`.
    `trouble` is why: `blocked` (you block them), `full` (your list of people is), `revoked` (they have removed the device
    that they used) or `own` (it is one of your devices). `words` is the code, while it is open.
    """

    state: str
    person: PersonRef | None = None
    trouble: str | None = None
    words: str | None = None


def show(replica: Replica, order: MeetingOrder, heard: Collection[int]) -> WordCodeView:
    """Show a code with which somebody on this network connects with the owner; an earlier one stops working.

    `heard` are the numbers that others on the network use now. Raises Refused if the owner can trust nobody further,
    Usage for a trust out of range.
    """
    if order.trust is not None:
        per_mille(order.trust)
    if not policy.has_room_to_vouch(replica):
        raise no_room()
    return _open(replica, heard, limits.WORD_CODE_LIFE, order.trust, "")


def show_device_code(replica: Replica, text: str, expires: int, heard: Collection[int]) -> WordCodeView:
    """Show words that stand for a device code, while that is open; an earlier word code stops working."""
    return _open(replica, heard, min(limits.WORD_CODE_LIFE, expires - replica.clock.now()), None, text)


def shown(replica: Replica) -> MeetingView:
    """Return what has come of the code that was shown last."""
    code = _kept(replica)
    if code is None:
        return MeetingView(MeetingState.NONE.value)
    if code.state == MeetingState.WAITING.value and replica.clock.monotonic() >= code.until:
        return MeetingView(MeetingState.EXPIRED.value)
    who = PersonRef(code.person, called(replica, parse_person(code.person), code.name)) if code.person else None
    return MeetingView(code.state, who, code.trouble or None, code.text or None)


def open_code(replica: Replica) -> OpenCode | None:
    """Return the code that may be typed now; None if there is none."""
    code = _kept(replica)
    if code is None or code.state != MeetingState.WAITING.value or replica.clock.monotonic() >= code.until:
        return None
    return code


# --- what a caller is answered ---------------------------------------------------------------------------------------


def begin(replica: Replica) -> MeetStart | Bye:
    """Return the message that everybody gets who calls."""
    code = open_code(replica)
    return Bye(Code.EXPIRED) if code is None else MeetStart(bytes.fromhex(code.message))


def prove(
    replica: Replica, begun: MeetStart, start: MeetStart, proof: MeetProof, handshake_hash: bytes
) -> tuple[MeetProof | MeetDevice | Bye, ...]:
    """Return the answer to a caller who was sent `begun`. A proof that does not hold ends its code, and the owner is told."""
    code = _code_of(replica, begun)
    if code is None:
        return (Bye(Code.EXPIRED),)
    ours = ShownCode(WordCode.parse(code.text), bytes.fromhex(code.entropy))
    try:
        answer = ours.prove(start, proof, handshake_hash, code.purpose)
    except RemoteError:
        log.warning("somebody typed other words than those that are shown")
        _end(replica, code, MeetingState.WRONG)
        return (Bye(Code.REFUSED),)
    if proof.purpose != code.purpose:
        return (answer,)  # they typed the right words at another command, and may do it again
    if code.purpose is Purpose.DEVICE:
        _end(replica, code, MeetingState.MET)
        return answer, MeetDevice(code.device_code)
    return (answer,)


def meet(replica: Replica, begun: MeetStart, person: MeetPerson, handshake_hash: bytes) -> MeetPerson | Bye:
    """Vouch for a person who has proved the code of `begun`, and return who the owner is; all is on disk before.

    Raises RemoteError if they do not prove that they are who they say.
    """
    certificate = check_person(person, handshake_hash)
    code = _code_of(replica, begun)
    if code is None or code.purpose is not Purpose.PERSON:
        return Bye(Code.EXPIRED)
    who, trouble = person_text(certificate.header.author), trouble_with(replica, certificate)
    if trouble is not None:
        log.info("somebody with the right words was not connected", extra={"why": trouble.value})
        _end(replica, code, MeetingState.REFUSED, person=who, name=person.name, trouble=trouble.value)
        return introducer(replica)(handshake_hash) if trouble is Trouble.OWN else Bye(Code.CARD_USED)
    acquaint(replica, certificate, person.name, weight_for(replica, certificate.header.author, code.trust))
    _end(replica, code, MeetingState.MET, person=who, name=person.name)
    return introducer(replica)(handshake_hash)


# --- inside ----------------------------------------------------------------------------------------------------------


def _open(
    replica: Replica, heard: Collection[int], seconds: int, trust: float | None, device_code: str
) -> WordCodeView:
    free = [number for number in range(1, limits.WORD_CODE_NUMBER_MAX + 1) if number not in heard]
    drawn = int.from_bytes(replica.entropy(8), "big")
    number = (free or [1])[drawn % max(1, len(free))]
    code, entropy = WordCode.drawn(number, replica.entropy(2)), replica.entropy(PAKE_ENTROPY_BYTES)
    message = ShownCode(code, entropy).message
    opened = OpenCode(
        number=number,
        text=code.to_text(),
        entropy=entropy.hex(),
        message=message.hex(),
        until=replica.clock.monotonic() + seconds,
        run=replica.run.hex(),
        state=MeetingState.WAITING.value,
        trust=trust,
        device_code=device_code,
        person="",
        name="",
        trouble="",
    )
    replica.store.meta.set(_KEPT, json.dumps(opened))
    _tell(replica)
    return WordCodeView(opened.text, replica.clock.now() + seconds)


def _code_of(replica: Replica, begun: MeetStart) -> OpenCode | None:
    """Return the code whose message is `begun`, if it may still be typed: a newer one knows nothing of its callers."""
    code = open_code(replica)
    return code if code is not None and bytes.fromhex(code.message) == begun.message else None


def _kept(replica: Replica) -> OpenCode | None:
    kept = replica.store.meta.get(_KEPT)
    code = None if kept is None else OpenCode(*json.loads(kept))
    return code if code is not None and code.run == replica.run.hex() else None


def _end(
    replica: Replica, code: OpenCode, state: MeetingState, *, person: str = "", name: str = "", trouble: str = ""
) -> None:
    """End the code, whose words and numbers are forgotten."""
    over = code._replace(
        text="", entropy="", message="", device_code="", state=state.value, person=person, name=name, trouble=trouble
    )
    replica.store.meta.set(_KEPT, json.dumps(over))
    _tell(replica)


def _tell(replica: Replica) -> None:
    """Tell those who announce the code, and the programs that show it, that there is news about it."""
    replica.changes.publish(Change(asked=True, people=frozenset({replica.me})))
