"""Asks the owner whether the machine that has used a device code is theirs, before it is certified.

A code can be read by others: from a screen, or where it was typed. So both machines show three words that are made from
their handshake, and the owner says on the machine that shows the code whether they are the same. Two machines that use
one code have two handshakes, and so different words.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from msgspec import Struct

from meshnode.errors import NotFound, Refused
from meshnode.replica.changes import Change
from meshnode.replica.replica import Replica
from protocol import DeviceId, limits

WAIT_SECONDS_MAX = 45  # shorter than programs wait for an answer
_ASKED = "device to confirm"  # the name of the question, in the store's small values


class DeviceQuestion(NamedTuple):
    """The question whether a device that has used a code is the owner's; `until` is in monotonic seconds."""

    code: str
    device: str
    words: str
    until: float
    run: str
    answer: bool | None


class WaitingDeviceView(Struct, frozen=True):
    """The machine that waits to become a device of yours: its name, and the words that it shows; null if none waits."""

    name: str | None
    words: str | None


class ConfirmationQuery(Struct, frozen=True):
    """For how many seconds to wait for a machine, 45 at most, where none waits yet for the owner's word."""

    wait: int = 0

    @property
    def seconds(self) -> int:
        """The seconds to wait."""
        return max(0, min(self.wait, WAIT_SECONDS_MAX))


class ConfirmOrder(Struct, frozen=True):
    """The words that the other machine shows. With `refuse`, they are not those that this one shows."""

    words: str = ""
    refuse: bool = False


def question(replica: Replica) -> DeviceQuestion | None:
    """Return the question that waits for the owner, or was just answered; None if there is none, or its time is over."""
    kept = replica.store.meta.get(_ASKED)
    if kept is None:
        return None
    found = DeviceQuestion(*json.loads(kept))
    return found if found.run == replica.run.hex() and replica.clock.monotonic() < found.until else None


def ask(replica: Replica, code_id: bytes, device: DeviceId, words: str) -> None:
    """Begin to ask the owner about `device`, which shows these words and waits."""
    until = replica.clock.monotonic() + limits.CONFIRM_SECONDS
    _keep(replica, DeviceQuestion(code_id.hex(), device.hex(), words, until, replica.run.hex(), None))
    _tell(replica)


def end(replica: Replica) -> None:
    """Ask no longer: the machine has its answer, or the time is over."""
    replica.store.meta.delete(_ASKED)


def waiting(replica: Replica) -> WaitingDeviceView:
    """Return the machine that waits for the owner's word."""
    asked = question(replica)
    code = None if asked is None else replica.store.devices.code(bytes.fromhex(asked.code))
    if asked is None or asked.answer is not None or code is None:
        return WaitingDeviceView(None, None)
    return WaitingDeviceView(code.name, asked.words)


def answer(replica: Replica, order: ConfirmOrder) -> WaitingDeviceView:
    """Take the owner's word on the machine that waits, which has its answer at once.

    Raises NotFound if none waits. If the words are others, or the owner refuses, the machine is not certified and the code
    stops working, since somebody else has it; for other words Refused says so.
    """
    asked, view = question(replica), waiting(replica)
    if asked is None or view.words is None:
        raise NotFound("no computer waits to become one of your devices", "show a code: meshnode device add")
    same = order.words.casefold().replace("-", " ").split() == asked.words.split()
    if same and not order.refuse:
        _keep(replica, asked._replace(answer=True))
        _tell(replica)
        return view
    with replica.transaction():
        _keep(replica, asked._replace(answer=False))
        replica.store.devices.drop_unused_codes()
    _tell(replica)
    if order.refuse:
        return view
    raise Refused(
        "the computer that waits shows other words, so it was refused and the code no longer works",
        "make a new code: meshnode device add",
    )


def _keep(replica: Replica, asked: DeviceQuestion) -> None:
    replica.store.meta.set(_ASKED, json.dumps(asked))


def _tell(replica: Replica) -> None:
    """Tell the connection with the machine, and the programs that show the question, that there is news about it."""
    replica.changes.publish(Change(asked=True))
