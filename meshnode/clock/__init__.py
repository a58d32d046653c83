"""Tells the time that the node goes by, and whether it is in doubt.

A Raspberry Pi has no battery for its clock: it boots in 1970, or at the moment it was switched off, and may be set to any
date before it learns the right one. So the machine's clock is one witness among several: the owner's word, the kernel's
word that it is synchronized, what people say for whom the owner vouches, and the time that has run since the date was
last known. `belief` weighs the evidence and `Clock` gathers it.
"""

from __future__ import annotations

from meshnode.clock.belief import RELEASED, Basis, Belief, Evidence, Voice, decide
from meshnode.clock.clock import Clock, ClockReading, WrongDates
from meshnode.clock.machine import Machine
from meshnode.clock.memory import ClockMemory

__all__ = [
    "RELEASED",
    "Basis",
    "Belief",
    "Clock",
    "ClockMemory",
    "ClockReading",
    "Evidence",
    "Machine",
    "Voice",
    "WrongDates",
    "decide",
]
