"""The content of a letter that answers a letter: it has arrived and was opened, so nobody need carry it any longer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from protocol.errors import InvalidField
from protocol.fields import check_bytes
from protocol.limits import SLOT_BYTES

if TYPE_CHECKING:
    from protocol.codec import Value


@dataclass(frozen=True, slots=True)
class Receipt:
    """That one of the writer's devices has opened the letter of this slot, which the addressee of the receipt wrote."""

    NUMBER: ClassVar[int] = 1
    slot: bytes

    def __post_init__(self) -> None:
        check_bytes("slot", self.slot, SLOT_BYTES)

    def to_fields(self) -> tuple[Value, ...]:
        """What `from_fields` reads."""
        return (self.slot,)

    @classmethod
    def from_fields(cls, fields: tuple[Value, ...]) -> Self:
        """The receipt of these fields. InvalidField if they are none."""
        match fields:
            case (bytes() as slot,):
                return cls(slot)
        raise InvalidField("receipt", "must name one letter")
