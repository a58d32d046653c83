"""Turns the vectors of parcels into questions: most are changes of one parcel, which is written down once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Case = dict[str, Any]


def parcel_cases(held: Any) -> Iterator[tuple[str, str, Case, Case]]:
    """Yield for each case its name, the operation, the input, and the right answer."""
    for case in held["sizes"]:
        name = f"{case['chunks']} chunks, {case['boxes']} boxes"
        yield name, "size", _some(case, "chunks", "boxes"), {"ok": {"chunks": case["class"], "boxes": case["boxes_of"]}}
    for case in held["proofs"]:
        yield "of a card", "proof", _some(case, "secret", "claimant", "giver"), {"ok": _some(case, "proof")}
    for case in held["beginnings"]:
        yield case["case"], "begin", _some(case, "entropy", "chunks", "parts"), {"ok": _some(case, "bytes")}
    for case in held["parts"]:
        yield case["case"], "seal", _some(case, "key", "frames"), {"ok": _some(case, "chunks")}
        read = {**_some(case, "sender", "device", "frames"), "shown": []}
        yield case["case"], "read part", _some(case, "key", "addressee", "plain"), {"ok": read}
    sender = _some(held["parts"][0], "sender", "device")
    for case in held["newer"]:
        read = {**sender, **_some(case, "frames"), "shown": []}
        yield case["case"], "read part", _some(case, "key", "addressee", "plain"), {"ok": read}
    whole = held["whole"]
    given, read = _some(whole, "private_keys", "addressee", "bytes"), {**sender, **_some(whole, "frames"), "shown": []}
    yield whole["case"], "read parcel", given, {"ok": {"size": len(whole["bytes"]) // 2, **read}}
    for case in held["refused_parcels"]:
        changed = _changed(bytes.fromhex(whole["bytes"]), case)
        keys = case.get("private_keys", whole["private_keys"])
        yield (
            case["case"],
            "read parcel",
            {**given, "private_keys": keys, "bytes": changed.hex()},
            {"refused": case["code"]},
        )
    for case in held["refused_parts"]:
        asked = {**_some(held["parts"][0], "key", "addressee"), "plain": case["plain"]}
        yield case["case"], "read part", asked, {"refused": case["code"]}


def _changed(whole: bytes, case: Case) -> bytes:
    """Return a parcel with the change of a refused case: another beginning, other bytes at a place, or a length."""
    begun, other = bytes.fromhex(case.get("beginning", "")), bytes.fromhex(case.get("bytes", ""))
    at = case.get("at", 0)
    changed = begun + whole[len(begun) :]
    return (changed[:at] + other + changed[at + len(other) :])[: case.get("length")]


def _some(case: Case, *names: str) -> Case:
    return {name: case[name] for name in names}
