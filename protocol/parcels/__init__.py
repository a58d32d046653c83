"""Parcels: files that carry records from one person to others without a network (protocol/README.md, "Parcels")."""

from __future__ import annotations

from protocol.parcels.contents import (
    CardClaim,
    Opening,
    ParcelFrame,
    ParcelPhoto,
    ParcelReceipt,
    ParcelReceipts,
    ParcelRecords,
    SignedOpening,
    claim_proof,
    encode_parcel_frame,
    proves,
    sign_opening,
)
from protocol.parcels.reading import ParcelReader
from protocol.parcels.sealing import (
    PARCEL_CHUNK_PLAIN,
    PARCEL_ENTROPY_BYTES,
    PARCEL_HEAD_BYTES,
    PARCEL_MAGIC,
    Part,
    PartWriter,
    beginning,
    boxes_of,
    padding_chunk,
    parcel_size,
    part_key,
    size_class,
)

__all__ = [
    "PARCEL_CHUNK_PLAIN",
    "PARCEL_ENTROPY_BYTES",
    "PARCEL_HEAD_BYTES",
    "PARCEL_MAGIC",
    "CardClaim",
    "Opening",
    "ParcelFrame",
    "ParcelPhoto",
    "ParcelReader",
    "ParcelReceipt",
    "ParcelReceipts",
    "ParcelRecords",
    "Part",
    "PartWriter",
    "SignedOpening",
    "beginning",
    "boxes_of",
    "claim_proof",
    "encode_parcel_frame",
    "padding_chunk",
    "parcel_size",
    "part_key",
    "proves",
    "sign_opening",
    "size_class",
]
