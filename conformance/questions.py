"""Turns the golden vectors into questions, each with the answer that every implementation must give."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import protocol
from conformance.parcel_cases import parcel_cases
from conformance.session_cases import session_cases

DIRECTORY = Path(protocol.__file__).parent / "vectors"

Case = dict[str, Any]

_RUN = re.compile(r"([0-9a-f]{2})\*([0-9]+)")
_WITH_RUNS = re.compile(r"[0-9a-f*]+( [0-9a-f*]+)*")


@dataclass(frozen=True, slots=True)
class Question:
    """A question, its right answer, and a name by which people find the case in its file."""

    name: str
    ask: Case
    expected: Case


def vectors(file: str) -> Any:
    """Return the contents of a file of protocol/vectors."""
    return json.loads((DIRECTORY / file).read_text(encoding="utf-8"))


def questions(*files: str) -> Iterator[Question]:
    """Yield the questions of these files, or of all, in the order in which an implementation should be built."""
    for file in files or FILES:
        for name, do, asked, expected in FILES[file](vectors(file)):
            yield Question(f"{file}: {do}: {name}", {"file": file, "do": do, **asked}, expected)


_Made = Iterator[tuple[str, str, Case, Case]]
"""The name of each case, the operation, the input, and the right answer."""


def _some(case: Case, *names: str) -> Case:
    return {name: case[name] for name in names}


def _without(case: Case, *names: str) -> Case:
    return {name: value for name, value in case.items() if name not in names}


def _name(case: Case) -> str:
    found: str = case.get("why") or case["case"]
    return found


def _refused(do: str, cases: list[Case]) -> _Made:
    """Yield a question for each refused case: all of it is given, but for what is said about it."""
    for case in cases:
        given = {name: written_out(value) for name, value in _without(case, "why", "case", "code", "do").items()}
        yield _name(case), case.get("do", do), given, {"refused": case["code"]}


def written_out(value: Any) -> Any:
    """Return a value of a refused case with its runs written out: `00*3` is 000000."""
    if not isinstance(value, str) or not _WITH_RUNS.fullmatch(value):
        return value
    return _RUN.sub(lambda run: run[1] * int(run[2]), value).replace(" ", "")


# --- bytes, text, keys, records ----------------------------------------------------------------------------------------


def _codec(held: Any) -> _Made:
    for case in held["accepted"]:
        yield case["case"], "encode", _some(case, "value"), {"ok": _some(case, "bytes")}
        yield case["case"], "decode", _some(case, "bytes"), {"ok": _some(case, "value")}
    yield from _refused("decode", held["refused"])


def _text(held: Any) -> _Made:
    for case in held["accepted"]:
        yield case["why"], "judge", _without(case, "why"), {"ok": {}}
    yield from _refused("judge", held["refused"])
    yield "every code point", "code points", {}, {"ok": held["code_points"]}
    written = held["bech32m"]
    yield "written", "write bech32m", _some(written, "prefix", "bytes"), {"ok": _some(written, "text")}
    for case in written["read"]:
        given = {"prefix": written["prefix"], "utf8": case["utf8"]}
        yield case["why"], "read bech32m", given, {"ok": _some(written, "bytes")}
    for case in written["refused"]:
        given = {"prefix": written["prefix"], "utf8": case["utf8"]}
        yield case["why"], "read bech32m", given, {"refused": case["code"]}


def _keys(held: Any) -> _Made:
    for number, person in enumerate(held["people"]):
        name = f"person {number}"
        seeds = _some(person, "identity_seed", "sign_seed", "dh_private", "letter_private")
        public = _some(person, "person", "device", "device_slot", "dh_public", "letter_public")
        yield name, "keys", seeds, {"ok": public}
    for person in {person["person"]: person for person in held["people"]}.values():
        shown = _some(person, "person_text", "short", "fingerprint_words")
        yield person["short"], "person", _some(person, "person"), {"ok": shown}
        yield person["short"], "read person", {"text": person["person_text"]}, {"ok": _some(person, "person")}
    yield from _refused("read person", held["refused"])


def _signatures(held: Any) -> _Made:
    for case in held["vectors"]:
        given = _some(case, "public_key", "message", "signature")
        yield case["case"], "verify", given, {"ok": _some(case, "valid")}


def _records(held: Any) -> _Made:
    for case in held["records"]:
        parts = _some(case, "header", "signature", "body")
        yield case["case"], "write", parts, {"ok": {"id": case["id"], "record": case["wire"]}}
        judged = _some(case, "id", "header", "signature_key", "signature_message")
        yield case["case"], "judge", {"record": case["wire"]}, {"ok": judged}
    yield from _refused("judge", held["refused"])


def _bodies(held: Any) -> _Made:
    for case in held["bodies"]:
        yield case["case"], "read", _some(case, "kind", "body"), {"ok": _some(case, "body")}
    for case in held["photos"]:
        yield case["case"], "photo", _some(case, "author", "photo"), {"ok": _some(case, "hash")}
    yield from _refused("read", held["refused"])


# --- groups, letters, exchanges ----------------------------------------------------------------------------------------


def _groups(held: Any) -> _Made:
    for case in held["groups"]:
        yield case["name"], "group", _some(case, "kind", "name", "nonce", "founder"), {"ok": _some(case, "id", "text")}
    for case in held["tags"]:
        yield "tag", "tag", _some(case, "group", "invited"), {"ok": _some(case, "tag")}
    for case in held["hold"]:
        yield case["case"], "join", _some(case, "author", "body"), {"ok": {}}
    for case in held["revoked"]:
        yield case["case"], "void", _some(case, "author", "body", "revoked"), {"ok": _some(case, "void")}
    yield from _refused("join", held["refused"])


def _letters(held: Any) -> _Made:
    for case in held["tags"]:
        yield "tag", "tag", _some(case, "author", "addressee", "slot"), {"ok": _some(case, "tag")}
    for case in held["receipt_slots"]:
        yield "receipt slot", "receipt_slot", _some(case, "author", "addressee"), {"ok": _some(case, "slot")}
    for case in held["sealed"]:
        for key in case["private_keys"]:
            opened = {"opened": True, **_some(case, "addressee", "number", "fields")}
            given = {**_some(case, "author", "slot", "body"), "private_key": key}
            yield case["case"], "open", given, {"ok": opened}
    for case in held["unopened"]:
        yield _name(case), "open", _without(case, "case", "opened"), {"ok": case["opened"]}
    yield from _refused("open", held["refused"])


def _exchanges(held: Any) -> _Made:
    for case in held["moves"]:
        yield case["case"], "move", _some(case, "fields"), {"ok": _some(case, "fields")}
        if case["asks"]:
            yield case["case"], "ask", {**_some(held, "asker", "owner"), **_some(case, "fields")}, {"ok": {}}
    for case in held["communities"]:
        yield "communities", "communities", _some(case, "exchange", "groups"), {"ok": _some(case, "tags")}
    for case in held["states"]:
        given = _some(case, "type", "lend", "moves")
        yield f"{case['type']}: {case['moves']}", "state", given, {"ok": _some(case, "state", "held")}
    yield from _refused("move", held["refused"])


# --- decisions ---------------------------------------------------------------------------------------------------------


def _trust(held: Any) -> _Made:
    (costs,) = held["cost"].values()
    yield "every weight", "costs", {"weights": list(range(1, len(costs) + 1))}, {"ok": {"costs": costs}}
    for threshold, found in held["limit"].items():
        yield threshold, "limit", {"threshold": int(threshold)}, {"ok": {"limit": found}}
    for case in held["webs"]:
        yield (
            case["case"],
            "web",
            _some(case, "people", "vouches", "blocks", "among"),
            {"ok": _some(case, "trust", "meshes")},
        )


def _policies(held: Any) -> _Made:
    for case in held["block_tags"]:
        yield "block tag", "block tag", _some(case, "author", "subject"), {"ok": _some(case, "tag")}
    for case in held["merges"]:
        told = _some(case, "vouches", "block_tags", "preference")
        yield case["case"], "merge", _some(case, "registers"), {"ok": told}
    for case in held["covers"]:
        yield case["case"], "covers", _some(case, "newer", "older"), {"ok": _some(case, "covers")}
    for case in held["branches"]:
        told = _some(case, "vouches", "block_tags", "preference")
        yield case["case"], "branches", _some(case, "branches", "outdated"), {"ok": told}
    for case in held["devices"]:
        yield case["case"], "counting devices", _some(case, "certified", "past"), {"ok": _some(case, "counting")}
    for case in held["many_vouches"]:
        yield case["case"], "counting vouches", _some(case, "registers"), {"ok": _some(case, "counting")}
    for case in held["narrows"]:
        yield case["case"], "narrows", _some(case, "old", "new", "others"), {"ok": _some(case, "narrows")}


def _visibility(held: Any) -> _Made:
    for case in held["cells"]:
        yield case["cell"], "cell", _some(case, "lat", "lon", "precision"), {"ok": _some(case, "cell")}
        yield case["cell"], "is cell", {"text": case["cell"]}, {"ok": {"is_cell": True}}
    for name, text in held["no_cells"].items():
        yield name, "is cell", {"text": text}, {"ok": {"is_cell": False}}
    for case in held["distances"]:
        yield (
            f"{case['a']} {case['b']}",
            "distance",
            _some(case, "a", "b"),
            {"ok": _some(case, "km", "words", "across")},
        )
    for listing, by_standing in held["verdicts"].items():
        for standing, by_wish in by_standing.items():
            for wish, verdict in by_wish.items():
                given = {
                    "listing": held["listings"][listing],
                    "standing": held["standings"][standing],
                    "wish": held["wishes"][wish],
                }
                yield f"{listing}, {standing}, {wish}", "visible", given, {"ok": {"verdict": verdict}}
    for case in held["other_kinds"]:
        given = {
            **_some(case, "same_mesh", "vouched", "author_blocks", "viewer_blocks"),
            "standing": held["standings"][case["standing"]],
        }
        yield (
            case["standing"],
            "other kinds",
            given,
            {"ok": _without(case, "standing", "same_mesh", "vouched", "author_blocks", "viewer_blocks")},
        )
    for case in held["relations"]:
        given = {**_some(case, "own_vouch", "hops"), "standing": held["standings"][case["standing"]]}
        yield case["standing"], "relation", given, {"ok": _some(case, "relation")}


def _table(held: Any) -> _Made:
    shared = _some(held, "people", "now", "radius_km", "expiry")
    places = [_without(place, "case") for place in held["places"]]
    for connection, by_block in held["outcomes"].items():
        for block, by_audience in by_block.items():
            for audience, outcomes in by_audience.items():
                given = {
                    **shared,
                    **held["connections"][connection],
                    "places": places,
                    "blocks": held["blocks"][block],
                    "audience": audience,
                }
                yield f"{connection}, {block}, {audience}", "outcomes", given, {"ok": outcomes}


# --- meetings ----------------------------------------------------------------------------------------------------------


def _cards(held: Any) -> _Made:
    for case in held["cards"]:
        yield case["case"], "card", _some(case, "text"), {"ok": _without(case, "case", "text")}
    yield from _refused("card", held["refused"])


def _devices(held: Any) -> _Made:
    for case in held["codes"]:
        yield case["case"], "code", _some(case, "text"), {"ok": _without(case, "case", "text")}
    keys = ("sign_seed", "dh_private", "letter_private")
    for case in held["enrolments"]:
        yield "enrol", "enrol", _some(case, "handshake_hash", *keys), {"ok": _some(case, "enrol", "words")}
        checked = _some(case, "enrol", "handshake_hash", "remote_static")
        yield "check enrol", "check enrol", checked, {"ok": {}}
        given = _some(case, "enrolled", "person", *keys)
        yield "check enrolled", "check enrolled", given, {"ok": _some(case, "certificate")}
    yield from _refused("code", held["refused"])


def _words(held: Any) -> _Made:
    for do, given in (("code", ("text",)), ("number", ("number",)), ("person", ("handshake_hash", "person"))):
        for case in held[f"{do}s"]:
            yield str(case[given[0]]), do, _some(case, *given), {"ok": _without(case, *given)}
    for case in held["meetings"]:
        for do, ours, theirs in (("type", "typed", "shown"), ("show", "shown", "typed")):
            asked = _without(case, f"{theirs}_entropy", f"{theirs}_purpose", f"{ours}_start", f"{ours}_proof")
            expected = {"ok": _some(case, f"{ours}_start", f"{ours}_proof")}
            yield f"{case['typed_purpose']} and {case['shown_purpose']}", do, asked, expected
    yield from _refused("code", held["refused"])


def _noise(held: Any) -> _Made:
    for case in held["vectors"]:
        given = _without(case, "messages", "handshake_hash")
        given["payloads"] = [message["payload"] for message in case["messages"]]
        told = {"ciphertexts": [message["ciphertext"] for message in case["messages"]]}
        given["with_hash"] = "handshake_hash" in case
        if given["with_hash"]:
            told["handshake_hash"] = case["handshake_hash"]
        yield case["protocol_name"], "play", given, {"ok": told}


def _channel(held: Any) -> _Made:
    keys = held["keys"]
    for case in held["conversations"]:
        psk = _some(case, "kind", "from")
        given = {**psk, "ephemeral_private": keys["initiator_ephemeral_private"]}
        yield case["kind"], "psk", given, {"ok": _some(case, "psk", "hint_key", "hint")}
        ours, theirs = case["initiator_frames"], case["responder_frames"]
        dialed = {
            "static_private": keys["initiator_static_private"],
            "ephemeral_private": keys["initiator_ephemeral_private"],
            "remote_static": keys["responder_static_public"],
            "psk": psk,
            "received": [case["responder_second"]],
            "say": [frame["plaintext"] for frame in ours],
            "later": _some(case["initiator_after_rekey"], "earlier_frames", "plaintext"),
        }
        wires = [frame["wire"] for frame in ours]
        sent = [case["initiator_first"], case["initiator_third"], *wires, case["initiator_after_rekey"]["wire"]]
        told = {"sent": sent, "plaintexts": [], "handshake_hash": case["handshake_hash"]}
        yield case["kind"], "dial", dialed, {"ok": told}
        answered = {
            "static_private": keys["responder_static_private"],
            "ephemeral_private": keys["responder_ephemeral_private"],
            "psks": [psk],
            "received": [case["initiator_first"], case["initiator_third"], *wires],
            "say": [frame["plaintext"] for frame in theirs],
        }
        sent = [case["responder_second"], *(frame["wire"] for frame in theirs)]
        told = {"sent": sent, "plaintexts": [frame["plaintext"] for frame in ours]}
        yield case["kind"], "answer", answered, {"ok": told}
    yield from _refused("answer", held["refused"])


def _presence(held: Any) -> _Made:
    names = held["names"]
    yield "names", "names", _some(names, "random"), {"ok": _some(names, "instance", "host")}
    for case in held["announcements"]:
        yield case["case"], "read", _some(case, "txt"), {"ok": _some(case, "nonce") | case["read"]}
        for key in (case["presence_key"], *case["card_secrets"]):
            given = {**_some(case, "txt", "addresses", "port"), "key": key}
            yield case["case"], "recognize", given, {"ok": _some(case, "to_dial")}
    for case in held["unrecognized"]:
        yield _name(case), "recognize", _without(case, "why"), {"ok": {"to_dial": []}}
    yield from _refused("read", held["refused"])


# --- talks -------------------------------------------------------------------------------------------------------------


def _frames(held: Any) -> _Made:
    for case in held["frames"]:
        yield case["case"], "read", _some(case, "bytes"), {"ok": _some(case, "bytes")}
    for case in held["with_further_fields"]:
        yield f"{case['case']}, and more", "read", _some(case, "bytes"), {"ok": {"bytes": case["read_as"]}}
    yield from _refused("read", held["refused"])


def _reconcile(held: Any) -> _Made:
    shared = _some(held, "handshake_hash", "phase")
    hashes = held["hashes"]
    told = _some(hashes, "root", "fingerprints_of_first_and_rest", "shorts")
    yield "hashes", "hashes", {**shared, **_some(hashes, "number", "items")}, {"ok": told}
    for case in held["comparisons"]:
        for opens, who in ((True, "opener"), (False, "other")):
            given = {
                **shared,
                "number": case["number"],
                "items": case[who],
                "opens": opens,
                "received": case["messages"][opens::2],
            }
            sent = case["messages"][not opens :: 2]
            yield case["case"], "compare", given, {"ok": {"sent": sent, "offers": case[f"{who}_offers"], "done": True}}
    for case in held["refused"]:
        given = {**shared, **_without(case, "why", "code")}
        given["received"] = [written_out(message) for message in case["received"]]
        yield case["why"], "compare", given, {"refused": case["code"]}


FILES: dict[str, Callable[[Any], _Made]] = {
    "codec.json": _codec,
    "text.json": _text,
    "ed25519_edge_cases.json": _signatures,
    "keys.json": _keys,
    "record.json": _records,
    "bodies.json": _bodies,
    "groups.json": _groups,
    "letters.json": _letters,
    "exchanges.json": _exchanges,
    "card.json": _cards,
    "devices.json": _devices,
    "words.json": _words,
    "trust.json": _trust,
    "policies.json": _policies,
    "visibility.json": _visibility,
    "visibility_conformance.json": _table,
    "noise.json": _noise,
    "noise_published.json": _noise,
    "channel.json": _channel,
    "presence.json": _presence,
    "frames.json": _frames,
    "reconcile.json": _reconcile,
    "session.json": session_cases,
    "parcel.json": parcel_cases,
}
