"""Keeps letters of exchanges and introductions with their keys, so that a device that is added later can be handed them.

The signature of its author is on each, so the other device need not take this one's word for what others have said.
"""

from __future__ import annotations

from meshnode.replica.replica import Replica
from protocol import Kind, PersonId, Record, device_slot, limits
from protocol.letters import Content, Introduction, Move


def keep(
    replica: Replica,
    record: Record,
    key: bytes,
    content: Content,
    *,
    addressee: PersonId,
    signer: Record | None = None,
    arrived: int | None = None,
) -> None:
    """Keep a letter that was written or opened, if it is part of an exchange or an introduction that is kept.

    `signer` is the certificate of the device that signed it, by default the one that is held; `arrived` is now by default. Of one side of an exchange
    KEPT_OF_EXCHANGE_BYTES are kept at most, and no letter of unusual size: what others send must not fill the disk.
    """
    author, store = record.header.author, replica.store
    exchange, introduced = None, None
    if isinstance(content, Move):
        known = store.exchanges.find(addressee if author == replica.me else author, content.exchange)
        if known is None:
            return
        exchange = known.no
        if store.handovers.bytes_of(exchange, author) + len(record.wire) > limits.KEPT_OF_EXCHANGE_BYTES:
            return
    elif isinstance(content, Introduction):
        introduced = content.person
    signer = signer or store.records.current((author, Kind.DEVICE, device_slot(record.header.device)))
    is_kept = (exchange, introduced) != (None, None) and len(record.wire) <= limits.KEPT_LETTER_BYTES
    if is_kept and signer is not None and signer.body:
        store.handovers.keep(
            record,
            key,
            signer,
            arrived=replica.clock.now() if arrived is None else arrived,
            exchange=exchange,
            introduced=introduced,
        )
